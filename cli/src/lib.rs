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
use std::io::{IsTerminal, stderr, stdin, stdout};

/// Runs the command with `arguments`, which do not begin with the program's own name.
pub fn run<A: Into<OsString>>(
    arguments: impl IntoIterator<Item = A>,
    environment: &Variables,
    io: &mut Io<'_>,
) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let ended = arguments::read(&arguments, io).and_then(|asked| match asked {
        Some(command) => commands::run(command, arguments::whole, environment, io),
        None => Ok(Exit::Done),
    });
    match ended {
        Ok(exit) => exit,
        Err(failure) => io.fail(&failure),
    }
}

/// [`run`] with the environment and the streams of this process: what the program is, and the commands of the Python and
/// the Node package.
pub fn main<A: Into<OsString>>(arguments: impl IntoIterator<Item = A>) -> Exit {
    let environment: Variables = std::env::vars_os().collect();
    let (mut input, mut output, mut talk) = (stdin(), stdout(), stderr());
    let (input_is_terminal, output_is_terminal) = (input.is_terminal(), output.is_terminal());
    let talk_is_terminal = talk.is_terminal();
    let output = Stream::new(&mut output, output_is_terminal, &environment);
    let talk = Stream::new(&mut talk, talk_is_terminal, &environment);
    let mut io = Io::new(&mut input, input_is_terminal, output, talk);
    run(arguments, &environment, &mut io)
}
