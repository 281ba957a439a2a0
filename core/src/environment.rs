//! The environment as a value: a snapshot of the variables in [`env_names`](crate::env_names), taken on the caller's thread.

use crate::env_names;
use crate::secret::Secret;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The variables that Rolebridge may see, as they stood when somebody asked for a token.
///
/// A snapshot, not a service: a token is minted on a thread of our own, and reading the process environment there would
/// race with a program that sets it. A variable whose value is blank counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Vec<(&'static str, Value)>,
}

#[derive(Clone)]
struct Value {
    text: Secret,
    /// What the system has, where that is no UTF-8.
    raw: Option<OsString>,
}

impl Environment {
    /// Every name that a snapshot holds, for a caller that reads them from elsewhere.
    pub const NAMES: &'static [&'static str] = env_names::ALL;

    /// A snapshot of what `value` answers for each of [`Environment::NAMES`]. A path may be no UTF-8; of any other value,
    /// what is none is replaced.
    pub fn from_lookup<V: Into<OsString>>(mut value: impl FnMut(&'static str) -> Option<V>) -> Environment {
        let variables = Environment::NAMES
            .iter()
            .filter_map(|&name| {
                let (text, raw) = match value(name)?.into().into_string() {
                    Ok(text) => (text, None),
                    Err(raw) => (raw.to_string_lossy().into_owned(), Some(raw)),
                };
                let is_blank = text.trim().is_empty();
                (!is_blank).then(|| (name, Value { text: Secret::new(text), raw }))
            })
            .collect();
        Environment { variables }
    }

    /// The names of what is set.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.variables.iter().map(|(name, _)| *name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.variables.iter().find(|(known, _)| *known == name)?;
        Some(value.text.expose())
    }

    /// A value that is a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let (_, value) = self.variables.iter().find(|(known, _)| *known == name)?;
        Some(value.raw.as_ref().map_or_else(|| value.text.expose().trim().into(), PathBuf::from))
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether a switch is on; AWS reads `true` in any case.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

/// Names only: a value may be a key.
impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn blank_is_unset_and_debug_shows_names_only() {
        let environment = Environment::from_lookup(|name| match name {
            "AWS_SECRET_ACCESS_KEY" => Some("wJalrXUtnFEMI"),
            "AWS_REGION" => Some("  "),
            "AWS_EC2_METADATA_DISABLED" => Some("TRUE"),
            _ => None,
        });
        assert!(!environment.is_set("AWS_REGION"));
        assert!(environment.is_true("AWS_EC2_METADATA_DISABLED"));
        assert_eq!(environment.value("AWS_SECRET_ACCESS_KEY"), Some("wJalrXUtnFEMI"));
        assert_eq!(format!("{environment:?}"), r#"["AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"]"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_keeps_the_bytes_that_are_no_utf_8() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt;
        let named = OsString::from_vec(b"/etc/cr\xe9dential.json".to_vec());
        let environment =
            Environment::from_lookup(|name| (name == "GOOGLE_APPLICATION_CREDENTIALS").then(|| named.clone()));
        assert_eq!(environment.path("GOOGLE_APPLICATION_CREDENTIALS"), Some(named.into()));
        assert_eq!(environment.value("GOOGLE_APPLICATION_CREDENTIALS"), Some("/etc/cr\u{fffd}dential.json"));
    }
}
