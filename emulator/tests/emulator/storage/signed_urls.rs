//! Signed URLs, version 4: good for one request, by whoever holds them, until they end.

use super::{download, object, put};
use crate::support::{
    Reply, SERVICE_ACCOUNT, TOKEN_CREATOR, access_token, ask_credentials, bound, client, get, send, text,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rolebridge_emulator::World;
use serde_json::json;
use sha2::{Digest, Sha256};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is signed; every part can be spoilt before.
struct Signing<'w> {
    world: &'w World,
    bearer: &'w str,
    method: &'static str,
    path: String,
    email: String,
    time: Timestamp,
    lifetime: &'static str,
    /// Beside that of the host.
    headers: Vec<(&'static str, &'static str)>,
    parameters: Vec<(&'static str, &'static str)>,
}

impl<'w> Signing<'w> {
    fn of(world: &'w World, bearer: &'w str, name: &str) -> Signing<'w> {
        Signing {
            world,
            bearer,
            method: "GET",
            path: format!("/my-bucket/{}", utf8_percent_encode(name, UNRESERVED)),
            email: text(&world.info(), "service_account"),
            time: Timestamp::now(),
            lifetime: "300",
            headers: Vec::new(),
            parameters: Vec::new(),
        }
    }

    fn url(&self) -> String {
        let host = self.world.google_url.strip_prefix("http://").expect("plain HTTP");
        let time = self.time.strftime("%Y%m%dT%H%M%SZ").to_string();
        let scope = format!("{}/auto/storage/goog4_request", &time[..8]);
        let mut headers = self.headers.clone();
        headers.push(("host", host));
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let credential = format!("{}/{scope}", self.email);
        let mut parameters = vec![
            ("X-Goog-Algorithm", "GOOG4-RSA-SHA256"),
            ("X-Goog-Credential", &credential),
            ("X-Goog-Date", &time),
            ("X-Goog-Expires", self.lifetime),
            ("X-Goog-SignedHeaders", &names),
        ];
        parameters.extend(&self.parameters);
        parameters.sort_unstable();
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let query: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let query = query.join("&");
        let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let request = format!("{}\n{}\n{query}\n{headers}\n{names}\nUNSIGNED-PAYLOAD", self.method, self.path);
        let to_sign = format!("GOOG4-RSA-SHA256\n{time}\n{scope}\n{}", hexadecimal(&Sha256::digest(request)));
        let blob = json!({ "payload": BASE64_STANDARD.encode(to_sign) });
        let signed = text(&ask_credentials(self.world, self.bearer, "signBlob", &blob).ok(), "signedBlob");
        let signature = hexadecimal(&BASE64_STANDARD.decode(signed).expect("base64"));
        format!("{}{}?{query}&X-Goog-Signature={signature}", self.world.google_url, self.path)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fetch(url: &str) -> Reply {
    send(client().get(url))
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.element("Code").as_str()), (status, code), "{}", reply.body);
    assert_eq!(reply.headers["content-type"], "application/xml; charset=UTF-8");
}

#[test]
fn a_signed_url_opens_one_object_for_reading() {
    let world = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let token = access_token(&world);
    put(&world, &token, "a b+ü", "bytes").ok();
    put(&world, &token, "other", "secret").ok();
    let url = Signing::of(&world, &token, "a b+ü").url();
    let reply = fetch(&url);
    assert_eq!((reply.status, reply.body.as_str()), (200, "bytes"));
    let part = send(client().get(&url).header("range", "bytes=1-2"));
    assert_eq!((part.status, part.body.as_str()), (206, "yt"));

    let mut named = Signing::of(&world, &token, "other");
    named.parameters.push(("response-content-disposition", "attachment; filename=x y"));
    assert_eq!(fetch(&named.url()).headers["content-disposition"], "attachment; filename=x y");

    let digit = if url.ends_with('0') { "1" } else { "0" };
    let spoilt = format!("{}{digit}", &url[..url.len() - 1]);
    let reply = fetch(&spoilt);
    refused(&reply, 403, "SignatureDoesNotMatch");
    assert!(reply.element("StringToSign").starts_with("GOOG4-RSA-SHA256\n"));
    assert!(reply.element("CanonicalRequest").starts_with("GET\n/my-bucket/a%20b%2B%C3%BC\n"));
    refused(&fetch(&url.replace("a%20b%2B%C3%BC", "other")), 403, "SignatureDoesNotMatch");
    refused(&fetch(&url.replace("X-Goog-Expires=300", "X-Goog-Expires=301")), 403, "SignatureDoesNotMatch");
    refused(&fetch(&format!("{url}&generation=1")), 403, "SignatureDoesNotMatch");
    refused(&send(client().delete(&url)), 403, "SignatureDoesNotMatch");
    assert_eq!(fetch(&url).body, "bytes", "it is still good");
    assert!(world.requests().iter().all(|record| !record.path.contains("X-Goog-Signature")));
}

#[test]
fn a_signed_url_takes_what_it_was_signed_for() {
    let world = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let token = access_token(&world);
    let mut signing = Signing::of(&world, &token, "made.csv");
    signing.method = "PUT";
    signing.headers = vec![("content-type", "text/csv"), ("x-goog-meta-key", "value")];
    let url = signing.url();
    let send_as = |kind: &str, headers: &[(&str, &str)]| {
        let request = client().put(&url).header("content-type", kind).body("1,2");
        send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
    };
    refused(&send_as("text/plain", &[("x-goog-meta-key", "value")]), 403, "SignatureDoesNotMatch");
    refused(&send_as("text/csv", &[("x-goog-meta-key", "other")]), 403, "SignatureDoesNotMatch");
    refused(&send_as("text/csv", &[]), 400, "MalformedSecurityHeader");
    let unsigned = [("x-goog-meta-key", "value"), ("x-goog-meta-more", "1")];
    refused(&send_as("text/csv", &unsigned), 400, "MalformedSecurityHeader");
    get(object(&world, "made.csv"), &token).refused(404, "notFound");
    assert_eq!(send_as("text/csv", &[("x-goog-meta-key", "value")]).status, 200);
    let made = get(object(&world, "made.csv"), &token).ok();
    assert_eq!((&made["contentType"], &made["metadata"]["key"]), (&json!("text/csv"), &json!("value")));
    assert_eq!(download(&world, &token, "made.csv").body, "1,2");
}

#[test]
fn a_signed_url_ends() {
    let world = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let token = access_token(&world);
    put(&world, &token, "one", "1").ok();
    let mut signing = Signing::of(&world, &token, "one");
    signing.time = Timestamp::now() - SignedDuration::from_secs(280);
    assert_eq!(fetch(&signing.url()).status, 200);
    signing.time = Timestamp::now() - SignedDuration::from_secs(302);
    let ended = fetch(&signing.url());
    refused(&ended, 400, "ExpiredToken");
    assert_eq!(ended.element("Message"), "The provided token has expired.");
    signing.time = Timestamp::now() + SignedDuration::from_mins(30);
    refused(&fetch(&signing.url()), 403, "RequestTimeTooSkewed");
    signing.time = Timestamp::now();
    for lifetime in ["0", "604801", "long"] {
        signing.lifetime = lifetime;
        refused(&fetch(&signing.url()), 400, "MalformedSecurityHeader");
    }
    signing.lifetime = "604800";
    let url = signing.url();
    assert_eq!(fetch(&url).status, 200);
    world.patch(json!({ "clock": { "offset_seconds": 604_860 } }));
    refused(&fetch(&url), 400, "ExpiredToken");
}

#[test]
fn a_signature_is_only_worth_what_its_signer_may() {
    let world = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let token = access_token(&world);
    put(&world, &token, "one", "1").ok();
    let mut signing = Signing::of(&world, &token, "one");
    let url = signing.url();
    signing.email = "someone@my-project.iam.gserviceaccount.com".into();
    assert_eq!(fetch(&signing.url()).status, 403);
    let other = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let foreign = Signing::of(&other, &access_token(&other), "one").url();
    refused(&fetch(&foreign.replace(&other.google_url, &world.google_url)), 403, "SignatureDoesNotMatch");
    world.patch(json!({ "grants": [] }));
    refused(&fetch(&url), 403, "AccessDenied");
}
