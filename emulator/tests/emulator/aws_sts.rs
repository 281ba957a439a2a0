//! AWS STS: who the caller is, and sessions of roles for those whom a role trusts.

use crate::support::{
    CLOUD, Reply, StsCall, SubjectToken, arn_of, client, exchange, proxied, ready, send, staying, text, url,
};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const TARGET: &str = "arn:aws:iam::111122223333:role/target";
const INSTANCE: &str = "arn:aws:sts::111122223333:assumed-role/bigquery-role/i-0123456789abcdef0";

/// A world with one role, which is called `target`.
fn world_with(role: Value) -> World {
    let mut role = role;
    role["name"] = "target".into();
    CLOUD.world(json!({ "aws": { "roles": [role], "users": [{ "name": "alice" }, { "name": "bob" }] } }))
}

fn assume(world: &World, keys: &Value) -> StsCall {
    StsCall::new(world, keys, "AssumeRole").with("RoleArn", TARGET).with("RoleSessionName", "me")
}

fn call(world: &World, action: &str) -> StsCall {
    StsCall::new(world, &world.info()["keys"], action)
}

#[track_caller]
fn denied(reply: &Reply, caller: &str) {
    let message = reply.refused_by_sts(403, "AccessDenied");
    assert_eq!(message, format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {TARGET}"));
}

#[test]
fn the_caller_is_told_who_it_is() {
    let world = world_with(json!({}));
    let identity = call(&world, "GetCallerIdentity");
    for reply in [identity.post(), identity.query("GET"), identity.query("POST")] {
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.element("Arn"), INSTANCE);
        assert_eq!(reply.element("Account"), "111122223333");
        let id = reply.element("UserId");
        assert!(id.starts_with("AROA") && id.len() == 41 && id.ends_with(":i-0123456789abcdef0"), "{id}");
        assert!(reply.body.contains("</GetCallerIdentityResult>\n  <ResponseMetadata>"), "{}", reply.body);
        assert_eq!(reply.headers["x-amzn-requestid"], reply.element("RequestId").as_str());
    }
    assert_eq!(arn_of(&world, &world.info()["users"][0]), "arn:aws:iam::111122223333:user/alice");
    assert!(world.requests().iter().all(|record| record.operation == "aws.getCallerIdentity"));
}

#[test]
fn the_signature_must_hold() {
    let world = ready();
    let identity = || call(&world, "GetCallerIdentity");
    let mut wrong = identity();
    wrong.keys["secret_access_key"] = "x".repeat(40).into();
    let message = wrong.post().refused_by_sts(403, "SignatureDoesNotMatch");
    assert!(message.starts_with("The request signature we calculated does not match"), "{message}");
    wrong.keys = json!({ "access_key_id": "AKIAUNKNOWN", "secret_access_key": "x" });
    wrong.post().refused_by_sts(403, "InvalidClientTokenId");
    let mut no_session = identity();
    no_session.keys["session_token"] = Value::Null;
    no_session.post().refused_by_sts(403, "InvalidClientTokenId");
    let nowhere = StsCall { region: "nowhere", ..identity() };
    let message = nowhere.post().refused_by_sts(403, "SignatureDoesNotMatch");
    assert_eq!(message, "Credential should be scoped to a valid region. ");

    let form = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let unsigned = send(client().post(url(&world, "aws_sts")).form(&form));
    unsigned.refused_by_sts(403, "MissingAuthenticationToken");
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let base = url(&world, "aws_sts");
    let other_body = identity().signed(client().post(&base), "POST", &base, &kind, "Action=Other");
    send(other_body.body("Action=GetCallerIdentity&Version=2011-06-15")).refused_by_sts(403, "SignatureDoesNotMatch");
}

#[test]
fn other_requests_are_answered_as_aws_does() {
    let world = ready();
    let message = call(&world, "GetSessionToken").post().refused_by_sts(400, "InvalidAction");
    assert_eq!(message, "Could not find operation GetSessionToken for version 2011-06-15");
    let mut old = call(&world, "GetCallerIdentity");
    old.parameters.pop();
    let message = old.post().refused_by_sts(400, "InvalidAction");
    assert_eq!(message, "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED");
    let reply = send(staying().get(url(&world, "aws_sts")));
    assert_eq!((reply.status, &reply.headers["location"]), (302, &"https://aws.amazon.com/iam".parse().unwrap()));
    assert_eq!(send(client().get(url(&world, "aws_sts") + "/other")).status, 404);
    let operations: Vec<String> = world.requests().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations, ["unknown", "unknown", "aws.root", "unknown"]);
}

#[test]
fn a_role_is_assumed_and_google_takes_its_keys() {
    let world = world_with(json!({ "path": "/team/" }));
    let info = world.info();
    assert_eq!(info["role_arn"], "arn:aws:iam::111122223333:role/team/target");
    assert_eq!(info["roles"], json!([{ "name": "target", "arn": "arn:aws:iam::111122223333:role/team/target" }]));
    let reply = call(&world, "AssumeRole")
        .with("RoleArn", "arn:aws:iam::111122223333:role/team/target")
        .with("RoleSessionName", "me")
        .with("DurationSeconds", "900")
        .post();
    let keys = reply.keys();
    let arn = "arn:aws:sts::111122223333:assumed-role/target/me";
    assert_eq!(reply.element("Arn"), arn);
    assert!(reply.element("AssumedRoleId").ends_with(":me"));
    assert_eq!(arn_of(&world, &keys), arn);
    exchange(&world, &SubjectToken::with_keys(&world, &keys)).ok();

    let record = &world.requests()[0];
    assert_eq!(record.operation, "aws.assumeRole");
    assert_eq!(record.role.as_deref(), Some("arn:aws:iam::111122223333:role/team/target"));
    assert_eq!(record.session.as_deref(), Some("me"));
    assert_eq!(record.duration_seconds.as_deref(), Some("900"));

    let later = Duration::from_secs(901);
    world.patch(json!({ "clock": { "offset_seconds": later.as_secs() } }));
    let late = StsCall { time: SystemTime::now() + later, ..StsCall::new(&world, &keys, "GetCallerIdentity") };
    let message = late.post().refused_by_sts(403, "ExpiredToken");
    assert_eq!(message, "The security token included in the request is expired");
}

#[test]
fn the_world_has_a_role_of_its_own() {
    let world = ready();
    let role = url(&world, "role_arn");
    assert_eq!(role, "arn:aws:iam::111122223333:role/bigquery-role");
    call(&world, "AssumeRole").with("RoleArn", &role).with("RoleSessionName", "me").post().keys();
}

#[test]
fn a_trust_policy_names_principals() {
    let alice = "arn:aws:iam::111122223333:user/alice";
    let bob = "arn:aws:iam::111122223333:user/bob";
    for (trusts, takes_alice, takes_bob, takes_instance) in [
        (json!(["*"]), true, true, true),
        (json!(["111122223333"]), true, true, true),
        (json!(["arn:aws:iam::111122223333:root"]), true, true, true),
        (json!([alice]), true, false, false),
        (json!([alice, bob]), true, true, false),
        (json!(["arn:aws:iam::111122223333:role/bigquery-role"]), false, false, true),
        (json!(["arn:aws:iam::111122223333:role/team/bigquery-role"]), false, false, true),
        (json!([INSTANCE]), false, false, true),
        (json!(["arn:aws:iam::111122223333:role/other-bigquery-role"]), false, false, false),
        (json!(["arn:aws:iam::999988887777:root"]), false, false, false),
        (json!([]), false, false, false),
    ] {
        let world = world_with(json!({ "trusts": trusts }));
        let info = world.info();
        for (keys, arn, is_taken) in [
            (&info["users"][0], alice, takes_alice),
            (&info["users"][1], bob, takes_bob),
            (&info["keys"], INSTANCE, takes_instance),
        ] {
            let reply = assume(&world, keys).post();
            if is_taken {
                reply.keys();
            } else {
                denied(&reply, arn);
            }
        }
    }
}

#[test]
fn an_unknown_role_looks_like_one_that_does_not_trust() {
    let world = ready();
    denied(&assume(&world, &world.info()["keys"]).post(), INSTANCE);
}

#[test]
fn trust_can_change() {
    let world = world_with(json!({ "trusts": [] }));
    let keys = world.info()["keys"].clone();
    denied(&assume(&world, &keys).post(), INSTANCE);
    world.patch(json!({ "aws": { "roles": [{ "name": "target" }] } }));
    assume(&world, &keys).post().keys();
    world.patch(json!({ "aws": { "roles": [] } }));
    denied(&assume(&world, &keys).post(), INSTANCE);
    assert_eq!(world.info()["role_arn"], Value::Null);
}

#[test]
fn an_external_id_must_be_named_where_it_is_required() {
    let world = world_with(json!({ "external_id": "secret-word/1" }));
    let keys = world.info()["keys"].clone();
    denied(&assume(&world, &keys).post(), INSTANCE);
    denied(&assume(&world, &keys).with("ExternalId", "other").post(), INSTANCE);
    assume(&world, &keys).with("ExternalId", "secret-word/1").post().keys();
    let free = world_with(json!({}));
    let keys = free.info()["keys"].clone();
    assume(&free, &keys).with("ExternalId", "anything").post().keys();
}

#[test]
fn parameters_are_validated() {
    let world = world_with(json!({}));
    let keys = world.info()["users"][0].clone();
    let with = |arn: Option<&str>, session: Option<&str>, more: &[(&'static str, &str)]| {
        let mut call = StsCall::new(&world, &keys, "AssumeRole");
        for (name, value) in [("RoleArn", arn), ("RoleSessionName", session)] {
            call = value.into_iter().fold(call, |call, value| call.with(name, value));
        }
        more.iter().fold(call, |call, (name, value)| call.with(name, value)).post()
    };
    let invalid = |reply: Reply, text: &str| {
        let message = reply.refused_by_sts(400, "ValidationError");
        assert!(message.contains(text), "{text:?} is not in {message:?}");
    };
    invalid(
        with(None, Some("me"), &[]),
        "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    );
    invalid(with(Some(TARGET), None, &[]), "Value null at 'roleSessionName'");
    invalid(with(None, None, &[]), "2 validation errors detected: ");
    invalid(
        with(Some("not-an-arn"), Some("me"), &[]),
        "at 'roleArn' failed to satisfy constraint: Member must have length",
    );
    invalid(with(Some(&"x".repeat(20)), Some("me"), &[]), "xxxxxxxxxxxxxxxxxxxx is invalid");
    invalid(with(Some(TARGET), Some("m"), &[]), "Member must have length greater than or equal to 2");
    invalid(with(Some(TARGET), Some(&"m".repeat(65)), &[]), "Member must have length less than or equal to 64");
    invalid(with(Some(TARGET), Some("a/b"), &[]), r"Member must satisfy regular expression pattern: [\w+=,.@-]*");
    invalid(with(Some(TARGET), Some("<&>"), &[]), "Value '&lt;&amp;&gt;' at 'roleSessionName'");
    invalid(with(Some(TARGET), Some("me"), &[("ExternalId", "x")]), "at 'externalId'");
    invalid(with(Some(TARGET), Some("me"), &[("DurationSeconds", "899")]), "greater than or equal to 900");
    invalid(with(Some(TARGET), Some("me"), &[("DurationSeconds", "43201")]), "less than or equal to 43200");
    let reply = with(Some(TARGET), Some("me"), &[("DurationSeconds", "3601")]);
    invalid(reply, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    for rubbish in ["soon", "900.0", "2147483648"] {
        with(Some(TARGET), Some("me"), &[("DurationSeconds", rubbish)]).refused_by_sts(400, "MalformedInput");
    }
    for right in ["+900", "3600"] {
        with(Some(TARGET), Some(&"m".repeat(64)), &[("DurationSeconds", right)]).keys();
    }
}

#[test]
fn a_chained_session_lasts_an_hour_at_most() {
    let world = world_with(json!({ "max_session_seconds": 43_200 }));
    let info = world.info();
    assume(&world, &info["users"][0]).with("DurationSeconds", "43200").post().keys();
    let reply = assume(&world, &info["keys"]).with("DurationSeconds", "3601").post();
    assert!(reply.refused_by_sts(400, "ValidationError").contains("1 hour session limit"), "{}", reply.body);
    let first = assume(&world, &info["keys"]).with("DurationSeconds", "3600").post().keys();
    let second = assume(&world, &first).post().keys();
    assert_eq!(arn_of(&world, &second), "arn:aws:sts::111122223333:assumed-role/target/me");
}

#[test]
fn sessions_can_be_ended() {
    let world = world_with(json!({}));
    let keys = assume(&world, &world.info()["keys"]).post().keys();
    world.patch(json!({ "expire": ["assumed_keys"] }));
    StsCall::new(&world, &keys, "GetCallerIdentity").post().refused_by_sts(403, "ExpiredToken");
    exchange(&world, &SubjectToken::with_keys(&world, &keys)).refused(400, "ExpiredToken");
    arn_of(&world, &world.info()["keys"]);
    world.patch(json!({ "expire": ["keys"] }));
    arn_of(&world, &world.info()["keys"]);
}

#[test]
fn a_refusal_can_be_ordered() {
    let world = ready();
    let order = |action: Value| world.fault(json!({ "on": "aws.getCallerIdentity", "do": action }));
    order(json!({ "aws_error": { "code": "Throttling", "message": "Rate exceeded" } }));
    order(json!({ "aws_error": { "code": "RegionDisabledException" } }));
    order(json!({ "aws_error": { "code": "InternalFailure" }, "status": 502 }));
    let identity = call(&world, "GetCallerIdentity");
    assert_eq!(identity.post().refused_by_sts(400, "Throttling"), "Rate exceeded");
    identity.post().refused_by_sts(403, "RegionDisabledException");
    identity.post().refused_by_sts(502, "InternalFailure");
    assert_eq!(identity.post().status, 200);
}

#[test]
fn the_real_host_answers_through_the_proxy() {
    let world = ready();
    let keys = world.info()["keys"].clone();
    let identity = |host: &str, region| {
        let call = StsCall { region, ..StsCall::new(&world, &keys, "GetCallerIdentity") };
        let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
        send(call.signed(proxied(&world).post(&url), "POST", &url, &[], ""))
    };
    assert_eq!(identity("sts.eu-west-3.amazonaws.com", "eu-west-3").element("Arn"), INSTANCE);
    assert_eq!(identity("sts.amazonaws.com", "us-east-1").element("Arn"), INSTANCE);
    identity("sts.eu-west-3.amazonaws.com", "eu-west-1").refused_by_sts(403, "SignatureDoesNotMatch");
    assert_eq!(world.requests()[0].host, "sts.eu-west-3.amazonaws.com");
}

#[test]
fn one_address_stands_for_all_services() {
    let world = ready();
    let keys = world.info()["keys"].clone();
    let everything = StsCall { url: url(&world, "aws"), ..StsCall::new(&world, &keys, "GetCallerIdentity") };
    assert_eq!(everything.post().element("Arn"), INSTANCE);
    assert_eq!(send(client().get(url(&world, "aws") + "/federation/credentials")).status, 400);
    assert_eq!(send(client().post(url(&world, "aws") + "/token").body("{}")).status, 400);
    assert_eq!(send(client().get(url(&world, "aws_sts") + "/federation/credentials")).status, 404);
    let operations: Vec<String> = world.requests().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations, ["aws.getCallerIdentity", "sso.roleCredentials", "sso.createToken", "unknown"]);
    assert_eq!(text(&world.info(), "account"), "111122223333");
}
