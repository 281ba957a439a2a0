//! The real host: this process's clock, environment, files and network.
//!
//! Nothing is made before the first miss of a process.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use super::engine::Engine;
use super::process::PerProcess;
use super::{Chance, Clock, Flights, Http, Reason, Route, SendError, Surroundings};
use crate::environment::Environment;
use crate::error::Error;
use crate::quote;
use crate::reply::Reply;
use crate::time::Timestamp;
use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A credential file is a page of JSON.
const LONGEST_FILE: u64 = 1024 * 1024;

/// The engine of this process, started by its first flight.
fn engine() -> Arc<OnceCell<Engine>> {
    static ENGINE: PerProcess<OnceCell<Engine>> = PerProcess::new();
    ENGINE.here()
}

/// The process itself.
#[derive(Debug)]
pub(crate) struct Native;

impl Clock for Native {
    fn now(&self) -> Timestamp {
        wall_clock()
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
    fn spawn(&self, flight: BoxFuture<'static, ()>) -> io::Result<()> {
        engine().get_or_try_init(Engine::start)?.spawn(flight);
        Ok(())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl Http for Native {
    fn prepare(&self, environment: &Environment, url: url::Url) {
        let environment = environment.clone();
        let preparing = Box::pin(async move {
            if let Ok(engine) = engine().get_or_try_init(Engine::start) {
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
            let engine = engine();
            let engine =
                engine.get_or_try_init(Engine::start).map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
            engine.clients().send(&environment, route, request).await
        })
    }
}

/// To the nearest tick, some milliseconds: every rule here counts in seconds.
#[cfg(target_os = "linux")]
fn wall_clock() -> Timestamp {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    Timestamp::from_unix(now.tv_sec, now.tv_nsec)
}

#[cfg(not(target_os = "linux"))]
fn wall_clock() -> Timestamp {
    std::time::SystemTime::now().into()
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
