//! Google's Security Token Service: an AWS identity, proven by a signed request, becomes a federated token.
//!
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>

use crate::aws::signature;
use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::facts::keys::Caller;
use crate::facts::pools::pool_name;
use crate::google::access::require_service;
use crate::google::reply::{oauth_error, ok};
use crate::google::subject_token::SubjectToken;
use crate::http::{Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::json;
use std::collections::HashMap;

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
    require_service(facts, "sts.googleapis.com")?;
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
    Some((pool_name(number, pool), account))
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

fn form(request: &Request) -> HashMap<String, String> {
    form_urlencoded::parse(request.body()).into_owned().collect()
}

/// For the log: the scope asked for, and the headers that the subject token says are signed.
pub(crate) fn summary(request: &Request) -> (Option<String>, Option<Vec<String>>) {
    let mut form = form(request);
    let token = form.get("subject_token").and_then(|token| SubjectToken::parse(token).ok());
    (form.remove("scope"), token.and_then(|token| token.signed_headers()))
}
