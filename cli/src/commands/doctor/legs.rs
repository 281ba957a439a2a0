//! The legs of the way to a token, tried: what each is called, how it ended, and what it showed.

use super::Arguments;
use crate::environment::Variables;
use crate::error::Failure;
use crate::exit::Exit;
use crate::ids::Provider;
use crate::io::Io;
use crate::source;
use rolebridge::binding::{self, FlightReport, Level, Workload};
use rolebridge::{Error, Explanation, Step, StepReport, TokenSource};
use std::time::SystemTime;

/// What the service account is asked to sign.
const PAYLOAD: &[u8] = b"rolebridge doctor";
/// The leg of which a step of core's, the identity, tells no end of its own.
const REGION: &str = "region";
/// AWS refuses what was signed five minutes before or after its time: from a minute on, somebody should know.
const SKEW_TO_WARN_OF: i64 = 60;
/// Google's limit for what an identity is mapped to.
const LONGEST_SUBJECT: usize = 127;

/// One leg that was tried.
pub(super) struct Leg {
    pub(super) name: &'static str,
    pub(super) end: End,
    pub(super) detail: String,
    pub(super) warnings: Vec<String>,
}

/// How a leg ended.
pub(super) enum End {
    Passed,
    /// Nobody told, and the way goes on without it.
    Unknown,
    Failed(Error),
}

impl Leg {
    fn passed(name: &'static str, detail: impl Into<String>) -> Leg {
        Leg { name, end: End::Passed, detail: detail.into(), warnings: Vec::new() }
    }

    fn unknown(name: &'static str, detail: impl Into<String>) -> Leg {
        Leg { end: End::Unknown, ..Leg::passed(name, detail) }
    }

    fn failed(error: Error) -> Leg {
        let name = match error.field() {
            Some("audience") => "audience",
            _ if binding::is_of_region(&error) => REGION,
            _ => error.step().name(),
        };
        Leg { end: End::Failed(error), ..Leg::passed(name, "") }
    }

    pub(super) fn error(&self) -> Option<&Error> {
        match &self.end {
            End::Failed(error) => Some(error),
            End::Passed | End::Unknown => None,
        }
    }
}

/// The legs up to the first that fails.
pub(super) fn examine(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<Vec<Leg>, Failure> {
    let mut legs = vec![of_environment(environment)];
    match try_all(arguments, environment, io, &mut legs) {
        Err(Stop::Leg(error)) => legs.push(Leg::failed(error)),
        Err(Stop::Run(failure)) => return Err(failure),
        Ok(()) => {}
    }
    Ok(legs)
}

/// Why no other leg is tried.
enum Stop {
    Leg(Error),
    Run(Failure),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Leg(error)
    }
}

fn try_all(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>, legs: &mut Vec<Leg>) -> Result<(), Stop> {
    let snapshot = environment.snapshot();
    let builder = TokenSource::builder().environment(snapshot.clone());
    let source = match &arguments.credential_file {
        Some(file) => builder.file(file),
        None => builder,
    }
    .build()?;
    legs.extend(of_file(&source));
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|cause| {
        Stop::Run(Failure::new(Exit::Failed, format!("this process cannot wait for a token: {cause}")))
    })?;
    let (explanation, workload) = runtime.block_on(binding::examine(&source, &snapshot));
    let Explanation { steps, result, .. } = explanation;
    for step in steps {
        let warnings = told(&step, io);
        if step.error.is_none() {
            let is_identity = step.step == Step::Identity;
            legs.push(Leg { warnings, ..of_step(&step, workload.as_ref()) });
            legs.extend(workload.iter().filter(|_| is_identity).flat_map(of_workload));
        }
    }
    result?;
    if let Some(audience) = &arguments.id_token {
        let Explanation { steps, result, .. } =
            runtime.block_on(binding::id_tokens(&source, audience, true)?.explain());
        // The steps before have had their warnings.
        steps.iter().for_each(|step| drop(told(step, io)));
        result?;
        legs.push(Leg::passed(Step::IdToken.name(), format!("an ID token for {audience}")));
    }
    if arguments.sign {
        let signature = binding::sign(&source, PAYLOAD, &snapshot).block();
        for report in binding::flight_reports(&source) {
            report.steps.iter().for_each(|step| drop(told(step, io)));
        }
        let signature = signature?;
        legs.push(Leg::passed(Step::Signing.name(), format!("signed with the key {}", signature.key_id())));
    }
    Ok(())
}

/// Names only: a value may be a key.
fn of_environment(environment: &Variables) -> Leg {
    let names: Vec<_> = binding::variables(&environment.snapshot()).collect();
    let detail = if names.is_empty() { "no variable that is read is set".to_owned() } else { names.join(", ") };
    Leg::passed("environment", detail)
}

fn of_file(source: &TokenSource) -> [Leg; 2] {
    let Provider { project_number, pool, id } = source::provider(source);
    let account = source.service_account().unwrap_or("no service account: access is direct");
    [
        Leg::passed(Step::Config.name(), account),
        Leg::passed("audience", format!("project {project_number}, pool {pool}, provider {id}")),
    ]
}

/// The warnings of a step; its requests are told to whoever wants them.
fn told(step: &StepReport, io: &mut Io<'_>) -> Vec<String> {
    let steps = vec![step.clone()];
    let report = FlightReport { begun_at: SystemTime::UNIX_EPOCH, steps, error: None, is_renewal: false };
    let (warnings, details): (Vec<_>, Vec<_>) =
        report.records().into_iter().partition(|record| record.level == Level::Warning);
    details.into_iter().for_each(|record| io.detail(record.message));
    warnings.into_iter().map(|record| record.message).collect()
}

fn of_step(step: &StepReport, workload: Option<&Workload>) -> Leg {
    let detail = match (step.step, workload, step.requests.last()) {
        (Step::Identity, Some(workload), _) => workload.keys.clone(),
        (_, _, Some(request)) => format!("{} answered", request.host),
        (_, _, None) => String::new(),
    };
    Leg::passed(step.step.name(), detail)
}

/// A provider may have a mapping of its own, which gives a shorter one.
fn subject(length: usize) -> Leg {
    let detail = format!("the caller, by the default mapping; {length} of {LONGEST_SUBJECT} bytes");
    if length > LONGEST_SUBJECT {
        Leg::unknown("google.subject", detail)
    } else {
        Leg::passed("google.subject", detail)
    }
}

fn skew_warning() -> String {
    "AWS refuses what is signed more than five minutes before or after its own time: let this machine's clock follow a \
     time server"
        .to_owned()
}

/// What AWS knows of the workload, and Google will see of it.
fn of_workload(workload: &Workload) -> Vec<Leg> {
    let clock = match workload.clock_skew_seconds {
        None => Leg::unknown("clock", "AWS STS did not tell the time"),
        Some(-1..=1) => Leg::passed("clock", "that of AWS"),
        Some(seconds) => {
            let side = if seconds > 0 { "behind" } else { "ahead of" };
            let leg = Leg::passed("clock", format!("{} s {side} AWS's", seconds.unsigned_abs()));
            Leg { warnings: (seconds.abs() >= SKEW_TO_WARN_OF).then(skew_warning).into_iter().collect(), ..leg }
        }
    };
    let mut legs = vec![Leg::passed(REGION, workload.region.as_str()), clock];
    match (&workload.arn, workload.google_attribute()) {
        (Ok(arn), Some(role)) => legs.extend([
            Leg::passed("caller", arn.as_str()),
            Leg::passed("attribute.aws_role", role),
            subject(arn.len()),
        ]),
        (Err(error), _) => legs.push(Leg::unknown("caller", error.message())),
        (Ok(arn), None) => legs.push(Leg::passed("caller", arn.as_str())),
    }
    legs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_that_is_too_long_has_no_tick() {
        assert!(matches!(subject(127).end, End::Passed));
        assert!(matches!(subject(128).end, End::Unknown));
    }
}
