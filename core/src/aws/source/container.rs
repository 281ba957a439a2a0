//! The container's role: ECS and Fargate (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`), EKS Pod Identity and Lambda SnapStart
//! (`AWS_CONTAINER_CREDENTIALS_FULL_URI`, with `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` over
//! `AWS_CONTAINER_AUTHORIZATION_TOKEN`).
//!
//! [`crate::aws::container`] has the rules. The token's file is read for each request, since EKS replaces it.

use crate::aws::container::{self, Endpoint};
use crate::aws::failure;
use crate::context::MintContext;
use crate::env_names::{
    AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, AWS_CONTAINER_CREDENTIALS_FULL_URI,
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,
};
use crate::environment::Environment;
use crate::error::{Error, Kind, Step};
use crate::host::Route;
use crate::identity::AccessKey;
use crate::quote;
use crate::retry;
use crate::secret::Secret;
use std::path::PathBuf;
use std::time::Duration;

/// The agent is on the same machine, and may ask AWS STS for the keys first.
const BUDGET: Duration = Duration::from_secs(5);

/// Where the container's keys are, and what is sent for them.
#[derive(Debug)]
pub(in crate::aws) struct Container {
    endpoint: Endpoint,
    authorization: Authorization,
}

#[derive(Debug)]
enum Authorization {
    None,
    Text(Secret),
    File(PathBuf),
}

/// The container's endpoint, if a variable names one.
pub(in crate::aws) fn configured(environment: &Environment) -> Result<Option<Container>, Error> {
    let uri = |name| environment.value(name).map(str::trim);
    let endpoint =
        Endpoint::find(uri(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI), uri(AWS_CONTAINER_CREDENTIALS_FULL_URI))?;
    let Some(endpoint) = endpoint else { return Ok(None) };
    let file = environment.path(AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
    let authorization = match (file, environment.value(AWS_CONTAINER_AUTHORIZATION_TOKEN)) {
        (Some(file), _) => Authorization::File(file),
        (None, Some(text)) => {
            Authorization::Text(container::token(AWS_CONTAINER_AUTHORIZATION_TOKEN, text.as_bytes())?)
        }
        (None, None) => Authorization::None,
    };
    Ok(Some(Container { endpoint, authorization }))
}

impl Container {
    pub(in crate::aws) fn parts(&self) -> Vec<Option<&[u8]>> {
        let (file, text) = match &self.authorization {
            Authorization::None => (None, None),
            Authorization::Text(text) => (None, Some(text.expose().as_bytes())),
            Authorization::File(file) => (Some(file.as_os_str().as_encoded_bytes()), None),
        };
        vec![Some(self.endpoint.url().as_str().as_bytes()), file, text]
    }

    pub(in crate::aws) async fn key(&self, context: &MintContext) -> Result<AccessKey, Error> {
        let context = &context.for_step(BUDGET);
        context.within(Step::Identity, self.ask(context)).await
    }

    async fn ask(&self, context: &MintContext) -> Result<AccessKey, Error> {
        let token = match &self.authorization {
            Authorization::None => None,
            Authorization::Text(text) => Some(text.clone()),
            Authorization::File(file) => {
                let name = AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
                let bytes = context.host.read(file.clone()).await.map_err(|cause| {
                    failure(format!("the file that `{name}` names, {}, {cause}", quote::file(file)))
                        .hinting("check that the volume with the token is mounted there; on EKS, start the pod anew")
                        .caused_by(cause)
                })?;
                Some(container::token(name, &bytes)?)
            }
        };
        let route = if self.endpoint.is_local() { Route::LinkLocal } else { Route::Public };
        let request = self.endpoint.request(token.as_ref());
        let reply = retry::send(context, route, request).await.map_err(|cause| {
            let host = self.endpoint.url().host_str().unwrap_or_default();
            Error::new(
                Kind::Unavailable,
                Step::Identity,
                format!("the container's endpoint at `{host}` cannot be reached: {cause}"),
            )
            .hinting(
                "let the container reach it (its network mode or policy, the agent on the node), or unset the variable \
                 where there is no such container",
            )
            .caused_by(cause)
        })?;
        self.endpoint.read_keys(&reply)
    }
}
