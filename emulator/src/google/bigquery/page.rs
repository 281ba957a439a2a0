//! Rows as BigQuery writes them, page by page.

use super::etag;
use crate::http::{self, Request};
use crate::warehouse::database::{Cell, Table};
use serde_json::{Value, json};

/// Which rows of a result, and how their times are written.
pub(super) struct Page {
    pub(super) start: usize,
    pub(super) most: usize,
    pub(super) is_int64_timestamp: bool,
}

impl Page {
    pub(super) fn from_query(request: &Request) -> Page {
        let number = |name| http::query(request, name).and_then(|text| text.parse::<usize>().ok());
        let is_int64_timestamp = http::query(request, "formatOptions.useInt64Timestamp")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Page {
            start: number("pageToken").or_else(|| number("startIndex")).unwrap_or(0),
            most: number("maxResults").unwrap_or(usize::MAX),
            is_int64_timestamp,
        }
    }

    /// What a page has of its own: rows, how many there are in all, where the next one begins.
    pub(super) fn render(&self, table: &Table) -> Value {
        let mut body = json!({ "etag": etag(), "totalRows": table.rows.len().to_string() });
        // Clients that ask for no rows take even an empty list for the page.
        if self.most > 0 {
            let rows = table.rows.iter().skip(self.start).take(self.most);
            let rows: Vec<Value> = rows.map(|row| self.row(row)).collect();
            let end = self.start + rows.len();
            if end < table.rows.len() {
                body["pageToken"] = end.to_string().into();
            }
            body["rows"] = rows.into();
        }
        body
    }

    fn row(&self, cells: &[Cell]) -> Value {
        let value = |cell: &Cell| match cell {
            Cell::Null => Value::Null,
            Cell::Boolean(truth) => truth.to_string().into(),
            Cell::Integer(number) => number.to_string().into(),
            Cell::Float(number) => format!("{number:?}").into(),
            Cell::Text(text) => text.as_str().into(),
            Cell::Timestamp(time) if self.is_int64_timestamp => time.as_microsecond().to_string().into(),
            Cell::Timestamp(time) => format!("{}.{:06}", time.as_second(), time.subsec_microsecond()).into(),
        };
        json!({ "f": cells.iter().map(|cell| json!({ "v": value(cell) })).collect::<Vec<_>>() })
    }
}
