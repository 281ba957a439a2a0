//! Where one event loop is told that its tokens are there, through a pipe that it watches.
//!
//! The thread that mints tokens writes a byte and never takes the interpreter's lock, which another thread may hold for
//! milliseconds. `rolebridge._asyncio` and `rolebridge._green` are the other half.

use crate::failure::{Failure, either, guarded};
use crate::signature;
use crate::source::Source;
use crate::token::Issued;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rolebridge::{Error, Signature, Token};
use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The answers that one event loop waits for.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Inbox {
    arrivals: Arc<Arrivals>,
    last: AtomicU64,
}

/// Both ends of the pipe close together, so that a write never meets a closed one.
struct Arrivals {
    reader: PipeReader,
    writer: PipeWriter,
    unread: Mutex<VecDeque<(u64, Answer)>>,
}

/// What was asked for, or why it is not to be had.
enum Answer {
    Token(Result<Token, Error>),
    Signature(Result<Signature, Error>),
}

impl Arrivals {
    /// At most one byte is in the pipe, whoever comes how often: the write does not block.
    fn push(&self, number: u64, answer: Answer) {
        let mut unread = locked(&self.unread);
        if unread.is_empty() {
            // It fails only when the process is out of memory for pipes, which says nothing about this token.
            let _ = (&self.writer).write_all(&[0]);
        }
        unread.push_back((number, answer));
    }

    /// The first of them; the byte is taken with the last.
    fn take(&self) -> io::Result<Option<(u64, Answer)>> {
        let mut unread = locked(&self.unread);
        let taken = unread.pop_front();
        if taken.is_some() && unread.is_empty() {
            (&self.reader).read_exact(&mut [0])?;
        }
        Ok(taken)
    }
}

/// What has arrived: the number of a request, and its token, its signature or its failure.
#[pyclass(frozen, get_all, module = "rolebridge._native")]
pub(crate) struct Arrival {
    number: u64,
    outcome: Py<PyAny>,
}

#[pymethods]
impl Inbox {
    #[new]
    fn new() -> io::Result<Inbox> {
        let (reader, writer) = io::pipe()?;
        let arrivals = Arrivals { reader, writer, unread: Mutex::default() };
        Ok(Inbox { arrivals: Arc::new(arrivals), last: AtomicU64::new(0) })
    }

    /// The file descriptor that is readable while an answer lies here. Errors: `NotImplementedError` where there is none.
    fn fileno(&self) -> PyResult<i32> {
        #[cfg(unix)]
        return Ok(std::os::fd::AsRawFd::as_raw_fd(&self.arrivals.reader));
        #[cfg(not(unix))]
        Err(pyo3::exceptions::PyNotImplementedError::new_err("no event loop watches a pipe here"))
    }

    /// Asks a source for a token; the answer will lie here under the number returned.
    fn request<'py>(&self, source: &Bound<'py, Source>, variables: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        let (number, announce) = self.announcer();
        let asked = source.get().requested(variables)?.and_then(|pending| {
            guarded(|| {
                pending.when_settled(move |result| announce(Answer::Token(result)));
                Ok(number)
            })
        });
        either(source.py(), asked)
    }

    /// Has a source's service account sign; the answer will lie here under the number returned.
    fn request_signature<'py>(
        &self,
        source: &Bound<'py, Source>,
        payload: &[u8],
        variables: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (number, announce) = self.announcer();
        let asked = source.get().asked_to_sign(payload, variables)?.and_then(|pending| {
            guarded(|| {
                pending.when_settled(move |result| announce(Answer::Signature(result)));
                Ok(number)
            })
        });
        either(source.py(), asked)
    }

    /// One answer that has arrived; none if there is no more.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Arrival>> {
        let Some((number, answer)) = self.arrivals.take()? else { return Ok(None) };
        let outcome = match answer {
            Answer::Token(result) => either(py, result.map(Issued::new).map_err(Failure::from))?,
            Answer::Signature(result) => either(py, result.map(signature::Signature).map_err(Failure::from))?,
        };
        Ok(Some(Arrival { number, outcome: outcome.unbind() }))
    }
}

impl Inbox {
    /// A number, and what lays its answer here.
    fn announcer(&self) -> (u64, impl FnOnce(Answer) + Send + 'static) {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        // The flight may outlast this inbox by half a minute, and must not keep its descriptors open so long.
        let arrivals = Arc::downgrade(&self.arrivals);
        let announce = move |answer| {
            if let Some(arrivals) = arrivals.upgrade() {
                arrivals.push(number, answer);
            }
        };
        (number, announce)
    }
}

/// A panic leaves none of these half-changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
