//! Who may act as a service account.

use crate::facts::bearer::Principal;
use crate::random;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) const WORKLOAD_IDENTITY_USER: &str = "roles/iam.workloadIdentityUser";
const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
const OPEN_ID_TOKEN_CREATOR: &str = "roles/iam.serviceAccountOpenIdTokenCreator";

/// What IAM Credentials asks of a caller.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Permission {
    GetAccessToken,
    GetOpenIdToken,
    SignBlob,
    SignJwt,
}

impl Permission {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Permission::GetAccessToken => "iam.serviceAccounts.getAccessToken",
            Permission::GetOpenIdToken => "iam.serviceAccounts.getOpenIdToken",
            Permission::SignBlob => "iam.serviceAccounts.signBlob",
            Permission::SignJwt => "iam.serviceAccounts.signJwt",
        }
    }

    fn is_in(self, role: &str) -> bool {
        match role {
            WORKLOAD_IDENTITY_USER => matches!(self, Permission::GetAccessToken | Permission::GetOpenIdToken),
            TOKEN_CREATOR => true,
            OPEN_ID_TOKEN_CREATOR => self == Permission::GetOpenIdToken,
            _ => false,
        }
    }
}

/// What a policy says of one principal and one permission.
pub(crate) enum Permit {
    Yes,
    No,
    /// If a condition holds, which is not evaluated.
    OnCondition,
}

/// Who may do what with one service account.
pub(crate) struct Policy {
    pub(crate) bindings: Vec<Binding>,
    /// Changes with every change, so that two writers notice each other.
    pub(crate) etag: String,
}

#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Binding {
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) members: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) condition: Option<Value>,
}

impl Policy {
    pub(crate) fn new(bindings: Vec<Binding>) -> Policy {
        Policy { bindings, etag: format!("BwY{}=", random::text(random::BASE64_URL, 8)) }
    }

    /// One more binding, and a new version of the policy.
    pub(crate) fn bind(&mut self, role: &str, members: Vec<String>) {
        let mut bindings = std::mem::take(&mut self.bindings);
        bindings.push(Binding { role: role.into(), members, condition: None });
        *self = Policy::new(bindings);
    }

    pub(crate) fn permits(&self, principal: &Principal, permission: Permission) -> Permit {
        let mut found = Permit::No;
        for binding in self.bindings.iter().filter(|binding| permission.is_in(&binding.role)) {
            if binding.members.iter().any(|member| principal.is(member)) {
                match binding.condition {
                    None => return Permit::Yes,
                    Some(_) => found = Permit::OnCondition,
                }
            }
        }
        found
    }

    pub(crate) fn has_conditions(&self) -> bool {
        self.bindings.iter().any(|binding| binding.condition.is_some())
    }
}
