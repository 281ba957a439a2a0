//! The locks of the cache. `tests/model` compiles the files beside this one against a scheduler's own in its place.

pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
