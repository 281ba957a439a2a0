//! What can be asked for: the arguments, their help, and what is said of wrong ones.

use crate::commands::Command;
use crate::error::Failure;
use crate::exit;
use crate::io::{Io, Talk};
use clap::Parser;
use clap::error::{ContextKind, ErrorKind};
use std::ffi::OsString;

/// Use Google Cloud from AWS with no key: set up, configure, see and diagnose.
#[derive(Debug, Parser)]
#[command(
    name = "rolebridge",
    bin_name = "rolebridge",
    version,
    no_binary_name = true,
    term_width = 80,
    after_help = exit::HELP
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Tell every step on standard error.
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Tell nothing but errors.
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// The command that is asked for; none where help was, which has been given.
pub(crate) fn read<A>(arguments: impl IntoIterator<Item = A>, io: &mut Io<'_>) -> Result<Option<Command>, Failure>
where
    A: Into<OsString> + Clone,
{
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => {
            io.want(match (arguments.quiet, arguments.verbose) {
                (true, _) => Talk::Quiet,
                (false, true) => Talk::Verbose,
                (false, false) => Talk::Usual,
            });
            Ok(Some(arguments.command))
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            io.data(error.render().ansi())?;
            Ok(None)
        }
        Err(error) => Err(wrong(&error)),
    }
}

/// clap's own sentence, and as the hint its suggestion or where to look.
fn wrong(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no command is named").hinting("`rolebridge --help` lists the commands");
    }
    let text = error.render().to_string();
    let sentence = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let usage = error.get(ContextKind::Usage).map(ToString::to_string);
    let name = usage.as_deref().and_then(command_name).unwrap_or_else(|| "rolebridge".to_owned());
    Failure::usage(sentence).hinting(match tip {
        Some(tip) => tip.to_owned(),
        None => format!("`{name} --help` says what it takes"),
    })
}

/// `rolebridge config create` of `Usage: rolebridge config create [OPTIONS] …`.
fn command_name(usage: &str) -> Option<String> {
    let words = usage.split_whitespace().skip_while(|word| *word != "rolebridge");
    let is_name =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !word.starts_with('-');
    let name: Vec<_> = words.take_while(is_name).collect();
    (!name.is_empty()).then(|| name.join(" "))
}
