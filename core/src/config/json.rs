//! Reading members of a JSON object so that every complaint names the path from the file's root.

use crate::error::Error;
use serde_json::{Map, Value};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) fn parse(text: &str) -> Result<Value, Error> {
    if text.starts_with('\u{feff}') {
        return Err(Error::config("", "begins with a byte order mark")
            .hinting("save it as UTF-8 without a byte order mark (in PowerShell: `-Encoding utf8NoBOM`)"));
    }
    if text.trim().is_empty() {
        return Err(Error::config("", "is not JSON: it is empty"));
    }
    // serde_json's own message gives line and column and quotes nothing of the text.
    serde_json::from_str(text).map_err(|cause| Error::config("", format_args!("is not JSON: {cause}")).caused_by(cause))
}

/// An object somewhere in the file, and the path that leads to it.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: String,
}

impl<'a> Object<'a> {
    pub(super) fn root(value: &'a Value) -> Result<Object<'a>, Error> {
        match value {
            Value::Object(members) => Ok(Object { members, path: String::new() }),
            other => Err(Error::config("", format_args!("must be a JSON object, not {}", kind(other)))),
        }
    }

    pub(super) fn error(&self, name: &str, problem: impl Display) -> Error {
        Error::config(&self.path_of(name), problem)
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Error> {
        self.optional_text(name)?.ok_or_else(|| self.error(name, "is missing"))
    }

    /// Whether there is a value, of whatever type.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// A string that may be left out, or null, or blank: a form that writes all members leaves some of them so, and
    /// Google's libraries take that for none.
    pub(super) fn name(&self, name: &str) -> Result<Option<&'a str>, Error> {
        match self.members.get(name) {
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            _ => self.optional_text(name),
        }
    }

    /// A string that is absent, or null, or not blank.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Err(self.error(name, "is empty")),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(name, "a string", other)),
        }
    }

    pub(super) fn object(&self, name: &str) -> Result<Object<'a>, Error> {
        self.optional_object(name)?.ok_or_else(|| self.error(name, "is missing"))
    }

    pub(super) fn optional_object(&self, name: &str) -> Result<Option<Object<'a>>, Error> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Object { members, path: self.path_of(name) })),
            Some(other) => Err(self.wrong_type(name, "an object", other)),
        }
    }

    /// A number of seconds, or a text of one.
    pub(super) fn optional_seconds(&self, name: &str, allowed: RangeInclusive<u64>) -> Result<Option<Duration>, Error> {
        let wrong_type = |found| self.wrong_type(name, "a whole number of seconds", found);
        let number = match self.members.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.clone(),
            Some(found @ Value::String(text)) => text.trim().parse::<u64>().map_err(|_| wrong_type(found))?.into(),
            Some(found) => return Err(wrong_type(found)),
        };
        match number.as_u64().filter(|seconds| allowed.contains(seconds)) {
            Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
            None => {
                let (least, most) = (allowed.start(), allowed.end());
                let problem = format!("is {number}, and must be a whole number of seconds from {least} to {most}");
                Err(self.error(name, problem))
            }
        }
    }

    fn wrong_type(&self, name: &str, wanted: &str, found: &Value) -> Error {
        self.error(name, format_args!("must be {wanted}, not {}", kind(found)))
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
