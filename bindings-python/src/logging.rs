//! What flights told, as `rolebridge._logging` takes it.

use pyo3::prelude::*;
use rolebridge::binding::{FlightReport, Level, LogRecord};
use std::time::UNIX_EPOCH;

/// One line of the log.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Record(LogRecord);

impl Record {
    pub(crate) fn all(reports: &[FlightReport]) -> Vec<Record> {
        reports.iter().flat_map(FlightReport::records).map(Record).collect()
    }
}

#[pymethods]
impl Record {
    #[getter]
    fn is_warning(&self) -> bool {
        self.0.level == Level::Warning
    }

    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    /// When it happened, in seconds since 1970.
    #[getter]
    fn at(&self) -> f64 {
        self.0.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }

    #[getter]
    fn step(&self) -> Option<&'static str> {
        self.0.step.map(rolebridge::Step::name)
    }

    /// How long it took, in seconds.
    #[getter]
    fn duration(&self) -> Option<f64> {
        self.0.took.map(|took| took.as_secs_f64())
    }

    #[getter]
    fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    #[getter]
    fn attempt(&self) -> Option<u32> {
        self.0.attempt
    }
}
