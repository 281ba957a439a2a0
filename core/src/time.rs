//! A point in time as every rule of this crate counts it: whole milliseconds since the Unix epoch, in UTC, by the wall clock.

use std::fmt;
use std::time::{Duration, SystemTime};

/// Wall-clock time that fits an atomic and never panics: sums saturate, and what lies before the epoch is the epoch.
///
/// The wall clock, because a suspended or restored machine goes on with it: a monotonic clock stands still meanwhile,
/// and a token would outlive its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) const EPOCH: Timestamp = Timestamp(0);

    /// Later than every clock: the end of what has no end.
    pub(crate) const NEVER: Timestamp = Timestamp(u64::MAX);

    /// As the system's clocks tell it; a nonsensical reading is the epoch.
    #[cfg(target_os = "linux")]
    pub(crate) fn from_unix(seconds: i64, nanoseconds: i64) -> Timestamp {
        let milliseconds = seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000);
        Timestamp(u64::try_from(milliseconds).unwrap_or_default())
    }

    #[cfg(test)]
    pub(crate) const fn from_unix_milliseconds(milliseconds: u64) -> Timestamp {
        Timestamp(milliseconds)
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub(crate) fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn plus(self, duration: Duration) -> Timestamp {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_add(milliseconds))
    }

    pub(crate) fn minus(self, duration: Duration) -> Timestamp {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.0.saturating_sub(milliseconds))
    }

    /// The moment that an RFC 3339 time names, whatever its offset and fraction.
    pub(crate) fn from_rfc3339(text: &str) -> Option<Timestamp> {
        match text.parse::<jiff::Timestamp>() {
            Ok(moment) => u64::try_from(moment.as_millisecond()).ok().map(Timestamp),
            // The last days of the year 9999 are a time for RFC 3339 and beyond those that can be computed with.
            Err(_) => {
                let is_time =
                    text.strip_suffix('Z').is_some_and(|civil| civil.parse::<jiff::civil::DateTime>().is_ok());
                (is_time && text.starts_with("9999-12-3")).then_some(Timestamp::NEVER)
            }
        }
    }

    /// The moment of an HTTP `Date` header, in each of the three forms of RFC 9110, section 5.6.7.
    pub(crate) fn from_http_date(text: &str) -> Option<Timestamp> {
        httpdate::parse_http_date(text).ok().map(Timestamp::from)
    }

    /// `20261124T114727Z`, as AWS signatures write time.
    pub(crate) fn iso8601_basic(self) -> String {
        self.rfc3339().replace(['-', ':'], "")
    }

    /// In whole seconds.
    fn rfc3339(self) -> String {
        let seconds = i64::try_from(self.0 / 1000).unwrap_or(i64::MAX);
        let moment = jiff::Timestamp::from_second(seconds.min(jiff::Timestamp::MAX.as_second()));
        moment.unwrap_or_default().to_string()
    }
}

/// How far another clock is ahead of ours; negative where it is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skew {
    milliseconds: i64,
}

impl Skew {
    pub(crate) fn between(ours: Timestamp, theirs: Timestamp) -> Skew {
        let milliseconds = i128::from(theirs.0) - i128::from(ours.0);
        Skew { milliseconds: milliseconds.clamp(i64::MIN.into(), i64::MAX.into()) as i64 }
    }

    /// What the other clock shows when ours shows `ours`.
    pub(crate) fn apply(self, ours: Timestamp) -> Timestamp {
        Timestamp(ours.0.saturating_add_signed(self.milliseconds))
    }

    pub(crate) fn size(self) -> Duration {
        Duration::from_millis(self.milliseconds.unsigned_abs())
    }

    /// Rounded towards zero.
    pub(crate) fn seconds(self) -> i64 {
        self.milliseconds / 1000
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since_epoch)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(moment: Timestamp) -> SystemTime {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(moment.0)).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// As RFC 3339, in UTC.
impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Timestamp::NEVER {
            return formatter.write_str("never");
        }
        formatter.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;
    use std::time::Duration;

    #[test]
    fn one_instant_in_every_notation() {
        let moment = Timestamp::from_unix_milliseconds(1_795_520_847_000);
        assert_eq!(moment.iso8601_basic(), "20261124T114727Z");
        assert_eq!(format!("{moment:?}"), "2026-11-24T11:47:27Z");
        for text in ["2026-11-24T11:47:27Z", "2026-11-24T20:47:27+09:00", "2026-11-24T11:47:27.000000001Z"] {
            assert_eq!(Timestamp::from_rfc3339(text), Some(moment), "{text}");
        }
        for text in ["Tue, 24 Nov 2026 11:47:27 GMT", "Tuesday, 24-Nov-26 11:47:27 GMT", "Tue Nov 24 11:47:27 2026"] {
            assert_eq!(Timestamp::from_http_date(text), Some(moment), "{text}");
        }
    }

    #[test]
    fn absurd_times_are_none_and_sums_saturate() {
        assert_eq!(Timestamp::from_rfc3339("9999-12-31T23:59:59Z"), Some(Timestamp::NEVER));
        for text in ["", "9999-12-32T00:00:00Z", "yesterday", "1969-12-31T23:59:59Z", "2026-13-40T99:99:99Z"] {
            assert_eq!(Timestamp::from_rfc3339(text), None, "{text}");
        }
        assert_eq!(Timestamp::from_http_date("Tuesday"), None);
        assert_eq!(Timestamp::NEVER.plus(Duration::MAX), Timestamp::NEVER);
        assert_eq!(Timestamp::from_unix_milliseconds(5).since(Timestamp::NEVER), Duration::ZERO);
        let _ = format!("{:?}", Timestamp::from_unix_milliseconds(u64::MAX - 1));
    }
}
