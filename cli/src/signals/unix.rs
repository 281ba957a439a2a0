//! Signals of Unix.

use super::unexpectable;
use crate::error::Failure;
use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use std::fs::{self, File};
use std::future::pending;
use tokio::signal::unix::{self, SignalKind, signal};

/// One signal, which ends this process no more by itself. One that this process was told to ignore, as by `nohup`, stays
/// ignored, and its children inherit that.
struct Expected(Option<unix::Signal>);

impl Expected {
    fn new(kind: SignalKind) -> Result<Expected, Failure> {
        if is_ignored(kind) {
            return Ok(Expected(None));
        }
        signal(kind).map(|signal| Expected(Some(signal))).map_err(|cause| unexpectable(&cause))
    }

    async fn arrives(&mut self) {
        match &mut self.0 {
            Some(signal) => _ = signal.recv().await,
            None => pending().await,
        }
    }
}

/// Linux tells it. Elsewhere nothing is known to be ignored.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}

/// Those by which a program is asked to end.
pub(crate) struct Endings {
    interrupt: Expected,
    terminate: Expected,
}

impl Endings {
    pub(crate) fn expected() -> Result<Endings, Failure> {
        Ok(Endings {
            interrupt: Expected::new(SignalKind::interrupt())?,
            terminate: Expected::new(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            () = self.interrupt.arrives() => Signal::INT,
            () = self.terminate.arrives() => Signal::TERM,
        }
    }
}

/// Those, and the others by which people and programs tell a process something.
pub(crate) struct Passed {
    endings: Endings,
    hangup: Expected,
    quit: Expected,
    user_defined_1: Expected,
    user_defined_2: Expected,
}

impl Passed {
    pub(crate) fn expected() -> Result<Passed, Failure> {
        Ok(Passed {
            endings: Endings::expected()?,
            hangup: Expected::new(SignalKind::hangup())?,
            quit: Expected::new(SignalKind::quit())?,
            user_defined_1: Expected::new(SignalKind::user_defined1())?,
            user_defined_2: Expected::new(SignalKind::user_defined2())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            signal = self.endings.next() => signal,
            () = self.hangup.arrives() => Signal::HUP,
            () = self.quit.arrives() => Signal::QUIT,
            () = self.user_defined_1.arrives() => Signal::USR1,
            () = self.user_defined_2.arrives() => Signal::USR2,
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
