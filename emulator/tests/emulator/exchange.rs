//! Google's STS: what it takes for an AWS identity, and everything that it does not.

use crate::support::{
    CLOUD, ROLE_ARN, Reply, SubjectToken, encode, exchange, federated_token, form, query, ready, send_form,
};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const GRANT: &str = "invalid_grant";

#[track_caller]
fn refused(reply: Reply, code: &str, text: &str) {
    let body = reply.refused(400, "error_description");
    assert_eq!(body["error"], code, "{body}");
    let description = body["error_description"].as_str().unwrap_or_default();
    assert!(description.contains(text), "{text:?} is not in {description:?}");
}

/// A refusal by AWS, as Google passes it on.
#[track_caller]
fn refused_by_aws(reply: Reply, code: &str, text: &str) {
    let description = format!("Received invalid AWS response of type {code} with error message: {text}");
    refused(reply, GRANT, &description);
}

/// The exchange of a right token with one field of the form changed.
fn with_field(world: &World, name: &str, value: &str) -> Reply {
    let mut form = form(world, &SubjectToken::of(world).encoded());
    form.iter_mut().find(|(field, _)| *field == name).expect("a field of the form").1 = value.into();
    send_form(world, &form)
}

/// The exchange of a right token with its JSON changed after signing.
fn with_json(world: &World, change: impl FnOnce(&mut Value)) -> Reply {
    let mut token = SubjectToken::of(world).json();
    change(&mut token);
    send_form(world, &form(world, &encode(&token)))
}

fn header<'t>(token: &'t mut Value, name: &str) -> &'t mut Value {
    let headers = token["headers"].as_array_mut().expect("headers");
    &mut headers.iter_mut().find(|header| header["key"] == name).expect("the header")["value"]
}

#[test]
fn a_right_token_is_exchanged() {
    let world = ready();
    let reply = exchange(&world, &SubjectToken::of(&world));
    assert!(reply.headers.contains_key("date"));
    let body = reply.ok();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!(body["expires_in"], 3600);
    let record = &world.requests()[0];
    assert_eq!(record.operation, "sts.token");
    assert_eq!(record.status, Some(200));
    let signed = ["host", "x-amz-date", "x-amz-security-token", "x-goog-cloud-target-resource"];
    assert_eq!(record.signed_headers.as_deref(), Some(&signed.map(str::to_owned)[..]));
}

#[test]
fn all_forms_of_the_same_request_are_taken() {
    let world = ready();
    let unsigned_target = SubjectToken { signs_target: false, ..SubjectToken::of(&world) };
    exchange(&world, &unsigned_target).ok();
    for (url, region) in [
        ("https://sts.us-east-1.amazonaws.com/?Version=2011-06-15&Action=GetCallerIdentity", "us-east-1"),
        ("https://sts.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15", "us-east-1"),
        ("https://sts.eu-west-3.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15", "eu-west-3"),
        ("https://sts-fips.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15", "us-east-1"),
    ] {
        exchange(&world, &SubjectToken { url: url.into(), region: region.into(), ..SubjectToken::of(&world) }).ok();
    }
    with_json(&world, |token| token["body"] = "".into()).ok();
    with_json(&world, |token| {
        for header in token["headers"].as_array_mut().expect("headers") {
            header["key"] = header["key"].as_str().expect("a name").to_uppercase().into();
        }
    })
    .ok();
}

#[test]
fn the_form_must_be_complete() {
    let world = ready();
    refused(with_field(&world, "grant_type", "password"), "unsupported_grant_type", "");
    refused(with_field(&world, "requested_token_type", "id_token"), "invalid_request", "requested_token_type");
    refused(with_field(&world, "subject_token_type", "jwt"), "invalid_request", "subject_token_type");
    refused(with_field(&world, "scope", ""), "invalid_request", "Scope(s) must be provided");
}

#[test]
fn the_audience_must_exist() {
    let world = ready();
    let audience = world.info()["audience"].as_str().expect("an audience").to_owned();
    for wrong in [
        audience.replace("123456789012", "my-project"),
        audience.replace("aws-pool", "other-pool"),
        audience.replace("aws-provider", "other-provider"),
        audience.replace("//iam", "https://iam"),
        String::new(),
    ] {
        refused(with_field(&world, "audience", &wrong), "invalid_target", "indicated by the \"audience\" parameters");
    }
}

#[test]
fn a_space_in_the_subject_token_may_be_a_plus() {
    let world = ready();
    let subject_token = SubjectToken::of(&world).encoded().replace("%20", "+");
    assert!(subject_token.contains('+'));
    assert_eq!(send_form(&world, &form(&world, &subject_token)).status, 200);
}

#[test]
fn the_subject_token_is_encoded_twice() {
    let world = ready();
    let once = SubjectToken::of(&world).json().to_string();
    refused(send_form(&world, &form(&world, &once)), GRANT, "not percent-encoded");
    refused(send_form(&world, &form(&world, "rubbish")), GRANT, "not a serialized request");
}

#[test]
fn only_get_caller_identity_of_aws_is_called() {
    let world = ready();
    for url in [
        "http://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        "https://sts.us-east-1.amazonaws.com.example.com?Action=GetCallerIdentity&Version=2011-06-15",
        "https://sts..amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        "https://sts.us-east-1.amazonaws.com:8443?Action=GetCallerIdentity&Version=2011-06-15",
        "https://sts.us-east-1.amazonaws.com/path?Action=GetCallerIdentity&Version=2011-06-15",
        "https://sts.us-east-1.amazonaws.com?Action=GetSessionToken&Version=2011-06-15",
        "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15&X=1",
    ] {
        let reply = with_json(&world, |token| token["url"] = url.into());
        refused(reply, GRANT, "is not AWS STS GetCallerIdentity");
    }
    let get = SubjectToken { method: "GET", ..SubjectToken::of(&world) };
    refused(exchange(&world, &get), GRANT, "GET, not POST");
    refused(with_json(&world, |token| *header(token, "host") = "example.com".into()), GRANT, "host header");
    refused(with_json(&world, |token| token["body"] = "more".into()), GRANT, "has a body");
}

#[test]
fn the_target_must_be_the_audience() {
    let world = ready();
    let other = SubjectToken { target: "//iam.googleapis.com/other".into(), ..SubjectToken::of(&world) };
    refused(exchange(&world, &other), GRANT, "x-goog-cloud-target-resource");
    let none = SubjectToken { sends_target: false, signs_target: false, ..SubjectToken::of(&world) };
    refused(exchange(&world, &none), GRANT, "x-goog-cloud-target-resource");
}

#[test]
fn the_signature_must_hold() {
    const MISMATCH: &str = "SignatureDoesNotMatch";
    let world = ready();
    let wrong_secret = SubjectToken { secret_access_key: "x".repeat(40), ..SubjectToken::of(&world) };
    refused_by_aws(exchange(&world, &wrong_secret), MISMATCH, "The request signature we calculated does not match");

    let claims_more = |token: &mut Value| {
        let authorization = header(token, "authorization");
        *authorization = authorization.as_str().expect("text").replace("host;", "host;user-agent;").into();
    };
    refused_by_aws(with_json(&world, claims_more), MISMATCH, "The request signature we calculated");

    let wrong_service = SubjectToken { service: "sts-fips", ..SubjectToken::of(&world) };
    refused_by_aws(exchange(&world, &wrong_service), MISMATCH, "Credential should be scoped to correct service");
    let wrong_region = SubjectToken { region: "us-east-2".into(), ..SubjectToken::of(&world) };
    refused_by_aws(exchange(&world, &wrong_region), MISMATCH, "Credential should be scoped to a valid region");

    let unsigned = |token: &mut Value| {
        let headers = token["headers"].as_array_mut().expect("headers");
        headers.push(json!({ "key": "x-amz-more", "value": "1" }));
    };
    refused_by_aws(with_json(&world, unsigned), "AccessDenied", "There were headers present");
    let incomplete = |token: &mut Value| *header(token, "authorization") = "AWS4-HMAC-SHA256 nothing".into();
    refused_by_aws(with_json(&world, incomplete), "IncompleteSignature", "");
    let missing = |token: &mut Value| {
        token["headers"].as_array_mut().expect("headers").retain(|header| header["key"] != "authorization");
    };
    refused_by_aws(with_json(&world, missing), "MissingAuthenticationToken", "");
}

#[test]
fn the_date_must_be_within_five_minutes() {
    let world = ready();
    let at = |time| SubjectToken { time, ..SubjectToken::of(&world) };
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    exchange(&world, &at(SystemTime::now() - minutes(4))).ok();
    exchange(&world, &at(SystemTime::now() + minutes(4))).ok();
    let old = exchange(&world, &at(SystemTime::now() - minutes(6)));
    refused_by_aws(old, "SignatureDoesNotMatch", "Signature expired: ");
    let early = exchange(&world, &at(SystemTime::now() + minutes(6)));
    refused_by_aws(early, "SignatureDoesNotMatch", "Signature not yet current: ");

    world.patch(json!({ "clock": { "offset_seconds": 600 } }));
    let reply = exchange(&world, &at(SystemTime::now()));
    assert!(reply.body.contains(" is now earlier than "), "{}", reply.body);
    exchange(&world, &at(SystemTime::now() + minutes(10))).ok();
}

#[test]
fn the_keys_must_be_known_and_alive() {
    const INVALID: &str = "InvalidClientTokenId";
    const TEXT: &str = "The security token included in the request is invalid.";
    let world = ready();
    let stranger = SubjectToken { access_key_id: "ASIAUNKNOWN".into(), ..SubjectToken::of(&world) };
    refused_by_aws(exchange(&world, &stranger), INVALID, TEXT);
    let wrong_session = SubjectToken { session_token: Some("other".into()), ..SubjectToken::of(&world) };
    refused_by_aws(exchange(&world, &wrong_session), INVALID, TEXT);
    let no_session = SubjectToken { session_token: None, ..SubjectToken::of(&world) };
    refused_by_aws(exchange(&world, &no_session), INVALID, TEXT);

    let old = SubjectToken::of(&world);
    let later = Duration::from_secs(6 * 3600 + 1);
    world.patch(json!({ "clock": { "offset_seconds": later.as_secs() } }));
    let old = SubjectToken { time: SystemTime::now() + later, ..old };
    let expired = "The security token included in the request is expired";
    refused_by_aws(exchange(&world, &old), "ExpiredToken", expired);
    exchange(&world, &SubjectToken { time: old.time, ..SubjectToken::of(&world) }).ok();
}

#[test]
fn the_account_must_be_the_providers() {
    let users = json!([{ "name": "alice" }, { "name": "mallory", "account": "999988887777" }]);
    let world = CLOUD.world(json!({ "aws": { "users": users } }));
    let users = &world.info()["users"];
    assert_eq!(users[0]["arn"], "arn:aws:iam::111122223333:user/alice");
    exchange(&world, &SubjectToken::with_keys(&world, &users[0])).ok();
    refused(exchange(&world, &SubjectToken::with_keys(&world, &users[1])), GRANT, "999988887777");
}

#[test]
fn the_subject_must_be_short() {
    let arn_around_the_role = "arn:aws:sts::111122223333:assumed-role//i-0123456789abcdef0".len();
    let fits = CLOUD.world(json!({ "aws": { "instance": { "role": "r".repeat(127 - arn_around_the_role) } } }));
    exchange(&fits, &SubjectToken::of(&fits)).ok();
    let long = CLOUD.world(json!({ "aws": { "instance": { "role": "r".repeat(128 - arn_around_the_role) } } }));
    refused(exchange(&long, &SubjectToken::of(&long)), "invalid_request", "exceeds the 127 bytes limit");
}

#[test]
fn client_authentication_is_ignored() {
    let world = ready();
    let form = form(&world, &SubjectToken::of(&world).encoded());
    let request = crate::support::client().post(format!("{}/v1/token", world.google_url)).basic_auth("id", Some("s"));
    crate::support::send(request.form(&form)).ok();
    assert_eq!(world.requests()[0].authorization.as_deref(), Some("basic"));
}

#[test]
fn a_federated_token_can_be_used_directly_where_it_is_granted() {
    let member = format!(
        "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/\
         attribute.aws_role/{ROLE_ARN}"
    );
    let world = CLOUD.world(json!({ "grants": [member], "federated_lifetime_seconds": 60 }));
    let token = federated_token(&world);
    query(&world, &token, "SELECT 1").ok();
    world.patch(json!({ "clock": { "offset_seconds": 61 } }));
    query(&world, &token, "SELECT 1").refused(401, "ACCESS_TOKEN_EXPIRED");
    query(&ready(), &federated_token(&ready()), "SELECT 1").refused(401, "UNAUTHENTICATED");
}
