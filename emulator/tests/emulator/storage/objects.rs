//! One object: written, read in parts, described, copied, put together, deleted.

use super::{DIGITS, DIGITS_CRC32C, DIGITS_MD5, download, object, put, upload};
use crate::support::{Reply, access_token, client, get, post, ready, send, text};
use rolebridge_emulator::World;
use serde_json::{Value, json};

/// A `multipart/related` body: a resource, and bytes.
fn insert(world: &World, bearer: &str, resource: &Value, bytes: &str) -> Reply {
    let body = format!(
        "--frontier\r\ncontent-type: application/json\r\n\r\n{resource}\r\n--frontier\r\ncontent-type: \
         text/csv\r\n\r\n{bytes}\r\n--frontier--"
    );
    let request = client().post(upload(world, "uploadType=multipart")).bearer_auth(bearer);
    send(request.header("content-type", "multipart/related; boundary=\"frontier\"").body(body))
}

fn delete(world: &World, bearer: &str, name: &str) -> Reply {
    send(client().delete(object(world, name)).bearer_auth(bearer))
}

#[test]
fn an_object_is_kept_with_its_checksums() {
    let world = ready();
    let token = access_token(&world);
    let resource = json!({ "name": "a folder/digits", "metadata": { "key": "value" }, "md5Hash": DIGITS_MD5 });
    let made = insert(&world, &token, &resource, DIGITS).ok();
    assert_eq!((&made["size"], &made["contentType"]), (&json!("9"), &json!("text/csv")));
    assert_eq!((&made["crc32c"], &made["md5Hash"]), (&json!(DIGITS_CRC32C), &json!(DIGITS_MD5)));
    assert_eq!(get(object(&world, "a folder/digits"), &token).ok(), made);

    let bytes = download(&world, &token, "a folder/digits");
    assert_eq!((bytes.status, bytes.body.as_str()), (200, DIGITS));
    let expected = [
        ("x-goog-hash", format!("crc32c={DIGITS_CRC32C},md5={DIGITS_MD5}")),
        ("content-type", "text/csv".into()),
        ("x-goog-meta-key", "value".into()),
        ("x-goog-generation", text(&made, "generation")),
    ];
    for (name, value) in expected {
        assert_eq!(bytes.headers[name], value);
    }
    let other_path = object(&world, "a folder/digits").replace("/storage/v1", "/download/storage/v1");
    assert_eq!(get(format!("{other_path}?alt=media"), &token).body, DIGITS);

    for wrong in [json!({ "crc32c": "AAAAAA==" }), json!({ "md5Hash": "AAAAAAAAAAAAAAAAAAAAAA==" })] {
        let mut resource = wrong;
        resource["name"] = "wrong".into();
        insert(&world, &token, &resource, DIGITS).refused(400, "doesn't match calculated");
    }
    download(&world, &token, "wrong").refused(404, "No such object: my-bucket/wrong");
    insert(&world, &token, &json!({}), DIGITS).refused(400, "Required parameter: name");

    assert_eq!(delete(&world, &token, "a folder/digits").status, 204);
    download(&world, &token, "a folder/digits").refused(404, "notFound");
    delete(&world, &token, "a folder/digits").refused(404, "notFound");
}

#[test]
fn a_range_is_sent_alone() {
    let world = ready();
    let token = access_token(&world);
    put(&world, &token, "digits", DIGITS).ok();
    let url = format!("{}?alt=media", object(&world, "digits"));
    let ask = |range: &str| send(client().get(&url).bearer_auth(&token).header("range", range));
    for (range, bytes, content_range) in [
        ("bytes=2-4", "345", "bytes 2-4/9"),
        ("bytes=7-", "89", "bytes 7-8/9"),
        ("bytes=-2", "89", "bytes 7-8/9"),
        ("bytes=0-100", DIGITS, "bytes 0-8/9"),
        ("bytes=-100", DIGITS, "bytes 0-8/9"),
    ] {
        let part = ask(range);
        assert_eq!((part.status, part.body.as_str()), (206, bytes), "{range}");
        assert_eq!(part.headers["content-range"], content_range);
        // Of the whole object, so that whoever puts the parts together can verify it.
        assert!(part.headers["x-goog-hash"].to_str().unwrap().contains(DIGITS_CRC32C));
    }
    ask("bytes=9-").refused(416, "requestedRangeNotSatisfiable");
    for ignored in ["bytes=4-2", "lines=1-2", "bytes=a-b"] {
        assert_eq!((ask(ignored).status, ask(ignored).body.as_str()), (200, DIGITS), "{ignored}");
    }
}

#[test]
fn writers_notice_each_other_by_generations() {
    let world = ready();
    let token = access_token(&world);
    let write = |condition: &str, bytes: &'static str| {
        let url = upload(&world, &format!("uploadType=media&name=one&{condition}"));
        send(client().post(url).bearer_auth(&token).body(bytes))
    };
    let first = text(&write("ifGenerationMatch=0", "first").ok(), "generation");
    write("ifGenerationMatch=0", "second").refused(412, "conditionNotMet");
    let second = text(&write(&format!("ifGenerationMatch={first}"), "second").ok(), "generation");
    assert!(second.parse::<i64>().unwrap() > first.parse::<i64>().unwrap());
    write(&format!("ifGenerationMatch={first}"), "third").refused(412, "conditionNotMet");
    write("ifGenerationMatch=soon", "third").refused(400, "ifGenerationMatch");
    assert_eq!(download(&world, &token, "one").body, "second");
    get(format!("{}?generation={first}", object(&world, "one")), &token).refused(404, "No such object");
    let seen = format!("{}?ifGenerationNotMatch={second}", object(&world, "one"));
    assert_eq!(get(seen, &token).status, 304);
    let stale = format!("{}?ifGenerationMatch={first}", object(&world, "one"));
    send(client().delete(stale).bearer_auth(&token)).refused(412, "conditionNotMet");

    let patch = |body: Value| send(client().patch(object(&world, "one")).bearer_auth(&token).json(&body)).ok();
    let patched = patch(json!({ "cacheControl": "no-store", "metadata": { "a": "1", "b": "2" } }));
    assert_eq!((&patched["generation"], &patched["metageneration"]), (&json!(second), &json!("2")));
    let patched = patch(json!({ "cacheControl": null, "metadata": { "b": null } }));
    assert_eq!((patched.get("cacheControl"), &patched["metadata"]), (None, &json!({ "a": "1" })));
}

#[test]
fn objects_are_copied_and_put_together() {
    let world = ready();
    let token = access_token(&world);
    put(&world, &token, "one", "12345").ok();
    put(&world, &token, "two", "6789").ok();
    let copy = post(format!("{}/rewriteTo/b/my-bucket/o/three", object(&world, "two")), &token, &json!({})).ok();
    assert_eq!((&copy["done"], &copy["resource"]["contentType"]), (&json!(true), &json!("text/plain")));
    post(format!("{}/copyTo/b/my-bucket/o/two", object(&world, "three")), &token, &json!({})).ok();
    post(format!("{}/copyTo/b/other/o/two", object(&world, "three")), &token, &json!({})).refused(404, "bucket");

    let compose = |names: &[&str]| {
        let sources: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        post(format!("{}/compose", object(&world, "all")), &token, &json!({ "sourceObjects": sources }))
    };
    let whole = compose(&["one", "two"]).ok();
    assert_eq!((&whole["crc32c"], &whole["componentCount"]), (&json!(DIGITS_CRC32C), &json!(2)));
    assert_eq!(whole.get("md5Hash"), None, "nobody has seen all of it");
    assert_eq!(download(&world, &token, "all").body, DIGITS);
    compose(&["one", "none"]).refused(404, "No such object: my-bucket/none");
    compose(&[]).refused(400, "between 1 and 32");
}
