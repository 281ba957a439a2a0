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

use crate::config::Config;
use crate::context::Outside;
use crate::env_names;
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::identity::Identity;

/// The environment variables that select an identity or are one: two snapshots that agree on them share it.
pub(crate) const SELECTING_NAMES: &[&str] = &[
    env_names::AWS_ACCESS_KEY_ID,
    env_names::AWS_SECRET_ACCESS_KEY,
    env_names::AWS_SESSION_TOKEN,
    env_names::AWS_CREDENTIAL_EXPIRATION,
    env_names::AWS_REGION,
    env_names::AWS_DEFAULT_REGION,
    env_names::AWS_WEB_IDENTITY_TOKEN_FILE,
    env_names::AWS_PROFILE,
    env_names::AWS_SHARED_CREDENTIALS_FILE,
    env_names::AWS_CONFIG_FILE,
    env_names::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
    env_names::AWS_CONTAINER_CREDENTIALS_FULL_URI,
    env_names::AWS_EC2_METADATA_DISABLED,
    env_names::AWS_EC2_METADATA_V1_DISABLED,
    env_names::AWS_EC2_METADATA_SERVICE_ENDPOINT,
    env_names::AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE,
];

/// Whether finding the identity takes requests that may succeed.
pub(crate) fn waits_for_metadata(environment: &Environment) -> bool {
    let has_keys = environment.is_set(env_names::AWS_ACCESS_KEY_ID);
    let is_complete = has_keys && environment::is_region_set(environment);
    let is_refused = !has_keys && unread_source(environment).is_some();
    !is_complete && !is_refused && !environment.is_true(env_names::AWS_EC2_METADATA_DISABLED)
}

/// Asks the sources in order.
pub(crate) async fn identity(outside: &Outside, config: &Config) -> Result<Identity, Error> {
    let known_region = environment::region(&outside.environment)?;
    if let Some(keys) = environment::keys(&outside.environment)? {
        let region = match known_region {
            Some(region) => region,
            None => imds::region(outside, config).await?,
        };
        return Ok(Identity::of(keys, region));
    }
    refuse_unread_sources(outside)?;
    imds::identity(outside, config, known_region).await
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
fn refuse_unread_sources(outside: &Outside) -> Result<(), Error> {
    let Some((name, source)) = unread_source(&outside.environment) else { return Ok(()) };
    Err(failure(format!(
        "`{name}` names {source} as this workload's identity, which this version of Rolebridge cannot read; \
         the machine's own role was not asked instead"
    ))
    .hinting("export the role's keys as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or unset the variable"))
}

/// An identity that is not to be had until somebody mends something.
fn failure(message: impl Into<String>) -> Error {
    Error::new(Kind::Identity, Step::Identity, message)
}
