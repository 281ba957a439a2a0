//! The Python side of Rolebridge: core's types as Python's, and nothing else.
//!
//! What is here changes types and threads. It runs no Python code: a thread of the program that is in Python code below
//! a frame of ours cannot be ended by the interpreter without an abort, and an import or a lock of such code may be caught
//! half-way by a fork. What needs Python (the environment, dates, exceptions, event loops) is in `python/rolebridge`,
//! which calls this crate and is never called by it; a supplier of the program's own is asked on a thread that the
//! interpreter starts (see `identity`). So a failure is a value here, and no method raises one.

mod building;
mod command;
mod failure;
mod identity;
mod inbox;
mod logging;
mod pending;
mod signature;
mod snapshot;
mod source;
mod token;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("KINDS", failure::kinds())?;
    module.add("STEPS", failure::steps())?;
    module.add("VARIABLES", rolebridge::Environment::NAMES)?;
    module.add_function(wrap_pyfunction!(command::command, module)?)?;
    module.add_function(wrap_pyfunction!(source::credential_text, module)?)?;
    module.add_function(wrap_pyfunction!(source::is_supported, module)?)?;
    // Each class that crosses is made now: one made by its first use could be caught half-way by a fork.
    module.add_class::<building::Building>()?;
    module.add_class::<failure::Failure>()?;
    module.add_class::<identity::Question>()?;
    module.add_class::<inbox::Arrival>()?;
    module.add_class::<inbox::Inbox>()?;
    module.add_class::<logging::Record>()?;
    module.add_class::<pending::Pending>()?;
    module.add_class::<signature::PendingSignature>()?;
    module.add_class::<signature::Signature>()?;
    module.add_class::<source::Source>()?;
    module.add_class::<token::Issued>()?;
    module.add_class::<token::Token>()
}
