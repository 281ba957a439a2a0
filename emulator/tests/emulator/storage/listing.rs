//! Lists: prefixes that stand for folders, and pages that leave out nothing and repeat nothing.

use super::{bucket, put};
use crate::support::{CLOUD, access_token, client, get, post, ready, send};
use rolebridge_emulator::World;
use serde_json::{Value, json};

/// Every page of a list: names, prefixes.
fn pages(world: &World, bearer: &str, query: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(format!("{}/o?{query}&pageToken={token}", bucket(world)), bearer).ok();
        let list = |member: &str| page[member].as_array().cloned().unwrap_or_default();
        let names = list("items").iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
        let prefixes = list("prefixes").iter().map(|prefix| prefix.as_str().unwrap().to_owned()).collect();
        pages.push((names, prefixes));
        match page.get("nextPageToken") {
            Some(next) => next.as_str().unwrap().clone_into(&mut token),
            None => return pages,
        }
    }
}

#[test]
fn a_list_has_pages_and_folders() {
    let world = ready();
    let token = access_token(&world);
    for name in ["a", "b/1", "b/2", "b/c/3", "b0", "d/4", "e"] {
        put(&world, &token, name, name).ok();
    }
    let of = |query: &str| pages(&world, &token, query);
    let page = |names: &[&str], prefixes: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        (owned(names), owned(prefixes))
    };
    assert_eq!(of(""), [page(&["a", "b/1", "b/2", "b/c/3", "b0", "d/4", "e"], &[])]);
    assert_eq!(
        of("maxResults=3"),
        [page(&["a", "b/1", "b/2"], &[]), page(&["b/c/3", "b0", "d/4"], &[]), page(&["e"], &[])]
    );
    assert_eq!(of("delimiter=/"), [page(&["a", "b0", "e"], &["b/", "d/"])]);
    assert_eq!(of("delimiter=/&maxResults=2"), [page(&["a"], &["b/"]), page(&["b0"], &["d/"]), page(&["e"], &[])]);
    assert_eq!(of("prefix=b/"), [page(&["b/1", "b/2", "b/c/3"], &[])]);
    assert_eq!(of("prefix=b/&delimiter=/&maxResults=2"), [page(&["b/1", "b/2"], &[]), page(&[], &["b/c/"])]);
    assert_eq!(of("startOffset=b/2&endOffset=d/4"), [page(&["b/2", "b/c/3", "b0"], &[])]);
    assert_eq!(of("prefix=none"), [page(&[], &[])]);
    get(format!("{}/o?matchGlob=**", bucket(&world)), &token).refused(501, "does not imitate");
    get(format!("{}/storage/v1/b/none/o", world.google_url), &token).refused(404, "bucket does not exist");
}

#[test]
fn buckets_are_those_of_the_specification_and_those_made_since() {
    let world = CLOUD.world(json!({ "buckets": ["one", "two"] }));
    let token = access_token(&world);
    let all = format!("{}/storage/v1/b", world.google_url);
    let names = || {
        let list = get(format!("{all}?project=my-project"), &token).ok();
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["one", "two"]);
    assert_eq!(get(format!("{all}/one?projection=noAcl"), &token).ok()["projectNumber"], "123456789012");
    get(format!("{all}/my-bucket"), &token).refused(404, "The specified bucket does not exist.");
    get(all.clone(), &token).refused(400, "Required parameter: project");

    let make = |body: Value| post(format!("{all}?project=my-project"), &token, &body);
    assert_eq!(make(json!({ "name": "my-bucket", "location": "eu" })).ok()["location"], "EU");
    make(json!({ "name": "my-bucket" })).refused(409, "conflict");
    make(json!({ "name": "My Bucket" })).refused(400, "Invalid bucket name");
    assert_eq!(names(), ["my-bucket", "one", "two"]);
    put(&world, &token, "name", "bytes").ok();
    let delete = |name: &str| send(client().delete(format!("{all}/{name}")).bearer_auth(&token));
    delete("my-bucket").refused(409, "not empty");
    assert_eq!(delete("one").status, 204);
    assert_eq!(names(), ["my-bucket", "two"]);
}
