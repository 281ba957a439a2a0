//! A world of the emulator, and token sources in it: what the tests of this folder share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

mod places;
pub(crate) mod published;

pub(crate) use places::{fill, merge, places};
use rolebridge::{Builder, Environment, TokenSource};
use rolebridge_emulator::{Cloud, World};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// One cloud for all tests of a file; each test has a world of its own in it.
pub(crate) static CLOUD: LazyLock<Cloud> = LazyLock::new(|| Cloud::start().expect("the emulator starts"));

/// The credential file in which placeholders stand for a world's own.
pub(crate) const CREDENTIAL: &str = include_str!("../../../tests/credential.json");

/// A home that is not there: no test reads the files of whoever runs it.
const NOBODYS_HOME: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/nobodys-home");

/// The token source of a test, in a world with an instance that has the role.
pub(crate) fn source(world: &World) -> TokenSource {
    builder(world, &json!({}), &json!({})).build().expect("the credential file is right")
}

/// The same, its file and its environment changed by merge patches.
pub(crate) fn builder(world: &World, credential: &Value, environment: &Value) -> Builder {
    TokenSource::builder().json(self::credential(world, credential)).environment(self::environment(world, environment))
}

/// The text of a test's credential file, changed by a merge patch.
pub(crate) fn credential(world: &World, patch: &Value) -> String {
    let mut file: Value = serde_json::from_str(CREDENTIAL).expect("the credential file is JSON");
    merge(&mut file, patch);
    fill(&file, &places(world, NOBODYS_HOME)).to_string()
}

/// The environment of a test, changed by a merge patch.
pub(crate) fn environment(world: &World, patch: &Value) -> Environment {
    environment_at(world, patch, NOBODYS_HOME)
}

/// The same, with a home.
pub(crate) fn environment_at(world: &World, patch: &Value, home: &str) -> Environment {
    let mut variables = json!({
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
        "AWS_ENDPOINT_URL": "{aws}",
        "HOME": "{home}",
        "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
    });
    merge(&mut variables, patch);
    let variables = fill(&variables, &places(world, home));
    Environment::from_lookup(|name| variables[name].as_str().map(str::to_owned))
}
