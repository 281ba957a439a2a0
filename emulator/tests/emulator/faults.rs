//! Faults and gates: what is ordered happens, to the request that it was ordered for, and no more often.

use crate::support::{PATIENCE, SubjectToken, client, exchange, federated_token, ready};
use rolebridge_emulator::World;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

fn exchange_status(world: &World) -> u16 {
    exchange(world, &SubjectToken::of(world)).status
}

/// A request by hand, and everything that comes back until the connection ends.
fn raw(world: &World) -> (String, Option<ErrorKind>) {
    let address = world.metadata_url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream
        .write_all(b"PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nx-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n")
        .expect("a request");
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (String::from_utf8(bytes).expect("text"), error)
}

#[test]
fn a_status_is_answered_for_the_ordered_requests_only() {
    let world = ready();
    let body = json!({ "status": 503, "headers": { "Retry-After": "7" }, "body": "<html>oops</html>" });
    world.fault(json!({ "on": "sts.token", "skip": 1, "times": 2, "do": body }));
    assert_eq!(exchange_status(&world), 200);
    let reply = exchange(&world, &SubjectToken::of(&world));
    assert_eq!((reply.status, reply.body.as_str()), (503, "<html>oops</html>"));
    assert_eq!(reply.headers["retry-after"], "7");
    assert_eq!(exchange_status(&world), 503);
    assert_eq!(exchange_status(&world), 200);
    let statuses: Vec<Option<u16>> = world.requests().iter().map(|record| record.status).collect();
    assert_eq!(statuses, [Some(200), Some(503), Some(503), Some(200)]);
}

#[test]
fn faults_queue_last_for_ever_and_can_be_cleared() {
    let world = ready();
    world.fault(json!({ "on": "sts.token", "do": { "status": 429 } }));
    world.fault(json!({ "on": "sts.token", "times": null, "do": { "status": 500, "body": { "error": "internal" } } }));
    assert_eq!(exchange_status(&world), 429);
    for _ in 0..3 {
        assert_eq!(exchange(&world, &SubjectToken::of(&world)).refused(500, "internal")["error"], "internal");
    }
    world.clear_faults();
    assert_eq!(exchange_status(&world), 200);
}

#[test]
fn replies_are_altered_after_they_are_made() {
    let world = ready();
    world.fault(json!({ "on": "sts.token", "do": { "merge": { "expires_in": "12", "token_type": null } } }));
    let body = exchange(&world, &SubjectToken::of(&world)).ok();
    assert_eq!((&body["expires_in"], body.get("token_type")), (&json!("12"), None));
    assert!(body["access_token"].is_string());

    world.fault(
        json!({ "on": "sts.token", "do": { "replace": [], "headers": { "Date": "Thu, 01 Jan 1970 00:00:00 GMT" } } }),
    );
    let reply = exchange(&world, &SubjectToken::of(&world));
    assert_eq!(reply.headers["date"], "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(reply.ok(), json!([]));
}

#[test]
fn a_closed_connection_is_reset() {
    let world = ready();
    world.fault(json!({ "on": "metadata.session_token", "do": { "close": true } }));
    assert_eq!(raw(&world), (String::new(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(world.requests()[0].status, None);
}

#[test]
fn a_body_can_break_off() {
    let world = ready();
    world.fault(json!({ "on": "metadata.session_token", "do": { "close_after_bytes": 5 } }));
    let (text, _) = raw(&world);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK"));
    assert!(!head.contains("content-length: 5\r"), "more is promised: {head}");
    assert_eq!(body, "AQAEA");
}

#[test]
fn a_gate_holds_requests_until_it_is_opened() {
    let world = ready();
    world.fault(json!({ "on": "sts.token", "times": 2, "do": { "hold": "later" } }));
    std::thread::scope(|scope| {
        let held: Vec<_> = (0..2).map(|_| scope.spawn(|| exchange_status(&world))).collect();
        let records = world.wait_for_request("sts.token", 2, PATIENCE);
        assert!(records.iter().all(|record| record.status.is_none()), "nothing is answered before");
        world.open_gate("later");
        for request in held {
            assert_eq!(request.join().expect("no panic"), 200);
        }
    });
}

#[test]
fn an_opened_gate_stays_open() {
    let world = ready();
    world.open_gate("early");
    world.fault(json!({ "on": "sts.token", "do": { "hold": "early", "delay_milliseconds": 1 } }));
    assert_eq!(exchange_status(&world), 200);
}

#[test]
fn a_hanging_request_hangs_alone() {
    let world = ready();
    world.fault(json!({ "on": "metadata.session_token", "do": { "hang": true } }));
    let url = format!("{}/latest/api/token", world.metadata_url);
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| client().put(url).timeout(std::time::Duration::from_millis(50)).send());
        world.wait_for_request("metadata.session_token", 1, PATIENCE);
        federated_token(&world);
        assert!(hanging.join().expect("no panic").expect_err("no reply").is_timeout());
    });
}

#[test]
fn a_fault_with_a_misspelt_member_is_refused() {
    let world = ready();
    let order = || world.fault(json!({ "on": "sts.token", "do": { "stauts": 503 } }));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(order)).is_err());
}

#[test]
fn a_body_can_be_longer_than_anyone_wants() {
    let world = ready();
    world.fault(json!({ "on": "sts.token", "do": { "body_bytes": 3_000_000 } }));
    let reply = exchange(&world, &SubjectToken::of(&world));
    assert_eq!((reply.body.len(), &reply.headers["content-length"]), (3_000_000, &"3000000".parse().unwrap()));
    assert!(reply.body.ends_with("  "));
    assert!(reply.ok()["access_token"].is_string(), "nothing but its length is wrong");
    world.fault(json!({ "on": "sts.token", "do": { "status": 500, "body": "oops", "body_bytes": 2 } }));
    assert_eq!(exchange(&world, &SubjectToken::of(&world)).body, "oops", "no body becomes shorter");
}

#[test]
fn a_body_without_an_end_is_made_only_as_it_is_read() {
    let world = ready();
    world.fault(json!({ "on": "metadata.session_token", "do": { "body_bytes": u64::MAX } }));
    let address = world.metadata_url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream.write_all(b"PUT /latest/api/token HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
    let mut some = vec![0; 1_000_000];
    stream.read_exact(&mut some).expect("more than enough");
    federated_token(&world);
}
