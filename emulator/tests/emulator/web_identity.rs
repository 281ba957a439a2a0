//! Sessions of roles for tokens of an identity provider outside of AWS.

use crate::support::{CLOUD, Reply, StsCall, SubjectToken, arn_of, client, exchange, ready, send, url};
use rolebridge_emulator::World;
use serde_json::{Value, json};

fn assume_with(world: &World, token: &str) -> Reply {
    let form = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", "arn:aws:iam::111122223333:role/bigquery-role"),
        ("RoleSessionName", "me"),
        ("WebIdentityToken", token),
    ];
    send(client().post(url(world, "aws_sts")).form(&form))
}

fn assume(world: &World) -> Reply {
    assume_with(world, &url(world, "web_identity_token"))
}

fn world_with(aws: Value) -> World {
    CLOUD.world(json!({ "aws": aws }))
}

#[test]
fn a_token_gives_a_session_without_any_signature() {
    let world = ready();
    let reply = assume(&world);
    let keys = reply.keys();
    let arn = "arn:aws:sts::111122223333:assumed-role/bigquery-role/me";
    assert_eq!(reply.element("Arn"), arn);
    assert_eq!(reply.element("SubjectFromWebIdentityToken"), "system:serviceaccount:default:app");
    assert_eq!(reply.element("Audience"), "sts.amazonaws.com");
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/";
    assert!(reply.element("Provider").starts_with(provider), "{}", reply.body);
    assert_eq!(arn_of(&world, &keys), arn);
    exchange(&world, &SubjectToken::with_keys(&world, &keys)).ok();
    assert_eq!(world.requests()[0].operation, "aws.assumeRoleWithWebIdentity");
    assert_eq!(world.requests()[0].session.as_deref(), Some("me"));
}

#[test]
fn a_token_in_the_query_is_not_logged() {
    let world = ready();
    let token = url(&world, "web_identity_token");
    let query = format!(
        "{}/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=me&WebIdentityToken={token}\
         &RoleArn=arn:aws:iam::111122223333:role/bigquery-role",
        url(&world, "aws_sts")
    );
    send(client().get(&query)).keys();
    assert_eq!(send(client().get(query.replace("Version", "version"))).status, 400);
    let log = serde_json::to_string(&world.requests()).expect("JSON");
    assert!(!log.contains(&token), "{log}");
}

#[test]
fn a_token_must_be_one_that_was_issued() {
    let world = ready();
    let message = assume_with(&world, "rubbish").refused_by_sts(400, "InvalidIdentityToken");
    assert!(message.contains("is not a valid JWT"), "{message}");
    let stranger = url(&ready(), "web_identity_token");
    assume_with(&world, &stranger).refused_by_sts(400, "InvalidIdentityToken");
    let message = assume_with(&world, "").refused_by_sts(400, "ValidationError");
    assert!(message.contains("at 'webIdentityToken'"), "{message}");
    let huge = "a".repeat(20_001);
    let message = assume_with(&world, &huge).refused_by_sts(400, "ValidationError");
    assert!(message.contains("20000") && !message.contains(&huge), "{message}");
}

#[test]
fn a_token_ends_and_is_followed_by_another() {
    let world = world_with(json!({ "web_identity": { "lifetime_seconds": 600 } }));
    let first = url(&world, "web_identity_token");
    world.patch(json!({ "rotate": ["web_identity_token"] }));
    assert_ne!(url(&world, "web_identity_token"), first);
    assume_with(&world, &first).keys();
    world.patch(json!({ "expire": ["web_identity_token"] }));
    let message = assume(&world).refused_by_sts(400, "ExpiredTokenException");
    assert!(message.starts_with("Token expired: current date/time "), "{message}");
    world.patch(json!({ "rotate": ["web_identity_token"] }));
    assume(&world).keys();
    world.patch(json!({ "clock": { "offset_seconds": 601 } }));
    assume(&world).refused_by_sts(400, "ExpiredTokenException");
}

#[test]
fn a_role_trusts_an_issuer_and_a_subject() {
    const DENIED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    for trusted in [
        Value::Null,
        json!({ "issuer": "https://example.com" }),
        json!({ "subject": "system:serviceaccount:default:other" }),
    ] {
        let world = world_with(json!({ "roles": [{ "name": "bigquery-role", "web_identity": trusted }] }));
        assert_eq!(assume(&world).refused_by_sts(403, "AccessDenied"), DENIED);
        world.patch(json!({ "aws": { "roles": [{ "name": "bigquery-role" }] } }));
        assume(&world).keys();
    }
    let world = world_with(json!({ "roles": [] }));
    assert_eq!(assume(&world).refused_by_sts(403, "AccessDenied"), DENIED);

    let identity = json!({ "issuer": "https://example.com", "subject": "me" });
    let role = json!({ "name": "bigquery-role", "web_identity": identity });
    let world = world_with(json!({ "web_identity": identity, "roles": [role] }));
    assert_eq!(assume(&world).element("SubjectFromWebIdentityToken"), "me");
}

#[test]
fn the_issuer_must_be_known_and_the_audience_right() {
    let world = world_with(json!({ "web_identity": { "registered": false, "issuer": "https://example.com" } }));
    let message = assume(&world).refused_by_sts(400, "InvalidIdentityToken");
    assert_eq!(message, "No OpenIDConnect provider found in your account for https://example.com");
    let world = world_with(json!({ "web_identity": { "audience": "kubernetes" } }));
    assert_eq!(assume(&world).refused_by_sts(400, "InvalidIdentityToken"), "Incorrect token audience");
}

#[test]
fn the_identity_provider_can_be_out_of_reach() {
    let world = ready();
    let error = json!({ "code": "IDPCommunicationError", "message": "Couldn't reach the identity provider" });
    world.fault(json!({ "on": "aws.assumeRoleWithWebIdentity", "do": { "aws_error": error } }));
    assume(&world).refused_by_sts(400, "IDPCommunicationError");
    assume(&world).keys();
}

#[test]
fn the_session_is_no_longer_than_the_role_allows() {
    let world = ready();
    let call = StsCall::new(&world, &world.info()["keys"], "AssumeRoleWithWebIdentity")
        .with("RoleArn", "arn:aws:iam::111122223333:role/bigquery-role")
        .with("RoleSessionName", "me")
        .with("WebIdentityToken", &url(&world, "web_identity_token"))
        .with("DurationSeconds", "7200");
    call.post().refused_by_sts(400, "ValidationError");
    let longer = json!([{ "name": "bigquery-role", "max_session_seconds": 7200 }]);
    world.patch(json!({ "aws": { "roles": longer } }));
    call.post().keys();
}
