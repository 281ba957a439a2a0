//! Rolebridge for Node: changes types and threads, and holds no policy.
//!
//! Nothing here throws for a reason of core's: an `Error` crosses as a `Failure`, plain data from which `index.js`
//! makes an error of the right class. No thread is started before the first token that has to be minted, and none is
//! the binding's own: flights run on the engine of core, and a call that waits for one is told its end through a
//! threadsafe function of its own, which keeps Node alive exactly as long as that call is pending.

mod answer;
mod failure;
mod promise_resolver;

use answer::Answer;
use failure::Failure;
use napi::bindgen_prelude::{Either, Function};
use napi_derive::napi;
use promise_resolver::PromiseResolver;
use rolebridge::{Builder, Environment, binding};
use std::collections::HashMap;
use std::time::Duration;

/// What comes of asking for a token.
pub(crate) type Outcome = Either<Answer, Failure>;

/// Environment variables by name; of those in `environmentNames`, as many as are set.
#[napi]
pub type Variables = HashMap<String, String>;

/// The variables that are read: nothing else of the environment has to cross.
#[napi(catch_unwind)]
pub fn environment_names() -> Vec<&'static str> {
    Environment::NAMES.to_vec()
}

/// Every kind of error, for a census of the classes.
#[napi(catch_unwind)]
pub fn error_kinds() -> Vec<&'static str> {
    rolebridge::Kind::ALL.iter().map(|kind| kind.name()).collect()
}

/// Whether a credential file's text is `external_account` JSON of AWS, however wrong the rest of it may be.
#[napi(catch_unwind)]
pub fn is_supported(text: String) -> bool {
    binding::is_supported(&text)
}

/// The text of the credential that the environment names; null if it names none.
#[napi(catch_unwind, ts_return_type = "string | Failure | null")]
pub fn credential_text(variables: Variables) -> Option<Either<String, Failure>> {
    match binding::credential_text(&environment(variables)) {
        Ok(text) => text.map(Either::A),
        Err(error) => Some(Either::B(Failure::from(&error))),
    }
}

/// The options of a token source.
#[napi(object, object_to_js = false)]
pub struct Options {
    /// OAuth scopes.
    pub scopes: Option<Vec<String>>,
    /// The project that pays for quota.
    pub quota_project_id: Option<String>,
    /// The universe domain to which the file may belong.
    pub universe_domain: Option<String>,
    /// Origins that the file may name besides Google's and AWS's.
    pub allow_endpoints: Option<Vec<String>>,
}

/// Core's token source.
#[napi]
pub struct TokenSource(rolebridge::TokenSource);

#[napi]
impl TokenSource {
    /// From a credential file's path.
    #[napi(catch_unwind)]
    pub fn from_file(path: String, options: Options, variables: Variables) -> Either<TokenSource, Failure> {
        build(rolebridge::TokenSource::builder().file(path), options, variables)
    }

    /// From a credential file's text.
    #[napi(catch_unwind, js_name = "fromJSON")]
    pub fn from_json(text: String, options: Options, variables: Variables) -> Either<TokenSource, Failure> {
        build(rolebridge::TokenSource::builder().json(text), options, variables)
    }

    /// From what the environment names.
    #[napi(catch_unwind)]
    pub fn from_env(options: Options, variables: Variables) -> Either<TokenSource, Failure> {
        build(rolebridge::TokenSource::builder(), options, variables)
    }

    /// The same source for other scopes.
    #[napi(catch_unwind)]
    pub fn with_scopes(&self, scopes: Vec<String>) -> TokenSource {
        TokenSource(self.0.with_scopes(scopes))
    }

    /// The email of the service account.
    #[napi(getter, catch_unwind)]
    pub fn service_account(&self) -> Option<&str> {
        self.0.service_account()
    }

    /// The project of this credential.
    #[napi(getter, catch_unwind)]
    pub fn project_id(&self) -> Option<&str> {
        self.0.project()
    }

    /// The project that pays for quota.
    #[napi(getter, catch_unwind)]
    pub fn quota_project_id(&self) -> Option<&str> {
        self.0.quota_project()
    }

    /// The universe in which the token is good.
    #[napi(getter, catch_unwind)]
    pub fn universe_domain(&self) -> &str {
        self.0.universe_domain()
    }

    /// What the token is good for.
    #[napi(getter, catch_unwind)]
    pub fn scopes(&self) -> Vec<String> {
        self.0.scopes().to_vec()
    }

    /// Answers if nothing has to be waited for; else returns null, and calls `settle` once, later.
    #[napi(
        catch_unwind,
        ts_args_type = "variables: Variables, settle: (outcome: Answer | Failure) => void",
        ts_return_type = "Answer | Failure | null"
    )]
    pub fn request(&self, variables: Variables, settle: Function<'_, Outcome, ()>) -> napi::Result<Option<Outcome>> {
        let mut pending = binding::request(&self.0, &environment(variables));
        if let Some(result) = pending.block_for(Duration::ZERO) {
            return Ok(Some(self.outcome(result)));
        }
        let settle = PromiseResolver::new(&settle)?;
        let source = TokenSource(self.0.clone());
        pending.when_settled(move |result| settle.with(source.outcome(result)));
        Ok(None)
    }

    /// Starts the minting of a token, unless one is cached, and returns at once.
    #[napi(catch_unwind)]
    pub fn warm(&self, variables: Variables) {
        if self.0.cached().is_none() {
            drop(binding::request(&self.0, &environment(variables)));
        }
    }

    /// An API answered 401 to this token.
    #[napi(catch_unwind)]
    pub fn invalidate(&self, answer: &Answer, variables: Variables) -> bool {
        binding::invalidate(&self.0, answer.token(), &environment(variables))
    }

    fn outcome(&self, result: Result<rolebridge::Token, rolebridge::Error>) -> Outcome {
        match result {
            Ok(token) => Either::A(Answer::new(token, binding::refresh_after(&self.0))),
            Err(error) => Either::B(Failure::from(&error)),
        }
    }
}

fn build(builder: Builder, options: Options, variables: Variables) -> Either<TokenSource, Failure> {
    let mut builder = builder
        .scopes(options.scopes.unwrap_or_default())
        .allow_endpoints(options.allow_endpoints.unwrap_or_default())
        .environment(environment(variables));
    if let Some(project) = options.quota_project_id {
        builder = builder.quota_project(project);
    }
    if let Some(domain) = options.universe_domain {
        builder = builder.universe_domain(domain);
    }
    match builder.build() {
        Ok(source) => Either::A(TokenSource(source)),
        Err(error) => Either::B(Failure::from(&error)),
    }
}

fn environment(mut variables: Variables) -> Environment {
    Environment::from_lookup(|name| variables.remove(name))
}
