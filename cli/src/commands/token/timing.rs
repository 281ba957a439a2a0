//! The time line of one mint, for `rolebridge token --timing`.

use crate::error::Failure;
use crate::exit::Exit;
use crate::io::{Io, NAME};
use crate::source;
use rolebridge::binding::{FlightReport, Level};
use rolebridge::{Explanation, StepReport, Token, TokenSource};
use std::time::{Duration, SystemTime};

/// Mints with nothing that is cached, and tells how that went.
pub(super) fn mint(source: &TokenSource, io: &mut Io<'_>) -> Result<Token, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|cause| Failure::new(Exit::Failed, format!("this process cannot wait for a token: {cause}")))?;
    let explanation = runtime.block_on(source.explain());
    io.tell(format_args!("{NAME}{:>9} {:>9}  step and request{NAME:#}", "begun", "took"));
    for step in &explanation.steps {
        tell(step, io);
    }
    let Explanation { steps, result, .. } = explanation;
    let report = FlightReport { begun_at: SystemTime::UNIX_EPOCH, steps, error: None, is_renewal: false };
    // The time line has told everything else.
    for record in report.records().into_iter().filter(|record| record.level == Level::Warning) {
        source::warn(&record.message, io);
    }
    Ok(result?)
}

fn tell(step: &StepReport, io: &mut Io<'_>) {
    let ended = if step.error.is_some() { "failed" } else { "done" };
    io.tell(format_args!("{} {}  {NAME}{}{NAME:#} {ended}", time(step.begun), time(step.took), step.step.name()));
    for request in &step.requests {
        let outcome = match &request.outcome {
            Ok(status) => format!("answered {status}"),
            Err(why) => format!("gave no answer: {why}"),
        };
        let (method, host, path) = (&request.method, &request.host, &request.path);
        io.tell(format_args!("{} {}    {method} {host}{path} {outcome}", time(request.begun), time(request.took)));
    }
}

fn time(duration: Duration) -> String {
    format!("{:>6.1} ms", duration.as_secs_f64() * 1000.0)
}
