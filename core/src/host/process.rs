//! What belongs to one process, though `fork` copies it into another: made anew by the first miss there.
//!
//! A fork's child must not touch what holds its parent's locks or threads, and must not drop it either: the threads that
//! would be joined or told do not exist in it. So the parent's is left alone, and forgotten.
#![expect(clippy::disallowed_methods, reason = "this is the outside that the rest of the crate may not name")]

use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// A value that each process has its own of. It takes no lock: a fork may happen at any moment.
pub(crate) struct PerProcess<T>(ArcSwapOption<Owned<T>>);

struct Owned<T> {
    process: Process,
    value: Arc<T>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> PerProcess<T> {
        PerProcess(ArcSwapOption::const_empty())
    }

    /// This process's value; an empty one is made if it has none.
    pub(crate) fn here(&self) -> Arc<T> {
        let process = Process::this();
        loop {
            let seen = self.0.load_full();
            if let Some(owned) = seen.as_ref().filter(|owned| owned.process.is(process)) {
                return Arc::clone(&owned.value);
            }
            let made = Arc::new(Owned { process, value: Arc::default() });
            let before = self.0.compare_and_swap(&seen, Some(made));
            if let (Some(parents), true) = (seen, before.as_ref().is_some_and(|owned| !owned.process.is(process))) {
                std::mem::forget(parents);
            }
        }
    }
}

/// One process, told from every other that has its memory or its id.
///
/// The id alone does not do that. A descendant may get the id of the ancestor that minted, once that one has ended; and in a
/// new process namespace ids begin at 1 again.
#[derive(Clone, Copy)]
struct Process {
    id: u32,
    /// When it started, by the system's own count. None where the system does not say, or has no descriptor left to say it
    /// through; then the id alone decides.
    started: Option<u64>,
}

impl Process {
    fn this() -> Process {
        Process { id: std::process::id(), started: started() }
    }

    fn is(self, other: Process) -> bool {
        self.id == other.id && self.started.zip(other.started).is_none_or(|(one, other)| one == other)
    }
}

/// When this process started, in ticks since the machine did.
#[cfg(target_os = "linux")]
fn started() -> Option<u64> {
    use std::io::Read;
    // A process namespace may see the `/proc` of another one, in which this process has another id. Of the main thread, since
    // the process's own file adds up all threads: with a thousand of them, that takes eight times as long.
    let id = std::fs::read_link("/proc/self").ok()?;
    let path = std::path::Path::new("/proc").join(&id).join("task").join(&id).join("stat");
    let mut line = [0; 512];
    let length = std::fs::File::open(path).ok()?.read(&mut line).ok()?;
    start_time(&String::from_utf8_lossy(&line[..length]))
}

#[cfg(not(target_os = "linux"))]
fn started() -> Option<u64> {
    None
}

/// The 22nd field. The second one is the program's name in parentheses, which may hold both blanks and parentheses.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
#[cfg(target_os = "linux")]
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_the_name) = stat.rsplit_once(')')?;
    after_the_name.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn a_process_is_told_by_its_start_where_the_system_says_it() {
        let process = |id, started| Process { id, started };
        assert!(process(7, Some(100)).is(process(7, Some(100))));
        assert!(!process(7, Some(100)).is(process(7, Some(101))), "a recycled id");
        assert!(!process(7, Some(100)).is(process(8, Some(100))));
        assert!(process(7, Some(100)).is(process(7, None)), "no descriptor was left to ask through");
        assert!(!process(7, None).is(process(8, None)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_start_is_read_behind_a_name_that_looks_like_more_fields() {
        let fields: Vec<_> = (3..=52).map(|field| (field * 10).to_string()).collect();
        let line = format!("7 (a (program) 1 2 3) {}\n", fields.join(" "));
        assert_eq!(super::start_time(&line), Some(220));
        assert_eq!(super::start_time(""), None);
        assert!(Process::this().started.is_some() && Process::this().is(Process::this()));
    }
}
