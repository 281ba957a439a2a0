//! Rolebridge for Node: changes types and threads, and holds no policy.
//!
//! Nothing here throws for a reason of core's: an `Error` crosses as a `Failure`, plain data from which `index.js`
//! makes an error of the right class. No thread is started before the first token that has to be minted, and none is
//! the binding's own: flights run on the engine of core, and a call that waits for one is told its end through a
//! threadsafe function of its own, which keeps Node alive exactly as long as that call is pending. A supplier of the
//! program's own is asked through one that keeps nothing alive.

mod answer;
mod failure;
mod identity;
mod promise_resolver;
mod report;
mod signature;

use answer::Answer;
use failure::Failure;
use identity::{Asked, Question};
use napi::bindgen_prelude::{Either, Function};
use napi_derive::napi;
use promise_resolver::PromiseResolver;
use report::Flight;
use rolebridge::{Builder, Environment, binding};
use signature::Signature;
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

/// The version of this half, which the JavaScript around it checks.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Every kind of error, for a census of the classes.
#[napi(catch_unwind)]
pub fn error_kinds() -> Vec<&'static str> {
    rolebridge::Kind::ALL.iter().map(|kind| kind.name()).collect()
}

/// Runs the command `rolebridge` on the streams of this process; its exit code.
#[napi(catch_unwind)]
pub fn command(arguments: Vec<String>) -> u8 {
    rolebridge_cli::main(arguments).code()
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
    /// The profile of AWS's shared files.
    pub profile: Option<String>,
    /// The role to assume.
    pub role_arn: Option<String>,
    /// The name of its session.
    pub role_session_name: Option<String>,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
}

/// What puts a question to the program's identity supplier.
pub(crate) type Ask<'env> = Option<Function<'env, Question, ()>>;

/// Core's token source.
#[napi]
pub struct TokenSource(rolebridge::TokenSource);

#[napi]
impl TokenSource {
    /// From a credential file's path. `ask` puts a question to the program's identity supplier.
    #[napi(
        catch_unwind,
        ts_args_type = "path: string, options: Options, variables: Variables, ask?: (question: Question) => void"
    )]
    pub fn from_file(
        path: String,
        options: Options,
        variables: Variables,
        ask: Ask<'_>,
    ) -> napi::Result<Either<TokenSource, Failure>> {
        build(rolebridge::TokenSource::builder().file(path), options, variables, ask)
    }

    /// From a credential file's text.
    #[napi(
        catch_unwind,
        js_name = "fromJSON",
        ts_args_type = "text: string, options: Options, variables: Variables, ask?: (question: Question) => void"
    )]
    pub fn from_json(
        text: String,
        options: Options,
        variables: Variables,
        ask: Ask<'_>,
    ) -> napi::Result<Either<TokenSource, Failure>> {
        build(rolebridge::TokenSource::builder().json(text), options, variables, ask)
    }

    /// From the provider that vouches for AWS, with no credential file.
    #[napi(
        catch_unwind,
        ts_args_type = "audience: string, serviceAccount: string | undefined, options: Options, variables: Variables, ask?: (question: Question) => void"
    )]
    pub fn from_audience(
        audience: String,
        service_account: Option<String>,
        options: Options,
        variables: Variables,
        ask: Ask<'_>,
    ) -> napi::Result<Either<TokenSource, Failure>> {
        let mut builder = rolebridge::TokenSource::builder().audience(audience);
        if let Some(email) = service_account {
            builder = builder.service_account(email);
        }
        build(builder, options, variables, ask)
    }

    /// From what the environment names.
    #[napi(catch_unwind, ts_args_type = "options: Options, variables: Variables, ask?: (question: Question) => void")]
    pub fn from_env(
        options: Options,
        variables: Variables,
        ask: Ask<'_>,
    ) -> napi::Result<Either<TokenSource, Failure>> {
        build(rolebridge::TokenSource::builder(), options, variables, ask)
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

    /// The provider to which the identity is shown.
    #[napi(getter, catch_unwind)]
    pub fn audience(&self) -> &str {
        binding::audience(&self.0)
    }

    /// What the token is good for.
    #[napi(getter, catch_unwind)]
    pub fn scopes(&self) -> Vec<String> {
        self.0.scopes().to_vec()
    }

    /// Answers if nothing has to be waited for; else returns null, and calls `settle` once, later. `asker` is the question
    /// that is being answered, if an identity supplier asks for the token.
    #[napi(
        catch_unwind,
        ts_args_type = "variables: Variables, settle: (outcome: Answer | Failure) => void, asker?: Question",
        ts_return_type = "Answer | Failure | null"
    )]
    pub fn request(
        &self,
        variables: Variables,
        settle: Function<'_, Outcome, ()>,
        asker: Option<&Question>,
    ) -> napi::Result<Option<Outcome>> {
        let environment = environment(variables);
        let mut pending = match asker.and_then(Question::work) {
            Some(work) => work.during(|| binding::request(&self.0, &environment)),
            None => binding::request(&self.0, &environment),
        };
        if let Some(result) = pending.block_for(Duration::ZERO) {
            return Ok(Some(self.outcome(result)));
        }
        let settle = PromiseResolver::new(&settle)?;
        let source = TokenSource(self.0.clone());
        pending.when_settled(move |result| settle.with(source.outcome(result)));
        Ok(None)
    }

    /// A source of ID tokens for one audience.
    #[napi(catch_unwind)]
    pub fn id_tokens(&self, audience: String, includes_email: bool) -> Either<TokenSource, Failure> {
        match binding::id_tokens(&self.0, &audience, includes_email) {
            Ok(source) => Either::A(TokenSource(source)),
            Err(error) => Either::B(Failure::from(&error)),
        }
    }

    /// Has the service account sign. It answers as `request` does.
    #[napi(
        catch_unwind,
        ts_args_type = "payload: Uint8Array, variables: Variables, settle: (outcome: Signature | Failure) => void, asker?: Question",
        ts_return_type = "Signature | Failure | null"
    )]
    pub fn sign(
        &self,
        payload: &[u8],
        variables: Variables,
        settle: Function<'_, Either<Signature, Failure>, ()>,
        asker: Option<&Question>,
    ) -> napi::Result<Option<Either<Signature, Failure>>> {
        let environment = environment(variables);
        let mut pending = match asker.and_then(Question::work) {
            Some(work) => work.during(|| binding::sign(&self.0, payload, &environment)),
            None => binding::sign(&self.0, payload, &environment),
        };
        if let Some(result) = pending.block_for(Duration::ZERO) {
            return Ok(Some(signature::outcome(result)));
        }
        let settle = PromiseResolver::new(&settle)?;
        pending.when_settled(move |result| settle.with(signature::outcome(result)));
        Ok(None)
    }

    /// Starts the minting of a token, unless one is cached, and returns at once.
    #[napi(catch_unwind)]
    pub fn warm(&self, variables: Variables) {
        if self.0.cached().is_none() {
            drop(binding::request(&self.0, &environment(variables)));
        }
    }

    /// What the flights of this process told since somebody asked last.
    #[napi(catch_unwind)]
    pub fn flights(&self) -> Vec<Flight> {
        binding::flight_reports(&self.0).iter().map(Flight::from).collect()
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

fn build(
    builder: Builder,
    options: Options,
    variables: Variables,
    ask: Ask<'_>,
) -> napi::Result<Either<TokenSource, Failure>> {
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
    if let Some(name) = options.profile {
        builder = builder.profile(name);
    }
    if let Some(role_arn) = options.role_arn {
        builder = builder.role_arn(role_arn);
    }
    if let Some(name) = options.role_session_name {
        builder = builder.role_session_name(name);
    }
    if let Some(id) = options.external_id {
        builder = builder.external_id(id);
    }
    if let Some(ask) = ask {
        builder = builder.identity(Asked::new(&ask)?);
    }
    Ok(match builder.build() {
        Ok(source) => Either::A(TokenSource(source)),
        Err(error) => Either::B(Failure::from(&error)),
    })
}

fn environment(mut variables: Variables) -> Environment {
    Environment::from_lookup(|name| variables.remove(name))
}
