//! What a service account gives besides access tokens: ID tokens, each audience with a source of its own, and signatures.

use super::TokenSource;
use super::refresh::{Shared, internal, waits_for_itself};
use crate::cache::{Answer, CacheEntry, Next, Outcome, Slot, Wait};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::mint::{Mint, Product, Signature};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// With these scopes an access token may ask IAM Credentials.
const SIGNING_SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/iam", "https://www.googleapis.com/auth/cloud-platform"];

impl TokenSource {
    /// A source of ID tokens for one audience; the same one each time.
    pub(crate) fn id_tokens(&self, audience: &str, includes_email: bool) -> Result<TokenSource, Error> {
        if let Some(source) = self.0.id_tokens.known(audience, includes_email) {
            return Ok(source);
        }
        if self.service_account().is_none() {
            return Err(without_account(Step::IdToken, "an ID token is a service account's"));
        }
        if audience.trim().is_empty() {
            return Err(Error::new(Kind::Config, Step::IdToken, "the audience of an ID token is empty").hinting(
                "name the service that will be shown the token, such as its URL `https://my-service.run.app`",
            ));
        }
        let mut setup = self.0.setup.clone();
        setup.request.product = Product::IdToken { audience: audience.into(), includes_email };
        let made = TokenSource::new(setup);
        Ok(self.0.id_tokens.keep(audience, includes_email, made))
    }

    pub(crate) fn request_signature(&self, payload: &[u8], environment: &Environment) -> PendingSignature {
        PendingSignature { wait: self.0.sign(payload, environment), shared: Arc::clone(&self.0) }
    }

    /// The same source with scopes by which the account's access token may ask IAM Credentials.
    pub(crate) fn for_signing(&self) -> TokenSource {
        let may_ask = |scope: &String| SIGNING_SCOPES.contains(&scope.as_str());
        if self.scopes().iter().any(may_ask) { self.clone() } else { self.with_scopes([SIGNING_SCOPES[0]]) }
    }
}

impl Shared {
    fn sign(&self, payload: &[u8], environment: &Environment) -> Result<Wait<Signature>, Error> {
        let request = &self.setup.request;
        if request.config.service_account().is_none() {
            return Err(without_account(Step::Signing, "only a service account can sign"));
        }
        let now = self.now();
        if self.current.usable(now).is_none() && request.waits_for_this_thread() {
            return Err(waits_for_itself());
        }
        // A flight of its own, which nobody else joins.
        let Answer::Missing(Next::Lead(guard)) = Arc::new(Slot::empty()).ask(now) else {
            return Err(internal("a new slot was taken"));
        };
        let flight = guard.flight();
        let mint = Mint::new(request.clone(), self.context(environment), self.setup.store.registries(), true);
        let task = mint.sign(payload.into(), guard);
        self.setup.host.spawn(Box::pin(task)).map_err(super::refresh::not_started)?;
        Ok(flight.wait())
    }

    /// IAM may have refused the token that asked first. The cache has the one that asked then.
    fn signature(&self, outcome: Outcome<Signature>) -> Result<Signature, Error> {
        self.current.forget();
        match outcome {
            Outcome::Settled(result) => result.map(CacheEntry::into_value),
            Outcome::Abandoned => Err(internal("the flight for a signature ended without a result")),
        }
    }
}

/// In direct access nothing is impersonated.
fn without_account(step: Step, why: &str) -> Error {
    let message = format!("{why}, and the credential file names none: it is for direct access");
    Error::new(Kind::Config, step, message)
        .hinting("write the file with `create-cred-config … --service-account=EMAIL`, which adds `service_account_impersonation_url`")
}

/// A signature that is to come: a future for any executor, or something to block on. Dropping it does not stop it.
pub struct PendingSignature {
    wait: Result<Wait<Signature>, Error>,
    shared: Arc<Shared>,
}

impl PendingSignature {
    /// Blocks this thread until it is there.
    pub fn block(&mut self) -> Result<Signature, Error> {
        match &mut self.wait {
            Err(error) => Err(error.clone()),
            Ok(wait) => loop {
                if let Some(outcome) = wait.block(None) {
                    return self.shared.signature(outcome);
                }
            },
        }
    }

    /// Blocks this thread until it is there, but not longer than `slice`; none if it is still to come.
    pub fn block_for(&mut self, slice: Duration) -> Option<Result<Signature, Error>> {
        match &mut self.wait {
            Err(error) => Some(Err(error.clone())),
            Ok(wait) => wait.block(Some(slice)).map(|outcome| self.shared.signature(outcome)),
        }
    }

    /// Calls back once, on this thread or on the one that mints tokens. The callback must not block.
    pub fn when_settled(self, callback: impl FnOnce(Result<Signature, Error>) + Send + 'static) {
        let host = Arc::clone(&self.shared.setup.host);
        match &self.wait {
            Err(error) => callback(Err(error.clone())),
            Ok(_) => super::pending::call_when_settled(host.as_ref(), self, callback),
        }
    }
}

impl Future for PendingSignature {
    type Output = Result<Signature, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.wait {
            Err(error) => Poll::Ready(Err(error.clone())),
            Ok(wait) => {
                let outcome = ready!(Pin::new(wait).poll(context));
                Poll::Ready(self.shared.signature(outcome))
            }
        }
    }
}

impl fmt::Debug for PendingSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PendingSignature").finish_non_exhaustive()
    }
}
