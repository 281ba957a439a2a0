//! Signals of Unix.

use super::unexpectable;
use crate::error::Failure;
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use std::fs::File;
use tokio::signal::unix::{self, SignalKind, signal};

fn expected(kind: SignalKind) -> Result<unix::Signal, Failure> {
    signal(kind).map_err(|cause| unexpectable(&cause))
}

/// Those by which a program is asked to end. Once they are expected, neither ends this process by itself.
pub(crate) struct Endings {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Endings {
    pub(crate) fn expected() -> Result<Endings, Failure> {
        let (interrupt, terminate) = (expected(SignalKind::interrupt())?, expected(SignalKind::terminate())?);
        Ok(Endings { interrupt, terminate })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.terminate.recv() => Signal::TERM,
        }
    }
}

/// Those, and the others by which people and programs tell a process something.
pub(crate) struct Passed {
    endings: Endings,
    hangup: unix::Signal,
    quit: unix::Signal,
    user_defined_1: unix::Signal,
    user_defined_2: unix::Signal,
}

impl Passed {
    pub(crate) fn expected(endings: Endings) -> Result<Passed, Failure> {
        Ok(Passed {
            endings,
            hangup: expected(SignalKind::hangup())?,
            quit: expected(SignalKind::quit())?,
            user_defined_1: expected(SignalKind::user_defined1())?,
            user_defined_2: expected(SignalKind::user_defined2())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            signal = self.endings.next() => signal,
            _ = self.hangup.recv() => Signal::HUP,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.user_defined_1.recv() => Signal::USR1,
            _ = self.user_defined_2.recv() => Signal::USR2,
        }
    }

    /// Gives it to a child of ours, which has no id any more once its end is known. What the keys of a terminal send has
    /// reached it by itself.
    pub(crate) fn pass_on(signal: Signal, child: Option<u32>) {
        if matches!(signal, Signal::INT | Signal::QUIT) && has_a_terminal() {
            return;
        }
        let child = child.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(child) = child {
            // It may have ended just now, which its parent is about to learn.
            let _ = kill_process(child, signal);
        }
    }
}

/// Whether ours is the process group to which a terminal's keys speak.
fn has_a_terminal() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else { return false };
    tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp())
}
