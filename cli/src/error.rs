//! What ends a run early: one sentence, a hint, and the exit code that goes with them.

use crate::exit::Exit;
use crate::io::{HINT, Io, WRONG};
use rolebridge::Kind;
use std::path::Path;
use std::{fmt, io};

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

    /// A file that could not be read or written: `what` is the verb.
    pub(crate) fn file(what: &str, path: &Path, cause: &io::Error) -> Failure {
        let failure = Failure::new(Exit::File, format!("`{}` cannot be {what}: {}", path.display(), reason(cause)));
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.hinting("make room on that disk, or name a file on another; nothing was left half-written")
            }
            io::ErrorKind::NotFound if what == "written" => failure.hinting("make its folder first, or name another"),
            io::ErrorKind::NotFound => failure.hinting("look at the spelling, and from which folder the path counts"),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                failure.hinting("name a file in a folder that is yours, or run as who owns this one")
            }
            _ => failure,
        }
    }

    /// Standard output that does not take what is written to it.
    pub(crate) fn output(cause: &io::Error) -> Failure {
        match cause.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::new(Exit::File, format!("standard output cannot be written: {}", reason(cause)))
                .hinting("look at where the output is sent: the disk may be full"),
        }
    }

    /// What to do next, without a full stop.
    pub(crate) fn hinting(mut self, text: impl Into<String>) -> Failure {
        if let Failure::Told { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }

    /// Tells it on standard error, and gives the exit code.
    pub(crate) fn tell(&self, io: &mut Io<'_>) -> Exit {
        let Failure::Told { exit, message, hint } = self else { return Exit::Done };
        io.tell(format_args!("{WRONG}error:{WRONG:#} {message}"));
        if let Some(hint) = hint {
            io.tell(format_args!("{HINT}hint:{HINT:#} {hint}"));
        }
        *exit
    }
}

impl From<rolebridge::Error> for Failure {
    fn from(error: rolebridge::Error) -> Failure {
        let exit = if error.kind() == Kind::Config { Exit::File } else { Exit::Failed };
        Failure::Told { exit, message: error.message().to_owned(), hint: error.hint().map(str::to_owned) }
    }
}

/// The system's words without its number.
fn reason(cause: &io::Error) -> impl fmt::Display {
    let text = cause.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    words.to_lowercase()
}
