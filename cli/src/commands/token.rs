//! `rolebridge token`: a token on standard output.

mod timing;

use crate::environment::Variables;
use crate::error::Failure;
use crate::exit;
use crate::io::Io;
use crate::source;
use clap::builder::NonEmptyStringValueParser;
use rolebridge::binding;
use rolebridge::{Token, TokenSource};
use serde_json::json;
use std::path::PathBuf;

/// Print an access token of Google Cloud, or an ID token.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("Examples:
  rolebridge token --credential-file credential.json
  rolebridge token --header | curl -H @- https://storage.googleapis.com/…
  rolebridge token --id-token https://my-service.run.app
  rolebridge token --json --timing

{}", exit::HELP))]
pub(crate) struct Arguments {
    /// The credential file, in place of the one that ROLEBRIDGE_CREDENTIALS
    /// or GOOGLE_APPLICATION_CREDENTIALS names.
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// What the token is good for, in place of cloud-platform.
    #[arg(long, value_name = "SCOPE,…", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    scopes: Vec<String>,
    /// Print an ID token of the service account for this audience.
    #[arg(long, value_name = "AUDIENCE", conflicts_with = "scopes", value_parser = NonEmptyStringValueParser::new())]
    id_token: Option<String>,
    /// Print the token with its type and its end, as JSON.
    #[arg(long)]
    json: bool,
    /// Print the headers of a request, one a line, as `curl -H @-` reads them.
    #[arg(long, conflicts_with = "json")]
    header: bool,
    /// Tell on standard error what each step asked, when, and how long it took.
    #[arg(long)]
    timing: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Variables, io: &mut Io<'_>) -> Result<(), Failure> {
    let access_tokens = source::open(arguments.credential_file.as_deref(), &arguments.scopes, environment)?;
    let source = match &arguments.id_token {
        Some(audience) => binding::id_tokens(&access_tokens, audience, true)?,
        None => access_tokens,
    };
    let minted = if arguments.timing { timing::mint(&source, io)? } else { source::mint(&source, environment, io)? };
    io.data(shown(arguments, &source, &minted))
}

fn shown(arguments: &Arguments, source: &TokenSource, token: &Token) -> String {
    let (value, is_id) = (token.value(), arguments.id_token.is_some());
    if arguments.json {
        let name = if is_id { "id_token" } else { "access_token" };
        let end = jiff::Timestamp::try_from(token.expires_at()).unwrap_or(jiff::Timestamp::MAX);
        return format!("{}\n", json!({ name: value, "expires_at": end.to_string(), "token_type": "Bearer" }));
    }
    match (arguments.header, source.quota_project().filter(|_| !is_id)) {
        (false, _) => format!("{value}\n"),
        (true, None) => format!("authorization: Bearer {value}\n"),
        (true, Some(project)) => format!("authorization: Bearer {value}\nx-goog-user-project: {project}\n"),
    }
}
