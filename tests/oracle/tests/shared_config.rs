//! AWS's shared config files, against the crate `aws-runtime`: every vector that ships in it (65 of the files' grammar, 9 of
//! their places, shared by AWS's SDKs), and its own reader on random files.
#![allow(clippy::panic, reason = "a test may fail")]

mod support;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rolebridge::binding::shared_config::location::{self, Home, Platform};
use rolebridge::binding::shared_config::{Section, SharedConfig, SharedFile};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_150_830),
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_files_are_read_as_the_sdk_for_rust_reads_them(config in file(), credentials in file()) {
        let ours = SharedConfig::read(
            Some(SharedFile { path: "config", bytes: config.as_bytes() }),
            Some(SharedFile { path: "credentials", bytes: credentials.as_bytes() }),
        );
        match (ours, theirs(&config, &credentials)) {
            (Ok(ours), Some(theirs)) => {
                prop_assert_eq!(names(ours.profiles()), theirs.profiles().collect::<BTreeSet<_>>());
                prop_assert_eq!(names(ours.sso_sessions()), theirs.sso_sessions().collect::<BTreeSet<_>>());
                for property in PROPERTIES {
                    for (name, section) in ours.profiles() {
                        prop_assert_eq!(value(section, property), theirs.get_profile(name).and_then(|it| it.get(property)));
                    }
                    for (name, section) in ours.sso_sessions() {
                        prop_assert_eq!(value(section, property), theirs.sso_session(name).and_then(|it| it.get(property)));
                    }
                }
            }
            (ours, theirs) => prop_assert!(ours.is_err() && theirs.is_none(), "ours: {ours:?}\ntheirs: {theirs:?}"),
        }
    }
}

const PROPERTIES: [&str; 4] = ["a", "b", "s3", "a_b"];

/// A file of lines that are right or nearly so. Left out is where we mean to differ: an indented comment or section, and a
/// title without a name. Within one file all titles are padded alike, since theirs merges what is padded otherwise in any
/// order.
fn file() -> impl Strategy<Value = String> {
    let title = "(profile |profile|sso-session |services )?(default|x|y|x y|x!)";
    let close = prop::sample::select(vec!["]", "]", "] \t", "]#c", "] ; c"]);
    let section = (title, close).prop_map(|(title, close)| format!("[{PADDING}{title}{PADDING}{close}"));
    let property = "(a|b|s3|A|a_b|a b)[ \t]{0,2}=[ \t]{0,2}(|1|2|v=w|#|1#c|1 #c|1\t;c|\u{e9}|\u{a0}1)[ \t]{0,2}";
    let indented = "[ \t]{1,2}(|a = 1|b =|1 = # c|a = 1 ; c)[ \t]{0,1}";
    let wrong = "(\\[x|a : 1|=1| = 1| word|\t\u{a0}|\u{a0}= 1)";
    let line = prop_oneof![
        30 => section,
        60 => property,
        3 => indented,
        30 => (property, indented).prop_map(|(first, next)| format!("{first}\n{next}")),
        10 => "[ \t]{0,2}",
        10 => "[#;][ -~]{0,3}",
        2 => wrong,
    ];
    let end = prop::sample::select(vec!["\n", "\n", "\r\n"]);
    let lines = prop::collection::vec((line, end), 0..9);
    (title_first(), lines, prop::sample::select(vec!["", " ", "\t "])).prop_map(|(first, lines, padding)| {
        let text: String = lines.into_iter().map(|(line, end)| line + end).collect();
        format!("{first}{text}").replace(PADDING, padding)
    })
}

/// Most files begin with a section, or nothing after their first property would count.
fn title_first() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "[default]\n", "[profile x]\n", "[x]\n"])
        .prop_map(|title| title.replace('[', &format!("[{PADDING}")).replace(']', &format!("{PADDING}]")))
}

/// Stands where a title is padded.
const PADDING: char = '\u{1}';

fn theirs(config: &str, credentials: &str) -> Option<EnvConfigSections> {
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .with_contents(EnvConfigFileKind::Credentials, credentials)
        .build();
    let (environment, no_files) = (Env::from_slice(&[]), Fs::from_slice(&[]));
    let mut loading = pin!(source::load(&environment, &no_files, &files));
    match loading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(source) => EnvConfigSections::parse(source.expect("texts need no file")).ok(),
        Poll::Pending => panic!("texts need no waiting"),
    }
}

fn names<'a>(sections: impl Iterator<Item = (&'a str, &'a Section)>) -> BTreeSet<&'a str> {
    sections.map(|(name, _)| name).collect()
}

fn value<'a>(section: &'a Section, property: &str) -> Option<&'a str> {
    section.properties().find(|(name, _)| *name == property).map(|(_, value)| value)
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
