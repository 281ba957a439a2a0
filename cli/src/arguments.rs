//! What can be asked for: the arguments, their help, and what is said of wrong ones.

use crate::commands::Command;
use crate::error::Failure;
use crate::exit;
use crate::ids::Wrong;
use crate::io::{Io, Talk};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::error::Error;
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
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Tell every step on standard error.
    #[arg(long, short, global = true, display_order = 101, conflicts_with = "quiet")]
    verbose: bool,
    /// Tell nothing but errors.
    #[arg(long, short, global = true, display_order = 102)]
    quiet: bool,
}

/// This command, with all that can be asked for.
pub(crate) fn whole() -> clap::Command {
    Arguments::command()
}

/// The command that is asked for; none where help was, which has been given.
pub(crate) fn read(arguments: &[OsString], io: &mut Io<'_>) -> Result<Option<Command>, Failure> {
    match Arguments::try_parse_from(arguments) {
        Ok(read) => {
            io.want(match (read.quiet, read.verbose) {
                (true, _) => Talk::Quiet,
                (false, true) => Talk::Verbose,
                (false, false) => Talk::Usual,
            });
            Ok(Some(read.command))
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            io.data(error.render().ansi())?;
            Ok(None)
        }
        Err(error) => Err(wrong(&error, &command_name(arguments))),
    }
}

/// The sentence of whoever checked the value, or clap's own; as the hint its suggestion, or where to look.
fn wrong(error: &clap::Error, command: &str) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no command is named").hinting(format!("`{command} --help` lists the commands"));
    }
    if let Some(wrong) = error.source().and_then(|source| source.downcast_ref::<Wrong>()) {
        return wrong.into();
    }
    let text = error.render().to_string();
    let sentence = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let sentence = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut tips = text.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    // The other ones say how to pass an option as a value.
    let tip = tips.find(|tip| tip.contains("similar"));
    Failure::usage(sentence).hinting(match tip {
        Some(tip) => tip.to_owned(),
        None => format!("`{command} --help` says what it takes"),
    })
}

/// The command that the arguments name, as far as there is such a one.
fn command_name(arguments: &[OsString]) -> String {
    let mut command = whole();
    let mut name = "rolebridge".to_owned();
    for argument in arguments {
        if let Some(named) = command.find_subcommand(argument).cloned() {
            name = format!("{name} {}", named.get_name());
            command = named;
        }
    }
    name
}
