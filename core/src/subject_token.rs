//! The subject token: a signed AWS STS `GetCallerIdentity` request, serialised as Google reads it. Pure.
//!
//! Google sends the request to AWS, and AWS's answer is the proof of who signed it (AIP-4117, "Determining the subject
//! token in AWS"). The header `x-goog-cloud-target-resource` is *signed*, which binds the request to one provider: who
//! steals it can use it nowhere else.

use crate::identity::Identity;
use crate::secret::Secret;
use crate::sigv4::{self, Request, Scope};
use crate::time::Timestamp;
use serde_json::json;
use std::time::SystemTime;
use url::Url;

/// A percent-encoded JSON text that proves an identity for about five minutes. It is a secret while it lives.
#[derive(Debug, Clone)]
pub struct SubjectToken(Secret);

impl SubjectToken {
    /// Signs `GetCallerIdentity` at `url` (with its query, in the identity's region) for one audience, at one time. `None`
    /// if `url` is not a URL with a host.
    pub fn sign(identity: &Identity, audience: &str, url: &str, now: SystemTime) -> Option<SubjectToken> {
        let address = Url::parse(url).ok()?;
        let host = address.host_str()?;
        let time = Timestamp::from(now).iso8601_basic();
        let scope = Scope { time: &time, region: identity.region().as_str(), service: "sts" };

        // In the order in which they are serialised.
        let mut headers = vec![("host", host), ("x-amz-date", time.as_str())];
        if let Some(token) = identity.session_token() {
            headers.push(("x-amz-security-token", token));
        }
        headers.push(("x-goog-cloud-target-resource", audience));

        let canonical = sigv4::canonical_request(&Request {
            method: "POST",
            path: address.path(),
            query: address.query().unwrap_or_default(),
            headers: &headers,
            body_sha256: EMPTY_BODY_SHA256,
            normalize_path: true,
        });
        let signature =
            sigv4::signature(identity.secret_access_key(), &scope, &sigv4::string_to_sign(&canonical, &scope));
        let authorization =
            sigv4::authorization(identity.access_key_id(), &scope, &canonical.signed_headers, &signature);
        headers.insert(0, ("Authorization", &authorization));

        let headers: Vec<_> = headers.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let request = json!({ "headers": headers, "method": "POST", "url": url }).to_string();
        let encoded = percent_encoding::utf8_percent_encode(&request, percent_encoding::NON_ALPHANUMERIC);
        Some(SubjectToken(Secret::new(encoded.to_string())))
    }

    /// The token, for a form's `subject_token`; the form encodes it a second time, as Google expects.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

const EMPTY_BODY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
