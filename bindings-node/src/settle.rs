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
pub(crate) struct Settle(Option<Callback>);

impl Settle {
    pub(crate) fn new(function: &Function<'_, Outcome, ()>) -> napi::Result<Settle> {
        function.build_threadsafe_function().build().map(|callback| Settle(Some(callback)))
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

/// A promise is never left open, which would keep Node from ending or end it without a word.
impl Drop for Settle {
    fn drop(&mut self) {
        self.call(Either::B(Failure::vanished()));
    }
}
