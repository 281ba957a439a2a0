//! Runs every scenario of `tests/scenarios`, as its README says, through the public API of this crate.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge::{Error, Token, TokenSource};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::error::Error as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime};

#[test]
fn every_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).expect("readable");
            let scenario = serde_json::from_str(&text).expect("JSON");
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            Run::of(&name, &scenario).play();
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} scenarios were found");
}

struct Run<'a> {
    name: &'a str,
    scenario: &'a Value,
    world: World,
    secrets: Vec<String>,
}

impl<'a> Run<'a> {
    fn of(name: &'a str, scenario: &'a Value) -> Run<'a> {
        let spec = if scenario["world"].is_null() { json!({}) } else { scenario["world"].clone() };
        let world = support::CLOUD.world(spec);
        let mut places = support::places(&world);
        let secrets = ["secret_access_key", "session_token"].iter().filter_map(|name| places.remove(name));
        let secrets = secrets.filter(|secret| !secret.is_empty()).collect();
        Run { name, scenario, world, secrets }
    }

    fn play(&self) {
        let empty = json!({});
        let or_empty = |value: &'a Value| if value.is_null() { &empty } else { value };
        let (credential, environment) =
            (or_empty(&self.scenario["credential"]), or_empty(&self.scenario["environment"]));
        let mut builder = support::builder(&self.world, credential, environment);
        if let Some(scopes) = self.scenario["scopes"].as_array() {
            builder = builder.scopes(scopes.iter().filter_map(Value::as_str));
        }
        let calls = self.scenario["calls"].as_array().expect("calls");
        match (builder.build(), &calls[0]["build"]["error"]) {
            (Ok(source), Value::Null) => self.call(&source, calls),
            (Err(error), expected) if !expected.is_null() => self.expect(&error, expected),
            (result, _) => panic!("{}: building gave {result:?}", self.name),
        }
        let mut requests: Vec<_> = self.world.requests().into_iter().map(|record| record.operation).collect();
        requests.retain(|operation| !operation.starts_with("bigquery."));
        requests.sort();
        assert_eq!(json!(requests), self.scenario["requests"], "{}", self.name);
    }

    fn call(&self, source: &TokenSource, calls: &[Value]) {
        let name = self.name;
        let mut before: Option<Token> = None;
        for call in calls {
            if !call["fault"].is_null() {
                self.world.fault(call["fault"].clone());
                continue;
            }
            if !call["world"].is_null() {
                self.world.patch(call["world"].clone());
                continue;
            }
            let result = source.blocking().token();
            let is_the_one_before =
                |token: &Token| before.as_ref().is_some_and(|before| before.value() == token.value());
            match (&call["token"], result) {
                (Value::String(word), Ok(token)) => {
                    match word.as_str() {
                        "ok" => self.accept(&token),
                        "same" => assert!(is_the_one_before(&token), "{name}: another token"),
                        "new" => assert!(!is_the_one_before(&token), "{name}: the same token"),
                        other => panic!("{name}: unknown word `{other}`"),
                    }
                    before = Some(token);
                }
                (Value::Object(expected), Err(error)) => self.expect(&error, &expected["error"]),
                (_, result) => panic!("{name}: {call} gave {result:?}"),
            }
        }
    }

    /// A token that BigQuery takes, and that ends within the hour.
    fn accept(&self, token: &Token) {
        let left = token.expires_at().duration_since(SystemTime::now()).expect("not ended");
        assert!(left <= Duration::from_secs(3600), "{}: {left:?} left", self.name);
        let answer = self.session_user(token);
        assert!(answer.starts_with("HTTP/1.1 200"), "{}: {answer}", self.name);
    }

    /// BigQuery's answer to `SELECT SESSION_USER()`, as it comes over the wire.
    fn session_user(&self, token: &Token) -> String {
        let address = self.world.google_url.trim_start_matches("http://");
        let body = json!({ "query": "SELECT SESSION_USER()", "useLegacySql": false }).to_string();
        let mut stream = TcpStream::connect(address).expect("loopback");
        write!(
            stream,
            "POST /bigquery/v2/projects/my-project/queries HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            token.value(),
            body.len()
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    fn expect(&self, error: &Error, expected: &Value) {
        let name = self.name;
        let mut shown = json!({
            "kind": error.kind().name(),
            "step": error.step().name(),
            "status": error.status(),
            "code": error.code(),
        });
        for (member, value) in expected.as_object().expect("an object") {
            if !matches!(member.as_str(), "says" | "hints") {
                assert_eq!(&shown[member.as_str()].take(), value, "{name}: `{member}` of {error:?}");
            }
        }
        for (texts, place) in
            [(&expected["says"], error.message()), (&expected["hints"], error.hint().unwrap_or_default())]
        {
            for text in texts.as_array().into_iter().flatten().filter_map(Value::as_str) {
                assert!(place.contains(text), "{name}: `{text}` is not in `{place}`");
            }
        }
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let mut all = format!("{error} {error:?}");
        causes.for_each(|cause| all += &format!(" {cause} {cause:?}"));
        for secret in &self.secrets {
            assert!(!all.contains(secret.as_str()), "{name}: a secret is shown");
        }
    }
}
