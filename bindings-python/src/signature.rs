//! A signature as Python objects, and one that is to come.

use crate::failure::{either, guarded};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::time::Duration;

/// What a service account signed: RSA with SHA-256 (RS256).
#[pyclass(frozen, module = "rolebridge")]
pub(crate) struct Signature(pub(crate) rolebridge::Signature);

#[pymethods]
impl Signature {
    /// The id of the account's key, under which its public half is published.
    #[getter]
    fn key_id(&self) -> &str {
        self.0.key_id()
    }

    /// The signature itself.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.bytes())
    }

    fn __repr__(&self) -> String {
        format!("<rolebridge.Signature key_id={}>", self.0.key_id())
    }
}

/// A signature that is to come. Dropping it does not stop it.
#[pyclass(module = "rolebridge._native")]
pub(crate) struct PendingSignature(pub(crate) rolebridge::binding::PendingSignature);

#[pymethods]
impl PendingSignature {
    /// Waits for so many seconds, or until it is there; none if it is still to come.
    fn wait<'py>(&mut self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let pending = &mut self.0;
        let result = guarded(|| {
            let outcome = match seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()) {
                Some(slice) => py.detach(|| pending.block_for(slice)),
                None => Some(py.detach(|| pending.block())),
            };
            outcome.transpose()
        });
        let Some(result) = result.transpose() else { return Ok(None) };
        either(py, result.map(Signature)).map(Some)
    }
}
