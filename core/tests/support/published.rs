//! The keys that a world publishes, and whether they signed what a service account is said to have given.
#![allow(clippy::disallowed_methods, reason = "a test stands outside")]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use rolebridge::Signature;
use rolebridge_emulator::World;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

/// The claims of an ID token that one of Google's keys has signed.
pub(crate) fn claims(world: &World, token: &str) -> Value {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    let json = |part: &str| serde_json::from_slice::<Value>(&decoded(part)).expect("JSON");
    let header = json(header);
    assert_eq!(header["alg"], "RS256");
    verify(&key(world, "/oauth2/v3/certs", &header["kid"]), signed.as_bytes(), &decoded(signature));
    json(claims)
}

/// Fails unless the world's service account has signed these bytes.
pub(crate) fn verify_signature(world: &World, signature: &Signature, payload: &[u8]) {
    let info = world.info();
    let path = format!("/service_accounts/v1/jwk/{}", info["service_account"].as_str().expect("an address"));
    verify(&key(world, &path, &signature.key_id().into()), payload, signature.bytes());
}

fn verify(key: &Value, message: &[u8], signature: &[u8]) {
    let number = |name: &str| decoded(key[name].as_str().expect("a number"));
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).expect("the key's signature");
}

fn key(world: &World, path: &str, id: &Value) -> Value {
    let published = fetched(world, path);
    let keys = published["keys"].as_array().expect("a key set");
    keys.iter().find(|key| key["kid"] == *id).expect("the key is published").clone()
}

/// What the world's Google answers there.
fn fetched(world: &World, path: &str) -> Value {
    let address = world.google_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("loopback");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

fn decoded(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64")
}
