//! Whose keys an identity's are, as AWS STS knows them: asked where Google has refused it, so that the error can say whom,
//! and for a diagnosis.

use super::{call, sts};
use crate::context::MintContext;
use crate::env_names::AWS_ENDPOINT_URL_STS;
use crate::error::{Error, Step};
use crate::identity::Identity;
use crate::time::Skew;
use std::time::Duration;

/// An error waits for it.
const BUDGET: Duration = Duration::from_secs(2);

/// Who a workload is at AWS, for a diagnosis. No secret is part of it.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Which keys it has, and where they speak to AWS: `keys …MPLE from the environment, in us-east-1`.
    pub keys: String,
    /// The region of AWS STS for which requests are signed.
    pub region: String,
    /// The ARN by which AWS STS knows the keys, or why it does not tell.
    pub arn: Result<String, Error>,
    /// By how many seconds AWS's clock is ahead of this machine's; none if AWS STS did not answer.
    pub clock_skew_seconds: Option<i64>,
}

impl Workload {
    /// What Google's default mapping makes of the caller's ARN as `attribute.aws_role`. (`google.subject` is the ARN itself.)
    pub fn google_attribute(&self) -> Option<&str> {
        self.arn.as_deref().map(google_attribute).ok()
    }

    pub(crate) async fn of(context: &MintContext, identity: &Identity) -> Workload {
        let (arn, skew) = match ask(context, identity).await {
            Ok((arn, skew)) => (arn, skew),
            Err(error) => (Err(error), None),
        };
        Workload {
            keys: identity.description(),
            region: identity.region().as_str().to_owned(),
            arn,
            clock_skew_seconds: skew.map(Skew::seconds),
        }
    }
}

/// The caller's ARN; none if AWS STS does not tell it at once.
pub(crate) async fn arn(context: &MintContext, identity: &Identity) -> Option<String> {
    // Why AWS STS does not tell is another matter than the refusal.
    ask(context, identity).await.ok()?.0.ok()
}

/// What AWS STS says of the keys, and how far its clock is from ours.
async fn ask(context: &MintContext, identity: &Identity) -> Result<(Result<String, Error>, Option<Skew>), Error> {
    let context = &context.for_step(BUDGET);
    let asked_at = context.host.now();
    let ask = async {
        let named = call::named_endpoint(&context.environment, AWS_ENDPOINT_URL_STS)?;
        let endpoint = sts::endpoint(identity.region(), named.as_ref())?;
        call::sts(context, |now| sts::get_caller_identity(identity, &endpoint, now)).await
    };
    let reply = context.within(Step::Identity, ask).await?;
    Ok((sts::read_caller(&reply), reply.date.map(|date| Skew::between(asked_at, date))))
}

/// What Google's default mapping makes of a caller's ARN, `attribute.aws_role`: a role without its session; all else as it
/// is.
pub(crate) fn google_attribute(arn: &str) -> &str {
    match arn.split_once(":assumed-role/").and_then(|(_, name)| name.find('/').map(|slash| name.len() - slash)) {
        Some(session) => &arn[..arn.len() - session],
        None => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::google_attribute;

    #[test]
    fn a_role_loses_its_session_and_others_stay_whole() {
        for (arn, attribute) in [
            ("arn:aws:sts::111122223333:assumed-role/app/i-0123", "arn:aws:sts::111122223333:assumed-role/app"),
            ("arn:aws-us-gov:sts::1:assumed-role/app/a@b/c", "arn:aws-us-gov:sts::1:assumed-role/app"),
            ("arn:aws:iam::111122223333:user/path/alice", "arn:aws:iam::111122223333:user/path/alice"),
            ("arn:aws:sts::1:assumed-role/app", "arn:aws:sts::1:assumed-role/app"),
        ] {
            assert_eq!(google_attribute(arn), attribute);
        }
    }
}
