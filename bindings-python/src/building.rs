//! A token source that is being made, while its credential file may take long to open or to read.

use crate::failure::{Failure, either, guarded};
use crate::identity::Asked;
use crate::snapshot::snapshot;
use crate::source::Source;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rolebridge::{Builder, TokenSource};
use std::path::PathBuf;
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
    /// Begins to make a source of a file, of JSON text, of an audience, or of what the variables name; `aside`, the file is read by
    /// another thread than the one that waits. `identity` is how a thread is started, and what it calls.
    #[staticmethod]
    #[expect(clippy::too_many_arguments, reason = "the options of a source, which the Python side names")]
    fn begin(
        file: Option<PathBuf>,
        json: Option<String>,
        audience: Option<String>,
        service_account: Option<String>,
        scopes: Option<Vec<String>>,
        quota_project_id: Option<String>,
        universe_domain: Option<String>,
        allow_endpoints: Option<Vec<String>>,
        profile: Option<String>,
        role_arn: Option<String>,
        role_session_name: Option<String>,
        external_id: Option<String>,
        identity: Option<(Py<PyAny>, Py<PyAny>)>,
        variables: &Bound<'_, PyDict>,
        aside: bool,
    ) -> PyResult<Building> {
        let reads_no_file = json.is_some() || audience.is_some();
        // Every later snapshot is given to `request`, so that this one is not the source's for life.
        let mut builder = Builder::default().environment(snapshot(variables)?);
        if let Some(path) = file {
            builder = builder.file(path);
        }
        if let Some(text) = json {
            builder = builder.json(text);
        }
        if let Some(audience) = audience {
            builder = builder.audience(audience);
        }
        if let Some(email) = service_account {
            builder = builder.service_account(email);
        }
        if let Some(scopes) = scopes {
            builder = builder.scopes(scopes);
        }
        if let Some(project) = quota_project_id {
            builder = builder.quota_project(project);
        }
        if let Some(domain) = universe_domain {
            builder = builder.universe_domain(domain);
        }
        if let Some(origins) = allow_endpoints {
            builder = builder.allow_endpoints(origins);
        }
        if let Some(name) = profile {
            builder = builder.profile(name);
        }
        if let Some(role_arn) = role_arn {
            builder = builder.role_arn(role_arn);
        }
        if let Some(name) = role_session_name {
            builder = builder.role_session_name(name);
        }
        if let Some(id) = external_id {
            builder = builder.external_id(id);
        }
        if let Some((start, ask)) = identity {
            builder = builder.identity(Asked::new(start, ask));
        }
        Ok(if aside && !reads_no_file { Building::aside(builder) } else { Building::here(builder) })
    }

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
