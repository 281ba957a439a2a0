//! The plan: from what is wanted and what is found, the steps that are left. Nothing is asked here.

use crate::ids::Provider;
use serde::Deserialize;
use std::fmt;

/// The APIs that a federation uses.
pub(super) const SERVICES: [&str; 4] = [
    "iam.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iamcredentials.googleapis.com",
    "sts.googleapis.com",
];
/// The role by which an identity of the pool may act as the service account.
pub(super) const ROLE: &str = "roles/iam.workloadIdentityUser";
/// Google's limit on `google.subject`, which is the caller's ARN.
const LONGEST_SUBJECT: usize = 127;
/// AWS's limit on the name of a role's session.
const LONGEST_SESSION: usize = 64;

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    pub(super) project: String,
    pub(super) provider: Provider,
    pub(super) account: String,
    pub(super) roles: Vec<String>,
    pub(super) condition: Option<String>,
    pub(super) service_account: String,
}

/// What a project holds of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) enabled_services: Vec<String>,
    pub(super) pool: Option<FoundPool>,
    pub(super) provider: Option<FoundProvider>,
    /// The policy of the service account, if that exists.
    pub(super) bindings: Option<Vec<Binding>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FoundPool {
    pub(super) state: String,
    pub(super) disabled: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FoundProvider {
    pub(super) state: String,
    pub(super) disabled: bool,
    pub(super) aws: Aws,
    pub(super) attribute_condition: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Aws {
    pub(super) account_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Binding {
    pub(super) role: String,
    #[serde(default)]
    pub(super) members: Vec<String>,
    pub(super) condition: Option<serde_json::Value>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    EnableServices(Vec<String>),
    CreatePool,
    UndeletePool,
    CreateProvider,
    UndeleteProvider,
    CreateServiceAccount,
    /// Adds these members to the binding that has no condition.
    Bind(Vec<String>),
}

/// The steps that are left, or why none may be taken.
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// What is there and is not as wanted: nothing changes it silently.
    pub(super) conflicts: Vec<String>,
}

impl Desired {
    pub(super) fn pool_name(&self) -> String {
        format!(
            "projects/{}/locations/global/workloadIdentityPools/{}",
            self.provider.project_number, self.provider.pool
        )
    }

    /// Every session of a role, as IAM names it.
    pub(super) fn member(&self, role: &str) -> String {
        let (pool, account) = (self.pool_name(), &self.account);
        format!(
            "principalSet://iam.googleapis.com/{pool}/attribute.aws_role/arn:aws:sts::{account}:assumed-role/{role}"
        )
    }

    /// The part of the service account's address before the `@`.
    pub(super) fn account_id(&self) -> &str {
        self.service_account.split('@').next().unwrap_or_default()
    }

    /// What Google will refuse of a role's sessions, by the length of their names.
    pub(super) fn notes(&self) -> Vec<String> {
        let longest = |role: &str| {
            let before_session = format!("arn:aws:sts::{}:assumed-role/{role}/", self.account).len();
            LONGEST_SUBJECT.saturating_sub(before_session)
        };
        let roles = self.roles.iter().map(|role| (role, longest(role)));
        roles
            .filter(|(_, longest)| *longest < LONGEST_SESSION)
            .map(|(role, longest)| {
                format!("Google refuses sessions of `{role}` whose names are longer than {longest} characters.")
            })
            .collect()
    }
}

impl Plan {
    pub(super) fn new(desired: &Desired, found: &Found) -> Plan {
        Plan { steps: steps(desired, found), conflicts: conflicts(desired, found) }
    }
}

fn steps(desired: &Desired, found: &Found) -> Vec<Step> {
    let is_missing = |service: &&str| !found.enabled_services.iter().any(|enabled| enabled == service);
    let missing: Vec<_> = SERVICES.iter().copied().filter(|service| is_missing(service)).map(str::to_owned).collect();
    let there = found.bindings.iter().flatten().filter(|binding| binding.role == ROLE && binding.condition.is_none());
    let there: Vec<_> = there.flat_map(|binding| &binding.members).collect();
    let members = desired.roles.iter().map(|role| desired.member(role));
    let members: Vec<_> = members.filter(|member| !there.contains(&member)).collect();
    let steps = [
        (!missing.is_empty()).then_some(Step::EnableServices(missing)),
        match &found.pool {
            None => Some(Step::CreatePool),
            Some(pool) => (pool.state == "DELETED").then_some(Step::UndeletePool),
        },
        match &found.provider {
            None => Some(Step::CreateProvider),
            Some(provider) => (provider.state == "DELETED").then_some(Step::UndeleteProvider),
        },
        found.bindings.is_none().then_some(Step::CreateServiceAccount),
        (!members.is_empty()).then_some(Step::Bind(members)),
    ];
    steps.into_iter().flatten().collect()
}

fn conflicts(desired: &Desired, found: &Found) -> Vec<String> {
    let mut conflicts = Vec::new();
    let domain = format!("@{}.iam.gserviceaccount.com", desired.project);
    if found.bindings.is_none() && !desired.service_account.ends_with(&domain) {
        let email = &desired.service_account;
        conflicts.push(format!("`{email}` is not in the project, and an address made there ends in `{domain}`"));
    }
    if found.pool.as_ref().is_some_and(|pool| pool.disabled) {
        conflicts.push(format!("the pool `{}` is disabled", desired.provider.pool));
    }
    if let Some(provider) = &found.provider {
        let id = &desired.provider.id;
        if provider.disabled {
            conflicts.push(format!("the provider `{id}` is disabled"));
        }
        if provider.aws.account_id != desired.account {
            let trusted = match provider.aws.account_id.as_str() {
                "" => "no AWS account".to_owned(),
                account => format!("the AWS account {account}"),
            };
            conflicts.push(format!("the provider `{id}` trusts {trusted}, and {} is wanted", desired.account));
        }
        let found = provider.attribute_condition.as_deref().filter(|condition| !condition.is_empty());
        if found != desired.condition.as_deref() {
            let shown = |condition: Option<&str>| condition.map_or("none".to_owned(), |text| format!("`{text}`"));
            let (found, wanted) = (shown(found), shown(desired.condition.as_deref()));
            conflicts.push(format!("the condition of the provider `{id}` is {found}, and {wanted} is wanted"));
        }
    }
    for binding in found.bindings.iter().flatten().filter(|binding| binding.role == ROLE) {
        let bound = desired.roles.iter().filter(|role| binding.members.contains(&desired.member(role)));
        if binding.condition.is_some() {
            conflicts
                .extend(bound.map(|role| format!("the role `{role}` is bound with a condition, and none is wanted")));
        }
    }
    conflicts
}

/// What lets in more than is wanted.
pub(super) fn loose(desired: &Desired, found: &Found) -> Vec<String> {
    let whole_pool = format!("principalSet://iam.googleapis.com/{}/*", desired.pool_name());
    let mut loose = Vec::new();
    for binding in found.bindings.iter().flatten().filter(|binding| binding.role == ROLE) {
        for member in &binding.members {
            if *member == whole_pool {
                loose.push(format!("`{member}` lets every identity of the pool act as the service account"));
            } else if member == "allUsers" || member == "allAuthenticatedUsers" {
                loose.push(format!("`{member}` may act as the service account"));
            }
        }
    }
    loose
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::EnableServices(services) => write!(formatter, "enable the APIs {}", services.join(", ")),
            Step::CreatePool => formatter.write_str("create the pool"),
            Step::UndeletePool => formatter.write_str("undelete the pool, which was deleted"),
            Step::CreateProvider => formatter.write_str("create the AWS provider"),
            Step::UndeleteProvider => formatter.write_str("undelete the provider, which was deleted"),
            Step::CreateServiceAccount => formatter.write_str("create the service account"),
            Step::Bind(members) => write!(formatter, "let act as the service account: {}", members.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
