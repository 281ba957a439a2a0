//! Google's OAuth 2.0 server, of which the refresh of a person's login is imitated.
//!
//! <https://developers.google.com/identity/protocols/oauth2/web-server#offline>

use crate::facts::Facts;
use crate::google::reply::{oauth_error, ok};
use crate::http::{Answer, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::json;
use std::collections::HashMap;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match (method.as_str(), path) {
        ("POST", ["token"]) => Some(Route::new("oauth2.token", refresh)),
        _ => None,
    }
}

/// The administrator's token, to whoever has the administrator's login.
fn refresh(facts: &mut Facts, request: &Request) -> Answer {
    let form: HashMap<_, _> = form_urlencoded::parse(request.body()).collect();
    let field = |name: &str| form.get(name).map_or("", |value| value);
    let login = &facts.admin_login;
    if field("grant_type") != "refresh_token" {
        return Err(oauth_error("unsupported_grant_type", "Invalid grant_type."));
    }
    if (field("client_id"), field("client_secret")) != (login.client_id.as_str(), login.client_secret.as_str()) {
        return Err(oauth_error("invalid_client", "The OAuth client was not found."));
    }
    if field("refresh_token") != login.refresh_token {
        return Err(oauth_error("invalid_grant", "Token has been expired or revoked."));
    }
    Ok(ok(&json!({
        "access_token": facts.admin_token,
        "expires_in": 3599,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "token_type": "Bearer",
    })))
}
