//! A token as a Python object.

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString};

/// A Google access token and when it ends. `repr` shows only the latter.
#[pyclass(frozen, module = "rolebridge")]
pub(crate) struct Token {
    issued: rolebridge::Token,
    value: Py<PyString>,
    authorization: Py<PyString>,
    expires_at: Py<PyDateTime>,
}

impl Token {
    pub(crate) fn new(py: Python<'_>, issued: rolebridge::Token) -> PyResult<Token> {
        Ok(Token {
            value: PyString::new(py, issued.value()).unbind(),
            authorization: PyString::new(py, &format!("Bearer {}", issued.value())).unbind(),
            expires_at: issued.expires_at().into_pyobject(py)?.cast_into::<PyDateTime>()?.unbind(),
            issued,
        })
    }

    pub(crate) fn issued(&self) -> &rolebridge::Token {
        &self.issued
    }

    pub(crate) fn authorization(&self, py: Python<'_>) -> Py<PyString> {
        self.authorization.clone_ref(py)
    }
}

#[pymethods]
impl Token {
    /// The token itself: a secret, worth as much as the service account until it ends.
    #[getter]
    fn value(&self, py: Python<'_>) -> Py<PyString> {
        self.value.clone_ref(py)
    }

    /// The header's value, for `Credentials`.
    #[getter(_authorization)]
    fn header_value(&self, py: Python<'_>) -> Py<PyString> {
        self.authorization(py)
    }

    /// When it ends, as an aware datetime in UTC.
    #[getter]
    fn expires_at(&self, py: Python<'_>) -> Py<PyDateTime> {
        self.expires_at.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let ends = self.expires_at.bind(py).call_method0("isoformat")?;
        Ok(format!("<Token expires_at={ends}>"))
    }
}
