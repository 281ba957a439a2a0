//! Something minted, and what may be done with it at a given time.

use crate::time::Timestamp;
use std::time::Duration;

/// When a token may become stale, as shares of its life; `docs/fleet.md` tells why.
const EARLIEST_STALE: f64 = 0.5;
const LATEST_STALE: f64 = 0.85;
/// A wall clock set back this little is an adjustment; set back further, the age of what was minted is unknown.
const CLOCK_ADJUSTMENT: Duration = Duration::from_secs(60);

/// Something minted, and the two turning points of its life.
#[derive(Debug, Clone)]
pub(crate) struct CacheEntry<T> {
    value: T,
    minted_at: Timestamp,
    stale_at: Timestamp,
    expires_at: Timestamp,
}

impl<T> CacheEntry<T> {
    /// To be renewed ahead of its end: stale from a point drawn between 50 % and 85 % of its life, so that processes
    /// that started together do not renew together.
    pub(crate) fn renewed_ahead(value: T, minted_at: Timestamp, expires_at: Timestamp, random: f64) -> CacheEntry<T> {
        let fresh = expires_at.since(minted_at).mul_f64(EARLIEST_STALE + (LATEST_STALE - EARLIEST_STALE) * random);
        CacheEntry { value, minted_at, stale_at: minted_at.plus(fresh), expires_at }
    }

    /// The same, stale from a point drawn between `now` and the latest one.
    pub(crate) fn renewed_from(self, now: Timestamp, random: f64) -> CacheEntry<T> {
        let latest = self.minted_at.plus(self.expires_at.since(self.minted_at).mul_f64(LATEST_STALE));
        CacheEntry { stale_at: now.plus(latest.since(now).mul_f64(random)), ..self }
    }

    /// To be used until `margin` before its end, and renewed only when it is next asked for.
    pub(crate) fn used_up(value: T, minted_at: Timestamp, expires_at: Timestamp, margin: Duration) -> CacheEntry<T> {
        // Entries shorter than the margin stay usable for 1 ms.
        let usable = expires_at.since(minted_at).saturating_sub(margin).max(Duration::from_millis(1));
        let end = minted_at.plus(usable);
        CacheEntry { value, minted_at, stale_at: end, expires_at: end }
    }

    pub(crate) fn is_usable(&self, now: Timestamp) -> bool {
        now < self.expires_at && now >= self.usable_from()
    }

    /// A clock that shows an earlier time was set back, and says nothing of the age.
    pub(crate) fn usable_from(&self) -> Timestamp {
        self.minted_at.minus(CLOCK_ADJUSTMENT)
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.stale_at && self.is_usable(now)
    }

    pub(crate) fn value(&self) -> &T {
        &self.value
    }

    pub(crate) fn into_value(self) -> T {
        self.value
    }

    pub(crate) fn minted_at(&self) -> Timestamp {
        self.minted_at
    }

    pub(crate) fn stale_at(&self) -> Timestamp {
        self.stale_at
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}
