//! Google's service accounts: who may act as one, and the key that signs for it.

use crate::facts::policy::Policy;
use crate::facts::signing_key::SigningKey;
use crate::random;

pub(crate) struct ServiceAccount {
    pub(crate) policy: Policy,
    /// The number that ID tokens name it by.
    pub(crate) unique_id: String,
    /// Made by the first signature.
    key: Option<SigningKey>,
}

impl ServiceAccount {
    pub(crate) fn new(policy: Policy) -> ServiceAccount {
        ServiceAccount { policy, unique_id: format!("1{}", random::text(random::DIGITS, 20)), key: None }
    }

    pub(crate) fn key(&mut self) -> &SigningKey {
        self.key.get_or_insert_with(SigningKey::new)
    }
}
