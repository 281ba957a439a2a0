//! Workload identity pools and their providers.

use crate::facts::attributes::Mapping;
use crate::facts::expression::Expression;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long what is deleted can be restored, and keeps its name.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Default)]
pub(crate) struct Pool {
    pub(crate) entry: Entry,
    pub(crate) providers: BTreeMap<String, Provider>,
}

#[derive(Clone, Default)]
pub(crate) struct Provider {
    pub(crate) entry: Entry,
    /// The AWS account that it trusts.
    pub(crate) account: String,
    pub(crate) mapping: Mapping,
    pub(crate) condition: Option<Expression>,
}

/// What pools and providers have in common.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) disabled: bool,
    /// When it is gone for good, if it has been deleted.
    pub(crate) expires: Option<Timestamp>,
}

impl Pool {
    pub(crate) fn with_provider(id: &str, account: &str) -> Pool {
        let provider = Provider { account: account.into(), ..Provider::default() };
        Pool { providers: BTreeMap::from([(id.into(), provider)]), ..Pool::default() }
    }
}

impl Entry {
    pub(crate) fn is_usable(&self) -> bool {
        !self.disabled && self.expires.is_none()
    }

    pub(crate) fn delete(&mut self, now: Timestamp) {
        self.expires = Some(expiry(now));
    }

    fn is_gone(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// When what is deleted now is gone for good.
pub(crate) fn expiry(now: Timestamp) -> Timestamp {
    now + KEPT
}

/// Forgets what was deleted long ago.
pub(crate) fn purge(pools: &mut BTreeMap<String, Pool>, now: Timestamp) {
    pools.retain(|_, pool| !pool.entry.is_gone(now));
    for pool in pools.values_mut() {
        pool.providers.retain(|_, provider| !provider.entry.is_gone(now));
    }
}

/// A pool's full name, with the project's number as Google writes it.
pub(crate) fn pool_name(project_number: &str, pool: &str) -> String {
    format!("projects/{project_number}/locations/global/workloadIdentityPools/{pool}")
}
