//! Resumable uploads: in pieces, asked about, sent again, given up.

use super::{download, object, upload};
use crate::support::{Reply, access_token, client, get, ready, send};
use rolebridge_emulator::World;
use serde_json::{Value, json};

/// All pieces but the last are multiples of this.
const PIECE: usize = 262_144;

fn begin(world: &World, bearer: &str, query: &str, body: &Value) -> Reply {
    let request = client().post(upload(world, &format!("uploadType=resumable{query}"))).bearer_auth(bearer);
    send(request.header("x-upload-content-type", "text/plain").json(body))
}

fn address(begun: &Reply) -> String {
    assert_eq!(begun.status, 200, "{}", begun.body);
    begun.headers["location"].to_str().expect("ASCII").to_owned()
}

fn send_piece(session: &str, range: &str, bytes: &str) -> Reply {
    send(client().put(session).header("content-range", range).body(bytes.to_owned()))
}

#[track_caller]
fn incomplete(reply: &Reply, range: Option<&str>) {
    assert_eq!(reply.status, 308, "{}", reply.body);
    assert_eq!(reply.headers.get("range").map(|range| range.to_str().unwrap()), range);
}

#[test]
fn an_upload_comes_in_pieces() {
    let world = ready();
    let token = access_token(&world);
    let bytes: String = (0..PIECE + 40_000).map(|index| char::from(b'a' + u8::try_from(index % 23).unwrap())).collect();
    let total = bytes.len();
    let session = address(&begin(&world, &token, "", &json!({ "name": "pieces", "metadata": { "key": "value" } })));
    incomplete(&send_piece(&session, &format!("bytes */{total}"), ""), None);
    send(
        client()
            .put(&session)
            .header("content-range", format!("bytes 0-9999/{total}"))
            .body(bytes[..10_000].to_owned()),
    )
    .refused_as_text(400, "is required to be equal or greater than 262144");
    let gap = format!("bytes {PIECE}-{}/{total}", total - 1);
    send_piece(&session, &gap, &bytes[PIECE..]).refused_as_text(503, "exceeds already uploaded size of 0 byte(s)");
    send_piece(&session, "bytes 0-9/*", "12345").refused_as_text(400, "Content-Range");

    let first = format!("bytes 0-{}/*", PIECE - 1);
    incomplete(&send_piece(&session, &first, &bytes[..PIECE]), Some("bytes=0-262143"));
    incomplete(&send_piece(&session, "bytes */*", ""), Some("bytes=0-262143"));
    // Whoever has missed the answer sends it again.
    incomplete(&send_piece(&session, &first, &bytes[..PIECE]), Some("bytes=0-262143"));
    get(object(&world, "pieces"), &token).refused(404, "notFound");

    let last = format!("bytes {PIECE}-{}/{total}", total - 1);
    let made = send_piece(&session, &last, &bytes[PIECE..]).ok();
    assert_eq!((&made["size"], &made["contentType"]), (&json!(total.to_string()), &json!("text/plain")));
    assert_eq!(made["metadata"], json!({ "key": "value" }));
    assert_eq!(send_piece(&session, &format!("bytes */{total}"), "").ok(), made);
    assert!(download(&world, &token, "pieces").body == bytes, "other bytes came back");
    let operations: Vec<String> = world.requests().into_iter().map(|record| record.operation).collect();
    assert_eq!(operations.iter().filter(|operation| *operation == "storage.startUpload").count(), 1);
    assert_eq!(operations.iter().filter(|operation| *operation == "storage.resumeUpload").count(), 9);
}

#[test]
fn a_piece_that_is_cut_off_is_kept_up_to_the_last_whole_one() {
    let world = ready();
    let token = access_token(&world);
    let session = address(&begin(&world, &token, "&name=one", &json!({})));
    let bytes = "x".repeat(PIECE + 10);
    let reply = send_piece(&session, &format!("bytes 0-{}/*", bytes.len() - 1), &bytes);
    incomplete(&reply, Some("bytes=0-262143"));
    // The end of a piece of unknown length comes without a number.
    send_piece(&session, &format!("bytes {PIECE}-*/*"), "yyy").ok();
    assert!(download(&world, &token, "one").body == "x".repeat(PIECE) + "yyy", "other bytes came back");
}

#[test]
fn bytes_that_are_there_already_are_not_kept_twice() {
    let world = ready();
    let token = access_token(&world);
    let session = address(&begin(&world, &token, "&name=one", &json!({})));
    let bytes = "x".repeat(PIECE) + "yyy";
    incomplete(&send_piece(&session, &format!("bytes 0-{}/*", PIECE - 1), &bytes[..PIECE]), Some("bytes=0-262143"));
    let whole = format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len());
    assert_eq!(send_piece(&session, &whole, &bytes).ok()["size"], bytes.len().to_string());
    assert!(download(&world, &token, "one").body == bytes, "other bytes came back");
}

#[test]
fn an_upload_is_given_up_or_refused() {
    let world = ready();
    let token = access_token(&world);
    let session = address(&begin(&world, &token, "&name=one", &json!({})));
    assert_eq!(send(client().delete(&session)).status, 499);
    send_piece(&session, "bytes */*", "").refused_as_text(404, "Upload not found.");
    begin(&world, &token, "", &json!({})).refused(400, "Required parameter: name");
    begin(&world, "made up", "&name=one", &json!({})).refused(401, "Invalid Credentials");

    // What was true at the beginning must be so at the end.
    let session = address(&begin(&world, &token, "&name=one&ifGenerationMatch=0", &json!({})));
    super::put(&world, &token, "one", "1").ok();
    send(client().put(&session).body("2")).refused(412, "conditionNotMet");
    begin(&world, &token, "&name=one&ifGenerationMatch=0", &json!({})).refused(412, "conditionNotMet");
    let session = address(&begin(&world, &token, "&name=two", &json!({ "crc32c": "AAAAAA==" })));
    send(client().put(&session).body("2")).refused(400, "doesn't match calculated CRC32C");
    assert_eq!(download(&world, &token, "one").body, "1");
}
