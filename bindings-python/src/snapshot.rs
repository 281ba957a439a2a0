//! A dict of variables as core's snapshot of the environment.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rolebridge::Environment;
use std::ffi::OsString;

/// Takes the variables that Python read on the caller's thread.
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

fn value(variables: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<OsString>> {
    let Some(value) = variables.get_item(name)? else { return Ok(None) };
    Ok(Some(native(value.cast::<PyBytes>()?.as_bytes())))
}

/// What `os.fsencode` gave, which on Unix need not be UTF-8.
#[cfg(unix)]
fn native(bytes: &[u8]) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn native(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
