//! Google's tokens are ended before their time, so that APIs refuse them in the middle of what a client does.

use crate::support::{
    CLOUD, CLOUD_PLATFORM, POOL, Reply, access_token, client, federated_token, impersonate, query, ready, send,
};
use rolebridge_emulator::World;
use serde_json::json;

const PIECE: usize = 262_144;

fn upload(world: &World) -> reqwest::blocking::RequestBuilder {
    let path = "upload/storage/v1/b/my-bucket/o?uploadType=resumable&name=pieces";
    client().post(format!("{}/{path}", world.google_url))
}

#[test]
fn ended_access_tokens_are_refused_in_the_middle_and_new_ones_go_on() {
    let world = ready();
    let federated = federated_token(&world);
    let (one, other) = (access_token(&world), access_token(&world));
    query(&world, &one, "SELECT 1").ok();
    let begun = send(upload(&world).bearer_auth(&one));
    let session = begun.headers["location"].to_str().expect("ASCII").to_owned();
    let piece = |bearer: &str, range: &str, bytes: String| -> Reply {
        send(client().put(&session).bearer_auth(bearer).header("content-range", range).body(bytes))
    };
    assert_eq!(piece(&one, &format!("bytes 0-{}/*", PIECE - 1), "x".repeat(PIECE)).status, 308);

    world.patch(json!({ "expire": ["access_tokens"] }));
    let ended = query(&world, &one, "SELECT 1").refused(401, "UNAUTHENTICATED");
    assert_eq!(ended["error"]["details"][0]["reason"], "ACCESS_TOKEN_EXPIRED");
    query(&world, &other, "SELECT 1").refused(401, "ACCESS_TOKEN_EXPIRED");
    let last = format!("bytes {PIECE}-{}/{}", PIECE, PIECE + 1);
    piece(&one, &last, "y".into()).refused(401, "Invalid Credentials");

    // The federated token is still good for a new one, which goes on where the old one was stopped.
    let reply = impersonate(&world, &federated, &json!({ "scope": [CLOUD_PLATFORM] })).ok();
    let new = reply["accessToken"].as_str().expect("a token");
    query(&world, new, "SELECT 1").ok();
    assert_eq!(piece(new, &last, "y".into()).ok()["size"], (PIECE + 1).to_string());
    query(&world, &one, "SELECT 1").refused(401, "ACCESS_TOKEN_EXPIRED");
}

#[test]
fn ended_federated_tokens_are_refused_by_apis_and_by_iam_credentials() {
    let world = CLOUD.world(json!({ "grants": [POOL] }));
    let (federated, own) = (federated_token(&world), access_token(&world));
    query(&world, &federated, "SELECT 1").ok();
    world.patch(json!({ "expire": ["federated_tokens"] }));
    query(&world, &federated, "SELECT 1").refused(401, "ACCESS_TOKEN_EXPIRED");
    impersonate(&world, &federated, &json!({ "scope": [CLOUD_PLATFORM] })).refused(401, "ACCESS_TOKEN_EXPIRED");
    query(&world, &own, "SELECT 1").refused(403, "Access Denied");
    query(&world, &federated_token(&world), "SELECT 1").ok();

    let new = federated_token(&world);
    world.patch(json!({ "expire": ["access_tokens", "federated_tokens"] }));
    for token in [&new, &own] {
        query(&world, token, "SELECT 1").refused(401, "ACCESS_TOKEN_EXPIRED");
    }
}
