//! A federated token becomes a service account's access token (`generateAccessToken`).

use super::{Account, WORKLOAD_IDENTITY_USER, life, malformed};
use crate::error::{Error, Step};
use crate::reply::Reply;
use crate::time::{Skew, Timestamp};
use crate::token::Token;
use serde_json::json;
use std::time::Duration;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) account: Account<'a>,
    pub(crate) scopes: &'a [String],
    pub(crate) lifetime: Duration,
}

/// The request.
pub(crate) fn request(asked: &Request<'_>, federated_token: &Token) -> http::Result<http::Request<Vec<u8>>> {
    let lifetime = format!("{}s", asked.lifetime.as_secs());
    let body = json!({ "scope": asked.scopes, "lifetime": lifetime });
    asked.account.request("generateAccessToken", federated_token, &body)
}

/// The access token of a reply to a request that was sent at `asked_at`. `skew` is how far
/// the clock that AWS believed is from ours.
pub(crate) fn read(reply: &Reply, asked: &Request<'_>, asked_at: Timestamp, skew: Skew) -> Result<Token, Error> {
    const STEP: Step = Step::Impersonation;
    let body = reply.json().unwrap_or_default();
    if reply.status != 200 {
        let (error, said) = asked.account.refusal(STEP, "impersonate", reply, &body);
        let error = if reply.status == 401 { error.blaming(Step::Exchange) } else { error };
        let hint = match reply.status {
            400 if said.description.contains("lifetime") => Some(
                "more than 3600 seconds need the organisation policy `iam.allowServiceAccountCredentialLifetimeExtension`"
                    .to_owned(),
            ),
            status => asked.account.hint(WORKLOAD_IDENTITY_USER, status, &said),
        };
        return Err(hint.into_iter().fold(error, Error::hinting));
    }
    let value = body["accessToken"].as_str().ok_or_else(|| malformed(STEP, "no `accessToken`"))?;
    let end = body["expireTime"].as_str().and_then(Timestamp::from_rfc3339);
    let end = end.ok_or_else(|| malformed(STEP, "an `expireTime` that is not a time"))?;
    let life = life(end, reply.date, skew.apply(asked_at), asked.lifetime);
    if life.is_zero() {
        return Err(malformed(STEP, "a token that had ended on arrival"));
    }
    Token::new(value, asked_at, life).ok_or_else(|| malformed(STEP, "an `accessToken` that no header can carry"))
}
