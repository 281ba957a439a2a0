//! A command of the user's, run by the system's shell: with a deadline, and with bounded output.
//!
//! `run(line, limit)` waits for its end, for at most `limit`. On Unix ([`group`]) all that the command started ends with it;
//! elsewhere ([`threads`]) the shell itself does.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

#[cfg(unix)]
mod group;
#[cfg(test)]
mod tests;
// Its tests run on Unix, too.
#[cfg(any(not(unix), test))]
mod threads;

#[cfg(unix)]
pub(super) use group::run;
#[cfg(not(unix))]
pub(super) use threads::run;

use std::process::{Command, Stdio};
use std::time::Duration;

/// A credential document is a few lines.
const LONGEST_OUTPUT: usize = 1024 * 1024;
/// What an error quotes of a command's complaint is the end of it.
const LONGEST_COMPLAINT: usize = 4096;
/// How soon the end of the command is noticed after its output ended.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// For output that is still on its way when the command has ended. What it left running may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The system's shell with a line of its language.
fn shell(line: &str) -> Command {
    #[cfg(windows)]
    let mut command = {
        use std::os::windows::process::CommandExt;
        let mut command = Command::new("cmd.exe");
        // The line is in the shell's own language: nothing of it is to be quoted once more.
        command.raw_arg("/D /S /C").raw_arg(format!("\"{line}\""));
        command
    };
    #[cfg(not(windows))]
    let mut command = {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line);
        command
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
