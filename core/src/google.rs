//! The two calls to Google. Each file shapes a request and reads a reply; neither sends anything.

pub(crate) mod iam;
pub(crate) mod sts;

use crate::error::{Error, Kind, Step};
use crate::reply::Reply;
use serde_json::Value;

/// What a service said when it did not do what it was asked: its own code for it, if it gave one, and its description.
struct ServiceError {
    code: Option<String>,
    description: String,
}

impl ServiceError {
    fn new(code: Option<&Value>, description: Option<&Value>) -> ServiceError {
        let text = |value: Option<&Value>| value?.as_str().map(quotable);
        ServiceError { code: text(code), description: text(description).unwrap_or_default() }
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

/// What an error may quote of a service's description: one line, and never the request that AWS echoes when a signature
/// does not match, since the session token stands in it.
fn quotable(description: &str) -> String {
    const LONGEST: usize = 400;
    let end = description.find("The Canonical String").unwrap_or(description.len());
    let line = description[..end].split(['\r', '\n']).find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::quotable;

    #[test]
    fn a_description_is_quoted_as_one_line_without_the_request_that_aws_echoes() {
        let echo =
            "SignatureDoesNotMatch: not the one.\n\nThe Canonical String for this request should have been\n'POST /…'";
        assert_eq!(quotable(echo), "SignatureDoesNotMatch: not the one.");
        assert_eq!(quotable("no. The Canonical String for this: x-amz-security-token:secret"), "no.");
        assert_eq!(quotable("\r\n  second line\nthird"), "second line");
        assert_eq!(quotable("bell\u{7}"), "bell");
        assert_eq!(quotable(&"x".repeat(1000)).len(), 400);
    }
}
