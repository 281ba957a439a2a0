use super::*;

const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_795_520_847_000);

fn sso(session: Option<&str>) -> Sso {
    Sso {
        session: session.map(str::to_owned),
        start_url: "https://d-92671207e4.awsapps.com/start".into(),
        region: Region::parse("us-east-1").expect("a region"),
        account_id: "111122223333".into(),
        role_name: "Read Only&More".into(),
    }
}

fn sign_in(members: Value) -> SignIn {
    SignIn::read("/cache", members.to_string().as_bytes()).expect("well formed")
}

fn full() -> Value {
    json!({
        "accessToken": "wJalrA", "expiresAt": "2026-11-24T12:47:27Z", "refreshToken": "wJalrR", "clientId": "id",
        "clientSecret": "wJalrS", "registrationExpiresAt": "2027-01-01T00:00:00Z",
        "region": "us-east-1", "startUrl": "https://x", "unknown": {"a": [1, null]},
    })
}

fn reply(status: u16, body: &Value) -> Reply {
    Reply { status, date: None, retry_after: None, location: None, body: body.to_string().into_bytes().into() }
}

#[test]
fn the_cache_file_is_named_as_the_command_line_names_it() {
    // `printf admin | sha1sum`, and of the start URL.
    assert_eq!(cache_file(&sso(Some("admin"))).join("/"), "sso/cache/d033e22ae348aeb5660fc2140aec35850c4da997.json");
    assert_eq!(cache_file(&sso(None)).join("/"), "sso/cache/13f9d35043871d073ab260e020f0ffde092cb14b.json");
}

#[test]
fn a_sign_in_is_read_and_written_back_with_what_we_do_not_know() {
    let read = sign_in(full());
    let written: Value = serde_json::from_slice(&read.write()).expect("JSON");
    assert_eq!(written, full());
    let shown = format!("{read:?}");
    assert!(!shown.contains("wJalr") && shown.contains("2026-11-24T12:47:27Z"), "{shown}");
    let legacy =
        json!({"accessToken": "T", "expiresAt": "2020-06-17T10:02:08UTC", "region": "us-east-1", "startUrl": "x"});
    assert_eq!(format!("{:?}", sign_in(legacy).expires_at), "2020-06-17T10:02:08Z");
}

#[test]
fn a_broken_file_is_named_and_not_shown() {
    for (content, what) in [
        ("", "is not a JSON object"),
        ("[\"wJalr\"]", "is not a JSON object"),
        ("{\"accessToken\": \"wJalr", "is not a JSON object"),
        ("{\"expiresAt\": \"2026-11-24T12:47:27Z\"}", "has no `accessToken` that a header can carry"),
        ("{\"accessToken\": {\"wJalr\": 1}}", "has no `accessToken` that a header can carry"),
        ("{\"accessToken\": \"wJalr\\r\\nx: y\"}", "has no `accessToken` that a header can carry"),
        ("{\"accessToken\": \"wJalr\"}", "has no `expiresAt` that is a time"),
        ("{\"accessToken\": \"wJalr\", \"expiresAt\": 7}", "has no `expiresAt` that is a time"),
        ("{\"accessToken\": \"wJalr\", \"expiresAt\": \"wJalr\"}", "has no `expiresAt` that is a time"),
    ] {
        let error = SignIn::read("/cache", content.as_bytes()).expect_err("broken");
        assert_eq!(error.message(), format!("the sign-in that AWS's command line keeps in `/cache` {what}"));
        assert!(!format!("{error:?}").contains("wJalr"));
    }
    let mut wrong = full();
    wrong["registrationExpiresAt"] = "soon".into();
    let error = SignIn::read("/cache", wrong.to_string().as_bytes()).expect_err("broken");
    assert!(error.message().ends_with("has a `registrationExpiresAt` that is no time"), "{error}");
    assert!(SignIn::read("/cache", "[".repeat(1 << 20).as_bytes()).is_err());
}

#[test]
fn only_a_session_is_renewed_and_only_near_its_end() {
    let (session, legacy) = (sso(Some("s")), sso(None));
    let without = |name: &str| {
        let mut members = full();
        members.as_object_mut().expect("an object").remove(name);
        sign_in(members)
    };
    for (seconds, of_session, of_legacy) in [
        (0, Next::Use, Next::Use),
        (3299, Next::Use, Next::Use),
        (3300, Next::RenewOrUse, Next::Use),
        (3599, Next::RenewOrUse, Next::Use),
        (3600, Next::Renew, Next::SignIn),
        (99 * 86_400, Next::SignIn, Next::SignIn),
    ] {
        let now = NOW.plus(Duration::from_secs(seconds));
        assert_eq!(sign_in(full()).next(&session, now), of_session, "{seconds}");
        assert_eq!(sign_in(full()).next(&legacy, now), of_legacy, "{seconds}");
    }
    let ended = NOW.plus(Duration::from_secs(3600));
    for needed in ["refreshToken", "clientId", "clientSecret"] {
        assert_eq!(without(needed).next(&session, ended), Next::SignIn, "{needed}");
        assert!(without(needed).renewal(&Url::parse("https://x").expect("a URL")).is_none());
    }
    assert_eq!(without("registrationExpiresAt").next(&session, ended), Next::Renew);
}

#[test]
fn a_renewal_asks_and_is_answered_in_json() {
    let oidc = oidc(&Region::parse("cn-north-1").expect("a region"), None).expect("a URL");
    let request = sign_in(full()).renewal(&oidc).expect("renewable").expect("a request");
    assert_eq!(request.uri(), "https://oidc.cn-north-1.amazonaws.com.cn/token");
    assert_eq!(request.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(request.body()).expect("JSON");
    let expected =
        json!({"clientId": "id", "clientSecret": "wJalrS", "grantType": "refresh_token", "refreshToken": "wJalrR"});
    assert_eq!(body, expected);

    let answer = json!({"accessToken": "new", "expiresIn": 28800, "refreshToken": "newer", "tokenType": "Bearer"});
    let renewed = sign_in(full()).renewed(&reply(200, &answer), NOW).expect("renewed");
    let written: Value = serde_json::from_slice(&renewed.write()).expect("JSON");
    let mut expected = full();
    expected["accessToken"] = "new".into();
    expected["refreshToken"] = "newer".into();
    expected["expiresAt"] = "2026-11-24T19:47:27Z".into();
    assert_eq!(written, expected);
    let kept =
        sign_in(full()).renewed(&reply(200, &json!({"accessToken": "new", "expiresIn": 1})), NOW).expect("renewed");
    let written: Value = serde_json::from_slice(&kept.write()).expect("JSON");
    assert_eq!(written["refreshToken"], "wJalrR", "where no other is given");
}

#[test]
fn a_renewal_that_fails_says_why() {
    for (status, body, kind, message) in [
        (
            400,
            json!({"error": "invalid_grant", "error_description": "Invalid refresh token provided"}),
            Kind::Refused,
            "IAM Identity Center refused to renew the sign-in (400 invalid_grant): Invalid refresh token provided",
        ),
        (503, json!(null), Kind::Unavailable, "IAM Identity Center could not renew the sign-in (503)"),
        (302, json!("wJalr"), Kind::Malformed, "IAM Identity Center did not renew the sign-in (302)"),
        (
            200,
            json!({"accessToken": "wJalr"}),
            Kind::Malformed,
            "IAM Identity Center answered an `expiresIn` that is not a number of seconds to live, when asked for the renewal of a sign-in",
        ),
        (
            200,
            json!({"accessToken": "wJalr", "expiresIn": u64::MAX}),
            Kind::Malformed,
            "IAM Identity Center answered an `expiresIn` that is not a number of seconds to live, when asked for the renewal of a sign-in",
        ),
        (
            200,
            json!({"accessToken": "wJalr x", "expiresIn": 5}),
            Kind::Malformed,
            "IAM Identity Center answered no `accessToken` that a header can carry, when asked for the renewal of a sign-in",
        ),
    ] {
        let error = sign_in(full()).renewed(&reply(status, &body), NOW).expect_err("failed");
        assert_eq!((error.kind(), error.message()), (kind, message));
    }
}

#[test]
fn the_portal_gives_the_keys_of_a_role() {
    let portal = portal(&Region::parse("eu-west-1").expect("a region"), None).expect("a URL");
    let request = role_request(&portal, &sso(None), &sign_in(full())).expect("a request");
    assert_eq!(
        request.uri(),
        "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=Read+Only%26More&account_id=111122223333"
    );
    assert_eq!(request.headers()["x-amz-sso_bearer_token"], "wJalrA");
    assert!(request.headers()["x-amz-sso_bearer_token"].is_sensitive());
    let local = Url::parse("http://127.0.0.1:1/base/").expect("a URL");
    let local =
        role_request(&super::portal(&sso(None).region, Some(&local)).expect("a URL"), &sso(None), &sign_in(full()));
    assert_eq!(local.expect("a request").uri().path(), "/base/federation/credentials");

    let keys = json!({"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "S", "sessionToken": "T", "expiration": 1_795_520_847_000_u64}});
    let key = read_keys(&reply(200, &keys), &sso(None), "work").expect("keys");
    assert_eq!(key.expires_at, NOW);
}

#[test]
fn a_portal_that_refuses_is_told_from_one_that_is_not_there() {
    let read =
        |status, body: Value, session| read_keys(&reply(status, &body), &sso(session), "work").expect_err("no keys");
    let ended = read(
        401,
        json!({"message": "Session token not found or invalid", "__type": "com.amazonaws.switchboard.portal#UnauthorizedException"}),
        None,
    );
    assert_eq!(
        ended.message(),
        "IAM Identity Center refused to give the keys of the role `Read Only&More` in the account `111122223333` \
         (401 UnauthorizedException): Session token not found or invalid"
    );
    assert_eq!((ended.kind(), ended.code()), (Kind::Refused, Some("UnauthorizedException")));
    assert_eq!(ended.hint(), Some("sign in: `aws sso login --profile work`"));
    assert_eq!(read(401, json!(null), Some("s")).hint(), Some("sign in: `aws sso login --sso-session s`"));
    assert!(read(403, json!({"message": "No access"}), None).hint().expect("a hint").contains("sso_role_name"));
    assert_eq!(read(429, json!({"message": "slow"}), None).kind(), Kind::Unavailable);
    assert_eq!(read(403, json!("<html>"), None).kind(), Kind::Malformed);
    for body in [
        json!(null),
        json!({"roleCredentials": ["wJalr"]}),
        json!({"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "wJalr"}}),
    ] {
        let error = read(200, body, None);
        assert_eq!(error.kind(), Kind::Malformed);
        assert!(!format!("{error:?}").contains("wJalr"));
    }
}
