//! `os.environ` as core's snapshot of the environment.

use pyo3::prelude::*;
use rolebridge::Environment;

/// Reads what Python's own mapping says now, on the caller's thread: it may differ from the process's environment, and
/// reading that beside a thread which sets it would be a race.
pub(crate) fn snapshot(py: Python<'_>) -> PyResult<Environment> {
    let environ = py.import("os")?.getattr("environ")?;
    let mut failure = None;
    let environment = Environment::from_lookup(|name| {
        let value = environ.call_method1("get", (name,)).and_then(|value| value.extract::<Option<String>>());
        value.unwrap_or_else(|error| {
            failure = Some(error);
            None
        })
    });
    // A value that is no text is not passed over: another identity could be found without it.
    failure.map_or(Ok(environment), Err)
}
