//! Core's errors as the classes of `rolebridge.errors`, which is ordinary Python.

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;
use rolebridge::{Error, Kind, Step};
use std::error::Error as _;

pub(crate) fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.name()).collect()
}

pub(crate) fn steps() -> Vec<&'static str> {
    Step::ALL.iter().map(|step| step.name()).collect()
}

/// The exception for an error; what keeps it from being made is raised in its place.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    exception(py, error).unwrap_or_else(|failure| failure)
}

fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let details =
        [("step", Some(error.step().name())), ("code", error.code()), ("field", error.field()), ("hint", error.hint())];
    let keywords = details.into_py_dict(py)?;
    keywords.set_item("status", error.status())?;
    let class = py.import("rolebridge.errors")?.getattr("BY_KIND")?.get_item(error.kind().name())?;
    let raised = PyErr::from_value(class.call((error.message(),), Some(&keywords))?);
    raised.set_cause(py, error.source().map(|cause| cause_of(py, cause)));
    Ok(raised)
}

/// A chain of causes, of which only the words cross.
fn cause_of(py: Python<'_>, error: &(dyn std::error::Error + 'static)) -> PyErr {
    let raised = pyo3::exceptions::PyException::new_err(error.to_string());
    raised.set_cause(py, error.source().map(|cause| cause_of(py, cause)));
    raised
}
