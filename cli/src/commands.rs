//! The commands, one file each.

mod completions;
mod config;
mod doctor;
mod exec;
mod serve;
mod setup;
mod token;

use crate::environment::Variables;
use crate::error::Failure;
use crate::exit::Exit;
use crate::io::Io;
use clap::Subcommand;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Setup(setup::Arguments),
    Config(config::Arguments),
    Token(token::Arguments),
    Doctor(doctor::Arguments),
    Serve(serve::Arguments),
    Exec(exec::Arguments),
    Completions(completions::Arguments),
}

/// `whole` gives this command with all of its arguments.
pub(crate) fn run(
    command: Command,
    whole: fn() -> clap::Command,
    environment: &Variables,
    io: &mut Io<'_>,
) -> Result<Exit, Failure> {
    match command {
        Command::Setup(arguments) => setup::run(&arguments, environment, io),
        Command::Config(arguments) => config::run(&arguments, environment, io),
        Command::Token(arguments) => token::run(&arguments, environment, io),
        Command::Doctor(arguments) => return doctor::run(&arguments, environment, io),
        Command::Serve(arguments) => serve::run(&arguments, environment, io),
        Command::Exec(arguments) => return exec::run(&arguments, environment, io),
        Command::Completions(arguments) => completions::run(&arguments, whole(), io),
    }?;
    Ok(Exit::Done)
}
