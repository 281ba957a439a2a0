//! The container's agents: keys for those who know the path or hold the token, and the task's region.

use crate::support::{CLOUD, Reply, SubjectToken, arn_of, client, exchange, ready, send, text, url};
use rolebridge_emulator::World;
use serde_json::{Value, json};

const SESSION: &str = "0123456789abcdef0123456789abcdef";

fn by_path(world: &World) -> Reply {
    let info = world.info();
    send(client().get(format!("{}{}", text(&info, "container"), text(&info, "container_relative_uri"))))
}

fn by_token(world: &World, token: Option<&str>) -> Reply {
    let request = client().get(url(world, "container_full_uri"));
    send(match token {
        Some(token) => request.header("authorization", token),
        None => request,
    })
}

fn keys(reply: &Value) -> Value {
    json!({
        "access_key_id": reply["AccessKeyId"],
        "secret_access_key": reply["SecretAccessKey"],
        "session_token": reply["Token"],
    })
}

#[test]
fn a_task_has_keys_under_its_own_path() {
    let world = ready();
    let body = by_path(&world).ok();
    assert_eq!(body["RoleArn"], "arn:aws:iam::111122223333:role/bigquery-role");
    assert_eq!(keys(&body), world.info()["container_keys"]);
    assert_ne!(keys(&body), world.info()["keys"]);
    let arn = format!("arn:aws:sts::111122223333:assumed-role/bigquery-role/{SESSION}");
    assert_eq!(arn_of(&world, &keys(&body)), arn);
    exchange(&world, &SubjectToken::with_keys(&world, &keys(&body))).ok();
    let operations: Vec<String> = world.requests().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations, ["container.credentials", "aws.getCallerIdentity", "sts.token"]);
}

#[test]
fn no_other_path_leads_to_keys() {
    let (world, other) = (ready(), ready());
    let path = text(&other.info(), "container_relative_uri");
    send(client().get(url(&world, "container") + &path)).refused(400, "CredentialsV2Request: Credentials not found");
    send(client().get(url(&world, "container") + "/v2/credentials/")).refused(400, "NoIdInRequest");
    assert_eq!(send(client().get(url(&world, "container") + "/latest/meta-data/")).status, 404);
}

#[test]
fn a_pod_must_show_its_token() {
    let world = ready();
    let token = url(&world, "container_token");
    let body = by_token(&world, Some(&token)).ok();
    assert_eq!(body["AccountId"], "111122223333");
    assert_eq!(keys(&body), world.info()["container_keys"]);
    let record = &world.requests()[0];
    assert_eq!(record.operation, "container.credentials");
    assert_eq!(record.authorization.as_deref(), Some("raw"), "the log holds no token");

    let refused = |token: Option<&str>, text: &str| {
        let reply = by_token(&world, token);
        assert_eq!(reply.status, 400, "{}", reply.body);
        assert!(reply.body.contains(text), "{}", reply.body);
    };
    refused(None, "Service account token cannot be empty");
    refused(Some("rubbish"), "Service account token cannot be parsed");
    refused(Some(&url(&ready(), "container_token")), "InvalidTokenException");
    refused(Some(&format!("Bearer {token}")), "cannot be parsed");
}

#[test]
fn a_token_ends_and_is_followed_by_another() {
    let world = CLOUD.world(json!({ "aws": { "container": { "token_lifetime_seconds": 600 } } }));
    let first = url(&world, "container_token");
    world.patch(json!({ "rotate": ["container_token"] }));
    let second = url(&world, "container_token");
    assert_ne!(first, second);
    by_token(&world, Some(&first)).ok();
    world.patch(json!({ "expire": ["container_token"], "rotate": ["container_token"] }));
    assert!(by_token(&world, Some(&second)).body.contains("ExpiredTokenException"));
    by_token(&world, Some(&url(&world, "container_token"))).ok();
    world.patch(json!({ "clock": { "offset_seconds": 601 } }));
    assert!(by_token(&world, Some(&url(&world, "container_token"))).body.contains("ExpiredTokenException"));
}

#[test]
fn keys_stay_until_they_are_replaced_or_over() {
    let world = ready();
    let first = by_path(&world).ok();
    assert_eq!(by_path(&world).ok(), first);
    world.patch(json!({ "rotate": ["container_keys"] }));
    let second = by_path(&world).ok();
    assert_ne!(second["AccessKeyId"], first["AccessKeyId"]);
    exchange(&world, &SubjectToken::with_keys(&world, &keys(&first))).ok();

    world.patch(json!({ "expire": ["container_keys"] }));
    for old in [&first, &second] {
        exchange(&world, &SubjectToken::with_keys(&world, &keys(old))).refused(400, "ExpiredToken");
    }
    exchange(&world, &SubjectToken::of(&world)).ok();
    let third = by_path(&world).ok();
    exchange(&world, &SubjectToken::with_keys(&world, &keys(&third))).ok();
}

#[test]
fn the_role_can_change_and_go() {
    let world = ready();
    world.patch(json!({ "aws": { "container": { "role": "other-role", "session": "two" } } }));
    let body = by_path(&world).ok();
    assert_eq!(arn_of(&world, &keys(&body)), "arn:aws:sts::111122223333:assumed-role/other-role/two");
    world.patch(json!({ "aws": { "container": { "role": null } } }));
    by_path(&world).refused(400, "InvalidIdInRequest");
    let reply = by_token(&world, Some(&url(&world, "container_token")));
    assert_eq!(reply.status, 404);
    assert!(reply.body.contains("ResourceNotFoundException"), "{}", reply.body);
    assert_eq!(world.info()["container_keys"], Value::Null);
}

#[test]
fn the_task_tells_its_region() {
    let world = CLOUD.world(json!({ "aws": { "region": "ap-southeast-2" } }));
    let task = send(client().get(url(&world, "task_metadata") + "/task")).ok();
    let arn = format!("arn:aws:ecs:ap-southeast-2:111122223333:task/my-cluster/{SESSION}");
    assert_eq!(task["TaskARN"], arn);
    assert_eq!(world.requests()[0].operation, "container.task");
    send(client().get(url(&world, "container") + "/v4/other/task")).refused(404, "V4 task metadata handler");

    let strange = json!({ "aws": { "container": { "task_arn": "nonsense" } } });
    let strange = CLOUD.world(strange);
    assert_eq!(send(client().get(url(&strange, "task_metadata") + "/task")).ok()["TaskARN"], "nonsense");
}

#[test]
fn faults_strike_the_container() {
    let world = ready();
    let year_2000 = json!({ "merge": { "Expiration": "2000-01-01T00:00:00Z", "Token": null } });
    world.fault(json!({ "on": "container.credentials", "do": year_2000 }));
    let body = by_path(&world).ok();
    assert_eq!((body["Expiration"].as_str(), body.get("Token")), (Some("2000-01-01T00:00:00Z"), None));
    world.fault(json!({ "on": "container.task", "do": { "status": 500 } }));
    assert_eq!(send(client().get(url(&world, "task_metadata") + "/task")).status, 500);
}
