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
    identify(facts, request).map_err(|stranger| match stranger {
        Stranger::Nobody => reply::credentials_missing(),
        Stranger::Expired => reply::credentials_invalid("ACCESS_TOKEN_EXPIRED"),
        Stranger::Unknown => reply::credentials_invalid("ACCESS_TOKEN_TYPE_UNSUPPORTED"),
    })
}

/// Why a request's bearer stands for no one.
pub(crate) enum Stranger {
    /// There is none.
    Nobody,
    Expired,
    /// Nobody has minted it.
    Unknown,
}

/// The same as [`bearer`], for services with refusals of their own.
pub(crate) fn identify<'f>(facts: &'f Facts, request: &Request) -> Result<&'f Bearer, Stranger> {
    let token = bearer_token(request).ok_or(Stranger::Nobody)?;
    match facts.bearers.get(token) {
        Some(bearer) if bearer.expires > facts.now() => Ok(bearer),
        Some(_) => Err(Stranger::Expired),
        None => Err(Stranger::Unknown),
    }
}

pub(crate) fn is_admin(facts: &Facts, request: &Request) -> bool {
    bearer_token(request) == Some(&facts.admin_token)
}

/// The caller administers the world, whatever the project.
pub(crate) fn require_admin(facts: &Facts, request: &Request, permission: &str) -> Result<(), Reply> {
    if is_admin(facts, request) {
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

fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = header_text(request, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
