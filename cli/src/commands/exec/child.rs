//! The command as a process: started, given the signals that reach only us, and its end as an exit code.

use super::Failure;
use crate::environment::Variables;
use crate::error::reason;
use crate::exit::Exit;
use crate::signals::Passed;
use shared_child::SharedChild;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use tokio::sync::oneshot;

pub(super) struct Child {
    process: Arc<SharedChild>,
    ended: oneshot::Receiver<io::Result<ExitStatus>>,
    signals: Passed,
}

impl Child {
    /// It is in our process group and has our streams, so a terminal treats it as it would without us.
    pub(super) fn start(command: &[OsString], variables: &Variables, signals: Passed) -> Result<Child, Failure> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(Failure::usage("no command is named"));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(variables.iter());
        command.stdin(own(&io::stdin())).stdout(own(&io::stdout())).stderr(own(&io::stderr()));
        let process = SharedChild::spawn(&mut command).map_err(|cause| not_started(Path::new(program), &cause))?;
        let process = Arc::new(process);
        let (tell, ended) = oneshot::channel();
        let waited_for = Arc::clone(&process);
        // Nobody listens any more once our own end is decided.
        thread::spawn(move || _ = tell.send(waited_for.wait()));
        Ok(Child { process, ended, signals })
    }

    /// Waits for its end, and passes signals on until then.
    pub(super) async fn end(&mut self) -> Result<Exit, Failure> {
        loop {
            tokio::select! {
                ended = &mut self.ended => return match ended.unwrap_or_else(|lost| Err(io::Error::other(lost))) {
                    Ok(status) => Ok(Exit::Command(code(status))),
                    Err(cause) => Err(Failure::new(Exit::Failed, format!("the command cannot be waited for: {}", reason(&cause)))),
                },
                () = self.signals.pass_on(&self.process) => {}
            }
        }
    }
}

/// A stream of ours. A copy, since Node, in whose process we may be, has children inherit none of its own.
#[cfg(unix)]
fn own(stream: &impl std::os::fd::AsFd) -> Stdio {
    stream.as_fd().try_clone_to_owned().map_or_else(|_| Stdio::inherit(), Stdio::from)
}

#[cfg(windows)]
fn own(stream: &impl std::os::windows::io::AsHandle) -> Stdio {
    stream.as_handle().try_clone_to_owned().map_or_else(|_| Stdio::inherit(), Stdio::from)
}

/// As shells tell it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn not_started(program: &Path, cause: &io::Error) -> Failure {
    let program = program.display();
    match cause.kind() {
        io::ErrorKind::NotFound => Failure::new(Exit::NotFound, format!("the command `{program}` is not found"))
            .hinting(
                "name it by its path, or look whether PATH has its folder and its first line a program that exists",
            ),
        _ => Failure::new(Exit::CannotRun, format!("the command `{program}` cannot be run: {}", reason(cause)))
            .hinting("name a program that you may execute"),
    }
}
