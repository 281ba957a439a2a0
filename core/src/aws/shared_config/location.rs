//! Where AWS's files are: what the environment names, else `.aws` in the user's home.
//!
//! - config: `AWS_CONFIG_FILE`, else `~/.aws/config`;
//! - credentials: `AWS_SHARED_CREDENTIALS_FILE`, else `~/.aws/credentials`;
//! - profile: `AWS_PROFILE`, else `default`;
//! - home: `HOME`; on Windows else `USERPROFILE`, else `HOMEDRIVE` and `HOMEPATH`; else what the system knows.
//!
//! Documented at <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>.

use crate::env_names::{AWS_CONFIG_FILE, AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE};

/// Whose rules a path follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Linux, macOS and their kin.
    Unix,
    /// Windows.
    Windows,
}

impl Platform {
    /// That of this machine.
    pub const HERE: Platform = if cfg!(windows) { Platform::Windows } else { Platform::Unix };
}

/// The user's folder, where one is known.
#[derive(Clone, Debug)]
pub struct Home {
    platform: Platform,
    folder: Option<String>,
}

impl Home {
    /// As the environment says, else `known_to_system` (the account's entry).
    pub fn find<'a>(
        platform: Platform,
        variable: impl Fn(&str) -> Option<&'a str>,
        known_to_system: Option<&str>,
    ) -> Home {
        let windows = |name| if platform == Platform::Windows { variable(name) } else { None };
        let of_drive = || Some(format!("{}{}", windows("HOMEDRIVE")?, windows("HOMEPATH")?));
        let named = variable("HOME").or_else(|| windows("USERPROFILE")).map(str::to_owned);
        Home { platform, folder: named.or_else(of_drive).or_else(|| known_to_system.map(str::to_owned)) }
    }

    /// `~/.aws/…`: a file below AWS's folder. `None` without a home.
    pub fn aws_file(&self, below: &[&str]) -> Option<String> {
        let mut path = self.folder.as_deref()?.trim_end_matches(self.separators()).to_owned();
        for part in [".aws"].iter().chain(below) {
            path.push(self.separators()[0]);
            path.push_str(part);
        }
        Some(path)
    }

    /// A path in which `~`, alone or before a separator, is the home. (`~user` is none, as in the SDKs.) Without a home it
    /// stays as it is, and names no file.
    pub fn expand(&self, path: &str) -> String {
        match (path.strip_prefix('~'), &self.folder) {
            (Some(""), Some(folder)) => folder.clone(),
            (Some(rest), Some(folder)) if rest.starts_with(self.separators()) => {
                format!("{}{rest}", folder.trim_end_matches(self.separators()))
            }
            _ => path.to_owned(),
        }
    }

    fn separators(&self) -> &'static [char] {
        match self.platform {
            Platform::Unix => &['/'],
            Platform::Windows => &['\\', '/'],
        }
    }
}

/// Where the config file is; `None` if no variable names it and there is no home.
pub fn config_file<'a>(home: &Home, variable: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    variable(AWS_CONFIG_FILE).map(|path| home.expand(path)).or_else(|| home.aws_file(&["config"]))
}

/// Where the credentials file is.
pub fn credentials_file<'a>(home: &Home, variable: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    variable(AWS_SHARED_CREDENTIALS_FILE).map(|path| home.expand(path)).or_else(|| home.aws_file(&["credentials"]))
}

/// The profile that is selected where the program names none.
pub fn profile<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> &'a str {
    variable(AWS_PROFILE).map_or("default", str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(platform: Platform, folder: Option<&str>) -> Home {
        Home { platform, folder: folder.map(str::to_owned) }
    }

    #[test]
    fn a_tilde_is_the_home_alone_or_before_a_separator() {
        let unix = home(Platform::Unix, Some("/home/user/"));
        let windows = home(Platform::Windows, Some("C:\\users\\user"));
        for (home, path, expanded) in [
            (&unix, "~/x", "/home/user/x"),
            (&unix, "~", "/home/user/"),
            (&unix, "~other/x", "~other/x"),
            (&unix, "~\\x", "~\\x"),
            (&unix, "/a/~/x", "/a/~/x"),
            (&unix, "", ""),
            (&windows, "~\\x", "C:\\users\\user\\x"),
            (&windows, "~/x", "C:\\users\\user/x"),
            (&home(Platform::Unix, None), "~/x", "~/x"),
        ] {
            assert_eq!(home.expand(path), expanded, "{path}");
        }
    }

    #[test]
    fn without_any_home_only_what_is_named_is_a_file() {
        let nowhere = Home::find(Platform::Unix, |name| (name == "USERPROFILE").then_some("C:\\"), None);
        assert_eq!(config_file(&nowhere, |_| None), None);
        assert_eq!(credentials_file(&nowhere, |_| Some("/x")), Some("/x".to_owned()));
        let half = Home::find(Platform::Windows, |name| (name == "HOMEDRIVE").then_some("C:"), Some("D:\\me"));
        assert_eq!(half.aws_file(&["sso", "cache"]).as_deref(), Some("D:\\me\\.aws\\sso\\cache"));
    }

    #[test]
    fn the_root_is_a_home_as_any() {
        assert_eq!(home(Platform::Unix, Some("/")).aws_file(&["config"]).as_deref(), Some("/.aws/config"));
    }
}
