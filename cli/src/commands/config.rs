//! `rolebridge config`: credential files, written and explained. Nothing is sent.

mod check;
pub(super) mod create;

use crate::environment::Variables;
use crate::error::Failure;
use crate::io::Io;

/// Write a credential file, or check one; nothing is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Create(create::Arguments),
    Check(check::Arguments),
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    match &arguments.command {
        Command::Create(arguments) => create::run(arguments, environment, io),
        Command::Check(arguments) => check::run(arguments, environment, io),
    }
}
