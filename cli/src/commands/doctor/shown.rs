//! The legs as a person reads them, in 80 columns, and as a support ticket holds them.

use super::legs::{End, Leg};
use crate::environment::Variables;
use crate::error::printable;
use crate::io::{HINT, NAME, WRONG};
use rolebridge::Error;
use serde_json::{Value, json};

/// A terminal's.
const COLUMNS: usize = 80;
/// Of the longest name of a leg.
const NAME_COLUMNS: usize = 18;

/// How a leg's end is shown.
struct Marks {
    passed: &'static str,
    failed: &'static str,
    unknown: &'static str,
}

const SIGNS: Marks = Marks { passed: "✓", failed: "✗", unknown: "?" };
const LETTERS: Marks = Marks { passed: "ok", failed: "x", unknown: "?" };

impl Marks {
    /// Signs where the locale is of UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is set says so.
    fn of(environment: &Variables) -> Marks {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment.text(name));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { SIGNS } else { LETTERS }
    }
}

pub(super) fn as_text(legs: &[Leg], environment: &Variables) -> String {
    let marks = Marks::of(environment);
    let mut text = String::new();
    for leg in legs {
        let (mark, style) = match leg.end {
            End::Passed => (marks.passed, HINT),
            End::Unknown => (marks.unknown, NAME),
            End::Failed(_) => (marks.failed, WRONG),
        };
        let width = if leg.detail.is_empty() { 0 } else { NAME_COLUMNS + 1 };
        let name = format!("{style}{mark:<2}{style:#} {NAME}{:<width$}{NAME:#}", leg.name);
        add(&mut text, &name, NAME_COLUMNS + 4, &leg.detail);
        for warning in &leg.warnings {
            add(&mut text, &format!("   {HINT}warning:{HINT:#} "), 12, warning);
        }
        if let End::Failed(error) = &leg.end {
            add(&mut text, &format!("   {WRONG}cause:{WRONG:#} "), 10, error.message());
            add_fix(&mut text, error);
        }
    }
    text
}

/// The hint; a command in it has a line of its own, so that it can be copied.
fn add_fix(text: &mut String, error: &Error) {
    let Some(hint) = error.hint() else { return };
    let mut label = format!("   {HINT}fix:{HINT:#}   ");
    for part in parts(hint) {
        match part {
            Part::Command(command) => {
                if !label.trim().is_empty() {
                    *text += &format!("{}\n", label.trim_end());
                }
                *text += &format!("\n{}\n\n", printable(command));
            }
            Part::Prose(prose) if prose.chars().any(char::is_alphanumeric) => add(text, &label, 10, prose),
            Part::Prose(_) => continue,
        }
        label = " ".repeat(10);
    }
}

enum Part<'a> {
    Prose(&'a str),
    Command(&'a str),
}

/// A hint quotes commands, among other things, with backticks.
fn parts(hint: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begin, mut from) = (0, 0);
    while let Some(open) = hint[from..].find('`').map(|place| from + place) {
        let Some(close) = hint[open + 1..].find('`').map(|place| open + 1 + place) else { break };
        let quoted = &hint[open + 1..close];
        if is_command(quoted) {
            parts.extend([Part::Prose(&hint[begin..open]), Part::Command(quoted)]);
            begin = close + 1;
        }
        from = close + 1;
    }
    parts.push(Part::Prose(&hint[begin..]));
    parts
}

/// A whole one: what has dots in it cannot be run.
fn is_command(quoted: &str) -> bool {
    ["gcloud ", "aws "].iter().any(|program| quoted.starts_with(program)) && !quoted.contains('…')
}

/// Words in lines that begin at a column, after a label that ends there. A word that is longer than a line has one.
fn add(text: &mut String, label: &str, column: usize, words: &str) {
    let words = printable(words);
    let mut words = words.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    let mut label = label.to_owned();
    for word in words {
        if column + line.chars().count() + 1 + word.chars().count() > COLUMNS {
            *text += &format!("{label}{line}\n");
            label = " ".repeat(column);
            line = word.to_owned();
        } else {
            line += &format!(" {word}");
        }
    }
    *text += format!("{label}{line}").trim_end();
    text.push('\n');
}

pub(super) fn as_json(legs: &[Leg]) -> String {
    let legs: Vec<Value> = legs
        .iter()
        .map(|leg| {
            let end = match leg.end {
                End::Passed => "passed",
                End::Unknown => "unknown",
                End::Failed(_) => "failed",
            };
            let error = leg.error().map(|error| {
                let commands = parts(error.hint().unwrap_or_default());
                let commands = commands.iter().filter_map(|part| match part {
                    Part::Command(command) => Some(*command),
                    Part::Prose(_) => None,
                });
                json!({
                    "kind": error.kind().name(),
                    "step": error.step().name(),
                    "message": error.message(),
                    "hint": error.hint(),
                    "commands": commands.collect::<Vec<_>>(),
                    "status": error.status(),
                    "code": error.code(),
                })
            });
            json!({ "leg": leg.name, "end": end, "detail": leg.detail, "warnings": leg.warnings, "error": error })
        })
        .collect();
    format!("{:#}\n", json!({ "legs": legs }))
}
