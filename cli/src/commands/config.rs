//! `rolebridge config`: credential files, written and explained. Nothing is sent.

use crate::environment::Variables;
use crate::error::Failure;
use crate::io::Io;

/// Write a credential file, or check one. Nothing is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_arguments: Arguments, _environment: &Variables, _io: &mut Io<'_>) -> Result<(), Failure> {
    Ok(())
}
