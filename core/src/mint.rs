//! One fresh token, start to end, with no caching: the plot of this crate on one page.
//!
//! ```text
//! environment, instance metadata ─ identity ─▶ keys and region
//!        keys ─ subject_token::sign ─▶ signed GetCallerIdentity ─ Google STS ─▶ federated token
//!        federated token ─ IAM Credentials ─▶ access token of the service account
//! ```
//!
//! Each stage is what one layer of the cache holds. In direct access there is no third stage: the federated token is the
//! access token. A stage has a budget of its own, retries included, within that of the whole.

use crate::aws::{self, Identity};
use crate::config::{Config, Impersonation};
use crate::error::{Error, Kind, Step};
use crate::google::{iam, sts};
use crate::host::{Outside, Reason, Route, SendError};
use crate::retry;
use crate::subject_token::SubjectToken;
use crate::token::Token;
use std::time::Duration;

/// For each of the two calls to Google: longer than one reply may take, and for two connections that cannot be made.
const GOOGLE_BUDGET: Duration = Duration::from_secs(13);

/// Stage 1: who this workload is at AWS.
pub(crate) async fn identity(outside: &Outside, config: &Config) -> Result<Identity, Error> {
    outside.step(Step::Identity, aws::identity(outside, config)).await
}

/// Stage 2: the identity, proved by a signature, becomes a federated token.
pub(crate) async fn federated_token(
    outside: &Outside,
    config: &Config,
    scope: &str,
    identity: &Identity,
) -> Result<Token, Error> {
    let url = config.verification_url.in_region(identity.region().as_str());
    let outside = &outside.for_step(GOOGLE_BUDGET);
    let exchange = async {
        let asked_at = outside.host.now();
        let subject_token =
            SubjectToken::sign(identity, config.audience.as_str(), &url, asked_at.into()).map_err(|cause| {
                Error::new(Kind::Internal, Step::Exchange, "the verification URL is not a URL").caused_by(cause)
            })?;
        let request = sts::request(config, scope, &subject_token);
        let reply = retry::send(outside, Route::Public, request).await;
        let reply = reply.map_err(|cause| unreachable(Step::Exchange, "Google STS", &config.token_url, cause))?;
        sts::read(&reply, config, asked_at)
    };
    outside.step(Step::Exchange, exchange).await
}

/// Stage 3: the federated token becomes an access token of the service account.
pub(crate) async fn access_token(
    outside: &Outside,
    config: &Config,
    impersonation: &Impersonation,
    scopes: &[String],
    federated_token: &Token,
) -> Result<Token, Error> {
    let outside = &outside.for_step(GOOGLE_BUDGET);
    let impersonate = async {
        let asked_at = outside.host.now();
        let request = iam::request(impersonation, scopes, federated_token);
        let reply = retry::send(outside, Route::Public, request).await;
        let reply =
            reply.map_err(|cause| unreachable(Step::Impersonation, "IAM Credentials", &impersonation.url, cause))?;
        iam::read(&reply, config, impersonation, asked_at)
    };
    outside.step(Step::Impersonation, impersonate).await
}

fn unreachable(step: Step, service: &str, url: &url::Url, cause: SendError) -> Error {
    let host = url.host_str().unwrap_or_default();
    let error = match cause.reason {
        Reason::Timeout | Reason::Connect | Reason::Interrupted => {
            Error::new(Kind::Unavailable, step, format!("{service} cannot be reached at `{host}`: {cause}")).hinting(
                "check DNS, firewall and proxy (HTTPS_PROXY, NO_PROXY) and the root certificates (SSL_CERT_FILE)",
            )
        }
        Reason::Setup => Error::new(Kind::Config, step, format!("{service} was not asked: {cause}"))
            .hinting("mend the proxy or the certificates that the environment names"),
        Reason::TooLarge => {
            Error::new(Kind::Malformed, step, format!("something else than {service} answers at `{host}`: {cause}"))
        }
        Reason::Unsendable => Error::new(Kind::Internal, step, format!("{service} was not asked: {cause}")),
    };
    error.caused_by(cause)
}
