//! What a service answered, as far as anything here reads it.

use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;

/// A whole reply, of at most 1 MiB. Redirects are not followed, so their status is an answer as any other.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The `Date` header.
    pub(crate) date: Option<Timestamp>,
    /// The `Retry-After` header, where it gives seconds.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Whether the same request may succeed a little later.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..=599)
    }
}

/// Never the body: it may hold a token.
impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}
