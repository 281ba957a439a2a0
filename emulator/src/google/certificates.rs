//! The public keys that Google publishes: of ID tokens, and of service accounts.
//!
//! <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob>

use crate::facts::Facts;
use crate::facts::signing_key::SigningKey;
use crate::google::reply::{self, ok};
use crate::http::{Answer, Reply};
use crate::route::Route;
use hyper::Method;
use hyper::header::{CACHE_CONTROL, HeaderValue};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    if method != Method::GET {
        return None;
    }
    Some(match path {
        ["oauth2", "v3", "certs"] => Route::new("www.certs", |facts, _| Ok(published(key_set(facts.id_token_key())))),
        // What `verify_oauth2_token` of Google's client for Python and `verifyIdToken` of that for Node ask for.
        ["oauth2", "v1", "certs"] => Route::new("www.certs", |facts, _| Ok(published(certificate(facts)))),
        ["service_accounts", "v1", "jwk", email] => {
            let email = (*email).to_owned();
            Route::new("www.serviceAccountKeys", move |facts, _| of_service_account(facts, &email))
        }
        _ => return None,
    })
}

fn of_service_account(facts: &mut Facts, email: &str) -> Answer {
    let account = facts.service_accounts.by_email.get_mut(email).ok_or_else(reply::entity_not_found)?;
    Ok(published(key_set(account.key())))
}

fn key_set(key: &SigningKey) -> Value {
    json!({ "keys": [key.json_web_key()] })
}

/// The key of ID tokens inside a certificate, by the key's id.
fn certificate(facts: &mut Facts) -> Value {
    let key = facts.id_token_key();
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(key.pkcs8()), &PKCS_RSA_SHA256);
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "federated-signon.system.gserviceaccount.com");
    let certificate = parameters.self_signed(&pair.expect("ring takes RSA keys")).expect("valid parameters are signed");
    json!({ &*key.id: certificate.pem() })
}

/// Clients keep the keys for as long as they are told.
fn published(keys: Value) -> Reply {
    let mut reply = ok(&keys);
    let age = HeaderValue::from_static("public, max-age=21600, must-revalidate, no-transform");
    reply.headers_mut().insert(CACHE_CONTROL, age);
    reply
}
