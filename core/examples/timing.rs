//! Where the time of one cold mint goes: every request on one line, and what is left when nothing is waited for.
//!
//! ```console
//! $ cargo run --release --example timing -- credential.json
//!  begun    took
//!    0.2     4.9  identity
//!    0.3     2.1    PUT 169.254.169.254/latest/api/token 200
//! …
//! 46.8 ms, 46.2 of them spent waiting for answers and 0.7 on our side
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use rolebridge::{Explanation, TokenSource};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let began = now();
    let Some(file) = std::env::args_os().nth(1) else {
        eprintln!("usage: timing CREDENTIAL_FILE");
        return ExitCode::FAILURE;
    };
    let source = match TokenSource::from_file(file) {
        Ok(source) => source,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let explanation = source.explain().await;
    show(&explanation, began.elapsed());
    match explanation.result {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error in step {}: {error}", error.step().name());
            ExitCode::FAILURE
        }
    }
}

fn show(explanation: &Explanation, whole: Duration) {
    println!("{:>6}  {:>6}", "begun", "took");
    for step in &explanation.steps {
        println!("{:6.1}  {:6.1}  {}", milliseconds(step.begun), milliseconds(step.took), step.step.name());
        for request in &step.requests {
            let outcome = request.outcome.as_ref().map_or_else(Clone::clone, ToString::to_string);
            let (begun, took) = (milliseconds(request.begun), milliseconds(request.took));
            println!("{begun:6.1}  {took:6.1}    {} {}{} {outcome}", request.method, request.host, request.path);
        }
    }
    let waited = waited(explanation);
    let (whole, waited, own) = (milliseconds(whole), milliseconds(waited), milliseconds(whole.saturating_sub(waited)));
    println!("{whole:.1} ms, {waited:.1} of them spent waiting for answers and {own:.1} on our side");
}

/// The time in which at least one request was under way.
fn waited(explanation: &Explanation) -> Duration {
    let (mut waited, mut end) = (Duration::ZERO, Duration::ZERO);
    // In the order in which they began.
    for request in explanation.steps.iter().flat_map(|step| &step.requests) {
        let request_end = request.begun + request.took;
        waited += request_end.saturating_sub(request.begun.max(end));
        end = end.max(request_end);
    }
    waited
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[expect(clippy::disallowed_methods, reason = "a program's clock is its own")]
fn now() -> Instant {
    Instant::now()
}
