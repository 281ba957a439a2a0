//! `rolebridge doctor`: each leg from the credential file to the token, and what to do about the first that fails.

use crate::environment::Variables;
use crate::error::{Failure, printable};
use crate::exit::{self, Exit};
use crate::io::{HINT, Io, NAME, WRONG};
use clap::builder::NonEmptyStringValueParser;
use rolebridge::binding;
use rolebridge::{Error, Explanation, Step, StepReport, TokenSource};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Try each leg of the way to a token, and tell what to do where one fails.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Examples:
  rolebridge doctor --credential-file credential.json
  rolebridge doctor --id-token https://my-service.run.app
  rolebridge doctor --json > ticket.json

{}", exit::HELP))]
pub(crate) struct Arguments {
    /// The credential file, in place of the one that ROLEBRIDGE_CREDENTIALS
    /// or GOOGLE_APPLICATION_CREDENTIALS names.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// Ask for an ID token of the service account for this audience, too.
    #[arg(long, value_name = "AUDIENCE", value_parser = NonEmptyStringValueParser::new())]
    id_token: Option<String>,
    /// Print the legs as JSON, for a support ticket; no secret is in it.
    #[arg(long)]
    json: bool,
}

/// One leg that was tried.
struct Leg {
    step: Step,
    detail: String,
    warnings: Vec<String>,
    error: Option<Error>,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let legs = examine(arguments, environment)?;
    let shown = if arguments.json { as_json(&legs) } else { as_text(&legs, Marks::of(environment)) };
    io.data(shown)?;
    match legs.into_iter().find_map(|leg| leg.error) {
        Some(error) => Err(Failure::of(&error, Exit::Failed)),
        None => Ok(()),
    }
}

/// The legs up to the first that fails.
fn examine(arguments: &Arguments, environment: &Variables) -> Result<Vec<Leg>, Failure> {
    let mut builder = TokenSource::builder().environment(environment.snapshot());
    if let Some(file) = &arguments.credential_file {
        builder = builder.file(file);
    }
    let source = match builder.build() {
        Ok(source) => source,
        Err(error) => return Ok(vec![Leg::of_config(String::new(), Some(error))]),
    };
    let mut legs = vec![Leg::of_config(binding::audience(&source).to_owned(), None)];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|cause| Failure::new(Exit::Failed, format!("this process cannot wait for a token: {cause}")))?;
    let try_source = |source: &TokenSource, legs: &mut Vec<Leg>| {
        let Explanation { steps, result, .. } = runtime.block_on(source.explain());
        // A leg that an earlier mint has shown is not shown twice, unless it fails now.
        let is_new =
            |step: &StepReport, legs: &[Leg]| step.error.is_some() || legs.iter().all(|leg| leg.step != step.step);
        let new: Vec<_> = steps.into_iter().filter(|step| is_new(step, legs)).map(Leg::of_step).collect();
        legs.extend(new);
        if let Err(error) = result {
            // The mint's own error says more than the step's: it names the caller.
            legs.retain(|leg| leg.error.is_none());
            let step = error.step();
            legs.push(Leg { step, detail: String::new(), warnings: Vec::new(), error: Some(error) });
        }
    };
    try_source(&source, &mut legs);
    if let Some(audience) = &arguments.id_token
        && legs.iter().all(|leg| leg.error.is_none())
    {
        match binding::id_tokens(&source, audience, true) {
            Ok(id_tokens) => try_source(&id_tokens, &mut legs),
            Err(error) => {
                legs.push(Leg { step: Step::IdToken, detail: String::new(), warnings: Vec::new(), error: Some(error) })
            }
        }
    }
    Ok(legs)
}

impl Leg {
    fn of_config(detail: String, error: Option<Error>) -> Leg {
        Leg { step: Step::Config, detail, warnings: Vec::new(), error }
    }

    fn of_step(report: StepReport) -> Leg {
        let mut detail = match report.requests.last() {
            None => "nothing was asked".to_owned(),
            Some(request) => match &request.outcome {
                Ok(status) => format!("{} answered {status}", request.host),
                Err(why) => format!("{} gave no answer: {why}", request.host),
            },
        };
        if let Some(seconds) = report.clock_skew_seconds {
            detail.push_str(&format!("; AWS's clock is {seconds} s ahead of this machine's"));
        }
        Leg { step: report.step, detail, warnings: report.warnings, error: report.error }
    }
}

/// How a leg's end is shown.
struct Marks {
    passed: &'static str,
    failed: &'static str,
}

impl Marks {
    /// Ticks where the locale is of UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is set says so.
    fn of(environment: &Variables) -> Marks {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.text(name));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        match locale.contains("utf-8") || locale.contains("utf8") {
            true => Marks { passed: "✓", failed: "✗" },
            false => Marks { passed: "[ok]", failed: "[x]" },
        }
    }
}

fn as_text(legs: &[Leg], marks: Marks) -> String {
    let mut text = String::new();
    for leg in legs {
        let mark = match leg.error {
            None => format!("{HINT}{:<4}{HINT:#}", marks.passed),
            Some(_) => format!("{WRONG}{:<4}{WRONG:#}", marks.failed),
        };
        text.push_str(&match leg.detail.as_str() {
            "" => format!("{mark} {NAME}{}{NAME:#}\n", leg.step.name()),
            detail => format!("{mark} {NAME}{:<13}{NAME:#} {}\n", leg.step.name(), printable(detail)),
        });
        for warning in &leg.warnings {
            text.push_str(&format!("     warning: {}\n", printable(warning)));
        }
    }
    text
}

fn as_json(legs: &[Leg]) -> String {
    let legs: Vec<Value> = legs
        .iter()
        .map(|leg| {
            let error = leg.error.as_ref().map(|error| {
                json!({
                    "kind": error.kind().name(),
                    "message": error.message(),
                    "hint": error.hint(),
                    "status": error.status(),
                    "code": error.code(),
                })
            });
            json!({ "leg": leg.step.name(), "passed": error.is_none(), "detail": leg.detail,
                    "warnings": leg.warnings, "error": error })
        })
        .collect();
    format!("{:#}\n", json!({ "legs": legs }))
}
