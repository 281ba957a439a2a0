//! A service account signs bytes with a key that Google holds (`signBlob`): RSA with SHA-256, by which a signed URL of Cloud
//! Storage is made.
//!
//! The account's own access token may ask, if the account may sign for itself; else the federated token, if the workload
//! may sign as the account. Both want Service Account Token Creator: what lets the workload impersonate never lets it sign.

use super::{Account, TOKEN_CREATOR, malformed};
use crate::error::{Error, Step};
use crate::reply::Reply;
use crate::token::Token;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fmt;
use std::sync::Arc;

const STEP: Step = Step::Signing;

/// What a service account signed with, and the signature: RSASSA-PKCS1-v1_5 with SHA-256 (RS256).
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    key_id: Arc<str>,
    bytes: Arc<[u8]>,
}

impl Signature {
    /// The id of the account's key, under which its public half is published.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The signature itself: 256 bytes with today's keys.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Signature").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// The request. `bearer` is the account's access token, or the federated token.
pub(crate) fn request(account: Account<'_>, bearer: &Token, payload: &[u8]) -> http::Result<http::Request<Vec<u8>>> {
    account.request("signBlob", bearer, &json!({ "payload": STANDARD.encode(payload) }))
}

/// The signature of a reply. `bearer_of` is the step that the bearer comes of: whose fault a 401 is.
pub(crate) fn read(reply: &Reply, account: Account<'_>, bearer_of: Step) -> Result<Signature, Error> {
    let body = reply.json().unwrap_or_default();
    if reply.status != 200 {
        let (error, said) = account.refusal(STEP, "sign as", reply, &body);
        let error = if reply.status == 401 { error.blaming(bearer_of) } else { error };
        let hint = match reply.status {
            403 if !said.description.contains("has not been used in project") => Some(format!(
                "let the account sign for itself: `{}`; or let the role sign as the account: `{}` (a new binding takes \
                 two minutes, sometimes more than seven)",
                account.binding(TOKEN_CREATOR, &format!("serviceAccount:{}", account.email)),
                account.binding(TOKEN_CREATOR, &account.principals()),
            )),
            status => account.hint(TOKEN_CREATOR, status, &said),
        };
        return Err(hint.into_iter().fold(error, Error::hinting));
    }
    let key_id = body["keyId"].as_str().ok_or_else(|| malformed(STEP, "no `keyId`"))?;
    let signed = body["signedBlob"].as_str().and_then(|text| STANDARD.decode(text).ok()).filter(|it| !it.is_empty());
    let bytes = signed.ok_or_else(|| malformed(STEP, "a `signedBlob` that is no base64"))?;
    Ok(Signature { key_id: key_id.into(), bytes: bytes.into() })
}
