//! What all clones of a token source share: how it was set up, and the token at hand.

use super::own_copies::{self, OwnCopies};
use crate::cache::{Flight, Held, LONGEST_FLIGHT, Lead, Next, Outcome, Registry, Wait};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::{Host, Outside, native};
use crate::layers::{Descent, Purpose};
use crate::moment::Moment;
use crate::token::Token;
use crate::watch::{Explanation, Watch};
use arc_swap::{ArcSwap, ArcSwapOption};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

/// A refusal of a token younger than this is not the token's fault: an API that refuses every token would else have one
/// minted without end.
const LEAST_AGE_TO_RENEW: Duration = Duration::from_secs(30);
/// For a whole minting, whatever its steps do.
const MINT_BUDGET: Duration = Duration::from_secs(30);
const _: () =
    assert!(MINT_BUDGET.as_secs() < LONGEST_FLIGHT.as_secs(), "the cache gives up on no flight that is under way");

/// What was decided when the source was built.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) purpose: Purpose,
    pub(super) quota_project: Option<HeaderValue>,
    pub(super) project: Option<String>,
    /// Where the builder was given one; else the process is asked at each flight.
    pub(super) environment: Option<Environment>,
    pub(super) host: Arc<dyn Host>,
}

pub(super) struct Shared {
    pub(super) setup: Setup,
    /// The last answer, for hits that take no lock and ask no process id: it survives a fork.
    at_hand: ArcSwapOption<AtHand>,
    /// Tokens minted until then were refused by an API, or may have been: none of them comes back.
    refused_until: ArcSwap<Moment>,
    /// Each thread's own copy of the headers, for hits that share no count with other threads.
    own_headers: OwnCopies,
}

/// A token, its headers, and until when a caller takes both without asking the cache.
struct AtHand {
    held: Held<Token>,
    headers: Arc<HeaderMap>,
    ask_again_at: Moment,
    /// What its slot is in: another one after a fork.
    registry: Weak<Registry>,
}

/// What one who asks is given.
pub(super) enum Given {
    Answer(Result<Token, Error>),
    Wait(Wait<Token>),
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Shared {
        Shared {
            setup,
            at_hand: ArcSwapOption::empty(),
            refused_until: ArcSwap::from_pointee(Moment::EPOCH),
            own_headers: OwnCopies::new(),
        }
    }

    pub(super) fn token_at_hand(&self) -> Option<Token> {
        self.at_hand(|at_hand| at_hand.held.value().clone())
    }

    pub(super) fn headers_at_hand(&self) -> Option<Arc<HeaderMap>> {
        let (edition, now) = (self.own_headers.edition(), self.setup.host.now());
        own_copies::own(edition, now).or_else(|| {
            self.at_hand(|it| own_copies::make_own(edition, &it.headers, now, it.held.usable_from(), it.ask_again_at))
        })
    }

    pub(super) fn ask_again_at(&self) -> Option<SystemTime> {
        self.at_hand(|at_hand| at_hand.ask_again_at.into())
    }

    /// The hot path.
    fn at_hand<R>(&self, take: impl FnOnce(&AtHand) -> R) -> Option<R> {
        let now = self.setup.host.now();
        let at_hand = self.at_hand.load();
        let at_hand = at_hand.as_ref().filter(|it| now < it.ask_again_at && it.held.is_usable(now))?;
        Some(take(at_hand))
    }

    pub(super) fn headers_of(&self, token: &Token) -> Arc<HeaderMap> {
        if let Some(at_hand) = self.at_hand.load().as_ref().filter(|at_hand| at_hand.held.value().is(token)) {
            return Arc::clone(&at_hand.headers);
        }
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(AUTHORIZATION, token.authorization().clone());
        if let Some(project) = &self.setup.quota_project {
            headers.insert("x-goog-user-project", project.clone());
        }
        Arc::new(headers)
    }

    /// The environment of a call that brings none.
    pub(super) fn environment(&self) -> Environment {
        self.setup.environment.clone().unwrap_or_else(native::environment)
    }

    /// Asks the cache, starts the flight that nobody else leads, and gives what the caller uses or waits for.
    pub(super) fn ask(&self, environment: &Environment) -> Given {
        let Setup { purpose, host, .. } = &self.setup;
        let now = host.now();
        let registry = host.registry();
        let answer = registry.slot::<Token>(purpose.key(environment), now).ask(now);
        // A token at hand outlives a changed environment and a fork, whose slots know nothing of it yet.
        let own = self.at_hand.load_full().filter(|own| own.held.is_usable(now));
        if let (None, Some(token)) = (&answer.usable, own.as_ref().and_then(|own| self.inherited(own, &registry))) {
            return Given::Answer(Ok(token));
        }
        let usable = answer.usable.or_else(|| own.map(|own| own.held.clone()));
        let given = match answer.next {
            Next::Rest => Given::Answer(Err(internal("the cache called a token fresh and gave none"))),
            Next::Wait(flight) => Given::Wait(flight.wait()),
            Next::HoldOff(error, _) => Given::Answer(Err(error)),
            Next::Lead(lead) => {
                match self.fly(lead, self.outside(environment), Arc::clone(&registry), usable.is_none()) {
                    Ok(flight) => Given::Wait(flight.wait()),
                    Err(error) => Given::Answer(Err(error)),
                }
            }
        };
        match usable {
            None => given,
            Some(held) => {
                let ask_again_at = answer.ask_again_at.min(held.expires_at());
                Given::Answer(Ok(self.keep(held, ask_again_at, &registry)))
            }
        }
    }

    /// The token at hand, if it is a parent's and need not be renewed yet: its other children hold it too, and each draws a
    /// point of its own for the renewal.
    fn inherited(&self, own: &AtHand, registry: &Arc<Registry>) -> Option<Token> {
        let host = &self.setup.host;
        let now = host.now();
        let is_parents = !std::ptr::eq(own.registry.as_ptr(), Arc::as_ptr(registry));
        let held = is_parents.then(|| own.held.clone().renewed_from(now, host.random()))?;
        let ask_again_at = held.stale_at();
        held.is_fresh(now).then(|| self.keep(held, ask_again_at, registry))
    }

    /// Keeps an answer at hand, unless it was overtaken: by a later token, or by an API that refused this one.
    pub(super) fn keep(&self, held: Held<Token>, ask_again_at: Moment, registry: &Arc<Registry>) -> Token {
        let token = held.value().clone();
        let now = self.setup.host.now();
        let refused_until = **self.refused_until.load();
        // (By a clock that was set back since, it says nothing.)
        let was_refused = held.minted_at() <= refused_until && refused_until <= now;
        let is_kept = |it: &AtHand| it.held.value().is(&token) && it.ask_again_at == ask_again_at;
        let is_later = |it: &AtHand| it.held.minted_at() > held.minted_at() && it.held.is_usable(now);
        let stays = self.at_hand.load().as_ref().is_some_and(|at_hand| is_kept(at_hand) || is_later(at_hand));
        if !stays && !was_refused {
            let (headers, registry) = (self.headers_of(&token), Arc::downgrade(registry));
            self.hold(Some(AtHand { held, headers, ask_again_at, registry }));
            if token.minted_at() <= **self.refused_until.load() {
                // Refused in this very moment, and by what was at hand before.
                self.hold(None);
            }
        }
        token
    }

    fn hold(&self, at_hand: Option<AtHand>) {
        self.at_hand.store(at_hand.map(Arc::new));
        self.own_headers.outdate();
    }

    pub(super) fn refused(&self, token: &Token, environment: &Environment) {
        let Setup { purpose, host, .. } = &self.setup;
        let now = host.now();
        if now.since(token.minted_at()) < LEAST_AGE_TO_RENEW {
            return;
        }
        self.refused_until.rcu(|until| token.minted_at().max(**until));
        host.registry().slot::<Token>(purpose.key(environment), now).forget(|held| held.value().is(token));
        // Whatever the slot holds: it may be another process's, another environment's, or renewed by another source.
        if self.at_hand.load().as_ref().is_some_and(|at_hand| at_hand.held.value().is(token)) {
            self.hold(None);
        }
    }

    /// Runs a flight on the host, where it ends whatever becomes of its callers.
    fn fly(
        &self,
        lead: Lead<Token>,
        outside: Outside,
        registry: Arc<Registry>,
        is_waited_for: bool,
    ) -> Result<Arc<Flight<Token>>, Error> {
        let flight = lead.flight();
        let host = Arc::clone(&outside.host);
        let descent = Descent::new(self.setup.purpose.clone(), outside, registry, is_waited_for);
        match host.spawn(Box::pin(descent.fly(lead))) {
            Ok(()) => Ok(flight),
            Err(cause) => {
                let message = "the threads that mint tokens could not be started";
                let error = Error::new(Kind::Unavailable, Step::Identity, message);
                Err(error
                    .hinting("raise the limit of threads (`ulimit -u`, `pids.max`) or of open files (`ulimit -n`)")
                    .caused_by(cause))
            }
        }
    }

    /// Runs one flight of its own, with nothing that is cached, and tells how it went.
    pub(super) async fn explain(&self, environment: &Environment) -> Explanation {
        let watch = Arc::new(Watch::new(self.setup.host.stopwatch()));
        let outside = Outside { watch: Some(Arc::clone(&watch)), ..self.outside(environment) };
        let outcome = match self.fly(Lead::alone(), outside, Arc::default(), true) {
            Ok(flight) => flight.wait().await,
            Err(error) => Outcome::Settled(Err(error)),
        };
        watch.explain(match outcome {
            Outcome::Settled(result) => result.map(Held::into_value),
            Outcome::Vanished => Err(internal("the flight for the token ended without a result")),
        })
    }

    /// The outside of one flight that starts now.
    fn outside(&self, environment: &Environment) -> Outside {
        let host = Arc::clone(&self.setup.host);
        let deadline = host.now().plus(MINT_BUDGET);
        Outside { host, environment: environment.clone(), deadline, watch: None }
    }
}

/// A failure of this crate, before any step of the way.
pub(super) fn internal(message: &str) -> Error {
    Error::new(Kind::Internal, Step::Config, message)
}
