//! What a service answered, as far as anything here reads it.

use crate::quote;
use crate::time::Timestamp;
use serde_json::Value;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;
use url::Url;
use zeroize::{Zeroize, Zeroizing};

/// A whole reply, of at most 1 MiB. Redirects are not followed, so their status is an answer as any other.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The `Date` header.
    pub(crate) date: Option<Timestamp>,
    /// The `Retry-After` header, where it gives seconds.
    pub(crate) retry_after: Option<Duration>,
    /// The `Location` header.
    pub(crate) location: Option<String>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// JSON of a reply. Its texts may be tokens and keys, and are zeroed when it is dropped.
#[derive(Default)]
pub(crate) struct Json(Value);

impl Deref for Json {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for Json {
    fn drop(&mut self) {
        zero(&mut self.0);
    }
}

fn zero(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(zero),
        Value::Object(members) => members.values_mut().for_each(zero),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Reply {
    /// The body, if it is JSON.
    pub(crate) fn json(&self) -> Option<Json> {
        serde_json::from_slice(&self.body).ok().map(Json)
    }

    /// Whether the same request may succeed a little later.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599)
    }

    /// The host that a redirect leads to, in backticks: the rest of its address may hold a secret.
    pub(crate) fn redirects_to(&self) -> Option<String> {
        let location = self.location.as_ref().filter(|_| matches!(self.status, 300..=399))?;
        let host = Url::parse(location).ok().and_then(|url| url.host_str().map(quote::name));
        Some(host.unwrap_or_else(|| "another path of its own".to_owned()))
    }
}

/// Never the body: it may hold a token.
impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}
