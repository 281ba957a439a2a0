//! The way back from the engine's thread to the JavaScript that waits.

use crate::Outcome;
use crate::failure::Failure;
use napi::Status;
use napi::bindgen_prelude::{Either, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

type Callback = ThreadsafeFunction<Outcome, (), Outcome, Status, false>;

/// Calls a JavaScript function exactly once, from any thread; while it is held, Node does not end by itself.
///
/// A worker may be gone by then, which nobody needs to hear of.
pub(crate) struct PromiseResolver(Option<Callback>);

impl PromiseResolver {
    pub(crate) fn new(function: &Function<'_, Outcome, ()>) -> napi::Result<PromiseResolver> {
        function.build_threadsafe_function().build().map(|callback| PromiseResolver(Some(callback)))
    }

    pub(crate) fn with(mut self, outcome: Outcome) {
        self.call(outcome);
    }

    fn call(&mut self, outcome: Outcome) {
        if let Some(callback) = self.0.take() {
            callback.call(outcome, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Dropping an unresolved one settles the call with an internal error.
impl Drop for PromiseResolver {
    fn drop(&mut self) {
        self.call(Either::B(Failure::vanished()));
    }
}
