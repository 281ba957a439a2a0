//! How a token source is made: where its file is, what it may name, and what the environment adds.

use super::TokenSource;
use super::refresh::Setup;
use crate::config::{self, Config, Endpoints};
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::{Host, native};
use crate::mint::{ProcessStore, Product, Store, TokenRequest};
use http::HeaderValue;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// What is asked for when nobody names a scope, as Google's libraries do.
const DEFAULT_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

impl TokenSource {
    /// From a credential file, `external_account` JSON as `create-cred-config --aws` writes it (AIP-4117).
    ///
    /// # Errors
    /// [`Kind::Config`], naming the JSON path of what is wrong. Nothing is sent.
    pub fn from_file(path: impl AsRef<Path>) -> Result<TokenSource, Error> {
        TokenSource::builder().file(path).build()
    }

    /// From a credential file's text. Errors as [`TokenSource::from_file`].
    pub fn from_json(text: impl Into<String>) -> Result<TokenSource, Error> {
        TokenSource::builder().json(text).build()
    }

    /// From what the environment names: `ROLEBRIDGE_CREDENTIALS` (a path or the JSON itself), else
    /// `GOOGLE_APPLICATION_CREDENTIALS` (a path). Errors as [`TokenSource::from_file`].
    pub fn from_env() -> Result<TokenSource, Error> {
        TokenSource::builder().build()
    }

    /// With options.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

/// The options of a [`TokenSource`]. Nothing is read before [`Builder::build`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    text: Option<Text>,
    scopes: Vec<String>,
    quota_project: Option<String>,
    universe_domain: Option<String>,
    allowed_origins: Vec<String>,
    environment: Option<Environment>,
    outside: Option<(Arc<dyn Host>, Arc<dyn Store>)>,
}

#[derive(Clone)]
enum Text {
    File(std::path::PathBuf),
    Json(String),
}

impl Text {
    fn read(self) -> Result<String, Error> {
        match self {
            Text::Json(text) => Ok(text),
            Text::File(path) => native::read_credential_file(&path),
        }
    }
}

/// A text may hold a client's secret.
impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::File(path) => path.fmt(formatter),
            Text::Json(_) => formatter.write_str("JSON"),
        }
    }
}

impl Builder {
    /// A credential file's path.
    pub fn file(mut self, path: impl AsRef<Path>) -> Builder {
        self.text = Some(Text::File(path.as_ref().to_owned()));
        self
    }

    /// A credential file's text.
    pub fn json(mut self, text: impl Into<String>) -> Builder {
        self.text = Some(Text::Json(text.into()));
        self
    }

    /// OAuth scopes; `https://www.googleapis.com/auth/cloud-platform` if none is named.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Builder {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The project that pays for quota, over the environment's and the file's. It is sent to the APIs that are called,
    /// never to the services that mint the token.
    pub fn quota_project(mut self, project: impl Into<String>) -> Builder {
        self.quota_project = Some(project.into());
        self
    }

    /// The universe domain to which a credential file may belong, over `GOOGLE_CLOUD_UNIVERSE_DOMAIN`.
    pub fn universe_domain(mut self, domain: impl Into<String>) -> Builder {
        self.universe_domain = Some(domain.into());
        self
    }

    /// Lets the credential file name endpoints at these origins, such as `https://sts.example.com`, besides Google's and
    /// AWS's own. Tokens go there: allow only what you run yourself.
    pub fn allow_endpoints<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Builder {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// One environment for the whole life of the source, in place of the process's own, which is otherwise read when
    /// the source is built and again for each minting.
    pub fn environment(mut self, environment: Environment) -> Builder {
        self.environment = Some(environment);
        self
    }

    #[cfg(test)]
    pub(crate) fn outside(mut self, host: Arc<dyn Host>, store: Arc<dyn Store>) -> Builder {
        self.outside = Some((host, store));
        self
    }

    /// Reads the credential file. Errors as [`TokenSource::from_file`].
    pub fn build(self) -> Result<TokenSource, Error> {
        let (host, store) = self.outside.unwrap_or_else(|| (Arc::new(native::Native), Arc::new(ProcessStore)));
        let environment = self.environment.clone().unwrap_or_else(|| host.environment());
        let text = self.text.or_else(|| named_by(&environment)).ok_or_else(nothing_named)?.read()?;
        let domain = self.universe_domain.as_deref().or(environment.value(env_names::GOOGLE_CLOUD_UNIVERSE_DOMAIN));
        let loopback = environment.value(env_names::ROLEBRIDGE_ALLOW_LOOPBACK) == Some("1");
        let config = Config::parse(&text, &Endpoints::new(domain, loopback, &self.allowed_origins))?;

        let quota_project = self
            .quota_project
            .or_else(|| environment.value(env_names::GOOGLE_CLOUD_QUOTA_PROJECT).map(str::to_owned))
            .or_else(|| config.quota_project.clone());
        let quota_project = quota_project.map(|project| {
            let header = HeaderValue::try_from(&project).ok().filter(|_| config::is_project(&project));
            let message = format!("the quota project `{project}` is not a project's name");
            header.ok_or_else(|| Error::new(Kind::Config, Step::Config, message))
        });
        let project = environment
            .value(env_names::GOOGLE_CLOUD_PROJECT)
            .map(str::to_owned)
            .or_else(|| config.project.clone())
            .or_else(|| config.service_account().and_then(project_of));

        let product = Product::AccessToken { scopes: scope_list(self.scopes) };
        Ok(TokenSource::new(Setup {
            request: TokenRequest { config: Arc::new(config), product },
            quota_project: quota_project.transpose()?,
            project,
            environment: self.environment,
            host,
            store,
        }))
    }
}

/// Each once, in the order named.
pub(super) fn scope_list<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Arc<[String]> {
    let mut list: Vec<String> = Vec::new();
    for scope in scopes.into_iter().map(Into::into) {
        if !list.contains(&scope) {
            list.push(scope);
        }
    }
    if list.is_empty() {
        list.push(DEFAULT_SCOPE.to_owned());
    }
    list.into()
}

pub(crate) fn credential_text(environment: &Environment) -> Result<Option<String>, Error> {
    named_by(environment).map(Text::read).transpose()
}

fn named_by(environment: &Environment) -> Option<Text> {
    if let Some(named) = environment.value(env_names::ROLEBRIDGE_CREDENTIALS) {
        // Nobody's path holds these; a damaged JSON text taken for a path would be shown in the error.
        let is_json = named.contains(['{', '"', '\n']);
        let file = || environment.path(env_names::ROLEBRIDGE_CREDENTIALS).map(Text::File);
        return if is_json { Some(Text::Json(named.to_owned())) } else { file() };
    }
    environment.path(env_names::GOOGLE_APPLICATION_CREDENTIALS).map(Text::File)
}

fn nothing_named() -> Error {
    Error::config("", "is not named: neither ROLEBRIDGE_CREDENTIALS nor GOOGLE_APPLICATION_CREDENTIALS is set")
        .hinting("write one with `gcloud iam workload-identity-pools create-cred-config … --aws` and name its path")
}

/// The project in a service account's name: `name@PROJECT.iam.gserviceaccount.com`, and `example.com:PROJECT` for
/// `name@PROJECT.example.com.iam.gserviceaccount.com`.
fn project_of(service_account: &str) -> Option<String> {
    let name = service_account.split_once('@')?.1.strip_suffix(".iam.gserviceaccount.com")?;
    Some(match name.split_once('.') {
        None => name.to_owned(),
        Some((project, domain)) => format!("{domain}:{project}"),
    })
}
