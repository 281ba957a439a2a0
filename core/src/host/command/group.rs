//! A command in a process group of its own, so that whatever it started ends with it: on Unix.

use super::{LAST_WORDS, LONGEST_COMPLAINT, LONGEST_OUTPUT, LOOK_AGAIN, shell};
use crate::host::{CommandError, CommandOutput};
use futures_util::future;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::pin::pin;
use std::process::{Child, ExitStatus};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

/// On the engine's thread.
pub(in crate::host) async fn run(line: &str, limit: Duration) -> Result<CommandOutput, CommandError> {
    let mut running = Running::start(line).map_err(CommandError::NotStarted)?;
    let mut stderr = Vec::new();
    let finished = tokio::time::timeout(limit, running.finish(&mut stderr)).await;
    finished.unwrap_or(Err(CommandError::TooSlow { stderr }))
}

/// A command under way. Dropped, it is ended, and with it all that it started.
struct Running {
    child: Child,
    output: Receiver,
    complaint: Receiver,
}

impl Running {
    fn start(line: &str) -> io::Result<Running> {
        let mut child = shell(line).process_group(0).spawn()?;
        let (Some(output), Some(complaint)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the command has no pipes"));
        };
        Ok(Running {
            child,
            output: Receiver::from_owned_fd(OwnedFd::from(output))?,
            complaint: Receiver::from_owned_fd(OwnedFd::from(complaint))?,
        })
    }

    async fn finish(&mut self, stderr: &mut Vec<u8>) -> Result<CommandOutput, CommandError> {
        let Running { child, output, complaint } = self;
        let mut stdout = Vec::new();
        let status = {
            // Who prints too much waits for a reader, and would leave its error output open for ever.
            let mut reading = pin!(future::try_join(
                read(output, &mut stdout, |bytes| bytes.len() <= LONGEST_OUTPUT),
                read(complaint, stderr, |bytes| {
                    let excess = bytes.len().saturating_sub(LONGEST_COMPLAINT);
                    bytes.drain(..excess);
                    true
                }),
            ));
            let mut is_whole = false;
            let status = loop {
                if let Some(status) = ended(child) {
                    break status;
                }
                match is_whole {
                    true => tokio::time::sleep(LOOK_AGAIN).await,
                    false => is_whole = whole(tokio::time::timeout(LOOK_AGAIN, &mut reading).await)?,
                }
            };
            if !is_whole {
                whole(tokio::time::timeout(LAST_WORDS, &mut reading).await)?;
            }
            status
        };
        Ok(CommandOutput {
            // Where nobody can tell how it ended, its output alone decides.
            succeeded: status.is_none_or(|status| status.success()),
            status: status.and_then(|status| status.code()),
            stdout,
            stderr: std::mem::take(stderr),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if ended(&mut self.child).is_none() {
            let group = rustix::process::Pid::from_child(&self.child);
            // It may have ended by itself in this moment.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// How the command ended, if it has. A program that takes all its children's ends itself leaves nothing to be told: then
/// the output alone decides.
fn ended(child: &mut Child) -> Option<Option<ExitStatus>> {
    match child.try_wait() {
        Ok(None) => None,
        Ok(Some(status)) => Some(Some(status)),
        Err(_) => Some(None),
    }
}

/// Whether all was read, if it was not too much.
fn whole<T, E>(read: Result<Result<T, CommandError>, E>) -> Result<bool, CommandError> {
    match read {
        Ok(read) => read.map(|_| true),
        Err(_) => Ok(false),
    }
}

/// Reads to the end, unless `goes_on` says that it is too much.
async fn read(
    pipe: &mut Receiver,
    bytes: &mut Vec<u8>,
    mut goes_on: impl FnMut(&mut Vec<u8>) -> bool,
) -> Result<(), CommandError> {
    let mut chunk = [0; 4096];
    loop {
        match pipe.read(&mut chunk).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
        if !goes_on(bytes) {
            return Err(CommandError::TooLong);
        }
    }
}
