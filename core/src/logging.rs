//! What flights tell a program's log: put down by the engine's thread, taken by a caller's.
//!
//! A logger is the program's own code and may hold a lock. The engine's thread never calls one, so that a fork finds no such
//! lock taken. It leaves a report of each flight in a queue, and the next caller who had to ask the cache takes it.

use crate::error::{Error, Step};
use crate::observe::{RequestReport, StepReport};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Reports that nobody took; then the oldest one goes.
const MOST_REPORTS: usize = 64;
/// Warnings that are remembered, so that each is given once for an identity.
const MOST_WARNINGS: usize = 32;

/// One flight, as it went.
#[derive(Debug, Clone)]
pub struct FlightReport {
    /// When it began, by this machine's clock.
    pub begun_at: SystemTime,
    /// What it did, in the order in which the steps began.
    pub steps: Vec<StepReport>,
    /// Why it brought nothing, if it did not.
    pub error: Option<Error>,
    /// Whether it was to renew a token that was still good: then nobody waited for it.
    pub is_renewal: bool,
}

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// One request or one step.
    Debug,
    /// Somebody should look at it, though a token may have come.
    Warning,
}

/// One line of a log. No secret is part of it.
#[derive(Debug, Clone)]
pub struct LogRecord {
    /// How much it matters.
    pub level: Level,
    /// One sentence.
    pub message: String,
    /// When it happened, by this machine's clock.
    pub at: SystemTime,
    /// The step of the flight; none of a record about the flight as a whole.
    pub step: Option<Step>,
    /// How long the request or the step took.
    pub took: Option<Duration>,
    /// The host that a request was sent to.
    pub host: Option<String>,
    /// The number of the try, from 1.
    pub attempt: Option<u32>,
}

impl FlightReport {
    /// The lines that a log shows of it.
    pub fn records(&self) -> Vec<LogRecord> {
        let mut records: Vec<_> = self.steps.iter().flat_map(|step| self.records_of(step)).collect();
        if let Some(error) = self.error.as_ref().filter(|_| self.is_renewal) {
            let message = format!("a renewal failed, and the token in use stays good until its end: {error}");
            records.push(LogRecord { level: Level::Warning, ..self.record(None, Duration::ZERO, message) });
        }
        records
    }

    fn records_of(&self, step: &StepReport) -> Vec<LogRecord> {
        let mut records: Vec<_> = step
            .requests
            .iter()
            .zip(attempts(step))
            .map(|(request, attempt)| {
                let RequestReport { method, host, path, took, outcome, .. } = request;
                let outcome = match outcome {
                    Ok(status) => format!("answered {status}"),
                    Err(why) => format!("gave no answer ({why})"),
                };
                let message =
                    format!("{}: {method} {host}{path} {outcome} after {} ms", step.step.name(), took.as_millis());
                LogRecord {
                    took: Some(*took),
                    host: Some(host.clone()),
                    attempt: Some(attempt),
                    ..self.record(Some(step.step), request.begun + *took, message)
                }
            })
            .collect();
        let end = step.begun + step.took;
        if let Some(seconds) = step.clock_skew_seconds {
            let message = format!(
                "this machine's clock differs from AWS's by {} seconds: the request was signed again with AWS's time; set the clock",
                seconds.unsigned_abs()
            );
            records.push(LogRecord { level: Level::Warning, ..self.record(Some(step.step), end, message) });
        }
        records.extend(
            step.warnings.iter().map(|warning| LogRecord {
                level: Level::Warning,
                ..self.record(Some(step.step), end, warning.clone())
            }),
        );
        let outcome =
            step.error.as_ref().map_or_else(|| "done".to_owned(), |error| format!("failed: {}", error.message()));
        let message = format!("{}: {outcome} after {} ms", step.step.name(), step.took.as_millis());
        records.push(LogRecord { took: Some(step.took), ..self.record(Some(step.step), end, message) });
        records
    }

    fn record(&self, step: Option<Step>, after: Duration, message: String) -> LogRecord {
        let at = self.begun_at.checked_add(after).unwrap_or(self.begun_at);
        LogRecord { level: Level::Debug, message, at, step, took: None, host: None, attempt: None }
    }
}

/// For each request of a step, how often it had been sent by then.
fn attempts(step: &StepReport) -> impl Iterator<Item = u32> {
    let requests = &step.requests;
    (0..requests.len()).map(|place| {
        let same = |it: &&RequestReport| {
            let this = &requests[place];
            (&it.method, &it.host, &it.path) == (&this.method, &this.host, &this.path)
        };
        requests[..=place].iter().filter(same).map(|_| 1).sum()
    })
}

/// Reports that wait for a caller's thread.
#[derive(Default)]
pub(crate) struct FlightLog(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    reports: VecDeque<FlightReport>,
    given: HashSet<(Vec<u8>, String)>,
}

impl FlightLog {
    /// A warning that was given before about the identity of this key is left out.
    pub(crate) fn add(&self, identity: &[u8], mut report: FlightReport) {
        let mut queue = self.queue();
        for step in &mut report.steps {
            step.warnings.retain(|warning| {
                let about = (identity.to_vec(), warning.clone());
                let is_new = !queue.given.contains(&about);
                if is_new && queue.given.len() < MOST_WARNINGS {
                    queue.given.insert(about);
                }
                is_new
            });
        }
        if queue.reports.len() == MOST_REPORTS {
            queue.reports.pop_front();
        }
        queue.reports.push_back(report);
    }

    /// All that wait, the oldest first.
    pub(crate) fn take(&self) -> Vec<FlightReport> {
        std::mem::take(&mut self.queue().reports).into()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(warnings: &[&str], requests: &[(&str, Result<u16, String>)]) -> StepReport {
        StepReport {
            step: Step::Exchange,
            begun: Duration::ZERO,
            took: Duration::from_millis(40),
            requests: requests.iter().map(|(host, outcome)| request(host, outcome.clone())).collect(),
            clock_skew_seconds: None,
            warnings: warnings.iter().map(|warning| (*warning).to_owned()).collect(),
            error: None,
        }
    }

    fn request(host: &str, outcome: Result<u16, String>) -> RequestReport {
        RequestReport {
            method: "POST".to_owned(),
            host: host.to_owned(),
            path: "/v1/token".to_owned(),
            begun: Duration::ZERO,
            took: Duration::from_millis(20),
            outcome,
        }
    }

    fn report(step: StepReport) -> FlightReport {
        FlightReport { begun_at: SystemTime::UNIX_EPOCH, steps: vec![step], error: None, is_renewal: false }
    }

    #[test]
    fn each_try_of_a_request_is_numbered() {
        let again = [("a", Err("timed out".to_owned())), ("b", Ok(200)), ("a", Ok(200))];
        let records = report(step(&[], &again)).records();
        let attempts: Vec<_> = records.iter().map(|record| record.attempt).collect();
        assert_eq!(attempts, [Some(1), Some(1), Some(2), None]);
        assert_eq!(records[0].message, "exchange: POST a/v1/token gave no answer (timed out) after 20 ms");
        assert_eq!(records[3].message, "exchange: done after 40 ms");
    }

    #[test]
    fn a_warning_is_given_once_and_the_queue_is_bounded() {
        let log = FlightLog::default();
        let warnings = |reports: &[FlightReport]| {
            let records = reports.iter().flat_map(FlightReport::records);
            records.filter(|record| record.level == Level::Warning).count()
        };
        for _ in 0..=MOST_REPORTS {
            log.add(b"one", report(step(&["two identities"], &[])));
        }
        let reports = log.take();
        assert_eq!(reports.len(), MOST_REPORTS);
        assert_eq!(warnings(&reports), 0, "it was in the report that had to go");
        log.add(b"another", report(step(&["two identities"], &[])));
        assert_eq!(warnings(&log.take()), 1, "of another identity nobody was warned");
        for number in 0..2 * MOST_WARNINGS {
            log.add(b"one", report(step(&[&number.to_string()], &[])));
        }
        assert_eq!(warnings(&log.take()), 2 * MOST_WARNINGS);
        assert!(log.take().is_empty());
    }

    #[test]
    fn only_a_renewal_that_fails_is_a_warning_since_nobody_is_told_of_it() {
        for (is_renewal, warnings) in [(true, 1), (false, 0)] {
            let error = Some(Error::new(crate::error::Kind::Unavailable, Step::Exchange, "down"));
            let report = FlightReport { error, is_renewal, ..report(step(&[], &[])) };
            let records = report.records();
            assert_eq!(records.iter().filter(|record| record.level == Level::Warning).count(), warnings);
        }
    }
}
