//! BigQuery's REST API as the official clients use it for queries, loads and the rows of tables.
//!
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2>

mod jobs;
mod loads;
mod page;
mod queries;
mod tables;
mod uploads;

use crate::facts::Facts;
use crate::google::access::{self, require_service};
use crate::google::reply::{self, bigquery_error};
use crate::http::{Reply, Request};
use crate::random;
use crate::route::Route;
use crate::warehouse::dialect::Problem;
use hyper::Method;

pub(crate) use uploads::route as upload_route;

const SERVICE: &str = "bigquery.googleapis.com";
const LOCATION: &str = "US";
/// What opens each operation besides `cloud-platform`; making a job takes more than reading.
const WRITING: [&str; 1] = ["https://www.googleapis.com/auth/bigquery"];
const READING: [&str; 2] = [WRITING[0], "https://www.googleapis.com/auth/cloud-platform.read-only"];

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ["bigquery", "v2", "projects", project, rest @ ..] = path else { return None };
    let project = (*project).to_owned();
    let route = match (method.as_str(), rest) {
        ("POST", ["queries"]) => {
            Route::new("bigquery.query", move |facts, request| queries::query(facts, request, &project))
        }
        ("POST", ["jobs"]) => {
            Route::new("bigquery.insertJob", move |facts, request| queries::insert_job(facts, request, &project))
        }
        ("GET", ["queries", id]) => {
            let id = (*id).to_owned();
            Route::new("bigquery.queryResults", move |facts, request| queries::results(facts, request, &project, &id))
        }
        ("GET", ["jobs", id]) => {
            let id = (*id).to_owned();
            Route::new("bigquery.job", move |facts, request| jobs::read(facts, request, &project, &id))
        }
        ("GET", ["datasets", dataset, "tables", table, rest @ ..]) => {
            let (dataset, table) = ((*dataset).to_owned(), (*table).to_owned());
            let (operation, answer): (_, tables::Handler) = match rest {
                [] => ("bigquery.table", tables::read),
                ["data"] => ("bigquery.tableData", tables::data),
                _ => return None,
            };
            Route::new(operation, move |facts, request| answer(facts, request, [&project, &dataset, &table]))
        }
        _ => return None,
    };
    Some(route)
}

/// The name of the caller, if it may use the project's data.
fn authorize(facts: &Facts, request: &Request, project: &str, scopes: &[&str]) -> Result<String, Reply> {
    require_service(facts, SERVICE)?;
    let bearer = access::bearer(facts, request)?;
    if !bearer.has_scope(scopes) {
        return Err(reply::insufficient_scopes(SERVICE));
    }
    if !facts.may_use_data(&bearer.principal) || !facts.is_project(project) {
        return Err(denied(format!(
            "Access Denied: Project {project}: User does not have bigquery.jobs.create permission in project {project}."
        )));
    }
    Ok(bearer.principal.name())
}

fn etag() -> String {
    random::text(random::BASE64_URL, 22) + "=="
}

fn refusal(problem: Problem) -> Reply {
    match problem {
        Problem::Invalid(message) => bigquery_error(400, "invalidQuery", "INVALID_ARGUMENT", message),
        Problem::NotFound(message) => not_found(message),
        Problem::Denied(message) => denied(message),
        Problem::NotImitated(what) => not_imitated(what),
    }
}

fn invalid(message: impl Into<String>) -> Reply {
    bigquery_error(400, "invalid", "INVALID_ARGUMENT", message)
}

fn not_found(message: impl Into<String>) -> Reply {
    bigquery_error(404, "notFound", "NOT_FOUND", message)
}

fn denied(message: String) -> Reply {
    bigquery_error(403, "accessDenied", "PERMISSION_DENIED", message)
}

fn not_imitated(what: &str) -> Reply {
    let message = format!("The emulator does not imitate {what}.");
    bigquery_error(501, "notImplemented", "UNIMPLEMENTED", message)
}
