//! A token that is to come, for whoever waits: a future, a blocked thread, or a callback.

use super::refresh::{Given, Shared, internal};
use crate::cache::{Outcome, Wait};
use crate::environment::Environment;
use crate::error::Error;
use crate::host::Host;
use crate::token::Token;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Gives up after three abandoned flights. (A flight is abandoned when the thread that runs it panics.)
const MOST_LEADS: u8 = 3;

/// A token that is to come: a future for any executor, or something to block on.
///
/// Dropping it affects no other caller: the flight goes on, and the next caller finds its result in the cache.
pub struct Pending {
    shared: Arc<Shared>,
    environment: Environment,
    abandoned: u8,
    given: Given,
    /// The wait that ended with the answer, kept by a caller that wakes in a chain: its drop wakes the next blocked thread.
    ended: Option<Wait<Token>>,
    wakes_in_chain: bool,
}

impl Pending {
    pub(super) fn new(shared: Arc<Shared>, environment: &Environment) -> Pending {
        let given = shared.ask(environment);
        Pending { shared, environment: environment.clone(), abandoned: 0, given, ended: None, wakes_in_chain: false }
    }

    /// Threads that block on one flight wake one another in a chain, each the next as soon as it has the answer. One that
    /// wakes in a chain does so only when this is dropped: for a caller that has a lock to take first, such as a Python
    /// interpreter's, which a thousand threads woken at once would only fight over. It must be dropped soon.
    pub fn wake_in_chain(mut self) -> Pending {
        self.wakes_in_chain = true;
        self
    }

    /// Blocks this thread until the token is there.
    pub fn block(&mut self) -> Result<Token, Error> {
        loop {
            if let Some(result) = self.block_once(None) {
                return result;
            }
        }
    }

    /// Blocks this thread until the token is there, but not longer than `slice`; none if it is still to come.
    pub fn block_for(&mut self, slice: Duration) -> Option<Result<Token, Error>> {
        self.block_once(Some(slice))
    }

    /// Calls back once: at once on this thread if the token is there, else on the thread that mints it.
    ///
    /// The callback must not block, since every other token waits meanwhile.
    pub fn when_settled(self, callback: impl FnOnce(Result<Token, Error>) + Send + 'static) {
        match &self.given {
            Given::Answer(result) => callback(result.clone()),
            Given::Wait(..) => {
                let host = Arc::clone(&self.shared.setup.host);
                call_when_settled(host.as_ref(), self, callback);
            }
        }
    }

    fn block_once(&mut self, slice: Option<Duration>) -> Option<Result<Token, Error>> {
        match &mut self.given {
            Given::Answer(result) => Some(result.clone()),
            Given::Wait(wait, _) => {
                let outcome = wait.block(slice)?;
                self.take(outcome)
            }
        }
    }

    /// The result of a flight; none if it abandoned and another is waited for.
    fn take(&mut self, outcome: Outcome<Token>) -> Option<Result<Token, Error>> {
        let given = match (outcome, &self.given) {
            (Outcome::Settled(Ok(entry)), Given::Wait(_, registries)) if entry.is_usable(self.shared.now()) => {
                Given::Answer(Ok(self.shared.keep(entry, registries)))
            }
            (Outcome::Settled(Err(error)), _) => Given::Answer(Err(error)),
            // A result that ended before its waiter ran is none either.
            _ if self.abandoned + 1 < MOST_LEADS => {
                self.abandoned += 1;
                self.shared.ask(&self.environment)
            }
            _ => Given::Answer(Err(internal("every flight for the token ended without a result"))),
        };
        let before = std::mem::replace(&mut self.given, given);
        match (&self.given, before) {
            (Given::Answer(result), Given::Wait(ended, _)) => {
                self.ended = Some(ended).filter(|_| self.wakes_in_chain);
                Some(result.clone())
            }
            _ => None,
        }
    }
}

/// Calls back on the host's own thread with what comes of `pending`.
pub(super) fn call_when_settled<T: Send + 'static>(
    host: &dyn Host,
    pending: impl Future<Output = Result<T, Error>> + Send + 'static,
    callback: impl FnOnce(Result<T, Error>) + Send + 'static,
) {
    let callback = Callback { callback: Some(callback), result: PhantomData };
    // One that cannot be spawned is called as one whose flight is lost: when it is dropped.
    let _ = host.spawn(Box::pin(async move { callback.call(pending.await) }));
}

/// A callback that is called in any case: also where the engine that was to call it is lost.
struct Callback<T, F: FnOnce(Result<T, Error>)> {
    callback: Option<F>,
    result: PhantomData<fn(T)>,
}

impl<T, F: FnOnce(Result<T, Error>)> Callback<T, F> {
    fn call(mut self, result: Result<T, Error>) {
        if let Some(callback) = self.callback.take() {
            callback(result);
        }
    }
}

impl<T, F: FnOnce(Result<T, Error>)> Drop for Callback<T, F> {
    fn drop(&mut self) {
        if let Some(callback) = self.callback.take() {
            callback(Err(internal("the thread that mints tokens was lost")));
        }
    }
}

impl Future for Pending {
    type Output = Result<Token, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let outcome = match &mut self.given {
                Given::Answer(result) => return Poll::Ready(result.clone()),
                Given::Wait(wait, _) => ready!(Pin::new(wait).poll(context)),
            };
            self.take(outcome);
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").finish_non_exhaustive()
    }
}
