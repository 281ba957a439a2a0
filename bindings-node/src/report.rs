//! What a flight told, as plain data.

use crate::failure::Failure;
use napi_derive::napi;
use rolebridge::binding::{FlightReport, Level};
use rolebridge::{RequestReport, StepReport};
use std::time::{Duration, UNIX_EPOCH};

/// One flight, as it went. Its steps count from its start, in milliseconds.
#[napi(object, object_from_js = false)]
pub struct Flight {
    /// When it began, in milliseconds since 1970 (UTC).
    pub begun_at: f64,
    /// In the order in which they began.
    pub steps: Vec<FlightStep>,
    /// Whether it was to renew a token that was still good.
    pub is_renewal: bool,
    /// Why it brought no token, if it brought none.
    pub error: Option<Failure>,
    /// What somebody should look at, though a token may have come.
    pub warnings: Vec<String>,
}

/// One step of a flight.
#[napi(object, object_from_js = false)]
pub struct FlightStep {
    /// Its name.
    pub step: &'static str,
    /// When it began.
    pub begun: f64,
    /// How long it took.
    pub took: f64,
    /// Every request that was sent, tries included.
    pub requests: Vec<FlightRequest>,
    /// By how many seconds AWS's clock is ahead of this machine's, if a request was signed once more by it.
    pub clock_skew_seconds: Option<i64>,
    /// Why it failed, if it did.
    pub error: Option<Failure>,
}

/// One request of a step.
#[napi(object, object_from_js = false)]
pub struct FlightRequest {
    /// The HTTP method.
    pub method: String,
    /// The host, with its port where one is named.
    pub host: String,
    /// The path on it.
    pub path: String,
    /// When it was sent.
    pub begun: f64,
    /// How long it took until the whole reply was there.
    pub took: f64,
    /// The HTTP status, if something answered.
    pub status: Option<u16>,
    /// Why nothing answered.
    pub problem: Option<String>,
}

impl From<&FlightReport> for Flight {
    fn from(report: &FlightReport) -> Flight {
        let records = report.records().into_iter();
        let is_warning = |level| level == Level::Warning;
        Flight {
            begun_at: milliseconds(report.begun_at.duration_since(UNIX_EPOCH).unwrap_or_default()).floor(),
            steps: report.steps.iter().map(FlightStep::from).collect(),
            is_renewal: report.is_renewal,
            error: report.error.as_ref().map(Failure::from),
            warnings: records.filter(|record| is_warning(record.level)).map(|record| record.message).collect(),
        }
    }
}

impl From<&StepReport> for FlightStep {
    fn from(step: &StepReport) -> FlightStep {
        FlightStep {
            step: step.step.name(),
            begun: milliseconds(step.begun),
            took: milliseconds(step.took),
            requests: step.requests.iter().map(FlightRequest::from).collect(),
            clock_skew_seconds: step.clock_skew_seconds,
            error: step.error.as_ref().map(Failure::from),
        }
    }
}

impl From<&RequestReport> for FlightRequest {
    fn from(request: &RequestReport) -> FlightRequest {
        FlightRequest {
            method: request.method.clone(),
            host: request.host.clone(),
            path: request.path.clone(),
            begun: milliseconds(request.begun),
            took: milliseconds(request.took),
            status: request.outcome.as_ref().ok().copied(),
            problem: request.outcome.as_ref().err().cloned(),
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
