//! Loads: what a job is to do with the bytes of an upload, and what has come of it.

use crate::warehouse::column::Field;
use crate::warehouse::database::Database;
use crate::warehouse::format::Format;
use crate::warehouse::rows::rows;

pub(crate) struct Load {
    /// In the one dataset that there is.
    pub(crate) table: String,
    /// By default that of the table.
    pub(crate) schema: Option<Vec<Field>>,
    pub(crate) format: Format,
    pub(crate) ignores_unknown_values: bool,
    pub(crate) write: Write,
    /// Whether the table may be made.
    pub(crate) creates: bool,
}

/// What becomes of the rows that are there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Write {
    Append,
    Empty,
    Truncate,
}

/// How many rows a load has written, or why none.
pub(crate) type Loaded = Result<usize, Failure>;

/// Why a job that has been done has failed.
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    /// Of the row that is to blame.
    pub(crate) detail: Option<String>,
}

impl Failure {
    fn new(reason: &'static str, message: impl Into<String>) -> Failure {
        Failure { reason, message: message.into(), detail: None }
    }
}

impl Load {
    /// All of the rows or none are written. `project` is for the words of a failure.
    pub(crate) fn run(&self, database: &mut Database, bytes: &[u8], project: &str) -> Loaded {
        let found = database.fields(&self.table);
        let table = format!("{project}:{}.{}", super::dialect::DATASET, self.table);
        if found.is_none() && !self.creates {
            return Err(Failure::new("notFound", format!("Not found: Table {table}")));
        }
        if self.write == Write::Empty && database.count(&self.table) > 0 {
            return Err(Failure::new("duplicate", format!("Already Exists: Table {table}")));
        }
        if let (Write::Append, Some(fields), Some(schema)) = (self.write, &found, &self.schema) {
            let is_same = schema.len() == fields.len() && schema.iter().all(|field| fields.contains(field));
            if !is_same {
                return Err(Failure::new("invalid", format!("Provided Schema does not match Table {table}.")));
            }
        }
        let schema = self.schema.as_ref().or(found.as_ref());
        let schema = schema.ok_or_else(|| Failure::new("invalid", "No schema specified on job or table."))?;
        let rows = rows(&self.format, self.ignores_unknown_values, schema, bytes).map_err(|detail| {
            let format = if matches!(self.format, Format::Json) { "JSON" } else { "CSV" };
            let message = format!(
                "Error while reading data, error message: {format} table encountered too many errors, giving up. \
                 Rows: 1; errors: 1. Please look into the errors[] collection for more details."
            );
            let detail = format!("Error while reading data, error message: {detail}");
            Failure { detail: Some(detail), ..Failure::new("invalid", message) }
        })?;
        let makes_anew = found.is_none() || self.write == Write::Truncate;
        let written = database.write(&self.table, schema, &rows, makes_anew);
        written.map_err(|error| Failure::new("invalid", error.to_string()))?;
        Ok(rows.len())
    }
}
