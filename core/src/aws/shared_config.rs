//! What `~/.aws/config` and `~/.aws/credentials` say, as the AWS SDKs read them: one set of profiles out of two texts. Pure.
//!
//! | section | in the config file | in the credentials file |
//! |---|---|---|
//! | `[default]`, `[profile default]` | the profile `default`; where both stand, only the second counts | `[default]` only |
//! | `[profile x]` | the profile `x` | ignored |
//! | `[x]` | ignored | the profile `x` |
//! | `[sso-session x]`, `[services x]` | what profiles refer to by that name | ignored |
//!
//! A section that stands twice is one section, and a property that stands twice has its last value; the credentials file
//! is read last. `grammar` reads the lines, and `location` knows where the files are. The format is described at
//! <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>.

mod grammar;
pub mod location;

use crate::error::{Error, Kind, Step};
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// No file that a person keeps is longer, and a name may point at anything.
pub const LONGEST: usize = 1 << 20;

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `~/.aws/config`.
    Config,
    /// `~/.aws/credentials`.
    Credentials,
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            FileKind::Config => "AWS config file",
            FileKind::Credentials => "AWS credentials file",
        })
    }
}

/// A file as it was read.
#[derive(Clone, Copy)]
pub struct SharedFile<'a> {
    /// What an error calls it.
    pub path: &'a str,
    /// Its text.
    pub bytes: &'a [u8],
}

/// Where something stands: ``line 3 of the AWS config file `/home/user/.aws/config` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    file: Arc<(FileKind, String)>,
    line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, path) = &*self.file;
        write!(formatter, "line {} of the {kind} `{path}`", self.line)
    }
}

/// A property of a section.
#[derive(Clone, Debug)]
pub struct Property {
    value: Secret,
    origin: Origin,
}

impl Property {
    /// Its value, which may be a key.
    pub fn value(&self) -> &str {
        self.value.expose()
    }

    /// The property that is nested in this one, such as `endpoint_url` in `sts` of a `[services x]`.
    pub fn nested(&self, name: &str) -> Option<&str> {
        let mut pairs = self.value().lines().filter_map(|line| line.split_once('='));
        pairs.rfind(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Where it stands.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// A profile, a sign-in session or a set of services.
#[derive(Clone, Debug)]
pub struct Section {
    origin: Origin,
    properties: BTreeMap<String, Property>,
}

impl Section {
    /// The property of a lower-case name, unless it is blank.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.get(name).filter(|property| !property.value().trim().is_empty())
    }

    /// Every name and value, blank ones too.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().map(|(name, property)| (name.as_str(), property.value()))
    }

    /// Where it stands first.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Both files, merged.
#[derive(Clone, Debug, Default)]
pub struct SharedConfig {
    profiles: BTreeMap<String, Section>,
    sso_sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
    /// Sections of the config file that would be profiles if their title began with `profile`.
    without_prefix: BTreeMap<String, Origin>,
}

impl SharedConfig {
    /// Reads what is there of the two files.
    ///
    /// # Errors
    /// A text that is too long or no UTF-8, or a line that no section or property can be: named by file and line, and
    /// without its content, which may be a key.
    pub fn read(config: Option<SharedFile<'_>>, credentials: Option<SharedFile<'_>>) -> Result<SharedConfig, Error> {
        let mut merged = SharedConfig::default();
        for (kind, file) in [(FileKind::Config, config), (FileKind::Credentials, credentials)] {
            if let Some(file) = file {
                merged.merge(kind, grammar::read(kind, &file)?);
            }
        }
        Ok(merged)
    }

    /// The profile of a name; names are told apart by case.
    pub fn profile(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    /// The `[sso-session x]` of a name.
    pub fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    /// The `[services x]` of a name.
    pub fn services(&self, name: &str) -> Option<&Section> {
        self.services.get(name)
    }

    /// Every profile.
    pub fn profiles(&self) -> impl Iterator<Item = (&str, &Section)> {
        self.profiles.iter().map(|(name, section)| (name.as_str(), section))
    }

    /// Every `[sso-session x]`.
    pub fn sso_sessions(&self) -> impl Iterator<Item = (&str, &Section)> {
        self.sso_sessions.iter().map(|(name, section)| (name.as_str(), section))
    }

    /// Where the config file has `[x]` and needs `[profile x]`.
    pub fn without_prefix(&self, name: &str) -> Option<&Origin> {
        self.without_prefix.get(name)
    }

    fn merge(&mut self, kind: FileKind, sections: Vec<grammar::Section>) {
        let titles: Vec<_> = sections.iter().map(|section| Title::read(kind, &section.title)).collect();
        let prefixed_default = titles.contains(&Title::Profile { name: "default", prefixed: true });
        let titles: Vec<_> = titles.iter().map(Title::owned).collect();
        for (title, section) in titles.into_iter().zip(sections) {
            let (sections, name) = match title {
                Title::Profile { name, prefixed: false } if prefixed_default && name == "default" => continue,
                Title::Profile { name, .. } => (&mut self.profiles, name),
                Title::SsoSession(name) => (&mut self.sso_sessions, name),
                Title::Services(name) => (&mut self.services, name),
                Title::WithoutPrefix(name) => {
                    self.without_prefix.entry(name).or_insert(section.origin);
                    continue;
                }
                Title::Ignored => continue,
            };
            let merged =
                sections.entry(name).or_insert(Section { origin: section.origin, properties: BTreeMap::new() });
            let properties = section.properties.into_iter().filter(|property| is_name(&property.name));
            merged.properties.extend(properties.map(|property| {
                let value = Secret::new(property.value);
                (property.name, Property { value, origin: property.origin })
            }));
        }
    }
}

/// What stands between a section's brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Title<Name> {
    Profile { name: Name, prefixed: bool },
    SsoSession(Name),
    Services(Name),
    WithoutPrefix(Name),
    Ignored,
}

impl<'a> Title<&'a str> {
    fn read(kind: FileKind, title: &'a str) -> Title<&'a str> {
        let (prefix, name) = match title.split_once(grammar::BLANKS) {
            Some((prefix, name)) => (Some(prefix), name.trim_matches(grammar::BLANKS)),
            None => (None, title),
        };
        if !is_name(name) {
            return Title::Ignored;
        }
        match (kind, prefix) {
            (FileKind::Config, Some("profile")) => Title::Profile { name, prefixed: true },
            (FileKind::Config, Some("sso-session")) => Title::SsoSession(name),
            (FileKind::Config, Some("services")) => Title::Services(name),
            (FileKind::Config, None) if name == "default" => Title::Profile { name, prefixed: false },
            (FileKind::Config, None) => Title::WithoutPrefix(name),
            (FileKind::Credentials, None) => Title::Profile { name, prefixed: false },
            (FileKind::Config | FileKind::Credentials, Some(_)) => Title::Ignored,
        }
    }

    fn owned(&self) -> Title<String> {
        match *self {
            Title::Profile { name, prefixed } => Title::Profile { name: name.to_owned(), prefixed },
            Title::SsoSession(name) => Title::SsoSession(name.to_owned()),
            Title::Services(name) => Title::Services(name.to_owned()),
            Title::WithoutPrefix(name) => Title::WithoutPrefix(name.to_owned()),
            Title::Ignored => Title::Ignored,
        }
    }
}

/// What the SDKs let name a section or a property; anything else is passed over.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&byte))
}

fn failure(message: String) -> Error {
    Error::new(Kind::Identity, Step::Identity, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<SharedConfig, Error> {
        SharedConfig::read(Some(SharedFile { path: "/c", bytes: text.as_bytes() }), None)
    }

    #[test]
    fn services_nest_their_properties() {
        let text =
            "[services local]\nsts =\n  endpoint_url = http://one\n  ENDPOINT_URL = http://two\nsso =\n  other = x";
        let config = config(text).expect("well formed");
        let services = config.services("local").expect("there");
        let nested = |name: &str, inner: &str| services.property(name).and_then(|property| property.nested(inner));
        assert_eq!(nested("sts", "endpoint_url"), Some("http://two"));
        assert_eq!(nested("sso", "endpoint_url"), None);
        assert!(services.property("sso_oidc").is_none());
    }

    #[test]
    fn a_profile_without_its_prefix_is_remembered_for_the_error() {
        let config = config("[default]\n[work]\nregion = eu-west-1").expect("well formed");
        assert!(config.profile("work").is_none());
        let origin = config.without_prefix("work").expect("remembered").to_string();
        assert_eq!(origin, "line 2 of the AWS config file `/c`");
        assert!(config.without_prefix("default").is_none());
    }

    #[test]
    fn names_of_profiles_keep_their_case_and_names_of_properties_do_not() {
        let config = config("[profile Work]\nROLE_ARN = x\n[profile work]\n").expect("well formed");
        assert!(config.profile("Work").expect("there").property("role_arn").is_some());
        assert!(config.profile("work").expect("there").property("role_arn").is_none());
        assert!(config.profile("WORK").is_none());
    }

    #[test]
    fn a_blank_property_is_unset_and_one_file_wins_over_the_other() {
        let credentials = SharedFile { path: "/s", bytes: b"[work]\nregion = us-east-1\n[profile work]\nx = 1" };
        let text = "[profile work]\nregion = eu-west-1\noutput =\n[services work]\nregion = none";
        let config = SharedFile { path: "/c", bytes: text.as_bytes() };
        let merged = SharedConfig::read(Some(config), Some(credentials)).expect("well formed");
        let work = merged.profile("work").expect("there");
        let region = work.property("region").expect("there");
        assert_eq!(region.value(), "us-east-1");
        assert_eq!(region.origin().to_string(), "line 2 of the AWS credentials file `/s`");
        assert_eq!(work.origin().to_string(), "line 1 of the AWS config file `/c`");
        assert!(work.property("output").is_none());
        assert!(work.property("x").is_none());
        assert_eq!(work.properties().collect::<Vec<_>>(), [("output", ""), ("region", "us-east-1")]);
    }

    #[test]
    fn no_file_is_no_profile_and_debug_shows_no_value() {
        assert_eq!(SharedConfig::read(None, None).expect("nothing is wrong").profiles().count(), 0);
        let shown = format!("{:?}", config("[default]\naws_secret_access_key = wJalrXUtnFEMI").expect("well formed"));
        assert!(shown.contains("aws_secret_access_key") && !shown.contains("wJalr"), "{shown}");
    }
}
