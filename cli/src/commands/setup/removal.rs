//! What of a set-up is taken away again: who is let in, and whatever was made here that nobody else uses.

use super::plan::{Binding, DELETED, Desired, Found, MADE_HERE, ROLE, bound};
use super::step::Step;

/// What is around a set-up, and decides whether a part of it is used by others.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// The service account's description; none if it does not exist.
    pub(super) account_description: Option<String>,
    /// Whether the pool has providers beside this one.
    pub(super) has_other_providers: bool,
}

/// The steps that are left, and why the rest stays.
pub(super) struct Removal {
    pub(super) steps: Vec<Step>,
    pub(super) kept: Vec<String>,
}

impl Removal {
    pub(super) fn new(desired: &Desired, found: &Found, around: &Around) -> Removal {
        let members: Vec<_> = desired.roles.iter().map(|role| desired.member(role)).collect();
        let members: Vec<_> = members.into_iter().filter(|member| bound(found).contains(&member.as_str())).collect();
        let remaining = remaining(found, &members);
        let of_pool = format!("://iam.googleapis.com/{}/", desired.pool_name());
        let pool_is_used = remaining.iter().any(|member| member.contains(&of_pool));

        let (pool, provider) = (&desired.provider.pool, &desired.provider.id);
        let mut removal = Removal { steps: Vec::new(), kept: Vec::new() };
        let is_there = |state: &str| state != DELETED;
        if !members.is_empty() {
            removal.steps.push(Step::Unbind(members));
        }
        let is_deleted = match found.provider.as_ref().filter(|found| is_there(&found.state)) {
            None => true,
            Some(found) => {
                let uses = pool_is_used.then_some("others of its pool may act as the service account");
                removal.delete(Step::DeleteProvider, &format!("the provider `{provider}`"), &found.description, uses)
            }
        };
        if let Some(found) = found.pool.as_ref().filter(|found| is_there(&found.state)) {
            let uses = (around.has_other_providers || !is_deleted).then_some("it has a provider that stays");
            let uses = pool_is_used.then_some("others of it may act as the service account").or(uses);
            removal.delete(Step::DeletePool, &format!("the pool `{pool}`"), &found.description, uses);
        }
        if let Some(description) = &around.account_description {
            let uses = (!remaining.is_empty()).then_some("others have roles on it");
            let name = format!("the service account `{}`", desired.service_account);
            removal.delete(Step::DeleteServiceAccount, &name, description, uses);
        }
        removal
    }

    /// Whether it is deleted.
    fn delete(&mut self, step: Step, name: &str, description: &str, uses: Option<&str>) -> bool {
        let reason = if description == MADE_HERE { uses } else { Some("it was not made by `rolebridge setup`") };
        match reason {
            None => self.steps.push(step),
            Some(reason) => self.kept.push(format!("{name} stays: {reason}")),
        }
        reason.is_none()
    }
}

/// Whoever has a role on the service account when these may act as it no more.
fn remaining<'f>(found: &'f Found, unbound: &[String]) -> Vec<&'f str> {
    let stays = |binding: &Binding, member: &String| {
        let is_unbound = binding.role == ROLE && binding.condition.is_none() && unbound.contains(member);
        !is_unbound
    };
    let bindings = found.bindings.iter().flatten();
    bindings
        .flat_map(|binding| binding.members.iter().filter(|member| stays(binding, member)).map(String::as_str))
        .collect()
}
