//! The environment as a value: a snapshot of the variables in [`env_names`](crate::env_names), taken on the caller's thread.

use crate::env_names;
use crate::secret::Secret;
use std::fmt;

/// The variables that Rolebridge may see, as they stood when somebody asked for a token.
///
/// A snapshot, not a service: a token is minted on a thread of our own, and reading the process environment there would
/// race with a program that sets it. A variable whose value is blank counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Vec<(&'static str, Secret)>,
}

impl Environment {
    /// Every name that a snapshot holds, for a caller that reads them from elsewhere.
    pub const NAMES: &'static [&'static str] = env_names::ALL;

    /// A snapshot of what `value` answers for each of [`Environment::NAMES`].
    pub fn from_lookup(mut value: impl FnMut(&'static str) -> Option<String>) -> Environment {
        let variables = Environment::NAMES
            .iter()
            .filter_map(|&name| {
                let text = value(name).filter(|text| !text.trim().is_empty())?;
                Some((name, Secret::new(text)))
            })
            .collect();
        Environment { variables }
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.variables.iter().find(|(known, _)| *known == name)?;
        Some(value.expose())
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
            "AWS_SECRET_ACCESS_KEY" => Some("wJalrXUtnFEMI".into()),
            "AWS_REGION" => Some("  ".into()),
            "AWS_EC2_METADATA_DISABLED" => Some("TRUE".into()),
            _ => None,
        });
        assert!(!environment.is_set("AWS_REGION"));
        assert!(environment.is_true("AWS_EC2_METADATA_DISABLED"));
        assert_eq!(environment.value("AWS_SECRET_ACCESS_KEY"), Some("wJalrXUtnFEMI"));
        assert_eq!(format!("{environment:?}"), r#"["AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"]"#);
    }
}
