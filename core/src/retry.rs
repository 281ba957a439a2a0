//! What is tried again, and when: [`decide`] knows, [`send`] is the only loop.

use crate::host::{Outside, Reason, Route, SendError};
use crate::reply::Reply;
use std::time::Duration;

/// Three tries more than one bad moment of a load balancer takes; the budget of a step ends them in any case.
const PUBLIC_TRIES: u32 = 4;
/// As the AWS SDKs try their metadata services.
const LINK_LOCAL_TRIES: u32 = 3;
/// Before the second try; doubled for each one after it, and shortened by up to half at random.
const PUBLIC_BACKOFF: Duration = Duration::from_millis(500);
const LINK_LOCAL_BACKOFF: Duration = Duration::from_millis(100);
/// A service that asks for more patience than this gets it between mints, not inside one.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The wait before the next try after the `tries`-th ended with `outcome`; none if that one stands.
///
/// What may pass is tried again: 408, 429, 5xx, and connections that ended early. A refusal is not, nor is a timeout,
/// which has taken most of the budget; nor, on a metadata route, a connection that could not be made, since nothing
/// is there.
fn decide(route: Route, tries: u32, outcome: &Result<Reply, SendError>, random: f64) -> Option<Duration> {
    let (most, first) = match route {
        Route::Public => (PUBLIC_TRIES, PUBLIC_BACKOFF),
        Route::LinkLocal => (LINK_LOCAL_TRIES, LINK_LOCAL_BACKOFF),
    };
    let (may_pass, asked) = match outcome {
        Ok(reply) => (reply.is_transient(), reply.retry_after),
        Err(error) => match error.reason {
            Reason::Interrupted => (true, None),
            Reason::Connect => (route == Route::Public, None),
            Reason::Timeout | Reason::TooLarge | Reason::Unsendable => (false, None),
        },
    };
    if !may_pass || tries >= most || asked.is_some_and(|wait| wait > LONGEST_RETRY_AFTER) {
        return None;
    }
    let backoff = first.saturating_mul(1 << (tries - 1)).mul_f64(1.0 - random / 2.0);
    Some(backoff + asked.unwrap_or_default())
}

/// Sends a request until its outcome stands.
pub(crate) async fn send(
    outside: &Outside,
    route: Route,
    request: http::Result<http::Request<Vec<u8>>>,
) -> Result<Reply, SendError> {
    let request = request.map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
    let host = &outside.host;
    let mut tries = 1;
    loop {
        let outcome = host.send(&outside.environment, route, request.clone()).await;
        match decide(route, tries, &outcome, host.random()) {
            None => return outcome,
            Some(wait) => host.sleep(wait).await,
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: Option<u64>) -> Result<Reply, SendError> {
        Ok(Reply { status, date: None, retry_after: retry_after.map(Duration::from_secs), body: Vec::new() })
    }

    fn failed(reason: Reason) -> Result<Reply, SendError> {
        Err(SendError::new(reason, "test"))
    }

    #[test]
    fn what_may_pass_is_tried_again_and_a_refusal_is_not() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(decide(Route::Public, 1, &answered(status, None), 0.0).is_some(), "{status}");
        }
        for status in [200, 302, 400, 401, 403, 404, 409] {
            assert_eq!(decide(Route::Public, 1, &answered(status, None), 0.0), None, "{status}");
        }
        for (route, reason, again) in [
            (Route::Public, Reason::Interrupted, true),
            (Route::Public, Reason::Connect, true),
            (Route::Public, Reason::Timeout, false),
            (Route::Public, Reason::TooLarge, false),
            (Route::LinkLocal, Reason::Interrupted, true),
            (Route::LinkLocal, Reason::Connect, false),
            (Route::LinkLocal, Reason::Timeout, false),
        ] {
            assert_eq!(decide(route, 1, &failed(reason), 0.0).is_some(), again, "{route:?} {reason:?}");
        }
    }

    #[test]
    fn waits_double_shrink_at_random_and_end() {
        let wait = |tries, random| decide(Route::Public, tries, &answered(503, None), random);
        assert_eq!(wait(1, 0.0), Some(Duration::from_millis(500)));
        assert_eq!(wait(1, 1.0), Some(Duration::from_millis(250)));
        assert_eq!(wait(3, 0.0), Some(Duration::from_secs(2)));
        assert_eq!(wait(4, 0.0), None);
        assert_eq!(decide(Route::LinkLocal, 3, &answered(503, None), 0.0), None);
    }

    #[test]
    fn retry_after_is_honoured_or_ends_the_tries() {
        let wait = |random| decide(Route::Public, 1, &answered(429, Some(3)), random);
        assert_eq!(wait(0.0), Some(Duration::from_millis(3500)));
        assert_eq!(wait(1.0), Some(Duration::from_millis(3250)), "jittered: others were asked the same");
        assert_eq!(decide(Route::Public, 1, &answered(429, Some(60)), 0.0), None);
    }
}
