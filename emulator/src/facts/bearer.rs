//! Google's access tokens: whom they stand for, what they may be used for, how long.

use crate::facts::attributes::{Attributes, CUSTOM};
use jiff::Timestamp;

pub(crate) struct Bearer {
    pub(crate) principal: Principal,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: Timestamp,
}

pub(crate) enum Principal {
    /// Someone known to a workload identity pool, by what Google's STS has learned of them.
    Federated {
        pool: String,
        attributes: Attributes,
    },
    ServiceAccount {
        email: String,
    },
}

const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

impl Bearer {
    /// Whether the token carries one of these scopes, or the one that includes them all.
    pub(crate) fn has_scope(&self, any_of: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scope == CLOUD_PLATFORM || any_of.contains(&scope.as_str()))
    }
}

impl Principal {
    /// Whether a member of an IAM policy, such as `principalSet://…/attribute.aws_role/…`, means this principal.
    pub(crate) fn is(&self, member: &str) -> bool {
        match self {
            Principal::ServiceAccount { email } => member == format!("serviceAccount:{email}"),
            Principal::Federated { pool, attributes } => {
                let set = format!("principalSet://iam.googleapis.com/{pool}/");
                let has = |(name, value): (&String, &String)| member == format!("{set}{CUSTOM}{name}/{value}");
                member == self.name() || member == format!("{set}*") || attributes.custom.iter().any(has)
            }
        }
    }

    /// How BigQuery's `SESSION_USER()` and job resources name the principal; policies too, a federated one.
    pub(crate) fn name(&self) -> String {
        match self {
            Principal::ServiceAccount { email } => email.clone(),
            Principal::Federated { pool, attributes } => {
                format!("principal://iam.googleapis.com/{pool}/subject/{}", attributes.subject)
            }
        }
    }
}
