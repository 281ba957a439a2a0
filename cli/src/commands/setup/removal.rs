//! What of a set-up is taken away again: who is let in, and whatever was made here that nobody else is seen to use.

use super::plan::{Binding, DELETED, Desired, Found, MADE_HERE, ROLE};
use super::step::Step;

/// What is around a set-up, and decides whether a part of it is used by others.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// The service account's description; none if it does not exist.
    pub(super) account_description: Option<String>,
    /// Whether somebody has made keys of the service account.
    pub(super) has_user_keys: bool,
    /// Whether the pool has providers beside this one.
    pub(super) has_other_providers: bool,
    /// The project's other service accounts on which identities of the pool have roles.
    pub(super) other_accounts: Vec<String>,
}

/// The steps that are left, and what should be known of the rest.
pub(super) struct Removal {
    pub(super) steps: Vec<Step>,
    pub(super) notes: Vec<String>,
}

impl Removal {
    pub(super) fn new(desired: &Desired, found: &Found, around: &Around) -> Removal {
        let roles: Vec<_> = desired.roles.iter().map(|role| desired.member(role)).collect();
        let (ours, others) =
            members(found).partition::<Vec<_>, _>(|(role, member)| *role == ROLE && roles.contains(member));
        let mut removal = Removal { steps: Vec::new(), notes: Vec::new() };
        let unbound: Vec<_> =
            roles.iter().filter(|role| ours.iter().any(|(_, member)| member == role)).cloned().collect();
        if !unbound.is_empty() {
            removal.steps.push(Step::Unbind(unbound));
        }
        for (role, member) in others.iter().filter(|(_, member)| roles.contains(member)) {
            removal.notes.push(format!("`{member}` still has `{role}` on the service account"));
        }

        let own = others.iter().any(|(_, member)| is_of_pool(desired, member)).then_some(&desired.service_account);
        let accounts: Vec<_> =
            own.into_iter().chain(&around.other_accounts).map(|email| format!("`{email}`")).collect();
        let uses =
            (!accounts.is_empty()).then(|| format!("identities of the pool have roles on {}", accounts.join(", ")));
        let (pool, provider) = (&desired.provider.pool, &desired.provider.id);
        let is_deleted = match found.provider.as_ref().filter(|found| found.state != DELETED) {
            None => true,
            Some(found) => {
                let name = format!("the provider `{provider}`");
                removal.delete(Step::DeleteProvider, &name, &found.description, uses.clone())
            }
        };
        if let Some(found) = found.pool.as_ref().filter(|found| found.state != DELETED) {
            let stays = around.has_other_providers || !is_deleted;
            let uses = uses.or(stays.then(|| "it has a provider that stays".to_owned()));
            removal.delete(Step::DeletePool, &format!("the pool `{pool}`"), &found.description, uses);
        }
        if let Some(description) = &around.account_description {
            let uses = match (others.is_empty(), around.has_user_keys) {
                (true, false) => None,
                (true, true) => Some("somebody has made keys of it"),
                (false, _) => Some("others have roles on it"),
            };
            let name = format!("the service account `{}`", desired.service_account);
            removal.delete(Step::DeleteServiceAccount, &name, description, uses.map(str::to_owned));
        }
        removal
    }

    /// Whether it is deleted.
    fn delete(&mut self, step: Step, name: &str, description: &str, uses: Option<String>) -> bool {
        let is_ours = description == MADE_HERE;
        let reason = if is_ours { uses } else { Some("it was not made by `rolebridge setup`".to_owned()) };
        let Some(reason) = reason else {
            self.steps.push(step);
            return true;
        };
        self.notes.push(format!("{name} stays: {reason}"));
        false
    }
}

/// Whether a member of a policy is an identity, or many, of the pool.
pub(super) fn is_of_pool(desired: &Desired, member: &str) -> bool {
    member.contains(&format!("://iam.googleapis.com/{}/", desired.pool_name()))
}

/// Every role that somebody has on the service account.
fn members(found: &Found) -> impl Iterator<Item = (&String, &String)> {
    let bindings = found.bindings.iter().flatten();
    bindings.flat_map(|Binding { role, members, .. }| members.iter().map(move |member| (role, member)))
}
