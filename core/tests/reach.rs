//! What stands between this machine and Google: names, proxies, certificates, and connections that end.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use futures::executor::block_on;
use rolebridge::{Environment, Error, Kind, TokenSource};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The shortest wait before another try of a service.
const BACKOFF: Duration = Duration::from_millis(250);

/// A credential file with Google's own host names.
fn google() -> Value {
    json!({
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url":
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken",
    })
}

/// A source whose requests to Google go through the world's proxy, in an environment changed by a merge patch.
fn proxied(world: &World, patch: &Value) -> TokenSource {
    let mut environment = json!({
        "AWS_ACCESS_KEY_ID": "{access_key_id}",
        "AWS_SECRET_ACCESS_KEY": "{secret_access_key}",
        "AWS_SESSION_TOKEN": "{session_token}",
        "AWS_REGION": "us-east-1",
        "HTTPS_PROXY": "{proxy}",
        "ROLEBRIDGE_ALLOW_LOOPBACK": null,
    });
    support::merge(&mut environment, patch);
    support::builder(world, &google(), &environment).build().expect("the file is right")
}

fn failure(source: &TokenSource) -> (Error, Duration) {
    let started = Instant::now();
    (source.blocking().token().expect_err("nothing gets through"), started.elapsed())
}

/// A folder of one test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("rolebridge-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("made");
        Folder(path)
    }

    fn write(&self, name: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_at_once_and_by_its_reason() {
    let world = support::CLOUD.world(json!({}));
    let folder = Folder::new("certificates");
    let roots = folder.write("roots.pem", &world.ca_pem);
    let cases = [
        ("expired", "it ended at 2001-01-01T00:00:00Z, and this machine's clock shows 2", "clock"),
        ("not_yet_valid", "it is not valid before 2999-01-01T00:00:00Z, and this machine's clock shows 2", "clock"),
        ("of_another_name", "it is another's and not that of `sts.googleapis.com`", "DNS"),
        ("of_another_issuer", "its issuer is none of the root certificates", "NODE_EXTRA_CA_CERTS"),
    ];
    for (place, (certificate, says, hints)) in cases.into_iter().enumerate() {
        world.fault(json!({ "on": "proxy.connect", "times": 2, "do": { "certificate": certificate } }));
        // In a region of its own: the failure before is remembered for a while.
        let region = format!("us-east-{place}");
        let (error, took) = failure(&proxied(&world, &json!({ "SSL_CERT_FILE": roots, "AWS_REGION": region })));
        assert_eq!(error.kind(), Kind::Config, "{error}");
        assert!(error.to_string().contains(&format!("its certificate is not trusted: {says}")), "{error}");
        assert!(error.hint().expect("a hint").contains(hints), "{error:?}");
        assert!(took < BACKOFF, "{certificate}: {took:?}");
        world.clear_faults();
    }
    assert!(world.requests().is_empty());
}

#[test]
fn roots_are_read_from_a_folder_and_added_by_a_file() {
    let world = support::CLOUD.world(json!({}));
    let folder = Folder::new("roots");
    folder.write("other.txt", "no certificate");
    let file = folder.write("root.pem", &world.ca_pem);
    for (variable, value) in [("SSL_CERT_DIR", &folder.0), ("SSL_CERT_FILE", &file), ("NODE_EXTRA_CA_CERTS", &file)] {
        let source = proxied(&world, &json!({ variable: value }));
        source.with_scopes([variable]).blocking().token().expect(variable);
    }
    let empty = Folder::new("no-roots");
    let (error, _) = failure(&proxied(&world, &json!({ "SSL_CERT_DIR": empty.0 })).with_scopes(["none"]));
    assert!(error.to_string().contains("hold none"), "{error}");
}

#[test]
fn a_name_without_an_address_is_told_as_that() {
    let world = support::CLOUD.world(json!({}));
    // A label this long is no name, which the resolver sees without asking anybody.
    let name = "x".repeat(64);
    let (error, _) = failure(&proxied(&world, &json!({ "HTTPS_PROXY": format!("http://{name}.invalid:3128") })));
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains(&format!("the name `{name}.invalid` has no address (DNS)")), "{error}");
    assert!(error.hint().expect("a hint").contains("DNS"));
}

#[test]
fn a_connection_that_is_refused_or_reset_is_told_as_that() {
    let world = support::CLOUD.world(json!({}));
    let (error, _) = failure(&proxied(&world, &json!({ "HTTPS_PROXY": "127.0.0.1:1" })));
    assert!(error.to_string().contains("the proxy at `127.0.0.1:1` refused the connection"), "{error}");

    world.fault(json!({ "on": "proxy.connect", "times": null, "do": { "close": true } }));
    let (error, _) = failure(&proxied(&world, &json!({ "AWS_REGION": "us-east-2" })));
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("reset the connection while it was being set up (TLS)"), "{error}");
}

#[test]
fn a_proxy_s_status_is_told_and_one_that_is_out_of_order_is_asked_again() {
    let world = support::CLOUD.world(json!({}));
    let folder = Folder::new("proxy");
    let roots = folder.write("roots.pem", &world.ca_pem);
    // The first request asks twice, the second time for the status; so may the connection that is opened ahead.
    world.fault(json!({ "on": "proxy.connect", "times": 4, "do": { "status": 503 } }));
    proxied(&world, &json!({ "SSL_CERT_FILE": roots })).blocking().token().expect("well again");
    world.clear_faults();
    world.fault(json!({ "on": "proxy.connect", "times": null, "do": { "status": 503 } }));
    let (error, _) = failure(&proxied(&world, &json!({ "AWS_REGION": "us-east-2" })));
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("does not connect to `sts.googleapis.com` (503)"), "{error}");
}

#[test]
fn a_proxy_s_scheme_may_be_written_in_capitals() {
    let world = support::CLOUD.world(json!({}));
    let proxy = world.proxy_url.replace("http://", "HTTP://");
    let environment = json!({ "HTTP_PROXY": proxy });
    support::builder(&world, &json!({}), &environment).build().expect("built").blocking().token().expect("a token");
    let socks = json!({ "HTTP_PROXY": "SOCKS5://127.0.0.1:1" });
    let source = support::builder(&world, &json!({}), &socks).build().expect("built");
    let (error, _) = failure(&source.with_scopes(["another"]));
    assert!(error.to_string().contains("SOCKS is not supported"), "{error}");
}

#[test]
fn a_kept_connection_that_has_ended_costs_no_wait() {
    let world = support::CLOUD.world(json!({}));
    // On one host both calls use one connection, which ends in the middle of the second.
    world.fault(json!({ "on": "iamcredentials.generateAccessToken", "do": { "close": true } }));
    let explanation = block_on(support::source(&world).explain());
    explanation.result.as_ref().expect("a token");
    let tries = &explanation.steps.last().expect("an impersonation").requests;
    assert!(tries.len() == 2 && tries[0].outcome.is_err(), "{tries:?}");
    let waited = tries[1].begun - (tries[0].begun + tries[0].took);
    assert!(waited < BACKOFF, "waited {waited:?}");
}

#[test]
fn a_new_connection_that_is_reset_is_no_kept_one() {
    let world = support::CLOUD.world(json!({}));
    world.fault(json!({ "on": "sts.token", "do": { "close": true } }));
    let explanation = block_on(support::source(&world).explain());
    let exchange = explanation.steps.iter().find(|step| step.requests[0].path == "/v1/token").expect("an exchange");
    let tries = &exchange.requests;
    let waited = tries[1].begun - (tries[0].begun + tries[0].took);
    assert!(waited >= BACKOFF, "waited {waited:?}");
}

/// A path that is no UTF-8 works from a variable as from the program.
#[cfg(unix)]
#[test]
fn a_path_in_a_variable_may_hold_any_byte() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;
    let world = support::CLOUD.world(json!({}));
    let folder = Folder::new("bytes");
    let name = OsStr::from_bytes(b"caf\xe9.json");
    let mut credential: Value = serde_json::from_str(support::CREDENTIAL).expect("JSON");
    support::merge(&mut credential, &google());
    let text = support::fill(&credential, &support::places(&world, "")).to_string();
    let (file, roots) = (folder.write(name, &text), folder.write(OsStr::from_bytes(b"roots-\xff.pem"), &world.ca_pem));
    TokenSource::from_file(&file).expect("built");
    let places = support::places(&world, "");
    for variable in ["GOOGLE_APPLICATION_CREDENTIALS", "ROLEBRIDGE_CREDENTIALS"] {
        let environment = Environment::from_lookup(|name| {
            let value: OsString = match name {
                "AWS_ACCESS_KEY_ID" => places["access_key_id"].clone().into(),
                "AWS_SECRET_ACCESS_KEY" => places["secret_access_key"].clone().into(),
                "AWS_SESSION_TOKEN" => places["session_token"].clone().into(),
                "AWS_REGION" => "us-east-1".into(),
                "HTTPS_PROXY" => world.proxy_url.clone().into(),
                "SSL_CERT_FILE" => roots.clone().into(),
                name if name == variable => file.clone().into(),
                _ => return None,
            };
            Some(value)
        });
        let source = TokenSource::builder().environment(environment).build().expect(variable);
        source.blocking().token().expect(variable);
    }
}
