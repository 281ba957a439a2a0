//! What stands behind an address that a client means.

use crate::aws::{container, host, metadata, sso, sts};
use crate::google;
use crate::http::Request;
use crate::route::Route;

#[derive(Clone)]
pub(crate) enum Door {
    Metadata,
    /// All of Google's services by path, or the one of a host name.
    Google(Option<String>),
    Container,
    /// AWS STS, in the region of a host name or in all of them.
    Sts(Option<String>),
    SsoPortal,
    SsoOidc,
    /// AWS STS and the two services of IAM Identity Center, by path.
    Aws,
}

impl Door {
    /// What a host name means that clients reach over TLS.
    pub(crate) fn of_host(name: &str) -> Option<Door> {
        if google::is_host(name) {
            return Some(Door::Google(Some(name.to_owned())));
        }
        Some(match host::service(name)? {
            (host::Service::Sts, region) => Door::Sts(Some(region)),
            (host::Service::SsoPortal, _) => Door::SsoPortal,
            (host::Service::SsoOidc, _) => Door::SsoOidc,
        })
    }

    pub(crate) fn route(&self, request: &Request) -> Route {
        let (method, path) = (request.method(), request.uri().path());
        match self {
            Door::Metadata => metadata::route(method, path),
            Door::Google(host) => google::route(host.as_deref(), request),
            Door::Container => container::route(method, path),
            Door::Sts(region) => sts::route(region.clone(), request),
            Door::SsoPortal => sso::portal(method, path),
            Door::SsoOidc => sso::oidc(method, path),
            Door::Aws => match path {
                "/token" => sso::oidc(method, path),
                "/federation/credentials" => sso::portal(method, path),
                _ => sts::route(None, request),
            },
        }
    }
}
