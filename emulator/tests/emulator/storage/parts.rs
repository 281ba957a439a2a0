//! Uploads in parts by the XML API, as the clients' transfer managers make them.

use super::{download, object};
use crate::support::{Reply, access_token, client, get, ready, send};
use rolebridge_emulator::World;

/// The least that a part may be, unless it is the last.
const PART: usize = 5 * 1024 * 1024;

struct Upload<'w> {
    world: &'w World,
    token: &'w str,
    id: String,
}

impl Upload<'_> {
    fn begin<'w>(world: &'w World, token: &'w str) -> Upload<'w> {
        let begun =
            send(client().post(address(world, "uploads")).bearer_auth(token).header("x-goog-meta-key", "value"));
        assert_eq!(begun.status, 200, "{}", begun.body);
        assert_eq!((begun.element("Bucket").as_str(), begun.element("Key").as_str()), ("my-bucket", "parts"));
        Upload { world, token, id: begun.element("UploadId") }
    }

    /// The tag of the part.
    fn put(&self, number: u32, bytes: &str) -> String {
        let url = address(self.world, &format!("partNumber={number}&uploadId={}", self.id));
        let reply = send(client().put(url).bearer_auth(self.token).body(bytes.to_owned()));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.headers["etag"].to_str().expect("ASCII").to_owned()
    }

    fn complete(&self, parts: &[(u32, &str)]) -> Reply {
        let parts: String = parts
            .iter()
            .map(|(number, tag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"))
            .collect();
        let url = address(self.world, &format!("uploadId={}", self.id));
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        send(client().post(url).bearer_auth(self.token).body(body))
    }
}

fn address(world: &World, query: &str) -> String {
    format!("{}/my-bucket/parts?{query}", world.google_url)
}

#[test]
fn parts_become_one_object() {
    let world = ready();
    let token = access_token(&world);
    let upload = Upload::begin(&world, &token);
    let (first, second) = ("a".repeat(PART), "b".repeat(10));
    let last = upload.put(2, &second);
    let (wrong, right) = (upload.put(1, &second), upload.put(1, &first));
    let refused = |parts: &[(u32, &str)], code: &str| {
        let reply = upload.complete(parts);
        assert_eq!((reply.status, reply.element("Code").as_str()), (400, code));
    };
    refused(&[(1, &wrong), (2, &last)], "InvalidPart");
    refused(&[(1, &right), (3, &last)], "InvalidPart");
    refused(&[(2, &last), (1, &right)], "InvalidArgument");
    get(object(&world, "parts"), &token).refused(404, "notFound");

    let done = upload.complete(&[(1, &right), (2, &last)]);
    assert_eq!((done.status, done.element("Key").as_str()), (200, "parts"));
    assert!(download(&world, &token, "parts").body == first + &second, "other bytes came back");
    let made = get(object(&world, "parts"), &token).ok();
    assert_eq!((&made["componentCount"], &made["metadata"]["key"]), (&2.into(), &"value".into()));
    let again = upload.complete(&[(1, &right), (2, &last)]);
    assert_eq!((again.status, again.element("Code").as_str()), (404, "NoSuchUpload"));
}

#[test]
fn parts_must_be_large_and_may_be_thrown_away() {
    let world = ready();
    let token = access_token(&world);
    let upload = Upload::begin(&world, &token);
    let (first, second) = (upload.put(1, "1"), upload.put(2, "2"));
    let small = upload.complete(&[(1, &first), (2, &second)]);
    assert_eq!((small.status, small.element("Code").as_str()), (400, "EntityTooSmall"));
    let url = address(&world, &format!("uploadId={}", upload.id));
    let digest =
        client().put(format!("{url}&partNumber=3")).bearer_auth(&token).header("content-md5", "AAAA").body("3");
    let digest = send(digest);
    assert_eq!((digest.status, digest.element("Code").as_str()), (400, "BadDigest"));
    let stranger = send(client().put(format!("{url}&partNumber=3")).bearer_auth("made up").body("3"));
    assert_eq!((stranger.status, stranger.element("Code").as_str()), (401, "AuthenticationRequired"));
    assert_eq!(send(client().delete(url).bearer_auth(&token)).status, 204);
    assert_eq!(upload.complete(&[(2, &second)]).element("Code"), "NoSuchUpload");
}
