//! What is tried again, and when: [`decide`] knows, [`send`] is the only loop.

use crate::context::MintContext;
use crate::host::{CONNECT_TIMEOUT, Reason, Route, SendError};
use crate::reply::Reply;
use std::time::Duration;

/// One bad moment of a load balancer takes one or two; the budget of a step ends them in any case.
const PUBLIC_TRIES: u32 = 4;
/// As the AWS SDKs try their metadata services.
const LINK_LOCAL_TRIES: u32 = 3;
/// Before the second try; doubled for each one after it, and shortened by up to half at random.
const PUBLIC_BACKOFF: Duration = Duration::from_millis(500);
const LINK_LOCAL_BACKOFF: Duration = Duration::from_millis(100);
/// What a try needs at the least: a wait after which less is left is not worth its while. (Where no connection could be
/// made, a whole such try: cut off, it would hide what is known by then.)
const SHORTEST_TRY: Duration = Duration::from_millis(500);

/// The wait before the next try after the `tries`-th ended with `outcome`; none if that one stands.
///
/// What may pass is tried again: 408, 429, 5xx, and connections that could not be made or ended early. A refusal is not,
/// nor is a reply that did not come in time, which has taken most of the budget; nor, on a metadata route, a connection
/// that could not be made, since nothing is there. A wait that does not fit into what is `left` is not begun: the
/// outcome stands, and a service that asks for more patience gets it between mints. A kept connection that has ended says
/// nothing of the service, so the try after it is at once.
fn decide(
    route: Route,
    tries: u32,
    may_pass: fn(&Reply) -> bool,
    outcome: &Result<Reply, SendError>,
    left: Duration,
    random: f64,
) -> Option<Duration> {
    let (most, first) = match route {
        Route::Public => (PUBLIC_TRIES, PUBLIC_BACKOFF),
        Route::LinkLocal => (LINK_LOCAL_TRIES, LINK_LOCAL_BACKOFF),
    };
    let (may_pass, asked) = match outcome {
        Ok(reply) => (may_pass(reply), reply.retry_after),
        Err(error) => match error.reason {
            // The next try finds another connection or makes one; nobody is out of order.
            Reason::KeptConnection if tries < most && left >= SHORTEST_TRY => return Some(Duration::ZERO),
            Reason::Interrupted | Reason::KeptConnection => (true, None),
            Reason::Connect => (route == Route::Public, None),
            Reason::Timeout | Reason::Setup | Reason::TooLarge | Reason::Unsendable => (false, None),
        },
    };
    if !may_pass || tries >= most {
        return None;
    }
    let backoff = first.saturating_mul(1 << (tries - 1)).mul_f64(1.0 - random / 2.0);
    let wait = backoff.saturating_add(asked.unwrap_or_default());
    let could_not_connect = matches!(outcome, Err(error) if error.reason == Reason::Connect);
    let least = if could_not_connect { CONNECT_TIMEOUT } else { SHORTEST_TRY };
    (wait.saturating_add(least) <= left).then_some(wait)
}

/// Sends a request until its outcome stands.
pub(crate) async fn send(
    context: &MintContext,
    route: Route,
    request: http::Result<http::Request<Vec<u8>>>,
) -> Result<Reply, SendError> {
    send_while(context, route, Reply::is_transient, request).await
}

/// The same, to a service that tells by its own words what may pass.
pub(crate) async fn send_while(
    context: &MintContext,
    route: Route,
    may_pass: fn(&Reply) -> bool,
    request: http::Result<http::Request<Vec<u8>>>,
) -> Result<Reply, SendError> {
    let request = request.map_err(|cause| SendError::new(Reason::Unsendable, cause))?;
    let host = &context.host;
    let mut tries = 1;
    loop {
        let asked = context.trace.ask(request.method(), request.uri());
        let outcome = host.send(&context.environment, route, request.clone()).await;
        if let Some(asked) = asked {
            context.trace.answer(&asked, outcome.as_ref().map(|reply| reply.status).map_err(ToString::to_string));
        }
        match decide(route, tries, may_pass, &outcome, context.left(), host.random()) {
            None => return outcome,
            // A timer, however short, takes a tick of a millisecond.
            Some(Duration::ZERO) => {}
            Some(wait) => host.sleep(wait).await,
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: Duration = Duration::from_secs(13);

    fn answered(status: u16, retry_after: Option<u64>) -> Result<Reply, SendError> {
        Ok(Reply {
            status,
            date: None,
            retry_after: retry_after.map(Duration::from_secs),
            location: None,
            body: Vec::new().into(),
        })
    }

    fn failed(reason: Reason) -> Result<Reply, SendError> {
        Err(SendError::new(reason, "test"))
    }

    #[test]
    fn what_may_pass_is_tried_again_and_a_refusal_is_not() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(
                decide(Route::Public, 1, Reply::is_transient, &answered(status, None), LEFT, 0.0).is_some(),
                "{status}"
            );
        }
        for status in [200, 302, 400, 401, 403, 404, 409] {
            assert_eq!(
                decide(Route::Public, 1, Reply::is_transient, &answered(status, None), LEFT, 0.0),
                None,
                "{status}"
            );
        }
        for (route, reason, again) in [
            (Route::Public, Reason::Interrupted, true),
            (Route::Public, Reason::KeptConnection, true),
            (Route::Public, Reason::Connect, true),
            (Route::Public, Reason::Timeout, false),
            (Route::Public, Reason::TooLarge, false),
            (Route::Public, Reason::Setup, false),
            (Route::LinkLocal, Reason::Interrupted, true),
            (Route::LinkLocal, Reason::Connect, false),
            (Route::LinkLocal, Reason::Timeout, false),
        ] {
            assert_eq!(
                decide(route, 1, Reply::is_transient, &failed(reason), LEFT, 0.0).is_some(),
                again,
                "{route:?} {reason:?}"
            );
        }
    }

    #[test]
    fn waits_double_shrink_at_random_and_end() {
        let wait =
            |tries, random| decide(Route::Public, tries, Reply::is_transient, &answered(503, None), LEFT, random);
        assert_eq!(wait(1, 0.0), Some(Duration::from_millis(500)));
        assert_eq!(wait(1, 1.0), Some(Duration::from_millis(250)));
        assert_eq!(wait(3, 0.0), Some(Duration::from_secs(2)));
        assert_eq!(wait(4, 0.0), None);
        assert_eq!(decide(Route::LinkLocal, 3, Reply::is_transient, &answered(503, None), LEFT, 0.0), None);
    }

    #[test]
    fn a_kept_connection_that_ended_is_followed_by_a_try_at_once() {
        for route in [Route::Public, Route::LinkLocal] {
            let wait =
                |tries, left| decide(route, tries, Reply::is_transient, &failed(Reason::KeptConnection), left, 0.0);
            assert_eq!(wait(1, SHORTEST_TRY), Some(Duration::ZERO));
            assert_eq!(wait(1, SHORTEST_TRY / 2), None);
            assert_eq!(wait(4, LEFT), None);
        }
    }

    #[test]
    fn retry_after_is_honoured_or_ends_the_tries() {
        let wait = |random| decide(Route::Public, 1, Reply::is_transient, &answered(429, Some(3)), LEFT, random);
        assert_eq!(wait(0.0), Some(Duration::from_millis(3500)));
        assert_eq!(wait(1.0), Some(Duration::from_millis(3250)), "jittered: others were asked the same");
        assert_eq!(decide(Route::Public, 1, Reply::is_transient, &answered(429, Some(60)), LEFT, 0.0), None);
    }

    #[test]
    fn a_connection_is_tried_again_only_if_one_that_hangs_fits_into_the_budget() {
        let wait = |left| {
            decide(Route::Public, 2, Reply::is_transient, &failed(Reason::Connect), Duration::from_secs(left), 0.0)
        };
        assert_eq!(wait(6), Some(Duration::from_secs(1)));
        assert_eq!(wait(5), None);
    }

    #[test]
    fn a_wait_that_does_not_fit_into_the_budget_is_not_begun() {
        let wait = |left| {
            decide(Route::Public, 1, Reply::is_transient, &answered(503, None), Duration::from_millis(left), 0.0)
        };
        assert_eq!(wait(1000), Some(Duration::from_millis(500)));
        assert_eq!(wait(999), None);
        let asked =
            decide(Route::LinkLocal, 1, Reply::is_transient, &answered(503, Some(3)), Duration::from_millis(2500), 0.0);
        assert_eq!(asked, None, "the outcome stands, and with it what was asked");
    }
}
