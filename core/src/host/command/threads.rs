//! A command whose output two threads read: where there are no process groups and no pipes that can be waited for together.
//!
//! At its deadline the shell is ended. What it started may go on, and is not waited for.

use super::{LAST_WORDS, LONGEST_COMPLAINT, LONGEST_OUTPUT, LOOK_AGAIN, shell};
use crate::host::{CommandError, CommandOutput};
use std::io::{self, Read};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::time::Instant;

/// On the engine's thread.
pub(in crate::host) async fn run(line: &str, limit: Duration) -> Result<CommandOutput, CommandError> {
    let deadline = Instant::now() + limit;
    let mut running = Running(shell(line).spawn().map_err(CommandError::NotStarted)?);
    let output = Reading::start(running.0.stdout.take(), |bytes| bytes.len() <= LONGEST_OUTPUT);
    let output = output.map_err(CommandError::NotStarted)?;
    let complaint = Reading::start(running.0.stderr.take(), |bytes| {
        let excess = bytes.len().saturating_sub(LONGEST_COMPLAINT);
        bytes.drain(..excess);
        true
    });
    let complaint = complaint.map_err(CommandError::NotStarted)?;
    let status = loop {
        if output.is_too_long() {
            return Err(CommandError::TooLong);
        }
        if let Some(status) = running.0.try_wait().map_err(CommandError::NotStarted)? {
            break status;
        }
        if Instant::now() >= deadline {
            return Err(CommandError::TooSlow { stderr: complaint.bytes() });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    };
    let last = Instant::now() + LAST_WORDS;
    while !(output.has_ended() && complaint.has_ended()) && Instant::now() < last {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    if output.is_too_long() {
        return Err(CommandError::TooLong);
    }
    Ok(CommandOutput {
        succeeded: status.success(),
        status: status.code(),
        stdout: output.bytes(),
        stderr: complaint.bytes(),
    })
}

/// A command under way. Dropped, it is ended.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a pipe gives, read by a thread until it ends or is too much.
struct Reading {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Reading {
    fn start(
        pipe: Option<impl Read + Send + 'static>,
        goes_on: impl Fn(&mut Vec<u8>) -> bool + Send + 'static,
    ) -> io::Result<Reading> {
        let mut pipe = pipe.ok_or_else(|| io::Error::other("the command has no pipes"))?;
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let thread = std::thread::Builder::new().name("rolebridge-command".into()).spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..count]);
                if !goes_on(&mut kept) {
                    break;
                }
            }
        })?;
        Ok(Reading { bytes, thread })
    }

    fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    fn is_too_long(&self) -> bool {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).len() > LONGEST_OUTPUT
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
