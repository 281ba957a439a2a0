//! The command `rolebridge`: set up, configure, see and diagnose Google Cloud access from AWS.
//!
//! [`run`] is the whole program: arguments, environment and streams are values, so that a test, a Python module or a
//! Node script runs it in its own process. `arguments` says what can be asked for, `commands` holds one file for each,
//! `io` keeps data and talk apart, `error` and `exit` say how a run ends. `metadata` is the server of `serve` and `exec`.

mod arguments;
mod commands;
mod environment;
mod error;
mod exit;
mod files;
mod ids;
mod io;
mod metadata;
mod signals;
mod source;
mod watch;

pub use environment::Variables;
pub use exit::Exit;
pub use io::{Io, Stream};

use std::ffi::OsString;

/// Runs the command with `arguments`, which do not begin with the program's own name.
pub fn run<A: Into<OsString>>(
    arguments: impl IntoIterator<Item = A>,
    environment: &Variables,
    io: &mut Io<'_>,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let ended = arguments::read(&arguments, io).and_then(|asked| match asked {
        Some(command) => commands::run(command, environment, io),
        None => Ok(Exit::Done),
    });
    match ended {
        Ok(exit) => exit,
        Err(failure) => failure.tell(io),
    }
}
