//! Whose keys an identity's are, as AWS STS knows them: asked where Google has refused it, so that the error can say whom.

use super::{call, sts};
use crate::context::MintContext;
use crate::env_names::AWS_ENDPOINT_URL_STS;
use crate::error::Step;
use crate::identity::Identity;
use std::time::Duration;

/// An error waits for it.
const BUDGET: Duration = Duration::from_secs(2);

/// The caller's ARN; none if AWS STS does not tell it at once.
pub(crate) async fn arn(context: &MintContext, identity: &Identity) -> Option<String> {
    let context = &context.for_step(BUDGET);
    let ask = async {
        let named = call::named_endpoint(&context.environment, AWS_ENDPOINT_URL_STS)?;
        let endpoint = sts::endpoint(identity.region(), named.as_ref())?;
        let reply = call::sts(context, |now| sts::get_caller_identity(identity, &endpoint, now)).await?;
        sts::read_caller(&reply)
    };
    // Why AWS STS does not tell is another matter than the refusal.
    context.within(Step::Identity, ask).await.ok()
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
