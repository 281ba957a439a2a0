//! Google's service accounts: who may act as one, and the key that signs for it.

use crate::facts::policy::Policy;
use crate::facts::pools::expiry;
use crate::facts::signing_key::SigningKey;
use crate::random;
use jiff::Timestamp;
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct ServiceAccounts {
    pub(crate) by_email: BTreeMap<String, ServiceAccount>,
    /// Those that can be restored: each with its email, and when it is gone for good.
    deleted: Vec<(String, ServiceAccount, Timestamp)>,
}

pub(crate) struct ServiceAccount {
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) policy: Policy,
    /// The number that ID tokens name it by.
    pub(crate) unique_id: String,
    /// Made by the first signature.
    key: Option<SigningKey>,
}

impl ServiceAccounts {
    /// A new one of this email, in the place of any other.
    pub(crate) fn add(&mut self, email: String, policy: Policy) -> &mut ServiceAccount {
        self.by_email.entry(email).insert_entry(ServiceAccount::new(policy)).into_mut()
    }

    /// The email of the account that has this email or unique id.
    pub(crate) fn email(&self, name: &str) -> Option<String> {
        self.by_email
            .iter()
            .find(|(email, account)| *email == name || account.unique_id == name)
            .map(|(email, _)| email.clone())
    }

    /// False where there is no such account.
    pub(crate) fn delete(&mut self, name: &str, now: Timestamp) -> bool {
        let Some((email, account)) = self.email(name).and_then(|email| self.by_email.remove_entry(&email)) else {
            return false;
        };
        self.deleted.push((email, account, expiry(now)));
        true
    }

    /// Restores the account of this unique id, with its policy: its email, or none where it is gone or its email has
    /// been taken again.
    pub(crate) fn undelete(&mut self, unique_id: &str, now: Timestamp) -> Option<String> {
        let is_meant = |(email, account, expires): &(String, ServiceAccount, Timestamp)| {
            account.unique_id == unique_id && *expires > now && !self.by_email.contains_key(email)
        };
        let place = self.deleted.iter().position(is_meant)?;
        let (email, account, _) = self.deleted.remove(place);
        self.by_email.insert(email.clone(), account);
        Some(email)
    }
}

impl ServiceAccount {
    fn new(policy: Policy) -> ServiceAccount {
        ServiceAccount {
            display_name: String::new(),
            description: String::new(),
            policy,
            unique_id: format!("1{}", random::text(random::DIGITS, 20)),
            key: None,
        }
    }

    pub(crate) fn key(&mut self) -> &SigningKey {
        self.key.get_or_insert_with(SigningKey::new)
    }
}
