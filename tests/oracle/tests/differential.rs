//! The subject token and the request that assumes a role, against `aws-sigv4`, AWS's own signer, on random identities,
//! audiences, roles, regions and times.
//!
//! The cases are the same in every run: a failure is a fact about the code, not about the day.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::percent_decode_str;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rolebridge::binding::subject_token::SubjectToken;
use rolebridge::binding::{self, Identity, Region};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// A call of GetCallerIdentity: who makes it, for whom, where and when.
#[derive(Debug, Clone)]
struct Call {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    region: String,
    audience: String,
    url: String,
    time: SystemTime,
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_150_830),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_subject_token_is_what_aws_signs(call in calls()) {
        let token = call.ours();
        prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'), "{}", token);
        let decoded = percent_decode_str(&token).decode_utf8().expect("UTF-8");
        let request: Value = serde_json::from_str(&decoded).expect("JSON");

        let theirs = call.theirs();
        let header = |name: &str| theirs.headers().get(name).map(|value| value.to_str().expect("ASCII"));
        let date = header("x-amz-date").expect("AWS dates its requests");
        let host = call.url.trim_start_matches("https://").split(['?', '/']).next().expect("a host");
        let mut headers = vec![
            json!({ "key": "Authorization", "value": header("authorization") }),
            json!({ "key": "host", "value": host }),
            json!({ "key": "x-amz-date", "value": date }),
        ];
        if let Some(session_token) = &call.session_token {
            headers.push(json!({ "key": "x-amz-security-token", "value": session_token }));
        }
        headers.push(json!({ "key": "x-goog-cloud-target-resource", "value": call.audience }));
        prop_assert_eq!(request, json!({ "headers": headers, "method": "POST", "url": call.url }));
    }

    #[test]
    fn a_role_is_assumed_as_aws_signs(
        call in calls(),
        endpoint in prop::sample::select(vec!["https://sts.{}.amazonaws.com/", "http://127.0.0.1:4000/x"]),
        role_arn in "arn:aws:iam::[0-9]{12}:role/[ -~]{1,64}",
        external_id in option::of("[ -~]{2,64}"),
    ) {
        let endpoint = endpoint.replace("{}", &call.region);
        let ours = binding::assume_role(&call.identity(), &endpoint, &role_arn, external_id.as_deref(), call.time);
        let ours = ours.expect("a request");
        let theirs = call.signed(&endpoint, "content-type", "application/x-www-form-urlencoded", ours.body());
        prop_assert_eq!(ours.uri(), theirs.uri());
        prop_assert_eq!(ours.headers(), theirs.headers());
        for value in std::iter::once(role_arn).chain(external_id) {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            prop_assert!(String::from_utf8_lossy(ours.body()).contains(&encoded));
        }
    }
}

impl Call {
    fn identity(&self) -> Identity {
        let region = Region::parse(&self.region).expect("a region");
        let identity = Identity::new(&self.access_key_id, &self.secret_access_key, region);
        match &self.session_token {
            Some(session_token) => identity.with_session_token(session_token),
            None => identity,
        }
    }

    fn ours(&self) -> String {
        SubjectToken::sign(&self.identity(), &self.audience, &self.url, self.time).expect("a URL").expose().to_owned()
    }

    fn theirs(&self) -> http::Request<Vec<u8>> {
        self.signed(&self.url, "x-goog-cloud-target-resource", &self.audience, b"")
    }

    /// A request with one header of its own and those that AWS's signer puts on it.
    fn signed(&self, url: &str, name: &str, value: &str, body: &[u8]) -> http::Request<Vec<u8>> {
        let session_token = self.session_token.clone();
        let identity = Credentials::from_keys(&self.access_key_id, &self.secret_access_key, session_token).into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("sts")
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .expect("complete")
            .into();
        let request = SignableRequest::new("POST", url, [(name, value)].into_iter(), SignableBody::Bytes(body));
        let (instructions, _) = sign(request.expect("a request"), &parameters).expect("signed").into_parts();
        let mut request = http::Request::post(url).header(name, value).body(body.to_vec()).expect("a request");
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn calls() -> impl Strategy<Value = Call> {
    // Base64 as AWS writes it, and every printable character that a header keeps.
    let session_token = prop_oneof!["[A-Za-z0-9+/]{16,2046}={0,2}", "[!-~]{1,2048}"];
    let keys = ("A[KS]IA[A-Z2-7]{16}", "[A-Za-z0-9+/]{40}", option::of(session_token));
    let audience = "//iam\\.googleapis\\.com/projects/[1-9][0-9]{0,12}/locations/global/workloadIdentityPools/\
                    [a-z][a-z0-9-]{2,30}[a-z0-9]/providers/[a-z][a-z0-9-]{2,30}[a-z0-9]";
    let region = "(us|eu|ap|cn|us-gov|eusc-de|us-iso)-(north|southeast|central|west)-[1-9]";
    let host = prop::sample::select(vec!["sts.{}.amazonaws.com", "sts-fips.{}.amazonaws.com", "sts.{}.api.aws"]);
    let path = prop::sample::select(vec!["", "/"]);
    let query = Just(vec!["Action=GetCallerIdentity", "Version=2011-06-15"]).prop_shuffle();
    // Up to the year 9999, with nanoseconds that the signature must not know.
    let time = (0..253_402_000_000u64, 0..1_000_000_000u32)
        .prop_map(|(seconds, nanoseconds)| SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds));
    (keys, audience, region, host, path, query, time).prop_map(
        |((access_key_id, secret_access_key, session_token), audience, region, host, path, query, time)| {
            let url = format!("https://{}{path}?{}", host.replace("{}", &region), query.join("&"));
            Call { access_key_id, secret_access_key, session_token, region, audience, url, time }
        },
    )
}
