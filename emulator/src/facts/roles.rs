//! IAM roles that can be assumed: by whom, and for how long.

use crate::facts::keys::Caller;
use crate::facts::spec::identities;

pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) name: String,
    trusts: Vec<String>,
    external_id: Option<String>,
    /// Issuer and subject.
    web_identity: Option<(String, String)>,
    pub(crate) max_session_seconds: i64,
}

impl Role {
    pub(crate) fn new(role: &identities::Role, account: &str, own: &identities::WebIdentity) -> Role {
        let everyone = || vec![root(account)];
        let account = role.account.as_deref().unwrap_or(account);
        Role {
            arn: format!("arn:aws:iam::{account}:role{}{}", role.path, role.name),
            account: account.into(),
            name: role.name.clone(),
            trusts: role.trusts.clone().unwrap_or_else(everyone),
            external_id: role.external_id.clone(),
            web_identity: role.web_identity.as_ref().map(|trusted| {
                let or = |given: &Option<String>, own: &String| given.as_ref().unwrap_or(own).clone();
                (or(&trusted.issuer, &own.issuer), or(&trusted.subject, &own.subject))
            }),
            max_session_seconds: role.max_session_seconds,
        }
    }

    /// Whether the trust policy lets this caller in, who names this external id.
    pub(crate) fn admits(&self, caller: &Caller, external_id: Option<&str>) -> bool {
        let is_named = self.external_id.is_none() || self.external_id.as_deref() == external_id;
        is_named && self.trusts.iter().any(|principal| is(principal, caller))
    }

    pub(crate) fn admits_token(&self, issuer: &str, subject: &str) -> bool {
        self.web_identity.as_ref().is_some_and(|trusted| trusted.0 == issuer && trusted.1 == subject)
    }
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

/// Whether a principal of a trust policy means this caller: everyone, an account, a user, a role or one of its sessions.
fn is(principal: &str, caller: &Caller) -> bool {
    principal == "*"
        || principal == caller.account
        || principal == root(&caller.account)
        || principal == caller.arn
        || caller.role().is_some_and(|role| {
            // A role's path is missing from the ARN of its sessions, and its name is unique without it.
            principal
                .strip_prefix(&format!("arn:aws:iam::{}:role/", caller.account))
                .is_some_and(|path_and_name| path_and_name.rsplit('/').next() == Some(role))
        })
}
