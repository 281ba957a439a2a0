//! The seam to the outside world: clock, chance, network, and where a flight runs.
//!
//! Everything else in this crate is given a [`Host`] or is pure. [`native`] is the real one; tests have their own.

mod command;
mod connection;
mod engine;
mod failure;
#[cfg(test)]
pub(crate) mod fake;
mod files;
pub(crate) mod native;
mod network;
pub(crate) mod process;
mod proxy;
mod sentinel;
mod tls;
mod tunnel;

use crate::environment::Environment;
use crate::reply::Reply;
use crate::time::Timestamp;
use futures_util::future::BoxFuture;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How long a connection to a public host may take: three lost packets.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a token source needs of the world. Implementations log nothing of what passes through them.
pub(crate) trait Host: Clock + Chance + Surroundings + Files + Commands + Http + Flights + fmt::Debug {}

impl<T: Clock + Chance + Surroundings + Files + Commands + Http + Flights + fmt::Debug> Host for T {}

/// Time.
pub(crate) trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// The wall clock, read in a fraction of the time. What it shows may be past: by a tick or two, and on a busy machine by
    /// more.
    fn coarse_now(&self) -> Timestamp;

    /// Tells how long ago it was made, to the microsecond, whatever becomes of the wall clock.
    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send + Sync>;
}

/// Chance.
pub(crate) trait Chance: Send + Sync {
    /// A number in `0.0..1.0`, different on every machine and after every restore of a snapshot.
    fn random(&self) -> f64;
}

/// The process around us, as it stands on the calling thread.
pub(crate) trait Surroundings: Send + Sync {
    /// A snapshot of the environment.
    fn environment(&self) -> Environment;
}

/// Where a flight runs.
pub(crate) trait Flights: Send + Sync {
    /// Runs a flight to its end, whatever becomes of the caller.
    fn spawn(&self, flight: BoxFuture<'static, ()>) -> std::io::Result<()>;

    /// Only for futures that [`Flights::spawn`] runs.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The network. Only inside [`Flights::spawn`].
pub(crate) trait Http: Send + Sync {
    /// Makes ready what a request to this URL's host will need, while something else is waited for: roots, and a connection.
    /// It may fail without effect.
    fn prepare(&self, environment: &Environment, url: url::Url);

    /// One request and its whole reply, over a route that the environment configures.
    fn send(
        &self,
        environment: &Environment,
        route: Route,
        request: http::Request<Vec<u8>>,
    ) -> BoxFuture<'static, Result<Reply, SendError>>;
}

/// Files of this machine, of at most 1 MiB. Only inside [`Flights::spawn`].
pub(crate) trait Files: Send + Sync {
    /// The whole file.
    fn read(&self, path: PathBuf) -> BoxFuture<'static, Result<Vec<u8>, FileError>>;

    /// Replaces the file at once, readable by its owner alone.
    fn write_private(&self, path: PathBuf, bytes: Vec<u8>) -> BoxFuture<'static, std::io::Result<()>>;
}

/// Commands of the user's. Only inside [`Flights::spawn`].
pub(crate) trait Commands: Send + Sync {
    /// Runs a line in the system's shell, and ends it when `limit` is over.
    fn run(&self, line: String, limit: Duration) -> BoxFuture<'static, Result<CommandOutput, CommandError>>;
}

/// Why a file's content is not to be had.
#[derive(Debug)]
pub(crate) enum FileError {
    Missing,
    /// What it is instead.
    NotAFile(&'static str),
    TooLong,
    Unreadable(std::io::Error),
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Missing => formatter.write_str("does not exist"),
            FileError::NotAFile(kind) => write!(formatter, "is {kind}, not a file"),
            FileError::TooLong => formatter.write_str("is longer than 1 MiB"),
            FileError::Unreadable(cause) => write!(formatter, "cannot be read: {cause}"),
        }
    }
}

impl std::error::Error for FileError {}

/// What a command left behind.
pub(crate) struct CommandOutput {
    pub(crate) succeeded: bool,
    /// Its exit status; none if a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    /// The end of what it wrote to its standard error.
    pub(crate) stderr: Vec<u8>,
}

/// Why a command left nothing.
#[derive(Debug)]
pub(crate) enum CommandError {
    NotStarted(std::io::Error),
    TooSlow { stderr: Vec<u8> },
    TooLong,
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::NotStarted(cause) => write!(formatter, "could not be started: {cause}"),
            CommandError::TooSlow { .. } => formatter.write_str("did not end in time, and was ended"),
            CommandError::TooLong => formatter.write_str("printed more than 1 MiB, and was ended"),
        }
    }
}

impl std::error::Error for CommandError {}

/// How a request leaves this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// To Google: through the environment's proxy and trusting its root certificates.
    Public,
    /// To a metadata service: never through a proxy, and given up soon.
    LinkLocal,
}

/// Why no reply came.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) reason: Reason,
    /// What it was, where more is known than the reason.
    says: Option<String>,
    hint: Option<&'static str>,
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Nothing came in time.
    Timeout,
    /// No connection, or no TLS on it.
    Connect,
    /// The connection ended before the reply did.
    Interrupted,
    /// A connection that was kept from an earlier request ended before the reply began: it had ended already, or was about to.
    KeptConnection,
    /// The reply is longer than any honest one.
    TooLarge,
    /// It will be the same until somebody mends something: the proxy or the roots that the environment names, a proxy that
    /// refuses, a certificate that is not trusted.
    Setup,
    /// The request could not be built.
    Unsendable,
}

impl SendError {
    pub(crate) fn new(reason: Reason, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SendError {
        SendError { reason, says: None, hint: None, source: source.into() }
    }

    pub(crate) fn saying(self, sentence: String) -> SendError {
        SendError { says: Some(sentence), ..self }
    }

    pub(crate) fn hinting(self, hint: &'static str) -> SendError {
        SendError { hint: Some(hint), ..self }
    }

    /// What to do next, where that is known.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        self.hint
    }

    pub(crate) fn is_timeout(&self) -> bool {
        self.reason == Reason::Timeout
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sentence) = &self.says {
            return formatter.write_str(sentence);
        }
        formatter.write_str(match self.reason {
            Reason::Timeout => "nothing answered in time",
            Reason::Connect => "no connection could be made",
            Reason::Interrupted | Reason::KeptConnection => "the connection ended before the reply did",
            Reason::TooLarge => "the reply is longer than 1 MiB",
            Reason::Setup => return self.source.fmt(formatter),
            Reason::Unsendable => "the request could not be built",
        })
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}
