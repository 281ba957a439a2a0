//! What Cloud Storage has against a request, in the shape of either API.
//!
//! <https://cloud.google.com/storage/docs/xml-api/reference-status>

use crate::http::{self, Reply, text};
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;

pub(super) struct Problem {
    status: u16,
    /// Of the JSON API.
    reason: &'static str,
    /// Of the XML API.
    code: &'static str,
    message: String,
    /// The header that is to blame.
    header: Option<&'static str>,
    /// More elements of the XML API's refusal.
    elements: Vec<(&'static str, String)>,
}

impl Problem {
    fn new(status: u16, reason: &'static str, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, reason, code, message: message.into(), header: None, elements: Vec::new() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Problem {
        Problem::new(400, "invalid", "InvalidArgument", message)
    }

    pub(super) fn required(message: impl Into<String>) -> Problem {
        Problem::new(400, "required", "InvalidArgument", message)
    }

    pub(super) fn malformed(parameter: &str, message: &str) -> Problem {
        let mut problem = Problem::new(400, "invalid", "MalformedSecurityHeader", message);
        problem.elements = vec![("ParameterName", parameter.into())];
        problem
    }

    pub(super) fn bad_digest(message: impl Into<String>) -> Problem {
        Problem::new(400, "invalid", "BadDigest", message)
    }

    pub(super) fn part_too_small() -> Problem {
        let message = "Your proposed upload is smaller than the minimum object size specified in a multipart upload.";
        Problem::new(400, "invalid", "EntityTooSmall", message)
    }

    pub(super) fn invalid_part() -> Problem {
        let message = "One or more of the specified parts could not be found, or its entity tag does not match.";
        Problem::new(400, "invalid", "InvalidPart", message)
    }

    pub(super) fn expired(when: &str) -> Problem {
        Problem::new(400, "invalid", "ExpiredToken", format!("Request signature expired at: {when}"))
    }

    pub(super) fn early() -> Problem {
        let message = "The difference between the request time and the server's time is too large.";
        Problem::new(403, "forbidden", "RequestTimeTooSkewed", message)
    }

    pub(super) fn unknown_signer() -> Problem {
        Problem::new(403, "forbidden", "InvalidSecurity", "The provided security credentials are not valid.")
    }

    pub(super) fn wrong_signature(string_to_sign: String, canonical_request: String) -> Problem {
        let message = "The request signature we calculated does not match the signature you provided. Check your \
                       Google secret key and signing method.";
        let mut problem = Problem::new(403, "forbidden", "SignatureDoesNotMatch", message);
        problem.elements = vec![("StringToSign", string_to_sign), ("CanonicalRequest", canonical_request)];
        problem
    }

    pub(super) fn anonymous(permission: &str) -> Problem {
        let message = denial("Anonymous caller", permission);
        let problem = Problem::new(401, "required", "AuthenticationRequired", message);
        Problem { header: Some("Authorization"), ..problem }
    }

    pub(super) fn invalid_credentials() -> Problem {
        let problem = Problem::new(401, "authError", "AuthenticationRequired", "Invalid Credentials");
        Problem { header: Some("Authorization"), ..problem }
    }

    pub(super) fn insufficient_scopes() -> Problem {
        Problem::new(403, "forbidden", "AccessDenied", "Provided scope(s) are not authorized")
    }

    pub(super) fn forbidden(who: &str, permission: &str) -> Problem {
        Problem::new(403, "forbidden", "AccessDenied", denial(who, permission))
    }

    pub(super) fn no_bucket() -> Problem {
        Problem::new(404, "notFound", "NoSuchBucket", "The specified bucket does not exist.")
    }

    pub(super) fn no_object(bucket: &str, name: &str) -> Problem {
        Problem::new(404, "notFound", "NoSuchKey", format!("No such object: {bucket}/{name}"))
    }

    pub(super) fn no_upload() -> Problem {
        Problem::new(404, "notFound", "NoSuchUpload", "The requested upload was not found.")
    }

    pub(super) fn bucket_exists() -> Problem {
        let message = "Your previous request to create the named bucket succeeded and you already own it.";
        Problem::new(409, "conflict", "BucketAlreadyOwnedByYou", message)
    }

    pub(super) fn bucket_not_empty() -> Problem {
        let message = "The bucket you tried to delete is not empty.";
        Problem::new(409, "conflict", "BucketNotEmpty", message)
    }

    pub(super) fn precondition() -> Problem {
        let message = "At least one of the pre-conditions you specified did not hold.";
        Problem { header: Some("If-Match"), ..Problem::new(412, "conditionNotMet", "PreconditionFailed", message) }
    }

    pub(super) fn not_modified() -> Problem {
        Problem::new(304, "notModified", "NotModified", "")
    }

    pub(super) fn range(length: usize) -> Problem {
        let mut problem =
            Problem::new(416, "requestedRangeNotSatisfiable", "InvalidRange", "Request range not satisfiable");
        problem.elements = vec![("ActualObjectSize", length.to_string())];
        problem
    }

    pub(super) fn not_imitated(what: &str) -> Problem {
        let message = format!("The emulator does not imitate {what}.");
        Problem::new(501, "notImplemented", "NotImplemented", message)
    }

    pub(super) fn json(self) -> Reply {
        if self.status == 304 {
            return text(304, "text/html; charset=UTF-8", "");
        }
        let mut item = json!({ "message": self.message, "domain": "global", "reason": self.reason });
        if let Some(header) = self.header {
            item["locationType"] = "header".into();
            item["location"] = header.into();
        }
        let body = json!({ "error": { "code": self.status, "message": self.message, "errors": [item] } });
        self.challenged(http::json(self.status, &body))
    }

    /// Its message is that of the status, and the details are particular.
    pub(super) fn xml(self) -> Reply {
        if self.status == 304 {
            return text(304, "text/html; charset=UTF-8", "");
        }
        let message = match self.code {
            "AuthenticationRequired" => "Authentication required.",
            "ExpiredToken" => "The provided token has expired.",
            "NoSuchBucket" => "The specified bucket does not exist.",
            "NoSuchKey" => "The specified key does not exist.",
            "MalformedSecurityHeader" => "Your request has a malformed header.",
            "BadDigest" => "The Content-MD5 or checksum value that you specified did not match what was received.",
            "PreconditionFailed" => "At least one of the pre-conditions you specified did not hold.",
            "InvalidRange" => "The requested range cannot be satisfied.",
            _ if self.status == 400 => "Invalid argument.",
            _ if self.status == 403 => "Access denied.",
            _ => &*self.message,
        };
        let mut body = format!("<?xml version='1.0' encoding='UTF-8'?><Error><Code>{}</Code>", self.code);
        body.push_str(&element("Message", message));
        let (first, last) = self.elements.split_at(usize::from(self.code == "MalformedSecurityHeader"));
        first.iter().for_each(|(name, text)| body.push_str(&element(name, text)));
        body.push_str(&element("Details", &self.message));
        last.iter().for_each(|(name, text)| body.push_str(&element(name, text)));
        body.push_str("</Error>");
        self.challenged(text(self.status, "application/xml; charset=UTF-8", body))
    }

    fn challenged(&self, mut reply: Reply) -> Reply {
        if self.status == 401 {
            let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        reply
    }
}

fn denial(who: &str, permission: &str) -> String {
    let what = if permission.starts_with("storage.objects.") && permission != "storage.objects.list" {
        "object"
    } else {
        "bucket"
    };
    format!(
        "{who} does not have {permission} access to the Google Cloud Storage {what}. Permission '{permission}' denied \
         on resource (or it may not exist)."
    )
}

pub(super) fn element(name: &str, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<{name}>{text}</{name}>")
}
