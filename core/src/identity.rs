//! Who a workload is at AWS: an access key, and the region in which it speaks to AWS STS.

use crate::error::{Error, Kind, Step};
use crate::secret::Secret;
use crate::time::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::SystemTime;

/// Keys of an AWS principal and the region in which it speaks to AWS STS.
#[derive(Debug, Clone)]
pub struct Identity {
    key: AccessKey,
    region: Region,
    source: Option<KeySource>,
}

/// Where keys came from, so that an error can say whose they are and who must mend them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// Variables, which a person or a platform sets.
    Environment,
    /// Another issuer's token, for the role that trusts it.
    WebIdentity,
    /// A profile of AWS's shared files.
    Profile(String),
    /// The container's endpoint.
    Container,
    /// Instance metadata, for the role of this name.
    InstanceRole(String),
    /// A supplier of the program's own.
    Supplier,
    /// AWS STS, for the role that the program named.
    Role(String),
}

impl KeySource {
    /// What follows "the keys".
    fn words(&self) -> String {
        match self {
            KeySource::Environment => "from the environment".to_owned(),
            KeySource::WebIdentity => "of the web identity's role".to_owned(),
            KeySource::Profile(name) => format!("of the profile `{name}`"),
            KeySource::Container => "from the container's endpoint".to_owned(),
            KeySource::InstanceRole(role) => format!("of the role `{role}` from instance metadata"),
            KeySource::Supplier => "from the identity supplier".to_owned(),
            KeySource::Role(arn) => format!("of the assumed role `{arn}`"),
        }
    }
}

impl Identity {
    /// Keys that do not end, in one region; add a session token with [`Identity::with_session_token`].
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>, region: Region) -> Identity {
        let key = AccessKey {
            access_key_id: access_key_id.into(),
            secret_access_key: Secret::new(secret_access_key),
            session_token: None,
            expires_at: Timestamp::NEVER,
        };
        Identity { key, region, source: None }
    }

    /// The same keys as temporary ones, which AWS knows by their session token.
    pub fn with_session_token(mut self, session_token: impl Into<String>) -> Identity {
        self.key.session_token = Some(Secret::new(session_token));
        self
    }

    pub(crate) fn of(key: AccessKey, region: Region) -> Identity {
        Identity { key, region, source: None }
    }

    pub(crate) fn from(self, source: KeySource) -> Identity {
        Identity { source: Some(source), ..self }
    }

    /// Which service gave the keys, as what follows "the keys"; none where a person set them.
    pub(crate) fn given_by(&self) -> Option<String> {
        self.source.as_ref().filter(|source| **source != KeySource::Environment).map(KeySource::words)
    }

    /// The role of the keys as Google's default mapping has it, `attribute.aws_role`, as far as their source told: of an
    /// instance's role the account is left to be filled in.
    pub(crate) fn google_attribute(&self) -> Option<String> {
        match self.source.as_ref()? {
            KeySource::InstanceRole(role) => Some(format!("arn:aws:sts::ACCOUNT:assumed-role/{role}")),
            _ => None,
        }
    }

    /// Which keys these are and where they speak to AWS: `keys …MPLE from the environment, in us-east-1`.
    pub(crate) fn description(&self) -> String {
        let source = self.source.as_ref().map(|source| format!(" {}", source.words())).unwrap_or_default();
        format!("keys{}{source}, in {}", self.key.last_four(), self.region)
    }

    pub(crate) fn into_key(self) -> AccessKey {
        self.key
    }

    pub(crate) fn access_key_id(&self) -> &str {
        &self.key.access_key_id
    }

    pub(crate) fn secret_access_key(&self) -> &str {
        self.key.secret_access_key.expose()
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        self.key.session_token.as_ref().map(Secret::expose)
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        self.key.expires_at
    }
}

/// AWS: an access key id has 16 characters or more.
const SHORTEST_ID: usize = 16;

/// An access key with its secret: an identity whose region is still to be found.
#[derive(Debug, Clone)]
pub(crate) struct AccessKey {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: Secret,
    pub(crate) session_token: Option<Secret>,
    pub(crate) expires_at: Timestamp,
}

impl AccessKey {
    /// The end of the id, as AWS's consoles show it. What is shorter than any id of AWS's would be half shown by it, and may
    /// be another thing altogether.
    fn last_four(&self) -> String {
        let id = self.access_key_id.as_bytes();
        match id.last_chunk::<4>() {
            Some(last) if id.len() >= SHORTEST_ID && last.iter().all(u8::is_ascii_alphanumeric) => {
                format!(" …{}", String::from_utf8_lossy(last))
            }
            _ => String::new(),
        }
    }

    /// What tells one from another.
    pub(crate) fn parts(&self) -> Vec<Option<&[u8]>> {
        vec![
            Some(self.access_key_id.as_bytes()),
            Some(self.secret_access_key.expose().as_bytes()),
            self.session_token.as_ref().map(|token| token.expose().as_bytes()),
        ]
    }
}

/// An AWS identity that a program supplies: an access key with its secret, and a region if it knows one.
///
/// ```
/// let identity = rolebridge::SuppliedIdentity::new("AKIDEXAMPLE", "secret")
///     .with_session_token("token")
///     .with_region("us-east-1");
/// ```
#[derive(Debug, Clone)]
pub struct SuppliedIdentity {
    key: AccessKey,
    region: Option<String>,
}

impl SuppliedIdentity {
    /// An access key that does not end.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> SuppliedIdentity {
        let key = AccessKey {
            access_key_id: access_key_id.into(),
            secret_access_key: Secret::new(secret_access_key),
            session_token: None,
            expires_at: Timestamp::NEVER,
        };
        SuppliedIdentity { key, region: None }
    }

    /// The session token of a temporary key.
    pub fn with_session_token(mut self, session_token: impl Into<String>) -> SuppliedIdentity {
        self.key.session_token = Some(Secret::new(session_token));
        self
    }

    /// When a temporary key ends: the supplier is asked again before.
    pub fn with_expiry(mut self, expires_at: SystemTime) -> SuppliedIdentity {
        self.key.expires_at = expires_at.into();
        self
    }

    /// The AWS region, such as `us-east-1`; without one it is looked for as for every other source.
    pub fn with_region(mut self, region: impl Into<String>) -> SuppliedIdentity {
        self.region = Some(region.into());
        self
    }

    /// Both halves, if they can be an identity.
    pub(crate) fn checked(self) -> Result<(AccessKey, Option<Region>), Error> {
        let wrong =
            |problem: &str| Error::new(Kind::Identity, Step::Identity, format!("the identity supplier gave {problem}"));
        let SuppliedIdentity { key, region } = self;
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_word(&key.access_key_id) || !is_word(key.secret_access_key.expose()) {
            return Err(wrong("no access key, or one that is not text"));
        }
        if key.session_token.as_ref().is_some_and(|token| !is_word(token.expose())) {
            return Err(wrong("a session token that no header can carry"));
        }
        let region = region.filter(|region| !region.is_empty());
        let region = region.map(|name| Region::parse(&name).ok_or_else(|| wrong("a region that is no AWS region")));
        Ok((key, region.transpose()?))
    }
}

/// What supplies the AWS identity of a workload in place of the sources that Rolebridge reads by itself. Implemented by
/// every function that returns a future of one.
///
/// It is asked before the identity that it gave last ends, and at most once an hour where that does not end, by one flight
/// for all who wait.
pub trait IdentitySupplier: Send + Sync {
    /// The identity as it is now.
    ///
    /// # Errors
    /// Whatever the supplier says becomes the cause of an [`Error`] of the kind [`Kind::Identity`].
    fn supply(&self) -> Supplying;
}

/// An identity that is to come. It is polled on the thread that mints tokens, so it must not block.
pub type Supplying =
    Pin<Box<dyn Future<Output = Result<SuppliedIdentity, Box<dyn std::error::Error + Send + Sync>>> + Send>>;

impl<F, Supply> IdentitySupplier for F
where
    F: Fn() -> Supply + Send + Sync,
    Supply: Future<Output = Result<SuppliedIdentity, Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    fn supply(&self) -> Supplying {
        Box::pin(self())
    }
}

/// An AWS region's name, such as `us-east-1`: `^[a-z]+(-[a-z]+)+-[0-9]+$`. It is checked before it enters a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// A region's name; a zone's, which has a letter more, is none.
    pub fn parse(name: &str) -> Option<Region> {
        let (words, number) = name.rsplit_once('-')?;
        let is_name = words.contains('-') && words.split('-').all(is_word) && is_number(number);
        is_name.then(|| Region(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Identity, KeySource, Region};

    #[test]
    fn keys_are_described_by_source_region_and_the_end_of_their_id() {
        let described = |id: &str, source: Option<KeySource>| {
            let region = Region::parse("us-east-1").expect("a region");
            let identity = Identity::new(id, "secret", region).with_session_token("token");
            source.map_or(identity.clone(), |source| identity.from(source)).description()
        };
        let role = KeySource::InstanceRole("reader".to_owned());
        let cases = [
            ("AKIAIOSFODNN7EXAMPLE", Some(KeySource::Environment), "keys …MPLE from the environment, in us-east-1"),
            (
                "ASIAIOSFODNN7EXAMPLE",
                Some(role),
                "keys …MPLE of the role `reader` from instance metadata, in us-east-1",
            ),
            ("AKIAIOSFODNN7EXAMPLE", None, "keys …MPLE, in us-east-1"),
            ("AKIAEXAMPLE", None, "keys, in us-east-1"),
            ("AKIAIOSFODNN7EXAMPLE\u{1b}", None, "keys, in us-east-1"),
        ];
        for (id, source, words) in cases {
            assert_eq!(described(id, source), words);
        }
    }

    #[test]
    fn a_region_is_words_and_a_number() {
        for name in ["us-east-1", "ap-southeast-12", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"] {
            assert!(Region::parse(name).is_some(), "{name}");
        }
        for name in
            ["", "us", "us-1", "us-east", "us-east-1a", "US-EAST-1", "us-east-1.evil.example", "us--east-1", "-east-1"]
        {
            assert_eq!(Region::parse(name), None, "{name}");
        }
    }
}
