//! `slot.rs` and `flight.rs` of the cache, the very files, with shuttle's locks in place of std's: what holds in
//! thousands of the orders in which threads and tasks may take their steps.
//!
//! Shuttle draws orders at random; a failure prints one that `shuttle::replay` runs again.
#![allow(dead_code, unreachable_pub, reason = "the included files belong to another crate, and are used in part")]
#![allow(clippy::panic, reason = "a test may fail")]

#[path = "../../../core/src/cache/entry.rs"]
mod entry;
#[path = "../../../core/src/error.rs"]
mod error;
#[path = "../../../core/src/cache/flight.rs"]
mod flight;
#[path = "../../../core/src/cache/slot.rs"]
mod slot;
#[path = "../../../core/src/time.rs"]
mod time;
/// In place of `core/src/cache/sync.rs`.
mod sync {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::{Arc, PoisonError};
}

use entry::CacheEntry;
use error::{Error, Kind, Step};
use flight::Outcome;
use shuttle::sync::atomic::{AtomicU32, Ordering};
use slot::{Answer, FlightGuard, Next, Slot};
use std::sync::Arc;
use std::time::Duration;
use time::Timestamp;

const ORDERS: usize = 5_000;

fn now() -> Timestamp {
    std::time::SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(1_800_000_000))
        .map_or(Timestamp::NEVER, Timestamp::from)
}

fn minted(value: u32) -> Result<CacheEntry<u32>, Error> {
    Ok(CacheEntry::renewed_ahead(value, now(), now().plus(Duration::from_secs(3600)), 0.0))
}

fn down() -> Result<CacheEntry<u32>, Error> {
    Err(Error::new(Kind::Unavailable, Step::Exchange, "down"))
}

/// What a blocked thread does with a slot: lead, wait, or take what is there.
fn obtain(slot: &Arc<Slot<u32>>, run: &impl Fn(FlightGuard<u32>)) -> Result<u32, Error> {
    loop {
        let next = match slot.ask(now()) {
            Answer::Fresh(entry) | Answer::Stale(entry, _) => return Ok(*entry.value()),
            Answer::Missing(next) => next,
        };
        let flight = match next {
            Next::Lead(lead) => {
                let flight = lead.flight();
                run(lead);
                flight
            }
            Next::Wait(flight) => flight,
            Next::Cooldown(error, _) => return Err(error),
        };
        match flight.wait().block(None) {
            Some(Outcome::Settled(result)) => return result.map(CacheEntry::into_value),
            Some(Outcome::Abandoned) => {}
            None => panic!("an endless wait ended without an outcome"),
        }
    }
}

/// In many orders: `threads` threads obtain from one slot, each flight is run by `fly` with its number, counted from 0,
/// and each thread checks what it got. `flights` is how many there must have been.
fn in_many_orders(threads: usize, flights: u32, fly: fn(u32, FlightGuard<u32>), check: fn(Result<u32, Error>)) {
    let once = move || {
        let (slot, flown) = (Arc::new(Slot::empty()), Arc::new(AtomicU32::new(0)));
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                let (slot, flown) = (Arc::clone(&slot), Arc::clone(&flown));
                shuttle::thread::spawn(move || {
                    check(obtain(&slot, &|lead| fly(flown.fetch_add(1, Ordering::SeqCst), lead)));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(flown.load(Ordering::SeqCst), flights);
    };
    shuttle::check_random(once, ORDERS);
}

/// Settles on another thread than the caller's, as the engine does.
fn elsewhere(settle: impl FnOnce() + Send + 'static) {
    shuttle::thread::spawn(settle);
}

#[test]
fn all_who_ask_are_given_the_one_token_of_one_flight() {
    let fly = |_, lead: FlightGuard<u32>| elsewhere(move || lead.settle(minted(1), now(), 0.0));
    in_many_orders(4, 1, fly, |value| assert_eq!(value.ok(), Some(1)));
}

#[test]
fn a_flight_that_vanishes_is_led_anew_and_loses_nobody() {
    let fly = |number, lead: FlightGuard<u32>| {
        elsewhere(move || if number == 0 { drop(lead) } else { lead.settle(minted(2), now(), 0.0) });
    };
    in_many_orders(3, 2, fly, |value| assert_eq!(value.ok(), Some(2)));
}

#[test]
fn a_failure_reaches_every_waiter_and_holds_off_the_next() {
    let fly = |_, lead: FlightGuard<u32>| lead.settle(down(), now(), 0.0);
    in_many_orders(3, 1, fly, |value| assert!(value.is_err()));
}

#[test]
fn futures_are_woken_and_those_that_leave_disturb_nobody() {
    shuttle::check_random(
        || {
            let slot = Arc::new(Slot::empty());
            let Answer::Missing(Next::Lead(lead)) = slot.ask(now()) else { panic!("the first to ask leads") };
            let flight = lead.flight();
            let waits: Vec<_> = (0..3).map(|_| shuttle::future::spawn(flight.wait())).collect();
            let leaves = shuttle::future::spawn(flight.wait());
            let settles = shuttle::thread::spawn(move || lead.settle(minted(3), now(), 0.0));
            leaves.abort();
            for wait in waits {
                let outcome = shuttle::future::block_on(wait).expect("not aborted");
                assert!(matches!(outcome, Outcome::Settled(Ok(entry)) if *entry.value() == 3));
            }
            settles.join().expect("no panic");
        },
        ORDERS,
    );
}

#[test]
fn threads_that_wait_in_slices_and_threads_that_wait_once_are_all_woken() {
    shuttle::check_random(
        || {
            let slot = Arc::new(Slot::empty());
            let Answer::Missing(Next::Lead(lead)) = slot.ask(now()) else { panic!("the first to ask leads") };
            let flight = lead.flight();
            let threads: Vec<_> = (0..4)
                .map(|index| {
                    let mut wait = flight.wait();
                    shuttle::thread::spawn(move || {
                        if index % 2 == 0 {
                            assert!(wait.block(None).is_some());
                        } else {
                            while wait.block(Some(Duration::from_millis(50))).is_none() {}
                        }
                    })
                })
                .collect();
            lead.settle(minted(1), now(), 0.0);
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        },
        ORDERS,
    );
}

#[test]
fn a_token_that_was_refused_is_renewed_once_however_many_saw_the_refusal() {
    shuttle::check_random(
        || {
            let (slot, flights) = (Arc::new(Slot::empty()), Arc::new(AtomicU32::new(0)));
            obtain(&slot, &|lead| lead.settle(minted(1), now(), 0.0)).expect("a first token");
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let (slot, flights) = (Arc::clone(&slot), Arc::clone(&flights));
                    shuttle::thread::spawn(move || {
                        slot.forget(|entry| *entry.value() == 1);
                        let value = obtain(&slot, &|lead| {
                            flights.fetch_add(1, Ordering::SeqCst);
                            lead.settle(minted(2), now(), 0.0);
                        });
                        assert_eq!(value.ok(), Some(2));
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            assert_eq!(flights.load(Ordering::SeqCst), 1);
        },
        ORDERS,
    );
}
