//! The state machine of one key: who uses its entry, who runs a flight, who waits for it, and who gets the last error.

use super::entry::CacheEntry;
use super::flight::{Flight, Outcome};
use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::error::Error;
use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;

/// The cooldown after the first failure; doubled for each one after it, up to the longest, and shortened by up to half
/// at random so that a fleet does not come back as one.
const FIRST_COOLDOWN: Duration = Duration::from_secs(1);
const LONGEST_COOLDOWN: Duration = Duration::from_secs(30);
/// The longest cooldown that a service can ask for (Retry-After). At random it lasts up to twice as long, so that all who
/// were asked do not come back together.
const LONGEST_ASKED_COOLDOWN: Duration = Duration::from_secs(300);
/// No flight takes longer. One that seems to was frozen with its process (a function's instance, a laptop, a snapshot) and
/// will fail by clocks that went on: nobody joins it.
pub(crate) const LONGEST_FLIGHT: Duration = Duration::from_secs(31);
/// How soon a caller that used a stale token looks for its successor while a flight is under way.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The state of one key of one layer.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    entry: Option<CacheEntry<T>>,
    flight: Option<Begun<T>>,
    failure: Option<Failure>,
}

/// A flight under way, and since when.
struct Begun<T> {
    flight: Arc<Flight<T>>,
    at: Timestamp,
}

/// The last failure. Returned to callers during the cooldown; counts toward backoff for 30 seconds after.
struct Failure {
    error: Error,
    in_a_row: u32,
    at: Timestamp,
    cooldown: Duration,
}

impl Failure {
    /// Over when its time has passed, and also when the clock was set back past its beginning.
    fn is_cooling_down(&self, now: Timestamp) -> bool {
        now >= self.at && now < self.until()
    }

    fn until(&self) -> Timestamp {
        self.at.plus(self.cooldown)
    }

    /// A service that fails again within 30 seconds after the cooldown has not recovered. Later it is a first failure.
    fn still_counts(&self, now: Timestamp) -> bool {
        now < self.until().plus(LONGEST_COOLDOWN)
    }
}

/// What a slot answers to one who asks.
pub(crate) enum Answer<T: Clone> {
    /// Use it: there is nothing to do before it is stale.
    Fresh(CacheEntry<T>),
    /// Use it, and if the renewal is yours to run, run it.
    Stale(CacheEntry<T>, Next<T>),
    /// There is nothing to use yet.
    Missing(Next<T>),
}

/// What is to be done so that there is something to use, or something better.
pub(crate) enum Next<T: Clone> {
    /// Run a flight and settle it: no other caller does.
    Lead(FlightGuard<T>),
    /// Wait for the flight that another caller started.
    Wait(Arc<Flight<T>>),
    /// Return this error: a flight failed, and no other starts before this time.
    Cooldown(Error, Timestamp),
}

impl<T: Clone> Next<T> {
    /// When it is worth asking again for one who has something usable.
    pub(crate) fn refresh_after(&self, now: Timestamp) -> Timestamp {
        match self {
            Next::Lead(_) | Next::Wait(_) => now.plus(LOOK_AGAIN),
            Next::Cooldown(_, until) => *until,
        }
    }
}

impl<T: Clone> Slot<T> {
    pub(crate) fn empty() -> Slot<T> {
        Slot { state: Mutex::new(State { entry: None, flight: None, failure: None }) }
    }

    pub(crate) fn ask(self: &Arc<Self>, now: Timestamp) -> Answer<T> {
        let mut state = self.lock();
        match state.entry.clone().filter(|entry| entry.is_usable(now)) {
            Some(entry) if entry.is_fresh(now) => Answer::Fresh(entry),
            Some(entry) => Answer::Stale(entry, self.next(&mut state, now)),
            None => Answer::Missing(self.next(&mut state, now)),
        }
    }

    fn next(self: &Arc<Self>, state: &mut State<T>, now: Timestamp) -> Next<T> {
        let under_way = state.flight.as_ref().filter(|begun| now < begun.at.plus(LONGEST_FLIGHT));
        if let Some(begun) = under_way {
            return Next::Wait(Arc::clone(&begun.flight));
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| failure.is_cooling_down(now)) {
            return Next::Cooldown(failure.error.clone(), failure.until());
        }
        let flight = Arc::new(Flight::new());
        state.flight = Some(Begun { flight: Arc::clone(&flight), at: now });
        Next::Lead(FlightGuard { slot: Arc::clone(self), flight, is_settled: false })
    }

    /// What was made last, whether or not it is still to be used.
    pub(crate) fn last(&self) -> Option<T> {
        self.lock().entry.as_ref().map(|entry| entry.value().clone())
    }

    /// Drops the entry if it is the one that a service refused. The next caller runs a new flight.
    pub(crate) fn forget(&self, is_blamed: impl FnOnce(&CacheEntry<T>) -> bool) {
        let mut state = self.lock();
        if state.entry.as_ref().is_some_and(is_blamed) {
            state.entry = None;
        }
    }

    /// Whether it holds nothing that anybody could miss.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let state = self.lock();
        state.flight.is_none()
            && !state.entry.as_ref().is_some_and(|entry| entry.is_usable(now))
            && !state.failure.as_ref().is_some_and(|failure| failure.is_cooling_down(now))
    }

    /// Takes the flight out of the slot if it is still the current one: the state, and when the flight began.
    fn finish(&self, flight: &Arc<Flight<T>>) -> Option<(MutexGuard<'_, State<T>>, Timestamp)> {
        let mut state = self.lock();
        let begun = state.flight.take_if(|begun| Arc::ptr_eq(&begun.flight, flight))?;
        Some((state, begun.at))
    }

    /// What those who wait for the flight are told.
    fn settle(
        &self,
        flight: &Arc<Flight<T>>,
        result: Result<CacheEntry<T>, Error>,
        now: Timestamp,
        random: f64,
    ) -> Outcome<T> {
        let Some((mut state, begun_at)) = self.finish(flight) else {
            return result.map_or(Outcome::Abandoned, |entry| Outcome::Settled(Ok(entry)));
        };
        match result.clone() {
            Ok(entry) => {
                state.entry = Some(entry);
                state.failure = None;
            }
            // What a frozen flight met when it went on says nothing of now: who waits for it leads another.
            Err(_) if now >= begun_at.plus(LONGEST_FLIGHT) => return Outcome::Abandoned,
            Err(error) => {
                let before = state.failure.as_ref().filter(|failure| failure.still_counts(now));
                let in_a_row = before.map_or(0, |failure| failure.in_a_row) + 1;
                let doubled = FIRST_COOLDOWN.saturating_mul(1 << (in_a_row - 1).min(10)).min(LONGEST_COOLDOWN);
                let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED_COOLDOWN).mul_f64(1.0 + random);
                let cooldown = doubled.mul_f64(1.0 - random / 2.0).max(asked);
                state.failure = Some(Failure { error, in_a_row, at: now, cooldown });
            }
        }
        Outcome::Settled(result)
    }

    /// The flight met a lower layer's cooldown and sent nothing: this slot cools down as long, and counts no failure.
    fn settle_cooling_down(&self, flight: &Arc<Flight<T>>, error: Error, now: Timestamp, until: Timestamp) {
        let Some((mut state, _)) = self.finish(flight) else { return };
        let in_a_row = state.failure.as_ref().map_or(0, |failure| failure.in_a_row);
        state.failure = Some(Failure { error, in_a_row, at: now, cooldown: until.since(now) });
    }

    /// A panic while the lock is held cannot leave the state half-changed in a way that matters: go on.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// The duty to run a slot's flight. If it is dropped unsettled, the flight is abandoned, and one of its waiters runs a new
/// one.
pub(crate) struct FlightGuard<T: Clone> {
    slot: Arc<Slot<T>>,
    flight: Arc<Flight<T>>,
    is_settled: bool,
}

impl<T: Clone> FlightGuard<T> {
    /// What others, and the leader's own caller, wait for.
    pub(crate) fn flight(&self) -> Arc<Flight<T>> {
        Arc::clone(&self.flight)
    }

    /// The flight sent nothing, since a lower layer cools down until `until`.
    pub(crate) fn settle_cooling_down(mut self, error: Error, now: Timestamp, until: Timestamp) {
        self.is_settled = true;
        self.slot.settle_cooling_down(&self.flight, error.clone(), now, until);
        self.flight.settle(Outcome::Settled(Err(error)));
    }

    /// The flight has ended at `now`; all who wait are told.
    pub(crate) fn settle(mut self, result: Result<CacheEntry<T>, Error>, now: Timestamp, random: f64) {
        self.is_settled = true;
        let outcome = self.slot.settle(&self.flight, result, now, random);
        self.flight.settle(outcome);
    }
}

impl<T: Clone> Drop for FlightGuard<T> {
    fn drop(&mut self) {
        if !self.is_settled {
            drop(self.slot.finish(&self.flight));
            self.flight.settle(Outcome::Abandoned);
        }
    }
}
