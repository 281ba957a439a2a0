//! signBlob and signJwt: real signatures by the service account's key, for those who may sign.

use crate::support::{
    POOL, SERVICE_ACCOUNT, TOKEN_CREATOR, access_token, ask_credentials, bound, client, federated_token, ready, send,
    text, verified, verify,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use rolebridge_emulator::World;
use serde_json::{Value, json};

/// The keys that Google publishes for the world's service account.
fn keys(world: &World) -> Value {
    let email = text(&world.info(), "service_account");
    send(client().get(format!("{}/service_accounts/v1/jwk/{email}", world.google_url))).ok()
}

fn blob(bytes: impl AsRef<[u8]>) -> Value {
    json!({ "payload": BASE64_STANDARD.encode(bytes) })
}

#[test]
fn a_blob_is_signed_by_the_account_itself() {
    let world = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let bearer = access_token(&world);
    let reply = ask_credentials(&world, &bearer, "signBlob", &blob("to be signed")).ok();
    let key = &keys(&world)["keys"][0];
    assert_eq!(reply["keyId"], key["kid"]);
    let signature = BASE64_STANDARD.decode(text(&reply, "signedBlob")).expect("base64");
    verify(key, b"to be signed", &signature).expect("a right signature");
    verify(key, b"to be signe", &signature).expect_err("a signature is of one message");
    let again = ask_credentials(&world, &bearer, "signBlob", &blob("to be signed")).ok();
    assert_eq!(again, reply, "the key stays the same");
    // base64 in its other alphabet, without its padding.
    let other = ask_credentials(&world, &bearer, "signBlob", &json!({ "payload": "_-8" })).ok();
    let same = ask_credentials(&world, &bearer, "signBlob", &json!({ "payload": "/+8=" })).ok();
    assert_eq!(other, same);
    assert_ne!(keys(&ready())["keys"][0]["n"], key["n"], "each world has its own key");
}

#[test]
fn a_token_is_signed_as_it_was_sent() {
    let world = bound(TOKEN_CREATOR, POOL);
    let bearer = federated_token(&world);
    let ends = Timestamp::now().as_second() + 600;
    let claims = json!({ "iss": "me", "sub": "me", "aud": "https://bigquery.googleapis.com/", "exp": ends });
    let reply = ask_credentials(&world, &bearer, "signJwt", &json!({ "payload": claims.to_string() })).ok();
    let keys = keys(&world);
    assert_eq!(verified(&text(&reply, "signedJwt"), &keys), claims);
    assert_eq!(reply["keyId"], keys["keys"][0]["kid"]);
    let open = json!({ "payload": "{\"sub\":\"me\"}" });
    ask_credentials(&world, &bearer, "signJwt", &open).ok();
}

#[test]
fn only_a_token_creator_may_sign() {
    let refused = |world: &World, bearer: &str| {
        for (verb, body) in [("signBlob", blob("x")), ("signJwt", json!({ "payload": "{}" }))] {
            let permission = format!("iam.serviceAccounts.{verb}");
            let denied = format!("Permission '{permission}' denied on resource (or it may not exist).");
            let body = ask_credentials(world, bearer, verb, &body).refused(403, &denied);
            assert_eq!(body["error"]["details"][0]["metadata"]["permission"], permission);
        }
    };
    let world = ready();
    let (federated, own) = (federated_token(&world), access_token(&world));
    refused(&world, &federated);
    refused(&world, &own);

    world.patch(json!({ "bindings": [{ "role": TOKEN_CREATOR, "members": [SERVICE_ACCOUNT] }] }));
    refused(&world, &federated);
    ask_credentials(&world, &own, "signBlob", &blob("x")).ok();
    world.patch(json!({ "bindings": [{ "role": TOKEN_CREATOR, "members": [POOL] }] }));
    ask_credentials(&world, &federated, "signBlob", &blob("x")).ok();
    ask_credentials(&world, &own, "signBlob", &blob("x")).ok();

    let world = bound("roles/iam.serviceAccountOpenIdTokenCreator", POOL);
    refused(&world, &federated_token(&world));
}

#[test]
fn the_request_must_be_right() {
    let world = bound(TOKEN_CREATOR, SERVICE_ACCOUNT);
    let bearer = access_token(&world);
    let refused = |verb: &str, payload: Value, text: &str| {
        ask_credentials(&world, &bearer, verb, &json!({ "payload": payload })).refused(400, text);
    };
    refused("signBlob", json!("not base64!"), "Base64 decoding failed for");
    for nothing in [Value::Null, json!(""), json!(5)] {
        refused("signBlob", nothing, "INVALID_ARGUMENT");
    }
    refused("signBlob", json!("A".repeat(10_485_760)), "Request payload size exceeds the limit: 10485760 bytes.");
    for nothing in [Value::Null, json!(""), json!("[]"), json!("text")] {
        refused("signJwt", nothing, "must be a serialized JSON object");
    }
    let now = Timestamp::now().as_second();
    for ends in [json!(now - 1), json!(now + 12 * 3600 + 60), json!("soon"), json!(1.5)] {
        refused("signJwt", json!(json!({ "exp": ends }).to_string()), "The claim exp must be");
    }
    let chain = json!({ "payload": "AAAA", "delegates": ["projects/-/serviceAccounts/a@b"] });
    ask_credentials(&world, &bearer, "signBlob", &chain).refused(501, "chains of delegates");
    ask_credentials(&world, "made up", "signBlob", &blob("x")).refused(401, "UNAUTHENTICATED");
    assert_eq!(world.requests().last().expect("a record").operation, "iamcredentials.signBlob");
}

#[test]
fn a_world_may_not_misspell_a_binding() {
    let cloud = rolebridge_emulator::Cloud::start().expect("a cloud");
    let url = format!("{}/worlds", cloud.control_url());
    let binding = json!({ "bindings": [{ "role": TOKEN_CREATOR, "member": POOL }] });
    send(client().post(url).json(&binding)).refused(400, "unknown field");
}
