//! Who this workload is at AWS: its keys and its region, from the first source that is configured.
//!
//! Asked in this order, free sources before any that waits on a network:
//!
//! 1. **environment**: `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY`;
//! 2. **instance metadata** (EC2, IMDSv2 first), unless `AWS_EC2_METADATA_DISABLED` is `true`.
//!
//! A source answers one of three ways: here it is; not configured, ask the next; configured and broken, **stop**. A
//! workload whose own role is broken never becomes the machine's role. So a source that is configured and that
//! this version cannot read yet (a profile, IRSA, a container) stops the search too.
//!
//! The region is `AWS_REGION`, else `AWS_DEFAULT_REGION`, else what instance metadata says.

mod environment;
mod imds;

use crate::context::MintContext;
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, Identity, KeySource, Region};
use imds::Endpoint;
use url::Url;

/// Where this workload's identity is to be found: what the environment configures, decided with no request.
#[derive(Debug)]
pub(crate) struct Source {
    key: Place<AccessKey>,
    region: Place<Region>,
}

/// Where one half of an identity is.
#[derive(Debug)]
enum Place<T> {
    Here(T),
    InstanceMetadata(Endpoint),
    /// What is configured is broken, or nothing is configured.
    Nowhere(Error),
}

/// The first source that is configured. `metadata_origin` is where the credential file was allowed to say that instance
/// metadata is.
pub(crate) fn resolve(environment: &Environment, metadata_origin: Option<&Url>) -> Source {
    let metadata = |need| imds::endpoint(environment, metadata_origin, need);
    let key = environment::key(environment).and_then(|key| match key {
        Some(key) => Ok(Place::Here(key)),
        None => {
            refuse_unread_sources(environment)?;
            metadata("no AWS identity is set up here: no keys in the environment").map(Place::InstanceMetadata)
        }
    });
    let region = environment::region(environment).and_then(|region| match region {
        Some(region) => Ok(Place::Here(region)),
        None => metadata("no variable names the AWS region").map(Place::InstanceMetadata).map_err(without_region),
    });
    Source { key: key.unwrap_or_else(Place::Nowhere), region: region.unwrap_or_else(Place::Nowhere) }
}

impl Source {
    /// What tells one identity from another: sources of equal parts give the same.
    pub(crate) fn parts(&self) -> Vec<Option<&[u8]>> {
        let mut parts = self.key.parts(AccessKey::parts);
        parts.extend(self.region.parts(|region| vec![Some(region.as_str().as_bytes())]));
        parts
    }

    /// Whether finding the identity takes requests that may succeed.
    pub(crate) fn waits(&self) -> bool {
        match (&self.key, &self.region) {
            (Place::Nowhere(_), _) | (_, Place::Nowhere(_)) => false,
            (key, region) => [key.waits(), region.waits()].contains(&true),
        }
    }

    /// Finds the identity.
    pub(crate) async fn identity(self, context: &MintContext) -> Result<Identity, Error> {
        match (self.key, self.region) {
            (Place::Nowhere(error), _) | (_, Place::Nowhere(error)) => Err(error),
            (Place::Here(key), Place::Here(region)) => Ok(Identity::of(key, region).from(KeySource::Environment)),
            (Place::Here(key), Place::InstanceMetadata(endpoint)) => {
                let region = imds::region(context, &endpoint).await.map_err(without_region)?;
                Ok(Identity::of(key, region).from(KeySource::Environment))
            }
            (Place::InstanceMetadata(endpoint), Place::Here(region)) => {
                imds::identity(context, &endpoint, Some(region)).await
            }
            (Place::InstanceMetadata(endpoint), Place::InstanceMetadata(_)) => {
                imds::identity(context, &endpoint, None).await
            }
        }
    }
}

impl<T> Place<T> {
    fn parts<'a>(&'a self, of: impl FnOnce(&'a T) -> Vec<Option<&'a [u8]>>) -> Vec<Option<&'a [u8]>> {
        let (kind, parts): (&[u8], _) = match self {
            Place::Here(value) => (b"here", of(value)),
            Place::InstanceMetadata(endpoint) => (b"metadata", endpoint.parts()),
            Place::Nowhere(error) => (b"nowhere", vec![Some(error.message().as_bytes())]),
        };
        std::iter::once(Some(kind)).chain(parts).collect()
    }

    fn waits(&self) -> bool {
        matches!(self, Place::InstanceMetadata(_))
    }
}

/// The variable that names a source which is not read yet, and what it names.
fn unread_source(environment: &Environment) -> Option<(&'static str, &'static str)> {
    const SOURCES: [(&str, &str); 6] = [
        (env_names::AWS_WEB_IDENTITY_TOKEN_FILE, "a web identity (IRSA)"),
        (env_names::AWS_PROFILE, "a profile"),
        (env_names::AWS_SHARED_CREDENTIALS_FILE, "a profile"),
        (env_names::AWS_CONFIG_FILE, "a profile"),
        (env_names::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, "a container's role"),
        (env_names::AWS_CONTAINER_CREDENTIALS_FULL_URI, "a container's role"),
    ];
    SOURCES.into_iter().find(|(name, _)| environment.is_set(name))
}

/// Stops where there is one: going on would find the machine's role.
fn refuse_unread_sources(environment: &Environment) -> Result<(), Error> {
    let Some((name, source)) = unread_source(environment) else { return Ok(()) };
    Err(failure(format!(
        "`{name}` names {source} as this workload's identity, which this version of Rolebridge cannot read; \
         the machine's own role was not asked instead"
    ))
    .hinting("export the role's keys as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset the variable"))
}

/// Keys are there, and no region.
fn without_region(cause: Error) -> Error {
    // Whose fault it is, and whether it may pass, is that of what lies below.
    let message = "the keys are known, and the AWS region is not: no variable names it, nor does instance metadata";
    let error = Error::new(cause.kind(), Step::Identity, message).hinting("set AWS_REGION, such as `us-east-1`");
    let error = match cause.status() {
        Some(status) => error.answering(status, cause.code()),
        None => error,
    };
    error.retrying_after(cause.retry_after()).caused_by(cause)
}

/// An identity that is not to be had until somebody mends something.
fn failure(message: impl Into<String>) -> Error {
    Error::new(Kind::Identity, Step::Identity, message)
}
