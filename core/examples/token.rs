//! Whose token is it? Mints one, asks BigQuery, and says until when it is good. The token itself is shown to nobody.
//!
//! ```console
//! $ cargo run --example token -- credential.json
//! bigquery-reader@my-project.iam.gserviceaccount.com until 2026-11-24T13:31:08Z
//! ```
//!
//! `HTTPS_PROXY` and `SSL_CERT_FILE` are honoured by Rolebridge and by this program's own HTTP client alike.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use jiff::Timestamp;
use rolebridge::TokenSource;
use serde_json::{Value, json};
use std::error::Error;
use std::iter::successors;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            explain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<String, Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: token CREDENTIAL_FILE")?;
    let source = TokenSource::from_file(file)?;
    let token = source.token().await?;
    let project = source.project().ok_or("set GOOGLE_CLOUD_PROJECT: the credential file names no project")?;
    let owner = session_user(project, token.value()).await?;
    let end = Timestamp::from_second(Timestamp::try_from(token.expires_at())?.as_second())?;
    Ok(format!("{owner} until {end}"))
}

/// Whom BigQuery takes the bearer for.
///
/// <https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query>
#[expect(clippy::disallowed_methods, reason = "a program's network is its own")]
async fn session_user(project: &str, bearer: &str) -> Result<String, Box<dyn Error>> {
    // Rolebridge brings its own TLS and sets nothing process-wide; a program chooses for itself.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS was set up twice")?;
    let question = json!({ "query": "SELECT SESSION_USER()", "useLegacySql": false });
    let reply = reqwest::Client::new()
        .post(format!("https://bigquery.googleapis.com/bigquery/v2/projects/{project}/queries"))
        .bearer_auth(bearer)
        .header("content-type", "application/json")
        .body(question.to_string())
        .send()
        .await?
        .error_for_status()?;
    let answer: Value = serde_json::from_slice(&reply.bytes().await?)?;
    let user = answer["rows"][0]["f"][0]["v"].as_str();
    Ok(user.ok_or("BigQuery answered without a row")?.to_owned())
}

/// All that an error knows: in which step it happened, what to do next, and what caused it.
fn explain(error: &(dyn Error + 'static)) {
    match error.downcast_ref::<rolebridge::Error>() {
        Some(ours) => eprintln!("error in step {}: {ours}", ours.step().name()),
        None => eprintln!("error: {error}"),
    }
    for cause in successors(error.source(), |cause| (*cause).source()) {
        eprintln!("cause: {cause}");
    }
}
