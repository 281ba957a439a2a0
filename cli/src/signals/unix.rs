//! Signals of Unix.

use super::unexpectable;
use crate::error::Failure;
use rustix::process::{Signal, getpgrp};
use rustix::termios::tcgetpgrp;
use shared_child::SharedChild;
use shared_child::unix::SharedChildExt;
use signal_hook::iterator::{Handle, Signals};
use std::fs::{self, File};
use std::future::pending;
use std::thread;
use tokio::sync::mpsc::{self, UnboundedReceiver};

/// Signals that end this process no more by themselves. Those that it was told to ignore, as by `nohup`, stay ignored,
/// and its children inherit that.
struct Expected {
    arriving: UnboundedReceiver<Signal>,
    thread: Handle,
}

impl Expected {
    fn new(signals: &[Signal]) -> Result<Expected, Failure> {
        let expected = signals.iter().copied().filter(|signal| !is_ignored(*signal));
        let mut expected = Signals::new(expected.map(Signal::as_raw)).map_err(|cause| unexpectable(&cause))?;
        let thread = expected.handle();
        let (arrived, arriving) = mpsc::unbounded_channel();
        let tell = move || {
            for signal in expected.forever().filter_map(Signal::from_named_raw) {
                // Nobody waits for it any more.
                let _ = arrived.send(signal);
            }
        };
        thread::Builder::new().name("rolebridge-signals".into()).spawn(tell).map_err(|cause| unexpectable(&cause))?;
        Ok(Expected { arriving, thread })
    }

    async fn next(&mut self) -> Signal {
        match self.arriving.recv().await {
            Some(signal) => signal,
            None => pending().await,
        }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.thread.close();
    }
}

/// Linux tells it. Elsewhere nothing is known to be ignored.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal.as_raw() - 1) & 1 == 1
}

/// Those by which a program is asked to end.
pub(crate) struct Endings(Expected);

impl Endings {
    pub(crate) fn expected() -> Result<Endings, Failure> {
        Expected::new(&[Signal::INT, Signal::TERM]).map(Endings)
    }

    pub(crate) async fn next(&mut self) {
        self.0.next().await;
    }
}

/// Those, and the others by which people and programs tell a process something.
pub(crate) struct Passed(Expected);

impl Passed {
    pub(crate) fn expected() -> Result<Passed, Failure> {
        let all = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2];
        Expected::new(&all).map(Passed)
    }

    /// Gives the next one to a child of ours. What the keys of a terminal send has reached it by itself.
    pub(crate) async fn pass_on(&mut self, child: &SharedChild) {
        let signal = self.0.next().await;
        if matches!(signal, Signal::INT | Signal::QUIT) && has_a_terminal() {
            return;
        }
        // It may have ended just now, which its parent is about to learn.
        let _ = child.send_signal(signal.as_raw());
    }
}

/// Whether ours is the process group to which a terminal's keys speak.
fn has_a_terminal() -> bool {
    let Ok(terminal) = File::open("/dev/tty") else { return false };
    tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp())
}
