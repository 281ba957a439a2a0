//! `rolebridge.TokenSource`: core's, with Python's environment, waiting and errors.

use crate::environment::snapshot;
use crate::errors::raised;
use crate::token::Token;
use arc_swap::ArcSwapOption;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyString, PyTuple, PyType};
use rolebridge::binding::{self, Pending};
use rolebridge::{Builder, Error};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How long the main thread waits before it looks for signals again.
const SIGNAL_SLICE: Duration = Duration::from_millis(50);

/// Google access tokens for this AWS workload, minted when they are needed and renewed ahead of their end.
///
/// Making one reads the credential file and starts nothing. Objects of equal configuration share one cache. All calls
/// may be made from any thread; those that wait let other threads run.
#[pyclass(frozen, module = "rolebridge")]
pub(crate) struct TokenSource {
    source: rolebridge::TokenSource,
    /// The object of the token last handed out, so that a hit copies nothing.
    kept: ArcSwapOption<Py<Token>>,
    recipe: Recipe,
}

/// What a source was made of: enough to make it again in another process.
#[derive(Clone)]
struct Recipe {
    text: Text,
    options: Options,
}

#[derive(Clone)]
enum Text {
    File(PathBuf),
    Json(String),
    Environment,
}

#[derive(Clone, Default)]
struct Options {
    scopes: Option<Vec<String>>,
    quota_project_id: Option<String>,
    universe_domain: Option<String>,
    allow_endpoints: Option<Vec<String>>,
}

impl TokenSource {
    fn build(py: Python<'_>, text: Text, options: Options) -> PyResult<TokenSource> {
        let builder = match &text {
            Text::File(path) => Builder::default().file(path),
            Text::Json(text) => Builder::default().json(text),
            Text::Environment => Builder::default(),
        };
        // Every later snapshot is given to `request`, so that this one is not the source's for life.
        let builder = options.apply(builder).environment(snapshot(py)?);
        // Reading a file may take its time.
        let source = py.detach(|| builder.build()).map_err(|error| raised(py, &error))?;
        Ok(TokenSource { source, kept: ArcSwapOption::empty(), recipe: Recipe { text, options } })
    }

    /// Asks with the environment as it is now.
    pub(crate) fn request(&self, py: Python<'_>) -> PyResult<Pending> {
        Ok(binding::request(&self.source, &snapshot(py)?))
    }

    /// The Python object of a token.
    pub(crate) fn adopt(&self, py: Python<'_>, issued: rolebridge::Token) -> PyResult<Py<Token>> {
        if let Some(kept) = self.kept.load().as_ref().filter(|kept| kept.get().issued().is(&issued)) {
            return Ok(kept.clone_ref(py));
        }
        let token = Py::new(py, Token::new(py, issued)?)?;
        self.kept.store(Some(Arc::new(token.clone_ref(py))));
        Ok(token)
    }
}

#[pymethods]
impl TokenSource {
    /// From a credential file, `external_account` JSON of AWS.
    ///
    /// `scopes` are OAuth scopes, by default cloud-platform. `allow_endpoints` are origins that the file may name
    /// besides Google's and AWS's own. Errors: `ConfigError`, naming the field that is wrong. Nothing is sent.
    #[classmethod]
    #[pyo3(signature = (path, *, scopes=None, quota_project_id=None, universe_domain=None, allow_endpoints=None))]
    fn from_file(
        class: &Bound<'_, PyType>,
        path: PathBuf,
        scopes: Option<Vec<String>>,
        quota_project_id: Option<String>,
        universe_domain: Option<String>,
        allow_endpoints: Option<Vec<String>>,
    ) -> PyResult<TokenSource> {
        // It is still the same file for an object that is restored in another folder.
        let path = std::path::absolute(&path).unwrap_or(path);
        let options = Options { scopes, quota_project_id, universe_domain, allow_endpoints };
        TokenSource::build(class.py(), Text::File(path), options)
    }

    /// From a credential file's text, or the dict in it. Options and errors as `from_file`.
    #[classmethod]
    #[pyo3(signature = (info, *, scopes=None, quota_project_id=None, universe_domain=None, allow_endpoints=None))]
    fn from_info(
        class: &Bound<'_, PyType>,
        info: &Bound<'_, PyAny>,
        scopes: Option<Vec<String>>,
        quota_project_id: Option<String>,
        universe_domain: Option<String>,
        allow_endpoints: Option<Vec<String>>,
    ) -> PyResult<TokenSource> {
        let py = class.py();
        let text = match info.cast::<PyString>() {
            Ok(text) => text.extract()?,
            Err(_) => py.import("json")?.call_method1("dumps", (info,))?.extract()?,
        };
        let options = Options { scopes, quota_project_id, universe_domain, allow_endpoints };
        TokenSource::build(py, Text::Json(text), options)
    }

    /// From what the environment names: `ROLEBRIDGE_CREDENTIALS` (a path or the JSON itself), else
    /// `GOOGLE_APPLICATION_CREDENTIALS` (a path). Options and errors as `from_file`.
    #[classmethod]
    #[pyo3(signature = (*, scopes=None, quota_project_id=None, universe_domain=None, allow_endpoints=None))]
    fn from_env(
        class: &Bound<'_, PyType>,
        scopes: Option<Vec<String>>,
        quota_project_id: Option<String>,
        universe_domain: Option<String>,
        allow_endpoints: Option<Vec<String>>,
    ) -> PyResult<TokenSource> {
        let options = Options { scopes, quota_project_id, universe_domain, allow_endpoints };
        TokenSource::build(class.py(), Text::Environment, options)
    }

    /// Starts the minting of a token, unless one is at hand, and returns at once.
    ///
    /// For a program that imports its other libraries meanwhile. It never raises: whatever goes wrong is told to the first
    /// call that wants the token.
    fn warm(&self, py: Python<'_>) {
        if self.source.cached().is_none() {
            drop(self.request(py));
        }
    }

    /// An access token that is valid now; waits only when none is left.
    ///
    /// Errors: `RolebridgeError`, or what a signal handler raises (`KeyboardInterrupt`), which disturbs nobody else who
    /// waits for the same token.
    fn token(&self, py: Python<'_>) -> PyResult<Py<Token>> {
        if let Some(issued) = self.source.cached() {
            return self.adopt(py, issued);
        }
        let mut pending = self.request(py)?.wake_in_chain();
        let result = match pending.block_for(Duration::ZERO) {
            Some(result) => result,
            None => wait(py, pending)?,
        };
        match result {
            Ok(issued) => self.adopt(py, issued),
            Err(error) => Err(raised(py, &error)),
        }
    }

    /// As `token`, for asyncio: a future of the running loop. Cancelling it disturbs nobody else.
    fn token_async<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("rolebridge._asyncio")?.call_method1("token", (slf,))
    }

    /// The headers of a request to a Google API, as a new dict: `authorization`, and `x-goog-user-project` where a quota
    /// project is set. Waits and errors as `token`.
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let token = self.token(py)?;
        let headers = [("authorization", token.get().authorization(py))].into_py_dict(py)?;
        if let Some(project) = self.source.quota_project() {
            headers.set_item("x-goog-user-project", project)?;
        }
        Ok(headers)
    }

    /// The token at hand, if nothing needs to be done for it; starts nothing.
    fn cached(&self, py: Python<'_>) -> PyResult<Option<Py<Token>>> {
        self.source.cached().map(|issued| self.adopt(py, issued)).transpose()
    }

    /// An API answered 401 to `token`: the next call mints another, if this is the cached one and at least thirty
    /// seconds old. (A refusal of a younger one has another cause.)
    fn refused(&self, py: Python<'_>, token: &Bound<'_, Token>) -> PyResult<()> {
        binding::invalidate(&self.source, token.get().issued(), &snapshot(py)?);
        Ok(())
    }

    /// The same source for other scopes, with the same cache.
    fn with_scopes(&self, scopes: Vec<String>) -> TokenSource {
        let source = self.source.with_scopes(scopes.iter());
        let mut recipe = self.recipe.clone();
        recipe.options.scopes = Some(scopes);
        TokenSource { source, kept: ArcSwapOption::empty(), recipe }
    }

    /// The service account whose tokens these are; `None` in direct access.
    #[getter]
    fn service_account_email(&self) -> Option<&str> {
        self.source.service_account()
    }

    /// The project of this credential, with no request made.
    #[getter]
    fn project_id(&self) -> Option<&str> {
        self.source.project()
    }

    /// The project that pays for quota, if one is set.
    #[getter]
    fn quota_project_id(&self) -> Option<&str> {
        self.source.quota_project()
    }

    /// What the tokens are good for, as OAuth scopes.
    #[getter]
    fn scopes(&self) -> Vec<String> {
        self.source.scopes().to_vec()
    }

    /// The universe domain of the program, `googleapis.com` unless it or the environment names another.
    #[getter]
    fn universe_domain(&self) -> &str {
        self.source.universe_domain()
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.source)
    }

    /// It never changes, so that a copy is itself.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    /// Pickles as what it was made of, never with a token. A client secret in the text of `from_info` goes along.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let Recipe { text, options } = &slf.get().recipe;
        let (name, arguments) = match text {
            Text::File(path) => ("from_file", (path.as_os_str(),).into_pyobject(py)?),
            Text::Json(text) => ("from_info", (text,).into_pyobject(py)?),
            Text::Environment => ("from_env", PyTuple::empty(py)),
        };
        let maker = slf.get_type().getattr(name)?;
        let maker = py.import("functools")?.getattr("partial")?.call((maker,), Some(&options.keywords(py)?))?;
        Ok((maker, arguments))
    }
}

impl Options {
    fn apply(&self, mut builder: Builder) -> Builder {
        if let Some(scopes) = &self.scopes {
            builder = builder.scopes(scopes);
        }
        if let Some(project) = &self.quota_project_id {
            builder = builder.quota_project(project);
        }
        if let Some(domain) = &self.universe_domain {
            builder = builder.universe_domain(domain);
        }
        if let Some(origins) = &self.allow_endpoints {
            builder = builder.allow_endpoints(origins);
        }
        builder
    }

    fn keywords<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let keywords = PyDict::new(py);
        keywords.set_item("scopes", &self.scopes)?;
        keywords.set_item("quota_project_id", &self.quota_project_id)?;
        keywords.set_item("universe_domain", &self.universe_domain)?;
        keywords.set_item("allow_endpoints", &self.allow_endpoints)?;
        Ok(keywords)
    }
}

/// Blocks without the interpreter's lock. The main thread, where alone signals are handled, looks for them meanwhile.
fn wait(py: Python<'_>, mut pending: Pending) -> PyResult<Result<rolebridge::Token, Error>> {
    if !is_main_thread(py)? {
        return Ok(py.detach(|| pending.block()));
    }
    loop {
        if let Some(result) = py.detach(|| pending.block_for(SIGNAL_SLICE)) {
            return Ok(result);
        }
        py.check_signals()?;
    }
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    threading.call_method0("get_ident")?.eq(threading.call_method0("main_thread")?.getattr("ident")?)
}
