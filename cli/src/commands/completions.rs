//! `rolebridge completions`: a script by which a shell completes the arguments.

use crate::error::Failure;
use crate::io::Io;
use clap::Command;
use clap_complete::Shell;

/// Print the script by which a shell completes this command's arguments.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rolebridge completions bash \\
    > ~/.local/share/bash-completion/completions/rolebridge
  rolebridge completions fish > ~/.config/fish/completions/rolebridge.fish")]
pub(crate) struct Arguments {
    /// Which shell.
    shell: Shell,
}

/// `whole` is this command with all of its arguments.
pub(crate) fn run(arguments: &Arguments, mut whole: Command, io: &mut Io<'_>) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut whole, "rolebridge", &mut script);
    io.data(String::from_utf8_lossy(&script))
}
