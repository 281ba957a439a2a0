//! One cloud for all tests, a plain HTTP client, and a signer of subject tokens.

use ::ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder};
use rolebridge_emulator::{Cloud, World};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

pub(crate) static CLOUD: LazyLock<Cloud> = LazyLock::new(|| Cloud::start().expect("loopback has free ports"));

pub(crate) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
pub(crate) const ROLE_ARN: &str = "arn:aws:sts::111122223333:assumed-role/bigquery-role";

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// Demands success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()
    }

    /// Demands this refusal, with this in its text.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, text: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
        self.json()
    }

    /// The same of a refusal that is not JSON.
    #[track_caller]
    pub(crate) fn refused_as_text(&self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
    }
}

/// A client that speaks to the given address itself.
pub(crate) fn client() -> Client {
    trusting(None).build().expect("a client")
}

/// A client that goes through the world's proxy and trusts its authority.
pub(crate) fn proxied(world: &World) -> Client {
    let proxy = reqwest::Proxy::all(&world.proxy_url).expect("a proxy");
    trusting(Some(&world.ca_pem)).proxy(proxy).build().expect("a client")
}

/// A client that goes through the world's proxy and trusts no one.
pub(crate) fn trusting_nobody(world: &World) -> Client {
    let proxy = reqwest::Proxy::all(&world.proxy_url).expect("a proxy");
    trusting(None).proxy(proxy).build().expect("a client")
}

/// A client that follows no redirect.
pub(crate) fn staying() -> Client {
    trusting(None).redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

fn trusting(authority: Option<&str>) -> ClientBuilder {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = authority {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("an authority");
    }
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls).no_proxy()
}

pub(crate) fn send(request: RequestBuilder) -> Reply {
    let reply = request.send().expect("a reply");
    let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
    Reply { status, headers, body: reply.text().expect("a whole body") }
}

pub(crate) fn get(url: String, bearer: &str) -> Reply {
    send(client().get(url).bearer_auth(bearer))
}

pub(crate) fn post(url: String, bearer: &str, body: &Value) -> Reply {
    send(client().post(url).bearer_auth(bearer).json(body))
}

pub(crate) fn ready() -> World {
    CLOUD.world(json!({}))
}

/// A signed GetCallerIdentity, every part of which a test can spoil before it is encoded.
pub(crate) struct SubjectToken {
    pub(crate) url: String,
    pub(crate) method: &'static str,
    pub(crate) region: String,
    pub(crate) service: &'static str,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: Option<String>,
    pub(crate) time: SystemTime,
    pub(crate) target: String,
    /// Whether the target's header is signed too, as Google's Rust library does and the others do not.
    pub(crate) signs_target: bool,
    /// Whether it is sent at all.
    pub(crate) sends_target: bool,
}

impl SubjectToken {
    /// With the keys that the world's instance has now.
    pub(crate) fn of(world: &World) -> SubjectToken {
        SubjectToken::with_keys(world, &world.info()["keys"])
    }

    pub(crate) fn with_keys(world: &World, keys: &Value) -> SubjectToken {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        SubjectToken {
            url: "https://sts.us-east-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15".into(),
            method: "POST",
            region: "us-east-1".into(),
            service: "sts",
            access_key_id: text(&keys["access_key_id"]).expect("the instance has a role"),
            secret_access_key: text(&keys["secret_access_key"]).expect("a key has a secret"),
            session_token: text(&keys["session_token"]),
            time: SystemTime::now(),
            target: text(&world.info()["audience"]).expect("an audience"),
            signs_target: true,
            sends_target: true,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let identity =
            Credentials::new(&self.access_key_id, &self.secret_access_key, self.session_token.clone(), None, "test")
                .into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .expect("all parameters are there")
            .into();
        let target = ("x-goog-cloud-target-resource", self.target.as_str());
        let signed_headers = [target].into_iter().filter(|_| self.signs_target);
        let url = self.url.replacen(".com?", ".com/?", 1);
        let request =
            SignableRequest::new(self.method, &url, signed_headers, SignableBody::Bytes(b"")).expect("a request");
        let (instructions, _) = sign(request, &parameters).expect("a signature").into_parts();
        let host = url.split('/').nth(2).expect("a host");
        let mut headers = vec![json!({ "key": "host", "value": host })];
        headers.extend(instructions.headers().map(|(key, value)| json!({ "key": key, "value": value })));
        if self.sends_target {
            headers.push(json!({ "key": target.0, "value": target.1 }));
        }
        json!({ "url": self.url, "method": self.method, "headers": headers })
    }

    pub(crate) fn encoded(&self) -> String {
        encode(&self.json())
    }
}

pub(crate) fn encode(subject_token: &Value) -> String {
    utf8_percent_encode(&subject_token.to_string(), NON_ALPHANUMERIC).to_string()
}

/// The form of a right exchange, to be changed by tests.
pub(crate) fn form(world: &World, subject_token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".into()),
        ("audience", world.info()["audience"].as_str().expect("an audience").into()),
        ("scope", CLOUD_PLATFORM.into()),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token".into()),
        ("subject_token_type", "urn:ietf:params:aws:token-type:aws4_request".into()),
        ("subject_token", subject_token.into()),
    ]
}

pub(crate) fn send_form(world: &World, form: &[(&str, String)]) -> Reply {
    send(client().post(format!("{}/v1/token", world.google_url)).form(form))
}

pub(crate) fn exchange(world: &World, token: &SubjectToken) -> Reply {
    send_form(world, &form(world, &token.encoded()))
}

pub(crate) fn federated_token(world: &World) -> String {
    exchange(world, &SubjectToken::of(world)).ok()["access_token"].as_str().expect("a token").into()
}

pub(crate) fn impersonate(world: &World, bearer: &str, body: &Value) -> Reply {
    ask_credentials(world, bearer, "generateAccessToken", body)
}

/// A call of IAM Credentials about the world's service account.
pub(crate) fn ask_credentials(world: &World, bearer: &str, verb: &str, body: &Value) -> Reply {
    let email = text(&world.info(), "service_account");
    post(format!("{}/v1/projects/-/serviceAccounts/{email}:{verb}", world.google_url), bearer, body)
}

pub(crate) const SERVICE_ACCOUNT: &str = "serviceAccount:bigquery-reader@my-project.iam.gserviceaccount.com";
/// Everyone in the world's pool.
pub(crate) const POOL: &str =
    "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/*";
pub(crate) const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

/// A world whose service account is bound further.
pub(crate) fn bound(role: &str, member: &str) -> World {
    CLOUD.world(json!({ "bindings": [{ "role": role, "members": [member] }] }))
}

/// The claims of a JSON web token that one of these keys has signed, by ring's judgement.
#[track_caller]
pub(crate) fn verified(token: &str, keys: &Value) -> Value {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64");
    let json = |part: &str| serde_json::from_slice::<Value>(&decoded(part)).expect("JSON");
    let header = json(header);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let keys = keys["keys"].as_array().expect("a key set");
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).expect("the token's key is published");
    verify(key, signed.as_bytes(), &decoded(signature)).expect("a right signature");
    json(claims)
}

/// Whether the signature is the key's: RS256.
pub(crate) fn verify(key: &Value, message: &[u8], signature: &[u8]) -> Result<(), ::ring::error::Unspecified> {
    let number = |name| BASE64_URL_SAFE_NO_PAD.decode(text(key, name)).expect("base64");
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
}

pub(crate) fn access_token(world: &World) -> String {
    let reply = impersonate(world, &federated_token(world), &json!({ "scope": [CLOUD_PLATFORM] })).ok();
    reply["accessToken"].as_str().expect("a token").into()
}

pub(crate) fn query(world: &World, bearer: &str, sql: &str) -> Reply {
    let url = format!("{}/bigquery/v2/projects/my-project/queries", world.google_url);
    post(url, bearer, &json!({ "query": sql, "useLegacySql": false }))
}

/// Rows as plain text, without the wrapping.
pub(crate) fn rows(reply: &Value) -> Vec<Vec<String>> {
    let cell = |cell: &Value| cell["v"].as_str().unwrap_or("NULL").to_owned();
    let row = |row: &Value| row["f"].as_array().expect("a row").iter().map(cell).collect();
    reply["rows"].as_array().expect("rows").iter().map(row).collect()
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// One of the world's own URLs.
pub(crate) fn url(world: &World, name: &str) -> String {
    text(&world.info(), name)
}

/// A member that must be text.
#[track_caller]
pub(crate) fn text(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no text {name} in {object}")).to_owned()
}

/// A request to AWS STS, signed with keys as the world's info shows them; every part can be spoilt before it is sent.
pub(crate) struct StsCall {
    pub(crate) url: String,
    pub(crate) region: &'static str,
    pub(crate) keys: Value,
    pub(crate) time: SystemTime,
    pub(crate) parameters: Vec<(&'static str, String)>,
}

impl StsCall {
    pub(crate) fn new(world: &World, keys: &Value, action: &str) -> StsCall {
        StsCall {
            url: url(world, "aws_sts"),
            region: "eu-west-3",
            keys: keys.clone(),
            time: SystemTime::now(),
            parameters: vec![("Action", action.into()), ("Version", "2011-06-15".into())],
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> StsCall {
        self.parameters.push((name, value.into()));
        self
    }

    /// As SDKs send it: the parameters in a form.
    pub(crate) fn post(&self) -> Reply {
        let body = self.encoded();
        let kind = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        send(self.signed(client().post(&self.url), "POST", &self.url, &kind, &body).body(body))
    }

    /// The parameters in the query.
    pub(crate) fn query(&self, method: &str) -> Reply {
        let url = format!("{}/?{}", self.url, self.encoded());
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        send(self.signed(client().request(method.clone(), &url), method.as_str(), &url, &[], ""))
    }

    fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.parameters).finish()
    }

    pub(crate) fn signed(
        &self,
        mut request: RequestBuilder,
        method: &str,
        url: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> RequestBuilder {
        let session_token = self.keys["session_token"].as_str().map(str::to_owned);
        let (id, secret) = (text(&self.keys, "access_key_id"), text(&self.keys, "secret_access_key"));
        let identity = Credentials::new(id, secret, session_token, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("sts")
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .expect("all parameters are there")
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new(method, url, headers.iter().copied(), body).expect("a request");
        let (instructions, _) = sign(signable, &parameters).expect("a signature").into_parts();
        for (name, value) in headers.iter().copied().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        request
    }
}

/// Whom AWS STS takes these keys for.
#[track_caller]
pub(crate) fn arn_of(world: &World, keys: &Value) -> String {
    StsCall::new(world, keys, "GetCallerIdentity").post().element("Arn")
}

impl Reply {
    /// The text of an XML element, which is there once.
    #[track_caller]
    pub(crate) fn element(&self, name: &str) -> String {
        let parts: Vec<&str> = self.body.split(&format!("<{name}>")).collect();
        let [_, rest] = parts[..] else { panic!("no single <{name}> in {}", self.body) };
        rest.split_once(&format!("</{name}>")).expect("an end").0.to_owned()
    }

    /// Demands this refusal of AWS STS, and returns its message.
    #[track_caller]
    pub(crate) fn refused_by_sts(&self, status: u16, code: &str) -> String {
        assert_eq!((self.status, self.element("Code").as_str()), (status, code), "{}", self.body);
        assert_eq!(self.headers["content-type"], "text/xml");
        if self.body.contains("<Message>") { self.element("Message") } else { String::new() }
    }

    /// Keys made by AWS STS, in the form of the world's info.
    #[track_caller]
    pub(crate) fn keys(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        json!({
            "access_key_id": self.element("AccessKeyId"),
            "secret_access_key": self.element("SecretAccessKey"),
            "session_token": self.element("SessionToken"),
        })
    }
}
