//! The engine, in a real process and against real sockets: who runs a flight, and what its callers may do meanwhile.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use futures::executor::block_on;
use futures::future::join_all;
use jiff::Timestamp;
use rolebridge::{Kind, binding};
use serde_json::json;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

const SOON: Duration = Duration::from_secs(10);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

#[test]
fn a_token_needs_no_tokio_of_the_caller() {
    let world = support::CLOUD.world(json!({}));
    let source = support::source(&world);
    let token = block_on(source.token()).expect("a token");
    assert_eq!(source.blocking().token().expect("the same").value(), token.value());
    let headers = block_on(source.headers()).expect("headers");
    assert_eq!(headers["authorization"].to_str().expect("text"), format!("Bearer {}", token.value()));
    assert!(headers["authorization"].is_sensitive());
    assert!(!headers.contains_key("x-goog-user-project"));
}

#[test]
fn one_flight_is_shared_by_two_runtimes_and_outlives_its_leader_s() {
    let world = support::CLOUD.world(json!({}));
    world.fault(json!({ "on": "sts.token", "do": { "hold": "gate" } }));
    let source = support::source(&world);

    let leader = runtime();
    let leading = {
        let source = source.clone();
        leader.spawn(async move { source.token().await })
    };
    world.wait_for_request("sts.token", 1, SOON);

    let (joined, has_joined) = mpsc::channel();
    let follower = runtime();
    let following = {
        let (source, environment) = (source.clone(), support::environment(&world, &json!({})));
        follower.spawn(async move {
            let token = binding::request(&source, &environment);
            joined.send(()).expect("the test waits");
            token.await
        })
    };
    has_joined.recv().expect("the follower runs");

    leader.shutdown_background();
    assert!(block_on(leading).is_err(), "the leader's caller went with its runtime");
    world.open_gate("gate");
    block_on(following).expect("no panic").expect("a token");
    assert_eq!(world.requests().iter().filter(|record| record.operation == "sts.token").count(), 1);
}

#[test]
fn a_thousand_threads_and_tasks_make_one_exchange() {
    let world = support::CLOUD.world(json!({}));
    let source = support::source(&world);
    let threads: Vec<_> = (0..200)
        .map(|_| {
            let source = source.clone();
            std::thread::spawn(move || source.blocking().token().map(|token| token.value().to_owned()))
        })
        .collect();
    let tasks = block_on(join_all((0..1000).map(|_| source.token())));
    let first = tasks[0].as_ref().expect("a token").value().to_owned();
    assert!(tasks.into_iter().all(|token| token.is_ok_and(|token| token.value() == first)));
    assert!(threads.into_iter().all(|thread| thread.join().expect("no panic").is_ok_and(|value| value == first)));
    let operations: Vec<_> = world.requests().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations.len(), 6, "{operations:?}");
}

#[test]
fn a_blocked_caller_may_wait_in_slices_and_a_callback_is_called_once() {
    let world = support::CLOUD.world(json!({}));
    world.fault(json!({ "on": "sts.token", "do": { "hold": "gate" } }));
    let source = support::source(&world);
    let mut pending = binding::request(&source, &support::environment(&world, &json!({})));
    assert!(pending.block_for(Duration::from_millis(1)).is_none());
    let (settled, was_settled) = mpsc::channel();
    pending.when_settled(move |result| {
        settled.send(result.map(|token| token.value().to_owned())).expect("the test waits")
    });
    world.open_gate("gate");
    let value = was_settled.recv_timeout(SOON).expect("called back").expect("a token");
    assert_eq!(source.cached().expect("at hand").value(), value);
    assert!(was_settled.recv().is_err(), "called back once");
}

#[test]
fn no_token_is_given_out_after_its_end() {
    const IMPERSONATION: &str = "iamcredentials.generateAccessToken";
    let world = support::CLOUD.world(json!({}));
    // Ends at different places between two ticks of the coarse clock, and lives that a busy machine does not outlast before
    // the token is first used. Nobody can renew the token meanwhile.
    for (place, milliseconds) in [1500, 1501, 1502, 1503].into_iter().enumerate() {
        let end = Timestamp::now() + Duration::from_millis(milliseconds);
        // With a date that is no help, the end alone counts.
        let reply = json!({ "merge": { "expireTime": end.to_string() }, "headers": { "date": "Fri, 31 Dec 2100 00:00:00 GMT" } });
        world.fault(json!({ "on": IMPERSONATION, "do": reply }));
        world.fault(json!({ "on": IMPERSONATION, "times": null, "do": { "status": 403, "body": {} } }));
        let source = support::source(&world).with_scopes([format!("scope-{place}")]);
        source.blocking().token().expect("a token");
        loop {
            let asked_at = SystemTime::now();
            let Ok(token) = source.blocking().token() else { break };
            let late = asked_at.duration_since(token.expires_at()).unwrap_or_default();
            assert!(late.is_zero(), "a call that began {late:?} after the token's end was given it");
        }
        world.clear_faults();
    }
}

#[test]
fn redirects_are_not_followed_and_long_replies_are_not_read() {
    for (answer, kind) in [
        (json!({ "status": 302, "headers": { "location": "http://169.254.169.254/" }, "body": "" }), Kind::Malformed),
        (json!({ "merge": { "padding": "x".repeat(1024 * 1024) } }), Kind::Malformed),
        (json!({ "status": 200, "body": "<html></html>" }), Kind::Malformed),
        (json!({ "merge": { "access_token": "line\r\nbreak" } }), Kind::Malformed),
        (json!({ "merge": { "expires_in": 0 } }), Kind::Malformed),
        (json!({ "merge": { "expires_in": -5 } }), Kind::Malformed),
        (json!({ "merge": { "expires_in": null } }), Kind::Malformed),
    ] {
        let world = support::CLOUD.world(json!({}));
        world.fault(json!({ "on": "sts.token", "times": null, "do": answer }));
        let error = support::source(&world).blocking().token().expect_err("refused");
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[test]
fn a_reply_that_breaks_off_is_asked_for_again() {
    let world = support::CLOUD.world(json!({}));
    world.fault(json!({ "on": "sts.token", "times": 1, "do": { "close": true } }));
    world.fault(json!({ "on": "iamcredentials.generateAccessToken", "times": 1, "do": { "close_after_bytes": 20 } }));
    support::source(&world).blocking().token().expect("a token");
}

#[test]
fn google_is_asked_through_the_proxy_under_its_own_name_and_metadata_is_not() {
    let world = support::CLOUD.world(json!({}));
    let authority = std::env::temp_dir().join(format!("rolebridge-authority-{}.pem", std::process::id()));
    std::fs::write(&authority, &world.ca_pem).expect("written");
    let environment = json!({
        "HTTPS_PROXY": world.proxy_url,
        "HTTP_PROXY": "http://127.0.0.1:1",
        "SSL_CERT_FILE": authority,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
        "ROLEBRIDGE_ALLOW_LOOPBACK": null,
    });
    let credential = json!({
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url":
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{service_account}:generateAccessToken",
    });
    let source = support::builder(&world, &credential, &environment).build().expect("built");
    let results = [source.blocking().token(), source.with_scopes(["email"]).blocking().token()];
    // The same root in a folder, beside what is none.
    let folder = std::env::temp_dir().join(format!("rolebridge-authorities-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("created");
    std::fs::rename(&authority, folder.join("authority.pem")).expect("moved");
    std::fs::write(folder.join("README"), "not a certificate").expect("written");
    let mut in_folder = environment.clone();
    in_folder["SSL_CERT_FILE"] = json!(null);
    in_folder["SSL_CERT_DIR"] = json!(folder);
    let from_folder = support::builder(&world, &credential, &in_folder).scopes(["openid"]).build().expect("built");
    let from_folder = from_folder.blocking().token();
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(from_folder.is_ok(), "{from_folder:?}");
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let requests = world.requests();
    assert!(requests.iter().any(|record| record.host == "sts.googleapis.com"), "{requests:?}");
    // A connection was opened ahead to each.
    for operation in ["sts.root", "iamcredentials.root"] {
        assert_eq!(world.wait_for_request(operation, 1, SOON).len(), 1, "{operation}");
    }
}

#[test]
fn the_usage_header_is_that_of_a_keyless_exchange_and_the_quota_project_goes_to_no_mint() {
    let world = support::CLOUD.world(json!({}));
    let credential = json!({
        "quota_project_id": "payer",
        "service_account_impersonation": { "token_lifetime_seconds": 900 },
    });
    let source = support::builder(&world, &credential, &json!({})).build().expect("built");
    let headers = source.blocking().headers().expect("headers");
    assert_eq!(headers["x-goog-user-project"], "payer");
    let requests = world.requests();
    assert!(requests.iter().all(|record| record.quota_project.is_none()));
    let exchange = requests.iter().find(|record| record.operation == "sts.token").expect("an exchange");
    let usage = exchange.api_client.as_deref().expect("a usage header");
    assert!(usage.ends_with("google-byoid-sdk source/aws sa-impersonation/true config-lifetime/true"), "{usage}");
    let impersonation = requests.iter().find(|record| record.operation == "iamcredentials.generateAccessToken");
    assert_eq!(impersonation.expect("an impersonation").lifetime.as_deref(), Some("900s"));
}

#[test]
fn a_cold_mint_is_explained_and_makes_no_request_twice() {
    let world = support::CLOUD.world(json!({}));
    let explanation = block_on(support::source(&world).explain());
    let token = explanation.result.as_ref().expect("a token").value().to_owned();
    let mut asked: Vec<_> = explanation
        .steps
        .iter()
        .flat_map(|step| &step.requests)
        .map(|request| (format!("http://{}{}", request.host, request.path), request.outcome.clone()))
        .collect();
    let email = world.info()["service_account"].as_str().expect("an email").to_owned();
    let mut expected: Vec<_> = [
        (&world.metadata_url, "/latest/api/token"),
        (&world.metadata_url, "/latest/meta-data/iam/security-credentials/"),
        (&world.metadata_url, "/latest/meta-data/iam/security-credentials/bigquery-role"),
        (&world.metadata_url, "/latest/meta-data/placement/region"),
        (&world.google_url, "/v1/token"),
        (&world.google_url, &format!("/v1/projects/-/serviceAccounts/{email}:generateAccessToken")),
    ]
    .into_iter()
    .map(|(origin, path)| (format!("{origin}{path}"), Ok(200)))
    .collect();
    asked.sort();
    expected.sort();
    assert_eq!(asked, expected);
    assert_eq!(world.requests().len(), 6);
    assert!(!format!("{explanation:?}").contains(&token));
}

#[test]
fn the_region_is_asked_beside_the_role_and_its_keys() {
    let world = support::CLOUD.world(json!({}));
    world.fault(json!({ "on": "metadata.region", "do": { "hold": "region" } }));
    let source = support::source(&world);
    source.warm();
    world.wait_for_request("metadata.keys", 1, SOON);
    world.open_gate("region");
    source.blocking().token().expect("a token");
}
