//! HTTP/1.1 as it goes over the wire: a request byte by byte as a test writes it, and all of the answer.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// An answer, its headers' names in lower case.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A request with these headers and no others but the two that every client sends.
pub(crate) fn ask(host: &str, request: &str, headers: &[&str]) -> Answer {
    let named = if headers.iter().any(|header| header.starts_with("Host:")) {
        String::new()
    } else {
        format!("Host: {host}\r\n")
    };
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    send(host, &format!("{request} HTTP/1.1\r\n{named}{headers}Connection: close\r\n\r\n"))
}

/// As a library asks.
pub(crate) fn read(host: &str, path: &str) -> Answer {
    ask(host, &format!("GET {path}"), &["Metadata-Flavor: Google"])
}

fn send(host: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status").parse().expect("a number");
    let headers = lines
        .map(|line| line.split_once(": ").expect("a header"))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Answer { status, headers, body: body.to_owned() }
}

/// A call of one of Google's REST APIs, and its answer.
pub(crate) fn call(google: &str, method: &str, path: &str, token: &str, body: &Value) -> Value {
    let host = google.strip_prefix("http://").expect("plain HTTP");
    let body = body.to_string();
    let answer = send(
        host,
        &format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
    );
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Whom BigQuery sees behind a token.
pub(crate) fn session_user(google: &str, token: &str) -> String {
    let query = json!({ "query": "SELECT SESSION_USER()", "useLegacySql": false });
    let answer = call(google, "POST", "/bigquery/v2/projects/my-project/queries", token, &query);
    answer["rows"][0]["f"][0]["v"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}
