//! `rolebridge setup`: lets roles of an AWS account act as a service account of Google Cloud.

mod administrator;
mod apply;
mod call;
mod cloud;
mod formats;
mod patience;
mod plan;
mod removal;
mod step;

use crate::commands::config::create;
use crate::environment::Variables;
use crate::error::Failure;
use crate::exit::{self, Exit};
use crate::files;
use crate::ids::{self, Provider};
use crate::io::Io;
use administrator::Administrator;
use cloud::{Cloud, Services};
use formats::Format;
use plan::{Desired, Found, Plan};
use removal::Removal;
use std::path::PathBuf;

/// Let roles of an AWS account act as a service account: plan it, do it, check it,
/// or undo it.
///
/// Nothing is changed without --apply. With an access token, the plan is of what
/// is left to do; without one, of everything.
#[derive(Debug, clap::Args)]
#[command(override_usage = "rolebridge setup --project ID --aws-account NUMBER --aws-role NAME
                        --service-account EMAIL [OPTIONS]")]
#[command(after_help = format!("Examples:
  rolebridge setup --project my-project --aws-account 111122223333 \\
    --aws-role bigquery-role \\
    --service-account reader@my-project.iam.gserviceaccount.com \\
    --apply --output-file credential.json

The token is that of --access-token-file, CLOUDSDK_AUTH_ACCESS_TOKEN,
GOOGLE_OAUTH_ACCESS_TOKEN, or gcloud's application-default login.

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
    /// An attribute and the CEL that makes it, in place of Google's mapping; may
    /// be given several times.
    #[arg(long = "attribute-mapping", value_name = "NAME=CEL", value_parser = ids::attribute)]
    attributes: Vec<(String, String)>,
    /// Which identities the provider lets in at all; '' lets all of them in, and
    /// without this option the provider's condition stays as it is.
    #[arg(long, value_name = "CEL", value_parser = ids::condition)]
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
    /// Change what is there and not as wanted.
    #[arg(long, conflicts_with_all = ["check", "remove"])]
    replace: bool,
    /// Tell what is missing, not as wanted, or too loose.
    #[arg(long, conflicts_with = "format")]
    check: bool,
    /// Undo it: the roles that are named may act as the service account no more,
    /// and what was made here is deleted where nobody else uses it.
    #[arg(long, conflicts_with_all = ["check", "output_file"])]
    remove: bool,
    /// Where --apply writes the credential file.
    #[arg(long, value_name = "FILE", requires = "apply")]
    output_file: Option<PathBuf>,
    /// A file that holds an administrator's access token.
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    check_arguments(arguments)?;
    let Some(administrator) = administrator(arguments, environment, io)? else {
        return plan_of_everything(arguments, io);
    };
    let mut cloud = Cloud::new(environment.snapshot(), administrator);
    let services = cloud.services(&arguments.project)?;
    let desired = desired(arguments, checked_number(arguments, &services)?);
    if arguments.remove {
        return remove(arguments, &desired, &mut cloud, &services, io);
    }
    if !arguments.apply && !services.has_iam() {
        io.say("note: IAM's API is not enabled, so nothing of it can be read, and all of it counts as missing.");
    }
    let found = cloud.read(&desired)?;
    say_notes(desired.notes().into_iter().chain(plan::notes(&desired, &found)), io);
    let plan = |found: &Found| Plan::new(&desired, found, arguments.replace);
    if arguments.check {
        return check(&desired, &found, io);
    }
    if !arguments.apply {
        return show(arguments, &desired, plan(&found), io);
    }
    apply::apply(&desired, &mut cloud, io, |cloud| Ok(plan(&cloud.read(&desired)?)))?;
    let Some(path) = &arguments.output_file else { return Ok(()) };
    files::write(path, &create::impersonating(desired.provider.clone(), &desired.service_account)?)?;
    io.say(format_args!("The credential file is written to `{}`.", path.display()));
    Ok(())
}

/// As whom Google is asked; none where only a plan of everything is wanted or can be had.
fn administrator(
    arguments: &Arguments,
    environment: &Variables,
    io: &mut Io<'_>,
) -> Result<Option<Administrator>, Failure> {
    if let Some(named) = Administrator::named(arguments.access_token_file.as_deref(), environment)? {
        return Ok(Some(named));
    }
    let asks = arguments.apply || arguments.check || arguments.remove;
    match Administrator::logged_in(&arguments.project, environment) {
        Ok(None) if asks => Err(Administrator::missing()),
        // The plan of everything needs nobody's login.
        Err(failure) if !asks && arguments.project_number.is_some() => {
            io.say(format_args!("note: {}; the plan is of everything.", failure.sentence().unwrap_or_default()));
            Ok(None)
        }
        found => found,
    }
}

fn plan_of_everything(arguments: &Arguments, io: &mut Io<'_>) -> Result<(), Failure> {
    let number = arguments.project_number.clone().ok_or_else(|| {
        let project = &arguments.project;
        Failure::usage("the project's number is needed where Google is not asked for it").hinting(format!(
            "`gcloud projects describe {project} --format='value(projectNumber)'` prints it for --project-number"
        ))
    })?;
    let desired = desired(arguments, number);
    say_notes(desired.notes(), io);
    let plan = Plan::new(&desired, &Found::default(), arguments.replace);
    show(arguments, &desired, plan, io)
}

/// The project's number, which must be the one that was given, if one was.
fn checked_number(arguments: &Arguments, services: &Services) -> Result<String, Failure> {
    let number = &services.project_number;
    match arguments.project_number.as_ref().filter(|given| *given != number) {
        None => Ok(number.clone()),
        Some(given) => Err(Failure::usage(format!("the number of `{}` is {number}, not {given}", arguments.project))
            .hinting("leave --project-number out")),
    }
}

fn remove(
    arguments: &Arguments,
    desired: &Desired,
    cloud: &mut Cloud,
    services: &Services,
    io: &mut Io<'_>,
) -> Result<(), Failure> {
    if !services.has_iam() {
        let project = &arguments.project;
        return Err(Failure::new(
            Exit::Failed,
            "IAM's API is not enabled, so nothing that is there can be seen or removed",
        )
        .hinting(format!("`gcloud services enable iam.googleapis.com --project={project}` enables it")));
    }
    let look = |cloud: &Cloud| {
        let found = cloud.read(desired)?;
        Ok(Removal::new(desired, &found, &cloud.read_around(desired, &found)?))
    };
    let plan = |removal: Removal| Plan { steps: removal.steps, conflicts: Vec::new() };
    let removal = look(cloud)?;
    say_notes(removal.notes.iter().map(|note| format!("{note}.")), io);
    io.say(
        "note: APIs stay enabled, and credential files stay where they are. Policies of other resources and projects are \
         not looked at, nor what runs as the service account.",
    );
    if !arguments.apply {
        return show(arguments, desired, plan(removal), io);
    }
    apply::apply(desired, cloud, io, |cloud| look(cloud).map(plan))
}

fn say_notes(notes: impl IntoIterator<Item = String>, io: &mut Io<'_>) {
    for note in notes {
        io.say(format_args!("note: {note}"));
    }
}

/// What clap does not see.
fn check_arguments(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.remove && matches!(arguments.format, Format::Terraform) {
        return Err(Failure::usage("the file of Terraform is always of a whole set-up, and removes nothing")
            .hinting("`terraform destroy` undoes what Terraform made"));
    }
    let names: Vec<_> = arguments.attributes.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    if let Some(twice) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
        return Err(
            Failure::usage(format!("the attribute `{}` is mapped twice", twice.1)).hinting("leave one of them out")
        );
    }
    let missing = [
        (plan::SUBJECT, "which Google wants", "add --attribute-mapping google.subject=assertion.arn"),
        (plan::ROLE_ATTRIBUTE, "by which the roles are bound", "add --attribute-mapping attribute.aws_role=…"),
    ];
    match missing.iter().find(|(name, _, _)| !names.contains(name)) {
        Some((name, why, hint)) => Err(Failure::usage(format!("the mapping has no `{name}`, {why}")).hinting(*hint)),
        None => Ok(()),
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
        mapping: (!arguments.attributes.is_empty()).then(|| arguments.attributes.iter().cloned().collect()),
        condition: arguments.attribute_condition.clone(),
        service_account: arguments.service_account.clone(),
    }
}

fn show(arguments: &Arguments, desired: &Desired, plan: Plan, io: &mut Io<'_>) -> Result<(), Failure> {
    say_notes(plan.conflicts.into_iter().map(|conflict| conflict.sentence), io);
    if plan.steps.is_empty() {
        io.say("Nothing is left to do.");
    }
    io.data(arguments.format.show(desired, &plan.steps))
}

fn check(desired: &Desired, found: &Found, io: &mut Io<'_>) -> Result<(), Failure> {
    let plan = Plan::new(desired, found, false);
    let missing = plan.steps.iter().map(|step| format!("missing: {step}"));
    let different = plan.conflicts.iter().map(|conflict| format!("different: {}", conflict.sentence));
    let loose = plan::loose(desired, found).into_iter().map(|loose| format!("loose: {loose}"));
    let lines: Vec<_> = missing.chain(different).chain(loose).collect();
    for line in &lines {
        io.data(format_args!("{line}\n"))?;
    }
    if let Some(provider) = found.provider.as_ref().filter(|provider| provider.attribute_condition.is_empty()) {
        io.say(format_args!(
            "note: the provider has no condition: Google STS gives every identity of the account {} a federated token, \
             and bindings alone decide what it opens.",
            provider.aws.account_id
        ));
    }
    if lines.is_empty() {
        io.say("It is set up as wanted.");
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, "the set-up is not as wanted").hinting(
        "`rolebridge setup --apply` does what is missing, with `--replace` it changes what is different, and what is \
         loose is never touched",
    ))
}
