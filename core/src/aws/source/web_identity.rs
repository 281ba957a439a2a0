//! A web identity, as EKS gives it to a service account (IRSA): `AWS_WEB_IDENTITY_TOKEN_FILE` with `AWS_ROLE_ARN`, and
//! `AWS_ROLE_SESSION_NAME` (`rolebridge` if unset: `google.subject` contains it).
//!
//! Configured when the file's variable is set; without a role it is an error. The file is read for each use, since it is
//! replaced (<https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html>).

use crate::aws::sts::{self, Role};
use crate::aws::{call, failure};
use crate::context::MintContext;
use crate::env_names::{AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, AWS_WEB_IDENTITY_TOKEN_FILE};
use crate::environment::Environment;
use crate::error::{Error, Step};
use crate::identity::{AccessKey, Region};
use crate::quote;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// For AWS STS: one reply, and two connections that cannot be made.
const BUDGET: Duration = Duration::from_secs(13);

/// A token of another issuer, for a role.
#[derive(Debug)]
pub(in crate::aws) struct WebIdentity {
    token_file: PathBuf,
    role: Role,
}

/// What the variables say, if they name a token's file.
pub(in crate::aws) fn configured(environment: &Environment) -> Result<Option<WebIdentity>, Error> {
    let Some(token_file) = environment.path(AWS_WEB_IDENTITY_TOKEN_FILE) else { return Ok(None) };
    let text = |name| environment.value(name).map(|value| value.trim().to_owned());
    let role_arn = text(AWS_ROLE_ARN).ok_or_else(|| {
        failure(format!("`{AWS_WEB_IDENTITY_TOKEN_FILE}` is set and `{AWS_ROLE_ARN}` is not"))
            .hinting("set AWS_ROLE_ARN to the role that trusts the token; on EKS, annotate the service account with `eks.amazonaws.com/role-arn`")
    })?;
    let role = Role { role_arn, session_name: text(AWS_ROLE_SESSION_NAME), ..Role::default() };
    Ok(Some(WebIdentity { token_file, role }))
}

impl WebIdentity {
    pub(in crate::aws) fn parts(&self) -> Vec<Option<&[u8]>> {
        vec![
            Some(self.token_file.as_os_str().as_encoded_bytes()),
            Some(self.role.role_arn.as_bytes()),
            self.role.session_name.as_deref().map(str::as_bytes),
        ]
    }

    pub(in crate::aws) async fn key(&self, context: &MintContext, region: &Region) -> Result<AccessKey, Error> {
        let named = call::named_endpoint(&context.environment, crate::env_names::AWS_ENDPOINT_URL_STS)?;
        key(context, region, named.as_ref(), &self.token_file, &self.role).await
    }
}

/// The keys of a role, for the token in a file.
pub(in crate::aws) async fn key(
    context: &MintContext,
    region: &Region,
    endpoint: Option<&Url>,
    token_file: &Path,
    role: &Role,
) -> Result<AccessKey, Error> {
    let context = &context.for_step(BUDGET);
    let ask = async {
        let content = context.host.read(token_file.to_owned()).await.map_err(|cause| {
            failure(format!("the web identity token file {} {cause}", quote::file(token_file)))
                .hinting(
                    "check the path, and that the volume with the token is mounted there; on EKS, start the pod anew",
                )
                .caused_by(cause)
        })?;
        let token = sts::web_identity_token(token_file, &content)?;
        let endpoint = sts::endpoint(region, endpoint)?;
        let reply = call::sts(context, |_| sts::assume_role_with_web_identity(&endpoint, role, &token)).await?;
        sts::read_keys(&reply, role)
    };
    context.within(Step::Identity, ask).await
}
