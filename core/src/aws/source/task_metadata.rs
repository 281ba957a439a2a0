//! The region of an ECS task, from its own metadata: `ECS_CONTAINER_METADATA_URI_V4`.
//!
//! The task's ARN names the region (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html>).
//! It is asked only where no variable and no profile names one, and before instance metadata, which Fargate has none of.

use crate::aws::{failure, region};
use crate::context::MintContext;
use crate::env_names::ECS_CONTAINER_METADATA_URI_V4;
use crate::environment::Environment;
use crate::error::{Error, Step};
use crate::host::Route;
use crate::identity::Region;
use crate::retry;
use std::time::Duration;
use url::Url;

const BUDGET: Duration = Duration::from_millis(2500);

/// Where the task's metadata is, if a variable names it.
pub(in crate::aws) fn configured(environment: &Environment) -> Result<Option<Url>, Error> {
    let Some(base) = environment.value(ECS_CONTAINER_METADATA_URI_V4) else { return Ok(None) };
    let url = Url::parse(&format!("{}/task", base.trim().trim_end_matches('/'))).ok();
    let url = url.filter(|url| url.scheme() == "http" && url.has_host() && url.username().is_empty());
    url.map(Some).ok_or_else(|| failure(format!("`{ECS_CONTAINER_METADATA_URI_V4}` is not an http URL")))
}

pub(in crate::aws) async fn region(context: &MintContext, url: &Url) -> Result<Region, Error> {
    let context = &context.for_step(BUDGET);
    let ask = async {
        let request = http::Request::get(url.as_str()).body(Vec::new());
        let reply = retry::send(context, Route::LinkLocal, request).await.map_err(|cause| {
            failure(format!(
                "the task's metadata, which `{ECS_CONTAINER_METADATA_URI_V4}` names, cannot be reached: {cause}"
            ))
            .caused_by(cause)
        })?;
        let region = region::of_task(&reply.body).filter(|_| reply.status == 200);
        region.ok_or_else(|| {
            failure(format!("the task's metadata names no region (it answered {})", reply.status))
                .hinting("set AWS_REGION, such as `us-east-1`")
        })
    };
    context.within(Step::Identity, ask).await
}
