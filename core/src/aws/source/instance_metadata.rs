//! Source 2: the instance metadata service of EC2, for the role that is attached to the instance.
//!
//! 1. `PUT /latest/api/token` opens a session (IMDSv2). It is always asked first, whatever the credential file says:
//!    new instances insist on it. Only where it does not exist (403, 404, 405, or no answer) is version 1 asked, which
//!    needs no session, unless `AWS_EC2_METADATA_V1_DISABLED`.
//! 2. The role's name, and with it the role's keys.
//! 3. Beside these two, the region, if it is not known.
//!
//! All of it shares one budget of 2.5 seconds, so that a laptop finds out soon. Nothing goes through a proxy. The
//! service is described at <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>.

use crate::aws::failure;
use crate::context::MintContext;
use crate::env_names::{
    AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE,
    AWS_EC2_METADATA_V1_DISABLED,
};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::{Route, SendError};
use crate::identity::{AccessKey, Identity, KeySource, Region};
use crate::quote;
use crate::reply::Reply;
use crate::retry;
use crate::secret::Secret;
use crate::time::Timestamp;
use futures_util::future;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// One budget for everything that one mint asks, as long as a person waits without wondering.
const BUDGET: Duration = Duration::from_millis(2500);
/// The longest that AWS gives; the session is used for one mint only.
const SESSION_SECONDS: &str = "21600";

const WITHOUT_METADATA: &str =
    "run where a role is attached, or export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION";

const ROLES: &str = "latest/meta-data/iam/security-credentials/";
const REGION: &str = "latest/meta-data/placement/region";

/// Where the metadata service is, and what it is asked for.
#[derive(Debug, Clone)]
pub(in crate::aws) struct Endpoint {
    base: Url,
    version_1_is_allowed: bool,
    /// Why it is asked, for an error that says it cannot be.
    need: &'static str,
}

impl Endpoint {
    /// What tells one from another.
    pub(in crate::aws) fn parts(&self) -> Vec<Option<&[u8]>> {
        vec![Some(self.base.as_str().as_bytes()), self.version_1_is_allowed.then_some(b"v1".as_slice())]
    }
}

/// The endpoint that an environment names, or that the credential file was allowed to name, or the well-known one.
pub(in crate::aws) fn endpoint(
    environment: &Environment,
    metadata_origin: Option<&Url>,
    need: &'static str,
) -> Result<Endpoint, Error> {
    if environment.is_true(AWS_EC2_METADATA_DISABLED) {
        return Err(failure(format!("{need}, and `{AWS_EC2_METADATA_DISABLED}` forbids instance metadata"))
            .hinting(WITHOUT_METADATA));
    }
    let base = match (environment.value(AWS_EC2_METADATA_SERVICE_ENDPOINT), metadata_origin) {
        (Some(named), _) => Url::parse(named.trim())
            .ok()
            .filter(|url| url.scheme() == "http" && url.has_host() && url.query().or(url.fragment()).is_none())
            .ok_or_else(|| {
                failure(format!("`{AWS_EC2_METADATA_SERVICE_ENDPOINT}` is not an http URL without a query"))
            })?,
        (None, Some(origin)) => origin.clone(),
        (None, None) => well_known(environment.value(AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE))?,
    };
    Ok(Endpoint { base, version_1_is_allowed: !environment.is_true(AWS_EC2_METADATA_V1_DISABLED), need })
}

/// The instance's role, in a region that is known or asked for.
pub(in crate::aws) async fn identity(
    context: &MintContext,
    endpoint: &Endpoint,
    known: Option<Region>,
) -> Result<Identity, Error> {
    let context = &context.for_step(BUDGET);
    let find = async {
        let service = Service { context, endpoint };
        let session = service.open_session().await?;
        let role_region = async {
            match known {
                Some(region) => Ok(region),
                None => service.region(&session).await,
            }
        };
        let role_keys = async {
            let role = service.role(&session).await?;
            let key = service.keys(&session, &role).await?;
            Ok((key, KeySource::InstanceRole(role)))
        };
        // Both to their end: which of two failures is told must not depend on which comes first.
        let (keys, region) = future::join(role_keys, role_region).await;
        let (key, source) = keys?;
        Ok(Identity::of(key, region?).from(source))
    };
    context.within(Step::Identity, find).await
}

/// The instance's region alone, for keys from elsewhere.
pub(in crate::aws) async fn region(context: &MintContext, endpoint: &Endpoint) -> Result<Region, Error> {
    let context = &context.for_step(BUDGET);
    let find = async {
        let service = Service { context, endpoint };
        let session = service.open_session().await?;
        service.region(&session).await
    };
    context.within(Step::Identity, find).await
}

/// The metadata service, asked in one mint.
struct Service<'a> {
    context: &'a MintContext,
    endpoint: &'a Endpoint,
}

/// What a request must carry: nothing, under version 1.
struct Session {
    token: Option<Secret>,
    /// Whether version 1 is asked because nothing answered version 2 in time.
    version_2_hung: bool,
}

impl Service<'_> {
    async fn open_session(&self) -> Result<Session, Error> {
        let request = http::Request::put(self.url("latest/api/token"))
            .header("x-aws-ec2-metadata-token-ttl-seconds", SESSION_SECONDS)
            .header(http::header::CONTENT_LENGTH, "0");
        let answer = self.send(request).await;
        let version_2_hung = matches!(&answer, Err(error) if error.is_timeout());
        match answer {
            Ok(reply) if reply.status == 200 => {
                let token = header_text(&reply).ok_or_else(|| malformed("a session token that no header can carry"))?;
                Ok(Session { token: Some(Secret::new(token)), version_2_hung: false })
            }
            Ok(reply) if matches!(reply.status, 403..=405) && self.endpoint.version_1_is_allowed => {
                Ok(Session { token: None, version_2_hung })
            }
            Ok(reply) => Err(self.refused("opening a metadata session", &reply)),
            Err(_) if version_2_hung && self.endpoint.version_1_is_allowed => {
                Ok(Session { token: None, version_2_hung })
            }
            Err(error) => Err(self.unreachable(error)),
        }
    }

    async fn role(&self, session: &Session) -> Result<String, Error> {
        let reply = self.read(session, ROLES).await?;
        let is_empty_list = reply.status == 200 && reply.body.trim_ascii().is_empty();
        if reply.status == 404 || is_empty_list {
            return Err(failure("no role is attached to this EC2 instance: its metadata names none")
                .answering(reply.status, None)
                .hinting("attach an instance profile whose role the provider trusts, or export AWS keys"));
        }
        let name = header_text(&self.succeed(reply, "reading the role's name")?)
            .filter(|name| is_role_name(name))
            .ok_or_else(|| malformed("a role's name that is not valid"))?;
        Ok(name)
    }

    async fn region(&self, session: &Session) -> Result<Region, Error> {
        let reply = self.succeed(self.read(session, REGION).await?, "reading the region")?;
        let text = String::from_utf8_lossy(&reply.body);
        Region::parse(text.trim()).ok_or_else(|| malformed("a region that is not valid"))
    }

    async fn keys(&self, session: &Session, role: &str) -> Result<AccessKey, Error> {
        let reply = self.succeed(self.read(session, &format!("{ROLES}{role}")).await?, "reading the role's keys")?;
        // Served as text/plain: the body alone tells that it is JSON.
        let value = reply.json().ok_or_else(|| malformed("keys that are not JSON"))?;
        let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
        let unassumed = |what: &str, code| {
            failure(format!("EC2 cannot assume the role `{role}`: instance metadata answers {what}"))
                .answering(reply.status, code)
                .hinting("check that the role still exists and that its trust policy names ec2.amazonaws.com")
        };
        if let Some(code) = text("Code").filter(|code| *code != "Success") {
            return Err(unassumed(&quote::name(code), quote::is_name(code).then_some(code)));
        }
        if ["AccessKeyId", "SecretAccessKey", "Token"].iter().any(|name| value.get(name) == Some(&Value::Null)) {
            return Err(unassumed("keys that are null", None));
        }
        let required = |name: &str| text(name).ok_or_else(|| malformed(&format!("keys without `{name}`")));
        let expires_at = match text("Expiration") {
            None => Timestamp::NEVER,
            Some(time) => {
                Timestamp::from_rfc3339(time).ok_or_else(|| malformed("an `Expiration` that is not a time"))?
            }
        };
        Ok(AccessKey {
            access_key_id: required("AccessKeyId")?.to_owned(),
            secret_access_key: Secret::new(required("SecretAccessKey")?),
            session_token: Some(Secret::new(required("Token")?)),
            expires_at,
        })
    }

    /// One `GET`; a session that was refused is opened once more.
    async fn read(&self, session: &Session, path: &str) -> Result<Reply, Error> {
        let reply = self.get(session, path).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        if session.token.is_some() {
            return self.get(&self.open_session().await?, path).await;
        }
        let error =
            failure("instance metadata insists on IMDSv2 and did not answer its session request").answering(401, None);
        Err(if session.version_2_hung {
            error.hinting("in a container on EC2 the hop limit is too low: raise `http-put-response-hop-limit` to 2, or give the workload a role of its own")
        } else {
            error
        })
    }

    async fn get(&self, session: &Session, path: &str) -> Result<Reply, Error> {
        let mut request = http::Request::get(self.url(path));
        if let Some(token) = &session.token {
            request = request.header("x-aws-ec2-metadata-token", token.expose());
        }
        self.send(request).await.map_err(|cause| {
            if session.version_2_hung {
                // Nothing has answered yet.
                return self.unreachable(cause);
            }
            Error::new(Kind::Unavailable, Step::Identity, format!("instance metadata stopped answering: {cause}"))
                .caused_by(cause)
        })
    }

    async fn send(&self, request: http::request::Builder) -> Result<Reply, SendError> {
        retry::send(self.context, Route::LinkLocal, request.body(Vec::new())).await
    }

    fn succeed(&self, reply: Reply, doing: &str) -> Result<Reply, Error> {
        if reply.status == 200 { Ok(reply) } else { Err(self.refused(doing, &reply)) }
    }

    fn refused(&self, doing: &str, reply: &Reply) -> Error {
        let base = quote::origin(&self.endpoint.base);
        let answered = format!("{doing}: instance metadata at {base} answered {}", reply.status);
        let error = if let Some(host) = reply.redirects_to() {
            Error::new(Kind::Malformed, Step::Identity, format!("{answered}, a redirect to {host}")).hinting(
                "something between this workload and EC2 answers at the metadata address: take it out of the way",
            )
        } else {
            let kind = if reply.is_transient() { Kind::Unavailable } else { Kind::Identity };
            Error::new(kind, Step::Identity, answered)
        };
        error.answering(reply.status, None).retrying_after(reply.retry_after)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.endpoint.base.as_str().trim_end_matches('/'))
    }

    fn unreachable(&self, cause: SendError) -> Error {
        failure(format!("{}, and no instance metadata answers", self.endpoint.need))
            .hinting(WITHOUT_METADATA)
            .caused_by(cause)
    }
}

fn well_known(mode: Option<&str>) -> Result<Url, Error> {
    let address = match mode.map(str::trim) {
        None => "http://169.254.169.254",
        Some(mode) if mode.eq_ignore_ascii_case("ipv4") => "http://169.254.169.254",
        Some(mode) if mode.eq_ignore_ascii_case("ipv6") => "http://[fd00:ec2::254]",
        Some(mode) => {
            let name = AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE;
            return Err(failure(format!("`{name}` is {}, not `IPv4` or `IPv6`", quote::name(mode))));
        }
    };
    Url::parse(address)
        .map_err(|cause| Error::new(Kind::Internal, Step::Identity, "a well-known address").caused_by(cause))
}

/// What IAM lets a role be called; nothing else becomes part of a URL.
fn is_role_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    text.len() <= 64 && text.bytes().all(is_allowed)
}

fn malformed(what: &str) -> Error {
    Error::new(Kind::Malformed, Step::Identity, format!("instance metadata answered {what}"))
        .hinting("something other than EC2 may answer at the metadata address")
}

/// A body that is one visible word.
fn header_text(reply: &Reply) -> Option<String> {
    let text = std::str::from_utf8(&reply.body).ok()?.trim();
    let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_word.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_the_one_that_is_named_or_the_well_known_one_of_the_mode() {
        let base = |variables: &[(&str, &str)]| {
            let environment = Environment::from_lookup(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            });
            endpoint(&environment, None, "")
                .map(|endpoint| endpoint.base.to_string())
                .map_err(|error| error.to_string())
        };
        let mode = AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE;
        assert_eq!(base(&[]).as_deref(), Ok("http://169.254.169.254/"));
        assert_eq!(base(&[(mode, "ipv4")]).as_deref(), Ok("http://169.254.169.254/"));
        assert_eq!(base(&[(mode, "IPv6")]).as_deref(), Ok("http://[fd00:ec2::254]/"));
        assert!(base(&[(mode, "IPv5")]).is_err_and(|error| error.contains(mode)));
        let named = AWS_EC2_METADATA_SERVICE_ENDPOINT;
        assert_eq!(base(&[(named, "http://127.0.0.1:1338"), (mode, "IPv6")]).as_deref(), Ok("http://127.0.0.1:1338/"));
        for wrong in ["https://127.0.0.1", "127.0.0.1", "http://127.0.0.1/?query", "http://127.0.0.1/#part"] {
            assert!(base(&[(named, wrong)]).is_err_and(|error| error.contains(named)), "{wrong}");
        }
    }
}
