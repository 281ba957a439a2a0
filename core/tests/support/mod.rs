//! A world of the emulator, and token sources in it: what the tests of this folder share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use rolebridge::{Builder, Environment, TokenSource};
use rolebridge_emulator::{Cloud, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One cloud for all tests of a file; each test has a world of its own in it.
pub(crate) static CLOUD: LazyLock<Cloud> = LazyLock::new(|| Cloud::start().expect("the emulator starts"));

/// The credential file in which placeholders stand for a world's own.
pub(crate) const CREDENTIAL: &str = include_str!("../../../tests/credential.json");

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
    fill(&file, &places(world)).to_string()
}

/// The environment of a test, changed by a merge patch.
pub(crate) fn environment(world: &World, patch: &Value) -> Environment {
    let mut variables = json!({ "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}", "ROLEBRIDGE_ALLOW_LOOPBACK": "1" });
    merge(&mut variables, patch);
    let variables = fill(&variables, &places(world));
    Environment::from_lookup(|name| variables[name].as_str().map(str::to_owned))
}

/// What the world calls its own, by placeholder.
pub(crate) fn places(world: &World) -> BTreeMap<&'static str, String> {
    let info = world.info();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    BTreeMap::from([
        ("metadata", world.metadata_url.clone()),
        ("google", world.google_url.clone()),
        ("proxy", world.proxy_url.clone()),
        ("audience", text(&info["audience"])),
        ("service_account", text(&info["service_account"])),
        ("access_key_id", text(&info["keys"]["access_key_id"])),
        ("secret_access_key", text(&info["keys"]["secret_access_key"])),
        ("session_token", text(&info["keys"]["session_token"])),
    ])
}

pub(crate) fn fill(value: &Value, places: &BTreeMap<&str, String>) -> Value {
    match value {
        Value::String(text) => {
            let fill = |text: String, (name, place): (&&str, &String)| text.replace(&format!("{{{name}}}"), place);
            places.iter().fold(text.clone(), fill).into()
        }
        Value::Array(items) => items.iter().map(|item| fill(item, places)).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), fill(member, places))).collect(),
        other => other.clone(),
    }
}

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, member) in members {
        if member.is_null() {
            target.as_object_mut().expect("made one above").remove(name);
        } else {
            merge(&mut target[name.as_str()], member);
        }
    }
}
