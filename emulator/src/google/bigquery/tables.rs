//! Tables: their schemas and their rows.

use super::page::Page;
use super::{LOCATION, READING, SERVICE, authorize, denied, etag, not_found, not_imitated, refusal};
use crate::facts::Facts;
use crate::google::reply::ok;
use crate::http::{self, Answer, Reply, Request};
use crate::warehouse::column::Field;
use crate::warehouse::dialect::DATASET;
use serde_json::{Value, json};

/// The path names project, dataset and table.
pub(super) type Handler = fn(&mut Facts, &Request, [&str; 3]) -> Answer;

pub(super) fn read(facts: &mut Facts, request: &Request, path: [&str; 3]) -> Answer {
    authorize(facts, request, path[0], &READING)?;
    let fields = find(facts, path)?;
    let table = path[2];
    let project = &facts.project.id;
    let name = format!("projects/{project}/datasets/{DATASET}/tables/{table}");
    let mut resource = json!({
        "kind": "bigquery#table",
        "etag": etag(),
        "id": format!("{project}:{DATASET}.{table}"),
        "selfLink": format!("https://{SERVICE}/bigquery/v2/{name}"),
        "tableReference": { "projectId": project, "datasetId": DATASET, "tableId": table },
        "schema": { "fields": fields.iter().map(field).collect::<Vec<_>>() },
        "type": "TABLE",
        "location": LOCATION,
    });
    resource["numRows"] = facts.warehouse.database().count(table).to_string().into();
    Ok(ok(&resource))
}

/// `tabledata.list`.
pub(super) fn data(facts: &mut Facts, request: &Request, path: [&str; 3]) -> Answer {
    authorize(facts, request, path[0], &READING)?;
    find(facts, path)?;
    if http::query(request, "selectedFields").is_some_and(|fields| !fields.is_empty()) {
        return Err(not_imitated("the choice of fields in a list of rows"));
    }
    let table = facts.warehouse.database().read(path[2], path[0]).map_err(refusal)?;
    let mut body = Page::from_query(request).render(&table);
    body["kind"] = "bigquery#tableDataList".into();
    Ok(ok(&body))
}

fn find(facts: &mut Facts, [_, dataset, table]: [&str; 3]) -> Result<Vec<Field>, Reply> {
    check_dataset(facts, dataset)?;
    let message = format!("Not found: Table {}:{dataset}.{table}", facts.project.id);
    facts.warehouse.database().fields(table).ok_or_else(|| not_found(message))
}

/// There is one dataset.
fn check_dataset(facts: &Facts, dataset: &str) -> Result<(), Reply> {
    if dataset == DATASET {
        return Ok(());
    }
    Err(not_found(format!("Not found: Dataset {}:{dataset}", facts.project.id)))
}

/// The table that a job names: one of this project, there or not.
pub(super) fn named(facts: &Facts, reference: &Value) -> Result<String, Reply> {
    let part = |name: &str| reference[name].as_str().unwrap_or_default();
    let (project, dataset, table) = (part("projectId"), part("datasetId"), part("tableId"));
    if !facts.is_project(project) {
        return Err(denied(format!(
            "Access Denied: Dataset {project}:{dataset}: Permission bigquery.tables.create denied on dataset \
             {project}:{dataset} (or it may not exist)."
        )));
    }
    check_dataset(facts, dataset)?;
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    // SQLite keeps names of this kind for itself.
    if table.is_empty() || !table.chars().all(is_part) || table.to_lowercase().starts_with("sqlite_") {
        return Err(super::invalid(format!("Invalid table ID \"{table}\".")));
    }
    Ok(table.into())
}

/// A column as schemas write it.
pub(super) fn field(field: &Field) -> Value {
    let mode = if field.is_required { "REQUIRED" } else { "NULLABLE" };
    json!({ "name": field.name, "type": field.kind.names().0, "mode": mode })
}
