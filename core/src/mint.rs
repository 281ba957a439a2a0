//! One fresh token, start to end: the plot of this crate on one page.
//!
//! ```text
//! variables, files, AWS services ─ identity ─▶ keys and region
//!     keys and region ─ exchange ─▶ federated token      (a signed GetCallerIdentity, given to Google STS)
//!     federated token ─ ask_account ─▶ access token      (of the service account, from IAM Credentials)
//!                              or ─▶ ID token          (the same, for one audience)
//! ```
//!
//! Each line makes what one layer of the cache keeps: [`IDENTITY`], [`FEDERATED_TOKEN`], [`PRODUCT`]. A layer is asked
//! through [`Mint::with`], which gives what it keeps or has it made. In direct access there is no third line: the
//! federated token is the product. A step has a budget of its own, retries included, within that of the whole.

mod layer;
mod request;
mod signing;
mod store;

pub(crate) use crate::aws::caller::Workload;
pub(crate) use crate::aws::sts::Role;
pub(crate) use crate::aws::{Options as IdentityOptions, Supplier};
pub(crate) use crate::google::iam::signing::Signature;
use layer::{Failure, Layer};
pub(crate) use request::{Product, TokenRequest};
pub(crate) use store::{ProcessStore, Registries, Store};

use crate::aws::caller;
use crate::cache::{CacheEntry, FlightGuard};
use crate::config::AWS_SUBJECT_TOKEN_TYPE;
use crate::context::MintContext;
use crate::error::{Error, Kind, Step};
use crate::google::iam::{Account, access_token, id_token};
use crate::google::sts;
use crate::host::{Reason, Route, SendError};
use crate::identity::Identity;
use crate::logging::FlightReport;
use crate::reply::Reply;
use crate::retry;
use crate::subject_token::SubjectToken;
use crate::time::{Skew, Timestamp};
use crate::token::Token;
use futures_util::FutureExt;
use request::Keys;
use std::sync::Arc;
use std::time::Duration;

/// Who this workload is at AWS.
const IDENTITY: Layer<Identity> = Layer {
    step: Step::Identity,
    key: |keys| keys.identity,
    registry: |registries| &registries.identities,
    make: |mint| mint.identity().boxed(),
};

/// What Google STS gives for that identity, kept where a service account is to be impersonated with it.
const FEDERATED_TOKEN: Layer<Federated> = Layer {
    step: Step::Exchange,
    key: |keys| keys.federated_token,
    registry: |registries| &registries.federated,
    make: |mint| mint.federated_token().boxed(),
};

/// What was requested.
pub(crate) const PRODUCT: Layer<Token> = Layer {
    step: Step::Impersonation,
    key: |keys| keys.product,
    registry: |registries| &registries.products,
    make: |mint| mint.reported_product().boxed(),
};

/// For each of the two calls to Google: longer than one reply may take, and for two connections that cannot be made.
const GOOGLE_BUDGET: Duration = Duration::from_secs(13);
/// AWS hands out new keys at least five minutes before the old ones end.
const IDENTITY_MARGIN: Duration = Duration::from_secs(300);
/// Keys that do not end are not kept for ever either: a program may set others, time and again.
const LONGEST_IDENTITY: Duration = Duration::from_secs(3600);
/// Of keys whose end had passed when they were given: an outage of what gives them is not made worse by asking at each mint.
/// (Keys that AWS refuses are asked for anew at once.)
const ENDED_IDENTITY: Duration = Duration::from_secs(600);
/// A federated token is only used to ask for the next token, within seconds.
const FEDERATED_MARGIN: Duration = Duration::from_secs(60);

/// A federated token, how far AWS's clock was from ours when it believed the signature, and which keys signed.
#[derive(Debug, Clone)]
pub(crate) struct Federated {
    token: Token,
    skew: Skew,
    /// For errors of the steps that follow.
    keys: Arc<str>,
}

/// One minting: what is requested, and the world in which it is made.
pub(crate) struct Mint {
    request: TokenRequest,
    context: MintContext,
    registries: Arc<Registries>,
    keys: Keys,
    /// Whether a caller waits for the token. A renewal ahead of its end opens no connections early.
    is_waited_for: bool,
}

impl Mint {
    pub(crate) fn new(
        request: TokenRequest,
        context: MintContext,
        registries: Arc<Registries>,
        is_waited_for: bool,
    ) -> Mint {
        let keys = request.keys(&context.environment);
        Mint { request, context, registries, keys, is_waited_for }
    }

    /// Runs the flight of the product to its end.
    pub(crate) async fn run(self, guard: FlightGuard<Token>) {
        // Whoever waits for the flight is told.
        let _ = PRODUCT.run(&self, guard).await;
    }

    /// Runs a flight to its end that tells who the workload is by the identity that is kept: nothing if none is.
    pub(crate) async fn introduce(self, guard: FlightGuard<Option<Workload>>) {
        let now = self.context.host.now();
        let workload = match IDENTITY.slot(&self.registries, &self.keys, now).last() {
            Some(identity) => Some(Workload::of(&self.context, &identity).await),
            None => None,
        };
        let now = self.context.host.now();
        let entry = CacheEntry::used_up(workload, now, now.plus(IDENTITY_MARGIN), Duration::ZERO);
        guard.settle(Ok(entry), now, self.context.host.random());
    }

    async fn identity(&self) -> Result<CacheEntry<Identity>, Failure> {
        let Mint { context, request, .. } = self;
        let source = request.source(&context.environment);
        if source.waits() {
            self.open_ahead(&request.config.token_url);
        }
        let identity = context.step(Step::Identity, source.identity(context)).await?;
        let now = context.host.now();
        let end = identity.expires_at().min(now.plus(LONGEST_IDENTITY));
        if end <= now {
            // AWS may have prolonged them, and decides.
            context
                .trace
                .warn(format!("AWS gave keys whose end has passed, and they are used: {}", identity.description()));
            return Ok(CacheEntry::used_up(identity, now, now.plus(ENDED_IDENTITY), Duration::ZERO));
        }
        Ok(CacheEntry::used_up(identity, now, end, IDENTITY_MARGIN))
    }

    async fn federated_token(&self) -> Result<CacheEntry<Federated>, Failure> {
        if let Some(impersonation) = &self.request.config.impersonation {
            self.open_ahead(&impersonation.url);
        }
        let federated = self.exchanged().await?;
        let (minted_at, end) = (federated.token.minted_at(), federated.token.end());
        Ok(CacheEntry::used_up(federated, minted_at, end, FEDERATED_MARGIN))
    }

    /// Told to the log before anybody who waits for the product goes on.
    async fn reported_product(&self) -> Result<CacheEntry<Token>, Failure> {
        self.reported(self.product()).await
    }

    /// Tells the log how the flight's work went, unless nothing was tried.
    async fn reported<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let begun_at = self.context.host.now().into();
        let result = work.await;
        let error = match &result {
            Err(Failure { cooldown_until: Some(_), .. }) => return result,
            result => result.as_ref().err().map(|failure| failure.error.clone()),
        };
        let steps = self.context.trace.untold();
        self.registries
            .log
            .add(self.keys.identity.bytes(), FlightReport { begun_at, steps, error, is_renewal: !self.is_waited_for });
        result
    }

    async fn product(&self) -> Result<CacheEntry<Token>, Failure> {
        let (token, keys) = match &self.request.config.impersonation {
            None => {
                let federated = self.exchanged().await?;
                (federated.token, federated.keys)
            }
            Some(_) => {
                let given = self.with(&FEDERATED_TOKEN, |mint, federated| mint.ask_account(federated).boxed()).await;
                self.naming_the_caller(self.request.last_step(), given).await?
            }
        };
        let host = &self.context.host;
        let (minted_at, end) = (token.minted_at(), token.end());
        let entry = CacheEntry::renewed_ahead(token, minted_at, end, host.random());
        if entry.is_usable(host.now()) { Ok(entry) } else { Err(self.ended_on_arrival().noting(&keys).into()) }
    }

    /// The identity that is kept or made, exchanged.
    async fn exchanged(&self) -> Result<Federated, Failure> {
        let exchanged = self.with(&IDENTITY, |mint, identity| mint.exchange(identity).boxed()).await;
        self.naming_the_caller(Step::Exchange, exchanged).await
    }

    /// Where Google refused in a step, the error says whom: AWS STS knows the caller's name.
    async fn naming_the_caller<T>(&self, step: Step, result: Result<T, Failure>) -> Result<T, Failure> {
        match result {
            // AWS does not know keys that are blamed.
            Err(Failure { error, cooldown_until: None })
                if error.step() == step && error.kind() == Kind::Refused && !error.blames(Step::Identity) =>
            {
                let now = self.context.host.now();
                let identity = IDENTITY.slot(&self.registries, &self.keys, now).last();
                let arn = match &identity {
                    Some(identity) => caller::arn(&self.context, identity).await,
                    None => None,
                };
                let role = identity.as_ref().and_then(Identity::google_attribute);
                Err(match (arn, role) {
                    (Some(arn), _) => error.naming_the_caller(&arn, caller::google_attribute(&arn)).into(),
                    (None, Some(role)) => error.naming_the_role(&role).into(),
                    (None, None) => error.into(),
                })
            }
            result => result,
        }
    }

    /// The identity, proved by a signature, becomes a federated token.
    async fn exchange(&self, identity: Identity) -> Result<Federated, Error> {
        let config = &self.request.config;
        let url = config.verification_url.in_region(identity.region().as_str());
        let scope = self.request.sts_scope();
        let given_by = identity.given_by();
        let keys: Arc<str> = identity.description().into();
        let exchange = sts::Exchange {
            url: &config.token_url,
            audience: config.audience.as_str(),
            scope: &scope,
            client: config.client.as_ref().map(|client| (client.id.as_str(), client.secret.expose())),
            keys_given_by: given_by.as_deref(),
            impersonates: config.impersonation.is_some(),
            lifetime_is_configured: config.impersonation.as_ref().is_some_and(|it| it.lifetime_is_configured),
        };
        let context = &self.context.for_step(GOOGLE_BUDGET);
        let work = async {
            let (asked_at, reply) = self.offer(context, &exchange, &identity, &url, Skew::default()).await?;
            let Some(skew) = sts::clock_skew(&reply, asked_at) else {
                let token = sts::read(&reply, &exchange, asked_at)?;
                return Ok((token, Skew::default()));
            };
            context.trace.adjust_clock(skew);
            let (asked_at, reply) = self.offer(context, &exchange, &identity, &url, skew).await?;
            Ok((sts::read(&reply, &exchange, asked_at)?, skew))
        };
        let (token, skew) = context.step_noting(Step::Exchange, &keys, work).await?;
        Ok(Federated { token, skew, keys })
    }

    /// Signs by a clock, and gives what is signed to Google STS: when that was asked, and what it answered.
    async fn offer(
        &self,
        context: &MintContext,
        exchange: &sts::Exchange<'_>,
        identity: &Identity,
        verification_url: &str,
        skew: Skew,
    ) -> Result<(Timestamp, Reply), Error> {
        let asked_at = context.host.now();
        let signed_at = skew.apply(asked_at).into();
        let subject_token = SubjectToken::sign(identity, exchange.audience, verification_url, signed_at)
            .ok_or_else(|| Error::new(Kind::Internal, Step::Exchange, "the verification URL is not a URL"))?;
        let request = sts::request(exchange, subject_token.expose(), AWS_SUBJECT_TOKEN_TYPE);
        let reply = retry::send(context, Route::Public, request).await;
        let reply = reply.map_err(|cause| unreachable(Step::Exchange, "Google STS", exchange.url, cause))?;
        Ok((asked_at, reply))
    }

    /// The federated token becomes the product: what the service account gives for it.
    async fn ask_account(&self, federated: Federated) -> Result<(Token, Arc<str>), Error> {
        let Federated { token, skew, keys } = federated;
        let Some(account) = self.request.account() else { return Ok((token, keys)) };
        let token = match &self.request.product {
            Product::AccessToken { scopes } => {
                let lifetime = self.request.lifetime();
                let asked = access_token::Request { account, scopes, lifetime };
                let request = access_token::request(&asked, &token);
                let read = |reply: &Reply, asked_at| access_token::read(reply, &asked, asked_at, skew);
                self.ask_iam(Step::Impersonation, Some(&keys), account, request, read).await?
            }
            Product::IdToken { audience, includes_email } => {
                let asked = id_token::Request { account, audience, includes_email: *includes_email };
                let request = id_token::request(&asked, &token);
                let read = |reply: &Reply, asked_at| id_token::read(reply, &asked, asked_at, skew);
                self.ask_iam(Step::IdToken, Some(&keys), account, request, read).await?
            }
        };
        Ok((token, keys))
    }

    /// One call to IAM Credentials, in a step of its own; `keys` are those that its bearer comes of, for errors.
    async fn ask_iam<T>(
        &self,
        step: Step,
        keys: Option<&str>,
        account: Account<'_>,
        request: http::Result<http::Request<Vec<u8>>>,
        read: impl FnOnce(&Reply, Timestamp) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let context = &self.context.for_step(GOOGLE_BUDGET);
        let work = async {
            let asked_at = context.host.now();
            let reply = retry::send(context, Route::Public, request).await;
            let reply = reply.map_err(|cause| unreachable(step, "IAM Credentials", account.url, cause))?;
            read(&reply, asked_at)
        };
        match keys {
            Some(keys) => context.step_noting(step, keys, work).await,
            None => context.step(step, work).await,
        }
    }

    /// Opens the connection of a later step while an earlier one waits for its answer.
    fn open_ahead(&self, url: &url::Url) {
        if self.is_waited_for {
            self.context.host.prepare(&self.context.environment, url.clone());
        }
    }

    fn ended_on_arrival(&self) -> Error {
        let message =
            "the token had ended when its reply was read: the process was stopped meanwhile, or its clock was set";
        Error::new(Kind::Unavailable, self.request.last_step(), message)
    }
}

fn unreachable(step: Step, service: &str, url: &url::Url, cause: SendError) -> Error {
    let host = url.host_str().unwrap_or_default();
    let (error, hint) = match cause.reason {
        Reason::Timeout | Reason::Connect | Reason::Interrupted | Reason::KeptConnection => (
            Error::new(Kind::Unavailable, step, format!("{service} cannot be reached at `{host}`: {cause}")),
            Some("check DNS, firewall and proxy (HTTPS_PROXY, NO_PROXY) and the root certificates (SSL_CERT_FILE)"),
        ),
        Reason::Setup => (
            Error::new(Kind::Config, step, format!("{service} was not asked at `{host}`: {cause}")),
            Some("mend the proxy or the certificates that the environment names"),
        ),
        Reason::TooLarge => {
            let message = format!("something else than {service} answers at `{host}`: {cause}");
            (Error::new(Kind::Malformed, step, message), None)
        }
        Reason::Unsendable => (Error::new(Kind::Internal, step, format!("{service} was not asked: {cause}")), None),
    };
    let error = match cause.hint().or(hint) {
        Some(hint) => error.hinting(hint),
        None => error,
    };
    error.caused_by(cause)
}
