//! The outside as one mint sees it: a host, the environment as it stood when the mint was asked for, the time by which it
//! must end, and who takes down what it does.

use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::Host;
use crate::observe::MintTrace;
use futures_util::future::{self, Either};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The outside as one flight sees it: a host, the environment as it stood when the flight was asked for, and the time by
/// which it must end.
#[derive(Clone, Debug)]
pub(crate) struct MintContext {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) environment: Environment,
    pub(crate) deadline: Deadline,
    /// Takes down what the flight does.
    pub(crate) trace: Arc<MintTrace>,
}

impl MintContext {
    /// For one step, which may take this long and never longer than the flight.
    pub(crate) fn for_step(&self, budget: Duration) -> MintContext {
        MintContext { deadline: self.deadline.sooner(budget), ..self.clone() }
    }

    /// What is left of the budget.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.left()
    }

    /// One step of the way: ends by the deadline, and is taken down.
    pub(crate) async fn step<T>(&self, step: Step, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.watched(step, self.within(step, work)).await
    }

    /// The same, where every error is to say in which circumstance it happened.
    pub(crate) async fn step_noting<T>(
        &self,
        step: Step,
        circumstance: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let work = async { self.within(step, work).await.map_err(|error| error.noting(circumstance)) };
        self.watched(step, work).await
    }

    async fn watched<T>(&self, step: Step, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.trace.begin(step);
        let result = work.await;
        self.trace.end(result.as_ref().err().cloned());
        result
    }

    /// `work`, if it ends by the deadline. (Tries end before it by themselves, with what was answered last, unless an
    /// answer comes drop by drop.)
    pub(crate) async fn within<T>(&self, step: Step, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let late = || {
            let message = format!("the step `{}` did not end in time", step.name());
            Error::new(Kind::Unavailable, step, message)
        };
        self.within_or(work, late).await
    }

    /// The same, where more is known of what did not end.
    pub(crate) async fn within_or<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
        late: impl FnOnce() -> Error,
    ) -> Result<T, Error> {
        match future::select(pin!(work), self.host.sleep(self.left())).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(late()),
        }
    }
}

/// The time by which something must end. It counts on a stopwatch and not on the wall clock, which somebody may set while a
/// mint is under way.
#[derive(Clone)]
pub(crate) struct Deadline {
    elapsed: Arc<dyn Fn() -> Duration + Send + Sync>,
    at: Duration,
}

impl Deadline {
    /// That long from now.
    pub(crate) fn after(budget: Duration, host: &dyn Host) -> Deadline {
        Deadline { elapsed: host.stopwatch().into(), at: budget }
    }

    fn sooner(&self, budget: Duration) -> Deadline {
        let at = self.at.min((self.elapsed)().saturating_add(budget));
        Deadline { elapsed: Arc::clone(&self.elapsed), at }
    }

    fn left(&self) -> Duration {
        self.at.saturating_sub((self.elapsed)())
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deadline").field("left", &self.left()).finish_non_exhaustive()
    }
}
