//! The one JSON in which instance metadata and a container's agent give keys.

use crate::error::{Error, Kind, Step};
use crate::identity::AccessKey;
use crate::reply::Reply;
use crate::secret::Secret;
use crate::time::Timestamp;
use serde_json::Value;

/// The keys of a reply with status 200. `service` is who answered, for an error.
pub(super) fn access_key(reply: &Reply, service: &str) -> Result<AccessKey, Error> {
    let malformed = |what: &str| {
        Error::new(Kind::Malformed, Step::Identity, format!("{service} answered {what}")).answering(reply.status, None)
    };
    // Served as text/plain by EC2: the body alone tells that it is JSON.
    let value: Value = serde_json::from_slice(&reply.body).map_err(|_| malformed("keys that are not JSON"))?;
    let text = |name: &str| value[name].as_str().filter(|text| !text.is_empty());
    let required = |name: &str| text(name).ok_or_else(|| malformed(&format!("keys without `{name}`")));
    let expires_at = match text("Expiration") {
        None => Timestamp::NEVER,
        Some(time) => Timestamp::from_rfc3339(time).ok_or_else(|| malformed("an `Expiration` that is not a time"))?,
    };
    Ok(AccessKey {
        access_key_id: required("AccessKeyId")?.to_owned(),
        secret_access_key: Secret::new(required("SecretAccessKey")?),
        session_token: Some(Secret::new(required("Token")?)),
        expires_at,
    })
}
