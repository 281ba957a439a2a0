//! Google IAM's service accounts: making one, and the policies by which a federation is let in.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/setIamPolicy>

use crate::facts::Facts;
use crate::facts::policy::{Binding, Policy};
use crate::facts::pools::pool_name;
use crate::facts::service_accounts::ServiceAccount;
use crate::google::access::{require_owner, require_service};
use crate::google::reply::{self, error, invalid_argument, ok};
use crate::http::{Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

const SERVICE: &str = "iam.googleapis.com";

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    if let ("POST", ["v1", "projects", project, "serviceAccounts"]) = (method.as_str(), path) {
        let project = (*project).to_owned();
        return Some(Route::new("iam.createServiceAccount", move |facts, request| {
            owner(facts, request, &project, "iam.serviceAccounts.create")?;
            create(facts, request)
        }));
    }
    let ("POST", ["v1", "projects", project, "serviceAccounts", call]) = (method.as_str(), path) else { return None };
    let (email, verb) = call.split_once(':')?;
    let (project, email) = ((*project).to_owned(), email.to_owned());
    match verb {
        "getIamPolicy" => Some(Route::new("iam.getPolicy", move |facts, request| {
            owner(facts, request, &project, "iam.serviceAccounts.getIamPolicy")?;
            Ok(ok(&policy(facts, &email)?.resource()))
        })),
        "setIamPolicy" => Some(Route::new("iam.setPolicy", move |facts, request| {
            owner(facts, request, &project, "iam.serviceAccounts.setIamPolicy")?;
            set_policy(facts, request, &email)
        })),
        _ => None,
    }
}

fn owner(facts: &Facts, request: &Request, project: &str, permission: &str) -> Result<(), Reply> {
    require_owner(facts, request, project, permission)?;
    require_service(facts, SERVICE)
}

/// A service account that nobody may act as yet.
fn create(facts: &mut Facts, request: &Request) -> Answer {
    let body = reply::parse_json(request)?;
    let id = body["accountId"].as_str().unwrap_or_default();
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(6..=30).contains(&id.len()) || !id.bytes().all(is_allowed) {
        return Err(invalid_argument("The account ID must be 6-30 characters of [a-z0-9-]."));
    }
    let project = &facts.project.id;
    let email = format!("{id}@{project}.iam.gserviceaccount.com");
    if facts.service_accounts.contains_key(&email) {
        return Err(error(
            409,
            "ALREADY_EXISTS",
            format!("Service account {id} already exists within project {project}."),
        ));
    }
    let account = ServiceAccount::new(Policy::new(Vec::new()));
    let resource = json!({
        "name": format!("projects/{project}/serviceAccounts/{email}"),
        "projectId": project,
        "uniqueId": account.unique_id,
        "email": email,
    });
    facts.service_accounts.insert(email, account);
    Ok(ok(&resource))
}

fn set_policy(facts: &mut Facts, request: &Request, email: &str) -> Answer {
    let body = reply::parse_json(request)?;
    let bindings = &body["policy"]["bindings"];
    let bindings: Vec<Binding> = match bindings {
        Value::Null => Vec::new(),
        _ => serde_json::from_value(bindings.clone())
            .map_err(|problem| invalid_argument(format!("Invalid value at 'policy.bindings': {problem}")))?,
    };
    for binding in &bindings {
        check_binding(facts, binding)?;
    }
    let policy = policy(facts, email)?;
    match &body["policy"]["etag"] {
        Value::String(etag) if *etag != policy.etag => Err(error(
            409,
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        )),
        _ => {
            *policy = Policy::new(bindings);
            Ok(ok(&policy.resource()))
        }
    }
}

fn check_binding(facts: &Facts, binding: &Binding) -> Result<(), Reply> {
    if !binding.role.starts_with("roles/") {
        return Err(invalid_argument(format!("Role {} is not supported for this resource.", binding.role)));
    }
    if binding.condition.is_some() {
        return Err(reply::not_imitated("conditional bindings"));
    }
    for member in &binding.members {
        let Some((kind, name)) = member.split_once(':') else {
            return Err(invalid_argument(format!("Invalid member: {member}")));
        };
        if kind != "principal" && kind != "principalSet" {
            continue;
        }
        let pool = name.strip_prefix("//iam.googleapis.com/").unwrap_or_default();
        let is_known =
            facts.pools.keys().any(|id| pool.starts_with(&format!("{}/", pool_name(&facts.project.number, id))));
        if !is_known {
            return Err(invalid_argument(format!(
                "Identity Pool does not exist ({pool}). Please check that you specified a valid resource name as \
                 returned in the `name` attribute in the configuration API."
            )));
        }
    }
    Ok(())
}

/// The policy of a service account that exists.
fn policy<'f>(facts: &'f mut Facts, email: &str) -> Result<&'f mut Policy, Reply> {
    let unknown = || reply::not_found(format!("Unknown service account: {email}"));
    facts.service_accounts.get_mut(email).map(|account| &mut account.policy).ok_or_else(unknown)
}

impl Policy {
    fn resource(&self) -> Value {
        let mut resource = json!({ "version": 1, "etag": self.etag });
        if !self.bindings.is_empty() {
            resource["bindings"] = json!(self.bindings);
        }
        resource
    }
}
