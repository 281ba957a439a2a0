//! The way back from the engine's thread to the JavaScript that waits.

use crate::failure::Failure;
use napi::Status;
use napi::bindgen_prelude::{Either, Function, JsValuesTupleIntoVec, TypeName};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

type Callback<T> = ThreadsafeFunction<Either<T, Failure>, (), Either<T, Failure>, Status, false>;

/// Calls a JavaScript function exactly once, from any thread; while it is held, Node does not end by itself.
///
/// A worker may be gone by then, which nobody needs to hear of.
pub(crate) struct PromiseResolver<T: 'static>(Option<Callback<T>>)
where
    Either<T, Failure>: JsValuesTupleIntoVec;

impl<T: 'static> PromiseResolver<T>
where
    Either<T, Failure>: JsValuesTupleIntoVec + TypeName + Send,
{
    pub(crate) fn new(function: &Function<'_, Either<T, Failure>, ()>) -> napi::Result<PromiseResolver<T>> {
        function.build_threadsafe_function().build().map(|callback| PromiseResolver(Some(callback)))
    }
}

impl<T: 'static> PromiseResolver<T>
where
    Either<T, Failure>: JsValuesTupleIntoVec,
{
    pub(crate) fn with(mut self, outcome: Either<T, Failure>) {
        self.call(outcome);
    }

    fn call(&mut self, outcome: Either<T, Failure>) {
        if let Some(callback) = self.0.take() {
            callback.call(outcome, ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Dropping an unresolved one settles the call with an internal error.
impl<T: 'static> Drop for PromiseResolver<T>
where
    Either<T, Failure>: JsValuesTupleIntoVec,
{
    fn drop(&mut self) {
        self.call(Either::B(Failure::vanished()));
    }
}
