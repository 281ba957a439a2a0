//! One protocol for the three layers of the cache: take what is kept, or make it in one flight for all who ask.
//!
//! If the answer of a later step blames what was *kept*, it is made anew, once.

use super::Mint;
use super::request::Keys;
use super::store::Registries;
use crate::cache::{Answer, CacheEntry, FlightGuard, Key, Next, Outcome, Registry, Slot};
use crate::error::{Error, Step};
use crate::time::Timestamp;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// One layer: in which step its values are made, where they are kept, and how one is made.
pub(crate) struct Layer<T> {
    pub(super) step: Step,
    pub(super) key: fn(&Keys) -> Key,
    pub(super) registry: fn(&Registries) -> &Registry<T>,
    pub(super) make: for<'a> fn(&'a Mint) -> Making<'a, T>,
}

/// A value in the making.
pub(super) type Making<'a, T> = BoxFuture<'a, Result<CacheEntry<T>, Failure>>;

/// Why a layer has nothing to give.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// Where nothing was tried, since a flight failed just now: until when that is so.
    pub(super) cooldown_until: Option<Timestamp>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, cooldown_until: None }
    }
}

/// What a layer gave, and whether it was kept from before.
struct Taken<T> {
    entry: CacheEntry<T>,
    was_kept: bool,
}

impl<T: Clone + Send + Sync> Layer<T> {
    /// Where this layer keeps the value of one request.
    pub(crate) fn slot(&self, registries: &Registries, keys: &Keys, now: Timestamp) -> Arc<Slot<T>> {
        (self.registry)(registries).slot((self.key)(keys), now)
    }

    /// Makes a value, and tells all who wait for this flight. A lower layer's cooldown is passed on as a cooldown, and not
    /// counted as another failure.
    pub(super) async fn run(&self, mint: &Mint, guard: FlightGuard<T>) -> Result<CacheEntry<T>, Failure> {
        let result = (self.make)(mint).await;
        let host = &mint.context.host;
        match result.clone() {
            Ok(entry) => guard.settle(Ok(entry), host.now(), host.random()),
            Err(Failure { error, cooldown_until: None }) => guard.settle(Err(error), host.now(), host.random()),
            Err(Failure { error, cooldown_until: Some(until) }) => guard.settle_cooling_down(error, host.now(), until),
        }
        result
    }

    async fn take(&self, slot: &Arc<Slot<T>>, mint: &Mint) -> Result<Taken<T>, Failure> {
        loop {
            let next = match slot.ask(mint.context.host.now()) {
                Answer::Fresh(entry) | Answer::Stale(entry, _) => return Ok(Taken { entry, was_kept: true }),
                Answer::Missing(next) => next,
            };
            let result = match next {
                Next::Lead(guard) => self.run(mint, guard).await,
                Next::Wait(flight) => match flight.wait().await {
                    Outcome::Settled(result) => result.map_err(Failure::from),
                    Outcome::Abandoned => continue,
                },
                Next::Cooldown(error, until) => Err(Failure { error, cooldown_until: Some(until) }),
            };
            return result.map(|entry| Taken { entry, was_kept: false });
        }
    }
}

impl Mint {
    /// Does a step's work with what `layer` keeps or makes.
    pub(super) async fn with<T: Clone + Send + Sync, O>(
        &self,
        layer: &Layer<T>,
        work: impl for<'a> Fn(&'a Mint, T) -> BoxFuture<'a, Result<O, Error>>,
    ) -> Result<O, Failure> {
        let slot = layer.slot(&self.registries, &self.keys, self.context.host.now());
        let input = layer.take(&slot, self).await?;
        let result = work(self, input.entry.value().clone()).await;
        match result {
            Err(error) if input.was_kept && error.blames(layer.step) => {
                slot.forget(|entry| entry.minted_at() == input.entry.minted_at());
                let input = layer.take(&slot, self).await?;
                Ok(work(self, input.entry.into_value()).await?)
            }
            result => Ok(result?),
        }
    }
}
