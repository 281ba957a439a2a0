//! The exit codes: what a script learns of a run.

use std::process::ExitCode;

/// How a run ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// A service refused it or did not answer, there is no AWS identity here, or a check found something wrong.
    Failed = 1,
    /// The arguments are wrong. Nothing was sent, read or written.
    Usage = 2,
    /// A file cannot be read or written, or the credential file is wrong. Nothing was sent.
    File = 3,
    /// Somebody pressed Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// The number that the system is told.
    pub const fn code(self) -> u8 {
        self as u8
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
