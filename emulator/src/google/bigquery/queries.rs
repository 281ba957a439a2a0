//! Queries: run at once, and their results page by page.

use super::page::Page;
use super::{READING, WRITING, authorize, invalid, jobs, not_imitated, refusal};
use crate::facts::Facts;
use crate::google::reply::{self, ok};
use crate::http::{Answer, Reply, Request};
use crate::warehouse::database::{Parameter, Table};
use crate::warehouse::dialect::Query;
use crate::warehouse::{Job, Work};
use serde_json::{Value, json};

/// `jobs.query`: runs and answers with the first page.
pub(super) fn query(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    let user = authorize(facts, request, project, &READING)?;
    let body = reply::parse_json(request)?;
    let page = Page {
        start: 0,
        most: body["maxResults"].as_u64().map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)),
        is_int64_timestamp: body["formatOptions"]["useInt64Timestamp"] == true,
    };
    let id = jobs::new_id();
    run(facts, id.clone(), user, &body)?;
    let mut body = render(facts, &page, project, &id)?;
    body["kind"] = "bigquery#queryResponse".into();
    Ok(ok(&body))
}

/// `jobs.insert`: runs, and answers with the job alone.
pub(super) fn insert_job(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    let user = authorize(facts, request, project, &WRITING)?;
    let body = reply::parse_json(request)?;
    let configuration = &body["configuration"]["query"];
    if configuration.is_null() || body["configuration"]["dryRun"] == true {
        return Err(not_imitated("jobs other than queries and loads of an upload, and dry runs"));
    }
    let id = jobs::id_of(facts, &body)?;
    run(facts, id.clone(), user, configuration)?;
    Ok(ok(&jobs::find(facts, project, &id)?.resource(&facts.project.id)))
}

pub(super) fn results(facts: &mut Facts, request: &Request, project: &str, id: &str) -> Answer {
    authorize(facts, request, project, &READING)?;
    let mut body = render(facts, &Page::from_query(request), project, id)?;
    body["kind"] = "bigquery#getQueryResultsResponse".into();
    Ok(ok(&body))
}

/// One page of a query's result, with the job.
fn render(facts: &Facts, page: &Page, project: &str, id: &str) -> Result<Value, Reply> {
    let job = jobs::find(facts, project, id)?;
    let Work::Query { table, .. } = &job.work else {
        return Err(invalid("Cannot get query results of a job that is no query."));
    };
    let mut body = page.render(table);
    body["schema"] = schema(table);
    body["jobReference"] = job.reference(&facts.project.id);
    body["totalBytesProcessed"] = "0".into();
    body["jobComplete"] = true.into();
    body["cacheHit"] = false.into();
    Ok(body)
}

fn schema(table: &Table) -> Value {
    let fields = table.fields.iter().map(super::tables::field);
    json!({ "fields": fields.collect::<Vec<_>>() })
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
    let database = facts.warehouse.database();
    let table = database.run(&query, &parameters, &user).map_err(refusal)?;
    let job = Job { id: id.clone(), user, milliseconds, work: Work::Query { sql: sql.into(), table } };
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
