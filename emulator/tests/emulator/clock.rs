//! One clock for all of a world's services: their dates and their refusals follow it, by minutes or by a year.

use crate::support::{CLOUD, StsCall, SubjectToken, client, exchange, send, url};
use rolebridge_emulator::World;
use serde_json::json;
use std::time::{Duration, SystemTime};

const MINUTE: i64 = 60;
const YEAR: i64 = 365 * 24 * 3600;

fn by(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { SystemTime::now() - distance } else { SystemTime::now() + distance }
}

/// How far the date of a reply is ahead of this machine.
fn ahead(reply: &crate::support::Reply) -> i64 {
    let date = reply.headers["date"].to_str().expect("text");
    let date = jiff::fmt::rfc2822::parse(date).expect("a date").timestamp();
    date.as_second() - jiff::Timestamp::now().as_second()
}

#[test]
fn a_signature_is_refused_by_the_clock_of_the_world() {
    for offset in [10 * MINUTE, -10 * MINUTE, YEAR, -YEAR] {
        let world = CLOUD.world(json!({ "clock": { "offset_seconds": offset } }));
        let keys = world.info()["keys"].clone();
        let says = if offset > 0 { "Signature expired: " } else { "Signature not yet current: " };
        let identity = |time| StsCall { time, ..StsCall::new(&world, &keys, "GetCallerIdentity") }.post();
        let refusal = identity(SystemTime::now());
        let message = refusal.refused_by_sts(403, "SignatureDoesNotMatch");
        assert!(message.starts_with(says), "{message}");
        assert!((ahead(&refusal) - offset).abs() <= 2, "{offset}");
        assert_eq!(identity(by(offset)).status, 200);

        let google = exchange(&world, &SubjectToken { time: SystemTime::now(), ..SubjectToken::of(&world) });
        assert!((ahead(&google) - offset).abs() <= 2, "{offset}");
        google.refused(400, says);
        exchange(&world, &SubjectToken { time: by(offset), ..SubjectToken::of(&world) }).ok();
    }
}

#[test]
fn every_service_dates_its_replies() {
    let world = CLOUD.world(json!({ "clock": { "offset_seconds": -YEAR } }));
    let dated = |world: &World, name: &str, path: &str| {
        let reply = send(client().get(url(world, name) + path));
        assert!((ahead(&reply) + YEAR).abs() <= 2, "{name}");
    };
    dated(&world, "metadata", "/latest/meta-data/placement/region");
    dated(&world, "google", "/");
    dated(&world, "container", "/v1/credentials");
    dated(&world, "task_metadata", "/task");
    dated(&world, "aws_sts", "/?Action=GetCallerIdentity&Version=2011-06-15");
    dated(&world, "sso_portal", "/federation/credentials");
    dated(&world, "sso_oidc", "/token");
    world.fault(json!({ "on": "container.credentials", "do": { "status": 503 } }));
    dated(&world, "container", "/v1/credentials");
}

#[test]
fn keys_live_by_the_clock_of_the_world() {
    let world = CLOUD.world(json!({ "clock": { "offset_seconds": -YEAR } }));
    let form = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", "arn:aws:iam::111122223333:role/bigquery-role"),
        ("RoleSessionName", "me"),
        ("WebIdentityToken", &url(&world, "web_identity_token")),
    ];
    let reply = send(client().post(url(&world, "aws_sts")).form(&form));
    let expires: jiff::Timestamp = reply.element("Expiration").parse().expect("a time");
    let left = expires.as_second() - jiff::Timestamp::now().as_second() + YEAR;
    assert!((3598..=3600).contains(&left), "{left}");
    exchange(&world, &SubjectToken { time: by(-YEAR), ..SubjectToken::with_keys(&world, &reply.keys()) }).ok();
}
