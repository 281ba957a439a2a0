//! Google's Security Token Service: an AWS identity, proven by a signed request, becomes a federated token.
//!
//! <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>

use crate::aws::signature;
use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::facts::pools::{Provider, pool_name};
use crate::google::access::require_service;
use crate::google::attributes;
use crate::google::reply::{oauth_error, ok};
use crate::google::subject_token::SubjectToken;
use crate::http::{Answer, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::json;
use std::collections::HashMap;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const AWS4_REQUEST: &str = "urn:ietf:params:aws:token-type:aws4_request";

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
    let (pool, provider) = provider(facts, audience).ok_or_else(|| {
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
    if caller.account != provider.account {
        return Err(oauth_error(
            "invalid_grant",
            format!("The AWS account {} is not the account that the provider trusts.", caller.account),
        ));
    }
    let attributes = attributes::admit(&caller, &provider.mapping, provider.condition.as_ref())?;
    let principal = Principal::Federated { pool, attributes };

    let lifetime = facts.federated_lifetime;
    let (token, _) = facts.mint("ya29.d.", principal, scopes, lifetime);
    Ok(ok(&json!({
        "access_token": token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": lifetime.as_secs(),
    })))
}

/// The pool's full name and the provider, if the audience names one that may be used.
fn provider(facts: &Facts, audience: &str) -> Option<(String, Provider)> {
    let path: Vec<&str> = audience.strip_prefix("//iam.googleapis.com/")?.split('/').collect();
    let ["projects", number, "locations", "global", "workloadIdentityPools", pool, "providers", provider] = path[..]
    else {
        return None;
    };
    if number != facts.project.number {
        return None;
    }
    let found = facts.pools.get(pool).filter(|pool| pool.entry.is_usable())?;
    let provider = found.providers.get(provider).filter(|provider| provider.entry.is_usable())?;
    Some((pool_name(number, pool), provider.clone()))
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
