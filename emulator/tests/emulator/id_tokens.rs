//! generateIdToken: real ID tokens, for those who may have them, and the keys to verify them with.

use crate::support::{
    CLOUD, POOL, SERVICE_ACCOUNT, SubjectToken, TOKEN_CREATOR, access_token, ask_credentials, bound, client,
    federated_token, form, proxied, ready, send, send_form, text, verified,
};
use jiff::Timestamp;
use rolebridge_emulator::World;
use serde_json::{Value, json};

const OPEN_ID_TOKEN_CREATOR: &str = "roles/iam.serviceAccountOpenIdTokenCreator";
const DENIED: &str = "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).";

fn right() -> Value {
    json!({ "audience": "https://example.run.app", "includeEmail": true })
}

fn keys(world: &World) -> Value {
    send(client().get(format!("{}/oauth2/v3/certs", world.google_url))).ok()
}

#[test]
fn an_id_token_has_googles_claims_and_signature() {
    let world = ready();
    let reply = ask_credentials(&world, &federated_token(&world), "generateIdToken", &right()).ok();
    let claims = verified(&text(&reply, "token"), &keys(&world));
    let info = world.info();
    let id = text(&info, "service_account_id");
    assert_eq!(id.len(), 21);
    let issued = claims["iat"].as_i64().expect("a time");
    assert!((issued - Timestamp::now().as_second()).abs() < 10);
    let expected = json!({
        "iss": "https://accounts.google.com",
        "aud": "https://example.run.app",
        "azp": id,
        "sub": id,
        "iat": issued,
        "exp": issued + 3600,
        "email": info["service_account"],
        "email_verified": true,
    });
    assert_eq!(claims, expected);
}

#[test]
fn what_is_asked_for_decides_what_the_token_holds() {
    let world = ready();
    let bearer = federated_token(&world);
    let claims = |body: Value| {
        let reply = ask_credentials(&world, &bearer, "generateIdToken", &body).ok();
        verified(&text(&reply, "token"), &keys(&world))
    };
    let plain = claims(json!({ "audience": "a" }));
    assert_eq!((plain.get("email"), plain.get("email_verified")), (None, None));
    assert_eq!(claims(json!({ "audience": "a", "includeEmail": false })).get("email"), None);
    // As Google's client for Python writes it.
    let named = claims(json!({ "audience": "a", "includeEmail": "true", "useEmailAzp": "true" }));
    assert_eq!((&named["email"], &named["azp"]), (&world.info()["service_account"], &named["email"]));
    world.patch(json!({ "clock": { "offset_seconds": 86_400 } }));
    world.patch(json!({ "rotate": ["keys"] }));
    let mut later = SubjectToken::of(&world);
    later.time += std::time::Duration::from_secs(86_400);
    let bearer = text(&send_form(&world, &form(&world, &later.encoded())).ok(), "access_token");
    let reply = ask_credentials(&world, &bearer, "generateIdToken", &right()).ok();
    let later = verified(&text(&reply, "token"), &keys(&world));
    assert!(later["iat"].as_i64() > plain["exp"].as_i64(), "the world's clock counts");
}

#[test]
fn the_roles_that_grant_it_are_googles() {
    let world = ready();
    let url = |name: &str| format!("{}/v1/projects/-/serviceAccounts/{name}:generateIdToken", world.google_url);
    let ask = |name: &str, bearer: &str| send(client().post(url(name)).bearer_auth(bearer).json(&right()));
    let federated = federated_token(&world);
    ask(&text(&world.info(), "service_account_id"), &federated).ok();
    ask("nobody@example.com", &federated).refused(403, DENIED);
    // The article's binding is the role's, not the service account's own.
    let body = ask(&text(&world.info(), "service_account"), &access_token(&world)).refused(403, DENIED);
    assert_eq!(body["error"]["status"], "PERMISSION_DENIED");
    assert_eq!(body["error"]["details"][0]["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(body["error"]["details"][0]["metadata"]["permission"], "iam.serviceAccounts.getOpenIdToken");

    for role in [OPEN_ID_TOKEN_CREATOR, TOKEN_CREATOR] {
        let world = bound(role, SERVICE_ACCOUNT);
        ask_credentials(&world, &access_token(&world), "generateIdToken", &right()).ok();
    }
    let world = CLOUD.world(json!({
        "bound_role": "another-role",
        "bindings": [{ "role": OPEN_ID_TOKEN_CREATOR, "members": [POOL] }],
    }));
    let bearer = federated_token(&world);
    ask_credentials(&world, &bearer, "generateIdToken", &right()).ok();
    let body = json!({ "scope": ["https://www.googleapis.com/auth/cloud-platform"] });
    ask_credentials(&world, &bearer, "generateAccessToken", &body).refused(403, "getAccessToken");
}

#[test]
fn the_request_must_be_right() {
    let world = ready();
    let bearer = federated_token(&world);
    let ask = |bearer: &str, body: Value| ask_credentials(&world, bearer, "generateIdToken", &body);
    ask("made up", right()).refused(401, "UNAUTHENTICATED");
    ask(&bearer, json!({})).refused(400, "INVALID_ARGUMENT");
    ask(&bearer, json!({ "audience": "" })).refused(400, "INVALID_ARGUMENT");
    ask(&bearer, json!({ "audience": "a", "includeEmail": 1 })).refused(400, "Invalid value at 'includeEmail'");
    ask(&bearer, json!({ "audience": "a", "delegates": ["b"] })).refused(501, "chains of delegates");
    ask(&bearer, json!({ "audience": "a", "delegates": [] })).ok();
    let mut narrow = form(&world, &SubjectToken::of(&world).encoded());
    narrow[2].1 = "https://www.googleapis.com/auth/bigquery".into();
    let narrow = text(&send_form(&world, &narrow).ok(), "access_token");
    ask(&narrow, right()).refused(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
}

#[test]
fn what_was_asked_for_is_recorded() {
    let world = ready();
    ask_credentials(&world, &federated_token(&world), "generateIdToken", &right()).ok();
    let record = world.requests().pop().expect("a record");
    assert_eq!(record.operation, "iamcredentials.generateIdToken");
    assert_eq!(record.audience.as_deref(), Some("https://example.run.app"));
    assert_eq!(record.include_email, Some(true));
}

#[test]
fn the_keys_are_at_the_addresses_that_verifiers_know() {
    let world = ready();
    let through = proxied(&world);
    let published = send(through.get("https://www.googleapis.com/oauth2/v3/certs"));
    assert!(published.headers["cache-control"].to_str().expect("text").contains("max-age"));
    let published = published.ok();
    let certificates = send(through.get("https://www.googleapis.com/oauth2/v1/certs")).ok();
    let certificate = text(&certificates, published["keys"][0]["kid"].as_str().expect("an id"));
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    send(through.get("https://www.googleapis.com/service_accounts/v1/jwk/nobody@example.com"))
        .refused(404, "NOT_FOUND");
}
