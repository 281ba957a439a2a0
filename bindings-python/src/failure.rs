//! Core's errors as values, of which `rolebridge.errors` makes exceptions; and a panic as one of them.

use crate::identity::Raised;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use rolebridge::{Error, Kind, Step};
use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A panic's own words may quote what it met, and are on stderr already.
const PANIC: &str = "Rolebridge met a state that it did not foresee: its native code panicked";
const PANIC_HINT: &str = "report it, with what the process wrote to stderr at that moment";

pub(crate) fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.name()).collect()
}

pub(crate) fn steps() -> Vec<&'static str> {
    Step::ALL.iter().map(|step| step.name()).collect()
}

/// What went wrong, with the names that the attributes of `RolebridgeError` have.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Failure {
    /// None after a panic.
    error: Option<Error>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { error: Some(error) }
    }
}

impl Failure {
    pub(crate) const PANIC: Failure = Failure { error: None };
}

#[pymethods]
impl Failure {
    #[getter]
    fn kind(&self) -> &'static str {
        self.error.as_ref().map_or(Kind::Internal, Error::kind).name()
    }

    #[getter]
    fn step(&self) -> &'static str {
        self.error.as_ref().map_or(Step::Config, Error::step).name()
    }

    #[getter]
    fn message(&self) -> String {
        self.error.as_ref().map_or(PANIC, Error::message).to_owned()
    }

    #[getter]
    fn status(&self) -> Option<u16> {
        self.error.as_ref()?.status()
    }

    #[getter]
    fn code(&self) -> Option<&str> {
        self.error.as_ref()?.code()
    }

    #[getter]
    fn field(&self) -> Option<&str> {
        self.error.as_ref()?.field()
    }

    #[getter]
    fn hint(&self) -> Option<&str> {
        self.error.as_ref().map_or(Some(PANIC_HINT), Error::hint)
    }

    /// Each cause, the nearest first: its words, or the exception of Python's that it is.
    #[getter]
    fn causes(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let mut causes = Vec::new();
        let mut below = self.error.as_ref().and_then(Error::source);
        while let Some(cause) = below {
            causes.push(match cause.downcast_ref::<Raised>() {
                Some(raised) => raised.exception(py),
                None => cause.to_string().into_py_any(py)?,
            });
            below = cause.source();
        }
        Ok(causes)
    }
}

/// Runs core's code so that a panic is a failure as any other: PyO3 would raise it as a `PanicException`, which no handler
/// of `Exception` catches.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Failure> {
    // Nothing of ours is left half-changed by a panic: what core shares is its own to keep whole.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Failure::from),
        Err(_) => Err(Failure::PANIC),
    }
}

/// The value or the failure, as a Python object.
pub(crate) fn either<'py, T: IntoPyObject<'py>>(
    py: Python<'py>,
    result: Result<T, Failure>,
) -> PyResult<Bound<'py, PyAny>> {
    match result {
        Ok(value) => value.into_bound_py_any(py),
        Err(failure) => failure.into_bound_py_any(py),
    }
}
