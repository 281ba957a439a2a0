//! `SELECT`, executed by SQLite over the one table that every world has.

use crate::warehouse::dialect::{DATASET, Problem, Query, translate, unqualified};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Statement};

const SEED: &str = "
    ATTACH ':memory:' AS mydataset;
    CREATE TABLE mydataset.users (id INTEGER, name TEXT, email TEXT, created TIMESTAMP);
    INSERT INTO mydataset.users VALUES
        (1, 'aaaaa', 'aaaaa@example.com', '2023-04-01 09:00:00'),
        (2, 'bbbbb', 'bbbbb@example.com', '2023-04-02 10:30:00'),
        (3, 'ccccc', 'ccccc@example.com', '2023-04-03 11:15:00'),
        (4, 'ddddd', 'ddddd@example.com', '2023-04-04 12:45:00'),
        (5, 'eeeee', 'eeeee@example.com', '2023-04-05 13:20:00');
";
pub(crate) struct Database(Connection);

pub(crate) struct Parameter {
    /// Positional ones have none.
    pub(crate) name: Option<String>,
    pub(crate) kind: String,
    pub(crate) value: Option<String>,
}

pub(crate) struct Table {
    pub(crate) fields: Vec<Field>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
}

pub(crate) enum Cell {
    Null,
    Integer(i64),
    Float(f64),
    Text(String),
    Timestamp(Timestamp),
}

impl Database {
    pub(crate) fn seeded() -> Database {
        let connection = Connection::open_in_memory().expect("SQLite opens a database in memory");
        connection.execute_batch(SEED).expect("the seed is valid SQL");
        Database(connection)
    }

    /// `user` is whom `SESSION_USER()` names.
    pub(crate) fn run(&self, query: &Query<'_>, parameters: &[Parameter], user: &str) -> Result<Table, Problem> {
        let user = user.to_owned();
        self.0
            .create_scalar_function("session_user", 0, FunctionFlags::SQLITE_UTF8, move |_| Ok(user.clone()))
            .expect("SQLite takes a function");
        let sql = translate(query)?;
        let explain = |error| explain(&error, query.project);
        let mut statement = self.0.prepare(&sql).map_err(explain)?;
        if !statement.readonly() {
            return Err(Problem::NotImitated("statements that change data"));
        }
        bind(&mut statement, parameters)?;

        let declared: Vec<Option<String>> =
            statement.columns().map(|column| column.decl_type().map(str::to_uppercase)).collect();
        let names = field_names(&statement);
        let mut rows = Vec::new();
        let mut cursor = statement.raw_query();
        while let Some(row) = cursor.next().map_err(explain)? {
            let cell = |(index, declared): (usize, &Option<String>)| {
                Ok(cell(row.get_ref(index).map_err(explain)?, declared.as_deref()))
            };
            rows.push(declared.iter().enumerate().map(cell).collect::<Result<Vec<_>, Problem>>()?);
        }
        let kind = |index: usize| kind(declared[index].as_deref(), rows.iter().map(|row: &Vec<Cell>| &row[index]));
        let fields = names.into_iter().enumerate().map(|(index, name)| Field { name, kind: kind(index) }).collect();
        Ok(Table { fields, rows })
    }
}

/// Columns without a name are `f0_`, `f1_`, …; SQLite names them by their expression.
fn field_names(statement: &Statement<'_>) -> Vec<String> {
    let mut anonymous = 0..;
    let is_name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit())
    };
    let name = |name: &str| {
        if is_name(name) { name.to_owned() } else { format!("f{}_", anonymous.next().expect("endless")) }
    };
    statement.column_names().map(name).collect()
}

fn bind(statement: &mut Statement<'_>, parameters: &[Parameter]) -> Result<(), Problem> {
    for index in 1..=statement.parameter_count() {
        let parameter = match statement.parameter_name(index).map(|name| name[1..].to_owned()) {
            Some(name) => parameters
                .iter()
                .find(|parameter| parameter.name.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(&name)))
                .ok_or_else(|| Problem::Invalid(format!("Query parameter '{name}' not found")))?,
            None => parameters
                .get(index - 1)
                .ok_or_else(|| Problem::Invalid(format!("Query parameter number {index} not found")))?,
        };
        let value = parameter.sqlite()?;
        statement.raw_bind_parameter(index, value).expect("the index is one of the statement's");
    }
    Ok(())
}

impl Parameter {
    fn sqlite(&self) -> Result<Value, Problem> {
        let Some(text) = &self.value else { return Ok(Value::Null) };
        let value = match self.kind.as_str() {
            "INT64" | "INTEGER" => text.parse().ok().map(Value::Integer),
            "FLOAT64" | "FLOAT" => text.parse().ok().map(Value::Real),
            "BOOL" | "BOOLEAN" => text.to_lowercase().parse().ok().map(|truth: bool| Value::Integer(truth.into())),
            "STRING" | "DATE" => Some(Value::Text(text.clone())),
            "TIMESTAMP" | "DATETIME" => timestamp(text).map(|time| Value::Text(stored(time))),
            _ => return Err(Problem::NotImitated("query parameters of this type")),
        };
        value.ok_or_else(|| Problem::Invalid(format!("Invalid value for type {}: {text}", self.kind)))
    }
}

fn cell(value: ValueRef<'_>, declared: Option<&str>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Float(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            let text = String::from_utf8_lossy(text).into_owned();
            match (declared, timestamp(&text)) {
                (Some("TIMESTAMP"), Some(time)) => Cell::Timestamp(time),
                _ => Cell::Text(text),
            }
        }
    }
}

/// The declared type, else that of the first value: SQLite does not type expressions.
fn kind<'c>(declared: Option<&str>, cells: impl IntoIterator<Item = &'c Cell>) -> &'static str {
    match declared {
        Some("INTEGER") => "INTEGER",
        Some("TEXT") => "STRING",
        Some("TIMESTAMP") => "TIMESTAMP",
        _ => match cells.into_iter().find(|cell| !matches!(cell, Cell::Null)) {
            Some(Cell::Float(_)) => "FLOAT",
            Some(Cell::Text(_)) => "STRING",
            Some(Cell::Timestamp(_)) => "TIMESTAMP",
            Some(Cell::Integer(_) | Cell::Null) | None => "INTEGER",
        },
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

/// Text that sorts and compares as the time does.
fn stored(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn explain(error: &rusqlite::Error, project: &str) -> Problem {
    let message = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::MultipleStatement => return Problem::NotImitated("scripts of several statements"),
        other => other.to_string(),
    };
    if let Some(name) = message.strip_prefix("no such table: ") {
        return match name.split_once('.') {
            None => Problem::Invalid(unqualified(name)),
            Some((DATASET, _)) => {
                Problem::NotFound(format!("Not found: Table {project}:{name} was not found in location US"))
            }
            Some((dataset, _)) => {
                Problem::NotFound(format!("Not found: Dataset {project}:{dataset} was not found in location US"))
            }
        };
    }
    if let Some(name) = message.strip_prefix("no such column: ") {
        return Problem::Invalid(format!("Unrecognized name: {name}"));
    }
    if let Some(name) = message.strip_prefix("no such function: ") {
        return Problem::Invalid(format!("Function not found: {name}"));
    }
    if let Some(token) = message.strip_prefix("near ").and_then(|rest| rest.strip_suffix(": syntax error")) {
        return Problem::Invalid(format!("Syntax error: Unexpected {token}"));
    }
    Problem::Invalid(format!("Syntax error: {message}"))
}
