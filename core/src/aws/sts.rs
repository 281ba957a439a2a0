//! AWS STS: a role is assumed, and a caller learns who it is. Requests are shaped and replies read here; nothing is sent. Pure.
//!
//! - `AssumeRole`, signed by who assumes the role;
//! - `AssumeRoleWithWebIdentity`, not signed: another issuer's token is the proof;
//! - `GetCallerIdentity`, signed.
//!
//! Each is a form, and is answered in XML. The service is described at
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html>, and the errors of every call at
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>.

use super::key::{self, is_word};
use super::region;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, Identity, Region};
use crate::quote;
use crate::reply::Reply;
use crate::secret::Secret;
use crate::sigv4::{self, Scope};
use crate::time::{Skew, Timestamp};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use roxmltree::{Document, Node, ParsingOptions};
use std::path::Path;
use std::time::Duration;
use url::form_urlencoded::Serializer;
use url::{Position, Url};

/// A role to assume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) role_arn: String,
    /// The end of the ARN by which AWS and Google know the caller; `rolebridge` if none is chosen.
    pub(crate) session_name: Option<String>,
    /// What the role's trust policy may ask for. Not sent with a web identity.
    pub(crate) external_id: Option<String>,
    /// How long the keys are to live; if none is chosen, AWS gives an hour.
    pub(crate) duration: Option<Duration>,
}

/// Constant, because `google.subject` contains it: a name that changed would be another principal.
const SESSION_NAME: &str = "rolebridge";

/// AWS STS of a region, or what an environment or a profile names in its place.
pub(crate) fn endpoint(region: &Region, named: Option<&Url>) -> Result<Url, Error> {
    match named {
        Some(url) => Ok(url.clone()),
        None => Url::parse(&format!("https://sts.{region}.{}/", region::suffix(region)))
            .map_err(|cause| Error::new(Kind::Internal, Step::Identity, "the address of AWS STS").caused_by(cause)),
    }
}

/// Assumes a role, in the region of the identity that does.
pub(crate) fn assume_role(
    identity: &Identity,
    endpoint: &Url,
    role: &Role,
    now: Timestamp,
) -> http::Result<http::Request<Vec<u8>>> {
    let mut form = form("AssumeRole");
    add_role(&mut form, role);
    if let Some(id) = &role.external_id {
        form.append_pair("ExternalId", id);
    }
    signed(identity, endpoint, form.finish(), now)
}

/// Assumes a role by another issuer's token: [`web_identity_token`].
pub(crate) fn assume_role_with_web_identity(
    endpoint: &Url,
    role: &Role,
    token: &Secret,
) -> http::Result<http::Request<Vec<u8>>> {
    let mut form = form("AssumeRoleWithWebIdentity");
    add_role(&mut form, role);
    form.append_pair("WebIdentityToken", token.expose());
    http::Request::post(endpoint.as_str()).header(CONTENT_TYPE, FORM).body(form.finish().into_bytes())
}

/// Asks whose keys these are.
pub(crate) fn get_caller_identity(
    identity: &Identity,
    endpoint: &Url,
    now: Timestamp,
) -> http::Result<http::Request<Vec<u8>>> {
    signed(identity, endpoint, form("GetCallerIdentity").finish(), now)
}

/// The token in a file that a variable or a profile names as `path`.
pub(crate) fn web_identity_token(path: &Path, content: &[u8]) -> Result<Secret, Error> {
    // The longest that AWS STS takes.
    const LONGEST: usize = 20_000;
    let problem = match std::str::from_utf8(content).map(str::trim) {
        Ok("") => "is empty",
        Ok(token) if token.len() > LONGEST => "is longer than AWS STS takes (20,000 bytes)",
        Ok(token) if is_word(token) => return Ok(Secret::new(token)),
        _ => "holds something other than one token",
    };
    Err(Error::new(
        Kind::Identity,
        Step::Identity,
        format!("the web identity token file {} {problem}", quote::file(path)),
    )
    .hinting("whoever writes the file (on EKS, the kubelet) must write one token of the identity provider into it"))
}

/// The keys of a role, from the reply to either way of assuming it.
pub(crate) fn read_keys(reply: &Reply, role: &Role) -> Result<AccessKey, Error> {
    let tree = tree(&reply.body);
    let root = tree.as_ref().map(Document::root_element);
    if reply.status != 200 {
        return Err(refusal(reply, root, &format!("let the role `{}` be assumed", role.role_arn)));
    }
    let root = root.ok_or_else(|| malformed("something that is not XML"))?;
    let credentials = ["AssumeRole", "AssumeRoleWithWebIdentity"].into_iter().find_map(|action| {
        let named = root.tag_name().name().strip_suffix("Response")? == action;
        child(child(named.then_some(root)?, &format!("{action}Result"))?, "Credentials")
    });
    let credentials = credentials.ok_or_else(|| malformed("no `Credentials`"))?;
    let required = |name: &str| {
        let value = text(credentials, name).ok_or_else(|| malformed(&format!("keys without `{name}`")))?;
        let problem = || malformed(&format!("keys whose `{name}` holds a character that no header can carry"));
        if is_word(value) { Ok(value) } else { Err(problem()) }
    };
    Ok(AccessKey {
        access_key_id: required("AccessKeyId")?.to_owned(),
        secret_access_key: Secret::new(required("SecretAccessKey")?),
        session_token: Some(Secret::new(required("SessionToken")?)),
        expires_at: key::time(required("Expiration")?)
            .ok_or_else(|| malformed("keys whose `Expiration` is not a time"))?,
    })
}

/// The caller's ARN, `arn:aws:sts::111122223333:assumed-role/name/session` and its like, from the reply to
/// [`get_caller_identity`].
pub(crate) fn read_caller(reply: &Reply) -> Result<String, Error> {
    let tree = tree(&reply.body);
    let root = tree.as_ref().map(Document::root_element);
    if reply.status != 200 {
        return Err(refusal(reply, root, "tell whose keys these are"));
    }
    let root = root.ok_or_else(|| malformed("something that is not XML"))?;
    let result =
        child(root, "GetCallerIdentityResult").filter(|_| root.tag_name().name() == "GetCallerIdentityResponse");
    let result = result.ok_or_else(|| malformed("no `GetCallerIdentityResult`"))?;
    let arn = text(result, "Arn").filter(|arn| is_word(arn) && arn.starts_with("arn:"));
    arn.map(str::to_owned).ok_or_else(|| malformed("a caller without `Arn`"))
}

/// Whether the same request may succeed a little later: AWS STS answers 400 for some of that, too.
pub(crate) fn may_pass(reply: &Reply) -> bool {
    reply.is_transient() || Said::read(tree(&reply.body).as_ref().map(Document::root_element)).may_pass()
}

/// How far AWS's clock is from ours, if that is why a signed request was refused: AWS says so, and the reply's own date
/// says the same. The request signed with that clock's time will do.
pub(crate) fn clock_skew(reply: &Reply, asked_at: Timestamp) -> Option<Skew> {
    let tree = tree(&reply.body);
    let said = Said::read(tree.as_ref().map(Document::root_element));
    let skew = Skew::between(asked_at, reply.date?);
    (reply.status != 200 && said.is_about_time() && skew.size() > SIGNATURE_WINDOW).then_some(skew)
}

/// AWS takes a signature whose time is within five minutes of its own. What is closer to its clock than this was refused
/// for another reason.
const SIGNATURE_WINDOW: Duration = Duration::from_secs(240);

const FORM: &str = "application/x-www-form-urlencoded";

fn form(action: &str) -> Serializer<'static, String> {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", "2011-06-15");
    form
}

fn add_role(form: &mut Serializer<'static, String>, role: &Role) {
    form.append_pair("RoleArn", &role.role_arn);
    form.append_pair("RoleSessionName", role.session_name.as_deref().unwrap_or(SESSION_NAME));
    if let Some(duration) = role.duration {
        form.append_pair("DurationSeconds", &duration.as_secs().to_string());
    }
}

/// A form, signed in the identity's region.
fn signed(identity: &Identity, endpoint: &Url, form: String, now: Timestamp) -> http::Result<http::Request<Vec<u8>>> {
    let time = now.iso8601_basic();
    let scope = Scope { time: &time, region: identity.region().as_str(), service: "sts" };
    // With the port, where there is one: so it is sent.
    let host = &endpoint[Position::BeforeHost..Position::AfterPort];
    let mut headers = vec![("content-type", FORM), ("host", host), ("x-amz-date", &time)];
    if let Some(token) = identity.session_token() {
        headers.push(("x-amz-security-token", token));
    }
    let canonical = sigv4::canonical_request(&sigv4::Request {
        method: "POST",
        path: endpoint.path(),
        query: endpoint.query().unwrap_or_default(),
        headers: &headers,
        body_sha256: &sigv4::sha256_hex(form.as_bytes()),
        normalize_path: true,
    });
    let to_sign = sigv4::string_to_sign(&canonical, &scope);
    let signature = sigv4::signature(identity.secret_access_key(), &scope, &to_sign);
    let authorization = sigv4::authorization(identity.access_key_id(), &scope, &canonical.signed_headers, &signature);

    let mut request = http::Request::post(endpoint.as_str())
        .header(CONTENT_TYPE, FORM)
        .header("x-amz-date", &time)
        .header(AUTHORIZATION, sensitive(&authorization)?);
    if let Some(token) = identity.session_token() {
        request = request.header("x-amz-security-token", sensitive(token)?);
    }
    request.body(form.into_bytes())
}

fn sensitive(value: &str) -> http::Result<HeaderValue> {
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A reply's XML. None if it is no XML, or if it declares anything (a DTD is where entities come from).
fn tree(body: &[u8]) -> Option<Document<'_>> {
    const LONGEST: usize = 1 << 20;
    // The longest honest reply has about twenty.
    const MOST_NODES: u32 = 1000;
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= LONGEST)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, entity_resolver: None };
    Document::parse_with_options(text.trim_start(), options).ok()
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

/// The text of a child that holds nothing else.
fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    let content = child(node, name)?.first_child()?;
    let is_whole = content.is_text() && content.next_sibling().is_none();
    content.text().map(str::trim).filter(|text| is_whole && !text.is_empty())
}

/// What AWS STS said when it did not do what it was asked.
struct Said {
    code: Option<String>,
    description: String,
}

impl Said {
    fn read(root: Option<Node<'_, '_>>) -> Said {
        let error = root.and_then(|root| child(root, "Error"));
        let text = |name: &str| error.and_then(|error| text(error, name));
        Said {
            code: text("Code").and_then(quote::code).map(str::to_owned),
            description: text("Message").map(quote::description).unwrap_or_default(),
        }
    }

    fn may_pass(&self) -> bool {
        /// That AWS STS could not ask the identity provider, and every name of AWS's for "too many requests".
        const CODES: &[&str] = &[
            "IDPCommunicationError",
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "LimitExceededException",
            "BandwidthLimitExceeded",
            "ProvisionedThroughputExceededException",
            "PriorRequestNotComplete",
            "SlowDown",
            "RequestTimeout",
            "RequestTimeoutException",
        ];
        self.code.as_deref().is_some_and(|code| CODES.contains(&code))
    }

    fn is_about_time(&self) -> bool {
        self.code.as_deref() == Some("RequestExpired")
            || self.description.contains("Signature expired")
            || self.description.contains("not yet current")
    }

    fn hint(&self, reply: &Reply) -> Option<&'static str> {
        Some(match self.code.as_deref()? {
            "AccessDenied" | "AccessDeniedException" => {
                "let the role's trust policy name who assumes it (for a web identity: its provider, subject and \
                 audience); an identity of another account or an IAM user needs `sts:AssumeRole` in its own policy too"
            }
            "InvalidIdentityToken" | "IDPRejectedClaim" => {
                "check that an IAM OIDC provider of the role's account has the token's issuer and audience"
            }
            "ExpiredTokenException" | "ExpiredToken" => {
                "what proves the caller has ended: renew the web identity token, or the keys"
            }
            "InvalidClientTokenId" => {
                "AWS does not know these keys: temporary keys need their session token, and all must come from one set"
            }
            "RegionDisabledException" => "activate AWS STS in this region, or name another one by AWS_REGION",
            _ if self.is_about_time() && reply.date.is_some() => "set this machine's clock",
            _ => return None,
        })
    }
}

fn refusal(reply: &Reply, root: Option<Node<'_, '_>>, asked: &str) -> Error {
    let said = Said::read(root);
    let (kind, verb) = match (reply.is_transient() || said.may_pass(), &said.code) {
        (true, _) => (Kind::Unavailable, "could not"),
        (false, Some(_)) => (Kind::Refused, "refused to"),
        // A page, or a redirect: the service itself says no in XML.
        (false, None) => (Kind::Malformed, "did not"),
    };
    let code = said.code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    let mut message = format!("AWS STS {verb} {asked} ({}{code})", reply.status);
    if !said.description.is_empty() {
        message += &format!(": {}", said.description);
    }
    let error = Error::new(kind, Step::Identity, message)
        .answering(reply.status, said.code.as_deref())
        .retrying_after(reply.retry_after);
    match said.hint(reply) {
        Some(hint) => error.hinting(hint),
        None => error,
    }
}

fn malformed(what: &str) -> Error {
    Error::new(Kind::Malformed, Step::Identity, format!("AWS STS answered {what}")).answering(200, None)
}

#[cfg(test)]
mod tests;
