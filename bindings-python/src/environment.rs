//! `os.environ` as core's snapshot of the environment.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rolebridge::Environment;

/// Reads what Python's own mapping says now, on the caller's thread: it may differ from the process's environment, and
/// reading that beside a thread which sets it would be a race.
pub(crate) fn snapshot(py: Python<'_>) -> PyResult<Environment> {
    let os = py.import("os")?;
    let environ = os.getattr("environ")?;
    let mut failure = None;
    let environment = Environment::from_lookup(|name| {
        let value = environ.call_method1("get", (name,)).and_then(|value| text(&os, &value));
        value.unwrap_or_else(|error| {
            failure = Some(error);
            None
        })
    });
    failure.map_or(Ok(environment), Err)
}

/// A value that is no UTF-8 is not passed over, since another identity could be found without it; as in Rust and Node,
/// what cannot be read of it is replaced.
fn text(os: &Bound<'_, PyModule>, value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    value.extract().or_else(|_| {
        let bytes = os.call_method1("fsencode", (value,))?;
        Ok(Some(String::from_utf8_lossy(bytes.cast::<PyBytes>()?.as_bytes()).into_owned()))
    })
}
