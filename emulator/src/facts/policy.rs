//! Who may act as a service account.

use crate::facts::bearer::Principal;
use crate::random;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) const WORKLOAD_IDENTITY_USER: &str = "roles/iam.workloadIdentityUser";
const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

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

    pub(crate) fn binding(role: &str, member: String) -> Policy {
        Policy::new(vec![Binding { role: role.into(), members: vec![member], condition: None }])
    }

    /// The permission `iam.serviceAccounts.getAccessToken`, which two roles include.
    pub(crate) fn lets_impersonate(&self, principal: &Principal) -> bool {
        self.bindings
            .iter()
            .filter(|binding| binding.role == WORKLOAD_IDENTITY_USER || binding.role == TOKEN_CREATOR)
            .flat_map(|binding| &binding.members)
            .any(|member| principal.is(member))
    }
}
