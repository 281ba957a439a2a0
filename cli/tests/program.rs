//! The program as shells know it: help, colours, closed pipes, full disks, completions.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::{Exit, Io, Stream, Variables, run};
use serde_json::json;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{CLOUD, bare_program, ran, ran_reading, variables};

const PAGES: &[&[&str]] = &[
    &[],
    &["config"],
    &["config", "create"],
    &["config", "check"],
    &["setup"],
    &["token"],
    &["doctor"],
    &["serve"],
    &["exec"],
    &["completions"],
];

#[test]
fn help_is_readable_at_80_columns_and_says_the_exit_codes() {
    for page in PAGES {
        let ran = ran(&[page, &["--help"][..]].concat(), &[]);
        assert_eq!((ran.exit, ran.talk.as_str()), (Exit::Done, ""));
        let long: Vec<_> = ran.output.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{page:?}: {long:?}");
        // An example can be pasted: each line begins a command, or the line before says that it goes on.
        let examples = ran.output.lines().skip_while(|line| !line.starts_with("Example")).skip(1);
        let examples: Vec<_> = examples.take_while(|line| !line.is_empty()).collect();
        for lines in examples.windows(2) {
            assert!(lines[1].starts_with("  rolebridge ") || lines[0].ends_with('\\'), "{page:?}: {lines:?}");
        }
    }
    for page in [&["--help"][..], &["token", "--help"], &["config", "create", "--help"], &["setup", "--help"]] {
        assert!(ran(page, &[]).output.contains("Exit codes: 0 "), "{page:?}");
    }
}

#[test]
fn the_page_of_the_command_holds_every_exit_code() {
    let page = include_str!("../../docs/command.md");
    for exit in [Exit::Done, Exit::Failed, Exit::Usage, Exit::File, Exit::CannotRun, Exit::NotFound, Exit::Interrupted]
    {
        assert!(page.contains(&format!("| {} | ", exit.code())), "{exit:?}");
    }
}

#[test]
fn a_word_that_is_no_command_is_told_with_one_that_is() {
    for (arguments, hint) in [
        (&[][..], "hint: `rolebridge --help` lists the commands\n"),
        (&["config"], "hint: `rolebridge config --help` lists the commands\n"),
        (&["tokne"], "hint: a similar subcommand exists: 'token'\n"),
        (&["nonsense"], "hint: `rolebridge --help` says what it takes\n"),
        (&["token", "--credential-fil", "x"], "hint: a similar argument exists: '--credential-file'\n"),
        (&["completions", "ksh93"], "hint: `rolebridge completions --help` says what it takes\n"),
    ] {
        let ran = ran(arguments, &[]);
        assert_eq!((ran.exit, ran.output.as_str()), (Exit::Usage, ""), "{arguments:?}");
        assert!(ran.talk.starts_with("error: ") && ran.talk.ends_with(hint), "{arguments:?}: {}", ran.talk);
    }
}

#[test]
fn colours_are_for_terminals_that_show_them() {
    let is_coloured = |is_terminal, variables: &[(&str, &str)]| {
        let ran = ran_reading("", is_terminal, &["token", "--help"], variables);
        let wrong = ran_reading("", is_terminal, &["tokne"], variables);
        let coloured = [ran.output.contains('\u{1b}'), wrong.talk.contains('\u{1b}')];
        assert_eq!(coloured[0], coloured[1]);
        coloured[0]
    };
    assert!(is_coloured(true, &[("TERM", "xterm")]));
    assert!(is_coloured(true, &[("NO_COLOR", "")]), "an empty NO_COLOR says nothing");
    assert!(!is_coloured(true, &[("NO_COLOR", "1")]));
    assert!(!is_coloured(true, &[("TERM", "dumb")]));
    assert!(!is_coloured(false, &[("TERM", "xterm")]));
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = ran(&["completions", shell], &[]);
        assert_eq!(ran.exit, Exit::Done);
        assert!(["config", "token", "completions"].iter().all(|name| ran.output.contains(name)), "{shell}");
    }
}

/// Takes nothing.
struct Refusing(io::ErrorKind);

impl Write for Refusing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_who_goes_ends_the_run_quietly_and_a_full_disk_does_not() {
    for (kind, exit, told) in [
        (io::ErrorKind::BrokenPipe, Exit::Done, ""),
        (io::ErrorKind::StorageFull, Exit::File, "error: standard output"),
    ] {
        for arguments in [&["--help"][..], &["completions", "bash"]] {
            let environment = Variables::default();
            let (mut output, mut talk, mut input) = (Refusing(kind), Vec::new(), io::empty());
            let streams = (Stream::new(&mut output, false, &environment), Stream::new(&mut talk, false, &environment));
            let ended = run(arguments, &environment, &mut Io::new(&mut input, false, streams.0, streams.1));
            assert_eq!(ended, exit);
            let talk = String::from_utf8(talk).expect("UTF-8");
            assert!(talk.starts_with(told) && talk.is_empty() == told.is_empty(), "{talk}");
        }
    }
}

#[cfg(unix)]
#[test]
fn the_program_s_own_streams_and_exit_code_are_the_run_s() {
    let program = || {
        let mut command = bare_program();
        command.env_clear().stdin(Stdio::null());
        command
    };
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full device");
    let ended = program().args(["completions", "bash"]).stdout(full).output().expect("it runs");
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("no space left on device\nhint: "), "{ended:?}");

    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let ended = program().args(["completions", "bash"]).stdout(writer).output().expect("it runs");
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));

    let ended = program().arg("token").output().expect("it runs");
    assert_eq!(ended.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&ended.stderr).starts_with("error: the credential file is not named"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_program_while_a_service_is_asked() {
    use std::os::unix::process::ExitStatusExt;
    let world = CLOUD.world(json!({}));
    world.fault(json!({ "on": "sts.token", "do": { "hold": "gate" } }));
    let mut command = bare_program();
    command.arg("token").env_clear().envs(variables(&world));
    let running = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    world.wait_for_request("sts.token", 1, Duration::from_secs(30));
    let sent = Command::new("kill").args(["-INT", &running.id().to_string()]).status().expect("it runs");
    assert!(sent.success());
    let ended = running.wait_with_output().expect("it ends");
    // What a shell makes 130 of.
    assert_eq!((ended.status.signal(), ended.stdout.as_slice()), (Some(2), &b""[..]), "{ended:?}");
    world.open_gate("gate");
}
