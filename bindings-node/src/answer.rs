//! A token on its way to JavaScript, and back when it was refused.

use napi_derive::napi;
use rolebridge::Token;
use std::time::{SystemTime, UNIX_EPOCH};

/// A token, and until when JavaScript may use it without asking. Times are milliseconds since 1970 (UTC).
#[napi]
pub struct Answer {
    token: Token,
    refresh_after: Option<SystemTime>,
}

impl Answer {
    pub(crate) fn new(token: Token, refresh_after: Option<SystemTime>) -> Answer {
        Answer { token, refresh_after }
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }
}

#[napi]
impl Answer {
    /// The token itself.
    #[napi(getter, catch_unwind)]
    pub fn value(&self) -> &str {
        self.token.value()
    }

    /// When it ends.
    #[napi(getter, catch_unwind)]
    pub fn expires_at(&self) -> f64 {
        milliseconds(self.token.expires_at())
    }

    /// Zero where it has to be asked for each time; never after the end.
    #[napi(getter, catch_unwind)]
    pub fn refresh_after(&self) -> f64 {
        self.refresh_after.map_or(0.0, |time| milliseconds(time.min(self.token.expires_at())))
    }
}

fn milliseconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0).floor()
}
