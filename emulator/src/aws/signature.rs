//! Whose signature is this on a request to AWS STS, and does it hold?
//!
//! The judge is `aws-sigv4`, Amazon's own signer: the request is signed again with the key that it names, over
//! exactly the headers that it claims to have signed, and the two signatures must be equal.

use crate::aws::host::is_region;
use crate::facts::Facts;
use crate::facts::keys::{Caller, Key};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SessionTokenMode, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::AUTHORIZATION;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// AWS's tolerance for clocks that differ.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// A signed request as it arrives at AWS.
pub(crate) struct Signed {
    pub(crate) method: String,
    pub(crate) url: String,
    /// Where AWS STS lives in the URL: the region of its host. A host that has none stands for all of them.
    pub(crate) region: Option<String>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

/// What AWS answers instead of an identity.
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// The fields of `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
pub(crate) struct Claim<'h> {
    access_key_id: &'h str,
    date: &'h str,
    region: &'h str,
    service: &'h str,
    pub(crate) signed_headers: Vec<&'h str>,
    signature: &'h str,
}

pub(crate) fn caller(facts: &Facts, request: &Signed) -> Result<Caller, Refusal> {
    let authorization = request.headers.get("authorization").ok_or_else(|| Refusal {
        code: "MissingAuthenticationToken",
        message: "Request is missing Authentication Token".into(),
    })?;
    let claim = Claim::parse(authorization).ok_or_else(|| Refusal {
        code: "IncompleteSignature",
        message: "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.".into(),
    })?;
    check_scope(&claim, request)?;
    check_signed_headers(&claim, request)?;
    let key = facts.keys.get(claim.access_key_id).ok_or_else(invalid_token)?;
    check_session(facts, key, request)?;
    let time = check_date(facts.now(), &claim, request)?;
    if signature(request, &claim, key, time) != Some(claim.signature.to_owned()) {
        return Err(mismatch(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    Ok(key.owner.clone())
}

impl<'h> Claim<'h> {
    pub(crate) fn parse(authorization: &'h str) -> Option<Claim<'h>> {
        let fields: BTreeMap<&str, &str> = authorization
            .strip_prefix("AWS4-HMAC-SHA256 ")?
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .collect();
        let scope: Vec<&str> = fields.get("Credential")?.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope[..] else { return None };
        Some(Claim {
            access_key_id,
            date,
            region,
            service,
            signed_headers: fields.get("SignedHeaders")?.split(';').collect(),
            signature: fields.get("Signature")?,
        })
    }
}

fn check_scope(claim: &Claim<'_>, request: &Signed) -> Result<(), Refusal> {
    if claim.service != "sts" {
        return Err(mismatch("Credential should be scoped to correct service: 'sts'. "));
    }
    if request.region.as_ref().map_or(!is_region(claim.region), |region| region != claim.region) {
        return Err(mismatch("Credential should be scoped to a valid region. "));
    }
    Ok(())
}

/// The host and every `x-amz-` header must be covered by the signature.
fn check_signed_headers(claim: &Claim<'_>, request: &Signed) -> Result<(), Refusal> {
    let signed: BTreeSet<&str> = claim.signed_headers.iter().copied().collect();
    if !signed.contains("host") {
        return Err(mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let unsigned: Vec<&str> = request
        .headers
        .keys()
        .map(String::as_str)
        .filter(|name| name.starts_with("x-amz-") && !signed.contains(name))
        .collect();
    if unsigned.is_empty() {
        return Ok(());
    }
    Err(Refusal {
        code: "AccessDenied",
        message: format!("There were headers present in the request which were not signed\n{}", unsigned.join("\n")),
    })
}

/// Temporary keys go with their session token, long-lived keys go without one.
fn check_session(facts: &Facts, key: &Key, request: &Signed) -> Result<(), Refusal> {
    let token = request.headers.get("x-amz-security-token");
    if token != key.session.as_ref().map(|session| &session.token) {
        return Err(invalid_token());
    }
    match &key.session {
        Some(session) if session.expires <= facts.now() => Err(Refusal {
            code: "ExpiredToken",
            message: "The security token included in the request is expired".into(),
        }),
        _ => Ok(()),
    }
}

fn check_date(now: Timestamp, claim: &Claim<'_>, request: &Signed) -> Result<Timestamp, Refusal> {
    let text = request.headers.get("x-amz-date").map_or("", String::as_str);
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).and_then(|date| TimeZone::UTC.to_timestamp(date));
    let time = time.map_err(|_| Refusal {
        code: "IncompleteSignature",
        message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".into(),
    })?;
    if text.get(..8) != Some(claim.date) {
        return Err(mismatch(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
        ));
    }
    let stamp = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    if time < now - WINDOW {
        let (earliest, now) = (stamp(now - WINDOW), stamp(now));
        return Err(mismatch(format!("Signature expired: {text} is now earlier than {earliest} ({now} - 5 min.)")));
    }
    if time > now + WINDOW {
        let (latest, now) = (stamp(now + WINDOW), stamp(now));
        return Err(mismatch(format!(
            "Signature not yet current: {text} is still later than {latest} ({now} + 5 min.)"
        )));
    }
    Ok(time)
}

/// The signature that Amazon's signer makes for this request; `None` if it takes no such request.
fn signature(request: &Signed, claim: &Claim<'_>, key: &Key, time: Timestamp) -> Option<String> {
    let identity = Credentials::new(
        key.access_key_id.as_str(),
        key.secret_access_key.as_str(),
        key.session.as_ref().map(|session| session.token.clone()),
        None,
        "world",
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.excluded_headers = None;
    settings.session_token_mode = SessionTokenMode::Include;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(claim.region)
        .name("sts")
        .time(SystemTime::try_from(time).ok()?)
        .settings(settings)
        .build()
        .ok()?
        .into();
    // The signer adds these itself: the host from the URL, the others from its parameters.
    let added = ["host", "x-amz-date", "x-amz-security-token"];
    let headers = claim
        .signed_headers
        .iter()
        .filter(|name| !added.contains(name))
        .map(|name| Some((*name, request.headers.get(*name)?.as_str())))
        .collect::<Option<Vec<_>>>()?;
    // As a client sends it: the path of a URL without one is `/`.
    let url: Uri = request.url.parse().ok()?;
    let url = format!("{}://{}{}", url.scheme()?, url.authority()?, url.path_and_query()?);
    let body = SignableBody::Bytes(&request.body);
    let signable = SignableRequest::new(&request.method, url, headers.into_iter(), body).ok()?;
    let (instructions, _) = sign(signable, &parameters).ok()?.into_parts();
    let mut signed = hyper::Request::new(());
    instructions.apply_to_request_http1x(&mut signed);
    let authorization = signed.headers().get(AUTHORIZATION)?.to_str().ok()?;
    Some(Claim::parse(authorization)?.signature.to_owned())
}

fn invalid_token() -> Refusal {
    Refusal { code: "InvalidClientTokenId", message: "The security token included in the request is invalid.".into() }
}

fn mismatch(message: impl Into<String>) -> Refusal {
    Refusal { code: "SignatureDoesNotMatch", message: message.into() }
}
