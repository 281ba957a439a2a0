//! Cloud Storage as the official clients use it: its JSON API, and its XML API for signed URLs and uploads in parts.
//!
//! <https://cloud.google.com/storage/docs/json_api/v1>

mod buckets;
mod download;
mod objects;
mod precondition;
mod problem;
mod sessions;
mod signed_url;
mod xml;

use crate::facts::Facts;
use crate::facts::bearer::Principal;
use crate::google::access::{self, Stranger};
use crate::http::{self, Answer, Request};
use crate::route::Route;
use problem::Problem;

const HOST: &str = "storage.googleapis.com";
const READING: [&str; 4] = [
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    WRITING[0],
    WRITING[1],
];
const WRITING: [&str; 2] = [
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/devstorage.full_control",
];

/// The service's own host, and those of buckets.
pub(crate) fn is_host(name: &str) -> bool {
    name == HOST || bucket_of(name).is_some()
}

fn bucket_of(host: &str) -> Option<&str> {
    host.strip_suffix(HOST)?.strip_suffix('.').filter(|bucket| !bucket.is_empty())
}

pub(crate) fn route(host: Option<&str>, request: &Request, path: &[&str]) -> Option<Route> {
    match host {
        None | Some(HOST) => json_route(request, path).or_else(|| xml::route(host, None, request)),
        Some("www.googleapis.com") => json_route(request, path),
        Some(host) => xml::route(Some(host), Some(bucket_of(host)?), request),
    }
}

fn json_route(request: &Request, path: &[&str]) -> Option<Route> {
    let media = http::query(request, "alt").is_some_and(|alt| alt == "media");
    let resumable = http::query(request, "uploadType").is_some_and(|kind| kind == "resumable");
    let session = http::query(request, crate::google::upload::UPLOAD_ID);
    Some(match (request.method().as_str(), path) {
        ("GET", ["storage", "v1", "b"]) => json("storage.listBuckets", buckets::list),
        ("POST", ["storage", "v1", "b"]) => json("storage.createBucket", buckets::create),
        ("GET", ["storage", "v1", "b", bucket]) => of_bucket("storage.bucket", bucket, buckets::read),
        ("DELETE", ["storage", "v1", "b", bucket]) => of_bucket("storage.deleteBucket", bucket, buckets::delete),
        ("GET", ["storage", "v1", "b", bucket, "o"]) => of_bucket("storage.listObjects", bucket, objects::list),
        // A session is open to whoever knows its address. (gcsfs posts to it.)
        ("PUT" | "POST", ["upload", "storage", "v1", "b", _, "o"]) if session.is_some() => {
            let id = session?;
            Route::new("storage.resumeUpload", move |facts, request| sessions::resume(facts, request, &id))
        }
        ("POST", ["upload", "storage", "v1", "b", bucket, "o"]) if resumable => {
            of_bucket("storage.startUpload", bucket, sessions::begin)
        }
        ("POST", ["upload", "storage", "v1", "b", bucket, "o"]) => {
            of_bucket("storage.insertObject", bucket, objects::insert)
        }
        ("DELETE", ["upload", "storage", "v1", "b", _, "o"]) => {
            let id = session?;
            Route::new("storage.cancelUpload", move |facts, request| sessions::cancel(facts, request, &id))
        }
        ("GET", ["storage", "v1", "b", bucket, "o", name]) if media => {
            of_object("storage.download", bucket, name, download::media)
        }
        ("GET", ["download", "storage", "v1", "b", bucket, "o", name]) => {
            of_object("storage.download", bucket, name, download::media)
        }
        ("GET", ["storage", "v1", "b", bucket, "o", name]) => of_object("storage.object", bucket, name, objects::read),
        ("PATCH", ["storage", "v1", "b", bucket, "o", name]) => {
            of_object("storage.patchObject", bucket, name, objects::patch)
        }
        ("DELETE", ["storage", "v1", "b", bucket, "o", name]) => {
            of_object("storage.deleteObject", bucket, name, objects::delete)
        }
        ("POST", ["storage", "v1", "b", bucket, "o", name, "compose"]) => {
            of_object("storage.composeObject", bucket, name, objects::compose)
        }
        (
            "POST",
            ["storage", "v1", "b", bucket, "o", name, verb @ ("rewriteTo" | "copyTo"), "b", to, "o", new_name],
        ) => {
            let [bucket, name, to, new_name] = [bucket, name, to, new_name].map(|text| (*text).to_owned());
            let (operation, is_rewrite) =
                if *verb == "rewriteTo" { ("storage.rewriteObject", true) } else { ("storage.copyObject", false) };
            json(operation, move |facts, request| {
                objects::copy(facts, request, (&bucket, &name), (&to, &new_name), is_rewrite)
            })
        }
        _ => return None,
    })
}

type Outcome = Result<http::Reply, Problem>;

/// A route whose refusals are JSON.
fn json(operation: &'static str, answer: impl FnOnce(&mut Facts, &Request) -> Outcome + Send + 'static) -> Route {
    Route::new(operation, move |facts, request| -> Answer { answer(facts, request).map_err(Problem::json) })
}

fn of_bucket(operation: &'static str, bucket: &str, answer: fn(&mut Facts, &Request, &str) -> Outcome) -> Route {
    let bucket = bucket.to_owned();
    json(operation, move |facts, request| answer(facts, request, &bucket))
}

fn of_object(
    operation: &'static str,
    bucket: &str,
    name: &str,
    answer: fn(&mut Facts, &Request, &str, &str) -> Outcome,
) -> Route {
    let (bucket, name) = (bucket.to_owned(), name.to_owned());
    json(operation, move |facts, request| answer(facts, request, &bucket, &name))
}

/// A permission of Cloud Storage, and the scopes that open what it is for.
#[derive(Clone, Copy)]
struct Permission {
    name: &'static str,
    scopes: &'static [&'static str],
}

const fn reading(name: &'static str) -> Permission {
    Permission { name, scopes: &READING }
}

const fn writing(name: &'static str) -> Permission {
    Permission { name, scopes: &WRITING }
}

/// The bearer may do this, to whatever bucket.
fn authorize(facts: &Facts, request: &Request, permission: Permission) -> Result<(), Problem> {
    let bearer = match access::identify(facts, request) {
        Ok(bearer) => bearer,
        Err(Stranger::Nobody) => return Err(Problem::anonymous(permission.name)),
        Err(Stranger::Expired | Stranger::Unknown) => return Err(Problem::invalid_credentials()),
    };
    if !bearer.has_scope(permission.scopes) {
        return Err(Problem::insufficient_scopes());
    }
    permit(facts, &bearer.principal, permission)
}

fn permit(facts: &Facts, principal: &Principal, permission: Permission) -> Result<(), Problem> {
    if facts.may_use_data(principal) { Ok(()) } else { Err(Problem::forbidden(&named(principal), permission.name)) }
}

/// How a refusal names who has asked.
fn named(principal: &Principal) -> String {
    match principal {
        Principal::ServiceAccount { email } => email.clone(),
        Principal::Federated { .. } => "Caller".into(),
    }
}
