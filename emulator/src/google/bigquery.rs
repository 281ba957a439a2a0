//! BigQuery's REST API as the official clients use it for queries.
//!
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs>

use crate::facts::Facts;
use crate::google::access::{self, require_service};
use crate::google::reply::{self, bigquery_error, ok};
use crate::http::{self, Answer, Reply, Request};
use crate::random;
use crate::route::Route;
use crate::warehouse::Job;
use crate::warehouse::database::{Cell, Database, Parameter};
use crate::warehouse::dialect::{Problem, Query};
use hyper::Method;
use serde_json::{Value, json};

const SERVICE: &str = "bigquery.googleapis.com";
const LOCATION: &str = "US";
/// What opens each operation besides `cloud-platform`; making a job takes more than reading.
const WRITING: [&str; 1] = ["https://www.googleapis.com/auth/bigquery"];
const READING: [&str; 2] = [WRITING[0], "https://www.googleapis.com/auth/cloud-platform.read-only"];

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ["bigquery", "v2", "projects", project, rest @ ..] = path else { return None };
    let project = (*project).to_owned();
    let route = match (method.as_str(), rest) {
        ("POST", ["queries"]) => Route::new("bigquery.query", move |facts, request| query(facts, request, &project)),
        ("POST", ["jobs"]) => {
            Route::new("bigquery.insertJob", move |facts, request| insert_job(facts, request, &project))
        }
        ("GET", ["queries", id]) => {
            let id = (*id).to_owned();
            Route::new("bigquery.queryResults", move |facts, request| {
                authorize(facts, request, &project, &READING)?;
                let page = Page::from_query(request);
                let mut body = page.render(facts, find(facts, &project, &id)?);
                body["kind"] = "bigquery#getQueryResultsResponse".into();
                Ok(ok(&body))
            })
        }
        ("GET", ["jobs", id]) => {
            let id = (*id).to_owned();
            Route::new("bigquery.job", move |facts, request| {
                authorize(facts, request, &project, &READING)?;
                Ok(ok(&find(facts, &project, &id)?.resource(&facts.project.id)))
            })
        }
        _ => return None,
    };
    Some(route)
}

/// The name of the caller, if it may run queries in the project.
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

/// `jobs.query`: runs and answers with the first page.
fn query(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    let user = authorize(facts, request, project, &READING)?;
    let body = reply::parse_json(request)?;
    let page = Page {
        start: 0,
        most: body["maxResults"].as_u64().map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)),
        is_int64_timestamp: body["formatOptions"]["useInt64Timestamp"] == true,
    };
    let id = format!("job_{}", random::text(random::BASE64_URL, 28));
    run(facts, id.clone(), user, &body)?;
    let mut body = page.render(facts, find(facts, project, &id)?);
    body["kind"] = "bigquery#queryResponse".into();
    Ok(ok(&body))
}

/// `jobs.insert`: runs, and answers with the job alone.
fn insert_job(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    let user = authorize(facts, request, project, &WRITING)?;
    let body = reply::parse_json(request)?;
    let configuration = &body["configuration"]["query"];
    if configuration.is_null() || body["configuration"]["dryRun"] == true {
        return Err(not_imitated("jobs other than queries, and dry runs"));
    }
    let id = match body["jobReference"]["jobId"].as_str() {
        Some(id) => id.to_owned(),
        None => format!("job_{}", random::text(random::BASE64_URL, 28)),
    };
    if facts.warehouse.jobs.contains_key(&id) {
        let message = format!("Already Exists: Job {}:{LOCATION}.{id}", facts.project.id);
        return Err(bigquery_error(409, "duplicate", "ALREADY_EXISTS", message));
    }
    run(facts, id.clone(), user, configuration)?;
    Ok(ok(&find(facts, project, &id)?.resource(&facts.project.id)))
}

/// Executes a query configuration and keeps its result under the job's id.
fn run(facts: &mut Facts, id: String, user: String, configuration: &Value) -> Result<(), Reply> {
    if configuration["useLegacySql"] == true {
        return Err(not_imitated("legacy SQL"));
    }
    if configuration["dryRun"] == true {
        return Err(not_imitated("dry runs"));
    }
    let sql = configuration["query"].as_str().unwrap_or_default();
    let milliseconds = facts.now().as_millisecond().to_string();
    let query = Query {
        sql,
        project: &facts.project.id,
        has_default_dataset: configuration["defaultDataset"]["datasetId"].is_string(),
    };
    let parameters = parameters(configuration)?;
    let database = facts.warehouse.database.get_or_insert_with(Database::seeded);
    let table = database.run(&query, &parameters, &user).map_err(refusal)?;
    let job = Job { id: id.clone(), sql: sql.into(), user, milliseconds, table };
    facts.warehouse.jobs.insert(id, job);
    Ok(())
}

fn parameters(configuration: &Value) -> Result<Vec<Parameter>, Reply> {
    let given = configuration["queryParameters"].as_array().map_or(&[][..], Vec::as_slice);
    given
        .iter()
        .map(|parameter| {
            let value = &parameter["parameterValue"];
            if value.get("arrayValues").or(value.get("structValues")).is_some() {
                return Err(not_imitated("arrays and structs as query parameters"));
            }
            Ok(Parameter {
                name: parameter["name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned),
                kind: parameter["parameterType"]["type"].as_str().unwrap_or_default().to_uppercase(),
                value: match &value["value"] {
                    Value::Null => None,
                    Value::String(text) => Some(text.clone()),
                    // Node's client sends numbers and truths as such.
                    other => Some(other.to_string()),
                },
            })
        })
        .collect()
}

fn find<'f>(facts: &'f Facts, project: &str, id: &str) -> Result<&'f Job, Reply> {
    let unknown = || bigquery_error(404, "notFound", "NOT_FOUND", format!("Not found: Job {project}:{id}"));
    facts.warehouse.jobs.get(id).ok_or_else(unknown)
}

/// Which rows of a result, and how their times are written.
struct Page {
    start: usize,
    most: usize,
    is_int64_timestamp: bool,
}

impl Page {
    fn from_query(request: &Request) -> Page {
        let number = |name| http::query(request, name).and_then(|text| text.parse::<usize>().ok());
        let is_int64_timestamp = http::query(request, "formatOptions.useInt64Timestamp")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Page {
            start: number("pageToken").or_else(|| number("startIndex")).unwrap_or(0),
            most: number("maxResults").unwrap_or(usize::MAX),
            is_int64_timestamp,
        }
    }

    fn render(&self, facts: &Facts, job: &Job) -> Value {
        let fields = job.table.fields.iter();
        let fields = fields.map(|field| json!({ "name": field.name, "type": field.kind, "mode": "NULLABLE" }));
        let mut body = json!({
            "etag": etag(),
            "schema": { "fields": fields.collect::<Vec<_>>() },
            "jobReference": job.reference(&facts.project.id),
            "totalRows": job.table.rows.len().to_string(),
            "totalBytesProcessed": "0",
            "jobComplete": true,
            "cacheHit": false,
        });
        // Clients that ask for no rows take even an empty list for the page.
        if self.most > 0 {
            let rows = job.table.rows.iter().skip(self.start).take(self.most);
            let rows: Vec<Value> = rows.map(|row| self.row(row)).collect();
            let end = self.start + rows.len();
            if end < job.table.rows.len() {
                body["pageToken"] = end.to_string().into();
            }
            body["rows"] = rows.into();
        }
        body
    }

    fn row(&self, cells: &[Cell]) -> Value {
        let value = |cell: &Cell| match cell {
            Cell::Null => Value::Null,
            Cell::Integer(number) => number.to_string().into(),
            Cell::Float(number) => format!("{number:?}").into(),
            Cell::Text(text) => text.as_str().into(),
            Cell::Timestamp(time) if self.is_int64_timestamp => time.as_microsecond().to_string().into(),
            Cell::Timestamp(time) => format!("{}.{:06}", time.as_second(), time.subsec_microsecond()).into(),
        };
        json!({ "f": cells.iter().map(|cell| json!({ "v": value(cell) })).collect::<Vec<_>>() })
    }
}

impl Job {
    fn reference(&self, project: &str) -> Value {
        json!({ "projectId": project, "jobId": self.id, "location": LOCATION })
    }

    fn resource(&self, project: &str) -> Value {
        let id = &self.id;
        json!({
            "kind": "bigquery#job",
            "etag": etag(),
            "id": format!("{project}:{LOCATION}.{id}"),
            "selfLink":
                format!("https://bigquery.googleapis.com/bigquery/v2/projects/{project}/jobs/{id}?location={LOCATION}"),
            "user_email": self.user,
            "jobReference": self.reference(project),
            "configuration": {
                "jobType": "QUERY",
                "query": {
                    "query": self.sql,
                    "destinationTable": { "projectId": project, "datasetId": "_results", "tableId": format!("anon{id}") },
                    "priority": "INTERACTIVE",
                    "useLegacySql": false,
                },
            },
            "status": { "state": "DONE" },
            "statistics": {
                "creationTime": self.milliseconds,
                "startTime": self.milliseconds,
                "endTime": self.milliseconds,
                "totalBytesProcessed": "0",
                "query": { "totalBytesProcessed": "0", "cacheHit": false, "statementType": "SELECT" },
            },
        })
    }
}

fn etag() -> String {
    random::text(random::BASE64_URL, 22) + "=="
}

fn refusal(problem: Problem) -> Reply {
    match problem {
        Problem::Invalid(message) => bigquery_error(400, "invalidQuery", "INVALID_ARGUMENT", message),
        Problem::NotFound(message) => bigquery_error(404, "notFound", "NOT_FOUND", message),
        Problem::Denied(message) => denied(message),
        Problem::NotImitated(what) => not_imitated(what),
    }
}

fn denied(message: String) -> Reply {
    bigquery_error(403, "accessDenied", "PERMISSION_DENIED", message)
}

fn not_imitated(what: &str) -> Reply {
    let message = format!("The emulator does not imitate {what}.");
    bigquery_error(501, "notImplemented", "UNIMPLEMENTED", message)
}
