//! The signals that a server waits for, and those that a command's parent passes on.

#[cfg(windows)]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(windows)]
pub(crate) use elsewhere::{Endings, Passed};
#[cfg(unix)]
pub(crate) use unix::{Endings, Passed};

use crate::error::{Failure, reason};
use crate::exit::Exit;
use std::io;

fn unexpectable(cause: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("this process cannot wait for signals: {}", reason(cause)))
}
