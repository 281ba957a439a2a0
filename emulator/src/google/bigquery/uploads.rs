//! The bytes of load jobs: in one request, or in a session of several.
//!
//! <https://cloud.google.com/bigquery/docs/reference/api-uploads>

use super::{SERVICE, WRITING, authorize, invalid, loads};
use crate::facts::Facts;
use crate::google::reply::{self, ok};
use crate::google::upload::{self, Related, UPLOAD_ID};
use crate::http::{self, Answer, Request};
use crate::route::Route;
use serde_json::Value;

/// Its operations differ by their query.
pub(crate) fn route(host: Option<&str>, request: &Request, path: &[&str]) -> Option<Route> {
    let ["upload", "bigquery", "v2", "projects", project, "jobs"] = path else { return None };
    if host.is_some_and(|host| host != SERVICE && host != "www.googleapis.com") {
        return None;
    }
    let project = (*project).to_owned();
    let kind = http::query(request, "uploadType").unwrap_or_default();
    let id = http::query(request, UPLOAD_ID);
    Some(match (request.method().as_str(), &*kind, id) {
        ("POST", "resumable", None) => {
            Route::new("bigquery.startUpload", move |facts, request| begin(facts, request, &project))
        }
        ("POST", _, None) => Route::new("bigquery.insertJob", move |facts, request| insert(facts, request, &project)),
        ("PUT", _, Some(id)) => {
            Route::new("bigquery.resumeUpload", move |facts, request| resume(facts, request, &project, &id))
        }
        ("DELETE", _, Some(id)) => {
            Route::new("bigquery.cancelUpload", move |facts, request| cancel(facts, request, &project, &id))
        }
        _ => return None,
    })
}

fn insert(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    let user = authorize(facts, request, project, &WRITING)?;
    if http::query(request, "uploadType").as_deref() != Some("multipart") {
        return Err(invalid("Invalid upload type."));
    }
    let related = Related::parse(request)?;
    Ok(ok(&loads::run(facts, user, &Value::Object(related.resource), &related.bytes)?))
}

fn begin(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    authorize(facts, request, project, &WRITING)?;
    let resource = reply::parse_json(request)?;
    // What cannot be done is refused before the bytes are sent.
    loads::plan(facts, &resource)?;
    let id = facts.warehouse.uploads.begin(resource);
    Ok(upload::begun(request, &id))
}

/// A piece, or the question how much has arrived.
fn resume(facts: &mut Facts, request: &Request, project: &str, id: &str) -> Answer {
    let user = authorize(facts, request, project, &WRITING)?;
    let session = facts.warehouse.uploads.find(id).ok_or_else(upload::unknown)?;
    if let Some(outcome) = &session.outcome {
        return Ok(ok(outcome));
    }
    if !upload::receive(session, request)? {
        return Ok(upload::incomplete(session, id));
    }
    let (resource, bytes) = (session.destination.clone(), std::mem::take(&mut session.received));
    match loads::run(facts, user, &resource, &bytes) {
        Ok(job) => {
            if let Some(session) = facts.warehouse.uploads.find(id) {
                session.outcome = Some(job.clone());
            }
            Ok(ok(&job))
        }
        Err(refusal) => {
            facts.warehouse.uploads.cancel(id);
            Err(refusal)
        }
    }
}

fn cancel(facts: &mut Facts, request: &Request, project: &str, id: &str) -> Answer {
    authorize(facts, request, project, &WRITING)?;
    facts.warehouse.uploads.find(id).ok_or_else(upload::unknown)?;
    facts.warehouse.uploads.cancel(id);
    Ok(upload::cancelled())
}
