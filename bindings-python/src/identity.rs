//! An identity that the program supplies: asked on a thread of Python's own, and what comes of it as core's types.
//!
//! The engine's pool only has that thread started, by a function of the interpreter that is written in C. So Python code
//! never runs below a frame of ours, where the interpreter could not end its thread when the process ends.

use futures_channel::oneshot;
use pyo3::prelude::*;
use rolebridge::binding::{self, AtWork, Unusable};
use rolebridge::{IdentitySupplier, SuppliedIdentity, Supplying};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Reply = Result<SuppliedIdentity, Cause>;

/// How a supplier is asked: `start(ask, (question,))` starts a thread that calls `ask` with the question.
#[derive(Clone)]
pub(crate) struct Asked {
    start: Arc<Py<PyAny>>,
    ask: Arc<Py<PyAny>>,
}

impl Asked {
    pub(crate) fn new(start: Py<PyAny>, ask: Py<PyAny>) -> Asked {
        Asked { start: Arc::new(start), ask: Arc::new(ask) }
    }

    /// Has the thread started; errors as the interpreter tells them.
    fn begin(&self, question: Question) -> Result<(), Cause> {
        let begun = Python::try_attach(|py| -> PyResult<()> {
            let question = Py::new(py, question)?;
            self.start.bind(py).call1((self.ask.bind(py), (question,)))?;
            Ok(())
        });
        match begun {
            Some(result) => result.map_err(|error| Box::new(Raised::new(error)) as Cause),
            None => Err("Python is ending".into()),
        }
    }
}

impl IdentitySupplier for Asked {
    fn supply(&self) -> Supplying {
        let (sender, answer) = oneshot::channel();
        let question = Question { work: AtWork::here(), sender: Mutex::new(Some(sender)) };
        let asked = self.clone();
        // The interpreter's lock is waited for, which another thread may hold for long.
        let begun = binding::on_another_thread(move || asked.begin(question));
        Box::pin(async move {
            begun.await??;
            answer.await.unwrap_or_else(|_| Err("its thread ended without an answer".into()))
        })
    }
}

/// One question to a supplier: it is answered once, and an answer that comes too late is passed over.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Question {
    work: Option<AtWork>,
    sender: Mutex<Option<oneshot::Sender<Reply>>>,
}

impl Question {
    fn answer(&self, reply: Reply) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // Nobody waits any more after the budget.
            let _ = sender.send(reply);
        }
    }
}

#[pymethods]
impl Question {
    /// This thread works for the supplier from now on, so that a token which needs its answer is refused here.
    fn begin(&self) {
        if let Some(work) = self.work {
            work.for_life();
        }
    }

    /// The identity. `expires_at` is in seconds since 1970.
    #[pyo3(signature = (access_key_id, secret_access_key, session_token, expires_at, region))]
    fn supply(
        &self,
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        expires_at: Option<f64>,
        region: Option<String>,
    ) {
        let identity = binding::supplied_identity(access_key_id, secret_access_key, session_token, expires_at, region);
        self.answer(Ok(identity));
    }

    /// What the supplier gave is no identity: the end of the sentence that says so.
    fn refuse(&self, problem: String) {
        self.answer(Err(Box::new(Unusable(problem))));
    }

    /// What the supplier raised.
    fn fail(&self, exception: &Bound<'_, PyAny>) {
        self.answer(Err(Box::new(Raised::new(PyErr::from_value(exception.clone())))));
    }
}

/// An exception of Python's on its way through core, where it is the cause of an error.
#[derive(Debug)]
pub(crate) struct Raised {
    words: String,
    exception: Py<PyAny>,
}

impl Raised {
    fn new(error: PyErr) -> Raised {
        Python::attach(|py| Raised {
            words: error.get_type(py).name().map_or_else(|_| "an exception".to_owned(), |name| name.to_string()),
            exception: error.into_value(py).into_any(),
        })
    }

    pub(crate) fn exception(&self, py: Python<'_>) -> Py<PyAny> {
        self.exception.clone_ref(py)
    }
}

/// Its class alone: what it says of itself is Python code, and Python's to print.
impl fmt::Display for Raised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

impl std::error::Error for Raised {}
