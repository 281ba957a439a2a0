//! Requests and replies whose bodies are whole, and what is often read from or put into one.

use hyper::body::Bytes;
use hyper::{Response, StatusCode, header};
use serde_json::Value;

pub(crate) type Request = hyper::Request<Bytes>;
pub(crate) type Reply = Response<Bytes>;
/// Both sides are replies; the wrong one lets a check leave early with `?`.
pub(crate) type Answer = Result<Reply, Reply>;

pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = StatusCode::from_u16(status).expect("a status between 100 and 999");
    let content_type = content_type.parse().expect("a content type");
    reply.headers_mut().insert(header::CONTENT_TYPE, content_type);
    reply
}

pub(crate) fn json(status: u16, body: &Value) -> Reply {
    text(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

/// One parameter of the query string.
pub(crate) fn query(request: &Request, name: &str) -> Option<String> {
    form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(crate) fn header_text<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
