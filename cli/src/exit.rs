//! The exit codes: what a script learns of a run.

use rolebridge::{Error, Kind};
use std::process::ExitCode;

/// How a run ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Done,
    /// A service refused it or did not answer, there is no AWS identity here, or a check found something wrong.
    Failed,
    /// The arguments are wrong. Nothing was sent, read or written.
    Usage,
    /// A file cannot be read or written, or the credential file is wrong. Nothing was sent.
    File,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The command of `exec` is there and cannot be run.
    CannotRun,
    /// The command of `exec` is not found.
    NotFound,
    /// The command of `exec` ended with this, or by the signal that is 128 less.
    Command(u8),
}

impl Exit {
    /// What core says, as the end of a run.
    pub(crate) fn of(error: &Error) -> Exit {
        if error.kind() == Kind::Config { Exit::File } else { Exit::Failed }
    }

    /// The number that the system is told.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::File => 3,
            Exit::CannotRun => 126,
            Exit::NotFound => 127,
            Exit::Interrupted => 130,
            Exit::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The end of every page of help.
pub(crate) const HELP: &str = "\
Exit codes: 0 done; 1 refused, unanswered or found wrong; 2 wrong arguments;
3 a file that is wrong, unreadable or unwritable; 130 interrupted.";
