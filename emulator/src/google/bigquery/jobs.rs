//! Jobs, which are done as soon as they are made, and what is told of them.

use super::{LOCATION, READING, authorize, etag, not_found};
use crate::facts::Facts;
use crate::google::reply::{bigquery_error, ok};
use crate::http::{Answer, Reply, Request};
use crate::random;
use crate::warehouse::load::{Failure, Loaded};
use crate::warehouse::{Job, Work};
use serde_json::{Value, json};

pub(super) fn read(facts: &mut Facts, request: &Request, project: &str, id: &str) -> Answer {
    authorize(facts, request, project, &READING)?;
    Ok(ok(&find(facts, project, id)?.resource(&facts.project.id)))
}

pub(super) fn find<'f>(facts: &'f Facts, project: &str, id: &str) -> Result<&'f Job, Reply> {
    facts.warehouse.jobs.get(id).ok_or_else(|| not_found(format!("Not found: Job {project}:{id}")))
}

/// The id that a client has chosen for its job, or a new one.
pub(super) fn id_of(facts: &Facts, resource: &Value) -> Result<String, Reply> {
    let Some(id) = resource["jobReference"]["jobId"].as_str() else { return Ok(new_id()) };
    if facts.warehouse.jobs.contains_key(id) {
        let message = format!("Already Exists: Job {}:{LOCATION}.{id}", facts.project.id);
        return Err(bigquery_error(409, "duplicate", "ALREADY_EXISTS", message));
    }
    Ok(id.into())
}

pub(super) fn new_id() -> String {
    format!("job_{}", random::text(random::BASE64_URL, 28))
}

impl Job {
    pub(super) fn reference(&self, project: &str) -> Value {
        json!({ "projectId": project, "jobId": self.id, "location": LOCATION })
    }

    pub(super) fn resource(&self, project: &str) -> Value {
        let id = &self.id;
        let mut resource = json!({
            "kind": "bigquery#job",
            "etag": etag(),
            "id": format!("{project}:{LOCATION}.{id}"),
            "selfLink":
                format!("https://bigquery.googleapis.com/bigquery/v2/projects/{project}/jobs/{id}?location={LOCATION}"),
            "user_email": self.user,
            "jobReference": self.reference(project),
            "status": { "state": "DONE" },
            "statistics": {
                "creationTime": self.milliseconds,
                "startTime": self.milliseconds,
                "endTime": self.milliseconds,
            },
        });
        match &self.work {
            Work::Query { sql, .. } => {
                resource["configuration"] = json!({
                    "jobType": "QUERY",
                    "query": {
                        "query": sql,
                        "destinationTable":
                            { "projectId": project, "datasetId": "_results", "tableId": format!("anon{id}") },
                        "priority": "INTERACTIVE",
                        "useLegacySql": false,
                    },
                });
                resource["statistics"]["totalBytesProcessed"] = "0".into();
                resource["statistics"]["query"] =
                    json!({ "totalBytesProcessed": "0", "cacheHit": false, "statementType": "SELECT" });
            }
            Work::Load { configuration, bytes, outcome } => {
                resource["configuration"] = json!({ "jobType": "LOAD", "load": configuration });
                resource["statistics"]["load"] = statistics(*bytes, outcome);
                if let Err(failure) = outcome {
                    resource["status"] = failed(failure);
                }
            }
        }
        resource
    }
}

fn statistics(bytes: usize, outcome: &Loaded) -> Value {
    json!({
        "inputFiles": "1",
        "inputFileBytes": bytes.to_string(),
        "outputRows": outcome.as_ref().unwrap_or(&0).to_string(),
        "outputBytes": if outcome.is_ok() { bytes } else { 0 }.to_string(),
        "badRecords": if outcome.is_ok() { "0" } else { "1" },
    })
}

fn failed(failure: &Failure) -> Value {
    let error = |message: &String| json!({ "reason": failure.reason, "message": message });
    let errors: Vec<Value> = [&failure.message].into_iter().chain(&failure.detail).map(error).collect();
    json!({ "state": "DONE", "errorResult": errors[0], "errors": errors })
}
