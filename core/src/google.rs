//! The calls to Google. Each file shapes a request and reads a reply; none sends anything.

pub(crate) mod iam;
pub(crate) mod sts;

use crate::error::{Error, Kind, Step};
use crate::quote;
use crate::reply::Reply;
use serde_json::Value;

/// What a service said when it did not do what it was asked: its own code for it, if it gave one, and its description.
struct ServiceError {
    code: Option<String>,
    description: String,
}

impl ServiceError {
    fn new<'a>(code: Option<&'a Value>, description: Option<&'a Value>) -> ServiceError {
        let text = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or_default();
        ServiceError {
            code: quote::code(text(code)).map(str::to_owned),
            description: quote::description(text(description)),
        }
    }

    /// One sentence: what happened, by which status and code, and in the service's words.
    fn error(&self, step: Step, what_happened: &str, reply: &Reply) -> Error {
        let kind = match (reply.is_transient(), &self.code) {
            (true, _) => Kind::Unavailable,
            (false, Some(_)) => Kind::Refused,
            // A page, or a redirect: the service itself says no in JSON.
            (false, None) => Kind::Malformed,
        };
        let mut message = format!("{what_happened} ({}", reply.status);
        if let Some(code) = &self.code {
            message += &format!(" {code}");
        }
        if let Some(host) = reply.redirects_to() {
            message += &format!(", a redirect to {host}");
        }
        message += ")";
        if !self.description.is_empty() {
            message += &format!(": {}", self.description);
        }
        Error::new(kind, step, message).answering(reply.status, self.code.as_deref()).retrying_after(reply.retry_after)
    }
}
