//! Runs of the command in the test's own process, in a world of the local cloud: what the tests of this folder share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod http;
#[path = "../../../core/tests/support/places.rs"]
pub(crate) mod places;

use rolebridge_cli::{Exit, Io, Stream, Variables, run};
use rolebridge_emulator::{Cloud, World};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::LazyLock;

/// One cloud for all tests of a file; each test has a world of its own in it.
pub(crate) static CLOUD: LazyLock<Cloud> = LazyLock::new(|| Cloud::start().expect("the emulator starts"));

pub(crate) const CREDENTIAL: &str = include_str!("../../../tests/credential.json");
const NOBODYS_HOME: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nobodys-home");

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) output: String,
    pub(crate) talk: String,
}

/// Runs with these variables alone, and streams that are no terminal.
pub(crate) fn ran(arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    ran_reading("", false, arguments, variables)
}

/// The same with text on standard input, and with or without a terminal.
pub(crate) fn ran_reading(input: &str, is_terminal: bool, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let environment: Variables = variables.iter().copied().collect();
    let (mut output, mut talk) = (Vec::new(), Vec::new());
    let mut input = input.as_bytes();
    let exit = {
        let output = Stream::new(&mut output, is_terminal, &environment);
        let talk = Stream::new(&mut talk, is_terminal, &environment);
        run(arguments, &environment, &mut Io::new(&mut input, is_terminal, output, talk))
    };
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { exit, output: text(output), talk: text(talk) }
}

/// The variables of a workload on an instance of this world, its credential file among them.
pub(crate) fn variables(world: &World) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", world.metadata_url.clone()),
        ("AWS_ENDPOINT_URL", world.info()["aws"].as_str().expect("an address").to_owned()),
        ("HOME", NOBODYS_HOME.to_owned()),
        ("ROLEBRIDGE_ALLOW_LOOPBACK", "1".to_owned()),
        ("ROLEBRIDGE_CREDENTIALS", credential(world, &json!({}))),
    ]
}

/// Runs on an instance of this world.
pub(crate) fn ran_in(world: &World, arguments: &[&str]) -> Ran {
    let variables = variables(world);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ran(arguments, &variables)
}

/// The program in a process of its own, on an instance of this world; it is killed when the test is over.
pub(crate) struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
    talk: BufReader<ChildStderr>,
}

impl Running {
    pub(crate) fn start(world: &World, arguments: &[&str]) -> Running {
        Running::of(program(&variables(world)).args(arguments))
    }

    pub(crate) fn of(command: &mut Command) -> Running {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it runs");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let talk = BufReader::new(process.stderr.take().expect("piped"));
        Running { process, output, talk }
    }

    /// The next line of standard output.
    pub(crate) fn line(&mut self) -> String {
        line(&mut self.output)
    }

    /// The next line of standard error.
    pub(crate) fn talk_line(&mut self) -> String {
        line(&mut self.talk)
    }

    /// Something for its standard input.
    pub(crate) fn write(&mut self, text: &str) {
        self.process.stdin.as_mut().expect("piped").write_all(text.as_bytes()).expect("it reads");
    }

    /// Sends a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("it runs").success());
    }

    /// Ends its standard input, and waits for its own end and for all that it wrote until then.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String, String) {
        drop(self.process.stdin.take());
        let (mut output, mut talk) = (String::new(), String::new());
        self.output.read_to_string(&mut output).expect("UTF-8");
        self.talk.read_to_string(&mut talk).expect("UTF-8");
        (self.process.wait().expect("it ends"), output, talk)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program, for which signals mean what they mean by default: tests may be run by `nohup`, or in the background of a
/// shell, which have their children ignore some.
pub(crate) fn bare_program() -> Command {
    let program = env!("CARGO_BIN_EXE_rolebridge");
    if !cfg!(target_os = "linux") {
        return Command::new(program);
    }
    let mut command = Command::new("/usr/bin/env");
    command.args(["--default-signal=HUP,INT,QUIT", program]);
    command
}

/// The program with these variables, and where programs are found.
pub(crate) fn program(variables: &[(&str, String)]) -> Command {
    let mut command = bare_program();
    command.env_clear().env("PATH", std::env::var_os("PATH").expect("set"));
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    command
}

fn line(stream: &mut impl BufRead) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).expect("UTF-8");
    line.trim_end().to_owned()
}

/// A credential file of this world, with these members added.
pub(crate) fn credential(world: &World, more: &Value) -> String {
    let info = world.info();
    let place = |name: &str| info[name].as_str().expect("a text").to_owned();
    let text = ["audience", "google", "service_account"]
        .iter()
        .fold(CREDENTIAL.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), &place(name)));
    let mut file: Value = serde_json::from_str(&text).expect("JSON");
    let members = file.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    file.to_string()
}

/// A folder of one test, empty.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
