//! An access key as JSON, in the spellings of AWS's metadata services, of a command's output and of its cached sign-ins. Pure.

use crate::identity::AccessKey;
use crate::secret::Secret;
use crate::time::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// How one spelling names the members.
pub(crate) struct Names {
    access_key_id: &'static str,
    secret_access_key: &'static str,
    session_token: &'static str,
    expiration: &'static str,
    /// Whether these keys are always temporary ones.
    are_temporary: bool,
}

/// Instance metadata and the container's endpoint.
pub(crate) const METADATA: Names = Names {
    access_key_id: "AccessKeyId",
    secret_access_key: "SecretAccessKey",
    session_token: "Token",
    expiration: "Expiration",
    are_temporary: true,
};

/// The output of a `credential_process`.
pub(crate) const PROCESS: Names = Names { session_token: "SessionToken", are_temporary: false, ..METADATA };

/// The portal of IAM Identity Center.
pub(crate) const PORTAL: Names = Names {
    access_key_id: "accessKeyId",
    secret_access_key: "secretAccessKey",
    session_token: "sessionToken",
    expiration: "expiration",
    are_temporary: true,
};

/// The cache of `aws login`.
pub(crate) const LOGIN: Names = Names { expiration: "expiresAt", ..PORTAL };

/// The key in an object. A time is RFC 3339, or a number of milliseconds since 1970; without one the key does not end.
///
/// # Errors
/// What is wrong with it, to follow "answered": ``keys without `Token` ``.
pub(crate) fn read(object: &Value, names: &Names) -> Result<AccessKey, String> {
    let text = |name: &str| match &object[name] {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) if is_word(text) => Ok(Some(text.as_str())),
        Value::String(_) => Err(format!("keys whose `{name}` holds a character that no header can carry")),
        _ => Err(format!("keys whose `{name}` is not a text")),
    };
    let required = |name: &str| text(name)?.ok_or_else(|| format!("keys without `{name}`"));
    let access_key_id = required(names.access_key_id)?.to_owned();
    let secret_access_key = Secret::new(required(names.secret_access_key)?);
    let session_token = match names.are_temporary {
        true => Some(required(names.session_token)?),
        false => text(names.session_token)?,
    };
    let expires_at = match &object[names.expiration] {
        Value::Null => Some(Timestamp::NEVER),
        Value::String(text) if text.is_empty() => Some(Timestamp::NEVER),
        Value::String(text) => time(text),
        number => number.as_u64().map(|milliseconds| Timestamp::EPOCH.plus(Duration::from_millis(milliseconds))),
    };
    let expires_at = expires_at.ok_or_else(|| format!("keys whose `{}` is not a time", names.expiration))?;
    Ok(AccessKey { access_key_id, secret_access_key, session_token: session_token.map(Secret::new), expires_at })
}

/// RFC 3339, and as older command lines of AWS wrote it: with `UTC` in place of the `Z`.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::from_rfc3339(text).or_else(|| Timestamp::from_rfc3339(&format!("{}Z", text.strip_suffix("UTC")?)))
}

/// Whether a header can carry it, as one word.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_spellings_are_read() {
        let ends = Timestamp::from_rfc3339("2026-11-24T11:47:27Z").expect("a time");
        for (object, names, token, expires_at) in [
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": "2026-11-24T11:47:27Z"}),
                METADATA,
                Some("T"),
                ends,
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", "Expiration": "2026-11-24T12:47:27+01:00"}),
                PROCESS,
                Some("T"),
                ends,
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "", "Expiration": null}),
                PROCESS,
                None,
                Timestamp::NEVER,
            ),
            (
                json!({"accessKeyId": "A", "secretAccessKey": "S", "sessionToken": "T", "expiration": 1_795_520_847_000_u64}),
                PORTAL,
                Some("T"),
                ends,
            ),
            (
                json!({"accessKeyId": "A", "secretAccessKey": "S", "sessionToken": "T", "expiresAt": "2026-11-24T11:47:27UTC"}),
                LOGIN,
                Some("T"),
                ends,
            ),
        ] {
            let key = read(&object, &names).expect("well formed");
            assert_eq!(key.access_key_id, "A");
            assert_eq!(key.secret_access_key.expose(), "S");
            assert_eq!(key.session_token.as_ref().map(Secret::expose), token, "{object}");
            assert_eq!(key.expires_at, expires_at, "{object}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_shown() {
        for (object, expected) in [
            (json!(null), "keys without `AccessKeyId`"),
            (json!(["wJalr"]), "keys without `AccessKeyId`"),
            (json!({"AccessKeyId": 7}), "keys whose `AccessKeyId` is not a text"),
            (json!({"AccessKeyId": "A", "SecretAccessKey": ""}), "keys without `SecretAccessKey`"),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "wJalr\n"}),
                "keys whose `SecretAccessKey` holds a character that no header can carry",
            ),
            (json!({"AccessKeyId": "A", "SecretAccessKey": "S"}), "keys without `Token`"),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "wJalr\r\nx: y"}),
                "keys whose `Token` holds a character that no header can carry",
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": {"wJalr": 1}}),
                "keys whose `Token` is not a text",
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": "soon"}),
                "keys whose `Expiration` is not a time",
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": -1}),
                "keys whose `Expiration` is not a time",
            ),
            (
                json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": [1]}),
                "keys whose `Expiration` is not a time",
            ),
        ] {
            assert_eq!(read(&object, &METADATA).expect_err("wrong"), expected);
        }
    }
}
