//! The shapes of the metadata server's answers.

use super::request::{FLAVOR, GOOGLE, Refusal};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, SERVER};
use hyper::{Response, StatusCode};
use serde_json::Value;

pub(super) type Reply = Response<Full<Bytes>>;

/// A value as text.
pub(super) fn text(body: String) -> Reply {
    reply(StatusCode::OK, "application/text", body)
}

/// A value as JSON.
pub(super) fn json(body: &Value) -> Reply {
    reply(StatusCode::OK, "application/json", body.to_string())
}

/// Why there is no token, for whoever reads a library's error.
pub(super) fn plain(status: StatusCode, body: String) -> Reply {
    reply(status, "text/plain; charset=UTF-8", body)
}

/// A request that is not answered.
pub(super) fn refusal(Refusal { status, why }: Refusal) -> Reply {
    let title = format!("{} ({})", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let body = format!("<!DOCTYPE html>\n<title>Error {title}</title>\n<p>{title}: {why}.\n");
    let mut reply = reply(status, "text/html; charset=UTF-8", body);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    reply
}

fn reply(status: StatusCode, content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(FLAVOR, GOOGLE);
    headers.insert(SERVER, HeaderValue::from_static("Metadata Server for VM"));
    reply
}
