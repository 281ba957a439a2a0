//! A federated token becomes an OpenID Connect token of a service account (`generateIdToken`), which tells one service who
//! calls it. The federated token asks for it itself: Workload Identity User allows it what an access token would need
//! another role for.

use super::{Account, WORKLOAD_IDENTITY_USER, life, malformed};
use crate::error::{Error, Step};
use crate::reply::Reply;
use crate::time::{Skew, Timestamp};
use crate::token::Token;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::time::Duration;

const STEP: Step = Step::IdToken;
/// Google's ID tokens live an hour.
const LIFETIME: Duration = Duration::from_secs(3600);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) account: Account<'a>,
    pub(crate) audience: &'a str,
    pub(crate) includes_email: bool,
}

/// The request.
pub(crate) fn request(asked: &Request<'_>, federated_token: &Token) -> http::Result<http::Request<Vec<u8>>> {
    let body = json!({ "audience": asked.audience, "includeEmail": asked.includes_email });
    asked.account.request("generateIdToken", federated_token, &body)
}

/// The ID token of a reply to a request that was sent at `asked_at`. `skew` is how far the clock that AWS believed is from
/// ours. Its `exp` is read; whoever is shown the token verifies it.
pub(crate) fn read(reply: &Reply, asked: &Request<'_>, asked_at: Timestamp, skew: Skew) -> Result<Token, Error> {
    let body = reply.json().unwrap_or_default();
    if reply.status != 200 {
        let (error, said) = asked.account.refusal(STEP, "give an ID token of", reply, &body);
        let error = if reply.status == 401 { error.blaming(Step::Exchange) } else { error };
        let hint = asked.account.hint(WORKLOAD_IDENTITY_USER, reply.status, &said);
        return Err(hint.into_iter().fold(error, Error::hinting));
    }
    let value = body["token"].as_str().ok_or_else(|| malformed(STEP, "no `token`"))?;
    let end = expiry(value).ok_or_else(|| malformed(STEP, "an ID token whose `exp` cannot be read"))?;
    let life = life(end, reply.date, skew.apply(asked_at), LIFETIME);
    if life.is_zero() {
        return Err(malformed(STEP, "an ID token that had ended on arrival"));
    }
    Token::new(value, asked_at, life).ok_or_else(|| malformed(STEP, "an ID token that no header can carry"))
}

/// The claim `exp` (RFC 7519, section 4.1.4): seconds since 1970.
fn expiry(token: &str) -> Option<Timestamp> {
    let claims = token.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let seconds = claims["exp"].as_f64().filter(|seconds| *seconds > 0.0)?;
    Some(Timestamp::EPOCH.plus(Duration::try_from_secs_f64(seconds.trunc()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_is_read_from_the_claims_and_from_nothing_else() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let at = |seconds| Some(Timestamp::EPOCH.plus(Duration::from_secs(seconds)));
        assert_eq!(expiry(&token(r#"{"exp":1795000000,"aud":"a"}"#)), at(1_795_000_000));
        assert_eq!(expiry(&token(r#"{"exp":1795000000.9}"#)), at(1_795_000_000));
        for wrong in [r#"{"exp":"1795000000"}"#, r#"{"exp":0}"#, r#"{"exp":1e300}"#, "{}", "[]", "no JSON"] {
            assert_eq!(expiry(&token(wrong)), None, "{wrong}");
        }
        for wrong in ["", "one", "one.two!.three", "opaque-token"] {
            assert_eq!(expiry(wrong), None, "{wrong}");
        }
    }
}
