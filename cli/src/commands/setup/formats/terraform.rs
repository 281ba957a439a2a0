//! The plan as one file of Terraform without modules: a resource for each thing that is to be made.

use crate::commands::setup::plan::{Desired, ROLE};
use crate::commands::setup::step::Step;
use std::fmt::Write;

const AFTER_IAM: &str = "  depends_on = [google_project_service.iam]\n";

pub(super) fn show(desired: &Desired, steps: &[Step]) -> String {
    let project = text(&desired.project);
    let mut file =
        "terraform {\n  required_providers {\n    google = {\n      source = \"hashicorp/google\"\n    }\n  }\n}\n"
            .to_owned();
    for step in steps {
        for (kind, name, mut members) in resources(desired, step) {
            if kind != "google_service_account_iam_member" {
                members = format!("  project = {project}\n{members}");
            }
            let _ = write!(file, "\nresource \"{kind}\" \"{name}\" {{\n{}}}\n", aligned(&members));
        }
    }
    file
}

/// The lines with the values of neighbours in one column, as `terraform fmt` writes them.
fn aligned(members: &str) -> String {
    // What opens a map or a block is in no column.
    let pair = |line| Some(line).filter(|line: &&str| !line.ends_with('{')).and_then(|line| line.split_once(" = "));
    let lines: Vec<_> = members.lines().map(|line| pair(line).ok_or(line)).collect();
    let is_neighbour = |left: &Result<_, _>, right: &Result<_, _>| left.is_ok() == right.is_ok();
    let mut text = String::new();
    for block in lines.chunk_by(is_neighbour) {
        let width = block.iter().flatten().map(|(name, _)| name.len()).max().unwrap_or_default();
        for line in block {
            let _ = match line {
                Ok((name, value)) => writeln!(text, "{name:width$} = {value}"),
                Err(other) => writeln!(text, "{other}"),
            };
        }
    }
    text
}

/// Kind, name and members of each resource of a step.
fn resources(desired: &Desired, step: &Step) -> Vec<(&'static str, String, String)> {
    let (pool, provider) = (text(&desired.provider.pool), text(&desired.provider.id));
    let one = |kind, name: &str, members: String| vec![(kind, name.to_owned(), members)];
    match step {
        Step::EnableServices(services) => {
            let resource = |service: &String| {
                let name = service.split('.').next().unwrap_or_default().to_owned();
                let members = format!("  service = {}\n  disable_on_destroy = false\n", text(service));
                ("google_project_service", name, members)
            };
            services.iter().map(resource).collect()
        }
        Step::CreatePool => {
            let members = format!("  workload_identity_pool_id = {pool}\n  display_name = \"AWS\"\n{AFTER_IAM}");
            one("google_iam_workload_identity_pool", "pool", members)
        }
        Step::CreateProvider => {
            let mut members =
                format!("  workload_identity_pool_id = {pool}\n  workload_identity_pool_provider_id = {provider}\n");
            if let Some(condition) = desired.condition.as_ref().filter(|condition| !condition.is_empty()) {
                let _ = writeln!(members, "  attribute_condition = {}", text(condition));
            }
            if let Some(mapping) = &desired.mapping {
                let pairs =
                    mapping.iter().map(|(name, expression)| format!("    {} = {}\n", text(name), text(expression)));
                let _ = write!(members, "  attribute_mapping = {{\n{}  }}\n", pairs.collect::<String>());
            }
            let _ = write!(members, "  aws {{\n    account_id = {}\n  }}\n", text(&desired.account));
            members += "  depends_on = [google_iam_workload_identity_pool.pool]\n";
            one("google_iam_workload_identity_pool_provider", "provider", members)
        }
        // One of elsewhere is there, or is made there.
        Step::CreateServiceAccount if !desired.is_of_project() => Vec::new(),
        Step::CreateServiceAccount => one(
            "google_service_account",
            "account",
            format!("  account_id = {}\n{AFTER_IAM}", text(desired.account_id())),
        ),
        Step::Bind(members) => {
            let account = format!("projects/{}/serviceAccounts/{}", desired.project, desired.service_account);
            let made = if desired.is_of_project() { ", google_service_account.account" } else { "" };
            let resource = |(index, member): (usize, &String)| {
                let members = format!(
                    "  service_account_id = {}\n  role = {}\n  member = {}\n  depends_on = \
                     [google_iam_workload_identity_pool.pool{made}]\n",
                    text(&account),
                    text(ROLE),
                    text(member)
                );
                ("google_service_account_iam_member", format!("role_{index}"), members)
            };
            members.iter().enumerate().map(resource).collect()
        }
        // From nothing on, nothing is changed or deleted.
        Step::UndeletePool
        | Step::EnablePool
        | Step::UndeleteProvider
        | Step::UpdateProvider(_)
        | Step::Unbind(_)
        | Step::DeleteProvider
        | Step::DeletePool
        | Step::DeleteServiceAccount => Vec::new(),
    }
}

/// A text of Terraform's language, in which `${` and `%{` begin a template.
fn text(plain: &str) -> String {
    let escaped = serde_json::Value::from(plain).to_string();
    escaped.replace("${", "$${").replace("%{", "%%{")
}
