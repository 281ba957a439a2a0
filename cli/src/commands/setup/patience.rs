//! How long Google is waited for, and how often it is asked meanwhile.

use std::thread;
use std::time::{Duration, Instant};

/// Google's longest operations here take a minute or two.
const LIMIT: Duration = Duration::from_secs(300);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Waits of which each is twice as long as the one before.
pub(super) struct Patience {
    began: Instant,
    next: Duration,
}

impl Patience {
    pub(super) fn new() -> Patience {
        Patience { began: Instant::now(), next: FIRST_WAIT }
    }

    /// Waits; false, and at once, where it has been long enough.
    pub(super) fn wait(&mut self) -> bool {
        let waits = self.began.elapsed() < LIMIT;
        if waits {
            thread::sleep(self.next);
            self.next = LONGEST_WAIT.min(self.next * 2);
        }
        waits
    }
}
