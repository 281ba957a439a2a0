//! Load jobs: what a job's resource asks to be done with the bytes that come with it.
//!
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad>

use super::{invalid, jobs, not_imitated, tables};
use crate::facts::Facts;
use crate::http::Reply;
use crate::warehouse::column::{Field, Kind};
use crate::warehouse::format::{Csv, Format};
use crate::warehouse::load::{Load, Write};
use crate::warehouse::{Job, Work};
use serde_json::Value;

/// Loads, and returns the resource of the job: one that has failed is an answer too.
pub(super) fn run(facts: &mut Facts, user: String, resource: &Value, bytes: &[u8]) -> Result<Value, Reply> {
    let load = plan(facts, resource)?;
    let id = jobs::id_of(facts, resource)?;
    let project = facts.project.id.clone();
    let outcome = load.run(facts.warehouse.database(), bytes, &project);
    let configuration = resource["configuration"]["load"].clone();
    let milliseconds = facts.now().as_millisecond().to_string();
    let work = Work::Load { configuration, bytes: bytes.len(), outcome };
    let job = Job { id: id.clone(), user, milliseconds, work };
    let answer = job.resource(&project);
    facts.warehouse.jobs.insert(id, job);
    Ok(answer)
}

/// What is to be done, as far as it can be.
pub(super) fn plan(facts: &mut Facts, resource: &Value) -> Result<Load, Reply> {
    let configuration = &resource["configuration"]["load"];
    if !configuration.is_object() {
        return Err(invalid("Required parameter is missing: load"));
    }
    for (name, what) in [
        ("timePartitioning", "partitioned tables"),
        ("rangePartitioning", "partitioned tables"),
        ("schemaUpdateOptions", "changes to a schema"),
        ("decimalTargetTypes", "decimal types"),
    ] {
        if !configuration[name].is_null() {
            return Err(not_imitated(what));
        }
    }
    if !["", "0"].contains(&&*number(&configuration["maxBadRecords"])) {
        return Err(not_imitated("loads that pass over bad rows"));
    }
    if resource["configuration"]["dryRun"] == true {
        return Err(not_imitated("dry runs"));
    }
    let table = tables::named(facts, &configuration["destinationTable"])?;
    let schema = schema(&configuration["schema"])?;
    if schema.is_none() && configuration["autodetect"] == true && facts.warehouse.database().fields(&table).is_none() {
        return Err(not_imitated("the detection of a schema"));
    }
    Ok(Load {
        table,
        schema,
        format: match configuration["sourceFormat"].as_str() {
            None | Some("CSV") => Format::Csv(csv(configuration)?),
            Some("NEWLINE_DELIMITED_JSON") => Format::Json,
            Some(_) => return Err(not_imitated("this source format")),
        },
        ignores_unknown_values: configuration["ignoreUnknownValues"] == true,
        write: match configuration["writeDisposition"].as_str() {
            None | Some("WRITE_APPEND") => Write::Append,
            Some("WRITE_EMPTY") => Write::Empty,
            Some("WRITE_TRUNCATE") => Write::Truncate,
            Some(other) => return Err(invalid(format!("Invalid value for writeDisposition: {other}"))),
        },
        creates: configuration["createDisposition"] != "CREATE_NEVER",
    })
}

fn schema(schema: &Value) -> Result<Option<Vec<Field>>, Reply> {
    let Some(fields) = schema["fields"].as_array().filter(|fields| !fields.is_empty()) else { return Ok(None) };
    let mut known: Vec<Field> = Vec::new();
    for field in fields {
        let name = field["name"].as_str().unwrap_or_default();
        let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
        if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|first: char| first.is_numeric()) {
            return Err(invalid(format!("Invalid field name \"{name}\".")));
        }
        if known.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
            return Err(invalid(format!("Field {name} already exists in schema")));
        }
        let kind = Kind::named(field["type"].as_str().unwrap_or_default());
        let kind = kind.ok_or_else(|| not_imitated("columns of this type"))?;
        let is_required = match field["mode"].as_str().map(str::to_uppercase).as_deref() {
            None | Some("NULLABLE") => false,
            Some("REQUIRED") => true,
            Some(_) => return Err(not_imitated("repeated columns")),
        };
        known.push(Field { name: name.into(), kind, is_required });
    }
    Ok(Some(known))
}

fn csv(configuration: &Value) -> Result<Csv, Reply> {
    let text = |name: &str| configuration[name].as_str();
    if text("encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case("UTF-8")) {
        return Err(not_imitated("encodings other than UTF-8"));
    }
    let byte = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err(not_imitated("delimiters and quotes of more than one byte")),
    };
    let skipped = number(&configuration["skipLeadingRows"]);
    let skipped = if skipped.is_empty() { Ok(0) } else { skipped.parse() };
    Ok(Csv {
        delimiter: match text("fieldDelimiter") {
            None | Some("") => b',',
            Some("tab" | "\\t") => b'\t',
            Some(delimiter) => byte(delimiter)?,
        },
        quote: match text("quote") {
            None => Some(b'"'),
            Some("") => None,
            Some(quote) => Some(byte(quote)?),
        },
        skipped_rows: skipped.map_err(|_| invalid("Invalid value for skipLeadingRows"))?,
        null: text("nullMarker").unwrap_or_default().into(),
        allows_jagged_rows: configuration["allowJaggedRows"] == true,
    })
}

/// A 64-bit number, which clients send as text or as a number; empty if it is left out.
fn number(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
