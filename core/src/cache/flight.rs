//! One minting under way, and everyone who waits for it: futures on any executor, and blocked threads.

use super::entry::CacheEntry;
use super::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use crate::error::Error;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How a flight ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome<T> {
    /// With a result, which all waiters share.
    Settled(Result<CacheEntry<T>, Error>),
    /// Its task ended without a result: a caller that still wants one runs a new flight.
    Abandoned,
}

/// A result that is to come. It is settled once; a waiter may come and go at any time.
pub(crate) struct Flight<T> {
    state: Mutex<State<T>>,
    settled: Condvar,
}

struct State<T> {
    outcome: Option<Outcome<T>>,
    /// One place for each waiting future; empty when it was dropped.
    wakers: Vec<Option<Waker>>,
}

impl<T: Clone> Flight<T> {
    pub(super) fn new() -> Flight<T> {
        Flight { state: Mutex::new(State { outcome: None, wakers: Vec::new() }), settled: Condvar::new() }
    }

    pub(super) fn settle(&self, outcome: Outcome<T>) {
        let wakers = {
            let mut state = self.lock();
            state.outcome = Some(outcome);
            std::mem::take(&mut state.wakers)
        };
        self.settled.notify_one();
        for waker in wakers.into_iter().flatten() {
            // It is of somebody else's executor. One that panics says so itself, and must not cost the others their turn.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// A future of the outcome, for any executor.
    pub(crate) fn wait(self: &Arc<Self>) -> Wait<T> {
        Wait { flight: Arc::clone(self), place: None, has_blocked: false }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who waits. See [`Flight::wait`].
pub(crate) struct Wait<T: Clone> {
    flight: Arc<Flight<T>>,
    place: Option<usize>,
    has_blocked: bool,
}

impl<T: Clone> Wait<T> {
    /// Blocks this thread until the outcome, or at most for `slice`.
    ///
    /// Blocked threads are woken in a chain: each wakes the next when its own wait is dropped. Woken all at once, a
    /// thousand threads of Python would only fight over the interpreter's lock, which each of them needs first.
    pub(crate) fn block(&mut self, slice: Option<Duration>) -> Option<Outcome<T>> {
        self.has_blocked = true;
        let flight = &self.flight;
        let mut state = flight.lock();
        match slice {
            None => {
                while state.outcome.is_none() {
                    state = flight.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
            // Woken for nothing, it ends early: whoever waits in slices comes back anyway.
            Some(slice) if state.outcome.is_none() => {
                state = flight.settled.wait_timeout(state, slice).unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(_) => {}
        }
        state.outcome.clone()
    }
}

impl<T: Clone> Future for Wait<T> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let this = &mut *self;
        let mut state = this.flight.lock();
        if let Some(outcome) = &state.outcome {
            return Poll::Ready(outcome.clone());
        }
        let waker = Some(context.waker().clone());
        let before = match this.place {
            Some(place) => std::mem::replace(&mut state.wakers[place], waker),
            None => {
                this.place = Some(state.wakers.len());
                state.wakers.push(waker);
                None
            }
        };
        // A waker may be the last to own another waiter of this flight, whose drop takes the lock.
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl<T: Clone> Drop for Wait<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // Gone once the flight is settled; dropped after the lock is released, as above.
            let waker = self.flight.lock().wakers.get_mut(place).and_then(Option::take);
            drop(waker);
        }
        if self.has_blocked {
            self.flight.settled.notify_one();
        }
    }
}
