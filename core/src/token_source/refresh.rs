//! The way of a caller who needs the cache: what it answers, and the flight that it may start.

use super::current::{Current, CurrentToken};
use super::id_tokens::IdTokens;
use crate::cache::{Answer, CacheEntry, Flight, FlightGuard, LONGEST_FLIGHT, Next, Outcome, Slot, Wait};
use crate::context::{Deadline, MintContext};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::Host;
use crate::logging::{FlightReport, Level};
use crate::mint::{Mint, PRODUCT, Registries, Store, TokenRequest, Workload};
use crate::observe::{Explanation, MintTrace};
use crate::time::Timestamp;
use crate::token::Token;
use http::HeaderValue;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// For a whole minting, whatever its steps do.
const MINT_BUDGET: Duration = Duration::from_secs(30);

const _: () =
    assert!(MINT_BUDGET.as_secs() < LONGEST_FLIGHT.as_secs(), "the cache gives up on no flight that is under way");

/// What was decided when the source was built.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) request: TokenRequest,
    pub(super) quota_project: Option<HeaderValue>,
    pub(super) project: Option<String>,
    /// Where the builder was given one; else the process is asked at each flight.
    pub(super) environment: Option<Environment>,
    pub(super) host: Arc<dyn Host>,
    pub(super) store: Arc<dyn Store>,
}

/// What all clones of a token source share.
pub(super) struct Shared {
    pub(super) setup: Setup,
    pub(super) current: CurrentToken,
    pub(super) id_tokens: IdTokens,
}

/// What one who asks is given.
pub(super) enum Given {
    Answer(Result<Token, Error>),
    /// The second is where the answer is kept. To find it again, the process would be told from its parent once more.
    Wait(Wait<Token>, Arc<Registries>),
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Shared {
        let current = CurrentToken::new(setup.quota_project.clone());
        Shared { setup, current, id_tokens: IdTokens::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.setup.host.now()
    }

    /// For what may be late by the lag of a coarse clock.
    pub(super) fn coarse_now(&self) -> Timestamp {
        self.setup.host.coarse_now()
    }

    /// The environment of a call that brings none.
    pub(super) fn environment(&self) -> Environment {
        self.setup.environment.clone().unwrap_or_else(|| self.setup.host.environment())
    }

    /// Asks the cache, starts a flight if no other caller has, and gives what the caller uses or waits for.
    pub(super) fn ask(&self, environment: &Environment) -> Given {
        let now = self.now();
        let registries = self.setup.store.registries();
        let keys = self.setup.request.keys(environment);
        let (entry, next) = match PRODUCT.slot(&registries, &keys, now).ask(now) {
            Answer::Fresh(entry) => return Given::Answer(Ok(self.keep(entry, &registries))),
            Answer::Stale(entry, next) => (Some(entry), next),
            Answer::Missing(next) => {
                let current = self.current.usable(now);
                if let Some(token) = current.as_ref().and_then(|current| self.inherited(current, &registries)) {
                    return Given::Answer(Ok(token));
                }
                (current.map(|current| current.entry.clone()), next)
            }
        };
        if entry.is_none() && self.setup.request.waits_for_this_thread() {
            return Given::Answer(Err(waits_for_itself()));
        }
        let refresh_after = next.refresh_after(now);
        let given = match next {
            Next::Wait(flight) => Given::Wait(flight.wait(), Arc::clone(&registries)),
            Next::Cooldown(error, _) => Given::Answer(Err(error)),
            Next::Lead(guard) => match self.start(guard, self.context(environment), &registries, entry.is_none()) {
                Ok(flight) => Given::Wait(flight.wait(), Arc::clone(&registries)),
                Err(error) => Given::Answer(Err(error)),
            },
        };
        match entry {
            None => given,
            Some(entry) => {
                let refresh_after = refresh_after.min(entry.expires_at());
                Given::Answer(Ok(self.current.keep(entry, refresh_after, &registries, now)))
            }
        }
    }

    /// Keeps a token that is as new as any.
    pub(super) fn keep(&self, entry: CacheEntry<Token>, registries: &Arc<Registries>) -> Token {
        let refresh_after = entry.stale_at();
        self.current.keep(entry, refresh_after, registries, self.now())
    }

    /// The current token, if a fork brought it from the parent and it need not be renewed yet. The parent's other children
    /// have it too, so each draws a renewal point of its own.
    fn inherited(&self, current: &Current, registries: &Arc<Registries>) -> Option<Token> {
        let host = &self.setup.host;
        let now = host.now();
        let entry = (!current.is_of(registries)).then(|| current.entry.clone().renewed_from(now, host.random()))?;
        entry.is_fresh(now).then(|| self.keep(entry, registries))
    }

    pub(super) fn invalidate(&self, token: &Token, environment: &Environment) -> bool {
        let now = self.now();
        let is_given_up = self.current.invalidate(token, now);
        if is_given_up {
            let keys = self.setup.request.keys(environment);
            let slot = PRODUCT.slot(&self.setup.store.registries(), &keys, now);
            slot.forget(|entry| entry.value().is(token));
        }
        is_given_up
    }

    /// Runs a flight on the host, where it ends whatever becomes of its callers.
    fn start(
        &self,
        guard: FlightGuard<Token>,
        context: MintContext,
        registries: &Arc<Registries>,
        is_waited_for: bool,
    ) -> Result<Arc<Flight<Token>>, Error> {
        let flight = guard.flight();
        let mint = Mint::new(self.setup.request.clone(), context, Arc::clone(registries), is_waited_for);
        match self.setup.host.spawn(Box::pin(mint.run(guard))) {
            Ok(()) => Ok(flight),
            Err(cause) => Err(not_started(cause)),
        }
    }

    /// Mints as a new process would, in registries that are empty, and tells how it went.
    pub(super) async fn explain(&self, environment: &Environment) -> Explanation {
        self.explain_in(&Arc::default(), environment).await
    }

    /// The same, and who the workload is at AWS, if it has an identity.
    pub(super) async fn examine(&self, environment: &Environment) -> (Explanation, Option<Workload>) {
        let registries = Arc::<Registries>::default();
        let explanation = self.explain_in(&registries, environment).await;
        let mint = Mint::new(self.setup.request.clone(), self.context(environment), registries, true);
        // A flight of its own, which nobody else joins.
        let Answer::Missing(Next::Lead(guard)) = Arc::new(Slot::empty()).ask(self.now()) else {
            return (explanation, None);
        };
        let flight = guard.flight();
        let workload = match self.setup.host.spawn(Box::pin(mint.introduce(guard))) {
            Ok(()) => match flight.wait().await {
                Outcome::Settled(Ok(entry)) => entry.into_value(),
                Outcome::Settled(Err(_)) | Outcome::Abandoned => None,
            },
            // The mint could not be started either, and says so.
            Err(_) => None,
        };
        (explanation, workload)
    }

    async fn explain_in(&self, registries: &Arc<Registries>, environment: &Environment) -> Explanation {
        let context = self.context(environment);
        let trace = Arc::clone(&context.trace);
        let now = self.now();
        let slot = PRODUCT.slot(registries, &self.setup.request.keys(environment), now);
        let outcome = match slot.ask(now) {
            Answer::Missing(Next::Lead(guard)) => match self.start(guard, context, registries, true) {
                Ok(flight) => flight.wait().await,
                Err(error) => Outcome::Settled(Err(error)),
            },
            _ => Outcome::Abandoned,
        };
        trace.explain(match outcome {
            Outcome::Settled(result) => result.map(CacheEntry::into_value),
            Outcome::Abandoned => Err(internal("the flight for the token ended without a result")),
        })
    }

    /// What flights told since somebody took it last.
    pub(super) fn flight_reports(&self) -> Vec<FlightReport> {
        self.setup.store.registries().log.take()
    }

    /// Gives the program's logger, if it has one, what flights told.
    pub(super) fn log(&self) {
        if log::max_level() == log::LevelFilter::Off {
            return;
        }
        for record in self.flight_reports().iter().flat_map(FlightReport::records) {
            let level = match record.level {
                Level::Debug => log::Level::Debug,
                Level::Warning => log::Level::Warn,
            };
            log::log!(target: "rolebridge", level, "{}", record.message);
        }
    }

    /// The context of one mint that starts now.
    pub(super) fn context(&self, environment: &Environment) -> MintContext {
        let host = Arc::clone(&self.setup.host);
        let deadline = Deadline::after(MINT_BUDGET, host.as_ref());
        let trace = Arc::new(MintTrace::new(host.stopwatch()));
        MintContext { host, environment: environment.clone(), deadline, trace }
    }
}

pub(super) fn waits_for_itself() -> Error {
    let message = "the identity supplier asks for a token that is minted with the identity that it supplies";
    Error::new(Kind::Identity, Step::Identity, message)
        .hinting("let the supplier use AWS credentials of its own, and no credential that comes from this token source")
}

/// What cannot be run, on a machine that has no more threads, or in a process whose engines are lost at once.
pub(super) fn not_started(cause: io::Error) -> Error {
    let message = "the threads that mint tokens could not be started";
    if cause.kind() == io::ErrorKind::Other {
        return internal(message).caused_by(cause);
    }
    Error::new(Kind::Unavailable, Step::Identity, message)
        .hinting("raise the limit of threads (`ulimit -u`, `pids.max`) or of open files (`ulimit -n`)")
        .caused_by(cause)
}

/// A failure of this crate, before any step of the way.
pub(super) fn internal(message: &str) -> Error {
    Error::new(Kind::Internal, Step::Config, message)
}
