//! What a person is told of a metadata server's answers.

use crate::error::Failure;
use crate::io::Io;
use crate::metadata::Answered;
use crate::source;
use rolebridge::TokenSource;
use rolebridge::binding;

/// Tells a failure once, however often a library asks again, until something is answered well.
pub(crate) struct Watch<'s> {
    source: &'s TokenSource,
    told: Option<String>,
}

impl Watch<'_> {
    pub(crate) fn new(source: &TokenSource) -> Watch<'_> {
        Watch { source, told: None }
    }

    /// What somebody asked of the server.
    pub(crate) fn saw(&mut self, answered: Answered, io: &mut Io<'_>) {
        io.detail(&answered.line);
        match answered.failure {
            Some(failure) => self.failed(&failure, io),
            None if answered.status.is_success() => self.told = None,
            None => {}
        }
        source::tell(&binding::flight_reports(self.source), io);
    }

    /// How it went with what is kept beside the server.
    pub(crate) fn kept(&mut self, kept: Result<(), Failure>, io: &mut Io<'_>) {
        if let Err(failure) = kept {
            self.failed(&failure, io);
        }
        source::tell(&binding::flight_reports(self.source), io);
    }

    fn failed(&mut self, failure: &Failure, io: &mut Io<'_>) {
        let sentence = failure.sentence().map(str::to_owned);
        if self.told != sentence {
            io.fail(failure);
            self.told = sentence;
        }
    }
}
