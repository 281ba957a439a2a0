//! The environment of a run as a value.

use rolebridge::Environment;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What gcloud calls the file of its application-default login, in its own folder.
pub(crate) const LOGIN: &str = "application_default_credentials.json";

/// Every variable that the process was started with.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    /// A variable's value, what is no UTF-8 replaced; a blank one counts as unset.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.0.get(OsStr::new(name))?.to_string_lossy();
        (!text.trim().is_empty()).then(|| text.into_owned())
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// A variable's value that names a file or a folder.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).and(self.0.get(OsStr::new(name))).map(PathBuf::from)
    }

    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.0.insert(name.into(), value.as_ref().to_owned());
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.0.remove(OsStr::new(name));
    }

    /// All of them, for a process that is started.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }

    /// The part of it that core reads.
    pub(crate) fn snapshot(&self) -> Environment {
        Environment::from_lookup(|name| self.0.get(OsStr::new(name)).cloned())
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Variables {
        Variables(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
