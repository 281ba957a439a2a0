//! One protocol for the three layers of the cache: take what is kept, or make it in one flight for all who ask.
//!
//! If the answer of a later step blames what was *kept*, it is made anew, once.

use super::Mint;
use super::request::Keys;
use super::store::Registries;
use crate::cache::{Answer, Held, Key, Lead, Next, Outcome, Registry, Slot};
use crate::error::{Error, Step};
use crate::moment::Moment;
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
pub(super) type Making<'a, T> = BoxFuture<'a, Result<Held<T>, Failure>>;

/// Why a layer has nothing to give.
#[derive(Clone)]
pub(super) struct Failure {
    error: Error,
    /// Where nothing was tried, since a flight failed just now: until when that is so.
    held_off_until: Option<Moment>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error, held_off_until: None }
    }
}

/// What a layer gave, and whether it was kept from before.
struct Taken<T> {
    held: Held<T>,
    was_kept: bool,
}

impl<T: Clone + Send + Sync> Layer<T> {
    /// Where this layer keeps the value of one request.
    pub(crate) fn slot(&self, registries: &Registries, keys: &Keys, now: Moment) -> Arc<Slot<T>> {
        (self.registry)(registries).slot((self.key)(keys), now)
    }

    /// Makes a value, and tells all who wait for this flight. What a lower layer holds off is passed on as such, and not
    /// counted as another failure.
    pub(super) async fn run(&self, mint: &Mint, lead: Lead<T>) -> Result<Held<T>, Failure> {
        let result = (self.make)(mint).await;
        let host = &mint.outside.host;
        match result.clone() {
            Ok(held) => lead.settle(Ok(held), host.now(), host.random()),
            Err(Failure { error, held_off_until: None }) => lead.settle(Err(error), host.now(), host.random()),
            Err(Failure { error, held_off_until: Some(until) }) => lead.settle_held_off(error, host.now(), until),
        }
        result
    }

    async fn take(&self, slot: &Arc<Slot<T>>, mint: &Mint) -> Result<Taken<T>, Failure> {
        loop {
            let next = match slot.ask(mint.outside.host.now()) {
                Answer::Fresh(held) | Answer::Stale(held, _) => return Ok(Taken { held, was_kept: true }),
                Answer::Missing(next) => next,
            };
            let result = match next {
                Next::Lead(lead) => self.run(mint, lead).await,
                Next::Wait(flight) => match flight.wait().await {
                    Outcome::Settled(result) => result.map_err(Failure::from),
                    Outcome::Vanished => continue,
                },
                Next::HoldOff(error, until) => Err(Failure { error, held_off_until: Some(until) }),
            };
            return result.map(|held| Taken { held, was_kept: false });
        }
    }
}

/// One step's work with what a lower layer gives it.
type Work<T, O> = for<'a> fn(&'a Mint, T) -> BoxFuture<'a, Result<O, Error>>;

impl Mint {
    /// Does a step's work with what `layer` keeps or makes.
    pub(super) async fn with<T: Clone + Send + Sync, O>(
        &self,
        layer: &Layer<T>,
        work: Work<T, O>,
    ) -> Result<O, Failure> {
        let slot = layer.slot(&self.registries, &self.keys, self.outside.host.now());
        let input = layer.take(&slot, self).await?;
        let result = work(self, input.held.value().clone()).await;
        match result {
            Err(error) if input.was_kept && error.blames(layer.step) => {
                slot.forget(|held| held.minted_at() == input.held.minted_at());
                let input = layer.take(&slot, self).await?;
                Ok(work(self, input.held.into_value()).await?)
            }
            result => Ok(result?),
        }
    }
}
