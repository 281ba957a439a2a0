//! generateAccessToken: who may act as the service account, for what, how long.

use crate::support::{
    CLOUD, CLOUD_PLATFORM, SubjectToken, access_token, client, exchange, federated_token, form, impersonate, post,
    query, ready, send, send_form,
};
use serde_json::{Value, json};

fn right() -> Value {
    json!({ "scope": [CLOUD_PLATFORM], "lifetime": "600s" })
}

#[test]
fn a_token_is_minted_and_lives_as_long_as_it_says() {
    let world = ready();
    let reply = impersonate(&world, &federated_token(&world), &right()).ok();
    let expires = reply["expireTime"].as_str().expect("a time");
    assert_eq!(expires.len(), "2026-01-01T00:00:00Z".len(), "no fraction: Google's Python library takes none");
    let token = reply["accessToken"].as_str().expect("a token");
    assert_eq!(token.len(), 1024, "what clients copy and check for each request is as long as Google's");
    query(&world, token, "SELECT 1").ok();
    world.patch(json!({ "clock": { "offset_seconds": 599 } }));
    query(&world, token, "SELECT 1").ok();
    world.patch(json!({ "clock": { "offset_seconds": 601 } }));
    query(&world, token, "SELECT 1").refused(401, "UNAUTHENTICATED");
}

#[test]
fn the_federated_token_must_be_known_and_alive() {
    let world = CLOUD.world(json!({ "federated_lifetime_seconds": 60 }));
    let url = format!("{}/v1/projects/-/serviceAccounts/a@b:generateAccessToken", world.google_url);
    send(client().post(url).json(&right())).refused(401, "CREDENTIALS_MISSING");
    let refusal = impersonate(&world, "ya29.d.made-up", &right());
    assert!(refusal.headers.contains_key("www-authenticate"));
    assert_eq!(refusal.refused(401, "invalid authentication credentials")["error"]["status"], "UNAUTHENTICATED");
    let token = federated_token(&world);
    world.patch(json!({ "clock": { "offset_seconds": 61 } }));
    impersonate(&world, &token, &right()).refused(401, "ACCESS_TOKEN_EXPIRED");
}

#[test]
fn the_caller_must_be_bound_to_the_service_account() {
    const DENIED: &str = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).";
    let world = CLOUD.world(json!({ "bound_role": "another-role" }));
    let body = impersonate(&world, &federated_token(&world), &right()).refused(403, DENIED);
    assert_eq!(body["error"]["status"], "PERMISSION_DENIED");
    assert_eq!(body["error"]["details"][0]["reason"], "IAM_PERMISSION_DENIED");

    let world = ready();
    let url = format!("{}/v1/projects/-/serviceAccounts/nobody@example.com:generateAccessToken", world.google_url);
    post(url, &federated_token(&world), &right()).refused(403, DENIED);
}

#[test]
fn bindings_are_read_when_the_call_is_made() {
    let world = ready();
    let info = world.info();
    let (admin, email) = (info["admin_token"].as_str().unwrap(), info["service_account"].as_str().unwrap());
    let set = format!("{}/v1/projects/my-project/serviceAccounts/{email}:setIamPolicy", world.google_url);
    let token = federated_token(&world);
    let pool = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool";
    let arn = "arn:aws:sts::111122223333:assumed-role/bigquery-role";
    for (role, member, status) in [
        ("roles/iam.workloadIdentityUser", format!("principalSet://{pool}/*"), 200),
        ("roles/iam.workloadIdentityUser", format!("principal://{pool}/subject/{arn}/i-0123456789abcdef0"), 200),
        ("roles/iam.serviceAccountTokenCreator", format!("principalSet://{pool}/attribute.aws_role/{arn}"), 200),
        ("roles/iam.serviceAccountOpenIdTokenCreator", format!("principalSet://{pool}/*"), 403),
        ("roles/iam.workloadIdentityUser", format!("principal://{pool}/subject/{arn}/i-other"), 403),
        ("roles/iam.workloadIdentityUser", format!("principalSet://{pool}/attribute.aws_role/{arn}s"), 403),
    ] {
        post(set.clone(), admin, &json!({ "policy": { "bindings": [{ "role": role, "members": [member] }] } })).ok();
        assert_eq!(impersonate(&world, &token, &right()).status, status, "{role} {member}");
    }
}

#[test]
fn the_request_must_be_right() {
    let world = ready();
    let token = federated_token(&world);
    for scope in [Value::Null, json!([]), json!([""]), json!(CLOUD_PLATFORM)] {
        impersonate(&world, &token, &json!({ "scope": scope })).refused(400, "INVALID_ARGUMENT");
    }
    for lifetime in [json!("soon"), json!("0s"), json!(600)] {
        let body = json!({ "scope": [CLOUD_PLATFORM], "lifetime": lifetime });
        impersonate(&world, &token, &body).refused(400, "Invalid value at 'lifetime'");
    }
    let long = json!({ "scope": [CLOUD_PLATFORM], "lifetime": "3601s" });
    impersonate(&world, &token, &long).refused(400, "can not have lifetimes of more than 1 hour");
    // As Google's Python library writes it.
    impersonate(&world, &token, &json!({ "delegates": null, "scope": [CLOUD_PLATFORM], "lifetime": "3600s" })).ok();
}

#[test]
fn the_federated_token_needs_a_scope_that_allows_it() {
    let world = ready();
    let with_scope = |scope: &str| {
        let mut form = form(&world, &SubjectToken::of(&world).encoded());
        form[2].1 = scope.into();
        send_form(&world, &form).ok()["access_token"].as_str().expect("a token").to_owned()
    };
    impersonate(&world, &with_scope("https://www.googleapis.com/auth/iam"), &right()).ok();
    let narrow = with_scope("https://www.googleapis.com/auth/bigquery");
    impersonate(&world, &narrow, &right()).refused(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
}

#[test]
fn what_was_asked_for_is_recorded() {
    let world = ready();
    access_token(&world);
    let records = world.requests();
    assert_eq!(records[1].operation, "iamcredentials.generateAccessToken");
    assert_eq!(records[1].authorization.as_deref(), Some("bearer"));
    assert_eq!(records[1].scope.as_deref(), Some(CLOUD_PLATFORM));
    let text = serde_json::to_string(&records).expect("JSON");
    assert!(!text.contains("ya29"), "no token is in the log");
}

#[test]
fn a_token_of_one_world_is_unknown_in_another() {
    let (first, second) = (ready(), ready());
    let token = federated_token(&first);
    impersonate(&second, &token, &right()).refused(401, "UNAUTHENTICATED");
    assert!(exchange(&second, &SubjectToken::of(&first)).body.contains("InvalidClientTokenId"));
}
