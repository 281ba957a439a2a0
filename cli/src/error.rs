//! What ends a run early: one sentence, a hint, and the exit code that goes with them.

use crate::exit::Exit;
use crate::ids::Wrong;
use std::path::Path;
use std::{fmt, io};

const YOURS: &str = "name a file that is yours, or run as its owner";

/// Why a run ends.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Somebody has to be told.
    Told { exit: Exit, message: String, hint: Option<String> },
    /// Whoever read standard output went away, as `head` does: nobody is left to tell.
    NobodyReads,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure::Told { exit, message: message.into(), hint: None }
    }

    /// An argument that cannot be meant.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    /// What core says of arguments.
    pub(crate) fn of_arguments(error: &rolebridge::Error) -> Failure {
        Failure::of(error, Exit::Usage)
    }

    /// A file that could not be read.
    pub(crate) fn unreadable(path: &Path, cause: &io::Error) -> Failure {
        Failure::new(Exit::File, format!("`{}` cannot be read: {}", path.display(), reason(cause))).hinting(match cause
            .kind()
        {
            io::ErrorKind::PermissionDenied => YOURS,
            _ => "name another file",
        })
    }

    /// A file that could not be written.
    pub(crate) fn unwritable(path: &Path, cause: &io::Error) -> Failure {
        Failure::new(Exit::File, format!("`{}` cannot be written: {}", path.display(), reason(cause))).hinting(
            match cause.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "make room on that disk, or name another place"
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => YOURS,
                io::ErrorKind::NotFound => "make its folder first, or name another place",
                _ => "name another file",
            },
        )
    }

    /// Standard output that does not take what is written to it.
    pub(crate) fn output(cause: &io::Error) -> Failure {
        match cause.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::new(Exit::File, format!("standard output cannot be written: {}", reason(cause)))
                .hinting("look at where the output is sent: the disk may be full"),
        }
    }

    /// What core says, with the exit code that the command gives it.
    pub(crate) fn of(error: &rolebridge::Error, exit: Exit) -> Failure {
        Failure::Told { exit, message: error.message().to_owned(), hint: error.hint().map(str::to_owned) }
    }

    /// What to do next, without a full stop.
    pub(crate) fn hinting(mut self, text: impl Into<String>) -> Failure {
        if let Failure::Told { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    pub(crate) fn sentence(&self) -> Option<&str> {
        match self {
            Failure::Told { message, .. } => Some(message),
            Failure::NobodyReads => None,
        }
    }
}

impl From<rolebridge::Error> for Failure {
    fn from(error: rolebridge::Error) -> Failure {
        Failure::of(&error, Exit::of(&error))
    }
}

impl From<&Wrong> for Failure {
    fn from(wrong: &Wrong) -> Failure {
        Failure::usage(&*wrong.message).hinting(&*wrong.hint)
    }
}

/// An argument or a file's words are part of some sentences, and must not steer the terminal that shows them.
pub(crate) fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// The system's words without its number.
pub(crate) fn reason(cause: &io::Error) -> impl fmt::Display {
    let text = cause.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    words.to_lowercase()
}
