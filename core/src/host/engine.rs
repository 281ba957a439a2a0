//! The one thread on which every flight of this process runs: a tokio runtime of its own, its HTTP clients inside it.
//!
//! Callers only wait, on whatever executor they have, so a flight outlives its caller, the caller's runtime and event
//! loop. Nothing here is process-wide: the engine belongs to one process's state, a fork's child makes its own, and the
//! parent's is forgotten there, never dropped.

use super::network::Clients;
use futures_util::future::BoxFuture;
use std::io;
use tokio::runtime;

/// A running engine.
pub(super) struct Engine {
    runtime: runtime::Handle,
    clients: Clients,
}

impl Engine {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Engine> {
        let runtime = runtime::Builder::new_current_thread().enable_all().thread_name("rolebridge-io").build()?;
        let handle = runtime.handle().clone();
        let runtime = Unstarted(Some(runtime));
        // A second thread looks up names and reads certificates. Tokio panics if it cannot spawn a blocking thread, so check
        // first that two can be created.
        let (engine_is_there, wait) = std::sync::mpsc::channel::<()>();
        std::thread::Builder::new().spawn(move || wait.recv())?;
        std::thread::Builder::new().name("rolebridge".to_owned()).spawn(move || runtime.run())?;
        drop(engine_is_there);
        Ok(Engine { runtime: handle, clients: Clients::default() })
    }

    pub(super) fn spawn(&self, flight: BoxFuture<'static, ()>) {
        self.runtime.spawn(flight);
    }

    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }
}

/// A runtime on its way to a thread. If no thread can be created, it is dropped by its maker, which may be inside another
/// runtime, where a plain drop panics.
struct Unstarted(Option<runtime::Runtime>);

impl Unstarted {
    fn run(mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.block_on(std::future::pending::<()>());
        }
    }
}

impl Drop for Unstarted {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
