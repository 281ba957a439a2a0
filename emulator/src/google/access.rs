//! Who asks, and may they? The checks that Google's services share.

use crate::facts::Facts;
use crate::facts::bearer::Bearer;
use crate::facts::services;
use crate::google::reply;
use crate::http::{Reply, Request, header_text};

pub(crate) fn require_service(facts: &Facts, service: &str) -> Result<(), Reply> {
    if facts.enabled_services.contains(service) {
        return Ok(());
    }
    let title = services::title(service).unwrap_or(service);
    Err(reply::service_disabled(service, title, &facts.project.number))
}

/// Whom the request's bearer stands for, if it is alive.
pub(crate) fn bearer<'f>(facts: &'f Facts, request: &Request) -> Result<&'f Bearer, Reply> {
    let token = bearer_token(request)?;
    match facts.bearers.get(token) {
        Some(bearer) if bearer.expires > facts.now() => Ok(bearer),
        Some(_) => Err(reply::credentials_invalid("ACCESS_TOKEN_EXPIRED")),
        None => Err(reply::credentials_invalid("ACCESS_TOKEN_TYPE_UNSUPPORTED")),
    }
}

/// The caller administers the world, whatever the project.
pub(crate) fn require_admin(facts: &Facts, request: &Request, permission: &str) -> Result<(), Reply> {
    if bearer_token(request)? == facts.admin_token {
        return Ok(());
    }
    bearer(facts, request)?;
    Err(reply::permission_denied(permission))
}

/// The caller administers this project, which exists.
pub(crate) fn require_owner(facts: &Facts, request: &Request, project: &str, permission: &str) -> Result<(), Reply> {
    require_admin(facts, request, permission)?;
    if facts.is_project(project) { Ok(()) } else { Err(reply::permission_denied(permission)) }
}

fn bearer_token(request: &Request) -> Result<&str, Reply> {
    let value = header_text(request, "authorization").ok_or_else(reply::credentials_missing)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(reply::credentials_missing()),
    }
}
