//! The rows in an upload, as SQLite keeps them: JSON lines or CSV, read by a schema.

use crate::warehouse::column::{Field, Kind};
use crate::warehouse::database::{stored, timestamp};
use crate::warehouse::format::{Csv, Format};
use csv::{ReaderBuilder, StringRecord};
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Value;
use serde_json::{Map, Value as Json};

type Row = Vec<Value>;

/// The wrong side says what is wrong with the first row that is.
pub(super) fn rows(format: &Format, ignores_more: bool, schema: &[Field], bytes: &[u8]) -> Result<Vec<Row>, String> {
    match format {
        Format::Json => json_rows(ignores_more, schema, bytes),
        Format::Csv(csv) => csv_rows(csv, ignores_more, schema, bytes),
    }
}

fn json_rows(ignores_more: bool, schema: &[Field], bytes: &[u8]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    let mut position = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let wrong = |what: String| format!("JSON parsing error in row starting at position {position}: {what}");
        if !line.trim_ascii().is_empty() {
            let object: Map<String, Json> =
                serde_json::from_slice(line).map_err(|error| wrong(format!("Parser terminated: {error}")))?;
            let of = |name: &String| schema.iter().any(|field| field.name.eq_ignore_ascii_case(name));
            if let Some(name) = object.keys().find(|name| !of(name)).filter(|_| !ignores_more) {
                return Err(wrong(format!("No such field: {name}.")));
            }
            let row = schema.iter().map(|field| json_value(field, &object).map_err(wrong)).collect::<Result<_, _>>()?;
            rows.push(row);
        }
        position += line.len();
    }
    Ok(rows)
}

fn json_value(field: &Field, object: &Map<String, Json>) -> Result<Value, String> {
    let found = object.iter().find(|(name, _)| field.name.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let Some(value) = found.filter(|value| !value.is_null()) else {
        return match field.is_required {
            true => Err(format!("Missing required field: {}.", field.name)),
            false => Ok(Value::Null),
        };
    };
    let converted = match (field.kind, value) {
        (Kind::Boolean, Json::Bool(truth)) => Some(Value::Integer((*truth).into())),
        (Kind::Integer, Json::Number(number)) => number.as_i64().map(Value::Integer),
        (Kind::Float, Json::Number(number)) => number.as_f64().map(Value::Real),
        (Kind::Timestamp, Json::Number(number)) => seconds(number).map(|time| Value::Text(stored(time))),
        (kind, Json::String(text)) => read(kind, text),
        _ => None,
    };
    let kind = field.kind.names().0.to_lowercase();
    converted.ok_or_else(|| format!("Could not convert value to {kind}. Field: {}; Value: {value}", field.name))
}

fn seconds(number: &serde_json::Number) -> Option<Timestamp> {
    match number.as_i64() {
        Some(seconds) => Timestamp::from_second(seconds).ok(),
        None => Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(number.as_f64()?).ok()?).ok(),
    }
}

fn csv_rows(csv: &Csv, ignores_more: bool, schema: &[Field], bytes: &[u8]) -> Result<Vec<Row>, String> {
    let mut reader = ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(csv.delimiter);
    match csv.quote {
        Some(quote) => reader.quote(quote),
        None => reader.quoting(false),
    };
    let mut rows = Vec::new();
    for record in reader.from_reader(bytes).records().skip(csv.skipped_rows) {
        let record = record.map_err(|error| format!("Error detected while parsing row: {error}"))?;
        let position = record.position().map_or(0, csv::Position::byte);
        if record.len() < schema.len() && !csv.allows_jagged_rows {
            return Err(format!(
                "CSV table references column position {}, but line starting at position:{position} contains only {} \
                 columns.",
                schema.len() - 1,
                record.len()
            ));
        }
        if record.len() > schema.len() && !ignores_more {
            return Err(format!("Too many values in row starting at position: {position}."));
        }
        let value = |(index, field)| csv_value(csv, field, &record, index, position);
        rows.push(schema.iter().enumerate().map(value).collect::<Result<_, _>>()?);
    }
    Ok(rows)
}

fn csv_value(csv: &Csv, field: &Field, record: &StringRecord, index: usize, start: u64) -> Result<Value, String> {
    let name = &field.name;
    match record.get(index).filter(|text| *text != csv.null) {
        None if field.is_required => {
            Err(format!("Required column value for column index: {index} is missing ({name})."))
        }
        None => Ok(Value::Null),
        Some(text) => {
            let kind = field.kind.names().1;
            let wrong = || {
                format!(
                    "Could not parse '{text}' as {kind} for field {name} (position {index}) starting at location \
                     {start}"
                )
            };
            read(field.kind, text).ok_or_else(wrong)
        }
    }
}

fn read(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Text => Some(Value::Text(text.into())),
        Kind::Integer => text.trim().parse().ok().map(Value::Integer),
        Kind::Float => text.trim().parse().ok().map(Value::Real),
        Kind::Boolean => match text.trim().to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" => Some(Value::Integer(1)),
            "false" | "f" | "no" | "n" | "0" => Some(Value::Integer(0)),
            _ => None,
        },
        Kind::Date => text.trim().parse::<Date>().ok().map(|date| Value::Text(date.to_string())),
        Kind::Timestamp => timestamp(text.trim().trim_end_matches(" UTC")).map(|time| Value::Text(stored(time))),
    }
}
