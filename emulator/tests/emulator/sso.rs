//! IAM Identity Center: keys for an access token, and the next access token for a refresh token.

use crate::support::{
    CLOUD, CLOUD_PLATFORM, Reply, SubjectToken, arn_of, client, exchange, impersonate, proxied, ready, send, text, url,
};
use rolebridge_emulator::World;
use serde_json::{Value, json};

fn credentials(world: &World, token: &str, account: &str, role: &str) -> Reply {
    let path = format!("/federation/credentials?account_id={account}&role_name={role}");
    let request = client().get(url(world, "sso_portal") + &path);
    send(request.header("x-amz-sso_bearer_token", token))
}

fn right_credentials(world: &World) -> Reply {
    credentials(world, &url(world, "sso_access_token"), "111122223333", "bigquery-role")
}

fn keys(reply: &Value) -> Value {
    let given = &reply["roleCredentials"];
    json!({
        "access_key_id": given["accessKeyId"],
        "secret_access_key": given["secretAccessKey"],
        "session_token": given["sessionToken"],
    })
}

/// The body of a refresh by what the world's info says, with one field changed.
fn refresh_with(world: &World, name: &str, value: Value) -> Reply {
    let info = world.info();
    let mut body = json!({
        "clientId": info["sso_client_id"],
        "clientSecret": info["sso_client_secret"],
        "grantType": "refresh_token",
        "refreshToken": info["sso_refresh_token"],
    });
    body[name] = value;
    send(client().post(format!("{}/token", text(&info, "sso_oidc"))).json(&body))
}

fn refresh(world: &World) -> Reply {
    refresh_with(world, "grantType", "refresh_token".into())
}

#[track_caller]
fn refused(reply: Reply, status: u16, exception: &str, text: &str) {
    assert_eq!(reply.headers["x-amzn-errortype"], exception);
    reply.refused(status, text);
}

#[test]
fn an_access_token_gives_keys_of_an_assigned_role() {
    let world = ready();
    let body = right_credentials(&world).ok();
    let arn = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_bigquery-role_0123456789abcdef/alice@example.com";
    assert_eq!(arn_of(&world, &keys(&body)), arn);
    exchange(&world, &SubjectToken::with_keys(&world, &keys(&body))).ok();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let left = i128::from(body["roleCredentials"]["expiration"].as_i64().expect("a number")) - now as i128;
    assert!((3_500_000..=3_600_000).contains(&left), "{left} milliseconds");
    assert_eq!(world.requests()[0].operation, "sso.roleCredentials");
}

#[test]
fn a_user_can_be_let_in_at_google() {
    let impersonated = |spec: Value| {
        let world = CLOUD.world(spec);
        let keys = keys(&right_credentials(&world).ok());
        let federated = text(&exchange(&world, &SubjectToken::with_keys(&world, &keys)).ok(), "access_token");
        impersonate(&world, &federated, &json!({ "scope": [CLOUD_PLATFORM] })).status
    };
    assert_eq!(impersonated(json!({ "bound_role": "AWSReservedSSO_bigquery-role_0123456789abcdef" })), 200);
    assert_eq!(impersonated(json!({})), 403);
}

#[test]
fn the_token_must_be_alive_and_the_role_assigned() {
    let sso = json!({ "roles": [{ "name": "one" }, { "name": "two", "account": "999988887777" }] });
    let world = CLOUD.world(json!({ "aws": { "sso": sso } }));
    let token = url(&world, "sso_access_token");
    credentials(&world, &token, "111122223333", "one").ok();
    credentials(&world, &token, "999988887777", "two").ok();
    for (account, role) in [("111122223333", "two"), ("999988887777", "one"), ("111122223333", "three")] {
        refused(credentials(&world, &token, account, role), 403, "ForbiddenException", "No access");
    }
    let unknown = credentials(&world, "unknown", "111122223333", "one");
    refused(unknown, 401, "UnauthorizedException", "Session token not found or invalid");
    world.patch(json!({ "aws": { "sso": { "roles": [{ "name": "three" }] } } }));
    refused(credentials(&world, &token, "111122223333", "one"), 403, "ForbiddenException", "No access");
    credentials(&world, &token, "111122223333", "three").ok();
    world.patch(json!({ "clock": { "offset_seconds": 3601 } }));
    let late = credentials(&world, &token, "111122223333", "three");
    refused(late, 401, "UnauthorizedException", "Session token not found or invalid");
    let bare = send(client().get(format!("{}/federation/credentials", url(&world, "sso_portal"))));
    refused(bare, 400, "InvalidRequestException", "Request parameters not valid");
}

#[test]
fn a_refresh_token_is_good_once() {
    let world = CLOUD.world(json!({ "aws": { "sso": { "token_lifetime_seconds": 1800 } } }));
    let before = world.info();
    world.patch(json!({ "expire": ["sso_access_token"] }));
    assert_eq!(right_credentials(&world).status, 401);
    let body = refresh(&world).ok();
    let after = world.info();
    assert_eq!(body["expiresIn"], 1800);
    assert_eq!(body["tokenType"], "Bearer");
    assert_eq!(
        (&body["accessToken"], &body["refreshToken"]),
        (&after["sso_access_token"], &after["sso_refresh_token"])
    );
    assert_ne!(after["sso_access_token"], before["sso_access_token"]);
    right_credentials(&world).ok();
    let again = refresh_with(&world, "refreshToken", before["sso_refresh_token"].clone());
    refused(again, 400, "InvalidGrantException", "invalid_grant");
    refresh(&world).ok();
    assert_eq!(world.wait_for_request("sso.createToken", 3, crate::support::PATIENCE).len(), 3);
}

#[test]
fn the_client_must_be_registered_and_the_grant_a_refresh() {
    let world = ready();
    let wrong = refresh_with(&world, "clientSecret", "other".into());
    refused(wrong, 401, "InvalidClientException", "invalid_client");
    refused(refresh_with(&world, "clientId", "other".into()), 401, "InvalidClientException", "invalid_client");
    refused(refresh_with(&world, "clientId", Value::Null), 400, "InvalidRequestException", "invalid_request");
    refused(refresh_with(&world, "refreshToken", Value::Null), 400, "InvalidRequestException", "invalid_request");
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let device = refresh_with(&world, "grantType", device.into());
    refused(device, 400, "UnsupportedGrantTypeException", "unsupported_grant_type");
    refresh(&world).ok();
    world.patch(json!({ "expire": ["sso_client"] }));
    refused(refresh(&world), 401, "InvalidClientException", "invalid_client");
}

#[test]
fn tokens_can_be_replaced_and_ended_from_outside() {
    let world = ready();
    let old = world.info();
    world.patch(json!({ "rotate": ["sso_access_token", "sso_refresh_token"] }));
    right_credentials(&world).ok();
    credentials(&world, &text(&old, "sso_access_token"), "111122223333", "bigquery-role").ok();
    let stale = refresh_with(&world, "refreshToken", old["sso_refresh_token"].clone());
    refused(stale, 400, "InvalidGrantException", "invalid_grant");
    let current = world.info()["sso_refresh_token"].clone();
    world.patch(json!({ "expire": ["sso_refresh_token"] }));
    assert_eq!(world.info()["sso_refresh_token"], Value::Null);
    refused(refresh_with(&world, "refreshToken", current), 400, "InvalidGrantException", "invalid_grant");
    let body = right_credentials(&world).ok();
    world.patch(json!({ "expire": ["sso_keys"] }));
    exchange(&world, &SubjectToken::with_keys(&world, &keys(&body))).refused(400, "ExpiredToken");
}

#[test]
fn the_cache_file_can_be_written_from_the_info() {
    let spec = json!({ "clock": { "offset_seconds": -3600 }, "aws": { "sso": { "region": "eu-north-1" } } });
    let info = CLOUD.world(spec).info();
    assert_eq!(text(&info, "sso_region"), "eu-north-1");
    assert_eq!(text(&info, "sso_start_url"), "https://example.awsapps.com/start");
    let ends = |name: &str| text(&info, name);
    assert!(ends("sso_expires_at") < ends("sso_registration_expires_at"));
    assert!(ends("sso_expires_at").ends_with('Z') && ends("sso_expires_at").len() == "2026-01-01T00:00:00Z".len());
}

#[test]
fn the_real_hosts_answer_through_the_proxy() {
    let world = ready();
    let url = "https://portal.sso.eu-north-1.amazonaws.com/federation/credentials\
               ?account_id=111122223333&role_name=bigquery-role";
    let request = proxied(&world).get(url);
    send(request.header("x-amz-sso_bearer_token", crate::support::url(&world, "sso_access_token"))).ok();
    let reply = send(proxied(&world).post("https://oidc.eu-north-1.amazonaws.com/token").body("{}"));
    refused(reply, 400, "InvalidRequestException", "invalid_request");
}
