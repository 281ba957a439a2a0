//! The real host: this process's clock, environment, files and network.
//!
//! Nothing is made before the first miss of a process.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use super::engine::{Engine, NotTaken};
use super::process::PerProcess;
use super::{
    Chance, Clock, CommandError, CommandOutput, Commands, FileError, Files, Flights, Http, Reason, Route, SendError,
    Surroundings, command, files,
};
use crate::environment::Environment;
use crate::error::Error;
use crate::quote;
use crate::reply::Reply;
use crate::time::Timestamp;
use futures_util::future::BoxFuture;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An engine that is lost is replaced; one that is lost at once, time and again, has a cause that lasts.
const MOST_ENGINES: u32 = 3;
/// A credential file is a page of JSON.
const LONGEST_FILE: u64 = 1024 * 1024;

/// The engine of this process, started by its first flight, or by the next one after an engine was lost.
fn engine() -> io::Result<Arc<Engine>> {
    static ENGINE: PerProcess<Mutex<Option<Arc<Engine>>>> = PerProcess::new();
    let engine = ENGINE.here();
    let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(running) = engine.as_ref().filter(|engine| !engine.is_lost()) {
        return Ok(Arc::clone(running));
    }
    let started = Engine::start()?;
    if let Some(lost) = engine.replace(Arc::clone(&started)) {
        std::mem::forget(lost);
    }
    Ok(started)
}

/// The process itself.
#[derive(Debug)]
pub(crate) struct Native;

impl Clock for Native {
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }

    #[cfg(target_os = "linux")]
    fn coarse_now(&self) -> Timestamp {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        Timestamp::from_unix(now.tv_sec, now.tv_nsec)
    }

    #[cfg(not(target_os = "linux"))]
    fn coarse_now(&self) -> Timestamp {
        self.now()
    }

    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send + Sync> {
        let started = std::time::Instant::now();
        Box::new(move || started.elapsed())
    }
}

impl Chance for Native {
    fn random(&self) -> f64 {
        // Asked of the system each time: a restored snapshot must not repeat what the others draw.
        let bits = getrandom::u64().unwrap_or_default();
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Surroundings for Native {
    fn environment(&self) -> Environment {
        Environment::from_lookup(std::env::var_os)
    }
}

impl Flights for Native {
    fn spawn(&self, mut flight: BoxFuture<'static, ()>) -> io::Result<()> {
        for _ in 0..MOST_ENGINES {
            match engine()?.spawn(flight) {
                Ok(()) => return Ok(()),
                Err(NotTaken(back)) => flight = back,
            }
        }
        Err(io::Error::other("each engine was lost as soon as it was started"))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Files for Native {
    fn read(&self, path: PathBuf) -> BoxFuture<'static, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || files::read(&path)).await;
            read.unwrap_or_else(|cause| Err(FileError::Unreadable(io::Error::other(cause))))
        })
    }

    fn write_private(&self, path: PathBuf, bytes: Vec<u8>) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async move {
            let write = tokio::task::spawn_blocking(move || files::write_private(&path, &bytes)).await;
            write.unwrap_or_else(|cause| Err(io::Error::other(cause)))
        })
    }
}

impl Commands for Native {
    fn run(&self, line: String, limit: Duration) -> BoxFuture<'static, Result<CommandOutput, CommandError>> {
        Box::pin(async move { command::run(&line, limit).await })
    }
}

impl Http for Native {
    fn prepare(&self, environment: &Environment, url: url::Url) {
        let environment = environment.clone();
        let preparing = Box::pin(async move {
            if let Some(engine) = Engine::own() {
                engine.clients().prepare(&environment, url).await;
            }
        });
        // What cannot be prepared is made when it is needed, and fails there.
        let _ = self.spawn(preparing);
    }

    fn send(
        &self,
        environment: &Environment,
        route: Route,
        request: http::Request<Vec<u8>>,
    ) -> BoxFuture<'static, Result<Reply, SendError>> {
        let environment = environment.clone();
        Box::pin(async move {
            match Engine::own() {
                Some(engine) => engine.clients().send(&environment, route, request).await,
                None => Err(SendError::new(Reason::Unsendable, "a request was sent by no flight")),
            }
        })
    }
}

/// A credential file's text, read on the caller's thread when a source is built.
pub(crate) fn read_credential_file(path: &Path) -> Result<String, Error> {
    let shown = quote::path(path);
    let unreadable =
        |cause: io::Error| Error::config("", format_args!("{shown} cannot be read: {cause}")).caused_by(cause);
    if path.is_dir() {
        return Err(Error::config("", format_args!("{shown} is a folder")).hinting("name the JSON file in it"));
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(Error::config("", format_args!("{shown} is longer than 1 MiB, so it is another file")));
    }
    String::from_utf8(bytes).map_err(|cause| {
        Error::config("", format_args!("{shown} is not UTF-8 text"))
            .hinting("save it as UTF-8")
            .caused_by(cause.utf8_error())
    })
}
