//! The plan as commands of the gcloud CLI.

use super::quoted;
use crate::commands::setup::plan::{Desired, ROLE, Step};

pub(super) fn show(desired: &Desired, steps: &[Step]) -> String {
    steps.iter().flat_map(|step| commands(desired, step)).map(|command| format!("gcloud {command}\n")).collect()
}

fn commands(desired: &Desired, step: &Step) -> Vec<String> {
    let Desired { project, account, service_account, .. } = desired;
    let (pool, provider) = (&desired.provider.pool, &desired.provider.id);
    let pools = "iam workload-identity-pools";
    let place = format!("--project={project} --location=global");
    let in_pool = format!("{place} --workload-identity-pool={pool}");
    vec![match step {
        Step::EnableServices(services) => format!("services enable {} --project={project}", services.join(" ")),
        Step::CreatePool => format!("{pools} create {pool} {place} --display-name=AWS"),
        Step::UndeletePool => format!("{pools} undelete {pool} {place}"),
        Step::CreateProvider => {
            let condition = desired.condition.as_deref().map(quoted);
            let condition = condition.map_or_else(String::new, |text| format!(" --attribute-condition={text}"));
            format!("{pools} providers create-aws {provider} {in_pool} --account-id={account}{condition}")
        }
        Step::UndeleteProvider => format!("{pools} providers undelete {provider} {in_pool}"),
        Step::CreateServiceAccount => {
            format!("iam service-accounts create {} --project={project}", desired.account_id())
        }
        Step::Bind(members) => {
            let bind = |member: &String| {
                let binding = format!("--role={ROLE} --member={} --condition=None", quoted(member));
                format!("iam service-accounts add-iam-policy-binding {service_account} --project={project} {binding}")
            };
            return members.iter().map(bind).collect();
        }
    }]
}
