//! Runs of the command in the test's own process, in a world of the local cloud: what the tests of this folder share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use rolebridge_cli::{Exit, Io, Stream, Variables, run};
use rolebridge_emulator::{Cloud, World};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::LazyLock;

/// One cloud for all tests of a file; each test has a world of its own in it.
pub(crate) static CLOUD: LazyLock<Cloud> = LazyLock::new(|| Cloud::start().expect("the emulator starts"));

const CREDENTIAL: &str = include_str!("../../../tests/credential.json");
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
