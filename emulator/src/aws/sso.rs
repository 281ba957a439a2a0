//! IAM Identity Center: the portal, which gives keys for a user's access token, and the OpenID Connect service, which
//! gives the next access token for a refresh token.
//!
//! <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>,
//! <https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html>

use crate::facts::Facts;
use crate::facts::issued::Standing;
use crate::facts::keys::Origin;
use crate::http::{Answer, Reply, Request, header_text, json, query, text};
use crate::route::Route;
use hyper::Method;
use hyper::header::HeaderValue;
use serde_json::{Value, json};

pub(crate) fn portal(method: &Method, path: &str) -> Route {
    match (method.as_str(), path) {
        ("GET", "/federation/credentials") => Route::new("sso.roleCredentials", role_credentials),
        _ => nothing(),
    }
}

pub(crate) fn oidc(method: &Method, path: &str) -> Route {
    match (method.as_str(), path) {
        ("POST", "/token") => Route::new("sso.createToken", create_token),
        _ => nothing(),
    }
}

fn nothing() -> Route {
    Route::new("unknown", |_, _| Ok(text(404, "application/json", "{\"message\":null}")))
}

fn role_credentials(facts: &mut Facts, request: &Request) -> Answer {
    let refusal = |status, code: &str, message: &str| {
        let body = json!({ "message": message, "__type": format!("com.amazonaws.switchboard.portal#{code}") });
        named(code, json(status, &body))
    };
    let token = header_text(request, "x-amz-sso_bearer_token");
    let (Some(token), Some(role), Some(account)) = (token, query(request, "role_name"), query(request, "account_id"))
    else {
        return Err(refusal(400, "InvalidRequestException", "Request parameters not valid"));
    };
    let Standing::Good = facts.identities.sso.access_tokens.standing(token, facts.now()) else {
        return Err(refusal(401, "UnauthorizedException", "Session token not found or invalid"));
    };
    let sso = &facts.identities.sso.spec;
    let is_assigned = sso
        .roles
        .iter()
        .any(|assigned| assigned.name == role && assigned.account.as_ref().unwrap_or(&facts.account) == &account);
    if !is_assigned {
        return Err(refusal(403, "ForbiddenException", "No access"));
    }
    let name = format!("AWSReservedSSO_{role}_{}", sso.role_suffix);
    let (user, lifetime) = (sso.user.clone(), sso.key_lifetime_seconds);
    let key = facts.new_session(Origin::Sso, &account, &name, &user, lifetime);
    let session = key.session.expect("keys of a role are temporary");
    Ok(json(
        200,
        &json!({
            "roleCredentials": {
                "accessKeyId": key.access_key_id,
                "secretAccessKey": key.secret_access_key,
                "sessionToken": session.token,
                "expiration": session.expires.as_millisecond(),
            },
        }),
    ))
}

/// A refresh token is good once.
fn create_token(facts: &mut Facts, request: &Request) -> Answer {
    let refusal = |status, exception: &str, code: &str, description: &str| {
        named(exception, json(status, &json!({ "error": code, "error_description": description })))
    };
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let field = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let (Some(id), Some(secret), Some(grant)) = (field("clientId"), field("clientSecret"), field("grantType")) else {
        return Err(refusal(400, "InvalidRequestException", "invalid_request", "Invalid request"));
    };
    let now = facts.now();
    let sso = &mut facts.identities.sso;
    if id != sso.client_id || secret != sso.client_secret || sso.registration_ends <= now {
        return Err(refusal(401, "InvalidClientException", "invalid_client", "Invalid client provided"));
    }
    if grant != "refresh_token" {
        let description = "The emulator imitates no other grant than refresh_token";
        return Err(refusal(400, "UnsupportedGrantTypeException", "unsupported_grant_type", description));
    }
    let Some(refresh_token) = field("refreshToken") else {
        return Err(refusal(400, "InvalidRequestException", "invalid_request", "Invalid request"));
    };
    if sso.refresh_token.as_deref() != Some(refresh_token) {
        return Err(refusal(400, "InvalidGrantException", "invalid_grant", "Invalid refresh token provided"));
    }
    sso.renew_access_token(now);
    sso.renew_refresh_token();
    Ok(json(
        200,
        &json!({
            "accessToken": sso.access_tokens.current(),
            "expiresIn": sso.spec.token_lifetime_seconds,
            "refreshToken": sso.refresh_token,
            "tokenType": "Bearer",
        }),
    ))
}

/// SDKs find the name of a refusal in this header.
fn named(exception: &str, mut reply: Reply) -> Reply {
    let name = HeaderValue::try_from(exception).expect("an exception's name is ASCII");
    reply.headers_mut().insert("x-amzn-errortype", name);
    reply
}
