//! Every Signature Version 4 vector that ships in the crate `aws-sigv4` with its context, stage by stage.
//!
//! The suite is AWS's own (`aws-signing-test-suite` of awslabs/aws-c-auth), read where cargo keeps the crate. Of each
//! vector we take the variant that signs by header, as Google wants it, and leave the one that signs by query.
#![allow(clippy::panic, reason = "a test may fail")]

use rolebridge::binding::sigv4::{self, CanonicalRequest, Request, Scope};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many vectors have a context. Two older ones in the same folder have none.
const VECTORS: usize = 38;

#[test]
fn all_vectors_pass_every_stage() {
    let mut names = Vec::new();
    let mut mismatches = Vec::new();
    for entry in fs::read_dir(suite()).expect("the suite is in the crate") {
        let folder = entry.expect("an entry").path();
        if folder.join("context.json").is_file() {
            let vector = Vector::read(&folder);
            mismatches.extend(vector.mismatches());
            names.push(vector.name);
        }
    }
    assert_eq!(names.len(), VECTORS, "vectors were found: {names:?}");
    assert!(mismatches.is_empty(), "{}", mismatches.join("\n"));
}

/// The older vector that shows a path encoded once more than it stands in the request.
#[test]
fn a_path_is_encoded_twice() {
    let folder = suite().join("double-encode-path");
    let request = HttpRequest::parse(&read(&folder.join("request.txt")));
    let canonical = request.canonical(&request.path, "20210511T154045Z", &[], true);
    assert_eq!(canonical.text, read(&folder.join("header-canonical-request.txt")));
}

struct Vector {
    name: String,
    request: HttpRequest,
    context: Value,
    canonical: String,
    to_sign: String,
    signature: String,
}

impl Vector {
    fn read(folder: &Path) -> Vector {
        let file = |name: &str| read(&folder.join(name));
        Vector {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            request: HttpRequest::parse(&file("request.txt")),
            context: serde_json::from_str(&file("context.json")).expect("a context is JSON"),
            canonical: file("header-canonical-request.txt"),
            to_sign: file("header-string-to-sign.txt"),
            signature: file("header-signature.txt"),
        }
    }

    /// Each stage starts from AWS's result of the stage before, so that one fault is one line.
    fn mismatches(&self) -> Vec<String> {
        let text = |pointer: &str| self.context.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let is = |name: &str| self.context[name] == true;

        let time = text("/timestamp").replace(['-', ':'], "");
        let scope = Scope { time: &time, region: text("/region"), service: text("/service") };
        let body_sha256 = sigv4::sha256_hex(self.request.body.as_bytes());
        let mut added = Vec::new();
        if !text("/credentials/token").is_empty() && !is("omit_session_token") {
            added.push(("X-Amz-Security-Token", text("/credentials/token")));
        }
        if is("sign_body") {
            added.push(("X-Amz-Content-Sha256", &body_sha256));
        }

        // The suite encodes a path once, the signer once more than it stands in the request: here it must stand plain.
        let path = percent_encoding::percent_decode_str(&self.request.path).decode_utf8_lossy();
        let canonical = self.request.canonical(&path, &time, &added, is("normalize"));
        let theirs = CanonicalRequest { text: self.canonical.clone(), signed_headers: String::new() };
        let stages = [
            ("canonical request", canonical.text, &self.canonical),
            ("string to sign", sigv4::string_to_sign(&theirs, &scope), &self.to_sign),
            (
                "signature",
                sigv4::signature(text("/credentials/secret_access_key"), &scope, &self.to_sign),
                &self.signature,
            ),
        ];
        stages
            .into_iter()
            .filter(|(_, ours, theirs)| ours != *theirs)
            .map(|(stage, ours, theirs)| format!("{}: {stage}\nours:\n{ours}\nAWS's:\n{theirs}\n", self.name))
            .collect()
    }
}

/// A request as the suite writes it: an HTTP message whose lines end in `\n`, and whose target may hold anything.
struct HttpRequest {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl HttpRequest {
    fn parse(text: &str) -> HttpRequest {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let (line, fields) = head.split_once('\n').expect("a request line and headers");
        let (method, target) = line.strip_suffix(" HTTP/1.1").and_then(|line| line.split_once(' ')).expect("a request");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, String)> = Vec::new();
        for field in fields.lines() {
            match (field.strip_prefix(' '), headers.last_mut()) {
                // A folded line goes on with the value of the one before.
                (Some(more), Some((_, value))) => *value = format!("{value}\n{more}"),
                _ => {
                    let (name, value) = field.split_once(':').expect("a header");
                    headers.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        HttpRequest { method: method.into(), path: path.into(), query: query.into(), headers, body: body.into() }
    }

    fn canonical(&self, path: &str, time: &str, added: &[(&str, &str)], normalize_path: bool) -> CanonicalRequest {
        let given = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut headers: Vec<(&str, &str)> =
            given.filter(|(name, _)| !name.eq_ignore_ascii_case("x-amz-date")).collect();
        headers.push(("X-Amz-Date", time));
        headers.extend_from_slice(added);
        sigv4::canonical_request(&Request {
            method: &self.method,
            path,
            query: &self.query,
            headers: &headers,
            body_sha256: &sigv4::sha256_hex(self.body.as_bytes()),
            normalize_path,
        })
    }
}

/// The suite's folder, in the crate as cargo unpacked it to build this test.
fn suite() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--filter-platform=host-tuple", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let judge = packages.find(|package| package["name"] == "aws-sigv4").expect("a dependency of this crate");
    let manifest = judge["manifest_path"].as_str().expect("a path");
    Path::new(manifest).with_file_name("aws-signing-test-suite").join("v4")
}

fn read(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    text.replace("\r\n", "\n").trim_end().to_owned()
}
