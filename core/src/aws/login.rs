//! `aws login`: the keys that AWS's command line keeps of a console sign-in. Pure.
//!
//! They lie in `~/.aws/login/cache/` (or in `AWS_LOGIN_CACHE_DIRECTORY`), in a file named after the profile's
//! `login_session`. We use them while they are valid. Their renewal needs a proof of possession, which the command line
//! has and we do not: it is asked for by hand, or through a `credential_process`.

use super::key;
use crate::error::{Error, Kind, Step};
use crate::identity::AccessKey;
use crate::sigv4::sha256_hex;
use crate::time::Timestamp;
use serde_json::Value;

/// The name of a sign-in's file.
pub(crate) fn cache_file(login_session: &str) -> String {
    format!("{}.json", sha256_hex(login_session.trim().as_bytes()))
}

/// The keys in the file, if they are still valid.
pub(crate) fn read_keys(path: &str, content: &[u8], profile: &str, now: Timestamp) -> Result<AccessKey, Error> {
    let wrong = |what: &str| again(format!("the sign-in that AWS's command line keeps in `{path}` {what}"), profile);
    let file: Value = serde_json::from_slice(content).map_err(|_| wrong("is not JSON"))?;
    let key = key::read(&file["accessToken"], &key::LOGIN).map_err(|what| wrong(&format!("holds {what}")))?;
    match now < key.expires_at {
        true if key.expires_at < Timestamp::NEVER => Ok(key),
        true => Err(wrong("holds keys without `expiresAt`")),
        false => {
            Err(again(format!("the keys of the sign-in by `aws login` of the profile `{profile}` have ended"), profile))
        }
    }
}

/// There is no file.
pub(crate) fn missing(profile: &str) -> Error {
    again(format!("nobody is signed in by `aws login` for the profile `{profile}`"), profile)
}

fn again(message: String, profile: &str) -> Error {
    Error::new(Kind::Identity, Step::Identity, message).hinting(format!(
        "run `aws login --profile {profile}`; to have the keys renewed by themselves, give another profile \
         `credential_process = aws configure export-credentials --profile {profile} --format process`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_795_520_847_000);

    fn file(expires_at: &str) -> Vec<u8> {
        let token = json!({
            "accessKeyId": "ASIA", "secretAccessKey": "wJalrS", "sessionToken": "wJalrT", "accountId": "1", "expiresAt": expires_at,
        });
        json!({"accessToken": token, "refreshToken": "wJalrR", "clientId": "c", "dpopKey": "wJalrK"})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn the_cache_file_is_named_as_the_command_line_names_it() {
        // `printf arn:aws:iam::111122223333:user/me | sha256sum`.
        let expected = "6eeec053fe13079aaf7fd81065ec5ecbdb93674f20700e51842d0c769b240c8a.json";
        assert_eq!(cache_file(" arn:aws:iam::111122223333:user/me\n"), expected);
    }

    #[test]
    fn keys_are_good_until_they_end() {
        let content = file("2026-11-24T11:57:27Z");
        let key = read_keys("/cache", &content, "me", NOW).expect("valid");
        assert_eq!(key.expires_at, NOW.plus(Duration::from_secs(600)));
        let error = read_keys("/cache", &content, "me", key.expires_at).expect_err("ended");
        assert_eq!(error.message(), "the keys of the sign-in by `aws login` of the profile `me` have ended");
        assert_eq!(error.hint(), missing("me").hint());
        assert!(error.hint().expect("a hint").contains("`aws login --profile me`"));
    }

    #[test]
    fn a_broken_file_is_named_and_not_shown() {
        for (content, what) in [
            (b"{\"wJalr".to_vec(), "is not JSON"),
            (b"\"wJalr\"".to_vec(), "holds keys without `accessKeyId`"),
            (file("soon"), "holds keys whose `expiresAt` is not a time"),
            (file(""), "holds keys without `expiresAt`"),
        ] {
            let error = read_keys("/cache", &content, "me", NOW).expect_err("broken");
            assert_eq!(error.message(), format!("the sign-in that AWS's command line keeps in `/cache` {what}"));
            assert!(!format!("{error:?}").contains("wJalr"));
        }
    }
}
