//! A host for tests of rules: tokio's paused clock, flights on the test's own runtime, an instance with a role, and a
//! Google that answers from two counters.
//!
//! It checks nothing of what it is sent (the emulator does that); it shows *when* something is sent, and how often.
#![expect(clippy::disallowed_methods, reason = "a test makes its own outside")]

use super::{
    CONNECT_TIMEOUT, Chance, Clock, CommandError, CommandOutput, Commands, FileError, Files, Flights, Http, Reason,
    Route, SendError, Surroundings,
};
use crate::environment::Environment;
use crate::reply::Reply;
use crate::time::Timestamp;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::io;
use std::path::PathBuf;
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
    /// How long a request takes.
    pub(crate) latency: Duration,
    /// Replies with which the next exchanges are refused instead.
    pub(crate) exchange_refusals: Vec<serde_json::Value>,
    /// Statuses with which the next impersonations are answered instead.
    pub(crate) impersonation_answers: Vec<u16>,
    /// Statuses with which the next signatures are refused.
    pub(crate) signature_refusals: Vec<u16>,
    /// Who asked for a signature, as the bearer says.
    pub(crate) signers: Vec<String>,
    /// How many ID tokens were given.
    pub(crate) id_tokens: u32,
    /// What chance gives next; zero when it is used up.
    pub(crate) chances: Vec<f64>,
    /// What a service that is down asks for.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) exchanges: u32,
    pub(crate) impersonations: u32,
    /// How often the role's keys were read.
    pub(crate) keys_read: u32,
    pub(crate) keys_life_seconds: u64,
    /// When the last access token ends, as Google says.
    pub(crate) last_end: Timestamp,
    /// Hosts to which connections were opened ahead.
    pub(crate) prepared: Vec<String>,
    /// How far somebody has set our wall clock forward since the start.
    pub(crate) clock_set_forward: Duration,
    /// How far the coarse clock is behind the exact one.
    pub(crate) coarse_clock_lags: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outage {
    None,
    /// Both Google services answer 503.
    Down,
    /// Nothing answers in time.
    Hanging,
    /// No connection can be made.
    Unreachable,
    /// A flight is dropped as soon as it starts, as by a panic.
    Vanishing,
}

#[derive(Debug)]
pub(crate) struct Fake {
    started: Instant,
    world: Arc<Mutex<World>>,
    runtime: tokio::runtime::Handle,
}

impl Fake {
    pub(crate) fn new() -> Arc<Fake> {
        let world = World {
            google_is_ahead: 0,
            life_seconds: 3600,
            outage: Outage::None,
            latency: Duration::from_millis(20),
            exchange_refusals: Vec::new(),
            impersonation_answers: Vec::new(),
            signature_refusals: Vec::new(),
            signers: Vec::new(),
            id_tokens: 0,
            chances: Vec::new(),
            retry_after: None,
            exchanges: 0,
            impersonations: 0,
            keys_read: 0,
            keys_life_seconds: 6 * 3600,
            last_end: Timestamp::EPOCH,
            prepared: Vec::new(),
            clock_set_forward: Duration::ZERO,
            coarse_clock_lags: Duration::ZERO,
        };
        Arc::new(Fake {
            started: Instant::now(),
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
    fn answer(&mut self, path: &str, bearer: &str, now: Timestamp) -> Reply {
        let ahead = Duration::from_secs(self.google_is_ahead.unsigned_abs());
        let google_now = if self.google_is_ahead < 0 {
            Timestamp::EPOCH.plus(now.since(Timestamp::EPOCH).saturating_sub(ahead))
        } else {
            now.plus(ahead)
        };
        // HTTP dates and Google's times have whole seconds.
        let google_now = Timestamp::EPOCH.plus(Duration::from_secs(google_now.since(Timestamp::EPOCH).as_secs()));
        let reply = |status, body: serde_json::Value| Reply {
            status,
            date: Some(google_now),
            retry_after: None,
            location: None,
            body: body.to_string().into_bytes().into(),
        };
        if let Some(path) = path.strip_prefix("/latest/") {
            return Reply { date: None, ..self.metadata(path, now) };
        }
        if path == "/" {
            // AWS STS.
            let body = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
                        <Arn>arn:aws:sts::111122223333:assumed-role/role/session</Arn>\
                        </GetCallerIdentityResult></GetCallerIdentityResponse>";
            return Reply { body: body.as_bytes().to_vec().into(), ..reply(200, json!({})) };
        }
        if path.ends_with(":signBlob") {
            self.signers.push(bearer.trim_start_matches("Bearer ").to_owned());
            return match self.signature_refusals.pop() {
                Some(status) => {
                    reply(status, json!({ "error": { "status": "PERMISSION_DENIED", "message": "said no" } }))
                }
                None => reply(200, json!({ "keyId": "key", "signedBlob": "c2lnbmVk" })),
            };
        }
        if path.ends_with(":generateIdToken") {
            self.id_tokens += 1;
            let end = google_now.plus(Duration::from_secs(3600)).since(Timestamp::EPOCH).as_secs();
            let claims = json!({ "exp": end, "jti": self.id_tokens }).to_string();
            let claims = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
            return reply(200, json!({ "token": format!("e30.{claims}.c2ln") }));
        }
        let is_exchange = path == "/v1/token";
        let count = if is_exchange { &mut self.exchanges } else { &mut self.impersonations };
        *count += 1;
        let count = *count;
        if self.outage == Outage::Down {
            return Reply { retry_after: self.retry_after, ..reply(503, json!({})) };
        }
        if let Some(refusal) = self.exchange_refusals.pop().filter(|_| is_exchange) {
            return reply(400, refusal);
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
        self.last_end = end;
        reply(200, json!({ "accessToken": format!("access-{count}"), "expireTime": format!("{end:?}") }))
    }
}

impl World {
    /// The instance's metadata: a session, a role and its keys, a region.
    fn metadata(&mut self, path: &str, now: Timestamp) -> Reply {
        let body = match path {
            "api/token" => "session".to_owned(),
            "meta-data/placement/region" => "us-east-1".to_owned(),
            "meta-data/iam/security-credentials/" => "role".to_owned(),
            _ => {
                self.keys_read += 1;
                let end = now.plus(Duration::from_secs(self.keys_life_seconds));
                json!({
                    "Code": "Success",
                    "AccessKeyId": format!("ASIA{}", self.keys_read),
                    "SecretAccessKey": "secret",
                    "Token": "session-token",
                    "Expiration": format!("{end:?}"),
                })
                .to_string()
            }
        };
        Reply { status: 200, date: None, retry_after: None, location: None, body: body.into_bytes().into() }
    }
}

impl Clock for Fake {
    fn now(&self) -> Timestamp {
        let set_forward = self.world().clock_set_forward;
        Timestamp::from_unix_milliseconds(1_795_000_000_000).plus(self.started.elapsed()).plus(set_forward)
    }

    fn coarse_now(&self) -> Timestamp {
        let lag = self.world().coarse_clock_lags;
        self.now().minus(lag)
    }

    fn stopwatch(&self) -> Box<dyn Fn() -> Duration + Send + Sync> {
        let started = Instant::now();
        Box::new(move || started.elapsed())
    }
}

impl Chance for Fake {
    fn random(&self) -> f64 {
        self.world().chances.pop().unwrap_or_default()
    }
}

impl Surroundings for Fake {
    fn environment(&self) -> Environment {
        Environment::default()
    }
}

impl Flights for Fake {
    fn spawn(&self, flight: BoxFuture<'static, ()>) -> io::Result<()> {
        let vanishes = self.world().outage == Outage::Vanishing;
        self.runtime.spawn(async move { if vanishes { drop(flight) } else { flight.await } });
        Ok(())
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// It has no files.
impl Files for Fake {
    fn read(&self, _: PathBuf) -> BoxFuture<'static, Result<Vec<u8>, FileError>> {
        Box::pin(async { Err(FileError::Missing) })
    }

    fn write_private(&self, _: PathBuf, _: Vec<u8>) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async { Err(io::ErrorKind::PermissionDenied.into()) })
    }
}

/// Nor a shell.
impl Commands for Fake {
    fn run(&self, _: String, _: Duration) -> BoxFuture<'static, Result<CommandOutput, CommandError>> {
        Box::pin(async { Err(CommandError::NotStarted(io::ErrorKind::NotFound.into())) })
    }
}

impl Http for Fake {
    fn prepare(&self, _: &Environment, url: url::Url) {
        self.world().prepared.extend(url.host_str().map(str::to_owned));
    }

    fn send(
        &self,
        _: &Environment,
        _: Route,
        request: http::Request<Vec<u8>>,
    ) -> BoxFuture<'static, Result<Reply, SendError>> {
        let (world, now) = (Arc::clone(&self.world), self.now());
        let bearer = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = bearer.unwrap_or_default().to_owned();
        Box::pin(async move {
            let look = || world.lock().expect("no test panics while it holds the world");
            // Callers meet flights under way.
            let latency = look().latency;
            tokio::time::sleep(latency).await;
            let outage = look().outage;
            match outage {
                Outage::Hanging => {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    Err(SendError::new(Reason::Timeout, "hanging"))
                }
                Outage::Unreachable => {
                    tokio::time::sleep(CONNECT_TIMEOUT).await;
                    Err(SendError::new(Reason::Connect, "unreachable"))
                }
                _ => Ok(look().answer(request.uri().path(), &bearer, now)),
            }
        })
    }
}
