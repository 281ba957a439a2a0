//! Who may use Cloud Storage, and what it says to the others.

use super::{download, object, put, putting, upload};
use crate::support::{
    CLOUD, CLOUD_PLATFORM, access_token, client, federated_token, get, impersonate, proxied, ready, send,
};
use serde_json::json;

#[test]
fn only_a_granted_bearer_with_the_scope_may_ask() {
    let world = ready();
    put(&world, "made up", "one", "1").refused(401, "Invalid Credentials");
    let nobody = send(putting(&world, "one", "1"));
    assert_eq!(
        nobody.headers["www-authenticate"],
        "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\""
    );
    nobody.refused(401, "Anonymous caller does not have storage.objects.create access");
    put(&world, &federated_token(&world), "one", "1")
        .refused(403, "Caller does not have storage.objects.create access");

    let scoped = |scope: &str| {
        let reply = impersonate(&world, &federated_token(&world), &json!({ "scope": [scope] })).ok();
        reply["accessToken"].as_str().expect("a token").to_owned()
    };
    put(&world, &scoped("https://www.googleapis.com/auth/devstorage.read_write"), "one", "1").ok();
    let reading = scoped("https://www.googleapis.com/auth/devstorage.read_only");
    assert_eq!(download(&world, &reading, "one").body, "1");
    put(&world, &reading, "one", "2").refused(403, "Provided scope(s) are not authorized");
    download(&world, &scoped("https://www.googleapis.com/auth/bigquery"), "one").refused(403, "scope(s)");

    let token = scoped(CLOUD_PLATFORM);
    assert_eq!(download(&world, &token, "one").body, "1");
    world.patch(json!({ "grants": [] }));
    let denied = "bigquery-reader@my-project.iam.gserviceaccount.com does not have storage.objects.get access to the \
                  Google Cloud Storage object.";
    download(&world, &token, "one").refused(403, denied);
}

#[test]
fn direct_access_uses_the_federated_token() {
    let pool = crate::support::POOL;
    let world = CLOUD.world(json!({ "grants": [pool] }));
    let token = federated_token(&world);
    put(&world, &token, "one", "1").ok();
    assert_eq!(download(&world, &token, "one").body, "1");
}

#[test]
fn the_real_host_names_lead_here() {
    let world = ready();
    let token = access_token(&world);
    put(&world, &token, "a name", "bytes").ok();
    let client = proxied(&world);
    let ask = |url: &str| send(client.get(url).bearer_auth(&token));
    for url in [
        "https://storage.googleapis.com/storage/v1/b/my-bucket/o/a%20name?alt=media",
        "https://www.googleapis.com/storage/v1/b/my-bucket/o/a%20name?alt=media",
        "https://storage.googleapis.com/my-bucket/a%20name",
        "https://my-bucket.storage.googleapis.com/a%20name",
    ] {
        assert_eq!(ask(url).body, "bytes", "{url}");
    }
    let missing = ask("https://my-bucket.storage.googleapis.com/none");
    assert_eq!((missing.status, missing.element("Code").as_str()), (404, "NoSuchKey"));
    let begun = client
        .post("https://storage.googleapis.com/upload/storage/v1/b/my-bucket/o?uploadType=resumable&name=x")
        .bearer_auth(&token);
    let location = send(begun).headers["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("https://storage.googleapis.com/upload/storage/v1/b/my-bucket/o?"), "{location}");
    assert!(world.requests().iter().all(|record| !record.path.contains("upload_id")), "whoever has it may write");
}

#[test]
fn a_session_needs_no_bearer_but_refuses_a_bad_one() {
    let world = ready();
    let token = access_token(&world);
    let begun = send(client().post(upload(&world, "uploadType=resumable&name=one")).bearer_auth(&token));
    let session = begun.headers["location"].to_str().unwrap().to_owned();
    assert!(session.starts_with(&world.google_url));
    send(client().put(&session).bearer_auth("made up").body("1")).refused(401, "Invalid Credentials");
    get(object(&world, "one"), &token).refused(404, "notFound");
    send(client().put(&session).body("1")).ok();
    assert_eq!(download(&world, &token, "one").body, "1");
}
