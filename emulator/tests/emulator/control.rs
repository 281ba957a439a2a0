//! The control API, and the process that offers it.

use crate::support::{CLOUD, client, send};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

struct Made {
    url: String,
    info: Value,
}

fn make(control: &str, spec: &Value) -> Made {
    let reply = send(client().post(format!("{control}/worlds")).json(spec));
    assert_eq!(reply.status, 201, "{}", reply.body);
    let info = reply.json();
    Made { url: format!("{control}/worlds/{}", info["id"].as_str().expect("an id")), info }
}

#[test]
fn a_world_is_made_changed_and_removed() {
    let world = make(&CLOUD.control_url(), &json!({ "project": { "id": "other-project" } }));
    assert_eq!(world.info["service_account"], "bigquery-reader@other-project.iam.gserviceaccount.com");
    assert!(world.info["ca_pem"].as_str().is_some_and(|pem| pem.starts_with("-----BEGIN CERTIFICATE-----")));
    assert_eq!(send(client().get(&world.url)).ok(), world.info);
    let patch = json!({ "aws": { "instance": { "role": null } } });
    let patched = send(client().patch(&world.url).json(&patch)).ok();
    assert_eq!((&patched["keys"], &patched["instance"]["role"]), (&Value::Null, &Value::Null));

    send(client().delete(&world.url)).ok();
    send(client().get(&world.url)).refused(404, "no such world");
    let gone = client().get(world.info["metadata"].as_str().expect("a URL")).send();
    assert!(gone.is_err(), "its ports are closed");
}

#[test]
fn the_specification_in_the_readme_is_the_default_one() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```json\n").expect("a specification");
    let spec = serde_json::from_str(rest.split_once("```").expect("its end").0).expect("JSON");
    let lasting = |spec: &Value| {
        let info = make(&CLOUD.control_url(), spec).info;
        let task = send(client().get(format!("{}/task", info["task_metadata"].as_str().expect("a URL")))).ok();
        let token = info["web_identity_token"].as_str().expect("a token").split('.').nth(1).expect("claims").len();
        let fixed = ["project", "account", "region", "instance", "audience", "service_account", "roles", "role_arn"];
        let mut values: Vec<Value> = fixed.iter().map(|name| info[name].clone()).collect();
        values.extend([info["sso_start_url"].clone(), info["sso_region"].clone(), task, token.into()]);
        values
    };
    assert_eq!(lasting(&spec), lasting(&json!({})));
}

#[test]
fn what_is_wrong_is_refused() {
    let worlds = format!("{}/worlds", CLOUD.control_url());
    send(client().post(&worlds).json(&json!({ "redy": true }))).refused(400, "unknown field `redy`");
    send(client().post(&worlds).body("{")).refused(400, "error");
    let never = json!({ "clock": { "offset_seconds": i64::MAX } });
    send(client().post(&worlds).json(&never)).refused(400, "more than a hundred years");
    let world = make(&CLOUD.control_url(), &json!({}));
    send(client().patch(&world.url).json(&json!({ "project": {} }))).refused(400, "unknown field `project`");
    send(client().patch(&world.url).json(&json!({ "rotate": ["sso_client"] }))).refused(400, "unknown variant");
    let role = json!({ "aws": { "roles": [{ "name": "one", "trust": [] }] } });
    send(client().post(&worlds).json(&role)).refused(400, "unknown field `trust`");
    send(client().post(format!("{}/faults", world.url)).json(&json!({ "on": "x" }))).refused(400, "missing field `do`");
    send(client().post(format!("{}/nothing", world.url))).refused(404, "no such path");
}

#[test]
fn faults_and_gates_are_ordered_and_requests_awaited() {
    let world = make(&CLOUD.control_url(), &json!({}));
    let url = |path: &str| format!("{}/{path}", world.url);
    let fault = json!({ "on": "metadata.session_token", "do": { "hold": "door" } });
    send(client().post(url("faults")).json(&fault)).ok();
    let token = format!("{}/latest/api/token", world.info["metadata"].as_str().expect("a URL"));
    let put = || send(client().put(&token).header("x-aws-ec2-metadata-token-ttl-seconds", "60")).status;
    std::thread::scope(|scope| {
        let held = scope.spawn(put);
        let records = send(client().get(url("requests?operation=metadata.session_token&count=1&wait=10"))).ok();
        assert_eq!(records["requests"][0]["status"], Value::Null);
        send(client().post(url("gates/door/open"))).ok();
        assert_eq!(held.join().expect("no panic"), 200);
    });
    let all = send(client().get(url("requests"))).ok();
    let record = &all["requests"][0];
    assert_eq!((&record["number"], &record["status"], &record["method"]), (&json!(1), &json!(200), &json!("PUT")));
    send(client().get(url("requests?operation=sts.token&count=1&wait=0"))).refused(408, "0 of 1 requests");

    send(client().post(url("faults")).json(&json!({ "on": "metadata.session_token", "do": { "status": 500 } }))).ok();
    send(client().delete(url("faults"))).ok();
    assert_eq!(put(), 200);
}

#[test]
fn the_process_ends_with_its_standard_input() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_rolebridge-emulator"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().expect("piped")).read_line(&mut line).expect("one line");
    let control = serde_json::from_str::<Value>(&line).expect("JSON")["control"].as_str().expect("a URL").to_owned();
    make(&control, &json!({}));
    drop(process.stdin.take());
    assert!(process.wait().expect("it ends").success());
}
