//! Every vector of AWS's shared config files that ships in the crate `aws-runtime`: 65 of their grammar, 9 of their places.
//!
//! They are AWS's own, shared by its SDKs, and are read where cargo keeps the crate.
#![allow(clippy::panic, reason = "a test may fail")]

mod support;

use rolebridge::binding::shared_config::location::{self, Home, Platform};
use rolebridge::binding::shared_config::{Section, SharedConfig, SharedFile};
use serde_json::{Map, Value, json};
use std::fs;

const GRAMMAR: usize = 65;
const PLACES: usize = 9;

#[test]
fn both_files_are_read_as_the_sdks_read_them() {
    let mismatches: Vec<String> = vectors("profile-parser-tests.json", GRAMMAR)
        .iter()
        .filter_map(|vector| {
            let file = |name: &'static str| {
                let text = vector["input"][name].as_str()?;
                Some(SharedFile { path: name, bytes: text.as_bytes() })
            };
            let read = SharedConfig::read(file("configFile"), file("credentialsFile"));
            let expected = &vector["output"];
            let agrees = match (&read, expected["errorContaining"].as_str()) {
                (Ok(ours), None) => {
                    // A vector without sessions says nothing about them.
                    let sessions = expected["config"].get("sso_sessions");
                    expected["config"]["profiles"] == object(ours.profiles())
                        && sessions.is_none_or(|sessions| *sessions == object(ours.sso_sessions()))
                }
                (Err(error), Some(words)) => error.message().contains(words),
                _ => false,
            };
            (!agrees).then(|| format!("{}\nours: {read:?}\nAWS's: {expected}\n", vector["name"]))
        })
        .collect();
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

#[test]
fn files_and_profile_are_found_where_the_sdks_find_them() {
    for vector in vectors("file-location-tests.json", PLACES) {
        let variable = |name: &str| vector["environment"][name].as_str();
        let platform = match vector["platform"].as_str() {
            Some("windows") => Platform::Windows,
            Some("linux") => Platform::Unix,
            other => panic!("{other:?} is no platform"),
        };
        let home = Home::find(platform, variable, None);
        let found = [
            ("configLocation", location::config_file(&home, variable).expect("a home is set")),
            ("credentialsLocation", location::credentials_file(&home, variable).expect("a home is set")),
            ("profile", location::profile(variable).to_owned()),
        ];
        for (what, ours) in found {
            // One vector leaves the profile unsaid.
            let expected = vector[what].as_str().unwrap_or("default");
            assert_eq!(ours, expected, "{what}: {}", vector["name"]);
        }
    }
}

fn object<'a>(sections: impl Iterator<Item = (&'a str, &'a Section)>) -> Value {
    let values =
        |section: &Section| section.properties().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    sections.map(|(name, section)| (name.to_owned(), Value::Object(values(section)))).collect::<Map<_, _>>().into()
}

fn vectors(file: &str, count: usize) -> Vec<Value> {
    let path = support::crate_folder("aws-runtime").join("test-data").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    let suite: Value = serde_json::from_str(&text).expect("vectors are JSON");
    let vectors = suite["tests"].as_array().expect("a list of vectors").clone();
    assert_eq!(vectors.len(), count, "vectors of {file}");
    vectors
}
