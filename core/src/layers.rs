//! The three layers of a token, and what tells one slot of each from another.
//!
//! | layer | the key holds | so that |
//! |---|---|---|
//! | identity | the variables that select an identity or are it | rotated keys are another entry |
//! | federated | identity, audience, token URL, STS scope, client, verification URL | all scopes of one impersonation share one exchange |
//! | access | federated, account's URL, scopes, lifetime | two clients of one configuration share one token |
//!
//! Never the file's path and never the quota project. In direct access the federated token *is* the access token.

use crate::aws::{self, Identity};
use crate::cache::{Held, Key, Lead, Next, Outcome, Registry, Slot};
use crate::config::{Config, Impersonation};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::google::sts::IMPERSONATION_SCOPE;
use crate::host::Outside;
use crate::mint;
use crate::moment::Moment;
use crate::token::Token;
use arc_swap::ArcSwapOption;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// AWS hands out new keys at least five minutes before the old ones end.
const IDENTITY_MARGIN: Duration = Duration::from_secs(300);
/// Keys that do not end are not kept for ever either: a program may set others, time and again.
const LONGEST_IDENTITY: Duration = Duration::from_secs(3600);
/// A federated token is only used to ask for the next token, within seconds.
const FEDERATED_MARGIN: Duration = Duration::from_secs(60);

/// What a token is minted for: a configuration and scopes.
#[derive(Debug, Clone)]
pub(crate) struct Purpose {
    pub(crate) config: Arc<Config>,
    /// Never empty.
    pub(crate) scopes: Arc<[String]>,
}

impl Purpose {
    /// The key of the access token for which an environment's identity would be asked.
    pub(crate) fn key(&self, environment: &Environment) -> Key {
        Keys::of(self, environment).access
    }

    fn sts_scope(&self) -> String {
        match self.config.impersonation {
            Some(_) => IMPERSONATION_SCOPE.to_owned(),
            None => self.scopes.join(" "),
        }
    }
}

struct Keys {
    identity: Key,
    federated: Key,
    access: Key,
}

impl Keys {
    fn of(purpose: &Purpose, environment: &Environment) -> Keys {
        let config = &purpose.config;
        let values = aws::SELECTING_NAMES.iter().map(|name| environment.value(name).map(str::as_bytes));
        let origin = config.metadata_origin.as_ref().map(|origin| origin.as_str().as_bytes());
        let identity = Key::of("identity", values.chain([origin]));

        let scope = purpose.sts_scope();
        let client = config.client.as_ref();
        let verification_url = config.verification_url.in_region("");
        let federated = Key::of(
            "federated",
            [
                Some(identity.bytes()),
                Some(config.audience.as_str().as_bytes()),
                Some(config.token_url.as_str().as_bytes()),
                Some(scope.as_bytes()),
                client.map(|client| client.id.as_bytes()),
                client.map(|client| client.secret.expose().as_bytes()),
                Some(verification_url.as_bytes()),
            ],
        );

        let access = match &config.impersonation {
            None => federated,
            Some(impersonation) => {
                let lifetime = impersonation.lifetime.as_secs().to_be_bytes();
                let scopes = purpose.scopes.iter().map(|scope| Some(scope.as_bytes()));
                let url = impersonation.url.as_str().as_bytes();
                Key::of("access", [Some(federated.bytes()), Some(url), Some(&lifetime[..])].into_iter().chain(scopes))
            }
        };
        Keys { identity, federated, access }
    }
}

/// One layer's minting. (Boxed, since the compiler cannot yet see that a borrowing async closure's future may be sent.)
type Minting<'a, T> = BoxFuture<'a, Result<Held<T>, Error>>;

/// A flight of the access layer: mints through the layers below, each of which may hold what it needs.
pub(crate) struct Descent {
    purpose: Purpose,
    outside: Outside,
    registry: Arc<Registry>,
    keys: Keys,
    /// Until when a lower layer holds off, if this descent met one that does.
    held_off_until: ArcSwapOption<Moment>,
    /// Whether somebody waits for the token; ahead of its end, nobody gains by haste.
    is_waited_for: bool,
}

impl Descent {
    pub(crate) fn new(purpose: Purpose, outside: Outside, registry: Arc<Registry>, is_waited_for: bool) -> Descent {
        let keys = Keys::of(&purpose, &outside.environment);
        Descent { purpose, outside, registry, keys, held_off_until: ArcSwapOption::empty(), is_waited_for }
    }

    /// Runs the flight of the access layer to its end.
    pub(crate) async fn fly(self, lead: Lead<Token>) {
        let result = self.access_token().await;
        self.settle(lead, result);
    }

    /// Tells what came of a flight: a lower layer's hold-off is passed on, not counted as another failure.
    fn settle<T: Clone>(&self, lead: Lead<T>, result: Result<Held<T>, Error>) {
        let host = &self.outside.host;
        match (result, self.held_off_until.load().as_deref()) {
            (Err(error), Some(until)) => lead.settle_held_off(error, host.now(), *until),
            (result, _) => lead.settle(result, host.now(), host.random()),
        }
    }

    /// The access token, to be renewed ahead of its end.
    async fn access_token(&self) -> Result<Held<Token>, Error> {
        let token = match &self.purpose.config.impersonation {
            None => self.exchange().await?,
            Some(impersonation) => self.impersonate(impersonation).await?,
        };
        let host = &self.outside.host;
        let (minted_at, end) = (token.minted_at(), token.end());
        let held = Held::renewed_ahead(token, minted_at, end, host.random());
        if held.is_usable(host.now()) {
            return Ok(held);
        }
        let step = if self.purpose.config.impersonation.is_some() { Step::Impersonation } else { Step::Exchange };
        let message =
            "the token had ended when its reply was read: the process was stopped meanwhile, or its clock was set";
        Err(Error::new(Kind::Unavailable, step, message))
    }

    /// Opens the connection of a later step while an earlier one waits for its answer.
    fn open_ahead(&self, url: &url::Url) {
        if self.is_waited_for {
            self.outside.host.prepare(&self.outside.environment, url.clone());
        }
    }

    async fn impersonate(&self, impersonation: &Impersonation) -> Result<Token, Error> {
        let Purpose { config, scopes } = &self.purpose;
        let slot = self.registry.slot(self.keys.federated, self.outside.host.now());
        let mint = || {
            self.open_ahead(&impersonation.url);
            let minting = async {
                let token = self.exchange().await?;
                let (minted_at, end) = (token.minted_at(), token.end());
                Ok(Held::used_up(token, minted_at, end, FEDERATED_MARGIN))
            };
            minting.boxed()
        };
        let work = |federated: Token| {
            async move { mint::access_token(&self.outside, config, impersonation, scopes, &federated).await }.boxed()
        };
        self.using(&slot, Step::Exchange, mint, work).await
    }

    async fn exchange(&self) -> Result<Token, Error> {
        let (config, scope) = (&self.purpose.config, self.purpose.sts_scope());
        let slot = self.registry.slot(self.keys.identity, self.outside.host.now());
        let mint = || {
            if aws::waits_for_metadata(&self.outside.environment) {
                self.open_ahead(&config.token_url);
            }
            let minting = async {
                let identity = mint::identity(&self.outside, config).await?;
                let now = self.outside.host.now();
                let end = identity.expires_at().min(now.plus(LONGEST_IDENTITY));
                Ok(Held::used_up(identity, now, end, IDENTITY_MARGIN))
            };
            minting.boxed()
        };
        let work = |identity: Identity| {
            let scope = scope.as_str();
            async move { mint::federated_token(&self.outside, config, scope, &identity).await }.boxed()
        };
        self.using(&slot, Step::Identity, mint, work).await
    }

    /// Uses what a lower layer holds or mints; if the answer blames what was *held*, mints it anew, once.
    async fn using<'a, I: Clone + Send + Sync, O: Send>(
        &self,
        slot: &Arc<Slot<I>>,
        step: Step,
        mint: impl Fn() -> Minting<'a, I> + Sync,
        work: impl Fn(I) -> BoxFuture<'a, Result<O, Error>> + Sync,
    ) -> Result<O, Error> {
        let (input, was_held) = self.obtain(slot, &mint).await?;
        let result = work(input.value().clone()).await;
        match &result {
            Err(error) if was_held && error.blames(step) => {
                slot.forget(|held| held.minted_at() == input.minted_at());
                let (input, _) = self.obtain(slot, &mint).await?;
                work(input.into_value()).await
            }
            _ => result,
        }
    }

    /// What the slot holds, or what one flight mints for all who ask; and whether it was held.
    async fn obtain<'a, I: Clone + Send + Sync>(
        &self,
        slot: &Arc<Slot<I>>,
        mint: &(impl Fn() -> Minting<'a, I> + Sync),
    ) -> Result<(Held<I>, bool), Error> {
        loop {
            let host = &self.outside.host;
            let answer = slot.ask(host.now());
            if let Some(held) = answer.usable {
                return Ok((held, true));
            }
            match answer.next {
                Next::Lead(lead) => {
                    let result = mint().await;
                    self.settle(lead, result.clone());
                    return result.map(|held| (held, false));
                }
                Next::Wait(flight) => {
                    if let Outcome::Settled(result) = flight.wait().await {
                        return result.map(|held| (held, false));
                    }
                }
                Next::HoldOff(error, until) => {
                    self.held_off_until.store(Some(Arc::new(until)));
                    return Err(error);
                }
                Next::Rest => {
                    let message = "the cache called something fresh and gave nothing";
                    return Err(Error::new(Kind::Internal, Step::Config, message));
                }
            }
        }
    }
}
