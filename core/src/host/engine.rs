//! The one thread on which every flight of this process runs: a tokio runtime of its own, its HTTP clients inside it.
//!
//! Callers only wait, on whatever executor they have, so a flight outlives its caller, the caller's runtime and event
//! loop. Nothing here is process-wide: the engine belongs to one process's state, a fork's child makes its own, and the
//! parent's is forgotten there, never dropped.
//!
//! An engine can be lost: its thread panics, or the program closes descriptors that are not its own, as daemons do. Its
//! flights are then abandoned, and the next miss starts another engine. A lost engine touches no descriptor any more, since
//! those that were its own may be somebody else's by now: its thread rests, and nothing of it is dropped.

use super::network::Clients;
use super::sentinel::Sentinel;
use futures_util::future::BoxFuture;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::runtime;

thread_local! {
    /// The engine whose thread this is.
    static OWN: RefCell<Option<Arc<Engine>>> = const { RefCell::new(None) };
}

/// A running engine.
pub(super) struct Engine {
    runtime: runtime::Handle,
    clients: Clients,
    state: Arc<State>,
}

/// A flight that an engine did not take, since it is lost.
pub(super) struct NotTaken(pub(super) BoxFuture<'static, ()>);

impl Engine {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Arc<Engine>> {
        let state = Arc::new(State::new()?);
        let mut builder = runtime::Builder::new_current_thread();
        // Before it waits for its descriptors, and before it runs what waited for them.
        for looking in [runtime::Builder::on_thread_park, runtime::Builder::on_thread_unpark] {
            let state = Arc::clone(&state);
            looking(&mut builder, move || state.rest_if_lost());
        }
        let runtime = builder.enable_all().thread_name("rolebridge-io").build()?;
        let engine = Arc::new(Engine { runtime: runtime.handle().clone(), clients: Clients::default(), state });
        let runtime = Unstarted(Some(runtime));
        // A second thread looks up names and reads certificates. Tokio panics if it cannot spawn a blocking thread, so check
        // first that two can be created.
        let (engine_is_there, wait) = std::sync::mpsc::channel::<()>();
        std::thread::Builder::new().spawn(move || wait.recv())?;
        let own = Arc::clone(&engine);
        std::thread::Builder::new().name("rolebridge".to_owned()).spawn(move || own.run(runtime))?;
        drop(engine_is_there);
        Ok(engine)
    }

    /// The engine whose flight is running on this thread.
    pub(super) fn own() -> Option<Arc<Engine>> {
        OWN.try_with(|own| own.borrow().clone()).ok()?
    }

    pub(super) fn is_lost(&self) -> bool {
        self.state.is_lost()
    }

    pub(super) fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Runs a flight to its end, or gives it back.
    pub(super) fn spawn(&self, flight: BoxFuture<'static, ()>) -> Result<(), NotTaken> {
        if self.is_lost() {
            // To wake its thread would panic, or write to a descriptor that is somebody else's now.
            return Err(NotTaken(flight));
        }
        let under_way = UnderWay::new(&self.state, flight);
        let flight = Arc::clone(&under_way.flight);
        let task = poll_fn(move |context| under_way.poll(context));
        if catch_unwind(AssertUnwindSafe(|| drop(self.runtime.spawn(task)))).is_err() {
            self.state.lose();
        }
        match self.is_lost().then(|| locked(&flight).take_back()).flatten() {
            Some(flight) => Err(NotTaken(flight)),
            None => Ok(()),
        }
    }

    fn run(self: Arc<Self>, mut runtime: Unstarted) {
        OWN.set(Some(Arc::clone(&self)));
        let Some(runtime) = runtime.0.take() else { return };
        // It ends with a panic alone, of which the program's own panic hook has told.
        let _ = catch_unwind(AssertUnwindSafe(|| runtime.block_on(std::future::pending::<()>())));
        self.state.lose();
        self.state.abandon_all();
        std::mem::forget(runtime);
    }
}

/// What an engine's thread and its callers share.
struct State {
    is_lost: AtomicBool,
    sentinel: Sentinel,
    under_way: Mutex<Flights>,
}

#[derive(Default)]
struct Flights {
    last: u64,
    by_number: HashMap<u64, Arc<Mutex<Flight>>>,
}

impl State {
    fn new() -> io::Result<State> {
        let sentinel = Sentinel::new()?;
        Ok(State { is_lost: AtomicBool::new(false), sentinel, under_way: Mutex::default() })
    }

    fn is_lost(&self) -> bool {
        if !self.sentinel.is_there() {
            self.lose();
        }
        self.is_lost.load(Ordering::Acquire)
    }

    fn lose(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// Lets the engine's thread do nothing any more once it is lost, except that those who wait for its flights are told.
    fn rest_if_lost(&self) {
        if self.is_lost() {
            self.abandon_all();
            loop {
                std::thread::park();
            }
        }
    }

    /// Drops all flights, on the engine's thread. (From another one, what they wake would panic.)
    fn abandon_all(&self) {
        let flights = std::mem::take(&mut locked(&self.under_way).by_number);
        for flight in flights.into_values() {
            let flight = locked(&flight).future.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(flight)));
        }
    }
}

/// A flight in an engine's care.
struct Flight {
    future: Option<BoxFuture<'static, ()>>,
    has_begun: bool,
}

impl Flight {
    /// One that has begun belongs to its engine: its timers are of that runtime.
    fn take_back(&mut self) -> Option<BoxFuture<'static, ()>> {
        if self.has_begun { None } else { self.future.take() }
    }
}

/// A flight that an engine runs, from where it can be taken while it is not running.
struct UnderWay {
    state: Arc<State>,
    number: u64,
    flight: Arc<Mutex<Flight>>,
}

impl UnderWay {
    fn new(state: &Arc<State>, future: BoxFuture<'static, ()>) -> UnderWay {
        let flight = Arc::new(Mutex::new(Flight { future: Some(future), has_begun: false }));
        let mut flights = locked(&state.under_way);
        flights.last += 1;
        let number = flights.last;
        flights.by_number.insert(number, Arc::clone(&flight));
        UnderWay { state: Arc::clone(state), number, flight }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut flight = locked(&self.flight);
        flight.has_begun = true;
        match &mut flight.future {
            Some(future) => future.as_mut().poll(context),
            None => Poll::Ready(()),
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        locked(&self.state.under_way).by_number.remove(&self.number);
    }
}

/// A flight that panicked is dropped by the runtime, and nothing else is left half-changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A runtime on its way to a thread. If no thread can be created, it is dropped by its maker, which may be inside another
/// runtime, where a plain drop panics.
struct Unstarted(Option<runtime::Runtime>);

impl Drop for Unstarted {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
