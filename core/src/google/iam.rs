//! IAM Credentials: a federated token becomes a service account's access token
//! (<https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>).

use super::ServiceError;
use crate::error::{Error, Kind, Step, UNKNOWN_ROLE};
use crate::reply::Reply;
use crate::time::{Skew, Timestamp};
use crate::token::Token;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

/// What is asked of IAM Credentials, apart from the federated token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Impersonation<'a> {
    pub(crate) url: &'a Url,
    pub(crate) service_account: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) lifetime: Duration,
    /// The resource name of the pool whose principals may ask.
    pub(crate) pool: &'a str,
}

/// The impersonation. The quota project's header is not sent here: it would ask for a permission on
/// that project which an impersonation does not need.
pub(crate) fn request(
    impersonation: &Impersonation<'_>,
    federated_token: &Token,
) -> http::Result<http::Request<Vec<u8>>> {
    let body = json!({ "scope": impersonation.scopes, "lifetime": format!("{}s", impersonation.lifetime.as_secs()) });
    http::Request::post(impersonation.url.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, federated_token.authorization())
        .body(body.to_string().into_bytes())
}

/// The access token of a reply to a request that was sent at `asked_at`. `skew` is how far
/// the clock that AWS believed is from ours.
pub(crate) fn read(
    reply: &Reply,
    impersonation: &Impersonation<'_>,
    asked_at: Timestamp,
    skew: Skew,
) -> Result<Token, Error> {
    let body = reply.json().unwrap_or_default();
    if reply.status != 200 {
        return Err(refusal(reply, &body, impersonation));
    }
    let malformed = |what: &str| {
        Error::new(Kind::Malformed, Step::Impersonation, format!("IAM Credentials answered {what}"))
            .answering(200, None)
    };
    let value = body["accessToken"].as_str().ok_or_else(|| malformed("no `accessToken`"))?;
    let end = body["expireTime"].as_str().and_then(Timestamp::from_rfc3339);
    let end = end.ok_or_else(|| malformed("an `expireTime` that is not a time"))?;
    let life = life(end, reply.date, skew.apply(asked_at), impersonation.lifetime);
    if life.is_zero() {
        return Err(malformed("a token that had ended on arrival"));
    }
    Token::new(value, asked_at, life).ok_or_else(|| malformed("an `accessToken` that no header can carry"))
}

/// An HTTP date leaves out up to this much of the time that it was written at.
const DATE_RESOLUTION: Duration = Duration::from_secs(1);

/// How long the token lives: its end less the *reply's* time, since our clock may be off; never longer than was asked.
///
/// A reply without a `Date`, or with one from which the token would already have ended or would live longer than was asked,
/// is read by our own clock. A date
/// cannot lengthen a life beyond what our own clock says of the same end: one of an hour ago would have a token used for an
/// hour too long. Our clock is within the five minutes that AWS allows, or was set right by the skew that AWS believed; so
/// a clock of ours that is wrong shortens a life by those minutes at the most. Where the token would already have ended by
/// it, the date alone is believed.
fn life(end: Timestamp, replied_at: Option<Timestamp>, asked_at: Timestamp, asked: Duration) -> Duration {
    let by_date =
        replied_at.map(|date| end.since(date.plus(DATE_RESOLUTION))).filter(|life| !life.is_zero() && *life <= asked);
    let by_our_clock = Some(end.since(asked_at)).filter(|life| !life.is_zero());
    let lives = [by_date, by_our_clock].into_iter().flatten();
    lives.min().unwrap_or_default().min(asked)
}

fn refusal(reply: &Reply, body: &Value, impersonation: &Impersonation<'_>) -> Error {
    let said = ServiceError::new(body["error"].get("status"), body["error"].get("message"));
    let account = impersonation.service_account;
    let verb = if reply.is_transient() { "could not impersonate" } else { "refused to impersonate" };
    let mut error = said.error(Step::Impersonation, &format!("IAM Credentials {verb} `{account}`"), reply);
    if reply.status == 401 {
        error = error.blaming(Step::Exchange);
    }
    match hint(reply.status, &said.description, impersonation) {
        Some(hint) => error.hinting(hint),
        None => error,
    }
}

fn hint(status: u16, description: &str, impersonation: &Impersonation<'_>) -> Option<String> {
    let Impersonation { pool, service_account: account, .. } = impersonation;
    if status == 403 && description.contains("has not been used in project") {
        return Some(format!("enable iamcredentials.googleapis.com in the project of `{account}`"));
    }
    match status {
        403 | 404 => Some(format!(
            "let the role act as the account: `gcloud iam service-accounts add-iam-policy-binding {account} \
             --role=roles/iam.workloadIdentityUser --member=\"principalSet://iam.googleapis.com/{pool}/attribute.aws_role/{UNKNOWN_ROLE}\"` \
             (a new binding takes two minutes, sometimes more than seven)"
        )),
        400 if description.contains("lifetime") || description.contains("lifetimes") => Some(
            "more than 3600 seconds need the organisation policy `iam.allowServiceAccountCredentialLifetimeExtension`"
                .into(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::life;
    use crate::time::Timestamp;
    use std::time::Duration;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_milliseconds(seconds * 1000)
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_wrong_clock_of_ours_changes_no_lifetime() {
        for ours in [4_000, 10_000, 16_000] {
            let life = life(at(13_600), Some(at(10_000)), at(ours), HOUR);
            assert_eq!(life, Duration::from_secs(3599), "our clock says {ours}");
        }
    }

    #[test]
    fn a_date_that_is_behind_lengthens_no_life() {
        let five_minutes = Duration::from_secs(300);
        for date in [0, 10_000 - 3600, 10_000 - 60] {
            assert_eq!(life(at(10_300), Some(at(date)), at(10_000), HOUR), five_minutes, "the date says {date}");
        }
    }

    #[test]
    fn a_date_by_which_a_token_lives_longer_than_was_asked_is_none() {
        for ours in [10_000, 11_000] {
            let life = life(at(10_000), Some(at(0)), at(ours), HOUR);
            assert_eq!(life, Duration::ZERO, "it has ended, whatever 1970 says");
        }
    }

    #[test]
    fn a_missing_or_absurd_date_is_replaced_by_our_clock() {
        assert_eq!(life(at(13_600), None, at(10_000), HOUR), HOUR);
        assert_eq!(life(at(13_600), Some(at(99_000)), at(10_600), HOUR), Duration::from_secs(3000));
        assert_eq!(life(at(99_000), Some(at(10_000)), at(10_000), HOUR), HOUR, "never longer than was asked");
        assert_eq!(life(at(13_600), None, at(20_000), HOUR), Duration::ZERO);
    }
}
