//! A token that is to come, for a thread that waits without the interpreter's lock.

use crate::failure::{either, guarded};
use crate::token::Issued;
use pyo3::prelude::*;
use std::time::Duration;

/// A token that is to come. Dropping it disturbs nobody else who waits for the same one.
#[pyclass(module = "rolebridge._native")]
pub(crate) struct Pending {
    /// None once it has answered: its drop wakes the next thread of a herd, and must not wait for Python's.
    pending: Option<rolebridge::binding::Pending>,
}

impl Pending {
    pub(crate) fn new(pending: rolebridge::binding::Pending) -> Pending {
        Pending { pending: Some(pending.wake_in_chain()) }
    }
}

#[pymethods]
impl Pending {
    /// Waits for so many seconds, or until it is there; none if it is still to come, or was given before.
    fn wait<'py>(&mut self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(pending) = &mut self.pending else { return Ok(None) };
        let result = guarded(|| {
            let outcome = match seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()) {
                // What is there already costs no turn of the interpreter's lock.
                Some(Duration::ZERO) => pending.block_for(Duration::ZERO),
                Some(slice) => py.detach(|| pending.block_for(slice)),
                None => Some(py.detach(|| pending.block())),
            };
            outcome.transpose()
        });
        let Some(result) = result.transpose() else { return Ok(None) };
        self.pending = None;
        either(py, result.map(Issued::new)).map(Some)
    }
}
