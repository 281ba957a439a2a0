//! Long-running operations of Google IAM: how one begins, and how it is asked for.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.operations>

use crate::facts::Facts;
use crate::facts::pools::pool_name;
use crate::google::access::{require_owner, require_service};
use crate::google::reply::{self, ok};
use crate::http::Reply;
use crate::random;
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ("GET", ["v1", "projects", project, "locations", "global", "workloadIdentityPools", path @ ..]) =
        (method.as_str(), path)
    else {
        return None;
    };
    let ([_, "operations", _] | [_, "providers", _, "operations", _]) = path else { return None };
    let (project, name) = ((*project).to_owned(), path.join("/"));
    Some(Route::new("iam.operation", move |facts, request| {
        require_owner(facts, request, &project, "iam.workloadIdentityPools.get")?;
        require_service(facts, "iam.googleapis.com")?;
        let name = pool_name(&facts.project.number, &name);
        facts.operations.poll(&name).map(|operation| ok(&operation)).ok_or_else(reply::entity_not_found)
    }))
}

/// The answer to whatever changes a pool or a provider: the change is made, and the operation tells of it when it is
/// next asked for, or later.
pub(crate) fn begin(facts: &mut Facts, name: &str, kind: &str, mut resource: Value) -> Reply {
    let operation = format!("{name}/operations/a{}", random::text(random::HEX, 23));
    let metadata = json!({ "@type": format!("type.googleapis.com/google.iam.v1.{kind}OperationMetadata") });
    resource["@type"] = format!("type.googleapis.com/google.iam.v1.{kind}").into();
    ok(&facts.operations.begin(&operation, metadata, resource))
}
