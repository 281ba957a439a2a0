//! The instance metadata service: sessions, roles, keys and their life.

use crate::support::{CLOUD, Reply, client, ready, send};
use reqwest::Method;
use rolebridge_emulator::World;
use serde_json::{Value, json};

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

fn session(world: &World, seconds: &str) -> Reply {
    let url = format!("{}/latest/api/token", world.metadata_url);
    send(client().put(url).header("X-aws-ec2-metadata-token-ttl-seconds", seconds))
}

fn get(world: &World, path: &str, session: Option<&str>) -> Reply {
    let request = client().get(format!("{}{path}", world.metadata_url));
    send(match session {
        Some(token) => request.header("X-aws-ec2-metadata-token", token),
        None => request,
    })
}

fn get_v2(world: &World, path: &str) -> Reply {
    get(world, path, Some(&session(world, "60").body))
}

fn keys(world: &World) -> Value {
    let role = get_v2(world, ROLES).body;
    get_v2(world, &format!("{ROLES}{role}")).json()
}

#[test]
fn a_session_token_opens_everything() {
    let world = ready();
    let token = session(&world, "21600");
    assert_eq!(token.status, 200);
    assert_eq!(token.headers["x-aws-ec2-metadata-token-ttl-seconds"], "21600");
    for (path, body) in [
        (ROLES, "bigquery-role"),
        ("/latest/meta-data/iam/security-credentials", "bigquery-role"),
        ("/latest/meta-data/placement/region", "us-east-1"),
        ("/latest/meta-data/placement/availability-zone", "us-east-1a"),
    ] {
        let reply = get(&world, path, Some(&token.body));
        assert_eq!((reply.status, reply.body.as_str()), (200, body));
        assert_eq!(reply.headers["content-type"], "text/plain");
    }
}

#[test]
fn version_2_refuses_what_has_no_living_session() {
    let world = ready();
    let token = session(&world, "60").body;
    assert_eq!(get(&world, ROLES, None).status, 401);
    assert_eq!(get(&world, ROLES, Some("made up")).status, 401);
    assert_eq!(get(&world, ROLES, Some(&token)).status, 200);
    world.patch(json!({ "clock": { "offset_seconds": 61 } }));
    assert_eq!(get(&world, ROLES, Some(&token)).status, 401);
}

#[test]
fn a_session_lasts_between_a_second_and_six_hours() {
    let world = ready();
    for seconds in ["0", "21601", "soon"] {
        assert_eq!(session(&world, seconds).status, 400, "{seconds}");
    }
    let url = format!("{}/latest/api/token", world.metadata_url);
    assert_eq!(send(client().put(&url)).status, 400);
    let forwarded = client().put(&url).header("X-aws-ec2-metadata-token-ttl-seconds", "60");
    assert_eq!(send(forwarded.header("X-Forwarded-For", "10.0.0.1")).status, 403);
}

#[test]
fn version_1_is_open_where_it_is_allowed() {
    let old = CLOUD.world(json!({ "aws": { "instance": { "imds": "v1" } } }));
    assert_eq!(session(&old, "60").status, 405);
    assert_eq!(get(&old, ROLES, None).body, "bigquery-role");

    let both = CLOUD.world(json!({ "aws": { "instance": { "imds": "v1 and v2" } } }));
    assert_eq!(get(&both, ROLES, None).body, "bigquery-role");
    assert_eq!(get_v2(&both, ROLES).body, "bigquery-role");
    assert_eq!(get(&both, ROLES, Some("made up")).status, 401);
}

#[test]
fn keys_are_text_and_the_ones_that_the_world_tells() {
    let world = ready();
    let reply = get_v2(&world, &format!("{ROLES}bigquery-role"));
    assert_eq!(reply.headers["content-type"], "text/plain");
    let (keys, told) = (reply.json(), &world.info()["keys"]);
    assert_eq!(keys["Code"], "Success");
    assert_eq!(keys["Type"], "AWS-HMAC");
    assert_eq!(keys["AccessKeyId"], told["access_key_id"]);
    assert_eq!(keys["SecretAccessKey"], told["secret_access_key"]);
    assert_eq!(keys["Token"], told["session_token"]);
    assert!(keys["AccessKeyId"].as_str().is_some_and(|id| id.starts_with("ASIA")));
}

#[test]
fn keys_stay_until_they_are_nearly_over() {
    let world = ready();
    let first = keys(&world);
    world.patch(json!({ "clock": { "offset_seconds": 5 * 3600 } }));
    assert_eq!(keys(&world), first);
    world.patch(json!({ "clock": { "offset_seconds": 6 * 3600 - 60 } }));
    let second = keys(&world);
    assert_ne!(second["AccessKeyId"], first["AccessKeyId"]);
    assert!(second["Expiration"].as_str() > first["Expiration"].as_str());
}

#[test]
fn a_role_can_change_and_go() {
    let world = ready();
    let first = keys(&world);
    world.patch(json!({ "aws": { "instance": { "role": "other" } } }));
    assert_eq!(get_v2(&world, ROLES).body, "other");
    assert_ne!(keys(&world)["AccessKeyId"], first["AccessKeyId"]);
    assert_eq!(get_v2(&world, &format!("{ROLES}bigquery-role")).status, 404);

    world.patch(json!({ "aws": { "instance": { "role": null } } }));
    let reply = get_v2(&world, ROLES);
    assert_eq!(reply.status, 404);
    assert!(reply.body.contains("404 - Not Found"));
    assert_eq!(world.info()["keys"], Value::Null);
}

#[test]
fn nothing_else_is_there() {
    let world = ready();
    assert_eq!(get_v2(&world, "/latest/dynamic/instance-identity/document").status, 404);
    let url = format!("{}{ROLES}", world.metadata_url);
    assert_eq!(send(client().request(Method::POST, url)).status, 405);
}
