use super::*;

const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_795_520_847_000);

fn identity(session_token: Option<&str>) -> Identity {
    let identity = Identity::new("AKIAEXAMPLE", "wJalrXUtnFEMI", Region::parse("us-west-2").expect("a region"));
    match session_token {
        Some(token) => identity.with_session_token(token),
        None => identity,
    }
}

fn role() -> Role {
    Role { role_arn: "arn:aws:iam::111122223333:role/team/app".into(), ..Role::default() }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply { status, date: None, retry_after: None, location: None, body: body.as_bytes().to_vec().into() }
}

fn body(request: &http::Request<Vec<u8>>) -> &str {
    std::str::from_utf8(request.body()).expect("a form")
}

const ASSUMED: &str = r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/app/rolebridge</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalr&#x2F;b</SecretAccessKey>
      <SessionToken>FwoG&#43;/&amp;==</SessionToken>
      <Expiration>2026-11-24T11:47:27Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>"#;

#[test]
fn a_role_is_asked_for_as_a_signed_form() {
    let full = Role {
        session_name: Some("me".into()),
        external_id: Some("a b&c".into()),
        duration: Some(Duration::from_secs(900)),
        ..role()
    };
    let endpoint = endpoint(&Region::parse("us-west-2").expect("a region"), None).expect("a URL");
    let request = assume_role(&identity(Some("FwoG")), &endpoint, &full, NOW).expect("a request");
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", "https://sts.us-west-2.amazonaws.com/")
    );
    assert_eq!(
        body(&request),
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%2Fapp\
         &RoleSessionName=me&DurationSeconds=900&ExternalId=a+b%26c"
    );
    let header = |name: &str| request.headers().get(name).expect(name);
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(header("x-amz-date"), "20261124T114727Z");
    let authorization = header("authorization").to_str().expect("ASCII");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261124/us-west-2/sts/aws4_request, "));
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "));
    assert!(header("authorization").is_sensitive() && header("x-amz-security-token").is_sensitive());

    let request = assume_role(&identity(None), &endpoint, &role(), NOW).expect("a request");
    assert!(body(&request).ends_with("&RoleSessionName=rolebridge"), "{}", body(&request));
    assert!(!request.headers().contains_key("x-amz-security-token"));
}

#[test]
fn a_web_identity_is_not_signed_and_a_caller_is() {
    let local = Url::parse("http://127.0.0.1:4000/aws").expect("a URL");
    let endpoint = endpoint(&Region::parse("us-west-2").expect("a region"), Some(&local)).expect("a URL");
    let role = Role { external_id: Some("x".into()), ..role() };
    let request = assume_role_with_web_identity(&endpoint, &role, &Secret::new("ey.J+.x")).expect("a request");
    assert_eq!(request.uri(), "http://127.0.0.1:4000/aws");
    assert!(body(&request).ends_with("&RoleSessionName=rolebridge&WebIdentityToken=ey.J%2B.x"), "{}", body(&request));
    assert!(!request.headers().contains_key("authorization"));

    let request = get_caller_identity(&identity(None), &endpoint, NOW).expect("a request");
    assert_eq!(body(&request), "Action=GetCallerIdentity&Version=2011-06-15");
    assert!(request.headers().contains_key("authorization"));
}

#[test]
fn each_partition_has_its_own_hosts() {
    for (region, host) in
        [("eu-west-1", "sts.eu-west-1.amazonaws.com"), ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn")]
    {
        let endpoint = endpoint(&Region::parse(region).expect("a region"), None).expect("a URL");
        assert_eq!(endpoint.host_str(), Some(host));
    }
}

#[test]
fn a_token_file_holds_one_token() {
    assert_eq!(web_identity_token("/t".as_ref(), b"ey.J.x\n").expect("a token").expose(), "ey.J.x");
    let long = vec![b'e'; 20_001];
    for (content, problem) in [
        (b"".as_slice(), "is empty"),
        (b" \r\n", "is empty"),
        (b"ey wJalr", "holds something other than one token"),
        (b"ey\nwJalr", "holds something other than one token"),
        (b"ey\0wJalr", "holds something other than one token"),
        (b"\xff\xfewJalr", "holds something other than one token"),
        (&long, "is longer than AWS STS takes (20,000 bytes)"),
    ] {
        let error = web_identity_token("/t".as_ref(), content).expect_err("no token");
        assert_eq!(error.message(), format!("the web identity token file `/t` {problem}"));
    }
}

#[test]
fn the_keys_of_both_replies_are_read() {
    for body in [
        ASSUMED.to_owned(),
        ASSUMED
            .replace("<AssumeRoleRes", "<AssumeRoleWithWebIdentityRes")
            .replace("</AssumeRoleRes", "</AssumeRoleWithWebIdentityRes"),
    ] {
        let key = read_keys(&reply(200, &body), &role()).expect("keys");
        assert_eq!(key.access_key_id, "ASIAEXAMPLE");
        assert_eq!(key.secret_access_key.expose(), "wJalr/b");
        assert_eq!(key.session_token.expect("temporary").expose(), "FwoG+/&==");
        assert_eq!(key.expires_at, NOW);
    }
}

#[test]
fn a_caller_is_read() {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetCallerIdentityResponse><GetCallerIdentityResult>\
                <Arn>arn:aws:iam::111122223333:user/me</Arn><UserId>AIDA</UserId><Account>111122223333</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>";
    assert_eq!(read_caller(&reply(200, body)).expect("a caller"), "arn:aws:iam::111122223333:user/me");
    for wrong in [
        "",
        "<GetCallerIdentityResponse/>",
        &body.replace("Arn>", "Name>"),
        &body.replace("arn:aws", "wJalr"),
        &body.replace("CallerIdentityResponse", "Response"),
    ] {
        assert_eq!(read_caller(&reply(200, wrong)).expect_err("no caller").kind(), Kind::Malformed, "{wrong}");
    }
}

#[test]
fn hostile_xml_is_a_clear_error_that_shows_nothing() {
    let deep = "<a>".repeat(300_000);
    let closed = format!("{}{}", "<a>".repeat(140_000), "</a>".repeat(140_000));
    let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
    let entities = format!(
        "<!DOCTYPE x [<!ENTITY a \"wJalr\"><!ENTITY b \"{}\">]>{}",
        "&a;".repeat(10),
        ASSUMED.replace("FwoG", "&b;")
    );
    let external = format!("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">{ASSUMED}");
    for (name, body) in [
        ("deep", deep.as_str()),
        ("deep and closed", &closed),
        ("wide", &wide),
        ("entities", &entities),
        ("external", &external),
        ("undeclared", &ASSUMED.replace("FwoG", "&wJalr;")),
        ("truncated", &ASSUMED[..ASSUMED.len() - 30]),
        ("two documents", &format!("{ASSUMED}{ASSUMED}")),
        ("two megabytes", &" ".repeat(2 << 20)),
        ("no XML", "{\"wJalr\": 1}"),
        ("empty", ""),
        ("another reply", &ASSUMED.replace("AssumeRoleR", "GetSessionTokenR")),
        ("another root", &ASSUMED.replace("AssumeRoleResponse", "OtherResponse")),
        ("a reply in another", &format!("<x>{ASSUMED}</x>")),
        ("no token", &ASSUMED.replace("SessionToken", "Token")),
        ("an empty token", &ASSUMED.replace("FwoG&#43;/&amp;==", "")),
        ("a token of elements", &ASSUMED.replace("FwoG", "<x>wJalr</x>")),
        ("a token of lines", &ASSUMED.replace("FwoG", "wJalr&#13;&#10;x: y")),
        ("a token with a comment", &ASSUMED.replace("FwoG", "wJalr<!-- -->")),
        ("no time", &ASSUMED.replace("2026-11-24T11:47:27Z", "soon")),
    ] {
        let error = read_keys(&reply(200, body), &role()).err().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(error.kind(), Kind::Malformed, "{name}");
        let shown = format!("{error:?}");
        assert!(!shown.contains("wJalr") && !shown.contains("FwoG"), "{name}: {shown}");
    }
    let bytes = Reply { status: 200, date: None, retry_after: None, location: None, body: vec![0xff; 9].into() };
    assert_eq!(
        read_keys(&bytes, &role()).expect_err("no text").message(),
        "AWS STS answered something that is not XML"
    );
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

#[test]
fn a_refusal_is_told_in_its_own_words() {
    let body = error("AccessDenied", "User: arn:aws:iam::1:user/me is not authorized to perform: sts:AssumeRole");
    let refused = read_keys(&reply(403, &body), &role()).expect_err("refused");
    assert_eq!(
        refused.message(),
        "AWS STS refused to let the role `arn:aws:iam::111122223333:role/team/app` be assumed (403 AccessDenied): \
         User: arn:aws:iam::1:user/me is not authorized to perform: sts:AssumeRole"
    );
    assert_eq!((refused.kind(), refused.status(), refused.code()), (Kind::Refused, Some(403), Some("AccessDenied")));
    assert!(refused.hint().expect("a hint").starts_with("let the role's trust policy name"));

    let echo = error(
        "SignatureDoesNotMatch",
        "It does not match. The Canonical String for this request should have been 'FwoG'",
    );
    let refused = read_caller(&reply(403, &echo)).expect_err("refused");
    assert_eq!(
        refused.message(),
        "AWS STS refused to tell whose keys these are (403 SignatureDoesNotMatch): It does not match."
    );
}

#[test]
fn what_may_pass_is_told_from_what_may_not() {
    for (status, code, passes) in [
        (400, "IDPCommunicationError", true),
        (400, "Throttling", true),
        (400, "ThrottlingException", true),
        (400, "RequestLimitExceeded", true),
        (503, "ServiceUnavailable", true),
        (500, "InternalFailure", true),
        (429, "x", true),
        (400, "InvalidIdentityToken", false),
        (400, "ExpiredTokenException", false),
        (400, "ValidationError", false),
        (403, "AccessDenied", false),
        (403, "RegionDisabledException", false),
    ] {
        let reply = reply(status, &error(code, "words"));
        assert_eq!(may_pass(&reply), passes, "{status} {code}");
        let kind = read_keys(&reply, &role()).expect_err("no keys").kind();
        assert_eq!(kind, if passes { Kind::Unavailable } else { Kind::Refused }, "{status} {code}");
    }
    for body in ["", "<html><title>Blocked</title></html>", &error("two words", "x"), &error("", "x")] {
        let reply = reply(403, body);
        assert!(!may_pass(&reply));
        assert_eq!(read_keys(&reply, &role()).expect_err("no keys").kind(), Kind::Malformed, "{body}");
    }
}

#[test]
fn a_wrong_clock_is_measured_by_a_refusal_for_its_time() {
    let refused = |code: &str, message: &str, seconds: u64| {
        let date = Some(NOW.plus(Duration::from_secs(seconds)));
        clock_skew(&Reply { date, ..reply(403, &error(code, message)) }, NOW).map(Skew::seconds)
    };
    assert_eq!(refused("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than", 3600), Some(3600));
    assert_eq!(refused("SignatureDoesNotMatch", "Signature not yet current: 2026 is still later", 600), Some(600));
    assert_eq!(refused("RequestExpired", "Request has expired.", 600), Some(600));
    assert_eq!(refused("RequestExpired", "Request has expired.", 100), None, "the clocks agree");
    assert_eq!(refused("AccessDenied", "no", 3600), None);
    assert_eq!(clock_skew(&reply(403, &error("RequestExpired", "x")), NOW), None, "nothing says what time it is");
}
