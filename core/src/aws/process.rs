//! `credential_process`: the command that runs, and the keys that it prints. Pure.
//!
//! The command goes through the system's shell. It prints `{"Version": 1, "AccessKeyId": …, "SecretAccessKey": …}`, for
//! temporary keys with `SessionToken` and `Expiration`, and ends with status 0
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>). What it prints is never quoted:
//! it may be keys. What it says on the error output is, at its end.

use super::key;
use crate::error::{Error, Kind, Step};
use crate::identity::AccessKey;
use crate::quote;
use crate::time::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// The keys that the command of a profile printed, if they are valid now.
pub(crate) fn read_keys(profile: &str, output: &[u8], now: Timestamp) -> Result<AccessKey, Error> {
    let object: Value =
        serde_json::from_slice(output).map_err(|_| failure(profile, "printed something that is not JSON"))?;
    match &object["Version"] {
        Value::Null => return Err(failure(profile, "printed JSON without `Version`")),
        version if version.as_u64() != Some(1) => {
            return Err(failure(profile, "printed JSON whose `Version` is not 1"));
        }
        _ => {}
    }
    let key = key::read(&object, &key::PROCESS).map_err(|what| failure(profile, &format!("printed {what}")))?;
    if key.expires_at <= now {
        return Err(failure(profile, "printed keys that have ended already"));
    }
    Ok(key)
}

/// The command did not end with status 0; none if a signal ended it.
pub(crate) fn failed(profile: &str, status: Option<i32>, error_output: &[u8]) -> Error {
    let how = status.map_or("was ended by a signal".to_owned(), |status| format!("ended with status {status}"));
    saying(profile, &how, error_output)
}

/// The command did not end in time.
pub(crate) fn hung(profile: &str, after: Duration, error_output: &[u8]) -> Error {
    saying(profile, &format!("did not end within {} seconds", after.as_secs()), error_output)
}

/// The command printed more than is read.
pub(crate) fn too_long(profile: &str) -> Error {
    failure(profile, "printed more than 1 MiB")
}

fn saying(profile: &str, how: &str, error_output: &[u8]) -> Error {
    match quote::ending(error_output).as_str() {
        "" => failure(profile, &format!("{how} and said nothing on its error output")),
        words => failure(profile, &format!("{how}: {words}")),
    }
}

fn failure(profile: &str, problem: &str) -> Error {
    let message = format!("the `credential_process` of the profile `{profile}` {problem}");
    Error::new(Kind::Identity, Step::Identity, message).hinting("run the command by hand: it must print keys as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_795_520_847_000);

    #[test]
    fn keys_are_read() {
        let text = r#"{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "Expiration": "2026-11-24T12:47:27Z", "x": 1}"#;
        let key = read_keys("p", text.as_bytes(), NOW).expect("keys");
        assert_eq!((key.access_key_id.as_str(), key.session_token.is_none()), ("A", true));
        let text = "\n{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"SessionToken\":\"T\"}\r\n";
        assert_eq!(read_keys("p", text.as_bytes(), NOW).expect("keys").expires_at, Timestamp::NEVER);
    }

    #[test]
    fn what_else_is_printed_is_an_error_that_shows_nothing_of_it() {
        let deep = "[".repeat(1 << 20);
        for (output, problem) in [
            ("", "printed something that is not JSON"),
            ("wJalr", "printed something that is not JSON"),
            ("{\"AccessKeyId\": \"wJalr", "printed something that is not JSON"),
            ("{\"Version\":1} {\"wJalr\":1}", "printed something that is not JSON"),
            (&deep, "printed something that is not JSON"),
            ("[\"wJalr\"]", "printed JSON without `Version`"),
            ("{\"Version\":2}", "printed JSON whose `Version` is not 1"),
            ("{\"Version\":\"1\"}", "printed JSON whose `Version` is not 1"),
            ("{\"Version\":1,\"AccessKeyId\":\"A\"}", "printed keys without `SecretAccessKey`"),
            (
                "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"wJalr\",\"Expiration\":\"2026-11-24T11:47:27Z\"}",
                "printed keys that have ended already",
            ),
        ] {
            let error = read_keys("p", output.as_bytes(), NOW).expect_err("no keys");
            assert_eq!(error.message(), format!("the `credential_process` of the profile `p` {problem}"));
            assert!(!format!("{error:?}").contains("wJalr"));
        }
        assert!(read_keys("p", b"\xff\xfe", NOW).is_err());
    }

    #[test]
    fn a_command_that_fails_is_quoted_at_its_end() {
        for (error, expected) in [
            (failed("p", Some(3), b"x\nnot logged in\n"), "ended with status 3: x not logged in"),
            (failed("p", None, b"\n"), "was ended by a signal and said nothing on its error output"),
            (hung("p", Duration::from_secs(20), b"waiting"), "did not end within 20 seconds: waiting"),
        ] {
            assert_eq!(error.message(), format!("the `credential_process` of the profile `p` {expected}"));
        }
    }
}
