//! Which room of this crate may name which: read from the modules' own paths, and held against the table below.
#![allow(clippy::disallowed_methods, reason = "a test stands outside")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms that it may name. A room names only rooms further down, so there is no circle; the pure ones name
/// only the words at the end of the table, which name at most one another.
const ROOMS: &[(&str, &[&str])] = &[
    ("lib", &["aws", "binding", "environment", "error", "google", "observe", "token", "token_source"]),
    (
        "binding",
        &[
            "aws",
            "config",
            "environment",
            "error",
            "google",
            "host",
            "identity",
            "logging",
            "observe",
            "sigv4",
            "subject_token",
            "token",
            "token_source",
        ],
    ),
    (
        "token_source",
        &[
            "mint",
            "cache",
            "config",
            "context",
            "host",
            "env_names",
            "environment",
            "error",
            "identity",
            "logging",
            "observe",
            "quote",
            "time",
            "token",
        ],
    ),
    (
        "mint",
        &[
            "aws",
            "cache",
            "config",
            "context",
            "google",
            "host",
            "retry",
            "subject_token",
            "environment",
            "error",
            "identity",
            "logging",
            "reply",
            "token",
            "time",
        ],
    ),
    (
        "aws",
        &[
            "context",
            "host",
            "retry",
            "env_names",
            "environment",
            "error",
            "identity",
            "quote",
            "reply",
            "secret",
            "sigv4",
            "time",
        ],
    ),
    ("retry", &["context", "host", "reply"]),
    ("context", &["host", "environment", "error", "observe", "time"]),
    ("host", &["env_names", "environment", "error", "quote", "reply", "time"]),
    // Pure: no host, no executor, no clock.
    ("config", &["error", "quote", "secret"]),
    ("google", &["error", "quote", "reply", "time", "token"]),
    ("cache", &["error", "time"]),
    ("subject_token", &["identity", "secret", "sigv4", "time"]),
    // The words that the others are made of.
    ("logging", &["error", "observe"]),
    ("observe", &["error", "time", "token"]),
    ("token", &["secret", "time"]),
    ("identity", &["error", "secret", "time"]),
    ("environment", &["env_names", "secret"]),
    ("reply", &["quote", "time"]),
    ("quote", &[]),
    ("sigv4", &[]),
    ("error", &[]),
    ("time", &[]),
    ("secret", &[]),
    ("env_names", &[]),
];

#[test]
fn each_room_names_only_what_it_may() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    for file in files(&source) {
        let text = fs::read_to_string(&file).expect("readable");
        let inside = file.strip_prefix(&source).expect("below the folder").with_extension("");
        let room = inside.iter().next().expect("a name").to_str().expect("UTF-8").to_owned();
        let (_, allowed) =
            ROOMS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("`{room}` has no line in the table"));
        for named in named(&text) {
            let may = named == room || allowed.contains(&named.as_str());
            assert!(may, "{} names `{named}`, which `{room}` may not", inside.display());
        }
        seen.insert(room);
    }
    let listed: BTreeSet<_> = ROOMS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(seen, listed, "the rooms, and those of the table");
}

/// Below `aws`: what is told everything that it needs, and asks nobody. A folder's files are as pure as the room.
const PURE_BELOW_AWS: &[&str] =
    &["container", "key", "login", "process", "profile_plan", "region", "shared_config", "sso", "sts"];

#[test]
fn the_pure_rooms_below_aws_ask_nobody() {
    let aws = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws");
    let mut seen = BTreeSet::new();
    for file in files(&aws) {
        let inside = file.strip_prefix(&aws).expect("below the folder").with_extension("");
        let room = inside.iter().next().and_then(|name| name.to_str()).expect("a name");
        if !PURE_BELOW_AWS.contains(&room) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("readable");
        let asks = named(&text)
            .into_iter()
            .find(|named| ["context", "host", "retry", "environment"].contains(&named.as_str()));
        assert_eq!(asks, None, "{} is pure", inside.display());
        assert!(!text.contains("async ") && !text.contains(".await"), "{} is pure", inside.display());
        seen.insert(room.to_owned());
    }
    assert_eq!(seen, PURE_BELOW_AWS.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn the_table_has_no_circle() {
    for (place, (room, allowed)) in ROOMS.iter().enumerate() {
        for named in *allowed {
            let lower = ROOMS.iter().position(|(name, _)| name == named).expect("a room of the table");
            assert!(lower > place, "`{room}` may name `{named}`, which stands above it");
        }
    }
}

/// Every Rust file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The rooms that a file's code names by `crate::…`, one by one or in braces. (Rooms are lower-case; what the front door
/// gives is not.)
fn named(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect::<Vec<_>>(),
            None => vec![rest],
        })
        .map(|path| {
            path.trim()
                .chars()
                .take_while(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || *letter == '_')
                .collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}
