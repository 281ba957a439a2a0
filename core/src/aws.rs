//! Who this workload is at AWS: its keys and its region, from the first source that is configured.
//!
//! Asked in this order, free sources before any that waits on a network:
//!
//! 1. **variables**: `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY`;
//! 2. **container**: the role of an ECS task, of an EKS pod, of a function that was restored from a snapshot;
//! 3. **instance metadata** (EC2, IMDSv2 first), unless `AWS_EC2_METADATA_DISABLED` is `true`.
//!
//! A source answers one of three ways: here it is; not configured, ask the next; configured and broken, **stop**. A
//! workload whose own role is broken never becomes the machine's role. So a source that is configured and that
//! this version cannot read yet (a profile, IRSA) stops the search too.
//!
//! The region is `AWS_REGION`, else `AWS_DEFAULT_REGION`, else the ECS task's, else what instance metadata says.

mod profile_plan;
mod region;
mod reply;
pub(crate) mod shared_config;
mod source;

use crate::context::MintContext;
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, Identity, Region};
use futures_util::future;
use source::container::{self, Container};
use source::instance_metadata::{self, Endpoint};
pub(crate) use source::supplier::{Supplier, on_another_thread};
use source::{task_metadata, variables};
use std::borrow::Cow;
use url::Url;

/// What the program says of where its identity comes from; by default nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Asked in place of every other source.
    pub(crate) supplier: Option<Supplier>,
}

/// Where this workload's identity is to be found: what the environment configures, decided with no request.
#[derive(Debug)]
pub(crate) struct Source {
    key: KeySource,
    region: RegionSource,
}

#[derive(Debug)]
enum KeySource {
    Supplier(Supplier),
    Known(AccessKey),
    Container(Container),
    InstanceMetadata(Endpoint),
    /// What is configured is broken, or nothing is configured.
    Nowhere(Error),
}

#[derive(Debug)]
enum RegionSource {
    Known(Region),
    Task(Url),
    InstanceMetadata(Endpoint),
    Nowhere(Error),
}

/// The source that the program named, or the first that the environment configures. `metadata_origin` is where the
/// credential file was allowed to say that instance metadata is.
pub(crate) fn resolve(environment: &Environment, options: &Options, metadata_origin: Option<&Url>) -> Source {
    Source {
        key: key_source(environment, options, metadata_origin).unwrap_or_else(KeySource::Nowhere),
        region: region_source(environment, metadata_origin).unwrap_or_else(RegionSource::Nowhere),
    }
}

fn key_source(environment: &Environment, options: &Options, metadata_origin: Option<&Url>) -> Result<KeySource, Error> {
    if let Some(supplier) = &options.supplier {
        return Ok(KeySource::Supplier(supplier.clone()));
    }
    if let Some(key) = variables::key(environment)? {
        return Ok(KeySource::Known(key));
    }
    refuse_unread_sources(environment)?;
    if let Some(container) = container::configured(environment)? {
        return Ok(KeySource::Container(container));
    }
    let need = "no AWS identity is set up here: no keys in the environment";
    Ok(KeySource::InstanceMetadata(instance_metadata::endpoint(environment, metadata_origin, need)?))
}

fn region_source(environment: &Environment, metadata_origin: Option<&Url>) -> Result<RegionSource, Error> {
    if let Some(region) = variables::region(environment)? {
        return Ok(RegionSource::Known(region));
    }
    if let Some(task) = task_metadata::configured(environment)? {
        return Ok(RegionSource::Task(task));
    }
    let need = "no variable names the AWS region";
    let endpoint = instance_metadata::endpoint(environment, metadata_origin, need).map_err(without_region)?;
    Ok(RegionSource::InstanceMetadata(endpoint))
}

impl Source {
    /// What tells one identity from another: sources of equal parts give the same.
    pub(crate) fn parts(&self) -> Vec<Option<Cow<'_, [u8]>>> {
        let mut parts = self.key.parts();
        parts.extend(self.region.parts());
        parts
    }

    /// Whether finding the identity takes requests that may succeed.
    pub(crate) fn waits(&self) -> bool {
        match (&self.key, &self.region) {
            (KeySource::Nowhere(_), _) | (_, RegionSource::Nowhere(_)) => false,
            (KeySource::Known(_), RegionSource::Known(_)) => false,
            _ => true,
        }
    }

    /// Finds the identity.
    pub(crate) async fn identity(self, context: &MintContext) -> Result<Identity, Error> {
        let Source { key, region } = self;
        match key {
            KeySource::Nowhere(error) => Err(error),
            KeySource::Known(key) => Ok(Identity::of(key, region.find(context).await?)),
            KeySource::Supplier(supplier) => match supplier.identity(context).await? {
                (key, Some(region)) => Ok(Identity::of(key, region)),
                (key, None) => Ok(Identity::of(key, region.find(context).await?)),
            },
            KeySource::Container(container) => {
                let (key, region) = future::join(container.key(context), region.find(context)).await;
                Ok(Identity::of(key?, region?))
            }
            // Both halves in one session.
            KeySource::InstanceMetadata(endpoint) => {
                let known = match region {
                    RegionSource::InstanceMetadata(_) => None,
                    region => Some(region.find(context).await?),
                };
                instance_metadata::identity(context, &endpoint, known).await
            }
        }
    }
}

impl KeySource {
    fn parts(&self) -> Vec<Option<Cow<'_, [u8]>>> {
        let (kind, parts) = match self {
            KeySource::Supplier(supplier) => ("supplier", vec![Some(supplier.id().to_vec().into())]),
            KeySource::Known(key) => ("known", borrowed(key.parts())),
            KeySource::Container(container) => ("container", borrowed(container.parts())),
            KeySource::InstanceMetadata(endpoint) => ("metadata", borrowed(endpoint.parts())),
            KeySource::Nowhere(error) => ("nowhere", borrowed(vec![Some(error.message().as_bytes())])),
        };
        std::iter::once(Some(kind.as_bytes().into())).chain(parts).collect()
    }
}

fn borrowed(parts: Vec<Option<&[u8]>>) -> Vec<Option<Cow<'_, [u8]>>> {
    parts.into_iter().map(|part| part.map(Cow::Borrowed)).collect()
}

impl RegionSource {
    fn parts(&self) -> Vec<Option<Cow<'_, [u8]>>> {
        let (kind, parts) = match self {
            RegionSource::Known(region) => ("known", vec![Some(region.as_str().as_bytes())]),
            RegionSource::Task(url) => ("task", vec![Some(url.as_str().as_bytes())]),
            RegionSource::InstanceMetadata(endpoint) => ("metadata", endpoint.parts()),
            RegionSource::Nowhere(error) => ("nowhere", vec![Some(error.message().as_bytes())]),
        };
        std::iter::once(Some(kind.as_bytes().into())).chain(borrowed(parts)).collect()
    }

    async fn find(self, context: &MintContext) -> Result<Region, Error> {
        match self {
            RegionSource::Known(region) => Ok(region),
            RegionSource::Task(url) => task_metadata::region(context, &url).await,
            RegionSource::InstanceMetadata(endpoint) => {
                instance_metadata::region(context, &endpoint).await.map_err(without_region)
            }
            RegionSource::Nowhere(error) => Err(error),
        }
    }
}

/// The variable that names a source which is not read yet, and what it names.
fn unread_source(environment: &Environment) -> Option<(&'static str, &'static str)> {
    const SOURCES: [(&str, &str); 4] = [
        (env_names::AWS_WEB_IDENTITY_TOKEN_FILE, "a web identity (IRSA)"),
        (env_names::AWS_PROFILE, "a profile"),
        (env_names::AWS_SHARED_CREDENTIALS_FILE, "a profile"),
        (env_names::AWS_CONFIG_FILE, "a profile"),
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
