//! Tokens that a world issues: which one is current, and until when each of them is good.

use crate::random;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;
use std::collections::HashMap;

/// The length of an RS256 signature in a JSON web token.
const SIGNATURE_LENGTH: usize = 342;

/// Tokens of one kind. A new one leaves the older ones good until they end.
pub(crate) struct Issued {
    current: String,
    ends: HashMap<String, Timestamp>,
}

pub(crate) enum Standing {
    Good,
    Expired(Timestamp),
    Unknown,
}

impl Issued {
    pub(crate) fn new(token: String, ends: Timestamp) -> Issued {
        Issued { ends: HashMap::from([(token.clone(), ends)]), current: token }
    }

    pub(crate) fn renew(&mut self, token: String, ends: Timestamp) {
        self.ends.insert(token.clone(), ends);
        self.current = token;
    }

    pub(crate) fn current(&self) -> &str {
        &self.current
    }

    pub(crate) fn current_ends(&self) -> Timestamp {
        self.ends[&self.current]
    }

    pub(crate) fn end_current(&mut self, now: Timestamp) {
        self.ends.insert(self.current.clone(), now);
    }

    pub(crate) fn standing(&self, token: &str, now: Timestamp) -> Standing {
        match self.ends.get(token) {
            Some(ends) if *ends > now => Standing::Good,
            Some(ends) => Standing::Expired(*ends),
            None => Standing::Unknown,
        }
    }
}

/// A JSON web token as a Kubernetes cluster issues it. Nobody verifies the signature: a token is good if it was issued.
pub(crate) fn json_web_token(
    issuer: &str,
    subject: &str,
    audience: &str,
    issued: Timestamp,
    expires: Timestamp,
) -> String {
    let header = json!({ "alg": "RS256", "kid": random::text(random::HEX, 40) });
    let claims = json!({
        "aud": [audience],
        "exp": expires.as_second(),
        "iat": issued.as_second(),
        "iss": issuer,
        "jti": random::uuid(),
        "nbf": issued.as_second(),
        "sub": subject,
    });
    let encode = |part: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.{}", encode(header), encode(claims), random::text(random::BASE64_URL, SIGNATURE_LENGTH))
}

/// Whether a text has the form of such a token.
pub(crate) fn is_json_web_token(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let is_object = |part: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice::<serde_json::Map<_, _>>(&bytes).is_ok()
    };
    matches!(parts[..], [header, claims, _] if is_object(header) && is_object(claims))
}
