//! The container's role: ECS and Fargate (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`), EKS Pod Identity and Lambda SnapStart
//! (`AWS_CONTAINER_CREDENTIALS_FULL_URI`, with `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` over
//! `AWS_CONTAINER_AUTHORIZATION_TOKEN`).
//!
//! 1. A relative URI is a path at `http://169.254.170.2`, and wins over a full one.
//! 2. A full URI is https, or http at one of these hosts, none of which is looked up in DNS: `127.0.0.0/8`, `[::1]`,
//!    `localhost`, `169.254.170.2`, `169.254.170.23`, `[fd00:ec2::23]`. It holds no user and no fragment.
//! 3. The token is sent as it stands in its file or variable, as `Authorization`. A file is read for each request, since
//!    EKS replaces it; a line break in it would be another header, and is refused.
//!
//! Documented at <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.

use crate::aws::{failure, reply};
use crate::context::MintContext;
use crate::env_names::{
    AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, AWS_CONTAINER_CREDENTIALS_FULL_URI,
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::Route;
use crate::identity::AccessKey;
use crate::retry;
use crate::secret::Secret;
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// The agent is on the same machine, and may ask AWS STS for the keys first.
const BUDGET: Duration = Duration::from_secs(5);
const ECS_AGENT: &str = "http://169.254.170.2";
const LINK_LOCAL_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// Where the container's agent answers, and what it asks for.
#[derive(Debug)]
pub(in crate::aws) struct Container {
    url: Url,
    authorization: Authorization,
    /// The variable that names it.
    named_by: &'static str,
}

#[derive(Debug)]
enum Authorization {
    None,
    Text(Secret),
    File(PathBuf),
}

/// The container's agent, if a variable names one.
pub(in crate::aws) fn configured(environment: &Environment) -> Result<Option<Container>, Error> {
    let relative = environment.value(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
    let full = environment.value(AWS_CONTAINER_CREDENTIALS_FULL_URI);
    let (url, named_by) = match (relative, full) {
        (Some(path), _) => (relative_url(path.trim())?, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI),
        (None, Some(url)) => (full_url(url.trim())?, AWS_CONTAINER_CREDENTIALS_FULL_URI),
        (None, None) => return Ok(None),
    };
    let file = environment.value(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
    let text = environment.value(AWS_CONTAINER_AUTHORIZATION_TOKEN);
    let authorization = match (file, text) {
        (Some(file), _) => Authorization::File(file.into()),
        (None, Some(text)) => Authorization::Text(Secret::new(text)),
        (None, None) => Authorization::None,
    };
    Ok(Some(Container { url, authorization, named_by }))
}

fn relative_url(path: &str) -> Result<Url, Error> {
    let wrong = || failure(format!("`{AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}` is not a path that begins with `/`"));
    let url = Url::parse(&format!("{ECS_AGENT}{path}")).map_err(|_| wrong())?;
    // A path such as `@elsewhere/` would be another host.
    let is_path = path.starts_with('/') && url.host_str() == Some("169.254.170.2") && url.fragment().is_none();
    if is_path { Ok(url) } else { Err(wrong()) }
}

fn full_url(text: &str) -> Result<Url, Error> {
    let wrong = |problem: &str| failure(format!("`{AWS_CONTAINER_CREDENTIALS_FULL_URI}` {problem}"));
    let url = Url::parse(text).map_err(|cause| wrong("is not a URL").caused_by(cause))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(wrong("must hold no user, password or fragment"));
    }
    let is_near = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let is_near = is_near || url.host_str().is_some_and(|host| LINK_LOCAL_HOSTS.contains(&host));
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_near => Ok(url),
        "http" => Err(wrong("is http at a host that is not the container's own agent").hinting(
            "allowed are loopback addresses, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23]; elsewhere use https",
        )),
        _ => Err(wrong("is not an http or https URL")),
    }
}

impl Container {
    pub(in crate::aws) fn parts(&self) -> Vec<Option<&[u8]>> {
        let (file, text) = match &self.authorization {
            Authorization::None => (None, None),
            Authorization::Text(text) => (None, Some(text.expose().as_bytes())),
            Authorization::File(file) => (Some(file.as_os_str().as_encoded_bytes()), None),
        };
        vec![Some(self.url.as_str().as_bytes()), file, text]
    }

    pub(in crate::aws) async fn key(&self, context: &MintContext) -> Result<AccessKey, Error> {
        let context = &context.for_step(BUDGET);
        context.within(Step::Identity, self.ask(context)).await
    }

    async fn ask(&self, context: &MintContext) -> Result<AccessKey, Error> {
        let mut request = http::Request::get(self.url.as_str()).header(ACCEPT, "application/json");
        if let Some(authorization) = self.authorization(context).await? {
            request = request.header(AUTHORIZATION, authorization);
        }
        let route = if self.url.scheme() == "https" { Route::Public } else { Route::LinkLocal };
        let host = self.url.host_str().unwrap_or_default();
        let reply = retry::send(context, route, request.body(Vec::new())).await.map_err(|cause| {
            let message = format!(
                "the container's agent at `{host}`, which `{}` names, cannot be reached: {cause}",
                self.named_by
            );
            Error::new(Kind::Unavailable, Step::Identity, message).caused_by(cause)
        })?;
        if reply.status != 200 {
            let kind = if reply.is_transient() { Kind::Unavailable } else { Kind::Identity };
            let message = format!("the container's agent at `{host}` gave no keys (it answered {})", reply.status);
            return Err(Error::new(kind, Step::Identity, message)
                .answering(reply.status, None)
                .retrying_after(reply.retry_after)
                .hinting(match reply.status {
                    400 | 401 | 403 => "check that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is the one that EKS mounted, and that the pod identity association or task role exists",
                    _ => "check that a task role or a pod identity association is set for this container",
                }));
        }
        reply::access_key(&reply, "the container's agent")
    }

    async fn authorization(&self, context: &MintContext) -> Result<Option<HeaderValue>, Error> {
        let (text, name) = match &self.authorization {
            Authorization::None => return Ok(None),
            Authorization::Text(text) => (text.clone(), AWS_CONTAINER_AUTHORIZATION_TOKEN),
            Authorization::File(file) => {
                let name = AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
                let bytes = context.host.read(file.clone()).await.map_err(|cause| {
                    failure(format!("the file that `{name}` names, `{}`, {cause}", file.display())).caused_by(cause)
                })?;
                let text = String::from_utf8(bytes)
                    .map_err(|_| failure(format!("the file that `{name}` names is not text")))?;
                (Secret::new(text), name)
            }
        };
        let value = HeaderValue::from_str(text.expose()).map_err(|_| {
            failure(format!("the token of `{name}` holds a line break or another character that no header can carry"))
        });
        value.map(|mut value| {
            value.set_sensitive(true);
            Some(value)
        })
    }
}
