//! The command `rolebridge`, for `python -m rolebridge` and the script of the wheel.

use pyo3::prelude::*;
use std::ffi::OsString;

/// Runs the command on the streams of this process; the exit code.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| rolebridge_cli::main(arguments).code())
}
