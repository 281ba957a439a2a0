//! `rolebridge config check`: whether a credential file is right, and what each member of it says.

use crate::environment::Variables;
use crate::error::{Failure, printable};
use crate::exit::{self, Exit};
use crate::io::{Io, NAME};
use rolebridge::TokenSource;
use serde_json::{Map, Value};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Check a credential file with no request, and explain each member of it.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Example:
  rolebridge config check credential.json

{}", exit::HELP))]
pub(crate) struct Arguments {
    /// The credential file; `-` is standard input.
    file: PathBuf,
}

/// What each member is for.
const MEMBERS: &[(&str, &str)] = &[
    ("audience", "The provider to which the AWS identity is shown."),
    ("client_id", "The OAuth client that asks Google STS."),
    ("credential_source", "Where the AWS identity comes from."),
    ("credential_source.environment_id", "AWS, in the first version of this format."),
    (
        "credential_source.imdsv2_session_token_url",
        "Where Google's libraries begin a session of IMDSv2; Rolebridge asks IMDSv2 first in any case.",
    ),
    (
        "credential_source.region_url",
        "Where an instance is asked for its region, if no variable and no profile names one.",
    ),
    (
        "credential_source.regional_cred_verification_url",
        "The request that the workload signs and Google sends to AWS STS, which answers who signed it.",
    ),
    ("credential_source.url", "Where an instance is asked for its role's keys, if nothing else gives keys."),
    ("project_id", "The project, for clients that ask the credential for one."),
    ("quota_project_id", "The project that pays for quota, named in the header x-goog-user-project."),
    ("service_account_impersonation", "Options of the impersonation."),
    ("service_account_impersonation.token_lifetime_seconds", "How many seconds each access token lives."),
    ("service_account_impersonation_url", "Where the federated token becomes an access token of this service account."),
    ("subject_token_type", "What is shown to Google STS: a signed request to AWS STS."),
    ("token_info_url", "Where Google's tools ask about a token; Rolebridge does not."),
    ("token_url", "Google STS, which gives a federated token for the AWS identity."),
    ("type", "An identity from outside Google, in place of a key."),
    ("universe_domain", "The universe of Google Cloud; the program or its environment must name the same."),
];

pub(super) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let builder = TokenSource::builder().environment(environment.snapshot());
    let path = arguments.file.as_path();
    let (source, text) = if path == Path::new("-") {
        let text = io.read().map_err(|cause| Failure::unreadable(path, &cause))?;
        (builder.json(text.as_str()).build()?, text)
    } else {
        // Core refuses what is no file of a credential's size.
        let source = builder.file(path).build()?;
        (source, fs::read_to_string(path).map_err(|cause| Failure::unreadable(path, &cause))?)
    };
    let file: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|_| Failure::new(Exit::File, format!("`{}` changed while it was read", path.display())))?;

    let mut explained = String::new();
    explain(&file, "", &mut explained);
    io.data(explained)?;
    io.say(match source.service_account() {
        Some(account) => format!("The file is right: it gives tokens of `{account}`."),
        None => "The file is right: it names no service account, so access is direct.".to_owned(),
    });
    Ok(())
}

fn explain(members: &Map<String, Value>, path: &str, text: &mut String) {
    for (name, value) in members {
        let name = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let about = MEMBERS.iter().find(|(known, _)| *known == name).map(|(_, about)| *about);
        // Only what is known to be no secret is shown.
        let shown = match (about, value) {
            (Some(_), Value::String(text)) => format!(": {text}"),
            (Some(_), Value::Number(number)) => format!(": {number}"),
            _ => String::new(),
        };
        let about = match name.as_str() {
            "client_secret" => "The OAuth client's secret, which is not shown.",
            _ => about.unwrap_or("Rolebridge does not read this."),
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{NAME}{}{NAME:#}{}\n  {about}", printable(&name), printable(&shown));
        if let Value::Object(inner) = value {
            explain(inner, &name, text);
        }
    }
}
