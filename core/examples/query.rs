//! Reads a table of BigQuery: the headers of [`TokenSource::headers`] go with a request of the program's own HTTP client.
//!
//! ```console
//! $ cargo run --example query -- credential.json
//! 1 aaaaa
//! …
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use rolebridge::TokenSource;
use serde_json::{Value, json};
use std::error::Error;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match print_users().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a program's network is its own")]
async fn print_users() -> Result<(), Box<dyn Error>> {
    // Rolebridge brings its own TLS and sets nothing process-wide; a program chooses for itself.
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS was set up twice")?;

    let file = std::env::args_os().nth(1).ok_or("usage: query CREDENTIAL_FILE")?;
    let source = TokenSource::from_file(file)?;
    let project = source.project().ok_or("set GOOGLE_CLOUD_PROJECT: the credential file names no project")?;
    let question = json!({ "query": "SELECT id, name FROM mydataset.users ORDER BY id", "useLegacySql": false });
    let reply = reqwest::Client::new()
        .post(format!("https://bigquery.googleapis.com/bigquery/v2/projects/{project}/queries"))
        .headers(source.headers().await?.as_ref().clone())
        .header("content-type", "application/json")
        .body(question.to_string())
        .send()
        .await?
        .error_for_status()?;

    let answer: Value = serde_json::from_slice(&reply.bytes().await?)?;
    for row in answer["rows"].as_array().into_iter().flatten() {
        let field = |index: usize| row["f"][index]["v"].as_str().unwrap_or_default();
        println!("{} {}", field(0), field(1));
    }
    Ok(())
}
