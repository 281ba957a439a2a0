//! What stands behind an address that a client means.

use crate::aws::metadata;
use crate::google;
use crate::http::Request;
use crate::route::Route;

#[derive(Clone)]
pub(crate) enum Door {
    Metadata,
    /// All of Google's services by path, or the one of a host name.
    Google(Option<String>),
}

impl Door {
    pub(crate) fn route(&self, request: &Request) -> Route {
        let (method, path) = (request.method(), request.uri().path());
        match self {
            Door::Metadata => metadata::route(method, path),
            Door::Google(host) => google::route(host.as_deref(), method, path),
        }
    }
}
