//! When something is minted, and for whom: fresh, stale or expired; one flight at a time; a cooldown after failures.
//!
//! ```text
//!            minted_at              stale_at                expires_at
//! ───────────────┼──── fresh ──────────┼──────── stale ─────────┼──── expired ────▶ wall clock
//!                  use it                use it, and one          wait for
//!                                        flight renews it         one flight
//! ```
//!
//! A [`Slot`] is a synchronous state machine: it is told the time and what came of a flight, it starts nothing itself,
//! and its lock is never held while anybody waits. It knows neither AWS nor Google, so the three layers of a token
//! (identity, federated token, product) are three uses of it. A token that is still valid survives a failed flight. The
//! failure is returned to all who waited for that flight, and then only until the cooldown ends.

mod entry;
mod flight;
mod registry;
mod slot;
mod sync;

pub(crate) use entry::CacheEntry;
pub(crate) use flight::{Flight, Outcome, Wait};
pub(crate) use registry::{Key, Registry};
pub(crate) use slot::{Answer, FlightGuard, LONGEST_FLIGHT, Next, Slot};

#[cfg(test)]
mod tests;
