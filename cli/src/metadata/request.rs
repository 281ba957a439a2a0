//! What a request asks the metadata server, and which requests are refused before that. Pure.

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Method, StatusCode, Uri};
use std::net::IpAddr;

/// The header by which the server and its callers know one another.
pub(super) const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
pub(super) const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

/// What stands at `/`, for programs that look whether the server is there.
const LOOK: &str = "/";
const FORWARDED: &str = "x-forwarded-for";
/// Names of this host, and those that the metadata server has on Compute Engine.
const OWN_NAMES: [&str; 3] = ["localhost", "metadata", "metadata.google.internal"];

/// Why a request is not answered: nothing of the request itself.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) why: &'static str,
}

pub(super) const NOTHING_HERE: Refusal =
    Refusal { status: StatusCode::NOT_FOUND, why: "this server has nothing at this path" };

fn refused<T>(status: StatusCode, why: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, why })
}

/// A path and its parameters.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    parameters: Vec<(String, String)>,
}

/// How a value or a directory is to be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// All values below, with their paths, as text.
    Paths,
    Json,
}

/// A request that a server on this host, for this host, may answer.
pub(super) fn read(method: &Method, uri: &Uri, headers: &HeaderMap, needs_own_name: bool) -> Result<Asked, Refusal> {
    if needs_own_name && !names_this_host(headers) {
        return refused(StatusCode::FORBIDDEN, "the header Host names another host");
    }
    if uri.path() != LOOK {
        if headers.contains_key(FORWARDED) {
            return refused(StatusCode::FORBIDDEN, "a request with the header X-Forwarded-For comes from elsewhere");
        }
        if headers.get(FLAVOR) != Some(&GOOGLE) {
            return refused(StatusCode::FORBIDDEN, "the header Metadata-Flavor: Google is missing");
        }
    }
    if method != Method::GET {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "this server answers GET alone");
    }
    let parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    Ok(Asked { path: uri.path().to_owned(), parameters })
}

/// An address is nobody else's name. Who sends none is no browser.
fn names_this_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let Ok(authority) = Authority::try_from(host.as_bytes()) else { return false };
    let name = authority.host();
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    is_address || OWN_NAMES.iter().any(|own| name.eq_ignore_ascii_case(own))
}

impl Asked {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// JSON for all that is below, else text, unless the other is asked for.
    pub(super) fn form(&self) -> Form {
        let is_recursive = self.parameter("recursive").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        match (self.parameter("alt"), is_recursive) {
            (Some("json"), _) => Form::Json,
            (Some("text"), true) => Form::Paths,
            (Some("text"), false) | (_, false) => Form::Text,
            (_, true) => Form::Json,
        }
    }

    /// The scopes that a token is asked for; none are named where the usual ones are.
    pub(super) fn scopes(&self) -> Vec<String> {
        let named = self.parameter("scopes").unwrap_or_default();
        named.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
    }

    /// For whom an ID token is asked for. Nothing more can be said of this host in one, so `full` is as `standard`.
    pub(super) fn audience(&self) -> Result<String, Refusal> {
        let wrong = |why| refused(StatusCode::BAD_REQUEST, why);
        if !matches!(self.parameter("format"), None | Some("" | "standard" | "full")) {
            return wrong("the parameter format is neither standard nor full");
        }
        match self.parameter("audience") {
            None | Some("") => wrong("the parameter audience is missing"),
            Some(audience) => Ok(audience.to_owned()),
        }
    }
}
