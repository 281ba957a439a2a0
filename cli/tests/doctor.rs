//! `rolebridge doctor`, run in the test's own process against the local cloud.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge_cli::Exit;
use serde_json::{Value, json};
use support::{CLOUD, Ran, ran, ran_in, variables};

#[test]
fn every_leg_has_its_line_and_an_id_token_one_more() {
    let world = CLOUD.world(json!({}));
    let legs = |ran: &Ran| -> Vec<String> {
        ran.output.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let access = ran_in(&world, &["doctor"]);
    assert_eq!((access.exit, access.talk.as_str()), (Exit::Done, ""), "{access:?}");
    assert_eq!(legs(&access), ["[ok] config", "[ok] identity", "[ok] exchange", "[ok] impersonation"]);
    let id = ran_in(&world, &["doctor", "--id-token", "https://service.example"]);
    assert_eq!(id.exit, Exit::Done, "{id:?}");
    assert_eq!(legs(&id).last().map(String::as_str), Some("[ok] id_token"));
}

#[test]
fn the_first_cross_ends_it_with_the_binding_to_make() {
    let world = CLOUD.world(json!({ "bound_role": "another-role" }));
    let refused = ran_in(&world, &["doctor"]);
    assert_eq!(refused.exit, Exit::Failed, "{refused:?}");
    assert_eq!(refused.output.lines().last(), Some("[x]  impersonation"), "{refused:?}");
    assert!(refused.talk.contains("the caller is `arn:aws:sts::"), "{}", refused.talk);
    assert!(refused.talk.contains("hint: ") && refused.talk.contains("principalSet://"), "{}", refused.talk);
}

#[test]
fn a_file_that_is_not_there_is_the_first_cross() {
    let missing = ran(&["doctor", "--credential-file", "no-such-file.json"], &[]);
    assert_eq!((missing.exit, missing.output.as_str()), (Exit::Failed, "[x]  config\n"), "{missing:?}");
}

#[test]
fn ticks_are_shown_where_the_locale_is_of_utf_8() {
    for (locale, mark) in [
        (&[("LANG", "ja_JP.UTF-8")][..], "✗"),
        (&[("LANG", "C")], "[x]"),
        (&[("LANG", "en_US.utf8"), ("LC_ALL", "C")], "[x]"),
    ] {
        let arguments = ["doctor", "--credential-file", "no-such-file.json"];
        assert!(ran(&arguments, locale).output.starts_with(mark), "{locale:?}");
    }
}

#[test]
fn no_form_of_the_report_shows_a_secret() {
    for (settings, passed) in [(json!({}), true), (json!({ "bound_role": "another-role" }), false)] {
        let world = CLOUD.world(settings);
        let keys = world.info()["keys"].clone();
        let text = |name: &str| keys[name].as_str().expect("a text").to_owned();
        let secrets = [text("secret_access_key"), text("session_token")];
        let mut variables = variables(&world);
        variables.extend([
            ("AWS_ACCESS_KEY_ID", text("access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", secrets[0].clone()),
            ("AWS_SESSION_TOKEN", secrets[1].clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]);
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for arguments in [&["doctor"][..], &["doctor", "--json"], &["doctor", "--verbose"]] {
            let ran = ran(arguments, &variables);
            assert_eq!(ran.exit == Exit::Done, passed, "{ran:?}");
            for secret in &secrets {
                assert!(!ran.output.contains(secret) && !ran.talk.contains(secret), "{arguments:?}");
            }
        }
        let report: Value = serde_json::from_str(&ran(&["doctor", "--json"], &variables).output).expect("JSON");
        let legs = report["legs"].as_array().expect("a list");
        assert_eq!(legs.last().expect("a leg")["passed"], passed);
    }
}
