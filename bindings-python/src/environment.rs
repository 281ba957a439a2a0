//! A dict of variables as core's snapshot of the environment.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rolebridge::Environment;

/// Takes the variables that Python read on the caller's thread. A value that is no UTF-8 is not passed over, since another
/// identity could be found without it; as in Rust and Node, what cannot be read of it is replaced.
pub(crate) fn snapshot(variables: &Bound<'_, PyDict>) -> PyResult<Environment> {
    let mut failure = None;
    let environment = Environment::from_lookup(|name| {
        value(variables, name).unwrap_or_else(|error| {
            failure = Some(error);
            None
        })
    });
    failure.map_or(Ok(environment), Err)
}

fn value(variables: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<String>> {
    let Some(value) = variables.get_item(name)? else { return Ok(None) };
    Ok(Some(String::from_utf8_lossy(value.cast::<PyBytes>()?.as_bytes()).into_owned()))
}
