//! How a token source is made: where its file is, what it may name, and what the environment adds.

use super::TokenSource;
use super::refresh::Setup;
use crate::config::{self, Config, Endpoints};
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::{Host, native};
use crate::identity::IdentitySupplier;
use crate::mint::{IdentityOptions, ProcessStore, Product, Role, Store, Supplier, TokenRequest};
use crate::quote;
use http::HeaderValue;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is asked for when nobody names a scope, as Google's libraries do.
const DEFAULT_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

impl TokenSource {
    /// From a credential file, `external_account` JSON as `create-cred-config --aws` writes it (AIP-4117).
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming the JSON path of what is wrong. Nothing is sent.
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

    /// For a workload identity pool's AWS provider, `//iam.googleapis.com/projects/NUMBER/locations/global/
    /// workloadIdentityPools/POOL/providers/PROVIDER`, and the service account to impersonate, where there is no file.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::Kind::Config), naming what is wrong. Nothing is sent.
    pub fn from_audience(
        audience: impl Into<String>,
        service_account: impl Into<String>,
    ) -> Result<TokenSource, Error> {
        TokenSource::builder().audience(audience).service_account(service_account).build()
    }

    /// With options.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

/// The options of a [`TokenSource`]. Nothing is read before [`Builder::build`].
#[derive(Clone, Default)]
pub struct Builder {
    given: Option<Given>,
    service_account: Option<String>,
    scopes: Vec<String>,
    quota_project: Option<String>,
    universe_domain: Option<String>,
    allowed_origins: Vec<String>,
    identity: IdentityOptions,
    environment: Option<Environment>,
    outside: Option<(Arc<dyn Host>, Arc<dyn Store>)>,
}

/// What says whom to ask.
#[derive(Clone, Debug)]
enum Given {
    File(CredentialFile),
    /// No file is read: the program says what would stand in it.
    Audience(String),
}

/// What was given as the credential file, and by which variable, if not by the program.
#[derive(Clone, Debug)]
struct CredentialFile {
    content: Content,
    variable: Option<&'static str>,
}

#[derive(Clone)]
enum Content {
    File(PathBuf),
    Json(String),
}

impl Given {
    fn config(&self, service_account: Option<&str>, endpoints: &Endpoints) -> Result<Config, Error> {
        match self {
            Given::Audience(audience) => Config::of_audience(audience, service_account, endpoints),
            Given::File(_) if service_account.is_some() => {
                Err(Error::option("the option `service_account` goes with `audience`, and a credential file is used")
                    .hinting("name the account in the file, or give `audience` in place of the file"))
            }
            Given::File(file) => Config::parse(&file.read()?, endpoints).map_err(|error| match file.place() {
                Some(place) => error.noting(&place),
                None => error,
            }),
        }
    }
}

impl CredentialFile {
    fn read(&self) -> Result<String, Error> {
        match &self.content {
            Content::Json(text) if self.variable.is_none() && is_path_rather_than_json(text) => {
                Err(path_for_json(text))
            }
            Content::Json(text) => Ok(text.clone()),
            Content::File(path) => native::read_credential_file(path).map_err(|cause| self.unreadable(path, cause)),
        }
    }

    /// A file that cannot be read, or a text in the place of its path.
    fn unreadable(&self, path: &Path, cause: Error) -> Error {
        let Some(kind) = quote::Kind::of_no_path(&path.to_string_lossy()) else {
            return match self.variable {
                Some(variable) => cause.noting(&format!("named by `{variable}`")),
                None => cause,
            };
        };
        let (shown, json) = (quote::path(path), env_names::ROLEBRIDGE_CREDENTIALS);
        match self.variable {
            Some(variable) if variable == json => {
                Error::option(format!("`{json}` takes a credential file's path or its JSON, and holds {shown}"))
            }
            Some(variable) => Error::option(format!("`{variable}` takes a credential file's path, and holds {shown}")),
            None => Error::option(format!("the credential file's path is {shown}")),
        }
        .hinting(match (kind, self.variable) {
            (quote::Kind::Json, Some(_)) => {
                "set ROLEBRIDGE_CREDENTIALS to the JSON itself, or write it to a file and name that"
            }
            (quote::Kind::Json, None) => "give JSON to `from_json` (`from_info` in Python, `fromJSON` in Node)",
            (quote::Kind::Base64, _) => {
                "decode it, and set ROLEBRIDGE_CREDENTIALS to the JSON, or write that to a file and name the file"
            }
            (quote::Kind::Key | quote::Kind::Other, _) => {
                "name the file that `rolebridge config create` writes, or `gcloud iam workload-identity-pools create-cred-config … --aws`"
            }
        })
    }

    /// Where an error of the file's content is to be mended.
    fn place(&self) -> Option<String> {
        match (&self.content, self.variable) {
            (Content::File(path), None) => Some(format!("in {}", quote::path(path))),
            (Content::File(path), Some(variable)) => Some(format!("in {}, named by `{variable}`", quote::path(path))),
            (Content::Json(_), Some(variable)) => Some(format!("in `{variable}`")),
            (Content::Json(_), None) => None,
        }
    }
}

/// Whether a text that was given as JSON is one that nobody would take for it.
fn is_path_rather_than_json(text: &str) -> bool {
    quote::Kind::of_no_path(text).is_none()
        && text.contains(['.', '/', '\\'])
        && text.contains(char::is_alphabetic)
        && !text.contains(['[', ':', ','])
}

fn path_for_json(text: &str) -> Error {
    let shown = quote::path(Path::new(text));
    Error::option(format!("the credential file's JSON is {shown}, which looks like a path"))
        .hinting("give a path to `from_file` (`fromFile` in Node)")
}

/// A text may hold a client's secret, or be one that was taken for a path.
impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::File(path) => formatter.write_str(&quote::path(path)),
            Content::Json(_) => formatter.write_str("JSON"),
        }
    }
}

/// Options are texts that may hold a secret by mistake, and are checked only when the source is built.
impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("given", &self.given)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// A credential file's path.
    pub fn file(mut self, path: impl AsRef<Path>) -> Builder {
        let content = Content::File(path.as_ref().to_owned());
        self.given = Some(Given::File(CredentialFile { content, variable: None }));
        self
    }

    /// A credential file's text.
    pub fn json(mut self, text: impl Into<String>) -> Builder {
        let content = Content::Json(text.into());
        self.given = Some(Given::File(CredentialFile { content, variable: None }));
        self
    }

    /// In place of a credential file, the provider that vouches for AWS; see [`TokenSource::from_audience`]. Without a
    /// [`Builder::service_account`], the federated token itself is used (direct access).
    pub fn audience(mut self, audience: impl Into<String>) -> Builder {
        self.given = Some(Given::Audience(audience.into()));
        self
    }

    /// The e-mail address of the service account to impersonate, with [`Builder::audience`]; a credential file names its
    /// own.
    pub fn service_account(mut self, email: impl Into<String>) -> Builder {
        self.service_account = Some(email.into());
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
    /// AWS's own. Tokens go there: allow only what you run yourself. What is no http or https origin is an error.
    pub fn allow_endpoints<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Builder {
        self.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Takes the AWS identity from this supplier, in place of every source that Rolebridge reads by itself.
    ///
    /// ```
    /// # use rolebridge::{SuppliedIdentity, TokenSource};
    /// let builder = TokenSource::builder().identity(|| async { Ok(SuppliedIdentity::new("AKIDEXAMPLE", "secret")) });
    /// ```
    pub fn identity(mut self, supplier: impl IdentitySupplier + 'static) -> Builder {
        self.identity.supplier = Some(Supplier::new(Arc::new(supplier)));
        self
    }

    /// Takes the AWS identity from this profile of AWS's shared files, in place of every other source.
    pub fn profile(mut self, name: impl Into<String>) -> Builder {
        self.identity.profile = Some(name.into());
        self
    }

    /// Assumes this role, with the keys of whichever source, and uses it as the AWS identity:
    /// `arn:aws:iam::111122223333:role/name`.
    pub fn role_arn(mut self, role_arn: impl Into<String>) -> Builder {
        self.role().role_arn = role_arn.into();
        self
    }

    /// The name of that role's session, by which AWS and Google know the caller; `rolebridge` if none is chosen.
    pub fn role_session_name(mut self, name: impl Into<String>) -> Builder {
        self.role().session_name = Some(name.into());
        self
    }

    /// The external id for which that role's trust policy may ask.
    pub fn external_id(mut self, id: impl Into<String>) -> Builder {
        self.role().external_id = Some(id.into());
        self
    }

    fn role(&mut self) -> &mut Role {
        self.identity.role.get_or_insert_default()
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
        let identity = checked(self.identity)?;
        let given = self.given.or_else(|| named_by(&environment).map(Given::File)).ok_or_else(nothing_named)?;
        let domain = self.universe_domain.as_deref().or(environment.value(env_names::GOOGLE_CLOUD_UNIVERSE_DOMAIN));
        let loopback = environment.value(env_names::ROLEBRIDGE_ALLOW_LOOPBACK) == Some("1");
        let endpoints = Endpoints::new(domain, loopback, &self.allowed_origins)?;
        let config = given.config(self.service_account.as_deref(), &endpoints)?;

        let quota_project = self
            .quota_project
            .or_else(|| environment.value(env_names::GOOGLE_CLOUD_QUOTA_PROJECT).map(str::to_owned))
            .or_else(|| config.quota_project.clone());
        let quota_project = quota_project.map(|project| {
            let header = HeaderValue::try_from(&project).ok().filter(|_| config::is_project(&project));
            let message = format!("the quota project is {}, which is not a project's name", quote::name(&project));
            header.ok_or_else(|| {
                Error::option(message).hinting("set the option or GOOGLE_CLOUD_QUOTA_PROJECT to a project's id")
            })
        });
        let project = environment
            .value(env_names::GOOGLE_CLOUD_PROJECT)
            .map(str::to_owned)
            .or_else(|| config.project.clone())
            .or_else(|| config.impersonation.as_ref()?.project.clone());

        let product = Product::AccessToken { scopes: scope_list(self.scopes) };
        Ok(TokenSource::new(Setup {
            request: TokenRequest { config: Arc::new(config), identity, product },
            quota_project: quota_project.transpose()?,
            project,
            environment: self.environment,
            host,
            store,
        }))
    }
}

/// Options that can be meant together.
fn checked(options: IdentityOptions) -> Result<IdentityOptions, Error> {
    let wrong = |message: &str| Err(Error::new(Kind::Config, Step::Config, message));
    match &options {
        IdentityOptions { supplier: Some(_), profile: Some(_), .. } => {
            wrong("an identity supplier and a profile are named, and only one of them can be asked")
        }
        IdentityOptions { profile: Some(name), .. } if name.trim().is_empty() => wrong("the option `profile` is empty"),
        IdentityOptions { role: Some(role), .. } if !is_role(&role.role_arn) => {
            wrong("the option `role_arn` is not a role's ARN, such as `arn:aws:iam::111122223333:role/name`")
        }
        _ => Ok(options),
    }
}

/// `arn:PARTITION:iam::ACCOUNT:role/…`.
fn is_role(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, role] = parts.as_slice() else { return false };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_named = role.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    partition.starts_with("aws") && is_account && is_named && arn.bytes().all(|byte| byte.is_ascii_graphic())
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
    named_by(environment).map(|given| given.read()).transpose()
}

fn named_by(environment: &Environment) -> Option<CredentialFile> {
    [env_names::ROLEBRIDGE_CREDENTIALS, env_names::GOOGLE_APPLICATION_CREDENTIALS].into_iter().find_map(|variable| {
        let text = environment.value(variable)?;
        let is_json = variable == env_names::ROLEBRIDGE_CREDENTIALS && text.contains(['{', '"']);
        let file = || environment.path(variable).map(Content::File);
        let content = if is_json { Content::Json(text.to_owned()) } else { file()? };
        Some(CredentialFile { content, variable: Some(variable) })
    })
}

fn nothing_named() -> Error {
    Error::config("", "is not named: neither ROLEBRIDGE_CREDENTIALS nor GOOGLE_APPLICATION_CREDENTIALS is set")
        .hinting("write one with `rolebridge config create`, or with `gcloud iam workload-identity-pools create-cred-config … --aws`, and name its path")
}
