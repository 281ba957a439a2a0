//! What belongs to one process, though `fork` copies it into another: made anew by the first miss there.
//!
//! A fork's child must not touch what holds its parent's locks or threads, and must not drop it either: the threads that
//! would be joined or told do not exist in it. So the parent's is left alone, and forgotten.

use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// A value that each process has its own of. It takes no lock: a fork may happen at any moment.
pub(crate) struct PerProcess<T>(ArcSwapOption<Owned<T>>);

struct Owned<T> {
    process: u32,
    value: Arc<T>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> PerProcess<T> {
        PerProcess(ArcSwapOption::const_empty())
    }

    /// This process's value; an empty one is made if it has none.
    pub(crate) fn here(&self) -> Arc<T> {
        let process = std::process::id();
        loop {
            let seen = self.0.load_full();
            if let Some(owned) = seen.as_ref().filter(|owned| owned.process == process) {
                return Arc::clone(&owned.value);
            }
            let made = Arc::new(Owned { process, value: Arc::default() });
            let before = self.0.compare_and_swap(&seen, Some(made));
            if let (Some(parents), true) = (seen, before.as_ref().is_some_and(|owned| owned.process != process)) {
                std::mem::forget(parents);
            }
        }
    }
}
