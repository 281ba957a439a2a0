//! IAM Credentials: what a service account gives to those who may act as it
//! (<https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts>).
//!
//! | file | call | needs, on the account | in the role |
//! |---|---|---|---|
//! | `access_token` | `generateAccessToken` | `iam.serviceAccounts.getAccessToken` | Workload Identity User |
//! | `id_token` | `generateIdToken` | `iam.serviceAccounts.getOpenIdToken` | Workload Identity User |
//! | `signing` | `signBlob` | `iam.serviceAccounts.signBlob` | Service Account Token Creator |

pub(crate) mod access_token;
pub(crate) mod id_token;
pub(crate) mod signing;

use super::ServiceError;
use crate::error::{Error, Kind, Step, UNKNOWN_ROLE};
use crate::reply::Reply;
use crate::time::Timestamp;
use crate::token::Token;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;
use std::time::Duration;
use url::Url;

const WORKLOAD_IDENTITY_USER: &str = "roles/iam.workloadIdentityUser";
const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";

/// A service account, and who may act as it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    /// Where its access tokens are asked for, as the credential file has it.
    pub(crate) url: &'a Url,
    pub(crate) email: &'a str,
    /// The project in its name, if that holds one.
    pub(crate) project: Option<&'a str>,
    /// The resource name of the pool whose principals ask.
    pub(crate) pool: &'a str,
}

impl Account<'_> {
    /// One call. The quota project's header is not sent here: it would ask for a permission on that project which the
    /// call does not need.
    fn request(self, method: &str, bearer: &Token, body: &Value) -> http::Result<http::Request<Vec<u8>>> {
        let url = match self.url.as_str().rsplit_once(':') {
            Some((account, _)) => format!("{account}:{method}"),
            None => self.url.to_string(),
        };
        http::Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, bearer.authorization())
            .body(body.to_string().into_bytes())
    }

    /// What it means that the call was not done: `what` is what was asked for, as in "refused to …".
    fn refusal(self, step: Step, what: &str, reply: &Reply, body: &Value) -> (Error, ServiceError) {
        let said = ServiceError::new(body["error"].get("status"), body["error"].get("message"));
        let verb = if reply.is_transient() { "could not" } else { "refused to" };
        let error = said.error(step, &format!("IAM Credentials {verb} {what} `{}`", self.email), reply);
        (error, said)
    }

    /// What to do about a status, where that is known: `role` is what must be bound to the workload.
    fn hint(self, role: &str, status: u16, said: &ServiceError) -> Option<String> {
        if status == 403 && said.description.contains("has not been used in project") {
            let command = self
                .project
                .map(|project| format!(": `gcloud services enable iamcredentials.googleapis.com --project={project}`"));
            return Some(format!(
                "enable iamcredentials.googleapis.com in the project of `{}`{}",
                self.email,
                command.unwrap_or_default()
            ));
        }
        matches!(status, 403 | 404).then(|| {
            format!(
                "let the role act as the account: `{}` (a new binding takes two minutes, sometimes more than seven)",
                self.binding(role, &self.principals())
            )
        })
    }

    /// The command that binds a role on the account to a member.
    fn binding(self, role: &str, member: &str) -> String {
        format!("gcloud iam service-accounts add-iam-policy-binding {} --role={role} --member=\"{member}\"", self.email)
    }

    /// The sessions of the workload's AWS role.
    fn principals(self) -> String {
        principal_set(self.pool, UNKNOWN_ROLE)
    }
}

/// The identities of a pool, named as in a projects/… path, whose `attribute.aws_role` is this one: by Google's default
/// mapping, every session of that role.
pub fn principal_set(pool: &str, role: &str) -> String {
    format!("principalSet://iam.googleapis.com/{pool}/attribute.aws_role/{role}")
}

fn malformed(step: Step, what: &str) -> Error {
    Error::new(Kind::Malformed, step, format!("IAM Credentials answered {what}")).answering(200, None)
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
