//! `rolebridge completions`: a script by which a shell completes the arguments.

use crate::arguments;
use crate::error::Failure;
use crate::io::Io;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print the script by which a shell completes this command's arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rolebridge completions bash > ~/.local/share/bash-completion/completions/rolebridge
  rolebridge completions fish > ~/.config/fish/completions/rolebridge.fish")]
pub(crate) struct Arguments {
    /// Which shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, io: &mut Io<'_>) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut arguments::Arguments::command(), "rolebridge", &mut script);
    io.data(String::from_utf8_lossy(&script))
}
