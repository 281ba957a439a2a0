//! Where one event loop is told that its tokens are there, through a pipe that it watches.
//!
//! The thread that mints tokens writes a byte and never takes the interpreter's lock, which another thread may hold for
//! milliseconds. `rolebridge._asyncio` is the other half.

use crate::errors::raised;
use crate::token_source::TokenSource;
use pyo3::prelude::*;
use rolebridge::{Error, Token};
use std::collections::HashMap;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The answers that one event loop waits for.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Inbox {
    arrivals: Arc<Arrivals>,
    asked: Mutex<Asked>,
}

/// Both ends live as long as either side needs them, so that a write never meets a closed pipe.
struct Arrivals {
    reader: PipeReader,
    writer: PipeWriter,
    unread: Mutex<Vec<(u64, Result<Token, Error>)>>,
}

#[derive(Default)]
struct Asked {
    last: u64,
    by_number: HashMap<u64, Py<TokenSource>>,
}

impl Arrivals {
    /// At most one byte is in the pipe, whoever comes how often: the write does not block.
    fn push(&self, number: u64, result: Result<Token, Error>) {
        let mut unread = locked(&self.unread);
        if unread.is_empty() {
            // It fails only when the process is out of memory for pipes, which says nothing about this token.
            let _ = (&self.writer).write_all(&[0]);
        }
        unread.push((number, result));
    }

    fn take(&self) -> io::Result<Vec<(u64, Result<Token, Error>)>> {
        let mut unread = locked(&self.unread);
        if !unread.is_empty() {
            (&self.reader).read_exact(&mut [0])?;
        }
        Ok(std::mem::take(&mut unread))
    }
}

type Delivery<'py> = (u64, Option<Py<crate::token::Token>>, Option<Bound<'py, PyAny>>);

#[pymethods]
impl Inbox {
    #[new]
    fn new() -> io::Result<Inbox> {
        let (reader, writer) = io::pipe()?;
        Ok(Inbox { arrivals: Arc::new(Arrivals { reader, writer, unread: Mutex::default() }), asked: Mutex::default() })
    }

    /// The file descriptor that is readable while an answer lies here. Errors: `NotImplementedError` where there is none.
    fn fileno(&self) -> PyResult<i32> {
        #[cfg(unix)]
        return Ok(std::os::fd::AsRawFd::as_raw_fd(&self.arrivals.reader));
        #[cfg(not(unix))]
        Err(pyo3::exceptions::PyNotImplementedError::new_err("no event loop watches a pipe here"))
    }

    /// Asks a source for a token; the answer will lie here under the number returned.
    fn request(&self, py: Python<'_>, source: Py<TokenSource>) -> PyResult<u64> {
        let pending = source.get().request(py)?;
        let number = {
            let mut asked = locked(&self.asked);
            asked.last += 1;
            let number = asked.last;
            asked.by_number.insert(number, source);
            number
        };
        let arrivals = Arc::clone(&self.arrivals);
        pending.when_settled(move |result| arrivals.push(number, result));
        Ok(number)
    }

    /// What has arrived: a number, and either a token or an exception.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Vec<Delivery<'py>>> {
        let mut deliveries = Vec::new();
        for (number, result) in self.arrivals.take()? {
            let Some(source) = locked(&self.asked).by_number.remove(&number) else { continue };
            // One that cannot be made into an object does not cost the others theirs.
            let delivery = match result {
                Ok(token) => source.get().adopt(py, token),
                Err(error) => Err(raised(py, &error)),
            };
            deliveries.push(match delivery {
                Ok(token) => (number, Some(token), None),
                Err(error) => (number, None, Some(error.into_value(py).into_bound(py).into_any())),
            });
        }
        Ok(deliveries)
    }
}

/// A panic leaves none of these half-changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
