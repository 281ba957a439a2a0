//! The commands, one file each.

mod completions;
mod config;
mod doctor;
mod token;

use crate::environment::Variables;
use crate::error::Failure;
use crate::io::Io;
use clap::Subcommand;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Config(config::Arguments),
    Token(token::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
}

pub(crate) fn run(command: Command, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    match command {
        Command::Config(arguments) => config::run(&arguments, environment, io),
        Command::Token(arguments) => token::run(&arguments, environment, io),
        Command::Doctor(arguments) => doctor::run(&arguments, environment, io),
        Command::Completions(arguments) => completions::run(&arguments, io),
    }
}
