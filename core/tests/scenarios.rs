//! Runs every scenario of `tests/scenarios`, as its README says, through the public API of this crate.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge::binding::{self, FlightReport, Level};
use rolebridge::{Error, Signature, Token, TokenSource};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::error::Error as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::published;

/// Who is shown an ID token, unless a call names another.
const AUDIENCE: &str = "https://service.example";

/// What is signed: bytes that are no text.
const PAYLOAD: &[u8] = b"payload\x00\xff";

#[test]
fn every_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let (mut count, mut failed) = (0, Vec::new());
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = fs::read_to_string(&path).expect("readable");
            let scenario = serde_json::from_str(&text).expect("JSON");
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            // One that fails hides no other.
            if std::panic::catch_unwind(|| Run::of(&name, &scenario).play()).is_err() {
                failed.push(name);
            }
            count += 1;
        }
    }
    assert!(count >= 80, "only {count} scenarios were found");
    // Past the test runner, which shows nothing of a test that passes: for `tests/run`.
    writeln!(std::io::stderr(), "scenarios in Rust: {}", count - failed.len()).expect("written");
    assert!(failed.is_empty(), "of {count} scenarios, {} failed: {failed:?}", failed.len());
}

struct Run<'a> {
    name: &'a str,
    scenario: &'a Value,
    world: World,
    /// The folder that `HOME` names; it goes with the run.
    home: PathBuf,
    /// What no error may show.
    secrets: BTreeSet<String>,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // A failure is told by the run; a folder that stays is below `target`.
        let _ = fs::remove_dir_all(&self.home);
    }
}

impl<'a> Run<'a> {
    fn of(name: &'a str, scenario: &'a Value) -> Run<'a> {
        let spec = if scenario["world"].is_null() { json!({}) } else { scenario["world"].clone() };
        let world = support::CLOUD.world(spec);
        let folder = format!("scenario-{name}-{}", std::process::id());
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&home).expect("a folder");
        let mut run = Run { name, scenario, world, home, secrets: BTreeSet::new() };
        run.note_secrets();
        run.write_files(&scenario["files"]);
        run
    }

    /// The world's secrets as they are now.
    fn note_secrets(&mut self) {
        let info = self.world.info();
        let keys =
            ["keys", "container_keys"].map(|keys| [&info[keys]["secret_access_key"], &info[keys]["session_token"]]);
        let tokens = ["container_token", "web_identity_token", "sso_access_token", "sso_refresh_token"];
        let all = keys.into_iter().flatten().chain(tokens.iter().map(|name| &info[*name]));
        let all = all.chain([&info["sso_client_secret"]]).filter_map(Value::as_str).filter(|text| !text.is_empty());
        self.secrets.extend(all.map(str::to_owned));
    }

    fn home(&self) -> &str {
        self.home.to_str().expect("UTF-8")
    }

    fn fill(&self, value: &Value) -> Value {
        support::fill(value, &support::places(&self.world, self.home()))
    }

    /// Writes files into the home; a text as it is, and all else as JSON.
    fn write_files(&self, files: &Value) {
        for (path, content) in files.as_object().into_iter().flatten() {
            let path = self.home.join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
            let content = self.fill(content);
            let content = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
            fs::write(path, content).expect("written");
        }
    }

    fn play(mut self) {
        let scenario = self.scenario;
        let or_empty = |value: &Value| if value.is_null() { json!({}) } else { value.clone() };
        let environment = support::environment_at(&self.world, &or_empty(&scenario["environment"]), self.home());
        let builder = support::builder(&self.world, &or_empty(&scenario["credential"]), &json!({}));
        let mut builder = builder.environment(environment);
        if let Some(scopes) = scenario["scopes"].as_array() {
            builder = builder.scopes(scopes.iter().filter_map(Value::as_str));
        }
        let calls = scenario["calls"].as_array().expect("calls");
        match (builder.build(), &calls[0]["build"]["error"]) {
            (Ok(source), Value::Null) => self.call(source, calls),
            (Err(error), expected) if !expected.is_null() => self.expect(&error, expected),
            (result, _) => panic!("{}: building gave {result:?}", self.name),
        }
        let mut requests: Vec<_> = self.world.requests().into_iter().map(|record| record.operation).collect();
        // The runner's own questions.
        requests.retain(|operation| !operation.starts_with("bigquery.") && !operation.starts_with("www."));
        requests.sort();
        assert_eq!(json!(requests), scenario["requests"], "{}", self.name);
    }

    fn call(&mut self, mut source: TokenSource, calls: &[Value]) {
        let name = self.name;
        binding::flight_reports(&source);
        let mut before: Option<String> = None;
        for call in calls {
            if !call["fault"].is_null() {
                self.world.fault(call["fault"].clone());
                continue;
            }
            if !call["world"].is_null() {
                self.world.patch(call["world"].clone());
                self.note_secrets();
                continue;
            }
            if !call["files"].is_null() {
                self.write_files(&call["files"]);
                continue;
            }
            if let Some(scopes) = call["scopes"].as_array() {
                source = source.with_scopes(scopes.iter().filter_map(Value::as_str));
                continue;
            }
            let (wanted, result) = self.answer(&source, call);
            match (wanted, result) {
                (Value::String(word), Ok(value)) => {
                    let is_the_one_before = before == value;
                    match word.as_str() {
                        "ok" => {}
                        "same" => assert!(is_the_one_before, "{name}: another token"),
                        "new" => assert!(!is_the_one_before, "{name}: the same token"),
                        other => panic!("{name}: unknown word `{other}`"),
                    }
                    before = value.or(before);
                }
                (Value::Object(expected), Err(error)) => self.expect(&error, &expected["error"]),
                (_, result) => panic!("{name}: {call} gave {:?}", result.map(drop)),
            }
        }
        self.expect_log(&binding::flight_reports(&source));
    }

    /// What a call wants, and the value of the token that it brought, checked; none of a signature.
    fn answer<'c>(&self, source: &TokenSource, call: &'c Value) -> (&'c Value, Result<Option<String>, Error>) {
        let source = source.blocking();
        let value = |token: Token| Some(token.value().to_owned());
        match (&call["token"], &call["id_token"]) {
            (Value::Null, Value::Null) => {
                let verify = |signature: &Signature| published::verify_signature(&self.world, signature, PAYLOAD);
                (&call["sign"], source.sign(PAYLOAD).inspect(verify).map(|_| None))
            }
            (Value::Null, wanted) => {
                let audience = call["audience"].as_str().unwrap_or(AUDIENCE);
                (wanted, source.id_token(audience).inspect(|token| self.accept_id_token(token, audience)).map(value))
            }
            (wanted, _) => {
                let accept = |token: &Token| {
                    if wanted == "ok" {
                        self.accept(token);
                    }
                };
                (wanted, source.token().inspect(accept).map(value))
            }
        }
    }

    /// The account's for its audience, which ends within the hour; the token's end is its own claim.
    fn accept_id_token(&self, token: &Token, audience: &str) {
        let claims = published::claims(&self.world, token.value());
        assert_eq!((&claims["aud"], &claims["email"]), (&json!(audience), &self.world.info()["service_account"]));
        let end = UNIX_EPOCH + Duration::from_secs(claims["exp"].as_u64().expect("a time"));
        for end in [end, token.expires_at()] {
            let left = end.duration_since(SystemTime::now()).expect("not ended");
            assert!(left <= Duration::from_secs(3600), "{}: {left:?} left", self.name);
        }
    }

    /// The warnings of the scenario, and no secret in any line.
    fn expect_log(&self, reports: &[FlightReport]) {
        let records: Vec<_> = reports.iter().flat_map(FlightReport::records).collect();
        let warnings: Vec<_> =
            records.iter().filter(|it| it.level == Level::Warning).map(|it| it.message.as_str()).collect();
        let expected: Vec<_> = self.scenario["warnings"].as_array().into_iter().flatten().collect();
        let same = expected.len() == warnings.len()
            && warnings.iter().zip(&expected).all(|(it, text)| text.as_str().is_some_and(|text| it.contains(text)));
        assert!(same, "{}: the log warns of {warnings:?}, not of {expected:?}", self.name);
        let all = format!("{reports:?} {records:?}");
        for secret in &self.secrets {
            assert!(!all.contains(secret.as_str()), "{}: the log shows a secret", self.name);
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
        let expected = &self.fill(expected);
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
