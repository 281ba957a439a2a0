//! A host for tests of rules: tokio's paused clock, flights on the test's own runtime, and a Google that answers from
//! two counters.
//!
//! It checks nothing of what it is sent (the emulator does that); it shows *when* something is sent, and how often.
#![expect(clippy::disallowed_methods, reason = "a test makes its own outside")]

use super::{Host, Reason, Route, SendError};
use crate::cache::Registry;
use crate::environment::Environment;
use crate::moment::Moment;
use crate::reply::Reply;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// What the world does next, and what it has done.
#[derive(Debug)]
pub(crate) struct World {
    /// What Google's clock is ahead of ours.
    pub(crate) google_is_ahead: i64,
    pub(crate) life_seconds: u64,
    pub(crate) outage: Outage,
    /// Statuses with which the next impersonations are answered instead.
    pub(crate) impersonation_answers: Vec<u16>,
    /// What chance gives next; zero when it is used up.
    pub(crate) chances: Vec<f64>,
    /// What a service that is down asks for.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) exchanges: u32,
    pub(crate) impersonations: u32,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outage {
    None,
    /// Both Google services answer 503.
    Down,
    /// Nothing ever answers.
    Hanging,
    /// A flight is dropped as soon as it starts, as by a panic.
    Vanishing,
}

#[derive(Debug)]
pub(crate) struct Fake {
    started: Instant,
    registry: Arc<Registry>,
    world: Arc<Mutex<World>>,
    runtime: tokio::runtime::Handle,
}

impl Fake {
    pub(crate) fn new() -> Arc<Fake> {
        let world = World {
            google_is_ahead: 0,
            life_seconds: 3600,
            outage: Outage::None,
            impersonation_answers: Vec::new(),
            chances: Vec::new(),
            retry_after: None,
            exchanges: 0,
            impersonations: 0,
        };
        Arc::new(Fake {
            started: Instant::now(),
            registry: Arc::default(),
            world: Arc::new(Mutex::new(world)),
            runtime: tokio::runtime::Handle::current(),
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics while it holds the world")
    }

    /// Exchanges and impersonations so far.
    pub(crate) fn calls(&self) -> (u32, u32) {
        let world = self.world();
        (world.exchanges, world.impersonations)
    }
}

impl World {
    fn answer(&mut self, path: &str, now: Moment) -> Reply {
        let ahead = Duration::from_secs(self.google_is_ahead.unsigned_abs());
        let google_now = if self.google_is_ahead < 0 {
            Moment::EPOCH.plus(now.since(Moment::EPOCH).saturating_sub(ahead))
        } else {
            now.plus(ahead)
        };
        let reply = |status, body: serde_json::Value| Reply {
            status,
            date: Some(google_now),
            retry_after: None,
            body: body.to_string().into_bytes(),
        };
        let is_exchange = path == "/v1/token";
        let count = if is_exchange { &mut self.exchanges } else { &mut self.impersonations };
        *count += 1;
        let count = *count;
        if self.outage == Outage::Down {
            return Reply { retry_after: self.retry_after, ..reply(503, json!({})) };
        }
        if is_exchange {
            return reply(
                200,
                json!({ "access_token": format!("federated-{count}"), "expires_in": self.life_seconds }),
            );
        }
        if let Some(status) = self.impersonation_answers.pop() {
            return reply(status, json!({ "error": { "status": "UNAUTHENTICATED", "message": "said no" } }));
        }
        let end = google_now.plus(Duration::from_secs(self.life_seconds));
        reply(200, json!({ "accessToken": format!("access-{count}"), "expireTime": format!("{end:?}") }))
    }
}

impl Host for Fake {
    fn now(&self) -> Moment {
        Moment::from_unix_milliseconds(1_795_000_000_000).plus(self.started.elapsed())
    }

    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send + Sync> {
        let started = Instant::now();
        Box::new(move || started.elapsed())
    }

    fn random(&self) -> f64 {
        self.world().chances.pop().unwrap_or_default()
    }

    fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    fn spawn(&self, flight: BoxFuture<'static, ()>) -> io::Result<()> {
        let vanishes = self.world().outage == Outage::Vanishing;
        self.runtime.spawn(async move { if vanishes { drop(flight) } else { flight.await } });
        Ok(())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn prepare(&self, _: &Environment, _: Vec<url::Url>) {}

    fn send(
        &self,
        _: &Environment,
        _: Route,
        request: http::Request<Vec<u8>>,
    ) -> BoxFuture<'static, Result<Reply, SendError>> {
        let (world, now) = (Arc::clone(&self.world), self.now());
        Box::pin(async move {
            // A round trip, so that callers meet flights under way.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let reply = {
                let mut world = world.lock().expect("no test panics while it holds the world");
                (world.outage != Outage::Hanging).then(|| world.answer(request.uri().path(), now))
            };
            match reply {
                Some(reply) => Ok(reply),
                None => {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    Err(SendError::new(Reason::Timeout, "hanging"))
                }
            }
        })
    }
}
