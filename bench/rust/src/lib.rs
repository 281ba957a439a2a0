//! What the benches here share.

use std::sync::Barrier;
use std::time::{Duration, Instant};

/// The time of one call when each of `threads` threads makes `count` at once; of the slowest thread.
pub fn together(threads: usize, count: u64, call: impl Fn() + Sync) -> Duration {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let started = Instant::now();
                    (0..count).for_each(|_| call());
                    started.elapsed() / u32::try_from(count).unwrap_or(u32::MAX)
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).max().unwrap_or_default()
    })
}
