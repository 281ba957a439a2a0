//! [`TokenSource`]: what users hold. A cache around a mint, on any executor or none.

pub(crate) mod account;
pub(crate) mod builder;
mod current;
mod id_tokens;
mod own_copies;
pub(crate) mod pending;
mod refresh;

use crate::environment::Environment;
use crate::error::Error;
use crate::logging::FlightReport;
use crate::mint::{Product, Signature, Workload};
use crate::observe::Explanation;
use crate::token::Token;
use http::HeaderMap;
use pending::Pending;
use refresh::{Setup, Shared};
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Google access tokens for this AWS workload, minted when they are needed and renewed ahead of their end.
///
/// Building one reads the credential file and starts nothing: no thread, no request. Clones, and other sources of equal
/// configuration in the same process, share one cache. It works on every async executor and, through
/// [`TokenSource::blocking`], without one; a token that is being minted is not lost when its caller goes away.
///
/// ```no_run
/// # async fn example() -> Result<(), rolebridge::Error> {
/// let source = rolebridge::TokenSource::from_env()?;
/// let token = source.token().await?;
/// println!("valid until {:?}", token.expires_at());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenSource(Arc<Shared>);

impl TokenSource {
    fn new(setup: Setup) -> TokenSource {
        TokenSource(Arc::new(Shared::new(setup)))
    }

    /// The same source for other scopes. With impersonation both share one federated token.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(&self, scopes: impl IntoIterator<Item = S>) -> TokenSource {
        let mut setup = self.0.setup.clone();
        setup.request.product = Product::AccessToken { scopes: builder::scope_list(scopes) };
        TokenSource::new(setup)
    }

    /// An access token that is valid now.
    ///
    /// # Errors
    /// Only when no valid token is left: a failed renewal costs nothing before. See [`Error`].
    pub async fn token(&self) -> Result<Token, Error> {
        match self.cached() {
            Some(token) => Ok(token),
            None => {
                let result = self.request(&self.0.environment()).await;
                self.0.log();
                result
            }
        }
    }

    /// The headers of a request to a Google API: `authorization`, and `x-goog-user-project` where a quota project is
    /// set. The map is shared, and made anew only when the cache has been asked. Errors as [`TokenSource::token`].
    pub async fn headers(&self) -> Result<Arc<HeaderMap>, Error> {
        match self.0.current.headers(self.0.coarse_now()) {
            Some(headers) => Ok(headers),
            None => Ok(self.0.current.headers_of(&self.token().await?)),
        }
    }

    /// An OpenID Connect ID token of the service account for one audience, valid now: what Cloud Run, Cloud Functions or
    /// Identity-Aware Proxy takes as `Authorization: Bearer …`. It holds the account's e-mail, is kept for its audience, and
    /// is renewed ahead of its end, which is its claim `exp`; its signature is for the service to verify.
    ///
    /// # Errors
    /// As [`TokenSource::token`]; and [`Kind::Config`](crate::Kind::Config) in direct access, where there is no service
    /// account, and for an empty audience.
    pub async fn id_token(&self, audience: &str) -> Result<Token, Error> {
        self.id_tokens(audience, true)?.token().await
    }

    /// The same without the claims `email` and `email_verified`.
    pub async fn id_token_without_email(&self, audience: &str) -> Result<Token, Error> {
        self.id_tokens(audience, false)?.token().await
    }

    /// Has the service account sign bytes with a key that Google holds (IAM Credentials, `signBlob`), as a signed URL of
    /// Cloud Storage needs it. Nothing is kept: each call asks Google, with an access token that is.
    ///
    /// The account must be allowed to sign for itself, or the workload's role to sign as it, by *Service Account Token
    /// Creator*: the binding that lets the role impersonate the account does not suffice.
    ///
    /// # Errors
    /// As [`TokenSource::token`]; the hint of a refusal holds the commands that make each of the two bindings. In direct
    /// access [`Kind::Config`](crate::Kind::Config), since there is no service account.
    pub async fn sign(&self, payload: impl AsRef<[u8]>) -> Result<Signature, Error> {
        let source = self.for_signing();
        let result = source.request_signature(payload.as_ref(), &self.0.environment()).await;
        self.0.log();
        result
    }

    /// Starts the minting of a token, unless one is cached, and returns at once: for a program that loads its other
    /// libraries meanwhile. Whatever goes wrong is told to the first call that wants the token.
    pub fn warm(&self) {
        if self.cached().is_none() {
            drop(self.request(&self.0.environment()));
        }
    }

    /// Mints a token with nothing that is cached, as a new process would, and tells what each step asked, when, and how
    /// long it waited. What is cached stays as it is, and connections that are open are used; those that are opened ahead
    /// are left out of the account. (Dropped before its end, the mint goes on to its own.)
    pub async fn explain(&self) -> Explanation {
        self.0.explain(&self.0.environment()).await
    }

    /// The same calls for a program without an async executor: they block the calling thread.
    pub fn blocking(&self) -> Blocking<'_> {
        Blocking(self)
    }

    /// The service account whose tokens these are; none in direct access.
    pub fn service_account(&self) -> Option<&str> {
        self.0.setup.request.config.service_account()
    }

    /// The project of this credential, with no request made: `GOOGLE_CLOUD_PROJECT`, the file's `project_id`, or the
    /// project that the service account's name ends in.
    pub fn project(&self) -> Option<&str> {
        self.0.setup.project.as_deref()
    }

    /// The project that pays for quota, if one is set.
    pub fn quota_project(&self) -> Option<&str> {
        self.0.setup.quota_project.as_ref()?.to_str().ok()
    }

    /// The universe in which the token is good: the option, else `GOOGLE_CLOUD_UNIVERSE_DOMAIN`, else `googleapis.com`.
    pub fn universe_domain(&self) -> &str {
        &self.0.setup.request.config.universe_domain
    }

    /// What the token is good for, as OAuth scopes.
    pub fn scopes(&self) -> &[String] {
        self.0.setup.request.scopes()
    }

    pub(crate) fn audience(&self) -> &str {
        self.0.setup.request.config.audience.as_str()
    }

    pub(crate) fn provider(&self) -> [&str; 3] {
        self.0.setup.request.config.audience.parts()
    }

    /// The cached token, if it needs no renewal: no lock is taken and nothing is started.
    pub fn cached(&self) -> Option<Token> {
        self.0.current.token(self.0.coarse_now())
    }

    /// Reports that an API answered 401 to `token`. If this is the cached token and at least thirty seconds old, the next
    /// call mints another; returns whether it does. (The refusal of a younger token has another cause: an API that answers
    /// 401 to every token would cause one minting after another.)
    pub fn invalidate(&self, token: &Token) -> bool {
        self.invalidate_in(token, &self.0.environment())
    }

    pub(crate) fn invalidate_in(&self, token: &Token, environment: &Environment) -> bool {
        self.0.invalidate(token, environment)
    }

    pub(crate) async fn examine(&self, environment: &Environment) -> (Explanation, Option<Workload>) {
        self.0.examine(environment).await
    }

    pub(crate) fn refresh_after(&self) -> Option<SystemTime> {
        self.0.current.refresh_after(self.0.coarse_now()).map(SystemTime::from)
    }

    pub(crate) fn flight_reports(&self) -> Vec<FlightReport> {
        self.0.flight_reports()
    }

    pub(crate) fn request(&self, environment: &Environment) -> Pending {
        Pending::new(Arc::clone(&self.0), environment)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenSource")
            .field("audience", &self.audience())
            .field("service_account", &self.service_account())
            .field("scopes", &self.scopes())
            .finish_non_exhaustive()
    }
}

/// A [`TokenSource`] for a program without an async executor. See [`TokenSource::blocking`].
#[derive(Clone, Copy, Debug)]
pub struct Blocking<'a>(&'a TokenSource);

impl Blocking<'_> {
    /// As [`TokenSource::token`], blocking this thread.
    pub fn token(&self) -> Result<Token, Error> {
        let source = self.0;
        match source.cached() {
            Some(token) => Ok(token),
            None => {
                let result = source.request(&source.0.environment()).block();
                source.0.log();
                result
            }
        }
    }

    /// As [`TokenSource::id_token`], blocking this thread.
    pub fn id_token(&self, audience: &str) -> Result<Token, Error> {
        self.0.id_tokens(audience, true)?.blocking().token()
    }

    /// As [`TokenSource::id_token_without_email`], blocking this thread.
    pub fn id_token_without_email(&self, audience: &str) -> Result<Token, Error> {
        self.0.id_tokens(audience, false)?.blocking().token()
    }

    /// As [`TokenSource::sign`], blocking this thread.
    pub fn sign(&self, payload: impl AsRef<[u8]>) -> Result<Signature, Error> {
        let (source, environment) = (self.0.for_signing(), self.0.0.environment());
        let result = source.request_signature(payload.as_ref(), &environment).block();
        self.0.0.log();
        result
    }

    /// As [`TokenSource::headers`], blocking this thread.
    pub fn headers(&self) -> Result<Arc<HeaderMap>, Error> {
        let shared = &self.0.0;
        match shared.current.headers(shared.coarse_now()) {
            Some(headers) => Ok(headers),
            None => Ok(shared.current.headers_of(&self.token()?)),
        }
    }
}

#[cfg(test)]
mod tests;
