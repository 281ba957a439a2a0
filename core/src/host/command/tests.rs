//! Both ways to run a command, with the same commands.

use super::{group, threads};
use crate::host::{CommandError, CommandOutput};
use std::time::{Duration, Instant};

/// Longer than any of these commands takes, were it not ended.
const LONG: Duration = Duration::from_secs(20);
/// Far less than the commands take that are to be ended.
const SOON: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
enum Way {
    Group,
    Threads,
}

const WAYS: [Way; 2] = [Way::Group, Way::Threads];

impl Way {
    async fn run(self, line: &str, limit: Duration) -> Result<CommandOutput, CommandError> {
        match self {
            Way::Group => group::run(line, limit).await,
            Way::Threads => threads::run(line, limit).await,
        }
    }
}

#[tokio::test]
async fn a_command_is_told_with_its_status_and_both_outputs() {
    for way in WAYS {
        let output = way.run("printf out; printf err >&2; exit 3", LONG).await.expect("it ran");
        assert_eq!((output.succeeded, output.status), (false, Some(3)), "{way:?}");
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out"[..], &b"err"[..]), "{way:?}");
        let output = way.run("cat", LONG).await.expect("it reads nothing of ours");
        assert!(output.succeeded && output.stdout.is_empty(), "{way:?}");
        let output = way.run("kill -9 $$", LONG).await.expect("it ran");
        assert_eq!((output.succeeded, output.status), (false, None), "{way:?}");
        assert!(way.run("no-such-command-anywhere", LONG).await.is_ok_and(|output| output.status == Some(127)));
    }
}

#[tokio::test]
async fn a_command_that_does_not_end_is_ended_and_what_it_said_is_kept() {
    for way in WAYS {
        let begun = Instant::now();
        let error = way.run("echo waiting >&2; exec sleep 60", Duration::from_secs(1)).await.err().expect("too slow");
        assert!(begun.elapsed() < SOON, "{way:?}: {:?}", begun.elapsed());
        let CommandError::TooSlow { stderr } = error else { panic!("{way:?}: {error:?}") };
        assert_eq!(stderr, b"waiting\n", "{way:?}");
    }
}

#[tokio::test]
async fn a_command_that_prints_without_end_is_ended_at_once() {
    for way in WAYS {
        let begun = Instant::now();
        let error = way.run("yes", LONG).await.err().expect("too long");
        assert!(matches!(error, CommandError::TooLong), "{way:?}: {error:?}");
        assert!(begun.elapsed() < SOON, "{way:?}: {:?}", begun.elapsed());
        // Of complaints without end, the last are kept.
        let output = way.run("yes complaint | head -c 3000000 >&2; printf out", LONG).await.expect("it ran");
        assert_eq!(output.stderr.len(), 4096, "{way:?}");
        assert_eq!(output.stdout, b"out", "{way:?}");
    }
}

#[tokio::test]
async fn what_a_command_leaves_running_is_not_waited_for() {
    for way in WAYS {
        let begun = Instant::now();
        let output = way.run("sleep 30 & printf out", LONG).await.expect("the shell has ended");
        assert_eq!(output.stdout, b"out", "{way:?}");
        assert!(begun.elapsed() < SOON, "{way:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn on_unix_all_that_a_command_started_ends_with_it() {
    let line = "sh -c 'echo $$ >&2; exec sleep 60' & wait";
    let error = group::run(line, Duration::from_secs(1)).await.err().expect("too slow");
    let CommandError::TooSlow { stderr } = error else { panic!("{error:?}") };
    let number = String::from_utf8(stderr).expect("a number").trim().parse().expect("a number");
    let process = rustix::process::Pid::from_raw(number).expect("not zero");
    // Whoever takes in the orphan may not have looked at its end yet.
    let begun = Instant::now();
    while rustix::process::test_kill_process(process).is_ok() && !is_dead(number) {
        assert!(begun.elapsed() < SOON, "it goes on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a process has ended and is only still listed.
fn is_dead(number: i32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}
