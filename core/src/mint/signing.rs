//! A signature of the service account: an act and no token, so that it is never kept. It is done with tokens that are.
//!
//! The account's own access token asks first, as in Google's library for Node; where the account may not sign for itself,
//! the federated token asks once, since the workload may be allowed to sign as the account.

use super::layer::Failure;
use super::{FEDERATED_TOKEN, Mint, PRODUCT};
use crate::cache::{CacheEntry, FlightGuard};
use crate::error::{Error, Kind, Step};
use crate::google::iam::signing::{self, Signature};
use crate::token::Token;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;

/// A signature is given to those who wait for its flight, and to nobody after it.
const UNTIL_IT_IS_GIVEN: Duration = Duration::from_secs(1);

impl Mint {
    /// Runs the flight of a signature to its end. What is minted is the access token that asks for it.
    pub(crate) async fn sign(self, payload: Arc<[u8]>, guard: FlightGuard<Signature>) {
        let result = self.reported(self.signature(payload)).await;
        let now = self.context.host.now();
        let entry = |signature| CacheEntry::used_up(signature, now, now.plus(UNTIL_IT_IS_GIVEN), Duration::ZERO);
        guard.settle(result.map(entry).map_err(|failure| failure.error), now, self.context.host.random());
    }

    async fn signature(&self, payload: Arc<[u8]>) -> Result<Signature, Failure> {
        let asked = {
            let payload = Arc::clone(&payload);
            self.with(&PRODUCT, move |mint, token| {
                let payload = Arc::clone(&payload);
                async move { mint.sign_with(&token, None, &payload).await }.boxed()
            })
        };
        let asked = match asked.await {
            Err(Failure { error, .. }) if error.step() == Step::Signing && error.status() == Some(403) => {
                self.with(&FEDERATED_TOKEN, move |mint, federated| {
                    let payload = Arc::clone(&payload);
                    async move { mint.sign_with(&federated.token, Some(&federated.keys), &payload).await }.boxed()
                })
                .await
            }
            asked => asked,
        };
        self.naming_the_caller(Step::Signing, asked).await
    }

    async fn sign_with(&self, bearer: &Token, keys: Option<&str>, payload: &[u8]) -> Result<Signature, Error> {
        let Some(account) = self.request.account() else {
            return Err(Error::new(Kind::Internal, Step::Signing, "no service account is there to sign"));
        };
        let bearer_of = if keys.is_some() { Step::Exchange } else { Step::Impersonation };
        let request = signing::request(account, bearer, payload);
        self.ask_iam(Step::Signing, keys, account, request, |reply, _| signing::read(reply, account, bearer_of)).await
    }
}
