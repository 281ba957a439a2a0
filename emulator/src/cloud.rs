//! The handles that a program holds: a cloud and its worlds. They block, and so serve tests with any runtime or none.
#![expect(clippy::panic, reason = "a test that orders something wrong is to fail where it stands")]

use crate::control;
use crate::world::State;
use crate::world::log::RequestRecord;
use crate::worlds::Worlds;
use serde_json::Value;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Any number of worlds on one thread. Dropping it stops them all.
pub struct Cloud {
    worlds: Arc<Worlds>,
    runtime: Handle,
    control_port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One world, for as long as this handle is held.
pub struct World {
    /// As in the paths of the control API.
    pub id: String,
    /// Stands for `http://169.254.169.254`.
    pub metadata_url: String,
    /// All of Google's services, by path.
    pub google_url: String,
    /// For `HTTPS_PROXY` and `HTTP_PROXY`: the real host names lead into this world.
    pub proxy_url: String,
    /// The certificate authority that clients of the proxy must trust.
    pub ca_pem: String,
    state: Arc<State>,
    worlds: Arc<Worlds>,
    runtime: Handle,
}

impl Cloud {
    /// Starts a cloud whose control API listens on a free port.
    ///
    /// # Errors
    /// The system refuses a thread or a port.
    pub fn start() -> io::Result<Cloud> {
        Cloud::start_on(0)
    }

    /// Starts a cloud whose control API listens on this port.
    ///
    /// # Errors
    /// The system refuses a thread or the port.
    pub fn start_on(port: u16) -> io::Result<Cloud> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
        let control_port = listener.local_addr()?.port();
        let worlds = Arc::new(Worlds::new());
        runtime.spawn(control::listen(listener, worlds.clone()));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("emulator".into()).spawn(move || {
            // The sender is dropped when the cloud is: that too means stop.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Cloud { worlds, runtime: handle, control_port, stop: Some(stop), thread: Some(thread) })
    }

    /// Where the control API listens.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.control_port)
    }

    /// Makes a world; `spec` is the body of `POST /worlds`.
    ///
    /// # Panics
    /// If the specification is wrong or the system has no port left.
    #[must_use]
    pub fn world(&self, spec: Value) -> World {
        let worlds = self.worlds.clone();
        let made = wait(&self.runtime, async move { worlds.make(spec).await });
        let state = made.unwrap_or_else(|problem| panic!("no such world: {problem}"));
        World {
            id: state.id.clone(),
            metadata_url: state.metadata_url(),
            google_url: state.google_url(),
            proxy_url: state.proxy_url(),
            ca_pem: state.authority.pem(),
            state,
            worlds: self.worlds.clone(),
            runtime: self.runtime.clone(),
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends without a panic or with one that has been printed.
            let _ = thread.join();
        }
    }
}

impl World {
    /// Changes the world; `patch` is the body of `PATCH /worlds/{id}`.
    ///
    /// # Panics
    /// If the patch is wrong.
    pub fn patch(&self, patch: Value) {
        self.state.patch(patch).unwrap_or_else(|problem| panic!("no such patch: {problem}"));
    }

    /// Orders a fault; `fault` is the body of `POST /worlds/{id}/faults`.
    ///
    /// # Panics
    /// If the fault is wrong.
    pub fn fault(&self, fault: Value) {
        self.state.add_fault(fault).unwrap_or_else(|problem| panic!("no such fault: {problem}"));
    }

    /// Calls all faults off; a request that one has struck already still suffers it.
    pub fn clear_faults(&self) {
        self.state.clear_faults();
    }

    /// Lets pass whatever a `hold` of this name has stopped or will stop.
    pub fn open_gate(&self, name: &str) {
        self.state.open_gate(name);
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state.log.all()
    }

    /// Blocks until `count` requests of one operation have arrived, answered or not, and returns all of that operation.
    ///
    /// # Panics
    /// If they have not when the limit is over.
    pub fn wait_for_request(&self, operation: &str, count: usize, limit: Duration) -> Vec<RequestRecord> {
        let (state, name) = (self.state.clone(), operation.to_owned());
        let arrived = wait(&self.runtime, async move { state.log.wait(&name, count, limit).await });
        arrived.unwrap_or_else(|so_far| panic!("{so_far} of {count} requests {operation} arrived within {limit:?}"))
    }

    /// The world as the control API describes it.
    #[must_use]
    pub fn info(&self) -> Value {
        self.state.info()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.worlds.remove(&self.id);
    }
}

/// Runs a future on the cloud's thread and blocks for its result, inside another runtime or outside of any.
fn wait<T: Send + 'static>(runtime: &Handle, future: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move {
        // The receiver waits below.
        let _ = sender.send(future.await);
    });
    receiver.recv().expect("the cloud has not been dropped")
}
