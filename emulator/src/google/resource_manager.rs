//! Cloud Resource Manager: the number behind a project's id, and the id behind a number, which Google's Python library
//! asks for on its own.
//!
//! <https://cloud.google.com/resource-manager/reference/rest/v1/projects/get>

use crate::facts::Facts;
use crate::google::access::{self, require_service};
use crate::google::reply::{self, ok};
use crate::http::{Answer, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::json;

const SERVICE: &str = "cloudresourcemanager.googleapis.com";
const READ_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform.read-only";

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match (method.as_str(), path) {
        ("GET", ["v1", "projects", project]) => {
            let project = (*project).to_owned();
            Some(Route::new("cloudresourcemanager.project", move |facts, request| get(facts, request, &project)))
        }
        _ => None,
    }
}

/// Roles that let someone query let them see the project too, as its administrator does.
fn get(facts: &mut Facts, request: &Request, project: &str) -> Answer {
    require_service(facts, SERVICE)?;
    let may_see = access::is_admin(facts, request) || {
        let bearer = access::bearer(facts, request)?;
        if !bearer.has_scope(&[READ_SCOPE]) {
            return Err(reply::insufficient_scopes(SERVICE));
        }
        facts.may_use_data(&bearer.principal)
    };
    if !may_see || !facts.is_project(project) {
        return Err(reply::error(403, "PERMISSION_DENIED", "The caller does not have permission"));
    }
    Ok(ok(&json!({
        "projectNumber": facts.project.number,
        "projectId": facts.project.id,
        "lifecycleState": "ACTIVE",
        "name": facts.project.id,
    })))
}
