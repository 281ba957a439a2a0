//! The endpoint that a container is given its role's keys at: ECS, Fargate, EKS Pod Identity, Lambda SnapStart. Pure.
//!
//! 1. `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`: a path at `http://169.254.170.2` (ECS, Fargate);
//! 2. else `AWS_CONTAINER_CREDENTIALS_FULL_URI`: any https URL, or http at one of
//!    - 127.0.0.0/8, `[::1]` and `localhost` (SnapStart, sidecars),
//!    - 169.254.170.2 (ECS),
//!    - 169.254.170.23 and `[fd00:ec2::23]` (EKS Pod Identity).
//!
//! The request's `Authorization` is the content of the file that `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names, else
//! `AWS_CONTAINER_AUTHORIZATION_TOKEN`, as it is: a line break in it is an error, since it would begin another header.
//! Documented at <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.

use super::key;
use crate::env_names::{AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI};
use crate::error::{Error, Kind, Step};
use crate::identity::AccessKey;
use crate::quote;
use crate::reply::Reply;
use crate::secret::Secret;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde_json::Value;
use std::net::{Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

const ECS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 2);
const EKS: Ipv4Addr = Ipv4Addr::new(169, 254, 170, 23);
const EKS_IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23);

/// The longest token that any of these services writes is a JWT of a few kilobytes.
const LONGEST_TOKEN: usize = 64 * 1024;

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    url: Url,
    /// The variable that names it.
    named_by: &'static str,
}

impl Endpoint {
    /// The endpoint that the two variables name. `None` if neither is set.
    pub(crate) fn find(relative: Option<&str>, full: Option<&str>) -> Result<Option<Endpoint>, Error> {
        let (named_by, text) = match (relative, full) {
            (Some(path), _) if !path.starts_with('/') => {
                return Err(wrong(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, "does not begin with `/`"));
            }
            (Some(path), _) => (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, format!("http://{ECS}{path}")),
            (None, Some(text)) => (AWS_CONTAINER_CREDENTIALS_FULL_URI, text.to_owned()),
            (None, None) => return Ok(None),
        };
        // A URL parser passes over some of these without a word, and not all agree on what a backslash is.
        if text.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\') {
            return Err(wrong(named_by, "holds a blank, a backslash or a control character"));
        }
        let url = Url::parse(&text).map_err(|_| wrong(named_by, "is not a URL"))?;
        if has_user(&text) {
            return Err(wrong(named_by, "holds a user's name, which nothing there asks for"));
        }
        if url.fragment().is_some() {
            return Err(wrong(named_by, "holds a fragment, which is never sent"));
        }
        let endpoint = Endpoint { url, named_by };
        match endpoint.url.scheme() {
            "https" => Ok(Some(endpoint)),
            "http" if endpoint.is_local() => Ok(Some(endpoint)),
            "http" => Err(wrong(named_by, "names a host that keys may not be asked of by http").hinting(
                "http is for 127.0.0.0/8, [::1], localhost, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23]; use https",
            )),
            _ => Err(wrong(named_by, "is neither an http nor an https URL")),
        }
    }

    /// Whether it is on this machine or link-local: never behind a proxy.
    pub(crate) fn is_local(&self) -> bool {
        match self.url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback() || address == ECS || address == EKS,
            Some(Host::Ipv6(address)) => address.is_loopback() || address == EKS_IPV6,
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    /// What tells one from another.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Asks for the keys; with the token, where there is one.
    pub(crate) fn request(&self, token: Option<&Secret>) -> http::Result<http::Request<Vec<u8>>> {
        let mut request = http::Request::get(self.url.as_str()).header(ACCEPT, "application/json");
        if let Some(token) = token {
            let mut token = HeaderValue::try_from(token.expose())?;
            token.set_sensitive(true);
            request = request.header(AUTHORIZATION, token);
        }
        request.body(Vec::new())
    }

    /// The keys.
    pub(crate) fn read_keys(&self, reply: &Reply) -> Result<AccessKey, Error> {
        let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let named_by = self.named_by;
        if reply.status == 200 {
            let body = body.ok_or_else(|| malformed(named_by, "something that is not JSON"))?;
            return key::read(&body, &key::METADATA).map_err(|what| malformed(named_by, &what));
        }
        let body = body.unwrap_or_default();
        let text = |names: [&str; 2]| names.into_iter().find_map(|name| body[name].as_str());
        let code = text(["code", "Code"]).and_then(quote::code);
        let named = code.map(|code| format!(" {code}")).unwrap_or_default();
        let mut message =
            format!("the container's endpoint that `{named_by}` names gave no keys ({}{named})", reply.status);
        match text(["message", "Message"]).map(quote::description) {
            Some(words) if !words.is_empty() => message += &format!(": {words}"),
            _ => {}
        }
        let kind = if reply.is_transient() { Kind::Unavailable } else { Kind::Identity };
        let error =
            Error::new(kind, Step::Identity, message).answering(reply.status, code).retrying_after(reply.retry_after);
        Err(match reply.status {
            400..=404 => error.hinting("check the role of the task (ECS) or the pod identity association (EKS)"),
            _ => error,
        })
    }
}

/// The token of `named_by`: the variable that holds it, or the one that names its file. It is sent as it is.
pub(crate) fn token(named_by: &str, content: &[u8]) -> Result<Secret, Error> {
    let problem = match std::str::from_utf8(content) {
        Ok("") => "is empty",
        Ok(text) if text.len() > LONGEST_TOKEN => "is longer than 64 KiB",
        Ok(text) if text.contains(['\r', '\n']) => "holds a line break",
        Ok(text) if HeaderValue::try_from(text).is_ok() => return Ok(Secret::new(text)),
        _ => "holds a character that no header can carry",
    };
    Err(failure(format!("the token that `{named_by}` gives for the container's endpoint {problem}")))
}

/// Whether there is an `@` before the path, even with nothing before it.
fn has_user(url: &str) -> bool {
    let authority = url.split_once(':').map_or(url, |(_, rest)| rest.trim_start_matches('/'));
    authority.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

fn wrong(variable: &str, problem: &str) -> Error {
    failure(format!("`{variable}` {problem}"))
        .hinting("ECS, EKS and Lambda set it by themselves: pass it on as it is, or unset it elsewhere")
}

fn malformed(named_by: &str, what: &str) -> Error {
    let message = format!("the container's endpoint that `{named_by}` names answered {what}");
    Error::new(Kind::Malformed, Step::Identity, message).answering(200, None)
}

fn failure(message: String) -> Error {
    Error::new(Kind::Identity, Step::Identity, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use serde_json::json;

    fn reply(status: u16, body: &[u8]) -> Reply {
        Reply { status, date: None, retry_after: None, location: None, body: body.to_vec().into() }
    }

    fn full(url: &str) -> Endpoint {
        Endpoint::find(None, Some(url)).expect("allowed").expect("configured")
    }

    #[test]
    fn the_relative_uri_wins_and_the_full_one_keeps_to_its_hosts() {
        assert_eq!(Endpoint::find(None, None).expect("nothing is wrong"), None);
        let both = Endpoint::find(Some("/v2/credentials/x?y=z"), Some("http://evil.example/")).expect("allowed");
        let both = both.expect("configured");
        assert_eq!((both.url().as_str(), both.is_local()), ("http://169.254.170.2/v2/credentials/x?y=z", true));
        for url in [
            "http://127.0.0.1:9001/x",
            "http://127.255.255.254/",
            "http://127.1/",
            "http://[::1]:80/",
            "http://localhost/x",
            "http://LOCALHOST/x",
            "http://169.254.170.2/",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://127.0.0.1/",
        ] {
            assert!(full(url).is_local(), "{url}");
        }
        assert!(!full("https://keys.example:8443/x?a=@b").is_local());
    }

    #[test]
    fn every_other_uri_is_refused_and_not_shown() {
        let http = "names a host that keys may not be asked of by http";
        let user = "holds a user's name, which nothing there asks for";
        for (url, problem) in [
            ("http://169.254.169.254/wJalr", http),
            ("http://169.254.170.3/", http),
            ("http://2852039166/", http),
            ("http://[::ffff:127.0.0.1]/", http),
            ("http://[fd00:ec2::254]/", http),
            ("http://0.0.0.0/", http),
            ("http://localhost.evil.example/", http),
            ("http://localhost./", http),
            ("http://evil.example/?127.0.0.1", http),
            ("http://127.0.0.1.evil.example/", http),
            ("http:evil.example", http),
            ("http://wJalr:wJalr@127.0.0.1/", user),
            ("http://@127.0.0.1/", user),
            ("https://127.0.0.1\\@keys.example/", "holds a blank, a backslash or a control character"),
            ("https://me@keys.example/", user),
            ("https:me@keys.example/", user),
            ("http://127.0.0.1/#wJalr", "holds a fragment, which is never sent"),
            ("http://127.0.0.1/\nwJalr", "holds a blank, a backslash or a control character"),
            ("http://127.0.0.1/ x", "holds a blank, a backslash or a control character"),
            ("http://127.0.0.1/\0", "holds a blank, a backslash or a control character"),
            ("file:///etc/passwd", "is neither an http nor an https URL"),
            ("ftp://127.0.0.1/", "is neither an http nor an https URL"),
            ("/v2/credentials", "is not a URL"),
            ("http://", "is not a URL"),
            ("http://127.0.0.1:99999/", "is not a URL"),
        ] {
            let error = Endpoint::find(None, Some(url)).err().unwrap_or_else(|| panic!("{url:?} is refused"));
            assert_eq!(error.message(), format!("`AWS_CONTAINER_CREDENTIALS_FULL_URI` {problem}"), "{url}");
            assert!(!format!("{error:?}").contains("wJalr"));
        }
        for (path, problem) in [
            ("v2/x", "does not begin with `/`"),
            ("@evil.example/", "does not begin with `/`"),
            (":80@evil.example/", "does not begin with `/`"),
            ("/x#y", "holds a fragment, which is never sent"),
            ("/x\r\ny", "holds a blank, a backslash or a control character"),
        ] {
            let error = Endpoint::find(Some(path), None).expect_err("refused");
            assert_eq!(error.message(), format!("`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` {problem}"), "{path}");
        }
        let slashes = Endpoint::find(Some("//evil.example/@x"), None).expect("allowed").expect("configured");
        assert_eq!(slashes.url().host_str(), Some("169.254.170.2"));
    }

    #[test]
    fn the_token_is_sent_as_it_is() {
        for content in ["Basic abc", "ey.J.x"] {
            let token = token("AWS_CONTAINER_AUTHORIZATION_TOKEN", content.as_bytes()).expect("a token");
            let request = full("http://127.0.0.1/x").request(Some(&token)).expect("a request");
            assert_eq!(request.headers()["authorization"], content);
            assert!(request.headers()["authorization"].is_sensitive());
            assert_eq!(request.headers()["accept"], "application/json");
        }
        let bare = full("http://127.0.0.1/x").request(None).expect("a request");
        assert!(!bare.headers().contains_key("authorization"));
        let long = vec![b'x'; LONGEST_TOKEN + 1];
        for (content, problem) in [
            (b"".as_slice(), "is empty"),
            (b"wJalr\n", "holds a line break"),
            (b"wJalr\r\nx: y", "holds a line break"),
            (b"wJalr\0", "holds a character that no header can carry"),
            (b"wJalr\xff", "holds a character that no header can carry"),
            (&long, "is longer than 64 KiB"),
        ] {
            let error = token("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", content).expect_err("refused");
            let expected = format!(
                "the token that `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` gives for the container's endpoint {problem}"
            );
            assert_eq!(error.message(), expected);
            assert!(!format!("{error:?}").contains("wJalr"));
        }
    }

    #[test]
    fn keys_and_refusals_are_read() {
        let endpoint = full("http://127.0.0.1/x");
        let keys = json!({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": "2026-11-24T11:47:27Z", "AccountId": "1"});
        let key = endpoint.read_keys(&reply(200, keys.to_string().as_bytes())).expect("keys");
        assert_eq!(key.expires_at, Timestamp::from_unix_milliseconds(1_795_520_847_000));
        let named = "the container's endpoint that `AWS_CONTAINER_CREDENTIALS_FULL_URI` names";
        for (status, body, kind, expected) in [
            (200, "wJalr", Kind::Malformed, "answered something that is not JSON"),
            (200, "{\"AccessKeyId\": \"wJalr\"}", Kind::Malformed, "answered keys without `SecretAccessKey`"),
            (403, "wJalr", Kind::Identity, "gave no keys (403)"),
            (
                400,
                r#"{"code":"InvalidTokenException","message":"Service account token cannot be empty\nwJalr"}"#,
                Kind::Identity,
                "gave no keys (400 InvalidTokenException): Service account token cannot be empty",
            ),
            (404, r#"{"code":["wJalr"],"message":7}"#, Kind::Identity, "gave no keys (404)"),
            (302, "", Kind::Identity, "gave no keys (302)"),
            (500, r#"{"Code":"AgentException"}"#, Kind::Unavailable, "gave no keys (500 AgentException)"),
            (429, "", Kind::Unavailable, "gave no keys (429)"),
        ] {
            let error = endpoint.read_keys(&reply(status, body.as_bytes())).expect_err("no keys");
            assert_eq!((error.kind(), error.message()), (kind, format!("{named} {expected}").as_str()));
            assert!(!format!("{error:?}").contains("wJalr"));
        }
    }
}
