//! What the language bindings and the tests of this project need beyond what users hold. Hidden: it changes with any release.

use crate::aws;
use crate::aws::sts::{self, Role};
use crate::config;
use crate::environment::Environment;
use crate::error::Error;
use crate::host::native::Native;
use crate::host::{Flights, Http, Route};
use crate::identity::SuppliedIdentity;
use crate::observe::Explanation;
use crate::token::Token;
use crate::token_source::{TokenSource, builder};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use url::Url;

pub use crate::aws::caller::Workload;
pub use crate::aws::{AtWork, Unusable};
pub use crate::google::iam::principal_set;
pub use crate::identity::{Identity, Region};
pub use crate::logging::{FlightReport, Level, LogRecord};
pub use crate::token_source::account::PendingSignature;
pub use crate::token_source::pending::Pending;

/// The signer.
pub mod sigv4 {
    pub use crate::sigv4::*;
}

/// The request that assumes a role, signed at one time, in the identity's region. `None` if `endpoint` is not a URL.
pub fn assume_role(
    identity: &Identity,
    endpoint: &str,
    role_arn: &str,
    external_id: Option<&str>,
    now: SystemTime,
) -> Option<http::Request<Vec<u8>>> {
    let role = Role { role_arn: role_arn.to_owned(), external_id: external_id.map(str::to_owned), ..Role::default() };
    sts::assume_role(identity, &Url::parse(endpoint).ok()?, &role, now.into()).ok()
}

/// AWS's files of profiles.
pub mod shared_config {
    pub use crate::aws::shared_config::*;
}

/// What is signed.
pub mod subject_token {
    pub use crate::subject_token::*;
}

/// The way of a caller whose cached token is gone or due: joins the flight that mints one, or starts it, with the
/// environment as the caller sees it. A token that is merely due is answered at once.
pub fn request(source: &TokenSource, environment: &Environment) -> Pending {
    source.request(environment)
}

/// A source of ID tokens for one audience, the same one each time.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config) in direct access, and for an empty audience.
pub fn id_tokens(source: &TokenSource, audience: &str, includes_email: bool) -> Result<TokenSource, Error> {
    source.id_tokens(audience, includes_email)
}

/// As [`TokenSource::sign`], in the environment as the caller sees it.
pub fn sign(source: &TokenSource, payload: &[u8], environment: &Environment) -> PendingSignature {
    source.for_signing().request_signature(payload, environment)
}

/// As [`TokenSource::explain`], and afterwards one request to AWS STS: who the workload is, if it has an identity.
pub async fn examine(source: &TokenSource, environment: &Environment) -> (Explanation, Option<Workload>) {
    source.examine(environment).await
}

/// The names of the variables that are set, in the order of [`Environment::NAMES`].
pub fn variables(environment: &Environment) -> impl Iterator<Item = &'static str> {
    environment.names()
}

/// Until when a caller may use a copy of the cached token without coming back.
pub fn refresh_after(source: &TokenSource) -> Option<SystemTime> {
    source.refresh_after()
}

/// As [`TokenSource::invalidate`], in the environment as the caller sees it.
pub fn invalidate(source: &TokenSource, token: &Token, environment: &Environment) -> bool {
    source.invalidate_in(token, environment)
}

/// What the flights of this process told since somebody took it last, for the program's log. Taken on a thread of the
/// program's own.
pub fn flight_reports(source: &TokenSource) -> Vec<FlightReport> {
    source.flight_reports()
}

/// The audience of the credential file: the provider to which the identity is shown.
pub fn audience(source: &TokenSource) -> &str {
    source.audience()
}

/// Of that audience, the number of the pool's project, the pool's id and the provider's.
pub fn provider(source: &TokenSource) -> [&str; 3] {
    source.provider()
}

/// Whether an error is of the region of AWS STS, and not of the keys.
pub fn is_of_region(error: &Error) -> bool {
    error.is_of_region()
}

/// What a supplier in another language gave. `expires_at` is in seconds since 1970 (UTC); an end that no clock reaches is none.
pub fn supplied_identity(
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expires_at: Option<f64>,
    region: Option<String>,
) -> SuppliedIdentity {
    let mut identity = SuppliedIdentity::new(access_key_id, secret_access_key);
    if let Some(token) = session_token {
        identity = identity.with_session_token(token);
    }
    let since = expires_at.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)));
    if let Some(end) = since.and_then(Result::ok).and_then(|since| UNIX_EPOCH.checked_add(since)) {
        identity = identity.with_expiry(end);
    }
    if let Some(region) = region {
        identity = identity.with_region(region);
    }
    identity
}

/// A supplier's work that blocks, on a thread of the engine's pool. Only inside
/// [`IdentitySupplier::supply`](crate::IdentitySupplier::supply).
pub fn on_another_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Error>> + Send {
    aws::on_another_thread(work)
}

/// Whether a credential file's text is `external_account` JSON of AWS, however wrong the rest of it may be. Every other
/// text belongs to Google's own library.
pub fn is_supported(text: &str) -> bool {
    config::is_aws_external_account(text)
}

/// The text that the environment points to, of any credential type; `None` if no variable names one.
///
/// # Errors
/// [`Kind::Config`](crate::Kind::Config), if the file that is named cannot be read.
pub fn credential_text(environment: &Environment) -> Result<Option<String>, Error> {
    builder::credential_text(environment)
}

/// How long [`exchange`] waits for a reply.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);

/// One request and its reply, tried once, over the proxy and with the roots that the environment names.
///
/// # Errors
/// What kept the reply away: it is the whole sentence.
pub fn exchange(
    environment: &Environment,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let environment = environment.clone();
    Native.spawn(Box::pin(async move {
        let sending = Native.send(&environment, Route::Public, request);
        // Whoever asked waits below.
        let _ = sender.send(tokio::time::timeout(EXCHANGE_TIMEOUT, sending).await);
    }))?;
    let reply = receiver.recv()?.map_err(|_| "no reply came within a minute")??;
    Ok(http::Response::builder().status(reply.status).body(reply.body.to_vec())?)
}
