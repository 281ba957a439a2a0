//! What may be printed: no `Debug` and no `Display` of a public type shows a secret that was planted in it.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge::binding::subject_token::SubjectToken;
use rolebridge::binding::{self, Identity, Region};
use rolebridge::{Environment, Error, Kind, Step, TokenSource};
use serde_json::json;
use std::error::Error as _;
use std::time::SystemTime;

const AUDIENCE: &str = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider";
const VERIFICATION_URL: &str = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/// A credential file that is right and names an OAuth client.
fn file() -> String {
    json!({
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": "https://sts.googleapis.com/v1/token",
        "client_id": "client",
        "client_secret": "planted-client-secret",
        "credential_source": { "environment_id": "aws1", "regional_cred_verification_url": VERIFICATION_URL },
    })
    .to_string()
}

/// Every variable is a secret.
fn environment() -> Environment {
    Environment::from_lookup(|name| Some(format!("planted-{name}")))
}

/// Demands that none of the secrets is in what is shown, nor the word that marks planted ones.
#[track_caller]
fn silent(shown: &str, secrets: &[&str]) {
    for secret in ["planted"].iter().chain(secrets) {
        assert!(!shown.contains(secret), "`{secret}` is shown: {shown}");
    }
}

/// Everything that a user may see of an error.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        shown += &format!(" {error} {error:?}");
        cause = error.source();
    }
    shown
}

#[test]
fn an_environment_shows_names_only() {
    silent(&format!("{0:?} {0:#?}", environment()), &[]);
}

#[test]
fn builder_and_source_hide_the_client_and_the_environment() {
    let environment = Environment::from_lookup(|name| name.starts_with("AWS_").then(|| format!("planted-{name}")));
    let builder = TokenSource::builder().json(file()).environment(environment);
    silent(&format!("{builder:?} {builder:#?}"), &[]);
    let source = builder.build().expect("the file is right");
    silent(&format!("{source:?} {source:#?} {:?}", source.blocking()), &[]);
    let narrowed = source.with_scopes(["https://www.googleapis.com/auth/bigquery"]);
    silent(&format!("{narrowed:?}"), &[]);
}

#[test]
fn an_identity_and_what_it_signs_hide_the_keys() {
    let region = Region::parse("us-east-1").expect("a region");
    let identity = Identity::new("AKIAEXAMPLE", "planted-secret-key", region).with_session_token("planted-session");
    silent(&format!("{identity:?} {identity:#?}"), &[]);
    let url = VERIFICATION_URL.replace("{region}", "us-east-1");
    let token = SubjectToken::sign(&identity, AUDIENCE, &url, SystemTime::UNIX_EPOCH).expect("a URL");
    silent(&format!("{token:?} {token:#?}"), &[token.expose(), "Signature", "AKIAEXAMPLE"]);
    assert!(SubjectToken::sign(&identity, "planted", "planted", SystemTime::UNIX_EPOCH).is_none(), "no URL");
}

#[test]
fn a_token_and_its_headers_hide_it() {
    let world = support::CLOUD.world(json!({}));
    let source = support::source(&world);
    let mut pending = binding::request(&source, &support::environment(&world, &json!({})));
    let before = format!("{pending:?}");
    let token = pending.block().expect("a token");
    let headers = source.blocking().headers().expect("headers");
    silent(&format!("{before} {token:?} {token:#?} {headers:?} {source:?}"), &[token.value()]);
}

#[test]
fn a_refusal_hides_keys_and_the_replys_body() {
    let world = support::CLOUD.world(json!({}));
    let body = json!({ "error": "invalid_grant", "error_description": "no", "debug": "planted-in-the-body" });
    world.fault(json!({ "on": "sts.token", "do": { "status": 400, "body": body } }));
    let keys = json!({ "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "planted-secret-key",
        "AWS_SESSION_TOKEN": "planted-session", "AWS_REGION": "us-east-1" });
    let credential = json!({ "client_id": "client", "client_secret": "planted-client-secret" });
    let source = support::builder(&world, &credential, &keys).build().expect("the file is right");
    let error = source.blocking().token().expect_err("refused");
    assert_eq!(error.kind(), Kind::Refused);
    silent(&shown(&error), &["Signature"]);
}

#[test]
fn a_reply_that_is_no_json_is_not_quoted() {
    for (operation, step) in [
        ("metadata.keys", Step::Identity),
        ("sts.token", Step::Exchange),
        ("iamcredentials.generateAccessToken", Step::Impersonation),
    ] {
        let world = support::CLOUD.world(json!({}));
        world.fault(json!({ "on": operation, "do": { "status": 200, "body": "{\"planted\": planted-token" } }));
        let error = support::source(&world).blocking().token().expect_err("malformed");
        assert_eq!(error.step(), step);
        silent(&shown(&error), &[]);
    }
}

#[test]
fn a_proxys_password_is_not_shown() {
    // Nothing listens at port 9 of loopback; the other is no address at all.
    for proxy in ["http://user:planted-password@127.0.0.1:9", "http://user:planted-password@[::x]:9"] {
        let environment = Environment::from_lookup(|name| {
            let value = match name {
                "HTTPS_PROXY" => proxy,
                "AWS_ACCESS_KEY_ID" => "AKIAEXAMPLE",
                "AWS_SECRET_ACCESS_KEY" => "planted-secret-key",
                "AWS_REGION" => "us-east-1",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let source = TokenSource::builder().json(file()).environment(environment).build().expect("the file is right");
        silent(&shown(&source.blocking().token().expect_err("no way through")), &[]);
    }
}

#[test]
fn json_in_a_variable_that_is_taken_for_a_path_is_not_shown() {
    let file = file();
    for text in [format!("\u{feff}{file}"), format!("[{file}]"), format!("'{file}'"), file.replacen('{', "", 1)] {
        let environment = Environment::from_lookup(|name| (name == "ROLEBRIDGE_CREDENTIALS").then(|| text.clone()));
        silent(&shown(&TokenSource::builder().environment(environment).build().expect_err("not a file")), &[]);
    }
}
