//! `docs/environment.md` names exactly the variables that are read.
#![allow(clippy::disallowed_methods, reason = "a test stands outside")]

use rolebridge::Environment;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_page_lists_every_variable_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/environment.md");
    let text = std::fs::read_to_string(path).expect("readable");
    let names = text.lines().filter(|line| line.starts_with("| `")).flat_map(|line| {
        let first = line.split('|').nth(1).unwrap_or_default();
        first.split('`').skip(1).step_by(2)
    });
    assert_eq!(names.collect::<BTreeSet<_>>(), Environment::NAMES.iter().copied().collect());
}
