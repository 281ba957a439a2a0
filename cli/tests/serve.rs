//! `rolebridge serve`: each path and header of Compute Engine's metadata server, over the wire.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::time::Duration;
use support::http::{ask, read, session_user};
use support::{CLOUD, Running, credential, program, ran, ran_in, variables};

const EMAIL: &str = "bigquery-reader@my-project.iam.gserviceaccount.com";
const TEXT: &str = "application/text";
const JSON: &str = "application/json";
const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
const ACCOUNTS: &str = "/computeMetadata/v1/instance/service-accounts";

/// What stands at each path, `{email}` for the account's address.
const VALUES: &[(&str, &str, &str)] = &[
    ("/", TEXT, "computeMetadata/\n"),
    ("/computeMetadata", TEXT, "v1/\n"),
    ("/computeMetadata/v1/", TEXT, "instance/\nproject/\nuniverse/\n"),
    ("/computeMetadata/v1/instance", TEXT, "service-accounts/\n"),
    ("/computeMetadata/v1/instance/", TEXT, "service-accounts/\n"),
    ("/computeMetadata/v1/instance/service-accounts", TEXT, "default/\n{email}/\n"),
    ("/computeMetadata/v1/instance/service-accounts/", TEXT, "default/\n{email}/\n"),
    (
        "/computeMetadata/v1/instance/service-accounts/?recursive=true",
        JSON,
        r#"{"default":{account},"{email}":{account}}"#,
    ),
    (
        "/computeMetadata/v1/instance/service-accounts/?recursive=true&alt=json",
        JSON,
        r#"{"default":{account},"{email}":{account}}"#,
    ),
    (
        "/computeMetadata/v1/instance/service-accounts/default/?recursive=true&alt=text",
        TEXT,
        "aliases default\nemail {email}\nscopes {platform}\n",
    ),
    ("/computeMetadata/v1/instance/service-accounts/default/", TEXT, "aliases\nemail\nidentity\nscopes\ntoken\n"),
    ("/computeMetadata/v1/instance/service-accounts/default/?recursive=true", JSON, "{account}"),
    ("/computeMetadata/v1/instance/service-accounts/{email}?recursive=true", JSON, "{account}"),
    ("/computeMetadata/v1/instance/service-accounts/default/email", TEXT, "{email}"),
    ("/computeMetadata/v1/instance/service-accounts/default/email?alt=json", JSON, r#""{email}""#),
    ("/computeMetadata/v1/instance/service-accounts/{email}/email", TEXT, "{email}"),
    ("/computeMetadata/v1/instance/service-accounts/default/scopes", TEXT, "{platform}\n"),
    ("/computeMetadata/v1/instance/service-accounts/default/scopes?alt=json", JSON, r#"["{platform}"]"#),
    ("/computeMetadata/v1/instance/service-accounts/{email}/scopes", TEXT, "{platform}\n"),
    ("/computeMetadata/v1/instance/service-accounts/default/aliases", TEXT, "default\n"),
    ("/computeMetadata/v1/project/project-id", TEXT, "my-project"),
    ("/computeMetadata/v1/project/numeric-project-id", TEXT, "123456789012"),
    (
        "/computeMetadata/v1/project/?recursive=true",
        JSON,
        r#"{"numericProjectId":123456789012,"projectId":"my-project"}"#,
    ),
    ("/computeMetadata/v1/universe/universe-domain", TEXT, "googleapis.com"),
    ("/computeMetadata/v1/universe/universe_domain", TEXT, "googleapis.com"),
];

const NOWHERE: &[&str] = &[
    "/computeMetadata/v1/instance/id",
    "/computeMetadata/v1/instance/name",
    "/computeMetadata/v1/instance/zone",
    "/computeMetadata/v1/instance/attributes/cluster-name",
    "/computeMetadata/v1/instance/service-accounts/nobody@my-project.iam.gserviceaccount.com/token",
    "/computeMetadata/v1/instance/service-accounts/default/email/",
    "/computeMetadata/v1/instance/service-accounts//email",
    "/computeMetadata/v2/",
    "/favicon.ico",
];

/// A server in this world, when it listens, and where.
fn serving(world: &World) -> (Running, String) {
    listening(Running::start(world, &["serve"]))
}

fn listening(mut server: Running) -> (Running, String) {
    let host = server.line().strip_prefix("GCE_METADATA_HOST=").expect("the first of the variables").to_owned();
    (server, host)
}

fn token(host: &str, query: &str) -> Value {
    let answer = read(host, &format!("{ACCOUNTS}/default/token{query}"));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(JSON)), "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

#[test]
fn each_value_stands_at_its_path() {
    let world = CLOUD.world(json!({}));
    let (_server, host) = serving(&world);
    let account = json!({ "aliases": ["default"], "email": EMAIL, "scopes": [PLATFORM] }).to_string();
    let filled =
        |text: &str| text.replace("{account}", &account).replace("{email}", EMAIL).replace("{platform}", PLATFORM);
    for (path, content_type, body) in VALUES {
        let answer = read(&host, &filled(path));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(*content_type)), "{path}: {answer:?}");
        match *content_type {
            JSON => {
                let json = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
                assert_eq!(json(&answer.body), json(&filled(body)), "{path}");
            }
            _ => assert_eq!(answer.body, filled(body), "{path}"),
        }
        assert_eq!(answer.header("metadata-flavor"), Some("Google"), "{path}");
        assert_eq!(answer.header("server"), Some("Metadata Server for VM"), "{path}");
    }
}

#[test]
fn what_compute_engine_refuses_is_refused_in_its_shape() {
    let world = CLOUD.world(json!({}));
    let (_server, host) = serving(&world);
    let (path, flavor) = (format!("{ACCOUNTS}/default/token"), "Metadata-Flavor: Google");
    let mut refused = vec![
        (format!("GET {path}"), vec![], 403),
        (format!("GET {path}"), vec!["Metadata-Flavor: Amazon"], 403),
        (format!("GET {path}"), vec![flavor, "X-Forwarded-For: 192.0.2.1"], 403),
        (format!("GET {path}"), vec![flavor, "Host: attacker.example"], 403),
        (format!("GET {path}"), vec![flavor, "Host: 127.0.0.1.attacker.example"], 403),
        (format!("POST {path}"), vec![flavor, "Content-Length: 0"], 405),
        (format!("OPTIONS {path}"), vec![flavor], 405),
        (format!("GET {ACCOUNTS}/default/identity"), vec![flavor], 400),
        (format!("GET {ACCOUNTS}/default/identity?audience="), vec![flavor], 400),
        (format!("GET {ACCOUNTS}/default/identity?audience=a&format=long"), vec![flavor], 400),
    ];
    refused.extend(NOWHERE.iter().map(|path| (format!("GET {path}"), vec![flavor], 404)));
    for (request, headers, status) in refused {
        let answer = ask(&host, &request, &headers);
        assert_eq!(answer.status, status, "{request} {headers:?}");
        assert_eq!(answer.header("metadata-flavor"), Some("Google"), "{request}");
        assert_eq!(answer.header("server"), Some("Metadata Server for VM"), "{request}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=UTF-8"), "{request}");
        assert_eq!(answer.header("allow"), (status == 405).then_some("GET"), "{request}");
    }
    // The look of a program that wants to know whether the server is there.
    assert_eq!(ask(&host, "GET /", &[]).status, 200);
    for own in ["localhost:80", "metadata.google.internal", "[::1]:80", "127.0.0.1"] {
        assert_eq!(ask(&host, &format!("GET {path}"), &[flavor, &format!("Host: {own}")]).status, 200, "{own}");
    }
}

#[test]
fn a_token_is_one_that_google_takes_and_lives_on_for_a_while() {
    let world = CLOUD.world(json!({}));
    let (_server, host) = serving(&world);
    let usual = token(&host, "");
    assert_eq!(usual["token_type"], "Bearer");
    assert_eq!(usual.as_object().expect("an object").len(), 3);
    let life = usual["expires_in"].as_u64().expect("an integer");
    assert!((360..=3600).contains(&life), "{life}");
    assert_eq!(session_user(&world.google_url, usual["access_token"].as_str().expect("a text")), EMAIL);

    let other = token(&host, "?scopes=openid,email")["access_token"].clone();
    assert_ne!(other, usual["access_token"]);
    assert_eq!(other, token(&host, "?scopes=openid%2Cemail")["access_token"]);
    assert_eq!(usual["access_token"], token(&host, &format!("?scopes={PLATFORM}"))["access_token"]);
    let by_name: Value = serde_json::from_str(&read(&host, &format!("{ACCOUNTS}/{EMAIL}/token")).body).expect("JSON");
    assert_eq!(by_name["access_token"], usual["access_token"]);
    let minted =
        world.requests().iter().filter(|record| record.operation == "iamcredentials.generateAccessToken").count();
    assert_eq!(minted, 2, "one for each list of scopes");
}

#[test]
fn an_id_token_is_text_for_an_audience_in_any_spelling() {
    let world = CLOUD.world(json!({}));
    let (_server, host) = serving(&world);
    let identity = |query: &str| {
        let answer = read(&host, &format!("{ACCOUNTS}/default/identity?{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(TEXT)), "{answer:?}");
        assert_eq!(answer.body.split('.').count(), 3);
        answer.body
    };
    let token = identity("audience=https://service.example/path");
    assert_eq!(token, identity("audience=https%3A%2F%2Fservice.example%2Fpath&format=full&licenses=TRUE"));
    assert_eq!(token, identity("format=standard&audience=https://service.example/path"));
    assert_ne!(token, identity("audience=https://another.example"));
}

#[test]
fn in_direct_access_the_pool_is_the_account_and_has_no_id_token() {
    let world = CLOUD.world(json!({}));
    let mut variables = variables(&world);
    variables
        .push(("ROLEBRIDGE_CREDENTIALS", credential(&world, &json!({ "service_account_impersonation_url": null }))));
    variables.push(("GOOGLE_CLOUD_PROJECT", "my-project".to_owned()));
    let (_server, host) = listening(Running::of(program(&variables).arg("serve")));
    assert_eq!(read(&host, &format!("{ACCOUNTS}/default/email")).body, "aws-pool");
    assert_eq!(read(&host, &format!("{ACCOUNTS}/")).body, "default/\naws-pool/\n");
    assert_eq!(read(&host, &format!("{ACCOUNTS}/default/identity?audience=a")).status, 404);
    assert!(token(&host, "")["access_token"].is_string());
}

#[test]
fn a_failure_is_told_to_the_library_and_once_to_the_person() {
    let world = CLOUD.world(json!({}));
    let (mut server, host) = serving(&world);
    let refusal = json!({ "error": { "code": 403, "message": "no", "status": "PERMISSION_DENIED" } });
    world.fault(json!({ "on": "iamcredentials.generateAccessToken", "do": { "status": 403, "body": refusal } }));
    for _ in 0..2 {
        let answer = read(&host, &format!("{ACCOUNTS}/default/token?scopes=openid"));
        assert_eq!((answer.status, answer.header("metadata-flavor")), (403, Some("Google")), "{answer:?}");
        assert!(answer.body.contains("refused to") && answer.body.contains("\nhint: "), "{}", answer.body);
    }
    world.fault(json!({ "on": "iamcredentials.generateAccessToken", "do": { "close": true }, "times": null }));
    let answer = read(&host, &format!("{ACCOUNTS}/default/token?scopes=email"));
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(token(&host, "")["access_token"].is_string(), "the usual token is there as before");

    server.signal("TERM");
    let (_, _, talk) = server.ended();
    assert_eq!(talk.matches("error: ").count(), 2, "{talk}");
}

#[test]
fn it_ends_at_a_signal_when_answers_under_way_are_finished() {
    for signal in ["TERM", "INT"] {
        let world = CLOUD.world(json!({}));
        let (mut server, host) = serving(&world);
        assert!(server.talk_line().contains("Every user of this host can read tokens from it."));
        world.fault(json!({ "on": "iamcredentials.generateAccessToken", "do": { "hold": "gate" } }));
        let asking = {
            let host = host.clone();
            std::thread::spawn(move || token(&host, "?scopes=openid"))
        };
        world.wait_for_request("iamcredentials.generateAccessToken", 2, Duration::from_secs(30));
        server.signal(signal);
        assert!(server.talk_line().starts_with("Ending: "));
        world.open_gate("gate");
        assert!(asking.join().expect("answered")["access_token"].is_string());
        let (status, ..) = server.ended();
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let world = CLOUD.world(json!({}));
    let (mut server, host) = serving(&world);
    world.fault(json!({ "on": "iamcredentials.generateAccessToken", "do": { "hang": true } }));
    let asking = std::thread::spawn(move || std::panic::catch_unwind(|| token(&host, "?scopes=openid")).is_err());
    world.wait_for_request("iamcredentials.generateAccessToken", 2, Duration::from_secs(30));
    server.signal("TERM");
    while !server.talk_line().starts_with("Ending: ") {}
    server.signal("INT");
    assert_eq!(server.ended().0.code(), Some(0));
    assert!(asking.join().expect("it ends"), "there was no answer");
}

#[test]
fn it_listens_where_it_is_told_and_says_who_can_read() {
    let world = CLOUD.world(json!({}));
    let (_first, host) = serving(&world);
    let taken = ran_in(&world, &["serve", "--listen", &host]);
    assert_eq!(taken.exit, Exit::Failed);
    assert!(
        taken.talk.contains(&host) && taken.talk.ends_with("\nhint: name another port, or 0 for a free one\n"),
        "{taken:?}"
    );
    let (mut everywhere, _) = listening(Running::start(&world, &["serve", "--listen", "0.0.0.0:0"]));
    let warning = everywhere.talk_line();
    assert!(
        warning.starts_with("warning: ") && warning.ends_with("everyone who can reach it can read tokens from it"),
        "{warning}"
    );
    for wrong in ["localhost", "127.0.0.1", "127.0.0.1:99999", ":80"] {
        assert_eq!(ran(&["serve", "--listen", wrong], &[]).exit, Exit::Usage, "{wrong}");
    }
}

#[test]
fn what_is_wrong_is_told_before_anything_listens() {
    let ran = ran_in(&CLOUD.world(json!({ "bound_role": "another-role" })), &["serve"]);
    assert_eq!((ran.exit, ran.output.as_str()), (Exit::Failed, ""));
    assert!(ran.talk.starts_with("error: ") && ran.talk.contains("\nhint: "), "{}", ran.talk);
}
