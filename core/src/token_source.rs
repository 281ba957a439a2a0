//! [`TokenSource`]: what users hold. A cache around a mint, on any executor or none.

use crate::cache::{Flight, Held, Lead, Next, Outcome, Registry, Wait};
use crate::config::{self, Config, Endpoints};
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::{Host, Outside, native};
use crate::layers::{Descent, Purpose};
use crate::moment::Moment;
use crate::token::Token;
use arc_swap::ArcSwapOption;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

/// What is asked for when nobody names a scope, as Google's libraries do.
const DEFAULT_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// A flight can vanish with a thread that panicked; one that vanishes for every leader will not be led for ever.
const MOST_LEADS: u8 = 3;

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
pub struct TokenSource(Arc<Inner>);

struct Inner {
    purpose: Purpose,
    quota_project: Option<HeaderValue>,
    quota_project_text: Option<String>,
    project: Option<String>,
    /// Where the builder was given one; else the process is asked at each flight.
    environment: Option<Environment>,
    host: Arc<dyn Host>,
    /// The token of the last answer, for a hit that takes no lock. It outlives a fork.
    ready: ArcSwapOption<Ready>,
}

/// A token, its headers, and the span in which a caller takes both without asking the cache.
struct Ready {
    held: Held<Token>,
    headers: Arc<HeaderMap>,
    ask_again_at: Moment,
}

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

    /// Whether a credential file's text is `external_account` JSON of AWS, however wrong the rest of it may be. Whatever
    /// is not belongs to Google's own library.
    pub fn reads(text: &str) -> bool {
        config::is_aws_external_account(text)
    }

    /// With options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The same source for other scopes. With impersonation both share one federated token.
    #[must_use]
    pub fn with_scopes<S: Into<String>>(&self, scopes: impl IntoIterator<Item = S>) -> TokenSource {
        let inner = &self.0;
        TokenSource(Arc::new(Inner {
            purpose: Purpose { config: Arc::clone(&inner.purpose.config), scopes: scope_list(scopes) },
            quota_project: inner.quota_project.clone(),
            quota_project_text: inner.quota_project_text.clone(),
            project: inner.project.clone(),
            environment: inner.environment.clone(),
            host: Arc::clone(&inner.host),
            ready: ArcSwapOption::empty(),
        }))
    }

    /// An access token that is valid now.
    ///
    /// # Errors
    /// Only when no valid token is left: a failed renewal costs nothing before. See [`Error`].
    pub async fn token(&self) -> Result<Token, Error> {
        match self.cached() {
            Some(token) => Ok(token),
            None => self.request(&self.environment()).await,
        }
    }

    /// The headers of a request to a Google API: `authorization`, and `x-goog-user-project` where a quota project is
    /// set. The map is shared and made once for each token. Errors as [`TokenSource::token`].
    pub async fn headers(&self) -> Result<Arc<HeaderMap>, Error> {
        if let Some(headers) = self.at_hand(|ready| Arc::clone(&ready.headers)) {
            return Ok(headers);
        }
        let token = self.request(&self.environment()).await?;
        Ok(self.headers_of(&token))
    }

    /// The same calls for a program without an async executor: they block the calling thread.
    pub fn blocking(&self) -> Blocking<'_> {
        Blocking(self)
    }

    /// The service account whose tokens these are; none in direct access.
    pub fn service_account(&self) -> Option<&str> {
        self.0.purpose.config.service_account()
    }

    /// The project of this credential, with no request made: `GOOGLE_CLOUD_PROJECT`, the file's `project_id`, or the
    /// project that the service account's name ends in.
    pub fn project(&self) -> Option<&str> {
        self.0.project.as_deref()
    }

    /// The project that pays for quota, if one is set.
    pub fn quota_project(&self) -> Option<&str> {
        self.0.quota_project_text.as_deref()
    }

    /// What the token is good for, as OAuth scopes.
    pub fn scopes(&self) -> &[String] {
        &self.0.purpose.scopes
    }

    /// The token at hand, if nothing needs to be done for it: no lock is taken and nothing is started.
    pub fn cached(&self) -> Option<Token> {
        self.at_hand(|ready| ready.held.value.clone())
    }

    /// Until when a caller may use a copy of the token at hand without coming back.
    pub fn ask_again_at(&self) -> Option<SystemTime> {
        self.at_hand(|ready| ready.ask_again_at.into())
    }

    /// The way of a caller whose [`cached`](TokenSource::cached) token is gone or due: joins the flight that mints one,
    /// or starts it, with the environment as the caller sees it. A token that is merely due is answered at once.
    pub fn request(&self, environment: &Environment) -> Pending {
        Pending { source: self.clone(), environment: environment.clone(), vanished: 0, state: self.ask(environment) }
    }

    /// An API answered 401 to `token`: the next request mints another, if this is the cached one and at least thirty
    /// seconds old. (A refusal of a younger one has another cause, and minting would go on without end.)
    pub fn refused(&self, token: &Token, environment: &Environment) {
        let inner = &self.0;
        let now = inner.host.now();
        let slot = inner.host.registry().slot::<Token>(inner.purpose.key(environment), now);
        if slot.renew(|held| held.is(token), now) {
            inner.ready.store(None);
        }
    }

    fn environment(&self) -> Environment {
        self.0.environment.clone().unwrap_or_else(native::environment)
    }

    /// Takes something of the token at hand, if it needs no asking.
    fn at_hand<R>(&self, take: impl FnOnce(&Ready) -> R) -> Option<R> {
        let now = self.0.host.now();
        let ready = self.0.ready.load();
        let ready = ready.as_ref().filter(|ready| now < ready.ask_again_at && ready.held.is_usable(now))?;
        Some(take(ready))
    }

    fn headers_of(&self, token: &Token) -> Arc<HeaderMap> {
        match self.0.ready.load().as_ref() {
            Some(ready) if ready.held.value.is(token) => Arc::clone(&ready.headers),
            _ => self.make_headers(token),
        }
    }

    fn make_headers(&self, token: &Token) -> Arc<HeaderMap> {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(AUTHORIZATION, token.authorization().clone());
        if let Some(project) = &self.0.quota_project {
            headers.insert("x-goog-user-project", project.clone());
        }
        Arc::new(headers)
    }

    /// Keeps an answer for the next hits.
    fn keep(&self, held: Held<Token>, ask_again_at: Moment) -> Token {
        let token = held.value.clone();
        let is_kept = |ready: &Ready| ready.held.value.is(&token) && ready.ask_again_at == ask_again_at;
        if !self.0.ready.load().as_ref().is_some_and(|ready| is_kept(ready)) {
            let headers = self.headers_of(&token);
            self.0.ready.store(Some(Arc::new(Ready { held, headers, ask_again_at })));
        }
        token
    }

    /// Asks the cache, starts the flight that nobody else leads, and says what the caller does.
    fn ask(&self, environment: &Environment) -> State {
        let inner = &self.0;
        let now = inner.host.now();
        let registry = inner.host.registry();
        let answer = registry.slot::<Token>(inner.purpose.key(environment), now).ask(now);
        let state = match answer.next {
            Next::Rest => None,
            Next::Wait(flight) => Some(State::Waiting(flight.wait())),
            Next::HoldOff(error) => Some(State::Answered(Err(error))),
            Next::Lead(lead) => Some(match self.lead(lead, environment, registry) {
                Ok(flight) => State::Waiting(flight.wait()),
                Err(error) => State::Answered(Err(error)),
            }),
        };
        // A token at hand outlives a changed environment and a fork, whose slots know nothing of it yet.
        let own = || self.0.ready.load().as_ref().map(|ready| ready.held.clone()).filter(|held| held.is_usable(now));
        match (answer.usable.or_else(own), state) {
            (Some(held), _) => {
                let ask_again_at = answer.ask_again_at.min(held.expires_at());
                State::Answered(Ok(self.keep(held, ask_again_at)))
            }
            (None, Some(state)) => state,
            (None, None) => State::Answered(Err(internal("the cache called a token fresh and gave none"))),
        }
    }

    /// Runs a flight on the host, where it ends whatever becomes of its callers.
    fn lead(
        &self,
        lead: Lead<Token>,
        environment: &Environment,
        registry: Arc<Registry>,
    ) -> Result<Arc<Flight<Token>>, Error> {
        let flight = lead.flight();
        let host = Arc::clone(&self.0.host);
        let outside = Outside { host: Arc::clone(&host), environment: environment.clone() };
        let descent = Descent::new(self.0.purpose.clone(), outside, registry);
        let flown = self.0.host.spawn(Box::pin(async move {
            let result = descent.access_token().await;
            lead.settle(result, host.now(), host.random());
        }));
        flown
            .map(|()| flight)
            .map_err(|cause| internal("the thread that mints tokens could not be started").caused_by(cause))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenSource")
            .field("audience", &self.0.purpose.config.audience.as_str())
            .field("service_account", &self.service_account())
            .field("scopes", &self.scopes())
            .finish_non_exhaustive()
    }
}

fn internal(message: &str) -> Error {
    Error::new(Kind::Internal, Step::Config, message)
}

/// A token that is to come: a future for any executor, or something to block on.
///
/// Dropping it disturbs nobody: the flight goes on, and the next caller finds what it brought.
pub struct Pending {
    source: TokenSource,
    environment: Environment,
    vanished: u8,
    state: State,
}

enum State {
    Answered(Result<Token, Error>),
    Waiting(Wait<Token>),
}

impl Pending {
    /// Blocks this thread until the token is there.
    pub fn block(mut self) -> Result<Token, Error> {
        loop {
            if let Some(result) = self.block_once(None) {
                return result;
            }
        }
    }

    /// Blocks this thread until the token is there, but not longer than `slice`; none if it is still to come.
    pub fn block_for(&mut self, slice: Duration) -> Option<Result<Token, Error>> {
        self.block_once(Some(slice))
    }

    /// Calls back once: at once on this thread if the token is there, else on the thread that mints it.
    ///
    /// The callback must not block, since every other token waits meanwhile.
    pub fn when_settled(self, callback: impl FnOnce(Result<Token, Error>) + Send + 'static) {
        match &self.state {
            State::Answered(result) => callback(result.clone()),
            State::Waiting(_) => {
                let host = Arc::clone(&self.source.0.host);
                // The callback goes with the task if it cannot be spawned, which a flight under way rules out.
                let _ = host.spawn(Box::pin(async move { callback(self.await) }));
            }
        }
    }

    fn block_once(&mut self, slice: Option<Duration>) -> Option<Result<Token, Error>> {
        match &self.state {
            State::Answered(result) => Some(result.clone()),
            State::Waiting(wait) => {
                let outcome = wait.block(slice)?;
                self.take(outcome)
            }
        }
    }

    /// The result of a flight; none if it vanished and another is waited for.
    fn take(&mut self, outcome: Outcome<Token>) -> Option<Result<Token, Error>> {
        self.state = match outcome {
            Outcome::Settled(Ok(held)) => {
                let ask_again_at = held.stale_at();
                State::Answered(Ok(self.source.keep(held, ask_again_at)))
            }
            Outcome::Settled(Err(error)) => State::Answered(Err(error)),
            Outcome::Vanished if self.vanished + 1 < MOST_LEADS => {
                self.vanished += 1;
                self.source.ask(&self.environment)
            }
            Outcome::Vanished => {
                State::Answered(Err(internal("every flight that was to mint the token ended without a result")))
            }
        };
        match &self.state {
            State::Answered(result) => Some(result.clone()),
            State::Waiting(_) => None,
        }
    }
}

impl Future for Pending {
    type Output = Result<Token, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let outcome = match &mut self.state {
                State::Answered(result) => return Poll::Ready(result.clone()),
                State::Waiting(wait) => std::task::ready!(Pin::new(wait).poll(context)),
            };
            self.take(outcome);
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A [`TokenSource`] for a program without an async executor. See [`TokenSource::blocking`].
#[derive(Clone, Copy, Debug)]
pub struct Blocking<'a>(&'a TokenSource);

impl Blocking<'_> {
    /// As [`TokenSource::token`], blocking this thread.
    pub fn token(&self) -> Result<Token, Error> {
        match self.0.cached() {
            Some(token) => Ok(token),
            None => self.0.request(&self.0.environment()).block(),
        }
    }

    /// As [`TokenSource::headers`], blocking this thread.
    pub fn headers(&self) -> Result<Arc<HeaderMap>, Error> {
        if let Some(headers) = self.0.at_hand(|ready| Arc::clone(&ready.headers)) {
            return Ok(headers);
        }
        Ok(self.0.headers_of(&self.token()?))
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
    host: Option<Arc<dyn Host>>,
}

#[derive(Clone)]
enum Text {
    File(std::path::PathBuf),
    Json(String),
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
    pub(crate) fn host(mut self, host: Arc<dyn Host>) -> Builder {
        self.host = Some(host);
        self
    }

    /// Reads the credential file. Errors as [`TokenSource::from_file`].
    pub fn build(self) -> Result<TokenSource, Error> {
        let environment = self.environment.clone().unwrap_or_else(native::environment);
        let text = match self.text.map_or_else(|| named_by(&environment), Ok)? {
            Text::Json(text) => text,
            Text::File(path) => native::read_credential_file(&path)?,
        };
        let domain = self.universe_domain.as_deref().or(environment.value(env_names::GOOGLE_CLOUD_UNIVERSE_DOMAIN));
        let loopback = environment.value(env_names::ROLEBRIDGE_ALLOW_LOOPBACK) == Some("1");
        let config = Config::parse(&text, &Endpoints::new(domain, loopback, &self.allowed_origins))?;

        let quota_project = self
            .quota_project
            .or_else(|| environment.value(env_names::GOOGLE_CLOUD_QUOTA_PROJECT).map(str::to_owned))
            .or_else(|| config.quota_project.clone());
        let header = quota_project.as_deref().map(HeaderValue::from_str).transpose();
        let header =
            header.map_err(|cause| Error::config("quota_project_id", "is no project's name").caused_by(cause))?;
        let project = environment
            .value(env_names::GOOGLE_CLOUD_PROJECT)
            .map(str::to_owned)
            .or_else(|| config.project.clone())
            .or_else(|| config.service_account().and_then(project_of));

        Ok(TokenSource(Arc::new(Inner {
            purpose: Purpose { config: Arc::new(config), scopes: scope_list(self.scopes) },
            quota_project: header,
            quota_project_text: quota_project,
            project,
            environment: self.environment,
            host: self.host.unwrap_or_else(|| Arc::new(native::Native)),
            ready: ArcSwapOption::empty(),
        })))
    }
}

/// Each once, in the order named.
fn scope_list<S: Into<String>>(scopes: impl IntoIterator<Item = S>) -> Arc<[String]> {
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

fn named_by(environment: &Environment) -> Result<Text, Error> {
    if let Some(named) = environment.value(env_names::ROLEBRIDGE_CREDENTIALS) {
        let is_json = named.trim_start().starts_with('{');
        return Ok(if is_json { Text::Json(named.to_owned()) } else { Text::File(named.into()) });
    }
    match environment.value(env_names::GOOGLE_APPLICATION_CREDENTIALS) {
        Some(path) => Ok(Text::File(path.into())),
        None => Err(Error::config(
            "",
            "is not named: neither ROLEBRIDGE_CREDENTIALS nor GOOGLE_APPLICATION_CREDENTIALS is set",
        )
        .hinting("write one with `gcloud iam workload-identity-pools create-cred-config … --aws` and name its path")),
    }
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

#[cfg(test)]
mod tests;
