//! Google's IAM Service Account Credentials: a federated token becomes one of a service account.
//!
//! <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>

use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::google::access::{self, require_service};
use crate::google::reply::{self, invalid_argument, ok};
use crate::http::{Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

const SERVICE: &str = "iamcredentials.googleapis.com";
const IAM_SCOPE: &str = "https://www.googleapis.com/auth/iam";
const LONGEST_LIFETIME_SECONDS: i64 = 3600;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match (method.as_str(), path) {
        ("POST", ["v1", "projects", "-", "serviceAccounts", call]) => {
            let email = call.strip_suffix(":generateAccessToken")?.to_owned();
            Some(Route::new("iamcredentials.generateAccessToken", move |facts, request| {
                generate_access_token(facts, request, &email)
            }))
        }
        ("GET", ["v1", .., "allowedLocations"]) => {
            Some(Route::new("iamcredentials.allowedLocations", |_, _| Err(reply::entity_not_found())))
        }
        _ => None,
    }
}

fn generate_access_token(facts: &mut Facts, request: &Request, email: &str) -> Answer {
    require_service(facts, SERVICE)?;
    let bearer = access::bearer(facts, request)?;
    if !bearer.has_scope(&[IAM_SCOPE]) {
        return Err(reply::insufficient_scopes(SERVICE));
    }
    let body = reply::parse_json(request)?;
    let scopes = scopes(&body)?;
    let lifetime = lifetime(&body, email)?;
    let may_act = facts.service_accounts.get(email).is_some_and(|policy| policy.lets_impersonate(&bearer.principal));
    if !may_act {
        return Err(reply::permission_denied("iam.serviceAccounts.getAccessToken"));
    }
    if body["delegates"].as_array().is_some_and(|delegates| !delegates.is_empty()) {
        return Err(reply::not_imitated("chains of delegates"));
    }
    let principal = Principal::ServiceAccount { email: email.into() };
    let (token, expires) = facts.mint("ya29.c.", principal, scopes, lifetime);
    let expires = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok(ok(&json!({ "accessToken": token, "expireTime": expires })))
}

fn scopes(body: &Value) -> Result<Vec<String>, Reply> {
    let scopes: Option<Vec<String>> = match &body["scope"] {
        Value::Array(scopes) => scopes.iter().map(|scope| scope.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    match scopes {
        Some(scopes) if !scopes.is_empty() && scopes.iter().all(|scope| !scope.is_empty()) => Ok(scopes),
        _ => Err(invalid_argument("Request contains an invalid argument.")),
    }
}

fn lifetime(body: &Value, email: &str) -> Result<SignedDuration, Reply> {
    let seconds = match &body["lifetime"] {
        Value::Null => LONGEST_LIFETIME_SECONDS,
        Value::String(text) => {
            text.strip_suffix('s').and_then(|seconds| seconds.parse().ok()).filter(|seconds| *seconds > 0).ok_or_else(
                || {
                    invalid_argument(format!(
                        "Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration), \"{text}\""
                    ))
                },
            )?
        }
        other => {
            return Err(invalid_argument(format!(
                "Invalid value at 'lifetime' (type.googleapis.com/google.protobuf.Duration), {other}"
            )));
        }
    };
    if seconds > LONGEST_LIFETIME_SECONDS {
        return Err(invalid_argument(format!(
            "Access tokens for service account {email} can not have lifetimes of more than 1 hour. Use the Org Policy \
             Constraint constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours."
        )));
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// For the log: the scopes and the lifetime asked for.
pub(crate) fn summary(request: &Request) -> (Option<String>, Option<String>) {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let scope = body["scope"].as_array().map(|scopes| {
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        scopes.join(" ")
    });
    (scope, body["lifetime"].as_str().map(str::to_owned))
}
