//! `rolebridge doctor`: each leg from the environment to the token, and what to do about the first that fails.

mod legs;
mod shown;

use crate::environment::Variables;
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::io::Io;
use clap::builder::NonEmptyStringValueParser;
use std::path::PathBuf;

/// Try each leg of the way to a token, and tell what to do where one fails.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Examples:
  rolebridge doctor --credential-file credential.json
  rolebridge doctor --id-token https://my-service.run.app --sign
  rolebridge doctor --json > ticket.json

{}", exit::HELP))]
pub(crate) struct Arguments {
    /// The credential file, in place of the one that ROLEBRIDGE_CREDENTIALS
    /// or GOOGLE_APPLICATION_CREDENTIALS names.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// Ask for an ID token of the service account for this audience, too.
    #[arg(long, value_name = "AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    id_token: Option<String>,
    /// Have the service account sign a few bytes, too.
    #[arg(long)]
    sign: bool,
    /// Print the legs as JSON, for a support ticket; no secret is in it.
    #[arg(long)]
    json: bool,
}

/// What is found is the data of this command, errors included: none of it is told twice.
pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<Exit, Failure> {
    let legs = legs::examine(arguments, environment, io)?;
    io.data(if arguments.json { shown::as_json(&legs) } else { shown::as_text(&legs, environment) })?;
    Ok(legs.iter().find_map(legs::Leg::error).map_or(Exit::Done, Exit::of))
}
