//! `rolebridge token`: a token on standard output.

use crate::environment::Variables;
use crate::error::Failure;
use crate::io::Io;
use rolebridge::{TokenSource, binding};
use std::path::PathBuf;

/// Print an access token of Google Cloud.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The credential file, in place of the one that the environment names.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let snapshot = environment.snapshot();
    let mut builder = TokenSource::builder().environment(snapshot.clone());
    if let Some(file) = &arguments.credential_file {
        builder = builder.file(file);
    }
    let token = binding::request(&builder.build()?, &snapshot).block()?;
    io.data(format_args!("{}\n", token.value()))
}
