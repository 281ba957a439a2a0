//! A token source that is being made, while its credential file may take long to open or to read.

use crate::failure::{Failure, either, guarded};
use crate::source::Source;
use pyo3::prelude::*;
use rolebridge::{Builder, TokenSource};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

type Built = Result<TokenSource, Failure>;

/// A source that is being made. Dropping it leaves the file to the thread that reads it.
#[pyclass(module = "rolebridge._native")]
pub(crate) struct Building {
    stage: Stage,
}

enum Stage {
    /// To be made by the thread that waits.
    Here(Box<Builder>),
    /// Made by a thread of its own, which ends with it. (The lock is for `Sync` alone: one thread waits.)
    Aside(Mutex<Receiver<Built>>, Option<JoinHandle<()>>),
    Over,
}

impl Building {
    pub(crate) fn here(builder: Builder) -> Building {
        Building { stage: Stage::Here(Box::new(builder)) }
    }

    /// On a thread of its own where one is to be had: a system call that opens a file is not ended by a signal, so that
    /// the main thread, which handles signals, must not be in it.
    pub(crate) fn aside(builder: Builder) -> Building {
        let (sender, receiver) = sync_channel(1);
        let for_it = builder.clone();
        let work = move || {
            // Nobody may wait any more.
            let _ = sender.send(guarded(|| for_it.build()));
        };
        match std::thread::Builder::new().name("rolebridge-file".to_owned()).spawn(work) {
            Ok(thread) => Building { stage: Stage::Aside(Mutex::new(receiver), Some(thread)) },
            Err(_) => Building::here(builder),
        }
    }
}

#[pymethods]
impl Building {
    /// Waits for so many seconds, or until it is made; none if it is still to come, or was given before.
    fn wait<'py>(&mut self, py: Python<'py>, seconds: Option<f64>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let built = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Here(builder) => py.detach(|| guarded(|| builder.build())),
            Stage::Aside(receiver, thread) => match py.detach(|| received(&receiver, seconds)) {
                Err(RecvTimeoutError::Timeout) => {
                    self.stage = Stage::Aside(receiver, thread);
                    return Ok(None);
                }
                Err(RecvTimeoutError::Disconnected) => Err(Failure::PANIC),
                Ok(built) => {
                    // It has nothing left to do; whoever counts threads does not count it.
                    let _ = py.detach(|| thread.map(JoinHandle::join));
                    built
                }
            },
            Stage::Over => return Ok(None),
        };
        either(py, built.map(Source::new)).map(Some)
    }
}

fn received(receiver: &Mutex<Receiver<Built>>, seconds: Option<f64>) -> Result<Built, RecvTimeoutError> {
    let receiver = receiver.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match seconds {
        Some(seconds) => receiver.recv_timeout(Duration::try_from_secs_f64(seconds).unwrap_or_default()),
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}
