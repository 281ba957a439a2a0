//! Google's Security Token Service: an AWS identity, proven by a signed request, becomes a federated token.
//!
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>

use crate::bearer::Principal;
use crate::facts::Facts;
use crate::google::Route;
use crate::iam;
use crate::keys::Caller;
use crate::reply::{Answer, Reply, Request, oauth_error, ok};
use crate::signature::{self, Claim, Signed};
use hyper::{Method, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const AWS4_REQUEST: &str = "urn:ietf:params:aws:token-type:aws4_request";
/// Google's limit on `google.subject`, which by default is the whole ARN.
const LONGEST_SUBJECT_BYTES: usize = 127;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match (method.as_str(), path) {
        ("POST", ["v1", "token"]) => Some(Route::new("sts.token", exchange)),
        _ => None,
    }
}

fn exchange(facts: &mut Facts, request: &Request) -> Answer {
    facts.require_service("sts.googleapis.com")?;
    let form = form(request);
    let field = |name: &str| form.get(name).map_or("", String::as_str);

    if field("grant_type") != TOKEN_EXCHANGE {
        return Err(oauth_error("unsupported_grant_type", "Invalid or missing grant_type."));
    }
    if field("requested_token_type") != ACCESS_TOKEN {
        return Err(oauth_error("invalid_request", "Invalid or missing requested_token_type."));
    }
    if field("subject_token_type") != AWS4_REQUEST {
        return Err(oauth_error("invalid_request", "Invalid or missing subject_token_type."));
    }
    let scopes: Vec<String> = field("scope").split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return Err(oauth_error("invalid_request", "Scope(s) must be provided"));
    }
    let audience = field("audience");
    let (pool, trusted_account) = provider(facts, audience).ok_or_else(|| {
        oauth_error(
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. This might either be because \
             the pool or provider is disabled or deleted or because it doesn't exist.",
        )
    })?;

    let signed = SubjectToken::parse(field("subject_token")).and_then(|token| token.signed(audience));
    let signed = signed.map_err(|problem| oauth_error("invalid_grant", problem))?;
    let caller = signature::caller(facts, &signed).map_err(|refusal| {
        let (code, message) = (refusal.code, refusal.message);
        oauth_error(
            "invalid_grant",
            format!("Received invalid AWS response of type {code} with error message: {message}"),
        )
    })?;
    let principal = admit(&caller, pool, &trusted_account)?;

    let lifetime = facts.federated_lifetime;
    let (token, _) = facts.mint("ya29.d.", principal, scopes, lifetime);
    Ok(ok(&json!({
        "access_token": token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
    })))
}

/// The pool's full name and the AWS account that the provider trusts, if the audience names a provider.
fn provider(facts: &Facts, audience: &str) -> Option<(String, String)> {
    let path: Vec<&str> = audience.strip_prefix("//iam.googleapis.com/")?.split('/').collect();
    let ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", provider] = path[..]
    else {
        return None;
    };
    if number != facts.project.number {
        return None;
    }
    let account = facts.pools.get(pool)?.providers.get(provider)?.account.clone();
    Some((iam::pool_name(number, pool), account))
}

/// The provider's condition and its default attribute mapping.
fn admit(caller: &Caller, pool: String, trusted_account: &str) -> Result<Principal, Reply> {
    if caller.account != trusted_account {
        return Err(oauth_error(
            "invalid_grant",
            format!("The AWS account {} is not the account that the provider trusts.", caller.account),
        ));
    }
    if caller.arn.len() > LONGEST_SUBJECT_BYTES {
        return Err(oauth_error(
            "invalid_request",
            "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute \
             mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes.",
        ));
    }
    Ok(Principal::Federated { pool, subject: caller.arn.clone(), aws_role: caller.aws_role().into() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectToken {
    url: String,
    method: String,
    headers: Vec<Header>,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    key: String,
    value: String,
}

impl SubjectToken {
    /// Google wants the JSON percent-encoded inside the form, that is encoded twice.
    fn parse(text: &str) -> Result<SubjectToken, String> {
        if text.contains(['{', '"']) {
            return Err("The subject token is not percent-encoded.".into());
        }
        let json = percent_decode_str(text).decode_utf8().map_err(|error| error.to_string())?;
        serde_json::from_str(&json).map_err(|error| format!("The subject token is not a serialized request: {error}"))
    }

    /// The request that Google would send to AWS, if it is one that Google sends for this audience.
    fn signed(self, audience: &str) -> Result<Signed, String> {
        if self.method != "POST" {
            return Err(format!("The method of the signed request is {}, not POST.", self.method));
        }
        let region = region_of(&self.url)
            .ok_or_else(|| format!("The URL of the signed request is not AWS STS GetCallerIdentity: {}", self.url))?;
        let mut headers = BTreeMap::new();
        for Header { key, value } in self.headers {
            let name = key.to_lowercase();
            if headers.insert(name.clone(), value).is_some() {
                return Err(format!("The header {name} of the signed request occurs twice."));
            }
        }
        let host = self.url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_lowercase));
        if headers.get("host").map(|host| host.to_lowercase()) != host {
            return Err("The host header of the signed request is not the host of its URL.".into());
        }
        if headers.get("x-goog-cloud-target-resource").map(String::as_str) != Some(audience) {
            return Err("The header x-goog-cloud-target-resource of the signed request is not the audience.".into());
        }
        if !self.body.is_empty() {
            return Err("The signed request has a body.".into());
        }
        Ok(Signed { url: self.url, region, headers })
    }
}

/// The region of `https://sts.REGION.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15`; of no other URL.
fn region_of(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let mut query: Vec<&str> = url.query()?.split('&').collect();
    query.sort_unstable();
    if url.scheme_str() != Some("https")
        || url.authority()?.as_str() != url.host()?
        || url.path() != "/"
        || query != ["Action=GetCallerIdentity", "Version=2011-06-15"]
    {
        return None;
    }
    let host = url.host()?.to_lowercase();
    let labels: Vec<&str> = host.strip_suffix(".amazonaws.com")?.split('.').collect();
    match labels[..] {
        ["sts"] => Some("us-east-1".into()),
        ["sts" | "sts-fips", region] if is_region(region) => Some(region.into()),
        _ => None,
    }
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = &parts[..] else { return false };
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2 && words.iter().all(is_word) && number.parse::<u8>().is_ok()
}

fn form(request: &Request) -> HashMap<String, String> {
    form_urlencoded::parse(request.body()).into_owned().collect()
}

/// For the log: the scope asked for, and the headers that the subject token says are signed.
pub(crate) fn summary(request: &Request) -> (Option<String>, Option<Vec<String>>) {
    let mut form = form(request);
    let signed = form.get("subject_token").and_then(|token| SubjectToken::parse(token).ok()).and_then(|token| {
        let header = token.headers.into_iter().find(|header| header.key.eq_ignore_ascii_case("authorization"))?;
        Some(Claim::parse(&header.value)?.signed_headers.into_iter().map(str::to_owned).collect())
    });
    (form.remove("scope"), signed)
}
