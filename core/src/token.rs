//! A token that Google issued, and when it ends.

use crate::secret::Secret;
use crate::time::Timestamp;
use http::HeaderValue;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Caps lifetimes at 12 hours, Google's maximum.
const LONGEST_LIFE: Duration = Duration::from_secs(43_200);

/// A token of Google: an OAuth access token (RFC 6749, section 1.4), or an ID token (OpenID Connect). Cheap to clone; `Debug` shows when it ends and nothing else.
#[derive(Clone)]
pub struct Token(Arc<Issued>);

struct Issued {
    value: Secret,
    authorization: HeaderValue,
    minted_at: Timestamp,
    expires_at: Timestamp,
}

impl Token {
    /// A token that was asked for at `minted_at` and lives for `life` from then; none if no header could carry it.
    pub(crate) fn new(value: &str, minted_at: Timestamp, life: Duration) -> Option<Token> {
        let is_token = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        let bearer = zeroize::Zeroizing::new(format!("Bearer {value}"));
        let mut authorization = HeaderValue::from_str(&bearer).ok().filter(|_| is_token)?;
        authorization.set_sensitive(true);
        let expires_at = minted_at.plus(life.min(LONGEST_LIFE));
        Some(Token(Arc::new(Issued { value: Secret::new(value), authorization, minted_at, expires_at })))
    }

    /// The token itself: a secret, worth as much as the service account until it ends.
    pub fn value(&self) -> &str {
        self.0.value.expose()
    }

    /// When it ends, by this machine's clock (UTC).
    pub fn expires_at(&self) -> SystemTime {
        self.0.expires_at.into()
    }

    /// `Bearer …`, marked sensitive.
    pub(crate) fn authorization(&self) -> &HeaderValue {
        &self.0.authorization
    }

    pub(crate) fn minted_at(&self) -> Timestamp {
        self.0.minted_at
    }

    pub(crate) fn end(&self) -> Timestamp {
        self.0.expires_at
    }

    /// Whether both are the same issue of a token, not merely equal texts.
    pub fn is(&self, other: &Token) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Token").field("expires_at", &self.0.expires_at).finish_non_exhaustive()
    }
}
