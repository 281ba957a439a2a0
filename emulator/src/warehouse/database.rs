//! Tables, kept and queried by SQLite: the one that every world has, and those that are loaded.

use crate::warehouse::column::{Field, Kind};
use crate::warehouse::dialect::{DATASET, Problem, Query, quoted, translate, unqualified};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Statement, params_from_iter};

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

pub(crate) enum Cell {
    Null,
    Boolean(bool),
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
        let sql = translate(query, &self.tables())?;
        self.execute(&sql, parameters, query.project)
    }

    /// All of a table, in the order in which its rows were written.
    pub(crate) fn read(&self, table: &str, project: &str) -> Result<Table, Problem> {
        self.execute(&format!("SELECT * FROM {DATASET}.{}", quoted(table)), &[], project)
    }

    fn execute(&self, sql: &str, parameters: &[Parameter], project: &str) -> Result<Table, Problem> {
        let explain = |error| explain(&error, project);
        let mut statement = self.0.prepare(sql).map_err(explain)?;
        if !statement.readonly() {
            return Err(Problem::NotImitated("statements that change data"));
        }
        bind(&mut statement, parameters)?;

        let declared: Vec<Option<Kind>> =
            statement.columns().map(|column| column.decl_type().and_then(Kind::declared)).collect();
        let names = field_names(&statement);
        let mut rows = Vec::new();
        let mut cursor = statement.raw_query();
        while let Some(row) = cursor.next().map_err(explain)? {
            let cell =
                |(index, declared): (usize, &Option<Kind>)| Ok(cell(row.get_ref(index).map_err(explain)?, *declared));
            rows.push(declared.iter().enumerate().map(cell).collect::<Result<Vec<_>, Problem>>()?);
        }
        let kind = |index: usize| kind(declared[index], rows.iter().map(|row: &Vec<Cell>| &row[index]));
        let field = |(index, name)| Field { name, kind: kind(index), is_required: false };
        let fields = names.into_iter().enumerate().map(field).collect();
        Ok(Table { fields, rows })
    }

    /// The names of all tables.
    fn tables(&self) -> Vec<String> {
        let sql = format!("SELECT name FROM {DATASET}.sqlite_schema WHERE type = 'table'");
        let mut statement = self.0.prepare(&sql).expect("SQLite has a schema");
        let names = statement.query_map([], |row| row.get(0)).expect("no parameters");
        names.collect::<Result<_, _>>().expect("names are text")
    }

    /// The columns of a table, if there is one.
    pub(crate) fn fields(&self, table: &str) -> Option<Vec<Field>> {
        let sql = "SELECT name, type, \"notnull\" FROM pragma_table_info(?1, ?2)";
        let mut statement = self.0.prepare(sql).expect("SQLite knows its tables");
        let field = |row: &rusqlite::Row<'_>| {
            let kind = Kind::declared(&row.get::<_, String>(1)?).expect("a table has columns of our own types");
            Ok(Field { name: row.get(0)?, kind, is_required: row.get(2)? })
        };
        let fields = statement.query_map([table, DATASET], field).expect("two parameters");
        let fields: Vec<Field> = fields.collect::<Result<_, _>>().expect("columns have these properties");
        Some(fields).filter(|fields| !fields.is_empty())
    }

    /// How many rows a table has; none if it is not there.
    pub(crate) fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {DATASET}.{}", quoted(table));
        self.0.query_row(&sql, [], |row| row.get(0)).unwrap_or(0)
    }

    /// Adds rows, whose values are in the order of the fields, to a table or to one made anew.
    pub(crate) fn write(
        &mut self,
        table: &str,
        fields: &[Field],
        rows: &[Vec<Value>],
        makes_anew: bool,
    ) -> rusqlite::Result<()> {
        let table = format!("{DATASET}.{}", quoted(table));
        let transaction = self.0.transaction()?;
        if makes_anew {
            let column = |field: &Field| {
                let mode = if field.is_required { " NOT NULL" } else { "" };
                format!("{} {}{mode}", quoted(&field.name), field.kind.declaration())
            };
            let columns: Vec<String> = fields.iter().map(column).collect();
            transaction.execute(&format!("DROP TABLE IF EXISTS {table}"), [])?;
            transaction.execute(&format!("CREATE TABLE {table} ({})", columns.join(", ")), [])?;
        }
        let names: Vec<String> = fields.iter().map(|field| quoted(&field.name)).collect();
        let places = vec!["?"; fields.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
        for row in rows {
            transaction.prepare_cached(&sql)?.execute(params_from_iter(row))?;
        }
        transaction.commit()
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

fn cell(value: ValueRef<'_>, declared: Option<Kind>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) if declared == Some(Kind::Boolean) => Cell::Boolean(number != 0),
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Float(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            let text = String::from_utf8_lossy(text).into_owned();
            match (declared, timestamp(&text)) {
                (Some(Kind::Timestamp), Some(time)) => Cell::Timestamp(time),
                _ => Cell::Text(text),
            }
        }
    }
}

/// The declared type, else that of the first value: SQLite does not type expressions.
fn kind<'c>(declared: Option<Kind>, cells: impl IntoIterator<Item = &'c Cell>) -> Kind {
    declared.unwrap_or_else(|| match cells.into_iter().find(|cell| !matches!(cell, Cell::Null)) {
        Some(Cell::Boolean(_)) => Kind::Boolean,
        Some(Cell::Float(_)) => Kind::Float,
        Some(Cell::Text(_)) => Kind::Text,
        Some(Cell::Timestamp(_)) => Kind::Timestamp,
        Some(Cell::Integer(_) | Cell::Null) | None => Kind::Integer,
    })
}

pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

/// Text that sorts and compares as the time does.
pub(super) fn stored(time: Timestamp) -> String {
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
