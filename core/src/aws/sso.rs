//! IAM Identity Center (SSO): the sign-in that AWS's command line keeps in a file, its renewal, and the keys of a role. Pure.
//!
//! 1. `aws sso login` leaves a sign-in in `~/.aws/sso/cache/`, in a file named after the `sso_session`, or after the start
//!    URL of a profile that has none.
//! 2. A sign-in by an `sso_session` is renewed in its last five minutes: `POST /token` of OIDC. The file is read once more
//!    before, since another program may have renewed it, and written after, with every member that we do not know.
//! 3. `GET /federation/credentials` of the portal gives the keys of a role for it.
//!
//! The calls are described at <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>
//! and <https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html>.

use super::key;
use super::profile_plan::Sso;
use super::region;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, Region};
use crate::quote;
use crate::reply::Reply;
use crate::secret::Secret;
use crate::time::Timestamp;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use std::fmt;
use std::time::Duration;
use url::Url;

/// The last part of a sign-in's life, in which it is renewed: as the AWS SDKs for Rust and JavaScript have it.
const RENEWAL: Duration = Duration::from_secs(300);

/// The path of a sign-in's file below `~/.aws`.
pub(crate) fn cache_file(sso: &Sso) -> [String; 3] {
    let named_after = sso.session.as_deref().unwrap_or(&sso.start_url);
    let hash: String = Sha1::digest(named_after.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    ["sso".to_owned(), "cache".to_owned(), format!("{hash}.json")]
}

/// What the file holds.
pub(crate) struct SignIn {
    access_token: Secret,
    expires_at: Timestamp,
    renewal: Option<Renewal>,
    /// Every other member, to be written back.
    others: Map<String, Value>,
}

/// What renews a sign-in.
struct Renewal {
    refresh_token: Secret,
    client_id: String,
    client_secret: Secret,
    /// After this the client is not known any more.
    registered_until: Option<Timestamp>,
}

/// What is to be done with a sign-in at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is good.
    Use,
    /// It ends soon: it is renewed, and is still good should that fail.
    RenewOrUse,
    /// It has ended: it is renewed.
    Renew,
    /// It has ended, and nothing renews it: [`sign_in_again`].
    SignIn,
}

impl SignIn {
    /// The sign-in in a file.
    pub(crate) fn read(path: &str, content: &[u8]) -> Result<SignIn, Error> {
        let wrong = |what: &str| {
            failure(format!("the sign-in that AWS's command line keeps in `{path}` {what}"))
                .hinting("sign in again: `aws sso login`")
        };
        let Ok(Value::Object(mut others)) = serde_json::from_slice(content) else {
            return Err(wrong("is not a JSON object"));
        };
        let mut take = |name: &str| match others.remove(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
            _ => None,
        };
        let access_token = take("accessToken").filter(|token| key::is_word(token));
        let access_token =
            Secret::new(access_token.ok_or_else(|| wrong("has no `accessToken` that a header can carry"))?);
        let expires_at = take("expiresAt").as_deref().and_then(key::time);
        let expires_at = expires_at.ok_or_else(|| wrong("has no `expiresAt` that is a time"))?;
        let (refresh_token, client_id, client_secret, until) =
            (take("refreshToken"), take("clientId"), take("clientSecret"), take("registrationExpiresAt"));
        let renewal = match (refresh_token, client_id, client_secret) {
            (Some(refresh_token), Some(client_id), Some(client_secret)) => {
                let registered_until = match until {
                    None => None,
                    Some(text) => {
                        Some(key::time(&text).ok_or_else(|| wrong("has a `registrationExpiresAt` that is no time"))?)
                    }
                };
                let (refresh_token, client_secret) = (Secret::new(refresh_token), Secret::new(client_secret));
                Some(Renewal { refresh_token, client_id, client_secret, registered_until })
            }
            _ => None,
        };
        Ok(SignIn { access_token, expires_at, renewal, others })
    }

    /// What to do with it now. Only one by an `sso_session` is renewed.
    pub(crate) fn next(&self, sso: &Sso, now: Timestamp) -> Next {
        let is_renewable = sso.session.is_some()
            && self.renewal.as_ref().is_some_and(|renewal| renewal.registered_until.is_none_or(|until| now < until));
        match (now < self.expires_at, is_renewable) {
            (true, true) if now.plus(RENEWAL) >= self.expires_at => Next::RenewOrUse,
            (true, _) => Next::Use,
            (false, true) => Next::Renew,
            (false, false) => Next::SignIn,
        }
    }

    /// The request that renews it. `None` if nothing does.
    pub(crate) fn renewal(&self, oidc: &Url) -> Option<http::Result<http::Request<Vec<u8>>>> {
        let renewal = self.renewal.as_ref()?;
        let body = json!({
            "clientId": renewal.client_id,
            "clientSecret": renewal.client_secret.expose(),
            "grantType": "refresh_token",
            "refreshToken": renewal.refresh_token.expose(),
        });
        let request = http::Request::post(below(oidc, "token").as_str()).header(CONTENT_TYPE, "application/json");
        Some(request.body(body.to_string().into_bytes()))
    }

    /// The sign-in as the reply to a renewal, asked at some time, makes it.
    pub(crate) fn renewed(mut self, reply: &Reply, asked_at: Timestamp) -> Result<SignIn, Error> {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if reply.status != 200 {
            let (code, words) = (body["error"].as_str(), body["error_description"].as_str());
            return Err(refusal(reply, code, words, "renew the sign-in"));
        }
        let malformed = |what: &str| malformed("the renewal of a sign-in", what);
        let text = |name: &str| body[name].as_str().filter(|text| key::is_word(text));
        let access_token = text("accessToken").ok_or_else(|| malformed("no `accessToken` that a header can carry"))?;
        // Longer than any sign-in, so that no number is absurd.
        let seconds = body["expiresIn"].as_u64().filter(|seconds| (1..=100_000_000).contains(seconds));
        let seconds = seconds.ok_or_else(|| malformed("an `expiresIn` that is not a number of seconds to live"))?;
        self.access_token = Secret::new(access_token);
        self.expires_at = asked_at.plus(Duration::from_secs(seconds));
        if let (Some(renewal), Some(token)) = (&mut self.renewal, text("refreshToken")) {
            renewal.refresh_token = Secret::new(token);
        }
        Ok(self)
    }

    /// The file's content.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut members = self.others.clone();
        let mut put = |name: &str, value: &str| members.insert(name.to_owned(), value.into());
        put("accessToken", self.access_token.expose());
        put("expiresAt", &format!("{:?}", self.expires_at));
        if let Some(renewal) = &self.renewal {
            put("refreshToken", renewal.refresh_token.expose());
            put("clientId", &renewal.client_id);
            put("clientSecret", renewal.client_secret.expose());
            if let Some(until) = renewal.registered_until {
                put("registrationExpiresAt", &format!("{until:?}"));
            }
        }
        Value::Object(members).to_string().into_bytes()
    }
}

/// When it ends: every other member may be a secret.
impl fmt::Debug for SignIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignIn").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// There is no sign-in, or it has ended.
pub(crate) fn sign_in_again(sso: &Sso, profile: &str) -> Error {
    let (name, how) = match &sso.session {
        Some(session) => (format!("`[sso-session {session}]`"), format!("aws sso login --sso-session {session}")),
        None => (format!("the profile `{profile}`"), format!("aws sso login --profile {profile}")),
    };
    failure(format!("nobody is signed in to IAM Identity Center by {name}, or the sign-in has ended"))
        .hinting(format!("sign in: `{how}`"))
}

/// The same advice for another error.
pub(crate) fn asking_to_sign_in(error: Error, sso: &Sso, profile: &str) -> Error {
    error.hinting(sign_in_again(sso, profile).hint().unwrap_or_default().to_owned())
}

/// The portal of a region, or what an environment or a profile names in its place.
pub(crate) fn portal(region: &Region, named: Option<&Url>) -> Result<Url, Error> {
    endpoint("portal.sso", region, named)
}

/// OIDC of a region, or what an environment or a profile names in its place.
pub(crate) fn oidc(region: &Region, named: Option<&Url>) -> Result<Url, Error> {
    endpoint("oidc", region, named)
}

fn endpoint(service: &str, region: &Region, named: Option<&Url>) -> Result<Url, Error> {
    match named {
        Some(url) => Ok(url.clone()),
        None => Url::parse(&format!("https://{service}.{region}.{}/", region::suffix(region))).map_err(|cause| {
            Error::new(Kind::Internal, Step::Identity, "the address of IAM Identity Center").caused_by(cause)
        }),
    }
}

/// Asks the portal for the keys of a role.
pub(crate) fn role_request(portal: &Url, sso: &Sso, sign_in: &SignIn) -> http::Result<http::Request<Vec<u8>>> {
    let mut url = below(portal, "federation/credentials");
    url.query_pairs_mut().append_pair("role_name", &sso.role_name).append_pair("account_id", &sso.account_id);
    let mut token = HeaderValue::try_from(sign_in.access_token.expose())?;
    token.set_sensitive(true);
    http::Request::get(url.as_str()).header("x-amz-sso_bearer_token", token).body(Vec::new())
}

/// The keys of a role.
pub(crate) fn read_keys(reply: &Reply, sso: &Sso, profile: &str) -> Result<AccessKey, Error> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status == 200 {
        return key::read(&body["roleCredentials"], &key::PORTAL).map_err(|what| malformed("a role", &what));
    }
    let (account, role) = (&sso.account_id, &sso.role_name);
    let asked = format!("give the keys of the role `{role}` in the account `{account}`");
    let error = refusal(reply, body["__type"].as_str(), body["message"].as_str(), &asked);
    match reply.status {
        401 => Err(asking_to_sign_in(error, sso, profile)),
        403 | 404 => Err(error.hinting(
            "check `sso_account_id` and `sso_role_name`: `aws sso list-account-roles` lists what the user may have",
        )),
        _ => Err(error),
    }
}

fn below(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path(&format!("{}/{path}", endpoint.path().trim_end_matches('/')));
    url
}

fn refusal(reply: &Reply, code: Option<&str>, words: Option<&str>, asked: &str) -> Error {
    // `com.amazonaws.sso#UnauthorizedException`, in some protocols of AWS.
    let code = code.and_then(|code| quote::code(code.rsplit('#').next()?));
    let words = words.map(quote::description).unwrap_or_default();
    let (kind, verb) = match (reply.is_transient(), code.is_some() || !words.is_empty()) {
        (true, _) => (Kind::Unavailable, "could not"),
        (false, true) => (Kind::Refused, "refused to"),
        // A page, or a redirect: the service itself says no in JSON.
        (false, false) => (Kind::Malformed, "did not"),
    };
    let named = code.map(|code| format!(" {code}")).unwrap_or_default();
    let mut message = format!("IAM Identity Center {verb} {asked} ({}{named})", reply.status);
    if !words.is_empty() {
        message += &format!(": {words}");
    }
    Error::new(kind, Step::Identity, message).answering(reply.status, code).retrying_after(reply.retry_after)
}

fn malformed(asked: &str, what: &str) -> Error {
    let message = format!("IAM Identity Center answered {what}, when asked for {asked}");
    Error::new(Kind::Malformed, Step::Identity, message).answering(200, None)
}

fn failure(message: String) -> Error {
    Error::new(Kind::Identity, Step::Identity, message)
}

#[cfg(test)]
mod tests;
