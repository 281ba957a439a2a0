//! What a service answered, as far as anything here reads it.

use crate::quote;
use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;
use url::Url;

/// A whole reply, of at most 1 MiB. Redirects are not followed, so their status is an answer as any other.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The `Date` header.
    pub(crate) date: Option<Timestamp>,
    /// The `Retry-After` header, where it gives seconds.
    pub(crate) retry_after: Option<Duration>,
    /// The `Location` header.
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
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
