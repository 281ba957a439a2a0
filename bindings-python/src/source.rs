//! Core's token source, with the Python object of the current token.

use crate::failure::{Failure, either, guarded};
use crate::logging::Record;
use crate::pending::Pending;
use crate::signature::PendingSignature;
use crate::snapshot::snapshot;
use crate::token::{Issued, Token};
use arc_swap::ArcSwapOption;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rolebridge::TokenSource;
use std::sync::Arc;

/// What `rolebridge.TokenSource` is made around.
#[pyclass(frozen, module = "rolebridge._native")]
pub(crate) struct Source {
    source: TokenSource,
    /// The object of the token last handed out, so that a hit copies nothing.
    kept: ArcSwapOption<Py<Token>>,
}

impl Source {
    pub(crate) fn new(source: TokenSource) -> Source {
        Source { source, kept: ArcSwapOption::empty() }
    }

    pub(crate) fn requested(
        &self,
        variables: &Bound<'_, PyDict>,
    ) -> PyResult<Result<rolebridge::binding::Pending, Failure>> {
        let environment = snapshot(variables)?;
        Ok(guarded(|| Ok(rolebridge::binding::request(&self.source, &environment))))
    }

    pub(crate) fn asked_to_sign(
        &self,
        payload: &[u8],
        variables: &Bound<'_, PyDict>,
    ) -> PyResult<Result<rolebridge::binding::PendingSignature, Failure>> {
        let environment = snapshot(variables)?;
        Ok(guarded(|| Ok(rolebridge::binding::sign(&self.source, payload, &environment))))
    }

    fn kept_of(&self, py: Python<'_>, issued: &rolebridge::Token) -> Option<Py<Token>> {
        self.kept.load().as_ref().filter(|kept| kept.get().issued().is(issued)).map(|kept| kept.clone_ref(py))
    }
}

#[pymethods]
impl Source {
    /// The object of the cached token, if that needs no renewal and it was made into one before.
    fn kept(&self, py: Python<'_>) -> Option<Py<Token>> {
        let issued = guarded(|| Ok(self.source.cached())).ok()??;
        self.kept_of(py, &issued)
    }

    /// The cached token, if it needs no renewal; starts nothing.
    fn cached(&self) -> Option<Issued> {
        guarded(|| Ok(self.source.cached())).ok()?.map(Issued::new)
    }

    /// The object of a token, made with this date for its end unless it is the one that is kept.
    fn adopt(&self, py: Python<'_>, issued: &Bound<'_, Issued>, expires_at: Py<PyAny>) -> PyResult<Py<Token>> {
        let issued = issued.get().token();
        if let Some(kept) = self.kept_of(py, issued) {
            return Ok(kept);
        }
        let token = Py::new(py, Token::new(py, issued.clone(), expires_at))?;
        self.kept.store(Some(Arc::new(token.clone_ref(py))));
        Ok(token)
    }

    /// Asks for a token with the environment as it is now: what can be waited for, or a failure.
    fn request<'py>(&self, variables: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        either(variables.py(), self.requested(variables)?.map(Pending::new))
    }

    /// A source of ID tokens for one audience, or a failure.
    fn id_tokens<'py>(&self, py: Python<'py>, audience: &str, includes_email: bool) -> PyResult<Bound<'py, PyAny>> {
        let made = || rolebridge::binding::id_tokens(&self.source, audience, includes_email);
        either(py, guarded(made).map(Source::new))
    }

    /// Has the service account sign: what can be waited for, or a failure.
    fn sign<'py>(&self, payload: &[u8], variables: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
        either(variables.py(), self.asked_to_sign(payload, variables)?.map(PendingSignature))
    }

    /// An API answered 401 to the token: whether the next request mints another, or a failure.
    fn invalidate<'py>(
        &self,
        token: &Bound<'py, Token>,
        variables: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let environment = snapshot(variables)?;
        let invalidate = || rolebridge::binding::invalidate(&self.source, token.get().issued(), &environment);
        either(variables.py(), guarded(|| Ok(invalidate())))
    }

    /// What the flights of this process told since somebody asked last.
    fn log_records(&self) -> Vec<Record> {
        let reports = guarded(|| Ok(rolebridge::binding::flight_reports(&self.source)));
        reports.map(|reports| Record::all(&reports)).unwrap_or_default()
    }

    /// The same source for other scopes, with the same cache.
    fn with_scopes<'py>(&self, py: Python<'py>, scopes: Vec<String>) -> PyResult<Bound<'py, PyAny>> {
        either(py, guarded(|| Ok(Source::new(self.source.with_scopes(scopes)))))
    }

    #[getter]
    fn service_account(&self) -> Option<&str> {
        self.source.service_account()
    }

    #[getter]
    fn project(&self) -> Option<&str> {
        self.source.project()
    }

    #[getter]
    fn quota_project(&self) -> Option<&str> {
        self.source.quota_project()
    }

    #[getter]
    fn audience(&self) -> &str {
        rolebridge::binding::audience(&self.source)
    }

    #[getter]
    fn scopes(&self) -> Vec<String> {
        self.source.scopes().to_vec()
    }

    #[getter]
    fn universe_domain(&self) -> &str {
        self.source.universe_domain()
    }
}

/// The text that the variables point to, of any credential type; none if no variable names one; or a failure.
#[pyfunction]
pub(crate) fn credential_text<'py>(variables: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    let environment = snapshot(variables)?;
    let py = variables.py();
    either(py, py.detach(|| guarded(|| rolebridge::binding::credential_text(&environment))))
}

/// Whether a credential file's text is for Rolebridge, however wrong the rest of it may be.
#[pyfunction]
pub(crate) fn is_supported(text: &str) -> bool {
    guarded(|| Ok(rolebridge::binding::is_supported(text))).unwrap_or_default()
}
