//! Calls to AWS's own services: tried again while that may help, and once more by AWS's clock where ours is wrong.

use super::sts;
use crate::context::MintContext;
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::Route;
use crate::reply::Reply;
use crate::retry;
use crate::time::Timestamp;
use url::Url;

/// A request to AWS STS, shaped for the time at which it is signed.
pub(super) async fn sts(
    context: &MintContext,
    shape: impl Fn(Timestamp) -> http::Result<http::Request<Vec<u8>>>,
) -> Result<Reply, Error> {
    let asked_at = context.host.now();
    let reply = send(context, "AWS STS", sts::may_pass, shape(asked_at)).await?;
    let Some(skew) = sts::clock_skew(&reply, asked_at) else { return Ok(reply) };
    context.trace.adjust_clock(skew);
    send(context, "AWS STS", sts::may_pass, shape(skew.apply(context.host.now()))).await
}

/// One request, and its tries.
pub(super) async fn send(
    context: &MintContext,
    service: &str,
    may_pass: fn(&Reply) -> bool,
    request: http::Result<http::Request<Vec<u8>>>,
) -> Result<Reply, Error> {
    let host = request.as_ref().ok().and_then(|request| request.uri().host()).unwrap_or_default().to_owned();
    retry::send_while(context, Route::Public, may_pass, request).await.map_err(|cause| {
        Error::new(Kind::Unavailable, Step::Identity, format!("{service} cannot be reached at `{host}`: {cause}"))
            .hinting("check DNS, firewall and proxy (HTTPS_PROXY, NO_PROXY) and the root certificates (SSL_CERT_FILE)")
            .caused_by(cause)
    })
}

/// Where the environment sends the calls to a service, if not to AWS's own host; `variable` is the service's own.
pub(super) fn named_endpoint(environment: &Environment, variable: &str) -> Result<Option<Url>, Error> {
    if environment.is_true(env_names::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS) {
        return Ok(None);
    }
    let names = [variable, env_names::AWS_ENDPOINT_URL];
    let Some((name, value)) = names.into_iter().find_map(|name| Some((name, environment.value(name)?))) else {
        return Ok(None);
    };
    let url = Url::parse(value.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(Some).ok_or_else(|| super::failure(format!("`{name}` is not an http or https URL")))
}
