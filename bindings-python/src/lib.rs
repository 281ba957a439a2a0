//! The Python side of Rolebridge: core's types as Python's, and nothing else.
//!
//! What is here changes types and threads. It reads `os.environ` where core wants an environment, keeps one Python
//! object for each token, waits without the interpreter's lock, and turns core's errors into Python's classes.

mod environment;
mod errors;
mod inbox;
mod token;
mod token_source;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("KINDS", errors::kinds())?;
    module.add("STEPS", errors::steps())?;
    module.add_class::<inbox::Inbox>()?;
    module.add_class::<token::Token>()?;
    module.add_class::<token_source::TokenSource>()
}
