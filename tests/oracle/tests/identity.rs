//! Whose identity is used, against `aws-config`: every row of `tests/identities`, as its README says, asked of both.
#![allow(clippy::panic, reason = "a test may fail")]

use rolebridge::{Environment, TokenSource};
use rolebridge_emulator::{Cloud, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

/// At least so many are to be there, or the folder was not found.
const ROWS: usize = 100;
/// How many are asked at a time: most of their time is spent in waiting.
const AT_ONCE: usize = 4;

#[test]
fn the_identity_is_that_of_aws_config_or_the_difference_is_listed() {
    let cloud = Cloud::start().expect("the emulator starts");
    let rows = rows();
    assert!(rows.len() >= ROWS, "only {} rows were found", rows.len());
    let (left, mismatches) = (Mutex::new(rows.iter()), Mutex::new(Vec::new()));
    let next = || left.lock().expect("nobody panics with it").next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = next() {
                    let wrong = [ours(&cloud, row), theirs(&cloud, row)].into_iter().filter_map(Result::err);
                    mismatches.lock().expect("nobody panics with it").extend(wrong);
                }
            });
        }
    });
    let mismatches = mismatches.into_inner().expect("all threads have ended");
    assert!(mismatches.is_empty(), "{} of {} rows:\n{}", mismatches.len(), rows.len(), mismatches.join("\n"));
}

#[test]
fn every_difference_is_described_and_none_else() {
    let said: BTreeSet<String> = rows()
        .iter()
        .flat_map(|row| [row.data["aws-config"].clone(), row.data["botocore"].clone()])
        .filter_map(|judge| judge["because"].as_str().map(str::to_owned))
        .collect();
    let page = fs::read_to_string(top().join("ARCHITECTURE.md")).expect("readable");
    let (_, after) = page.split_once("## Whose identity, beside AWS's own libraries").expect("the section");
    let section = after.split("\n## ").next().unwrap_or_default();
    let described: BTreeSet<String> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| **")?.split_once("**").map(|(name, _)| name.to_owned()))
        .collect();
    assert_eq!(said, described);
}

struct Row {
    /// For a folder, and for whoever reads a failure.
    name: String,
    data: Value,
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for entry in fs::read_dir(top().join("tests/identities")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let Some(Value::Array(data)) = read(&path) else { continue };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        rows.extend(data.into_iter().enumerate().map(|(index, data)| Row { name: format!("{stem}-{index}"), data }));
    }
    rows
}

fn read(path: &Path) -> Option<Value> {
    path.extension().filter(|extension| *extension == "json")?;
    Some(serde_json::from_str(&fs::read_to_string(path).expect("readable")).expect("JSON"))
}

/// Whom Google takes us for, which must be whom the row says.
fn ours(cloud: &Cloud, row: &Row) -> Result<(), String> {
    let place = Place::new(cloud, row, "ours");
    let variables = place.environment.clone();
    let environment = Environment::from_lookup(|name| variables.get(name).cloned());
    let text = place.fill(include_str!("../../credential.json"));
    let mut credential: Value = serde_json::from_str(&text).expect("JSON");
    // Direct access: the identity itself is whom BigQuery sees.
    credential.as_object_mut().expect("an object").remove("service_account_impersonation_url");
    let source = TokenSource::builder().json(credential.to_string()).environment(environment).build();
    let source = source.unwrap_or_else(|error| panic!("{}: {error:?}", row.name));
    let (found, why) = match source.blocking().token() {
        Ok(token) => (place.session_user(token.value()), String::new()),
        Err(error) => (String::new(), format!("{error:?}")),
    };
    row.judge("rolebridge", &row.data["identity"], &found, &why)
}

/// Whom AWS STS takes `aws-config` for, which must be the same or what the row says of it.
fn theirs(cloud: &Cloud, row: &Row) -> Result<(), String> {
    let place = Place::new(cloud, row, "theirs");
    let output = Command::new(env!("CARGO_BIN_EXE_aws-config-identity"))
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(&place.environment)
        .output()
        .expect("the program runs");
    // It panics at keys that no header can carry: then it prints nothing.
    let found = String::from_utf8_lossy(&output.stdout);
    row.judge("aws-config", row.expected("aws-config"), found.trim(), &String::from_utf8_lossy(&output.stderr))
}

impl Row {
    fn expected(&self, judge: &str) -> &Value {
        let difference = &self.data[judge];
        if difference.is_null() { &self.data["identity"] } else { &difference["identity"] }
    }

    /// `found` is an ARN, or empty.
    fn judge(&self, who: &str, expected: &Value, found: &str, why: &str) -> Result<(), String> {
        let resource = found.splitn(6, ':').nth(5).unwrap_or_default();
        let expected = expected.as_str().unwrap_or_default();
        let agrees = match expected.strip_suffix('*') {
            Some(start) => resource.starts_with(start),
            None => resource == expected,
        };
        if agrees {
            return Ok(());
        }
        Err(format!("{} ({}): {who} is `{resource}` and not `{expected}` {why}", self.name, self.data["about"]))
    }
}

/// A world, and a home with a row's files in it.
struct Place {
    world: World,
    names: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
}

impl Place {
    fn new(cloud: &Cloud, row: &Row, who: &str) -> Place {
        let mut spec = read(&top().join("tests/identities/world.json")).expect("the world of all rows");
        merge(&mut spec, &row.data["world"]);
        let world = cloud.world(spec);
        for fault in row.data["faults"].as_array().into_iter().flatten() {
            world.fault(fault.clone());
        }
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{who}", row.name));
        // Left behind by the run before.
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(&home).expect("made");
        let mut place = Place { names: names(&world.info()), world, environment: BTreeMap::new() };
        place.names.insert("home".into(), home.to_string_lossy().into_owned());
        for (name, text) in row.data["files"].as_object().into_iter().flatten() {
            let path = home.join(name);
            fs::create_dir_all(path.parent().expect("below the home")).expect("made");
            fs::write(path, place.fill(text.as_str().expect("text"))).expect("written");
        }
        let mut variables = json!({
            "HOME": "{home}",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "{metadata}",
            "AWS_ENDPOINT_URL_STS": "{aws_sts}",
            "AWS_ENDPOINT_URL_SSO": "{sso_portal}",
            "AWS_ENDPOINT_URL_SSO_OIDC": "{sso_oidc}",
            "ROLEBRIDGE_ALLOW_LOOPBACK": "1",
        });
        merge(&mut variables, &row.data["environment"]);
        let text = |value: &Value| place.fill(value.as_str().expect("a variable is text"));
        let variables = variables.as_object().expect("an object").iter();
        place.environment = variables.map(|(name, value)| (name.clone(), text(value))).collect();
        place
    }

    fn fill(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, own)| text.replace(&format!("{{{name}}}"), own))
    }

    /// The ARN that BigQuery's `SELECT SESSION_USER()` gives for a token.
    fn session_user(&self, token: &str) -> String {
        let address = self.world.google_url.trim_start_matches("http://");
        let body = json!({ "query": "SELECT SESSION_USER()", "useLegacySql": false }).to_string();
        let mut stream = TcpStream::connect(address).expect("loopback");
        write!(
            stream,
            "POST /bigquery/v2/projects/my-project/queries HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        let (_, after) = answer.split_once("/subject/").unwrap_or_else(|| panic!("no subject: {answer}"));
        after.split('"').next().unwrap_or_default().to_owned()
    }
}

/// What the braces of a row stand for: the members of a world's info, and of the keys in it.
fn names(info: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    // The credential file keeps its `{region}`.
    for (name, value) in info.as_object().expect("an object").iter().filter(|(name, _)| *name != "region") {
        names.extend(text(value).map(|text| (name.clone(), text)));
    }
    for user in info["users"].as_array().into_iter().flatten().chain([&info["keys"]]) {
        let owner = user["name"].as_str().unwrap_or("keys");
        for (name, value) in user.as_object().into_iter().flatten() {
            names.extend(text(value).map(|text| (format!("{owner}.{name}"), text)));
        }
    }
    names
}

/// A member takes the place of its like. `null` is a value as others are: an instance without a role.
fn merge(target: &mut Value, patch: &Value) {
    for (name, member) in patch.as_object().into_iter().flatten() {
        let place = &mut target[name.as_str()];
        if member.is_object() { merge(place, member) } else { *place = member.clone() }
    }
}
