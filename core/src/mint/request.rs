//! What is minted, and for whom: one value, which knows what tells one slot of each layer from another.
//!
//! | layer | the key holds | so that |
//! |---|---|---|
//! | identity | the source of the identity: the keys themselves, or where they are asked for | rotated keys are another entry |
//! | federated token | identity, audience, token URL, STS scope, client, verification URL | all scopes of one impersonation share one exchange |
//! | product | federated token, account's URL, scopes, lifetime | two clients of one configuration share one token |
//!
//! Never the file's path and never the quota project. In direct access the federated token *is* the product.

use crate::aws::{self, Source};
use crate::cache::Key;
use crate::config::{Config, Impersonation};
use crate::environment::Environment;
use crate::google::sts::IMPERSONATION_SCOPE;
use std::sync::Arc;

/// What is minted, by which configuration.
#[derive(Debug, Clone)]
pub(crate) struct TokenRequest {
    pub(crate) config: Arc<Config>,
    pub(crate) product: Product,
}

/// What the caller is to have in the end.
#[derive(Debug, Clone)]
pub(crate) enum Product {
    /// An access token, good for these scopes; never none.
    AccessToken { scopes: Arc<[String]> },
}

/// Where each layer keeps what it makes for one request.
pub(crate) struct Keys {
    pub(super) identity: Key,
    pub(super) federated_token: Key,
    pub(super) product: Key,
}

impl TokenRequest {
    pub(crate) fn scopes(&self) -> &[String] {
        let Product::AccessToken { scopes } = &self.product;
        scopes
    }

    /// Where the identity is, in an environment.
    pub(super) fn source(&self, environment: &Environment) -> Source {
        aws::resolve(environment, self.config.metadata_origin.as_ref())
    }

    /// The keys in an environment, whose identity would be asked.
    pub(crate) fn keys(&self, environment: &Environment) -> Keys {
        let identity = Key::of("identity", self.source(environment).parts());
        let federated_token = self.federated_key(&identity);
        let product = match &self.config.impersonation {
            None => federated_token,
            Some(impersonation) => self.product_key(&federated_token, impersonation),
        };
        Keys { identity, federated_token, product }
    }

    /// What the exchange asks for: in direct access what the API will want, else the right to impersonate.
    pub(super) fn sts_scope(&self) -> String {
        match self.config.impersonation {
            Some(_) => IMPERSONATION_SCOPE.to_owned(),
            None => self.scopes().join(" "),
        }
    }

    fn federated_key(&self, identity: &Key) -> Key {
        let config = &self.config;
        let scope = self.sts_scope();
        let client = config.client.as_ref();
        let verification_url = config.verification_url.in_region("");
        let parts = [
            Some(identity.bytes()),
            Some(config.audience.as_str().as_bytes()),
            Some(config.token_url.as_str().as_bytes()),
            Some(scope.as_bytes()),
            client.map(|client| client.id.as_bytes()),
            client.map(|client| client.secret.expose().as_bytes()),
            Some(verification_url.as_bytes()),
        ];
        Key::of("federated token", parts)
    }

    fn product_key(&self, federated_token: &Key, impersonation: &Impersonation) -> Key {
        let lifetime = impersonation.lifetime.as_secs().to_be_bytes();
        let scopes = self.scopes().iter().map(|scope| Some(scope.as_bytes()));
        let url = impersonation.url.as_str().as_bytes();
        let parts = [Some(federated_token.bytes()), Some(url), Some(&lifetime[..])];
        Key::of("access token", parts.into_iter().chain(scopes))
    }
}
