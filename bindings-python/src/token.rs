//! A token as Python objects: as core issued it, and as users hold it.

use pyo3::prelude::*;
use pyo3::types::PyString;
use std::time::UNIX_EPOCH;

/// A token as core issued it, before it has a date of Python's.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Issued {
    token: rolebridge::Token,
}

impl Issued {
    pub(crate) fn new(token: rolebridge::Token) -> Issued {
        Issued { token }
    }

    pub(crate) fn token(&self) -> &rolebridge::Token {
        &self.token
    }
}

#[pymethods]
impl Issued {
    /// When it ends, in microseconds since 1970.
    #[getter]
    fn ends(&self) -> u128 {
        self.token.expires_at().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros()
    }
}

/// A Google access token and when it ends. `repr` shows only the latter.
#[pyclass(frozen, module = "rolebridge")]
pub(crate) struct Token {
    issued: rolebridge::Token,
    value: Py<PyString>,
    authorization: Py<PyString>,
    expires_at: Py<PyAny>,
}

impl Token {
    /// `expires_at` is a date of Python's, made there since that takes an import.
    pub(crate) fn new(py: Python<'_>, issued: rolebridge::Token, expires_at: Py<PyAny>) -> Token {
        Token {
            value: PyString::new(py, issued.value()).unbind(),
            authorization: PyString::new(py, &format!("Bearer {}", issued.value())).unbind(),
            expires_at,
            issued,
        }
    }

    pub(crate) fn issued(&self) -> &rolebridge::Token {
        &self.issued
    }
}

#[pymethods]
impl Token {
    /// The token itself: a secret, worth as much as the service account until it ends.
    #[getter]
    fn value(&self, py: Python<'_>) -> Py<PyString> {
        self.value.clone_ref(py)
    }

    /// The value of the header `authorization`.
    #[getter]
    fn _authorization(&self, py: Python<'_>) -> Py<PyString> {
        self.authorization.clone_ref(py)
    }

    /// When it ends, as an aware datetime in UTC.
    #[getter]
    fn expires_at(&self, py: Python<'_>) -> Py<PyAny> {
        self.expires_at.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        // (Written in C, as all of a datetime is.)
        let ends = self.expires_at.bind(py).call_method0("isoformat")?;
        Ok(format!("<rolebridge.Token expires_at={ends}>"))
    }
}
