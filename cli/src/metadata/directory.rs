//! What the metadata server holds: directories and values, and the three forms in which they are written. Pure.
//!
//! The paths are those of <https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys> that say something
//! of an account or a project. Of an instance, there is none here.

use serde_json::{Map, Value};

/// What is said of the workload.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) account: Account,
    pub(super) scopes: Vec<String>,
    pub(super) project: Option<String>,
    pub(super) project_number: String,
    pub(super) universe_domain: String,
}

/// Whose tokens are given out.
#[derive(Clone)]
pub(super) struct Account {
    /// A service account's e-mail address; in direct access the pool, which no `@` is in.
    pub(super) name: String,
    pub(super) gives_id_tokens: bool,
}

/// What a path leads to.
pub(super) enum Entry {
    Directory(Vec<(String, Entry)>),
    Text(String),
    Number(String),
    Lines(Vec<String>),
    /// An access token, made when it is asked for.
    Token,
    /// An ID token, made when it is asked for.
    Identity,
}

fn directory<const N: usize>(entries: [(&str, Option<Entry>); N]) -> Entry {
    let named = |(name, entry): (&str, Option<Entry>)| Some((name.to_owned(), entry?));
    Entry::Directory(entries.into_iter().filter_map(named).collect())
}

impl Entry {
    /// Everything, from `/` on.
    pub(super) fn root(facts: Facts) -> Entry {
        let name = facts.account.name.clone();
        let account = || {
            directory([
                ("aliases", Some(Entry::Lines(vec!["default".to_owned()]))),
                ("email", Some(Entry::Text(name.clone()))),
                ("identity", facts.account.gives_id_tokens.then_some(Entry::Identity)),
                ("scopes", Some(Entry::Lines(facts.scopes.clone()))),
                ("token", Some(Entry::Token)),
            ])
        };
        let accounts = directory([("default", Some(account())), (&name, Some(account()))]);
        let project = directory([
            ("numeric-project-id", Some(Entry::Number(facts.project_number))),
            ("project-id", facts.project.map(Entry::Text)),
        ]);
        let universe = directory([("universe-domain", Some(Entry::Text(facts.universe_domain)))]);
        let version = directory([
            ("instance", Some(directory([("service-accounts", Some(accounts))]))),
            ("project", Some(project)),
            ("universe", Some(universe)),
        ]);
        directory([("computeMetadata", Some(directory([("v1", Some(version))])))])
    }

    /// What the path leads to; a directory's may end in `/`.
    pub(super) fn find(&self, path: &str) -> Option<&Entry> {
        let (name, rest) = match path.strip_prefix('/') {
            None | Some("") => return matches!((self, path), (Entry::Directory(_), _) | (_, "")).then_some(self),
            Some(path) => path.find('/').map_or((path, ""), |end| path.split_at(end)),
        };
        let Entry::Directory(entries) = self else { return None };
        // Libraries write it both ways.
        let name = if name == "universe_domain" { "universe-domain" } else { name };
        entries.iter().find(|(known, _)| known == name)?.1.find(rest)
    }

    /// As plain text: a directory as the names in it, one a line.
    pub(super) fn text(&self) -> String {
        let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect();
        match self {
            Entry::Directory(entries) => {
                entries.iter().map(|(name, entry)| format!("{name}{}\n", entry.mark())).collect()
            }
            Entry::Text(text) | Entry::Number(text) => text.clone(),
            Entry::Lines(values) => lines(values),
            Entry::Token | Entry::Identity => String::new(),
        }
    }

    /// Everything below as plain text, a line for each value: its path and the value.
    pub(super) fn paths(&self) -> String {
        let mut lines = Vec::new();
        self.write_paths("", &mut lines);
        lines.concat()
    }

    fn write_paths(&self, path: &str, lines: &mut Vec<String>) {
        match self {
            Entry::Directory(entries) => {
                for (name, entry) in entries {
                    entry.write_paths(&format!("{path}{name}{}", entry.mark()), lines);
                }
            }
            Entry::Text(text) | Entry::Number(text) => lines.push(format!("{path} {text}\n")),
            Entry::Lines(values) => lines.extend(values.iter().map(|value| format!("{path} {value}\n"))),
            Entry::Token | Entry::Identity => {}
        }
    }

    /// Everything below as JSON; what is made when it is asked for is left out.
    pub(super) fn json(&self) -> Value {
        match self {
            Entry::Directory(entries) => {
                let shown = entries.iter().filter(|(_, entry)| !matches!(entry, Entry::Token | Entry::Identity));
                Value::Object(
                    shown.map(|(name, entry)| (json_name(name).to_owned(), entry.json())).collect::<Map<_, _>>(),
                )
            }
            Entry::Text(text) => text.as_str().into(),
            Entry::Number(text) => text.parse::<u64>().map_or_else(|_| text.as_str().into(), Value::from),
            Entry::Lines(lines) => lines.as_slice().into(),
            Entry::Token | Entry::Identity => Value::Null,
        }
    }

    fn mark(&self) -> &'static str {
        if matches!(self, Entry::Directory(_)) { "/" } else { "" }
    }
}

/// The names of paths as JSON has them; those of accounts are the same in both.
fn json_name(name: &str) -> &str {
    match name {
        "service-accounts" => "serviceAccounts",
        "numeric-project-id" => "numericProjectId",
        "project-id" => "projectId",
        "universe-domain" => "universeDomain",
        other => other,
    }
}
