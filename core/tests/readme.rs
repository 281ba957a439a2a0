//! The README's table of environment variables names exactly those that are read.
#![allow(clippy::disallowed_methods, reason = "a test stands outside")]

use rolebridge::Environment;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_readme_lists_every_variable_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(path).expect("readable");
    let section = text.split("## Environment variables").nth(1).and_then(|rest| rest.split("\n## ").next());
    let names = section.expect("a section").lines().filter(|line| line.starts_with("| `")).flat_map(|line| {
        let first = line.split('|').nth(1).unwrap_or_default();
        first.split('`').skip(1).step_by(2)
    });
    assert_eq!(names.collect::<BTreeSet<_>>(), Environment::NAMES.iter().copied().collect());
}
