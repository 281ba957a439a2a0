//! Buckets: made, looked at, listed, deleted.

use super::problem::Problem;
use super::{Outcome, authorize, reading, writing};
use crate::facts::Facts;
use crate::google::reply::ok;
use crate::google::upload::base;
use crate::http::{self, Request, text};
use crate::store::Bucket;
use crate::store::object::stamp;
use serde_json::{Value, json};

pub(super) fn list(facts: &mut Facts, request: &Request) -> Outcome {
    authorize(facts, request, reading("storage.buckets.list"))?;
    of_project(facts, request)?;
    let prefix = http::query(request, "prefix").unwrap_or_default();
    let named = facts.store.buckets.iter().filter(|(name, _)| name.starts_with(&prefix));
    let items: Vec<Value> = named.map(|(name, bucket)| bucket.resource(facts, request, name)).collect();
    Ok(ok(&json!({ "kind": "storage#buckets", "items": items })))
}

pub(super) fn create(facts: &mut Facts, request: &Request) -> Outcome {
    authorize(facts, request, writing("storage.buckets.create"))?;
    of_project(facts, request)?;
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let name = body["name"].as_str().unwrap_or_default();
    let is_allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    if !(3..=63).contains(&name.len()) || !name.bytes().all(is_allowed) {
        return Err(Problem::invalid(format!("Invalid bucket name: '{name}'")));
    }
    if facts.store.buckets.contains_key(name) {
        return Err(Problem::bucket_exists());
    }
    let bucket = Bucket::new(facts.now(), body["location"].as_str().unwrap_or("US"));
    let resource = bucket.resource(facts, request, name);
    facts.store.buckets.insert(name.to_owned(), bucket);
    Ok(ok(&resource))
}

pub(super) fn read(facts: &mut Facts, request: &Request, name: &str) -> Outcome {
    authorize(facts, request, reading("storage.buckets.get"))?;
    let bucket = facts.store.buckets.get(name).ok_or_else(Problem::no_bucket)?;
    Ok(ok(&bucket.resource(facts, request, name)))
}

pub(super) fn delete(facts: &mut Facts, request: &Request, name: &str) -> Outcome {
    authorize(facts, request, writing("storage.buckets.delete"))?;
    let bucket = facts.store.buckets.get(name).ok_or_else(Problem::no_bucket)?;
    if !bucket.objects.is_empty() {
        return Err(Problem::bucket_not_empty());
    }
    facts.store.buckets.remove(name);
    Ok(text(204, "application/json", ""))
}

/// The project in the query is this world's.
fn of_project(facts: &Facts, request: &Request) -> Result<(), Problem> {
    let project = http::query(request, "project").ok_or_else(|| Problem::required("Required parameter: project"))?;
    if facts.is_project(&project) { Ok(()) } else { Err(Problem::invalid(format!("Unknown project id: {project}"))) }
}

impl Bucket {
    fn resource(&self, facts: &Facts, request: &Request, name: &str) -> Value {
        let base = base(request);
        json!({
            "kind": "storage#bucket",
            "id": name,
            "selfLink": format!("{base}/storage/v1/b/{name}"),
            "name": name,
            "projectNumber": facts.project.number,
            "metageneration": "1",
            "location": self.location,
            "locationType": "multi-region",
            "storageClass": "STANDARD",
            "etag": "CAE=",
            "timeCreated": stamp(self.made),
            "updated": stamp(self.made),
            "iamConfiguration": { "uniformBucketLevelAccess": { "enabled": true } },
        })
    }
}
