//! Source 1: keys and region in environment variables, as Lambda sets them and people export them.
//!
//! Configured when either key variable is set; one without the other is an error. Documented at
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html>.

use crate::aws::failure;
use crate::env_names::{
    AWS_ACCESS_KEY_ID, AWS_CREDENTIAL_EXPIRATION, AWS_DEFAULT_REGION, AWS_REGION, AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN,
};
use crate::environment::Environment;
use crate::error::Error;
use crate::identity::{AccessKey, Region};
use crate::quote;
use crate::secret::Secret;
use crate::time::Timestamp;

pub(in crate::aws) fn key(environment: &Environment) -> Result<Option<AccessKey>, Error> {
    let (access_key_id, secret_access_key) =
        match (environment.value(AWS_ACCESS_KEY_ID), environment.value(AWS_SECRET_ACCESS_KEY)) {
            (None, None) => return Ok(None),
            (Some(id), Some(secret)) => (id.trim(), secret.trim()),
            (Some(_), None) => return Err(half_a_pair(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)),
            (None, Some(_)) => return Err(half_a_pair(AWS_SECRET_ACCESS_KEY, AWS_ACCESS_KEY_ID)),
        };
    let expires_at = match environment.value(AWS_CREDENTIAL_EXPIRATION) {
        None => Timestamp::NEVER,
        Some(text) => Timestamp::from_rfc3339(text.trim())
            .ok_or_else(|| failure(format!("`{AWS_CREDENTIAL_EXPIRATION}` is not an RFC 3339 time")))?,
    };
    Ok(Some(AccessKey {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: Secret::new(secret_access_key),
        session_token: environment.value(AWS_SESSION_TOKEN).map(|token| Secret::new(token.trim())),
        expires_at,
    }))
}

pub(in crate::aws) fn region(environment: &Environment) -> Result<Option<Region>, Error> {
    let named = [AWS_REGION, AWS_DEFAULT_REGION]
        .into_iter()
        .find_map(|name| environment.value(name).map(|value| (name, value.trim())));
    match named {
        None => Ok(None),
        Some((name, value)) => match Region::parse(value) {
            Some(region) => Ok(Some(region)),
            None => Err(failure(format!("`{name}` is {}, which is no AWS region", quote::name(value)))
                .hinting("a region is a name such as `us-east-1`, without the zone's letter")),
        },
    }
}

fn half_a_pair(set: &str, unset: &str) -> Error {
    failure(format!("`{set}` is set and `{unset}` is not"))
        .hinting("set both, and AWS_SESSION_TOKEN for temporary keys; or unset it, and the next source is asked")
}
