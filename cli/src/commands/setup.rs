//! `rolebridge setup`: lets roles of an AWS account act as a service account of Google Cloud.

mod call;
mod cloud;
mod formats;
mod plan;
mod token;

use crate::commands::config::create;
use crate::environment::Variables;
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::files;
use crate::ids::{self, Provider};
use crate::io::Io;
use cloud::Cloud;
use formats::Format;
use plan::{Desired, Found, Plan, Step};
use std::path::PathBuf;
use token::AdminToken;

/// Let roles of an AWS account act as a service account: plan it, do it, or check it.
///
/// Nothing is changed without --apply. With an access token, the plan is of what
/// is left to do; without one, of everything.
#[derive(Debug, clap::Args)]
#[command(override_usage = "rolebridge setup --project ID --aws-account NUMBER --aws-role NAME
                        --service-account EMAIL [OPTIONS]")]
#[command(after_help = format!("Examples:
  rolebridge setup --project my-project --aws-account 111122223333 \\
    --aws-role bigquery-role --service-account \\
    reader@my-project.iam.gserviceaccount.com --output-file credential.json --apply

The token is that of --access-token-file, CLOUDSDK_AUTH_ACCESS_TOKEN or
GOOGLE_OAUTH_ACCESS_TOKEN.

{}", exit::HELP))]
pub(crate) struct Arguments {
    /// The project's id.
    #[arg(long, value_name = "ID", value_parser = ids::project_id)]
    project: String,
    /// The project's number; with an access token, Google says it.
    #[arg(long, value_name = "NUMBER", value_parser = ids::project_number)]
    project_number: Option<String>,
    /// The workload identity pool.
    #[arg(long, value_name = "ID", default_value = "aws-pool", value_parser = ids::pool_id)]
    pool: String,
    /// The pool's provider.
    #[arg(long, value_name = "ID", default_value = "aws-provider", value_parser = ids::pool_id)]
    provider: String,
    /// The AWS account.
    #[arg(long, value_name = "NUMBER", value_parser = ids::account_id)]
    aws_account: String,
    /// The AWS role, without its path; may be given several times.
    #[arg(long = "aws-role", value_name = "NAME", required = true, value_parser = ids::role_name)]
    aws_roles: Vec<String>,
    /// Which identities the provider lets in at all, in CEL.
    #[arg(long, value_name = "CEL")]
    attribute_condition: Option<String>,
    /// The service account; it is made if it is not there.
    #[arg(long, value_name = "EMAIL", value_parser = ids::service_account)]
    service_account: String,
    /// What the plan is printed as.
    #[arg(long, default_value = "text")]
    format: Format,
    /// Do it.
    #[arg(long, conflicts_with_all = ["format", "check"])]
    apply: bool,
    /// Tell what is missing, not as wanted, or too loose.
    #[arg(long, conflicts_with = "format")]
    check: bool,
    /// Where --apply writes the credential file.
    #[arg(long, value_name = "FILE", requires = "apply")]
    output_file: Option<PathBuf>,
    /// A file that holds an administrator's access token.
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let token = AdminToken::find(arguments.access_token_file.as_deref(), environment)?;
    let Some(token) = token else {
        if arguments.apply || arguments.check {
            return Err(AdminToken::missing());
        }
        let number = arguments.project_number.clone().ok_or_else(|| {
            Failure::usage("the project's number is needed where Google is not asked for it").hinting(
                "`gcloud projects describe PROJECT_ID --format='value(projectNumber)'` prints it for --project-number",
            )
        })?;
        return show(arguments, &desired(arguments, number), &Found::default(), io);
    };
    let cloud = Cloud { environment: environment.snapshot(), token };
    let services = cloud.services(&arguments.project)?;
    let number = services.project_number.clone();
    if let Some(given) = arguments.project_number.as_ref().filter(|given| **given != number) {
        return Err(Failure::usage(format!("the number of `{}` is {number}, not {given}", arguments.project))
            .hinting("leave --project-number out"));
    }
    let desired = desired(arguments, number);
    if !arguments.apply && !services.has_iam() {
        io.say("note: IAM's API is not enabled, so nothing of it can be read, and all of it counts as missing.");
    }
    match (arguments.apply, arguments.check) {
        (true, _) => apply(arguments, &desired, &cloud, io),
        (_, true) => check(&desired, &cloud.read(&desired)?, io),
        _ => show(arguments, &desired, &cloud.read(&desired)?, io),
    }
}

fn desired(arguments: &Arguments, project_number: String) -> Desired {
    let (pool, id) = (arguments.pool.clone(), arguments.provider.clone());
    let mut roles = arguments.aws_roles.clone();
    roles.sort();
    roles.dedup();
    Desired {
        project: arguments.project.clone(),
        provider: Provider { project_number, pool, id },
        account: arguments.aws_account.clone(),
        roles,
        condition: arguments.attribute_condition.clone(),
        service_account: arguments.service_account.clone(),
    }
}

fn show(arguments: &Arguments, desired: &Desired, found: &Found, io: &mut Io<'_>) -> Result<(), Failure> {
    let plan = Plan::new(desired, found);
    for note in desired.notes().iter().chain(&plan.conflicts) {
        io.say(format_args!("note: {note}"));
    }
    if plan.steps.is_empty() {
        io.say("Nothing is left to do.");
    }
    io.data(arguments.format.show(desired, &plan.steps))
}

/// Takes the first step that is left, and looks again, until none is.
fn apply(arguments: &Arguments, desired: &Desired, cloud: &Cloud, io: &mut Io<'_>) -> Result<(), Failure> {
    let mut taken: Vec<Step> = Vec::new();
    for note in desired.notes() {
        io.say(format_args!("note: {note}"));
    }
    loop {
        let plan = Plan::new(desired, &cloud.read(desired)?);
        if let Some(conflict) = plan.conflicts.first() {
            return Err(Failure::new(Exit::Failed, conflict.as_str())
                .hinting("nothing that is there is changed silently: change it yourself, or choose another name"));
        }
        let Some(step) = plan.steps.into_iter().next() else { break };
        if taken.contains(&step) {
            return Err(Failure::new(Exit::Failed, format!("Google does not show yet what was done: {step}"))
                .hinting("run this again in a minute: it goes on where it was"));
        }
        io.say(format_args!("{step}"));
        cloud.take(desired, &step)?;
        taken.push(step);
    }
    if taken.is_empty() {
        io.say("Nothing is left to do.");
    }
    let Some(path) = &arguments.output_file else { return Ok(()) };
    files::write(path, &create::impersonating(desired.provider.clone(), &desired.service_account)?)?;
    io.say(format_args!("The credential file is written to `{}`.", path.display()));
    Ok(())
}

fn check(desired: &Desired, found: &Found, io: &mut Io<'_>) -> Result<(), Failure> {
    let plan = Plan::new(desired, found);
    let missing = plan.steps.iter().map(|step| format!("missing: {step}"));
    let different = plan.conflicts.iter().map(|conflict| format!("different: {conflict}"));
    let loose = plan::loose(desired, found).into_iter().map(|loose| format!("loose: {loose}"));
    let lines: Vec<_> = missing.chain(different).chain(loose).collect();
    for line in &lines {
        io.data(format_args!("{line}\n"))?;
    }
    if lines.is_empty() {
        io.say("It is set up as wanted.");
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, "the set-up is not as wanted")
        .hinting("`rolebridge setup --apply` does what is missing, and changes nothing that is different or loose"))
}
