//! What a profile of AWS's shared files says about who its user is: a first source, then the roles to assume with it. Pure.
//!
//! Inside one profile the first of these counts, in the order of the AWS SDKs:
//!
//! 1. `role_arn` with `source_profile` or `credential_source` (one of them): a role, assumed by what that names. Not where
//!    `web_identity_token_file` stands too;
//! 2. `web_identity_token_file` with `role_arn`;
//! 3. `sso_account_id` and `sso_role_name`, with `sso_session` or else with `sso_region` and `sso_start_url`;
//! 4. `login_session`;
//! 5. `credential_process`;
//! 6. `aws_access_key_id` and `aws_secret_access_key`, with `aws_session_token` for temporary keys.
//!
//! In a profile that another one names as its source, keys count first. A profile may name itself: the role is assumed with
//! its own keys. Any other return to a profile is a loop. What is begun and not complete is an error, which names the
//! profile, the property and where it stands, and quotes no key.

use super::key::is_word;
use super::shared_config::{Property, Section, SharedConfig};
use super::sts::Role;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, Region};
use crate::secret::Secret;
use crate::time::Timestamp;
use std::time::Duration;
use url::Url;

/// Each role is a request to AWS STS, and all of them must fit into one mint.
const LONGEST_CHAIN: usize = 16;

/// How a profile's identity is had.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whose keys are first.
    pub(crate) base: Base,
    /// The profile that names the first source.
    pub(crate) base_profile: String,
    /// The roles to assume, each with the keys of the one before it.
    pub(crate) roles: Vec<Link>,
}

/// A source of keys that needs no others.
#[derive(Debug)]
pub(crate) enum Base {
    /// They stand in the file.
    Keys(AccessKey),
    /// `credential_source = Environment`.
    Environment,
    /// `credential_source = Ec2InstanceMetadata`.
    InstanceMetadata,
    /// `credential_source = EcsContainer`.
    Container,
    /// A token of another issuer, in a file, for a role.
    WebIdentity {
        /// The file, read for each use.
        token_file: String,
        /// The role.
        role: Role,
    },
    /// IAM Identity Center.
    Sso(Sso),
    /// `aws login`; the value names its cache file.
    Login(String),
    /// A command that prints keys.
    Process(String),
}

/// A role of an account, as a user of IAM Identity Center.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sso {
    /// The `[sso-session x]` by which the user signed in; without it, the sign-in cannot be renewed.
    pub(crate) session: Option<String>,
    pub(crate) start_url: String,
    pub(crate) region: Region,
    pub(crate) account_id: String,
    pub(crate) role_name: String,
}

/// A role to assume, and the profile that names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) profile: String,
    pub(crate) role: Role,
}

/// What the profile of a name says. `named_by` is the variable or option that chose it; none if it is the default.
///
/// `None` if nothing in it is about who its user is, or if there is no default profile.
pub(crate) fn plan(config: &SharedConfig, name: &str, named_by: Option<&str>) -> Result<Option<Plan>, Error> {
    let mut profile = match (config.profile(name), named_by) {
        (Some(section), _) => Profile { name, section },
        (None, None) => return Ok(None),
        (None, Some(named_by)) => return Err(missing(config, name, &format!("`{named_by}`"))),
    };
    if !profile.says_who() {
        // Written by a template whose values were missing: it means somebody, and not whoever comes next.
        return match profile.blank() {
            Some(name) => Err(profile.wrong(name, "is blank, and the profile says nothing else of who its user is")),
            None => Ok(None),
        };
    }
    let mut names = vec![name];
    let mut roles = Vec::new();
    let base = loop {
        if names.len() > 1 && profile.begins_keys() {
            break Base::Keys(profile.keys()?);
        }
        let Some((role, assumed_by)) = profile.link()? else { break profile.base(config)? };
        roles.push(Link { profile: profile.name.to_owned(), role });
        let source = match assumed_by {
            AssumedBy::Base(base) => break base,
            AssumedBy::Profile(source) => source,
        };
        if source == profile.name && profile.begins_keys() {
            break Base::Keys(profile.keys()?);
        }
        if names.len() > LONGEST_CHAIN {
            return Err(
                profile.wrong("source_profile", &format!("is the end of more than {LONGEST_CHAIN} roles in a row"))
            );
        }
        if names.contains(&source) {
            names.push(source);
            return Err(profile.wrong("source_profile", &format!("leads round in a circle: {}", names.join(" → "))));
        }
        let section = config.profile(source);
        let section = section.ok_or_else(|| missing(config, source, &profile.described("source_profile")))?;
        let next = Profile { name: source, section };
        if !next.says_who() {
            let problem = format!("names the profile `{source}` ({}), which has no credentials", section.origin());
            return Err(profile.wrong("source_profile", &problem));
        }
        names.push(source);
        profile = next;
    };
    roles.reverse();
    Ok(Some(Plan { base, base_profile: profile.name.to_owned(), roles }))
}

/// The region that a profile names for itself; not that of its source.
pub(crate) fn region(config: &SharedConfig, name: &str) -> Result<Option<Region>, Error> {
    let Some(section) = config.profile(name) else { return Ok(None) };
    let profile = Profile { name, section };
    profile.text("region")?.map(|_| profile.region("region")).transpose()
}

/// Where a profile sends the calls to a service of AWS (`sts`, `sso` or `sso_oidc`), if not to AWS's own host: by its
/// `services`, else for all of them by `endpoint_url`.
pub(crate) fn endpoint(config: &SharedConfig, name: &str, service: &str) -> Result<Option<Url>, Error> {
    let Some(section) = config.profile(name) else { return Ok(None) };
    let profile = Profile { name, section };
    if profile.text("ignore_configured_endpoint_urls")?.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    if let Some(services) = profile.text("services")? {
        let section = config.services(services);
        let section = section
            .ok_or_else(|| profile.wrong("services", &format!("names `[services {services}]`, which is not there")))?;
        if let Some(property) = section.property(service)
            && let Some(url) = property.nested("endpoint_url").filter(|url| !url.is_empty())
        {
            let origin = property.origin();
            let wrong =
                || failure(format!("`endpoint_url` of `{service}` in `[services {services}]` ({origin}) is not a URL"));
            return http_url(url).ok_or_else(wrong).map(Some);
        }
    }
    let Some(url) = profile.text("endpoint_url")? else { return Ok(None) };
    http_url(url).ok_or_else(|| profile.wrong("endpoint_url", "is not a URL")).map(Some)
}

fn http_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[derive(Clone, Copy)]
struct Profile<'a> {
    name: &'a str,
    section: &'a Section,
}

/// Who assumes a role.
enum AssumedBy<'a> {
    Profile(&'a str),
    Base(Base),
}

const SSO: [&str; 5] = ["sso_session", "sso_account_id", "sso_role_name", "sso_region", "sso_start_url"];
const KEYS: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];
/// What says who a profile's user is.
const WHO: [&[&str]; 3] =
    [&KEYS, &SSO, &["role_arn", "web_identity_token_file", "login_session", "credential_process"]];

impl<'a> Profile<'a> {
    fn says_who(&self) -> bool {
        WHO.iter().any(|names| names.iter().any(|name| self.has(name)))
    }

    /// What would say who the user is, if it had a value.
    fn blank(&self) -> Option<&'a str> {
        let mut names = self.section.properties().map(|(name, _)| name);
        names.find(|name| WHO.iter().any(|names| names.contains(name)))
    }

    fn begins_keys(&self) -> bool {
        KEYS.iter().any(|name| self.has(name))
    }

    /// The role that another identity assumes.
    fn link(&self) -> Result<Option<(Role, AssumedBy<'a>)>, Error> {
        if !self.has("role_arn") || self.has("web_identity_token_file") {
            return Ok(None);
        }
        let assumed_by = match (self.text("source_profile")?, self.text("credential_source")?) {
            (Some(_), Some(_)) => {
                return Err(self.wrong("credential_source", "stands beside `source_profile`: only one can be meant"));
            }
            (None, None) => {
                return Err(self
                    .wrong("role_arn", "says nothing of who assumes the role")
                    .hinting("add `source_profile` or `credential_source`, or `web_identity_token_file`"));
            }
            (Some(source), None) => AssumedBy::Profile(source),
            (None, Some(source)) => AssumedBy::Base(match source.to_ascii_lowercase().as_str() {
                "environment" => Base::Environment,
                "ec2instancemetadata" => Base::InstanceMetadata,
                "ecscontainer" => Base::Container,
                _ => {
                    let problem = "is none of `Environment`, `Ec2InstanceMetadata` and `EcsContainer`";
                    return Err(self.wrong("credential_source", problem));
                }
            }),
        };
        if self.has("mfa_serial") {
            return Err(self
                .wrong("mfa_serial", "asks for a one-time code, and nobody is there to type one")
                .hinting("let `credential_process` or `aws sso login` give the keys, or a role that needs no code"));
        }
        Ok(Some((self.role()?, assumed_by)))
    }

    /// What needs no other identity.
    fn base(&self, config: &SharedConfig) -> Result<Base, Error> {
        if let Some(token_file) = self.text("web_identity_token_file")? {
            self.required("role_arn", "web_identity_token_file")?;
            return Ok(Base::WebIdentity { token_file: token_file.to_owned(), role: self.role()? });
        }
        if self.has("sso_account_id") || self.has("sso_role_name") {
            return self.sso(config).map(Base::Sso);
        }
        if let Some(session) = self.text("login_session")? {
            return Ok(Base::Login(session.to_owned()));
        }
        if let Some(command) = self.text("credential_process")? {
            return Ok(Base::Process(command.to_owned()));
        }
        if self.begins_keys() {
            return self.keys().map(Base::Keys);
        }
        // A sign-in alone, which serves other programs beside other credentials.
        self.sso(config).map(Base::Sso)
    }

    fn role(&self) -> Result<Role, Error> {
        let owned = |name| self.text(name).map(|text| text.map(str::to_owned));
        let duration = match self.text("duration_seconds")? {
            None => None,
            Some(text) => {
                // What AWS STS takes for any role.
                let seconds = text.parse().ok().filter(|seconds| (900..=43_200).contains(seconds));
                let problem = "is not a number of seconds from 900 to 43200";
                Some(Duration::from_secs(seconds.ok_or_else(|| self.wrong("duration_seconds", problem))?))
            }
        };
        Ok(Role {
            role_arn: owned("role_arn")?.unwrap_or_default(),
            session_name: owned("role_session_name")?,
            external_id: owned("external_id")?,
            duration,
        })
    }

    fn sso(&self, config: &SharedConfig) -> Result<Sso, Error> {
        let begun = SSO.into_iter().find(|name| self.has(name)).unwrap_or_default();
        let account_id = self.required("sso_account_id", begun)?.to_owned();
        let role_name = self.required("sso_role_name", begun)?.to_owned();
        let Some(session) = self.text("sso_session")? else {
            let start_url = self.required("sso_start_url", begun)?.to_owned();
            self.required("sso_region", begun)?;
            return Ok(Sso { session: None, start_url, region: self.region("sso_region")?, account_id, role_name });
        };
        let section = config.sso_session(session).ok_or_else(|| {
            self.wrong("sso_session", &format!("names `[sso-session {session}]`, which is not there"))
                .hinting("`aws configure sso-session` writes one")
        })?;
        let title = format!("[sso-session {session}]");
        let said = |name: &str| {
            let property = section
                .property(name)
                .ok_or_else(|| failure(format!("`{title}` ({}) has no `{name}`", section.origin())))?;
            let value = one_line(property).ok_or_else(|| {
                failure(format!("`{name}` of `{title}` ({}) is not one line of text", property.origin()))
            })?;
            match self.text(name)? {
                Some(other) if other != value => {
                    Err(self.wrong(name, &format!("differs from that of `{title}` ({})", property.origin())))
                }
                _ => Ok((value, property)),
            }
        };
        let (start_url, _) = said("sso_start_url")?;
        let (region, property) = said("sso_region")?;
        let region = Region::parse(region)
            .ok_or_else(|| failure(format!("`sso_region` of `{title}` ({}) is no AWS region", property.origin())))?;
        Ok(Sso { session: Some(session.to_owned()), start_url: start_url.to_owned(), region, account_id, role_name })
    }

    fn keys(&self) -> Result<AccessKey, Error> {
        let [id, secret] = KEYS;
        let (id, secret) = (self.required(id, secret)?, self.required(secret, id)?);
        let token = self.text("aws_session_token")?;
        for (name, value) in [("aws_access_key_id", Some(id)), ("aws_session_token", token)] {
            if value.is_some_and(|value| !is_word(value)) {
                return Err(self.wrong(name, "holds a character that no header can carry"));
            }
        }
        Ok(AccessKey {
            access_key_id: id.to_owned(),
            secret_access_key: Secret::new(secret),
            session_token: token.map(Secret::new),
            expires_at: Timestamp::NEVER,
        })
    }

    fn region(&self, name: &str) -> Result<Region, Error> {
        self.text(name)?.and_then(Region::parse).ok_or_else(|| {
            self.wrong(name, "is no AWS region")
                .hinting("a region is a name such as `us-east-1`, without the zone's letter")
        })
    }

    fn required(&self, name: &str, begun: &str) -> Result<&'a str, Error> {
        self.text(name)?.ok_or_else(|| self.wrong(begun, &format!("has no `{name}` beside it")))
    }

    fn has(&self, name: &str) -> bool {
        self.section.property(name).is_some()
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        let Some(property) = self.section.property(name) else { return Ok(None) };
        one_line(property).ok_or_else(|| self.wrong(name, "is not one line of text")).map(Some)
    }

    /// ``the `role_arn` of the profile `x` (line 3 of the AWS config file `/home/user/.aws/config`)``.
    fn described(&self, name: &str) -> String {
        let origin = self.section.property(name).map_or(self.section.origin(), Property::origin);
        format!("`{name}` of the profile `{}` ({origin})", self.name)
    }

    fn wrong(&self, name: &str, problem: &str) -> Error {
        failure(format!("{} {problem}", self.described(name)))
            .hinting("mend it, or choose another profile by AWS_PROFILE")
    }
}

/// What can stand in a request, or name a file: a continued value cannot.
fn one_line(property: &Property) -> Option<&str> {
    let value = property.value().trim();
    (!value.contains(char::is_control)).then_some(value)
}

fn missing(config: &SharedConfig, name: &str, named_by: &str) -> Error {
    let error = failure(format!("{named_by} names the profile `{name}`, which neither of AWS's shared files has"));
    match config.without_prefix(name) {
        Some(origin) => error.hinting(format!("`[{name}]` on {origin} must be `[profile {name}]`")),
        None => error.hinting("`aws configure list-profiles` lists those that are there"),
    }
}

fn failure(message: String) -> Error {
    Error::new(Kind::Identity, Step::Identity, message)
}

#[cfg(test)]
mod tests;
