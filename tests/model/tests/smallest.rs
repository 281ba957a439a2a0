//! The smallest case, in *every* order: two callers of one slot, a flight on a thread of its own.
//!
//! Loom tries all interleavings where shuttle (`interleavings.rs`) draws some, so it is given the least that can go wrong.
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
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::sync::{Arc, PoisonError};
}

use entry::CacheEntry;
use flight::Outcome;
use slot::{Answer, Next, Slot};
use std::sync::Arc;
use std::time::Duration;
use time::Timestamp;

fn now() -> Timestamp {
    std::time::SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(1_800_000_000))
        .map_or(Timestamp::NEVER, Timestamp::from)
}

fn obtain(slot: &Arc<Slot<u32>>) -> u32 {
    let next = match slot.ask(now()) {
        Answer::Fresh(entry) | Answer::Stale(entry, _) => return *entry.value(),
        Answer::Missing(next) => next,
    };
    let flight = match next {
        Next::Lead(lead) => {
            let flight = lead.flight();
            let entry = CacheEntry::renewed_ahead(1, now(), now().plus(Duration::from_secs(3600)), 0.0);
            loom::thread::spawn(move || lead.settle(Ok(entry), now(), 0.0));
            flight
        }
        Next::Wait(flight) => flight,
        Next::Cooldown(..) => panic!("nothing failed"),
    };
    match flight.wait().block(None) {
        Some(Outcome::Settled(Ok(entry))) => *entry.value(),
        _ => panic!("the flight ended without a token"),
    }
}

#[test]
fn two_callers_are_given_the_one_token_in_every_order() {
    loom::model(|| {
        let slot = Arc::new(Slot::empty());
        let other = Arc::clone(&slot);
        let caller = loom::thread::spawn(move || obtain(&other));
        assert_eq!(obtain(&slot), 1);
        assert_eq!(caller.join().expect("no panic"), 1);
    });
}
