//! Google's IAM Service Account Credentials: a federated token becomes one of a service account, an ID token or a
//! signature.
//!
//! <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts>

use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::facts::policy::{Permission, Permit};
use crate::facts::service_accounts::ServiceAccount;
use crate::google::access::{self, require_service};
use crate::google::reply::{self, invalid_argument, ok};
use crate::http::{Answer, Reply, Request};
use crate::route::Route;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

const SERVICE: &str = "iamcredentials.googleapis.com";
const IAM_SCOPE: &str = "https://www.googleapis.com/auth/iam";
const LONGEST_LIFETIME_SECONDS: i64 = 3600;
const ID_TOKEN_LIFETIME_SECONDS: i64 = 3600;
const LONGEST_JWT_LIFETIME_SECONDS: i64 = 12 * 3600;
/// What Google's front end takes in one request, whatever the service.
const MOST_BYTES: usize = 10_485_760;
/// Bytes in JSON: Google writes them padded and takes them either way.
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match (method.as_str(), path) {
        ("POST", ["v1", "projects", "-", "serviceAccounts", call]) => {
            let (account, verb) = call.split_once(':')?;
            let account = account.to_owned();
            let (operation, answer): (_, fn(&mut Facts, &Request, &str) -> Answer) = match verb {
                "generateAccessToken" => ("iamcredentials.generateAccessToken", generate_access_token),
                "generateIdToken" => ("iamcredentials.generateIdToken", generate_id_token),
                "signBlob" => ("iamcredentials.signBlob", sign_blob),
                "signJwt" => ("iamcredentials.signJwt", sign_jwt),
                _ => return None,
            };
            Some(Route::new(operation, move |facts, request| answer(facts, request, &account)))
        }
        ("GET", ["v1", .., "allowedLocations"]) => {
            Some(Route::new("iamcredentials.allowedLocations", |_, _| Err(reply::entity_not_found())))
        }
        _ => None,
    }
}

/// What the caller sends, if it may call this service at all.
fn open(facts: &Facts, request: &Request) -> Result<Value, Reply> {
    require_service(facts, SERVICE)?;
    let bearer = access::bearer(facts, request)?;
    if !bearer.has_scope(&[IAM_SCOPE]) {
        return Err(reply::insufficient_scopes(SERVICE));
    }
    if request.body().len() > MOST_BYTES {
        return Err(invalid_argument(format!("Request payload size exceeds the limit: {MOST_BYTES} bytes.")));
    }
    reply::parse_json(request)
}

/// The service account of this email or unique id, and its email, if its policy lets the caller do this.
fn account<'f>(
    facts: &'f mut Facts,
    request: &Request,
    body: &Value,
    name: &str,
    permission: Permission,
) -> Result<(String, &'f mut ServiceAccount), Reply> {
    let principal = &access::bearer(facts, request)?.principal;
    let denied = || reply::permission_denied(permission.name());
    let email = facts.service_accounts.email(name).filter(|_| facts.may_act(principal)).ok_or_else(denied)?;
    match facts.service_accounts.by_email[&email].policy.permits(principal, permission) {
        Permit::Yes => {}
        Permit::No => return Err(denied()),
        Permit::OnCondition => return Err(reply::not_imitated("conditions of bindings")),
    }
    if body["delegates"].as_array().is_some_and(|delegates| !delegates.is_empty()) {
        return Err(reply::not_imitated("chains of delegates"));
    }
    let account = facts.service_accounts.by_email.get_mut(&email).expect("found above");
    Ok((email, account))
}

fn generate_access_token(facts: &mut Facts, request: &Request, name: &str) -> Answer {
    let body = open(facts, request)?;
    let scopes = scopes(&body)?;
    let lifetime = lifetime(&body, name)?;
    let (email, _) = account(facts, request, &body, name, Permission::GetAccessToken)?;
    let (token, expires) = facts.mint("ya29.c.", Principal::ServiceAccount { email }, scopes, lifetime);
    let expires = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    Ok(ok(&json!({ "accessToken": token, "expireTime": expires })))
}

fn generate_id_token(facts: &mut Facts, request: &Request, name: &str) -> Answer {
    let body = open(facts, request)?;
    let audience = body["audience"].as_str().filter(|audience| !audience.is_empty());
    let audience = audience.ok_or_else(|| invalid_argument("Request contains an invalid argument."))?;
    let includes_email = reply::truth(&body, "includeEmail")?;
    let names_email = reply::truth(&body, "useEmailAzp")?;
    let now = facts.now().as_second();
    let (email, account) = account(facts, request, &body, name, Permission::GetOpenIdToken)?;
    let id = &account.unique_id;
    let mut claims = json!({
        "aud": audience,
        "azp": if names_email { &email } else { id },
        "exp": now + ID_TOKEN_LIFETIME_SECONDS,
        "iat": now,
        "iss": "https://accounts.google.com",
        "sub": id,
    });
    if includes_email {
        claims["email"] = email.into();
        claims["email_verified"] = true.into();
    }
    let token = facts.id_token_key().json_web_token(&claims.to_string());
    Ok(ok(&json!({ "token": token })))
}

fn sign_blob(facts: &mut Facts, request: &Request, name: &str) -> Answer {
    let body = open(facts, request)?;
    let payload = bytes(&body["payload"])?;
    let (_, account) = account(facts, request, &body, name, Permission::SignBlob)?;
    let key = account.key();
    Ok(ok(&json!({ "keyId": key.id, "signedBlob": BASE64_STANDARD.encode(key.sign(&payload)) })))
}

fn sign_jwt(facts: &mut Facts, request: &Request, name: &str) -> Answer {
    let body = open(facts, request)?;
    let payload = body["payload"].as_str().unwrap_or_default();
    let claims: Map<String, Value> = serde_json::from_str(payload)
        .map_err(|_| invalid_argument("The JWT payload must be a serialized JSON object that holds a claims set."))?;
    let now = facts.now().as_second();
    let ends = claims.get("exp").map(|exp| exp.as_i64().unwrap_or(i64::MIN));
    if ends.is_some_and(|ends| !(now..=now + LONGEST_JWT_LIFETIME_SECONDS).contains(&ends)) {
        return Err(invalid_argument(
            "The claim exp must be an integer timestamp that is not in the past and at most 12 hours in the future.",
        ));
    }
    let (_, account) = account(facts, request, &body, name, Permission::SignJwt)?;
    let key = account.key();
    Ok(ok(&json!({ "keyId": key.id, "signedJwt": key.json_web_token(payload) })))
}

/// A field of type `bytes`: base64 in either alphabet, with or without its padding. The payload must hold some.
fn bytes(payload: &Value) -> Result<Vec<u8>, Reply> {
    let text = payload.as_str().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| invalid_argument("Request contains an invalid argument."))?;
    BASE64.decode(text.replace('-', "+").replace('_', "/")).map_err(|_| {
        invalid_argument(format!("Invalid value at 'payload' (TYPE_BYTES), Base64 decoding failed for \"{text}\""))
    })
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
    let body = sent(request);
    let scope = body["scope"].as_array().map(|scopes| {
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        scopes.join(" ")
    });
    (scope, body["lifetime"].as_str().map(str::to_owned))
}

/// For the log: the audience of an ID token, and whether it was to hold the email.
pub(crate) fn id_token_summary(request: &Request) -> (Option<String>, Option<bool>) {
    let body = sent(request);
    (body["audience"].as_str().map(str::to_owned), reply::truth(&body, "includeEmail").ok())
}

fn sent(request: &Request) -> Value {
    serde_json::from_slice(request.body()).unwrap_or_default()
}
