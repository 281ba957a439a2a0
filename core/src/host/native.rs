//! The real host: this process's clock, environment, files and network.
//!
//! One state for the whole process, keyed by its id: after a fork the child's first miss makes its own, and the parent's
//! is left alone, since its locks and its thread belong to another process. Nothing is made before the first miss.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use super::engine::Engine;
use super::{Host, Reason, Route, SendError};
use crate::cache::Registry;
use crate::environment::Environment;
use crate::error::Error;
use crate::moment::Moment;
use crate::reply::Reply;
use arc_swap::ArcSwapOption;
use futures_util::future::BoxFuture;
use once_cell::sync::OnceCell;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A credential file is a page of JSON.
const LONGEST_FILE: u64 = 1024 * 1024;

static PROCESS: ArcSwapOption<Process> = ArcSwapOption::const_empty();

/// What all token sources of one process share.
struct Process {
    id: u32,
    registry: Arc<Registry>,
    engine: OnceCell<Engine>,
}

impl Process {
    /// This process's state. It takes no lock: a fork may happen at any moment.
    fn current() -> Arc<Process> {
        let id = std::process::id();
        loop {
            let seen = PROCESS.load_full();
            if let Some(process) = seen.as_ref().filter(|process| process.id == id) {
                return Arc::clone(process);
            }
            let made = Arc::new(Process { id, registry: Arc::default(), engine: OnceCell::new() });
            let before = PROCESS.compare_and_swap(&seen, Some(made));
            // The parent's state must not be dropped here: its thread does not exist in this process.
            if let (Some(parent), true) = (seen, before.as_ref().is_some_and(|process| process.id != id)) {
                std::mem::forget(parent);
            }
        }
    }

    fn engine(&self) -> io::Result<&Engine> {
        self.engine.get_or_try_init(Engine::start)
    }
}

/// The process itself.
#[derive(Debug)]
pub(crate) struct Native;

impl Host for Native {
    fn now(&self) -> Moment {
        wall_clock()
    }

    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send + Sync> {
        let started = std::time::Instant::now();
        Box::new(move || started.elapsed())
    }

    fn random(&self) -> f64 {
        // Asked of the system each time: a restored snapshot must not repeat what the others draw.
        let bits = getrandom::u64().unwrap_or_default();
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }

    fn registry(&self) -> Arc<Registry> {
        Arc::clone(&Process::current().registry)
    }

    fn spawn(&self, flight: BoxFuture<'static, ()>) -> io::Result<()> {
        Process::current().engine()?.spawn(flight);
        Ok(())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn prepare(&self, environment: &Environment, url: url::Url) {
        let environment = environment.clone();
        let preparing = Box::pin(async move {
            if let Ok(engine) = Process::current().engine() {
                engine.prepare(&environment, url).await;
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
            let process = Process::current();
            let engine = process.engine().map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
            engine.send(&environment, route, request).await
        })
    }
}

/// To the nearest tick, some milliseconds: every rule here counts in seconds.
#[cfg(target_os = "linux")]
fn wall_clock() -> Moment {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    Moment::from_unix(now.tv_sec, now.tv_nsec)
}

#[cfg(not(target_os = "linux"))]
fn wall_clock() -> Moment {
    std::time::SystemTime::now().into()
}

/// The process environment, as it stands on this thread now.
pub(crate) fn environment() -> Environment {
    Environment::from_lookup(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// A credential file's text, read on the caller's thread when a source is built.
pub(crate) fn read_credential_file(path: &Path) -> Result<String, Error> {
    let shown = path.display();
    let unreadable =
        |cause: io::Error| Error::config("", format_args!("`{shown}` cannot be read: {cause}")).caused_by(cause);
    if path.is_dir() {
        return Err(Error::config("", format_args!("`{shown}` is a folder")).hinting("name the JSON file in it"));
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(Error::config("", format_args!("`{shown}` is longer than 1 MiB, so it is another file")));
    }
    String::from_utf8(bytes).map_err(|cause| {
        Error::config("", format_args!("`{shown}` is not UTF-8 text"))
            .hinting("save it as UTF-8")
            .caused_by(cause.utf8_error())
    })
}
