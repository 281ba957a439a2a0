//! `rolebridge doctor`, run in the test's own process against the local cloud.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

#[path = "doctor/site.rs"]
mod site;
mod support;

use rolebridge_cli::Exit;
use serde_json::{Value, json};
use site::{FORMS, Site, TOKENS};
use support::{CLOUD, Ran, ran, ran_in, variables};

/// The legs of a way to an access token, in their order.
const LEGS: [&str; 11] = [
    "environment",
    "config",
    "audience",
    "identity",
    "region",
    "clock",
    "caller",
    "attribute.aws_role",
    "google.subject",
    "exchange",
    "impersonation",
];

/// The leg of each line, without what is told below one.
fn legs(ran: &Ran) -> Vec<String> {
    let lines = ran.output.lines().filter(|line| ["ok ", "x ", "? "].iter().any(|mark| line.starts_with(mark)));
    lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

fn passed(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("ok {name}")).collect()
}

#[test]
fn every_leg_has_its_line_and_an_id_token_and_a_signature_one_more() {
    let token_creator = "roles/iam.serviceAccountTokenCreator";
    let account = "serviceAccount:bigquery-reader@my-project.iam.gserviceaccount.com";
    let world = CLOUD.world(json!({ "bindings": [{ "role": token_creator, "members": [account] }] }));
    let access = ran_in(&world, &["doctor"]);
    assert_eq!((access.exit, access.talk.as_str()), (Exit::Done, ""), "{access:?}");
    assert_eq!(legs(&access), passed(&LEGS), "{}", access.output);
    let asked = world.requests();
    let callers = asked.iter().filter(|record| record.operation == "aws.getCallerIdentity").count();
    assert_eq!((callers, asked.len()), (1, 7), "{asked:?}");
    for told in [
        "config             bigquery-reader@my-project.iam.gserviceaccount.com\n",
        "project 123456789012, pool aws-pool, provider aws-provider",
        "of the role `bigquery-role` from instance",
        "us-east-1\n",
        "clock              that of AWS\n",
        "arn:aws:sts::111122223333:assumed-role/bigquery-role/i-0123456789abcdef0\n",
        "arn:aws:sts::111122223333:assumed-role/bigquery-role\n",
        "72 of 127 bytes\n",
    ] {
        assert!(access.output.contains(told), "{told}: {}", access.output);
    }
    assert!(access.output.lines().all(|line| line.chars().count() <= 80 || line.contains("arn:")), "{}", access.output);
    let all = ran_in(&world, &["doctor", "--id-token", "https://service.example", "--sign"]);
    assert_eq!(all.exit, Exit::Done, "{all:?}");
    assert_eq!(legs(&all), passed(&[&LEGS[..], &["id_token", "signing"]].concat()), "{}", all.output);
    let told = ran_in(&world, &["doctor", "--id-token", "https://service.example", "--sign", "--verbose"]);
    assert_eq!(legs(&told), legs(&all));
    for step in ["identity", "exchange", "impersonation", "id_token", "signing"] {
        assert!(told.talk.contains(&format!("{step}: done after ")), "{step}: {}", told.talk);
    }
}

#[test]
fn the_first_cross_ends_it_with_the_command_to_paste() {
    let world = CLOUD.world(json!({ "bound_role": "another-role" }));
    let refused = ran_in(&world, &["doctor", "--sign"]);
    assert_eq!((refused.exit, refused.talk.as_str()), (Exit::Failed, ""), "{refused:?}");
    assert!(!refused.output.contains("signing"), "{}", refused.output);
    let command = "\ngcloud iam service-accounts add-iam-policy-binding \
                   bigquery-reader@my-project.iam.gserviceaccount.com --role=roles/iam.workloadIdentityUser \
                   --member=\"principalSet://iam.googleapis.com/projects/123456789012/locations/global/\
                   workloadIdentityPools/aws-pool/attribute.aws_role/\
                   arn:aws:sts::111122223333:assumed-role/bigquery-role\"\n";
    assert!(refused.output.contains(command), "{}", refused.output);
    let below = refused.output.lines().skip_while(|line| !line.starts_with("x ")).skip(1);
    let labels: Vec<_> = below.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(labels.contains(&"cause:") && labels.contains(&"fix:"), "{}", refused.output);
    let prose = refused.output.lines().filter(|line| line.starts_with("   "));
    assert!(prose.clone().count() > 2);
    for line in prose {
        assert!(line.chars().count() <= 80 || !line.trim().contains(' '), "{line}");
    }
}

#[test]
fn a_file_that_is_not_there_is_a_cross_and_an_exit_code_of_files() {
    let missing = ran(&["doctor", "--credential-file", "no-such-file.json"], &[]);
    assert_eq!((missing.exit, legs(&missing).last().map(String::as_str)), (Exit::File, Some("x config")));
    assert!(missing.output.contains("no-such-file.json"), "{}", missing.output);
}

#[test]
fn a_wrong_audience_is_the_cross_of_its_own_leg() {
    let world = CLOUD.world(json!({}));
    let patch =
        json!({ "audience": "//iam.googleapis.com/projects/my-project/locations/global/workloadIdentityPools/p" });
    let file = support::credential(&world, &patch);
    let wrong = ran(&["doctor"], &[("ROLEBRIDGE_CREDENTIALS", &file), ("ROLEBRIDGE_ALLOW_LOOPBACK", "1")]);
    assert_eq!((wrong.exit, legs(&wrong).last().map(String::as_str)), (Exit::File, Some("x audience")), "{wrong:?}");
    // Its hint begins with a command, which has the name that the file has.
    let command = "\n   fix:\n\ngcloud projects describe my-project --format='value(projectNumber)'\n";
    assert!(wrong.output.contains(command), "{}", wrong.output);
}

#[test]
fn json_holds_the_legs_and_no_key() {
    let world = CLOUD.world(json!({ "bound_role": "another-role" }));
    let ran = ran_in(&world, &["doctor", "--json"]);
    let report: Value = serde_json::from_str(&ran.output).expect("JSON");
    let legs = report["legs"].as_array().expect("legs");
    assert_eq!(legs[0]["end"], "passed");
    let last = &legs[legs.len() - 1];
    assert_eq!((&last["leg"], &last["end"]), (&json!("impersonation"), &json!("failed")));
    assert_eq!((&last["error"]["kind"], &last["error"]["status"]), (&json!("refused"), &json!(403)));
    let commands = last["error"]["commands"].as_array().expect("commands");
    assert!(commands.iter().any(|command| command.as_str().is_some_and(|it| it.starts_with("gcloud iam "))));
}

#[test]
fn signs_are_shown_where_the_locale_is_of_utf_8_and_colours_on_a_terminal_alone() {
    let world = CLOUD.world(json!({}));
    let mut variables = variables(&world);
    variables.push(("LANG", "en_US.UTF-8".to_owned()));
    let with: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let signs = ran(&["doctor"], &with);
    assert!(signs.output.starts_with("✓  environment"), "{}", signs.output);
    assert!(support::ran_reading("", true, &["doctor"], &with).output.contains("\u{1b}["));
    let plain = [&with[..], &[("LC_ALL", "C")]].concat();
    assert!(ran(&["doctor"], &plain).output.starts_with("ok environment"));
}

#[test]
fn a_clock_that_is_a_minute_off_is_warned_of() {
    for (offset, is_warned_of) in [(-240, true), (240, true), (30, false)] {
        let world = CLOUD.world(json!({ "clock": { "offset_seconds": offset } }));
        let ran = ran_in(&world, &["doctor"]);
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        let side = if offset > 0 { "behind" } else { "ahead of" };
        assert!(ran.output.contains(&format!(" s {side} AWS's\n")), "{}", ran.output);
        assert_eq!(ran.output.contains("warning: AWS refuses"), is_warned_of, "{offset}: {}", ran.output);
    }
}

#[test]
fn aws_that_does_not_tell_the_caller_is_no_cross() {
    let world = CLOUD.world(json!({}));
    world.fault(json!({ "on": "aws.getCallerIdentity", "times": null, "do": { "status": 403, "body": "" } }));
    let ran = ran_in(&world, &["doctor"]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    assert!(legs(&ran).contains(&"? caller".to_owned()), "{}", ran.output);
    assert_eq!(legs(&ran).last().map(String::as_str), Some("ok impersonation"));
}

/// Each row of `doctor/rows.json`: what users suffer, numbered as in the list of demands, with the scenario that provokes
/// it (one of `tests/scenarios`, by its name, or one of the same members) and what mends it; or why it is not provoked.
#[test]
fn every_row_is_diagnosed_and_after_its_fix_all_is_well() {
    let rows: Vec<Value> = serde_json::from_str(include_str!("doctor/rows.json")).expect("JSON");
    let numbers: std::collections::BTreeSet<_> = rows.iter().filter_map(|row| row["row"].as_u64()).collect();
    assert!(numbers.into_iter().eq(1..=40), "a row is missing");
    let provoked: Vec<_> = rows.into_iter().filter(|row| row["unprovoked"].is_null()).collect();
    assert!(provoked.len() >= 27, "only {} rows", provoked.len());
    diagnose_all(&provoked);
}

/// Failures of `tests/scenarios` that doctor meets as another: why.
const OTHERWISE: [(&str, &str); 2] = [
    ("id-token-for-nobody", "the command refuses an audience without a text by itself"),
    ("id-token-role-not-bound", "the access token is refused first"),
];

/// Failures of the step `identity` that are of the region.
const OF_REGION: [&str; 3] = ["container-task-names-no-region", "region-not-to-be-had", "region-that-is-a-key"];

#[test]
fn every_failure_of_the_scenarios_is_diagnosed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios");
    let names = std::fs::read_dir(folder).expect("the folder is there").filter_map(|entry| {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        name.strip_suffix(".json").map(str::to_owned)
    });
    let fails = |name: &String| {
        let calls = scenario(name)["calls"].as_array().expect("calls").clone();
        calls.iter().flat_map(|call| call.as_object().expect("an object").values()).any(|it| !it["error"].is_null())
    };
    let names = names.filter(|name| OTHERWISE.iter().all(|(other, _)| other != name)).filter(fails);
    let rows: Vec<_> = names
        .map(|name| {
            let leg = OF_REGION.contains(&name.as_str()).then_some("region");
            json!({ "row": name, "scenario": name, "leg": leg })
        })
        .collect();
    assert!(rows.len() >= 60, "only {} failures", rows.len());
    diagnose_all(&rows);
}

/// A few at a time, since some wait for what never answers.
fn diagnose_all(rows: &[Value]) {
    let share = rows.len().div_ceil(6);
    let failed: Vec<Value> = std::thread::scope(|scope| {
        let threads: Vec<_> = rows
            .chunks(share)
            .map(|rows| {
                let fails = |row: &&Value| std::panic::catch_unwind(|| diagnose(row)).is_err();
                scope.spawn(move || rows.iter().filter(fails).map(|row| row["row"].clone()).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("what panics is caught")).collect()
    });
    assert!(failed.is_empty(), "of {}, these failed: {failed:?}", rows.len());
}

fn scenario(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}.json")).expect("readable")).expect("JSON")
}

fn diagnose(row: &Value) {
    let (name, scenario) = match row["scenario"].as_str() {
        Some(name) => (name.to_owned(), scenario(name)),
        None => (format!("row-{}", row["row"]), row["scenario"].clone()),
    };
    let mut site = Site::of(&format!("doctor-{name}-{}", row["row"].to_string().trim_matches('"')), &scenario);
    let report = |site: &Site| {
        let ran = site.examine(FORMS[1]);
        let report: Value = serde_json::from_str(&ran.output).unwrap_or_else(|_| panic!("{name}: {ran:?}"));
        (ran.exit, report["legs"].as_array().expect("legs").clone())
    };
    let (exit, legs) = report(&site);
    let shown = site.examine(FORMS[0]);
    assert_eq!(shown.exit, exit, "{name}");
    let text = joined(&shown.output);
    let mut commands = Vec::new();
    if site.error.is_null() {
        assert_eq!(exit, Exit::Done, "{name}: {}", shown.output);
        for warning in scenario["warnings"].as_array().expect("it warns") {
            assert!(text.contains(&joined(warning.as_str().expect("a text"))), "{name}: {}", shown.output);
        }
    } else {
        let last = &legs[legs.len() - 1];
        let (error, expected) = (&last["error"], &site.error);
        let leg = if row["leg"].is_null() { &error["step"] } else { &row["leg"] };
        assert_eq!((&last["end"], &last["leg"]), (&json!("failed"), leg), "{name}: {legs:?}");
        assert_eq!(exit, if error["kind"] == "config" { Exit::File } else { Exit::Failed }, "{name}");
        for member in ["kind", "step", "status", "code"].iter().filter(|member| !expected[**member].is_null()) {
            assert_eq!(error[*member], expected[*member], "{name}: {error}");
        }
        for (texts, place) in [("says", "message"), ("hints", "hint")] {
            for said in expected[texts].as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(error[place].as_str().is_some_and(|it| it.contains(said)), "{name}: `{said}`: {error}");
            }
        }
        // Some sources give other keys each time, and their end is told after this.
        let message = error["message"].as_str().and_then(|it| it.split(" (keys …").next()).expect("a text");
        assert!(text.contains(&joined(message)), "{name}: {}", shown.output);
        let given = error["commands"].as_array().expect("commands").iter().filter_map(Value::as_str);
        commands.extend(given.map(str::to_owned));
        for command in &commands {
            assert!(shown.output.contains(&format!("\n{command}\n")), "{name}: {}", shown.output);
        }
    }
    if row["fix"].is_null() {
        return;
    }
    site.mend(&row["fix"], &commands);
    let (exit, legs) = report(&site);
    let passed = |leg: &Value| leg["end"] == "passed" && leg["warnings"] == json!([]);
    assert!(exit == Exit::Done && legs.iter().all(passed), "{name}, mended: {legs:?}");
}

/// The words alone, wherever lines were broken.
fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn tokens_begin_as_the_search_for_them_supposes() {
    let world = CLOUD.world(json!({}));
    let [access, identity, session] = TOKENS;
    assert!(ran_in(&world, &["token"]).output.starts_with(access));
    assert!(ran_in(&world, &["token", "--id-token", "https://service.example"]).output.starts_with(identity));
    let host = world.metadata_url.strip_prefix("http://").expect("plain HTTP");
    let lifetime = "X-aws-ec2-metadata-token-ttl-seconds: 60";
    let answer = support::http::ask(host, "PUT /latest/api/token", &[lifetime]);
    assert!(answer.body.starts_with(session), "{answer:?}");
}
