//! The source of tokens that a command works with, and what its flights tell.

use crate::environment::Variables;
use crate::error::Failure;
use crate::ids::Provider;
use crate::io::{HINT, Io};
use rolebridge::binding::{self, FlightReport, Level};
use rolebridge::{Token, TokenSource};
use std::path::Path;

/// Of the credential file that is named, else of the one that the environment names.
pub(crate) fn open(file: Option<&Path>, scopes: &[String], environment: &Variables) -> Result<TokenSource, Failure> {
    let builder = TokenSource::builder().environment(environment.snapshot()).scopes(scopes);
    let builder = match file {
        Some(file) => builder.file(file),
        None => builder,
    };
    Ok(builder.build()?)
}

/// A token, for which this thread waits.
pub(crate) fn mint(source: &TokenSource, environment: &Variables, io: &mut Io<'_>) -> Result<Token, Failure> {
    let minted = binding::request(source, &environment.snapshot()).block();
    tell(&binding::flight_reports(source), io);
    Ok(minted?)
}

/// Warnings for everyone, steps and requests for whoever asked for them.
pub(crate) fn tell(reports: &[FlightReport], io: &mut Io<'_>) {
    for record in reports.iter().flat_map(FlightReport::records) {
        match record.level {
            Level::Warning => warn(&record.message, io),
            Level::Debug => io.detail(record.message),
        }
    }
}

pub(crate) fn warn(message: &str, io: &mut Io<'_>) {
    io.say(format_args!("{HINT}warning:{HINT:#} {message}"));
}

/// The provider in the audience of the credential file, which core has read.
pub(crate) fn provider(source: &TokenSource) -> Provider {
    let [project_number, pool, id] = binding::provider(source).map(str::to_owned);
    Provider { project_number, pool, id }
}
