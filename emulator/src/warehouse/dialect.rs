//! From BigQuery's dialect to SQLite's, and what BigQuery has against a query.

pub(crate) const DATASET: &str = "mydataset";

pub(crate) struct Query<'q> {
    pub(crate) sql: &'q str,
    pub(crate) project: &'q str,
    /// A table's name may stand alone.
    pub(crate) has_default_dataset: bool,
}

pub(crate) enum Problem {
    Invalid(String),
    NotFound(String),
    Denied(String),
    NotImitated(&'static str),
}

/// What differs: quotes, comments, and names with a project in front. `tables` are those of the dataset.
pub(crate) fn translate(query: &Query<'_>, tables: &[String]) -> Result<String, Problem> {
    let mut sql = String::new();
    let mut rest = query.sql;
    // The word before the one at hand, in capitals: after FROM and JOIN stands a table.
    let mut last_word = String::new();
    let project = format!("{}.", query.project);
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = ["--", "#"].iter().find_map(|mark| rest.strip_prefix(mark)) {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").ok_or_else(|| unclosed("comment"))?.1;
            sql.push(' ');
        } else if first == '\'' || first == '"' {
            let (text, after) = string_literal(rest, first)?;
            sql.push_str(&format!("'{}'", text.replace('\'', "''")));
            rest = after;
            last_word.clear();
        } else if first == '`' {
            let (path, after) = rest[1..].split_once('`').ok_or_else(|| unclosed("identifier"))?;
            let is_table = last_word == "FROM" || last_word == "JOIN";
            sql.push_str(&quoted_path(path, query, tables, is_table)?);
            rest = after;
            last_word.clear();
        } else if rest.starts_with(&project) {
            rest = &rest[project.len()..];
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let is_alone = !after.starts_with('.') && !sql.ends_with('.');
            let is_known = tables.iter().any(|table| table == word);
            if is_alone && is_known && (last_word == "FROM" || last_word == "JOIN") && !query.has_default_dataset {
                return Err(Problem::Invalid(unqualified(word)));
            }
            sql.push_str(word);
            last_word = word.to_uppercase();
            if sql.trim_start().len() == word.len() && !["SELECT", "WITH"].contains(&last_word.as_str()) {
                return Err(match last_word.as_str() {
                    "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "CREATE" | "DROP" | "ALTER" | "TRUNCATE" => {
                        Problem::NotImitated("statements that change data")
                    }
                    _ => Problem::Invalid(format!("Syntax error: Unexpected identifier \"{word}\"")),
                });
            }
            rest = after;
        } else {
            sql.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if sql.trim().is_empty() {
        return Err(Problem::Invalid("Syntax error: Unexpected end of statement".into()));
    }
    Ok(sql)
}

/// `project.dataset.table`, `dataset.table` or one name, between backticks.
fn quoted_path(path: &str, query: &Query<'_>, tables: &[String], is_table: bool) -> Result<String, Problem> {
    let mut parts: Vec<&str> = path.split('.').collect();
    if parts.len() == 3 {
        if parts[0] != query.project {
            let (project, table) = path.split_once('.').expect("three parts");
            return Err(Problem::Denied(format!(
                "Access Denied: Table {project}:{table}: User does not have permission to query table \
                 {project}:{table}, or perhaps it does not exist."
            )));
        }
        parts.remove(0);
    }
    if is_table && parts.len() == 1 && tables.iter().any(|table| table == parts[0]) && !query.has_default_dataset {
        return Err(Problem::Invalid(unqualified(parts[0])));
    }
    let quoted: Vec<String> = parts.iter().map(|part| quoted(part)).collect();
    Ok(quoted.join("."))
}

/// A name as SQLite takes any.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What stands between quotes, unescaped, and what follows.
fn string_literal(text: &str, quote: char) -> Result<(String, &str), Problem> {
    let mut value = String::new();
    let mut letters = text[1..].char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok((value, &text[index + 2..])),
            '\\' => match letters.next().ok_or_else(|| unclosed("string literal"))?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                escaped @ ('\\' | '\'' | '"' | '`' | '?') => value.push(escaped),
                _ => return Err(Problem::NotImitated("this escape in a string literal")),
            },
            _ => value.push(letter),
        }
    }
    Err(unclosed("string literal"))
}

fn unclosed(what: &str) -> Problem {
    Problem::Invalid(format!("Syntax error: Unclosed {what}"))
}

pub(crate) fn unqualified(table: &str) -> String {
    format!("Table \"{table}\" must be qualified with a dataset (e.g. dataset.table).")
}
