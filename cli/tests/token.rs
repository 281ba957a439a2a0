//! `rolebridge token`, run in the test's own process against the local cloud.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use serde_json::{Value, json};
use support::{CLOUD, credential, folder, ran, ran_in, variables};

#[test]
fn the_token_is_a_line_of_its_own_and_nothing_is_said() {
    let world = CLOUD.world(json!({}));
    let ran = ran_in(&world, &["token"]);
    assert_eq!((ran.exit, ran.talk.as_str()), (Exit::Done, ""), "{ran:?}");
    let token = ran.output.strip_suffix('\n').expect("a line");
    assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "{token}");
}

#[test]
fn json_says_what_it_is_and_when_it_ends() {
    let world = CLOUD.world(json!({}));
    let token: Value = serde_json::from_str(&ran_in(&world, &["token", "--json"]).output).expect("JSON");
    assert!(token["access_token"].as_str().is_some_and(|value| !value.is_empty()));
    assert_eq!(token["token_type"], "Bearer");
    let end: jiff::Timestamp = token["expires_at"].as_str().expect("a time").parse().expect("RFC 3339");
    assert!(end > jiff::Timestamp::now());
    assert_eq!(token.as_object().expect("an object").len(), 3);
}

#[test]
fn headers_are_those_of_a_request() {
    let world = CLOUD.world(json!({}));
    let token = ran_in(&world, &["token"]).output;
    assert_eq!(ran_in(&world, &["token", "--header"]).output, format!("authorization: Bearer {token}"));
    let payer = credential(&world, &json!({ "quota_project_id": "payer" }));
    let mut variables = variables(&world);
    variables.push(("ROLEBRIDGE_CREDENTIALS", payer));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let headers = ran(&["token", "--header"], &variables).output;
    assert_eq!(headers, format!("authorization: Bearer {token}x-goog-user-project: payer\n"));
}

#[test]
fn an_id_token_is_for_its_audience() {
    let world = CLOUD.world(json!({}));
    let audience = "https://service.example";
    let token: Value =
        serde_json::from_str(&ran_in(&world, &["token", "--json", "--id-token", audience]).output).expect("JSON");
    assert_eq!(token["id_token"].as_str().expect("a token").split('.').count(), 3);
    let asked = world.requests();
    assert!(asked.iter().any(|record| record.operation == "iamcredentials.generateIdToken"), "{asked:?}");
    assert!(asked.iter().all(|record| record.operation != "iamcredentials.generateAccessToken"), "{asked:?}");
}

#[test]
fn scopes_are_asked_for_once_each_in_their_order() {
    let world = CLOUD.world(json!({}));
    let tokens: Vec<_> = [&["token"][..], &["token", "--scopes", "openid,email"], &["token", "--scopes", "openid"]]
        .iter()
        .map(|arguments| ran_in(&world, arguments).output)
        .collect();
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2], "{tokens:?}");
}

#[test]
fn timing_tells_every_request_beside_the_token() {
    let world = CLOUD.world(json!({}));
    let ran = ran_in(&world, &["token", "--timing", "--quiet"]);
    assert_eq!((ran.exit, ran.output.lines().count()), (Exit::Done, 1), "{ran:?}");
    assert!(!ran.talk.contains(ran.output.trim_end()));
    let lines: Vec<_> = ran.talk.lines().collect();
    assert!(lines[0].trim_start().starts_with("begun"), "{}", ran.talk);
    let steps = lines.iter().filter(|line| line.ends_with(" done")).count();
    let requests = lines.iter().filter(|line| line.ends_with(" answered 200")).count();
    assert_eq!((steps, requests), (3, world.requests().len()), "{}", ran.talk);
}

#[test]
fn verbose_tells_the_requests_and_no_token() {
    let world = CLOUD.world(json!({}));
    let ran = ran_in(&world, &["token", "--verbose"]);
    assert!(ran.talk.contains("exchange: POST ") && ran.talk.contains("impersonation: done"), "{}", ran.talk);
    assert!(!ran.talk.contains(ran.output.trim_end()));
}

#[test]
fn a_refusal_is_one_sentence_and_one_hint_in_every_form() {
    let world = CLOUD.world(json!({ "bound_role": "another-role" }));
    for arguments in [&["token"][..], &["token", "--json"]] {
        let ran = ran_in(&world, arguments);
        assert_eq!((ran.exit, ran.output.as_str()), (Exit::Failed, ""), "{ran:?}");
        let lines: Vec<_> = ran.talk.lines().collect();
        assert!(lines.len() == 2 && lines[0].starts_with("error: ") && lines[1].starts_with("hint: "), "{}", ran.talk);
    }
    let timed = ran_in(&world, &["token", "--timing"]);
    assert_eq!((timed.exit, timed.output.as_str()), (Exit::Failed, ""));
    assert!(timed.talk.contains("impersonation failed\n") && timed.talk.contains("\nerror: "), "{}", timed.talk);
}

#[test]
fn the_file_that_is_named_goes_before_the_environment_s() {
    let world = CLOUD.world(json!({}));
    let file = folder("named").join("credential.json");
    std::fs::write(&file, credential(&world, &json!({}))).expect("written");
    let mut variables = variables(&world);
    variables.push(("ROLEBRIDGE_CREDENTIALS", "no-such-file.json".to_owned()));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = file.to_str().expect("UTF-8");
    assert_eq!(ran(&["token", "--credential-file", path], &variables).exit, Exit::Done);
    let wrong = ran(&["token"], &variables);
    assert_eq!(wrong.exit, Exit::File);
    assert!(wrong.talk.contains("no-such-file.json"), "{}", wrong.talk);
    let none = ran(&["token"], &[]);
    assert_eq!(none.exit, Exit::File);
    assert!(none.talk.contains("is not named") && none.talk.contains("\nhint: "), "{}", none.talk);
}

#[test]
fn options_that_cannot_be_meant_together_are_refused() {
    for arguments in [
        &["token", "--json", "--header"][..],
        &["token", "--id-token", "a", "--scopes", "b"],
        &["token", "--id-token", ""],
        &["token", "--verbose", "--quiet"],
        &["token", "--jsn"],
    ] {
        let ran = ran(arguments, &[]);
        assert_eq!(ran.exit, Exit::Usage, "{arguments:?}");
        assert_eq!(ran.talk.lines().count(), 2, "{}", ran.talk);
    }
}

#[test]
fn a_second_identity_is_warned_of_unless_quiet_is_asked_for() {
    let world = CLOUD.world(json!({}));
    let keys = world.info()["keys"].clone();
    let text = |name: &str| keys[name].as_str().expect("a text").to_owned();
    let mut variables = variables(&world);
    variables.extend([
        ("AWS_ACCESS_KEY_ID", text("access_key_id")),
        ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
        ("AWS_SESSION_TOKEN", text("session_token")),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/task".to_owned()),
    ]);
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let timed = ran(&["token", "--timing"], &variables);
    assert!(timed.talk.contains("\nwarning: "), "{timed:?}");
    let usual = ran(&["token"], &variables);
    assert!(usual.exit == Exit::Done && usual.talk.starts_with("warning: "), "{usual:?}");
    let other = [&variables[..], &[("AWS_REGION", "eu-west-1")]].concat();
    let quiet = ran(&["token", "--quiet"], &other);
    assert_eq!((quiet.exit, quiet.talk.as_str()), (Exit::Done, ""));
}
