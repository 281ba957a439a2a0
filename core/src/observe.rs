//! A mint, watched: what each step asked, how long it waited for the answer, and how it ended.

use crate::error::{Error, Step};
use crate::time::Skew;
use crate::token::Token;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How one mint went, from the first step to the token or the error. See [`TokenSource::explain`](crate::TokenSource::explain).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// In the order in which they began.
    pub steps: Vec<StepReport>,
    /// What came of the mint.
    pub result: Result<Token, Error>,
}

/// What one step of a mint did. Times count from the start of the mint.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StepReport {
    /// Which one.
    pub step: Step,
    /// When it began.
    pub begun: Duration,
    /// How long it took.
    pub took: Duration,
    /// Every request that was sent, tries included, in the order in which they were sent.
    pub requests: Vec<RequestReport>,
    /// Where the request was signed once more by AWS's clock: by how many seconds that is ahead of this machine's.
    pub clock_skew_seconds: Option<i64>,
    /// What somebody should look at, though the step may have ended well: one sentence each.
    pub warnings: Vec<String>,
    /// Why it failed, if it did.
    pub error: Option<Error>,
}

/// One request of a step, and what answered. No header and no body is part of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestReport {
    /// The HTTP method.
    pub method: String,
    /// The host, with its port where one is named.
    pub host: String,
    /// The path on it.
    pub path: String,
    /// When it was sent.
    pub begun: Duration,
    /// How long it took until the whole reply was there, connecting included.
    pub took: Duration,
    /// The HTTP status, or why there is none.
    pub outcome: Result<u16, String>,
}

/// Takes down what a mint does. Steps follow one another; requests of one step may run beside each other.
pub(crate) struct MintTrace {
    /// How long the mint has been going on.
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    steps: Mutex<Vec<StepReport>>,
    /// How many of them a log was told of.
    told: AtomicUsize,
}

/// A request that was taken down and has no answer yet.
pub(crate) struct Asked {
    step: usize,
    request: usize,
}

impl MintTrace {
    pub(crate) fn new(elapsed: Box<dyn Fn() -> Duration + Send + Sync>) -> MintTrace {
        MintTrace { elapsed, steps: Mutex::default(), told: AtomicUsize::default() }
    }

    pub(crate) fn begin(&self, step: Step) {
        let begun = (self.elapsed)();
        self.steps().push(StepReport {
            step,
            begun,
            took: Duration::ZERO,
            requests: Vec::new(),
            clock_skew_seconds: None,
            warnings: Vec::new(),
            error: None,
        });
    }

    /// The step that began last has ended.
    pub(crate) fn end(&self, error: Option<Error>) {
        let now = (self.elapsed)();
        if let Some(step) = self.steps().last_mut() {
            step.took = now.saturating_sub(step.begun);
            step.error = error;
            for unanswered in step.requests.iter_mut().filter(|request| request.took.is_zero()) {
                unanswered.took = now.saturating_sub(unanswered.begun);
            }
        }
    }

    /// The step goes on with another clock's time.
    pub(crate) fn adjust_clock(&self, skew: Skew) {
        if let Some(step) = self.steps().last_mut() {
            step.clock_skew_seconds = Some(skew.seconds());
        }
    }

    /// The step met what somebody should look at.
    pub(crate) fn warn(&self, warning: String) {
        if let Some(step) = self.steps().last_mut() {
            step.warnings.push(warning);
        }
    }

    /// A request of that step is sent.
    pub(crate) fn ask(&self, method: &http::Method, uri: &http::Uri) -> Option<Asked> {
        let begun = (self.elapsed)();
        let mut steps = self.steps();
        let step = steps.len().checked_sub(1)?;
        let requests = &mut steps[step].requests;
        requests.push(RequestReport {
            method: method.to_string(),
            host: match (uri.host().unwrap_or_default(), uri.port()) {
                (host, None) => host.to_owned(),
                (host, Some(port)) => format!("{host}:{port}"),
            },
            path: uri.path().to_owned(),
            begun,
            took: Duration::ZERO,
            // Until it is known better: the step's own time may end first.
            outcome: Err("nothing answered before the step's time was over".to_owned()),
        });
        Some(Asked { step, request: requests.len() - 1 })
    }

    pub(crate) fn answer(&self, asked: &Asked, outcome: Result<u16, String>) {
        let now = (self.elapsed)();
        if let Some(request) = self.steps().get_mut(asked.step).and_then(|step| step.requests.get_mut(asked.request)) {
            request.took = now.saturating_sub(request.begun);
            request.outcome = outcome;
        }
    }

    /// What was taken down since this was asked last: a flight in another one is told of once.
    pub(crate) fn untold(&self) -> Vec<StepReport> {
        let steps = self.steps();
        let told = self.told.swap(steps.len(), Ordering::Relaxed);
        steps.get(told..).unwrap_or_default().to_vec()
    }

    pub(crate) fn explain(&self, result: Result<Token, Error>) -> Explanation {
        Explanation { steps: std::mem::take(&mut *self.steps()), result }
    }

    fn steps(&self) -> MutexGuard<'_, Vec<StepReport>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MintTrace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MintTrace").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_request_that_nobody_answered_lasted_until_its_step_ended() {
        let clock = Arc::new(AtomicU64::new(0));
        let trace = {
            let clock = Arc::clone(&clock);
            MintTrace::new(Box::new(move || Duration::from_secs(clock.load(Ordering::Relaxed))))
        };
        let uri = http::Uri::from_static("http://user:word@169.254.169.254:8080/latest/api/token?query=1");
        assert!(trace.ask(&http::Method::PUT, &uri).is_none(), "of no step");
        trace.begin(Step::Identity);
        clock.store(1, Ordering::Relaxed);
        trace.ask(&http::Method::PUT, &uri).expect("of a step");
        clock.store(3, Ordering::Relaxed);
        trace.end(None);
        let Explanation { steps, .. } = trace.explain(Err(Error::config("", "is not what this is about")));
        let request = &steps[0].requests[0];
        assert_eq!((request.begun, request.took), (Duration::from_secs(1), Duration::from_secs(2)));
        assert!(request.outcome.as_ref().is_err_and(|why| why.contains("the step's time was over")));
        assert_eq!(format!("{} {}", request.host, request.path), "169.254.169.254:8080 /latest/api/token");
    }
}
