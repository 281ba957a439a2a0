//! Who this workload is at AWS: its keys and its region, from the first source that is configured.
//!
//! Asked in this order, free sources before any that waits on a network, as AWS's SDKs for Go and Java:
//!
//! 1. what the **program** names: a supplier of its own, or a profile; then nothing else is asked;
//! 2. **variables**: `AWS_ACCESS_KEY_ID` with `AWS_SECRET_ACCESS_KEY`;
//! 3. **web identity** (IRSA): `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`;
//! 4. **profile** of AWS's shared files: keys, roles to assume, IAM Identity Center, `aws login`, a command;
//! 5. **container**: the role of an ECS task, of an EKS pod, of a function that was restored from a snapshot;
//! 6. **instance metadata** (EC2, IMDSv2 first), unless `AWS_EC2_METADATA_DISABLED` is `true`.
//!
//! A source answers one of three ways: here it is; not configured, ask the next; configured and broken, **stop**. A
//! workload whose own role is broken never becomes the machine's role. Where two are configured, the first is asked, and a
//! warning names both. With the keys, a role that the program names is
//! assumed, if it names one.
//!
//! The region is `AWS_REGION`, else `AWS_DEFAULT_REGION`, else the profile's, else the ECS task's, else what instance
//! metadata says.

mod call;
pub(crate) mod caller;
mod container;
mod key;
mod login;
mod process;
mod profile_plan;
mod region;
pub(crate) mod shared_config;
mod source;
mod sso;
pub(crate) mod sts;

use crate::context::MintContext;
use crate::env_names::{
    AWS_ACCESS_KEY_ID, AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
    AWS_ENDPOINT_URL_STS, AWS_PROFILE, AWS_WEB_IDENTITY_TOKEN_FILE,
};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::identity::{AccessKey, Identity, KeySource, Region};
use futures_util::future;
use profile_plan::Base;
use shared_config::SharedConfig;
use source::container::{self as container_source, Container};
use source::instance_metadata::{self, Endpoint};
use source::profile::{self, Profile};
pub use source::supplier::{AtWork, Unusable};
pub(crate) use source::supplier::{Supplier, on_another_thread};
use source::web_identity::{self, WebIdentity};
use source::{role, task_metadata, variables};
use std::borrow::Cow;
use sts::Role;
use url::Url;

/// What the program says of where its identity comes from; by default nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Asked in place of every other source.
    pub(crate) supplier: Option<Supplier>,
    /// The same, of a profile.
    pub(crate) profile: Option<String>,
    /// The role that is assumed with the keys of whichever source.
    pub(crate) role: Option<Role>,
}

/// Where this workload's identity is to be found: what the program and the environment configure, decided with no request.
#[derive(Debug)]
pub(crate) struct Source {
    key: KeyPlace,
    region: RegionPlace,
    role: Option<Role>,
}

#[derive(Debug)]
enum KeyPlace {
    Supplier(Supplier),
    Known(AccessKey),
    WebIdentity(WebIdentity),
    /// And where to look if the files say nothing of it.
    Profile(Profile, Box<KeyPlace>),
    Container(Container),
    InstanceMetadata(Endpoint),
    /// What is configured is broken, or nothing is configured.
    Nowhere(Error),
}

#[derive(Debug)]
enum RegionPlace {
    Known(Region),
    /// And where to look if the profile names none.
    Profile(Profile, Box<RegionPlace>),
    Task(Url),
    InstanceMetadata(Endpoint),
    Nowhere(Error),
}

/// The source that the program named, or the first that the environment configures. `metadata_origin` is where the
/// credential file was allowed to say that instance metadata is.
pub(crate) fn resolve(environment: &Environment, options: &Options, metadata_origin: Option<&Url>) -> Source {
    Source {
        key: key_source(environment, options, metadata_origin).unwrap_or_else(KeyPlace::Nowhere),
        region: region_source(environment, options, metadata_origin)
            .unwrap_or_else(|error| RegionPlace::Nowhere(error.of_region())),
        role: options.role.clone(),
    }
}

fn key_source(environment: &Environment, options: &Options, metadata_origin: Option<&Url>) -> Result<KeyPlace, Error> {
    if let Some(supplier) = &options.supplier {
        return Ok(KeyPlace::Supplier(supplier.clone()));
    }
    if options.profile.is_some() {
        let profile = profile::selected(environment, options.profile.as_deref());
        let nowhere = failure("the profile that the program names has no credentials");
        return Ok(KeyPlace::Profile(profile, Box::new(KeyPlace::Nowhere(nowhere))));
    }
    if let Some(key) = variables::key(environment)? {
        return Ok(KeyPlace::Known(key));
    }
    if let Some(web_identity) = web_identity::configured(environment)? {
        return Ok(KeyPlace::WebIdentity(web_identity));
    }
    let after = container_or_instance(environment, metadata_origin).unwrap_or_else(KeyPlace::Nowhere);
    Ok(KeyPlace::Profile(profile::selected(environment, None), Box::new(after)))
}

fn container_or_instance(environment: &Environment, metadata_origin: Option<&Url>) -> Result<KeyPlace, Error> {
    if let Some(container) = container_source::configured(environment)? {
        return Ok(KeyPlace::Container(container));
    }
    let need = "no AWS identity is set up here: no keys in the environment, no web identity, no profile with credentials, no container's role";
    Ok(KeyPlace::InstanceMetadata(instance_metadata::endpoint(environment, metadata_origin, need)?))
}

fn region_source(
    environment: &Environment,
    options: &Options,
    metadata_origin: Option<&Url>,
) -> Result<RegionPlace, Error> {
    if let Some(region) = variables::region(environment)? {
        return Ok(RegionPlace::Known(region));
    }
    let after = task_or_instance(environment, metadata_origin).unwrap_or_else(RegionPlace::Nowhere);
    Ok(RegionPlace::Profile(profile::selected(environment, options.profile.as_deref()), Box::new(after)))
}

fn task_or_instance(environment: &Environment, metadata_origin: Option<&Url>) -> Result<RegionPlace, Error> {
    if let Some(task) = task_metadata::configured(environment)? {
        return Ok(RegionPlace::Task(task));
    }
    let need = "no variable and no profile names the AWS region";
    let endpoint = instance_metadata::endpoint(environment, metadata_origin, need).map_err(without_region)?;
    Ok(RegionPlace::InstanceMetadata(endpoint))
}

impl Source {
    /// What tells one identity from another: sources of equal parts give the same.
    pub(crate) fn parts(&self) -> Vec<Option<Cow<'_, [u8]>>> {
        let mut parts = self.key.parts();
        parts.extend(self.region.parts());
        if let Some(role) = &self.role {
            let text = |text: &Option<String>| text.clone().map(|text| Cow::Owned(text.into_bytes()));
            parts.extend([Some(role.role_arn.as_bytes().into()), text(&role.session_name), text(&role.external_id)]);
        }
        parts
    }

    /// Whether finding the identity takes requests that may succeed, as far as can be told without a look at any file.
    pub(crate) fn waits(&self) -> bool {
        match (&self.key, &self.region) {
            (KeyPlace::Nowhere(_), _) | (_, RegionPlace::Nowhere(_)) => false,
            (KeyPlace::Profile(_, after), RegionPlace::Known(_)) => !matches!(**after, KeyPlace::Nowhere(_)),
            (KeyPlace::Known(_), RegionPlace::Known(_)) => self.role.is_some(),
            _ => true,
        }
    }

    /// Finds the identity.
    pub(crate) async fn identity(self, context: &MintContext) -> Result<Identity, Error> {
        let Source { key, region, role } = self;
        let (key, region) = with_profile(key, region, context).await?;
        warn_of_others(&key, context).await;
        let identity = key.find(region, context).await?;
        let Some(role) = role else { return Ok(identity) };
        let region = identity.region().clone();
        let named = call::named_endpoint(&context.environment, AWS_ENDPOINT_URL_STS)?;
        let key = role::key(context, &region, named.as_ref(), identity.into_key(), &role).await?;
        Ok(Identity::of(key, region).from(KeySource::Role(role.role_arn)))
    }
}

/// A source of keys when what the files say is known.
enum Decided {
    Plan(Profile, SharedConfig, profile_plan::Plan),
    Other(KeyPlace),
}

/// Reads AWS's files, if the keys or the region may be there, and decides by them.
async fn with_profile(
    key: KeyPlace,
    region: RegionPlace,
    context: &MintContext,
) -> Result<(Decided, RegionPlace), Error> {
    // The region of a source that is refused already is not looked for.
    let config = match (&key, &region) {
        (KeyPlace::Nowhere(_), _) => None,
        (KeyPlace::Profile(profile, _), _) | (_, RegionPlace::Profile(profile, _)) => {
            Some(profile.load(context).await?)
        }
        _ => None,
    };
    let region = match (region, &config) {
        (RegionPlace::Profile(profile, after), Some(config)) => {
            match profile.region(config).map_err(Error::of_region)? {
                Some(region) => RegionPlace::Known(region),
                None => *after,
            }
        }
        (region, _) => region,
    };
    let key = match (key, config) {
        (KeyPlace::Profile(profile, after), Some(config)) => match profile.plan(&config)? {
            Some(plan) => Decided::Plan(profile, config, plan),
            None => Decided::Other(*after),
        },
        (key, _) => Decided::Other(key),
    };
    Ok((key, region))
}

/// Warns of what else is configured and, with this choice, not asked.
async fn warn_of_others(chosen: &Decided, context: &MintContext) {
    let environment = &context.environment;
    let set = |name| environment.is_set(name).then(|| format!("`{name}`"));
    let (used, others) = match chosen {
        Decided::Other(KeyPlace::Known(_)) => {
            (format!("`{AWS_ACCESS_KEY_ID}`"), vec![set(AWS_WEB_IDENTITY_TOKEN_FILE), set(AWS_PROFILE)])
        }
        Decided::Other(KeyPlace::WebIdentity(_)) => {
            let profile = profile::selected(environment, None);
            let has_credentials = match profile.load(context).await {
                Ok(config) => profile.plan(&config).is_ok_and(|plan| plan.is_some()),
                Err(_) => false,
            };
            let profile = has_credentials.then(|| format!("the profile `{}`", profile.name()));
            (format!("`{AWS_WEB_IDENTITY_TOKEN_FILE}`"), vec![profile])
        }
        // A profile that the program names is meant to be the only source, and one may take its keys from the container.
        Decided::Plan(profile, _, plan) if !profile.is_only_source() && !matches!(plan.base, Base::Container) => {
            (format!("the profile `{}`", profile.name()), Vec::new())
        }
        _ => return,
    };
    let container = [AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI].map(set);
    let others: Vec<_> = others.into_iter().chain(container).flatten().collect();
    if !others.is_empty() {
        let others = others.join(" and ");
        context.trace.warn(format!(
            "more than one AWS identity is configured: {used} is used, and {others} not; unset what is not meant"
        ));
    }
}

impl Decided {
    async fn find(self, region: RegionPlace, context: &MintContext) -> Result<Identity, Error> {
        let key = match self {
            Decided::Plan(profile, config, plan) => {
                let region = region.find(context).await?;
                let key = profile.key(context, &config, plan, &region).await?;
                return Ok(Identity::of(key, region).from(KeySource::Profile(profile.name().to_owned())));
            }
            Decided::Other(key) => key,
        };
        match key {
            KeyPlace::Nowhere(error) => Err(error),
            KeyPlace::Known(key) => Ok(Identity::of(key, region.find(context).await?).from(KeySource::Environment)),
            KeyPlace::Supplier(supplier) => {
                let (key, supplied) = supplier.identity(context).await?;
                let region = match supplied {
                    Some(region) => region,
                    None => region.find(context).await?,
                };
                Ok(Identity::of(key, region).from(KeySource::Supplier))
            }
            KeyPlace::WebIdentity(web_identity) => {
                let region = region.find(context).await?;
                let key = web_identity.key(context, &region).await?;
                Ok(Identity::of(key, region).from(KeySource::WebIdentity))
            }
            KeyPlace::Container(container) => {
                let (key, region) = future::join(container.key(context), region.find(context)).await;
                Ok(Identity::of(key?, region?).from(KeySource::Container))
            }
            // Both halves in one session.
            KeyPlace::InstanceMetadata(endpoint) => {
                let known = match region {
                    RegionPlace::InstanceMetadata(_) => None,
                    region => Some(region.find(context).await?),
                };
                instance_metadata::identity(context, &endpoint, known).await
            }
            KeyPlace::Profile(..) => Err(Error::new(Kind::Internal, Step::Identity, "a profile was not read")),
        }
    }
}

impl KeyPlace {
    fn parts(&self) -> Vec<Option<Cow<'_, [u8]>>> {
        let (kind, parts) = match self {
            KeyPlace::Supplier(supplier) => ("supplier", vec![Some(supplier.id().to_vec().into())]),
            KeyPlace::Known(key) => ("known", borrowed(key.parts())),
            KeyPlace::WebIdentity(web_identity) => ("web identity", borrowed(web_identity.parts())),
            KeyPlace::Profile(profile, after) => {
                ("profile", borrowed(profile.parts()).into_iter().chain(after.parts()).collect())
            }
            KeyPlace::Container(container) => ("container", borrowed(container.parts())),
            KeyPlace::InstanceMetadata(endpoint) => ("metadata", borrowed(endpoint.parts())),
            KeyPlace::Nowhere(error) => ("nowhere", borrowed(vec![Some(error.message().as_bytes())])),
        };
        std::iter::once(Some(kind.as_bytes().into())).chain(parts).collect()
    }
}

fn borrowed(parts: Vec<Option<&[u8]>>) -> Vec<Option<Cow<'_, [u8]>>> {
    parts.into_iter().map(|part| part.map(Cow::Borrowed)).collect()
}

impl RegionPlace {
    fn parts(&self) -> Vec<Option<Cow<'_, [u8]>>> {
        let (kind, parts) = match self {
            RegionPlace::Known(region) => ("known", borrowed(vec![Some(region.as_str().as_bytes())])),
            RegionPlace::Profile(profile, after) => {
                ("profile", borrowed(profile.parts()).into_iter().chain(after.parts()).collect())
            }
            RegionPlace::Task(url) => ("task", borrowed(vec![Some(url.as_str().as_bytes())])),
            RegionPlace::InstanceMetadata(endpoint) => ("metadata", borrowed(endpoint.parts())),
            RegionPlace::Nowhere(error) => ("nowhere", borrowed(vec![Some(error.message().as_bytes())])),
        };
        std::iter::once(Some(kind.as_bytes().into())).chain(parts).collect()
    }

    async fn find(self, context: &MintContext) -> Result<Region, Error> {
        let region = match self {
            RegionPlace::Known(region) => Ok(region),
            RegionPlace::Task(url) => task_metadata::region(context, &url).await,
            RegionPlace::InstanceMetadata(endpoint) => {
                instance_metadata::region(context, &endpoint).await.map_err(without_region)
            }
            RegionPlace::Nowhere(error) => Err(error),
            RegionPlace::Profile(..) => Err(Error::new(Kind::Internal, Step::Identity, "a profile was not read")),
        };
        region.map_err(Error::of_region)
    }
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
