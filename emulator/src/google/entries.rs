//! What pools and providers have in common: names, fields, update masks, soft deletion.

use crate::facts::pools::Entry;
use crate::google::page::Sizes;
use crate::google::reply::{self, error, invalid_argument};
use crate::http::{self, Reply, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) const SIZES: Sizes = Sizes { usual: 50, most: 1000 };
/// What can be set in either.
pub(crate) const FIELDS: [&str; 3] = ["displayName", "description", "disabled"];

pub(crate) fn check_id(id: &str, field: &str) -> Result<(), Reply> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (4..=32).contains(&id.len()) && id.bytes().all(is_allowed) && !id.starts_with("gcp-") {
        return Ok(());
    }
    Err(invalid_argument(format!(
        "Invalid {field}: it must be 4-32 characters of [a-z0-9-] and must not start with `gcp-`."
    )))
}

/// Sets one of [`FIELDS`] to what a body says, or to nothing.
pub(crate) fn set(entry: &mut Entry, kind: &str, field: &str, body: &Value) -> Result<(), Reply> {
    match field {
        "displayName" => entry.display_name = text(body, kind, field, "display name", 32)?,
        "description" => entry.description = text(body, kind, field, "description", 256)?,
        _ => entry.disabled = reply::truth(body, field)?,
    }
    Ok(())
}

fn text(body: &Value, kind: &str, field: &str, name: &str, most: usize) -> Result<String, Reply> {
    let text = reply::text(body, field)?;
    if text.chars().count() > most {
        return Err(invalid_argument(format!("The {kind}'s {name} must be less than or equal to {most} characters")));
    }
    Ok(text)
}

/// The fields that an update is about, which its query must name, in the spelling of JSON or of protocol buffers.
pub(crate) fn mask<'k>(request: &Request, known: &[&'k str]) -> Result<Vec<&'k str>, Reply> {
    let mask = http::query(request, "updateMask").filter(|mask| !mask.is_empty());
    let mask = mask.ok_or_else(|| invalid_argument("The update_mask is required."))?;
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    mask.split(',')
        .map(|named| {
            let found = known.iter().find(|field| plain(field) == plain(named)).copied();
            found.ok_or_else(|| invalid_argument(format!("Invalid field in update_mask: {named}")))
        })
        .collect()
}

pub(crate) fn resource(name: &str, entry: &Entry) -> Value {
    let mut resource = json!({ "name": name, "state": "ACTIVE" });
    for (field, text) in [("displayName", &entry.display_name), ("description", &entry.description)] {
        if !text.is_empty() {
            resource[field] = text.as_str().into();
        }
    }
    if entry.disabled {
        resource["disabled"] = true.into();
    }
    if let Some(expires) = entry.expires {
        resource["state"] = "DELETED".into();
        resource["expireTime"] = expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    }
    resource
}

/// Whether a list shows it: what is deleted only on demand.
pub(crate) fn is_listed(entry: &Entry, request: &Request) -> bool {
    entry.expires.is_none() || http::query(request, "showDeleted").is_some_and(|shown| shown == "true")
}

pub(crate) fn require_kept(entry: &Entry) -> Result<(), Reply> {
    match entry.expires {
        None => Ok(()),
        Some(_) => Err(failed_precondition("The resource is deleted. Undelete it first.")),
    }
}

pub(crate) fn delete(entry: &mut Entry, now: Timestamp) -> Result<(), Reply> {
    require_kept(entry)?;
    entry.delete(now);
    Ok(())
}

pub(crate) fn undelete(entry: &mut Entry) -> Result<(), Reply> {
    match entry.expires.take() {
        Some(_) => Ok(()),
        None => Err(failed_precondition("The resource is not deleted.")),
    }
}

fn failed_precondition(message: &str) -> Reply {
    error(400, "FAILED_PRECONDITION", message)
}

/// The name is taken, even if by something that is deleted and can be restored.
pub(crate) fn already_exists() -> Reply {
    error(409, "ALREADY_EXISTS", "Requested entity already exists")
}
