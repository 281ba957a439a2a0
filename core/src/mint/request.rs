//! What is minted, and for whom: one value, which knows what tells one slot of each layer from another.
//!
//! | layer | the key holds | so that |
//! |---|---|---|
//! | identity | the source of the identity: the keys themselves, or where they are asked for | rotated keys are another entry |
//! | federated token | identity, audience, token URL, STS scope, client, verification URL | all scopes of one impersonation share one exchange |
//! | product | federated token, account's URL; of an access token scopes and lifetime, of an ID token audience and e-mail | two clients of one configuration share one token |
//!
//! Never the file's path and never the quota project. In direct access the federated token *is* the product.

use crate::aws::{self, Source};
use crate::cache::Key;
use crate::config::{Config, Impersonation};
use crate::environment::Environment;
use crate::error::Step;
use crate::google::iam::Account;
use crate::google::sts::IMPERSONATION_SCOPE;
use std::sync::Arc;
use std::time::Duration;

/// What is minted, by which configuration.
#[derive(Debug, Clone)]
pub(crate) struct TokenRequest {
    pub(crate) config: Arc<Config>,
    /// Where the program says that its identity comes from.
    pub(crate) identity: aws::Options,
    pub(crate) product: Product,
}

/// What the caller is to have in the end.
#[derive(Debug, Clone)]
pub(crate) enum Product {
    /// An access token, good for these scopes; never none.
    AccessToken { scopes: Arc<[String]> },
    /// An ID token of the service account, good for one service.
    IdToken { audience: Arc<str>, includes_email: bool },
}

/// Where each layer keeps what it makes for one request.
pub(crate) struct Keys {
    pub(super) identity: Key,
    pub(super) federated_token: Key,
    pub(super) product: Key,
}

impl TokenRequest {
    /// None of an ID token.
    pub(crate) fn scopes(&self) -> &[String] {
        match &self.product {
            Product::AccessToken { scopes } => scopes,
            Product::IdToken { .. } => &[],
        }
    }

    /// The service account, as IAM Credentials is asked for it; none in direct access.
    pub(super) fn account(&self) -> Option<Account<'_>> {
        let Impersonation { url, service_account, project, .. } = self.config.impersonation.as_ref()?;
        Some(Account { url, email: service_account, project: project.as_deref(), pool: self.config.audience.pool() })
    }

    /// How long an access token of the service account is to live.
    pub(super) fn lifetime(&self) -> Duration {
        self.config.impersonation.as_ref().map_or(Duration::ZERO, |impersonation| impersonation.lifetime)
    }

    /// In which step the product is made.
    pub(super) fn last_step(&self) -> Step {
        match (&self.config.impersonation, &self.product) {
            (None, _) => Step::Exchange,
            (Some(_), Product::AccessToken { .. }) => Step::Impersonation,
            (Some(_), Product::IdToken { .. }) => Step::IdToken,
        }
    }

    /// Whether this thread is at work for the identity: a token of this request would wait for itself.
    pub(crate) fn waits_for_this_thread(&self) -> bool {
        self.identity.supplier.as_ref().is_some_and(aws::Supplier::is_at_work_here)
    }

    /// Where the identity is, in an environment.
    pub(super) fn source(&self, environment: &Environment) -> Source {
        aws::resolve(environment, &self.identity, self.config.metadata_origin.as_ref())
    }

    /// The keys in an environment, whose identity would be asked.
    pub(crate) fn keys(&self, environment: &Environment) -> Keys {
        let source = self.source(environment);
        let parts = source.parts();
        let identity = Key::of("identity", parts.iter().map(|part| part.as_deref()));
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
        let url = impersonation.url.as_str().as_bytes();
        let account = [Some(federated_token.bytes()), Some(url)].into_iter();
        match &self.product {
            Product::AccessToken { scopes } => {
                let scopes = scopes.iter().map(|scope| Some(scope.as_bytes()));
                Key::of("access token", account.chain([Some(&lifetime[..])]).chain(scopes))
            }
            Product::IdToken { audience, includes_email } => {
                let email = includes_email.then_some(b"email".as_slice());
                Key::of("ID token", account.chain([Some(audience.as_bytes()), email]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Endpoints;
    use serde_json::{Value, json};

    fn request(patch: &Value, scopes: &[&str]) -> TokenRequest {
        let mut file = json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider",
            "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
            "token_url": "https://sts.googleapis.com/v1/token",
            "service_account_impersonation_url": impersonation("a@p.iam.gserviceaccount.com"),
            "credential_source": { "environment_id": "aws1", "regional_cred_verification_url": verification("sts") },
        });
        for (name, value) in patch.as_object().expect("members") {
            file[name] = value.clone();
        }
        let config = Config::parse(&file.to_string(), &Endpoints::default()).expect("the file is right");
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        TokenRequest {
            config: Arc::new(config),
            identity: aws::Options::default(),
            product: Product::AccessToken { scopes },
        }
    }

    fn impersonation(account: &str) -> String {
        format!("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken")
    }

    fn verification(service: &str) -> String {
        format!("https://{service}.{{region}}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15")
    }

    fn environment(access_key_id: &str, region: &str) -> Environment {
        Environment::from_lookup(|name| match name {
            "AWS_ACCESS_KEY_ID" => Some(access_key_id.to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("secret".to_owned()),
            "AWS_REGION" => Some(region.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn every_part_of_a_request_tells_it_from_others() {
        let here = environment("AKID", "us-east-1");
        let plain = request(&json!({}), &["a", "b"]).keys(&here);
        let again = request(&json!({}), &["a", "b"]).keys(&here);
        assert!(plain.product == again.product && plain.federated_token == again.federated_token);

        // Whether the federated token is another one too.
        let audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/another";
        let source = json!({ "environment_id": "aws1", "regional_cred_verification_url": verification("sts-fips") });
        for (patch, exchanges) in [
            (json!({ "audience": audience }), true),
            (json!({ "token_url": "https://sts.mtls.googleapis.com/v1/token" }), true),
            (json!({ "client_id": "one" }), true),
            (json!({ "credential_source": source }), true),
            (json!({ "service_account_impersonation_url": impersonation("b@p.iam.gserviceaccount.com") }), false),
            (json!({ "service_account_impersonation": { "token_lifetime_seconds": 900 } }), false),
        ] {
            let other = request(&patch, &["a", "b"]).keys(&here);
            assert!(other.product != plain.product, "{patch}");
            assert_eq!(other.federated_token != plain.federated_token, exchanges, "{patch}");
        }
        let with_secret = |secret| request(&json!({ "client_id": "one", "client_secret": secret }), &["a"]).keys(&here);
        assert!(with_secret("two").federated_token != with_secret("three").federated_token);

        for scopes in [&["a", "c"][..], &["a"], &["b", "a"]] {
            let other = request(&json!({}), scopes).keys(&here);
            assert!(other.product != plain.product && other.federated_token == plain.federated_token, "{scopes:?}");
        }
        for there in [environment("ASIA", "us-east-1"), environment("AKID", "us-east-2"), Environment::default()] {
            let other = request(&json!({}), &["a", "b"]).keys(&there);
            assert!(other.identity != plain.identity && other.product != plain.product);
        }
    }

    #[test]
    fn in_direct_access_the_federated_token_is_the_product_and_its_scopes_are_asked_of_the_exchange() {
        let here = environment("AKID", "us-east-1");
        let direct = json!({ "service_account_impersonation_url": null });
        let one = request(&direct, &["a"]).keys(&here);
        assert!(one.product == one.federated_token);
        assert!(one.product != request(&direct, &["b"]).keys(&here).product);
    }
}
