//! The plan as commands of the gcloud CLI.

use super::quoted;
use crate::commands::setup::plan::{Desired, MADE_HERE, Mapping, ROLE};
use crate::commands::setup::step::{Change, Step};

pub(super) fn show(desired: &Desired, steps: &[Step]) -> String {
    steps.iter().flat_map(|step| commands(desired, step)).map(|command| format!("gcloud {command}\n")).collect()
}

fn commands(desired: &Desired, step: &Step) -> Vec<String> {
    let Desired { project, account, service_account, .. } = desired;
    let (pool, provider) = (&desired.provider.pool, &desired.provider.id);
    let pools = "iam workload-identity-pools";
    let place = format!("--project={project} --location=global");
    let in_pool = format!("{place} --workload-identity-pool={pool}");
    let made = format!("--description={}", quoted(MADE_HERE));
    vec![match step {
        Step::EnableServices(services) => format!("services enable {} --project={project}", services.join(" ")),
        Step::CreatePool => format!("{pools} create {pool} {place} --display-name=AWS {made}"),
        Step::EnablePool => format!("{pools} update {pool} {place} --no-disabled"),
        Step::UndeletePool => format!("{pools} undelete {pool} {place}"),
        Step::CreateProvider => {
            let condition = desired.condition.as_ref().filter(|condition| !condition.is_empty());
            let options = [condition.map(|_| Change::Condition), desired.mapping.as_ref().map(|_| Change::Mapping)];
            let options: String = options.into_iter().flatten().map(|change| option(desired, change)).collect();
            format!("{pools} providers create-aws {provider} {in_pool} --account-id={account} {made}{options}")
        }
        Step::UpdateProvider(changes) => {
            let options: String = changes.iter().map(|change| option(desired, *change)).collect();
            format!("{pools} providers update-aws {provider} {in_pool}{options}")
        }
        Step::UndeleteProvider => format!("{pools} providers undelete {provider} {in_pool}"),
        Step::CreateServiceAccount => {
            format!("iam service-accounts create {} --project={project} {made}", desired.account_id())
        }
        Step::Bind(members) => {
            return members.iter().map(|member| binding(desired, "add", member)).collect();
        }
        Step::Unbind(members) => {
            return members.iter().map(|member| binding(desired, "remove", member)).collect();
        }
        Step::DeleteProvider => format!("{pools} providers delete {provider} {in_pool} --quiet"),
        Step::DeletePool => format!("{pools} delete {pool} {place} --quiet"),
        Step::DeleteServiceAccount => {
            format!("iam service-accounts delete {service_account} --project={project} --quiet")
        }
    }]
}

fn binding(desired: &Desired, verb: &str, member: &str) -> String {
    let Desired { project, service_account, .. } = desired;
    let binding = format!("--role={ROLE} --member={} --condition=None", quoted(member));
    format!("iam service-accounts {verb}-iam-policy-binding {service_account} --project={project} {binding}")
}

/// A property of a provider, as create-aws and update-aws take it.
fn option(desired: &Desired, change: Change) -> String {
    match change {
        Change::Account => format!(" --account-id={}", desired.account),
        Change::Condition => {
            format!(" --attribute-condition={}", quoted(desired.condition.as_deref().unwrap_or_default()))
        }
        Change::Mapping => format!(" --attribute-mapping={}", quoted(&joined(&desired.whole_mapping()))),
        Change::Enabled => " --no-disabled".to_owned(),
    }
}

/// With commas, or where an expression has one, with what none has, as `gcloud topic escaping` says.
fn joined(mapping: &Mapping) -> String {
    let pairs: Vec<_> = mapping.iter().map(|(name, expression)| format!("{name}={expression}")).collect();
    let is_free = |separator: &&str| !pairs.iter().any(|pair| pair.contains(*separator));
    match [",", ";", "|", "#", "@@"].into_iter().find(is_free).unwrap_or("@@") {
        "," => pairs.join(","),
        separator => format!("^{separator}^{}", pairs.join(separator)),
    }
}
