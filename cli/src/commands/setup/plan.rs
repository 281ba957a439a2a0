//! The plan: from what is wanted and what is found, the steps that are left. Nothing is asked here.

use super::step::{Change, Step};
use crate::ids::Provider;
use rolebridge::binding::principal_set;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The APIs that a federation uses.
pub(super) const SERVICES: [&str; 4] = [
    "iam.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iamcredentials.googleapis.com",
    "sts.googleapis.com",
];
/// The role by which an identity of the pool may act as the service account.
pub(super) const ROLE: &str = "roles/iam.workloadIdentityUser";
/// The description of what is made here: by it, what may be deleted is told from what was there before.
pub(super) const MADE_HERE: &str = "Made by rolebridge setup";
/// The attribute that is bound.
pub(super) const ROLE_ATTRIBUTE: &str = "attribute.aws_role";
pub(super) const SUBJECT: &str = "google.subject";
/// What Google's default mapping makes the subject of.
const DEFAULT_SUBJECT: &str = "assertion.arn";
const DEFAULT_ROLE: &str = "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + \
     'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn";
/// Google's limit on `google.subject`, which is the caller's ARN.
const LONGEST_SUBJECT: usize = 127;
/// AWS's limit on the name of a role's session.
const LONGEST_SESSION: usize = 64;

/// Attributes, and the expressions in CEL that make them.
pub(super) type Mapping = BTreeMap<String, String>;

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) struct Desired {
    pub(super) project: String,
    pub(super) provider: Provider,
    pub(super) account: String,
    pub(super) roles: Vec<String>,
    /// Without one, any that makes the attribute that is bound.
    pub(super) mapping: Option<Mapping>,
    /// Without one, any; an empty one is none.
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
    pub(super) description: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FoundProvider {
    pub(super) state: String,
    pub(super) disabled: bool,
    pub(super) description: String,
    pub(super) aws: Aws,
    pub(super) attribute_mapping: Mapping,
    pub(super) attribute_condition: String,
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

/// The steps that are left, or why none may be taken.
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// What is there and is not as wanted: nothing changes it silently.
    pub(super) conflicts: Vec<Conflict>,
}

/// What is there and is not as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) sentence: String,
    pub(super) remedy: Remedy,
}

/// What ends a conflict, if it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Nothing that is done here.
    Nothing,
    EnablePool,
    Provider(Change),
    /// The step that binds the role without a condition.
    Bind,
}

/// The state of what was deleted, and can be restored for thirty days.
pub(super) const DELETED: &str = "DELETED";

impl Desired {
    pub(super) fn pool_name(&self) -> String {
        format!(
            "projects/{}/locations/global/workloadIdentityPools/{}",
            self.provider.project_number, self.provider.pool
        )
    }

    /// Every session of a role, as IAM names it.
    pub(super) fn member(&self, role: &str) -> String {
        principal_set(&self.pool_name(), &format!("arn:aws:sts::{}:assumed-role/{role}", self.account))
    }

    /// The domain of addresses that are made in the project. An id such as `example.com:project` has its own before it.
    pub(super) fn account_domain(&self) -> String {
        let id: Vec<_> = self.project.rsplit(':').collect();
        format!("{}.iam.gserviceaccount.com", id.join("."))
    }

    pub(super) fn is_of_project(&self) -> bool {
        self.service_account.split_once('@').is_some_and(|(_, domain)| domain == self.account_domain())
    }

    /// The part of the service account's address before the `@`.
    pub(super) fn account_id(&self) -> &str {
        self.service_account.split('@').next().unwrap_or_default()
    }

    /// The mapping that a provider has where nobody names one, or this one.
    pub(super) fn whole_mapping(&self) -> Mapping {
        let default = || [(SUBJECT, DEFAULT_SUBJECT), (ROLE_ATTRIBUTE, DEFAULT_ROLE)];
        let default = || default().map(|(name, expression)| (name.to_owned(), expression.to_owned())).into();
        self.mapping.clone().unwrap_or_else(default)
    }

    /// What Google will refuse of a role's sessions, by the length of their names.
    pub(super) fn notes(&self) -> Vec<String> {
        if self.whole_mapping().get(SUBJECT).is_none_or(|subject| subject != DEFAULT_SUBJECT) {
            return vec![format!("Google refuses identities whose `{SUBJECT}` has more than {LONGEST_SUBJECT} bytes.")];
        }
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
    /// The steps to what is wanted; those that change what is there, only where it may be replaced.
    pub(super) fn new(desired: &Desired, found: &Found, replace: bool) -> Plan {
        let (changes, conflicts): (Vec<_>, Vec<_>) =
            conflicts(desired, found).into_iter().partition(|conflict| replace && conflict.remedy != Remedy::Nothing);
        Plan { steps: steps(desired, found, &changes), conflicts }
    }
}

fn steps(desired: &Desired, found: &Found, changes: &[Conflict]) -> Vec<Step> {
    let is_missing = |service: &&str| !found.enabled_services.iter().any(|enabled| enabled == service);
    let missing: Vec<_> = SERVICES.iter().copied().filter(|service| is_missing(service)).map(str::to_owned).collect();
    // Whoever is bound with a condition keeps it, unless that may be replaced.
    let may_be_replaced = changes.iter().any(|conflict| conflict.remedy == Remedy::Bind);
    let is_left =
        |member: &String| !is_bound(found, member, false) && (may_be_replaced || !is_bound(found, member, true));
    let members: Vec<_> = desired.roles.iter().map(|role| desired.member(role)).filter(is_left).collect();
    let of_provider = |conflict: &Conflict| match conflict.remedy {
        Remedy::Provider(change) => Some(change),
        Remedy::Nothing | Remedy::EnablePool | Remedy::Bind => None,
    };
    let of_provider: Vec<_> = changes.iter().filter_map(of_provider).collect();
    let steps = [
        (!missing.is_empty()).then_some(Step::EnableServices(missing)),
        match &found.pool {
            None => Some(Step::CreatePool),
            Some(pool) => (pool.state == DELETED).then_some(Step::UndeletePool),
        },
        changes.iter().any(|conflict| conflict.remedy == Remedy::EnablePool).then_some(Step::EnablePool),
        match &found.provider {
            None => Some(Step::CreateProvider),
            Some(provider) => (provider.state == DELETED).then_some(Step::UndeleteProvider),
        },
        (!of_provider.is_empty()).then_some(Step::UpdateProvider(of_provider)),
        found.bindings.is_none().then_some(Step::CreateServiceAccount),
        (!members.is_empty()).then_some(Step::Bind(members)),
    ];
    steps.into_iter().flatten().collect()
}

/// Whether somebody may act as the service account, by a binding with a condition or by one without.
fn is_bound(found: &Found, member: &str, with_a_condition: bool) -> bool {
    let bindings = found.bindings.iter().flatten();
    let mut ours = bindings.filter(|binding| binding.role == ROLE && binding.condition.is_some() == with_a_condition);
    ours.any(|binding| binding.members.iter().any(|bound| bound == member))
}

fn conflicts(desired: &Desired, found: &Found) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let mut add = |remedy, sentence| conflicts.push(Conflict { sentence, remedy });
    if found.bindings.is_none() && !desired.is_of_project() {
        let (email, domain) = (&desired.service_account, desired.account_domain());
        add(Remedy::Nothing, format!("`{email}` is not in the project, and an address made there ends in `@{domain}`"));
    }
    if found.pool.as_ref().is_some_and(|pool| pool.disabled) {
        add(Remedy::EnablePool, format!("the pool `{}` is disabled", desired.provider.pool));
    }
    for (change, sentence) in found.provider.iter().flat_map(|provider| differences(desired, provider)) {
        add(Remedy::Provider(change), sentence);
    }
    for role in &desired.roles {
        let member = desired.member(role);
        if is_bound(found, &member, true) && !is_bound(found, &member, false) {
            add(Remedy::Bind, format!("the role `{role}` is bound with a condition, and none is wanted"));
        }
    }
    conflicts
}

/// What of a provider is not as wanted.
fn differences(desired: &Desired, found: &FoundProvider) -> Vec<(Change, String)> {
    let id = &desired.provider.id;
    let mut differences = Vec::new();
    let (account, wanted) = (&found.aws.account_id, &desired.account);
    if account != wanted {
        let trusted = if account.is_empty() { "no AWS account" } else { &format!("the AWS account {account}") };
        differences.push((Change::Account, format!("the provider `{id}` trusts {trusted}, and {wanted} is wanted")));
    }
    let mapping = &found.attribute_mapping;
    let is_other = match &desired.mapping {
        Some(wanted) => mapping != wanted,
        // Google may tell the default in other words, or not at all.
        None => !mapping.is_empty() && !mapping.contains_key(ROLE_ATTRIBUTE),
    };
    if is_other {
        let (found, wanted) = (shown(mapping), shown(&desired.whole_mapping()));
        differences
            .push((Change::Mapping, format!("the mapping of the provider `{id}` is {found}, and {wanted} is wanted")));
    }
    if let Some(wanted) = desired.condition.as_ref().filter(|wanted| **wanted != found.attribute_condition) {
        let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { format!("`{text}`") };
        let (found, wanted) = (shown(&found.attribute_condition), shown(wanted));
        differences.push((
            Change::Condition,
            format!("the condition of the provider `{id}` is {found}, and {wanted} is wanted"),
        ));
    }
    if found.disabled {
        differences.push((Change::Enabled, format!("the provider `{id}` is disabled")));
    }
    differences
}

/// What should be known of what is found, and is no conflict.
pub(super) fn notes(desired: &Desired, found: &Found) -> Vec<String> {
    let Some(provider) = found.provider.as_ref().filter(|_| desired.mapping.is_none()) else { return Vec::new() };
    let without_spaces = |mapping: &Mapping| -> Vec<(String, String)> {
        let plain = |text: &String| text.split_whitespace().collect::<String>();
        mapping.iter().map(|(name, expression)| (name.clone(), plain(expression))).collect()
    };
    let mapping = &provider.attribute_mapping;
    let is_its_own =
        mapping.contains_key(ROLE_ATTRIBUTE) && without_spaces(mapping) != without_spaces(&desired.whole_mapping());
    if !is_its_own {
        return Vec::new();
    }
    vec![format!(
        "the provider has a mapping of its own, {}: the roles are let in only if it makes `{ROLE_ATTRIBUTE}` as Google's \
         default does.",
        shown(mapping)
    )]
}

fn shown(mapping: &Mapping) -> String {
    let attributes: Vec<_> = mapping.iter().map(|(name, expression)| format!("{name}={expression}")).collect();
    if attributes.is_empty() { "Google's default".to_owned() } else { format!("`{}`", attributes.join(",")) }
}

/// What lets in more than is wanted.
pub(super) fn loose(desired: &Desired, found: &Found) -> Vec<String> {
    let whole_pool = format!("principalSet://iam.googleapis.com/{}/*", desired.pool_name());
    let mut loose = Vec::new();
    for Binding { role, members, .. } in found.bindings.iter().flatten() {
        for member in members {
            if *member == whole_pool {
                loose.push(format!("`{member}`, every identity of the pool, has `{role}` on the service account"));
            } else if member == "allUsers" || member == "allAuthenticatedUsers" {
                loose.push(format!("`{member}` has `{role}` on the service account"));
            }
        }
    }
    loose
}

#[cfg(test)]
mod tests;
