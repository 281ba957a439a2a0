//! Google IAM's policies of service accounts, by which a federation is let in.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/setIamPolicy>

use crate::facts::Facts;
use crate::facts::policy::{Binding, Policy};
use crate::facts::pools::pool_name;
use crate::google::access::{require_owner, require_service};
use crate::google::reply::{self, error, invalid_argument, ok};
use crate::google::service_accounts::unknown;
use crate::http::{self, Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

/// The first version of policies that has conditions.
const CONDITIONS: i64 = 3;

type Call = fn(&mut Facts, &Request, &str) -> Answer;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ("POST", ["v1", "projects", project, "serviceAccounts", call]) = (method.as_str(), path) else { return None };
    let (name, verb) = call.split_once(':')?;
    let (operation, call): (_, Call) = match verb {
        "getIamPolicy" => ("iam.getPolicy", get),
        "setIamPolicy" => ("iam.setPolicy", set),
        _ => return None,
    };
    let (project, name, permission) = ((*project).to_owned(), name.to_owned(), format!("iam.serviceAccounts.{verb}"));
    Some(Route::new(operation, move |facts, request| {
        require_owner(facts, request, &project, &permission)?;
        require_service(facts, "iam.googleapis.com")?;
        call(facts, request, &name)
    }))
}

fn get(facts: &mut Facts, request: &Request, name: &str) -> Answer {
    let version = match http::query(request, "options.requestedPolicyVersion").as_deref() {
        None | Some("0" | "1") => 1,
        Some("3") => CONDITIONS,
        Some(other) => return Err(invalid_argument(format!("Invalid requested policy version: {other}"))),
    };
    let policy = policy(facts, name)?;
    if version < CONDITIONS && policy.has_conditions() {
        return Err(reply::not_imitated("policies with conditions in a version below 3"));
    }
    Ok(ok(&policy.resource()))
}

fn set(facts: &mut Facts, request: &Request, name: &str) -> Answer {
    let body = reply::parse_json(request)?;
    let sent = &body["policy"];
    let bindings: Vec<Binding> = match &sent["bindings"] {
        Value::Null => Vec::new(),
        bindings => serde_json::from_value(bindings.clone())
            .map_err(|problem| invalid_argument(format!("Invalid value at 'policy.bindings': {problem}")))?,
    };
    for binding in &bindings {
        check_binding(facts, binding)?;
    }
    let version = sent["version"].as_i64().unwrap_or(0);
    if ![0, 1, CONDITIONS].contains(&version) {
        return Err(invalid_argument(format!("Invalid policy version: {version}")));
    }
    let new = Policy::new(bindings);
    let policy = policy(facts, name)?;
    let etag = sent["etag"].as_str().filter(|etag| !etag.is_empty());
    if etag.is_some_and(|etag| etag != policy.etag) {
        return Err(error(
            409,
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
        ));
    }
    // Without an etag, Google lets a policy of version 1 wipe conditions out.
    if version < CONDITIONS && (new.has_conditions() || (etag.is_some() && policy.has_conditions())) {
        return Err(invalid_argument("A policy with conditional role bindings must have version 3."));
    }
    *policy = new;
    Ok(ok(&policy.resource()))
}

fn check_binding(facts: &Facts, binding: &Binding) -> Result<(), Reply> {
    if !binding.role.starts_with("roles/") {
        return Err(invalid_argument(format!("Role {} is not supported for this resource.", binding.role)));
    }
    let condition = binding.condition.as_ref();
    if condition.is_some_and(|condition| !condition["expression"].is_string() || !condition["title"].is_string()) {
        return Err(invalid_argument("A condition must have a title and an expression."));
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
fn policy<'f>(facts: &'f mut Facts, name: &str) -> Result<&'f mut Policy, Reply> {
    let email = facts.service_accounts.email(name).ok_or_else(|| unknown(name))?;
    Ok(&mut facts.service_accounts.by_email.get_mut(&email).expect("found above").policy)
}

impl Policy {
    fn resource(&self) -> Value {
        let version = if self.has_conditions() { CONDITIONS } else { 1 };
        let mut resource = json!({ "version": version, "etag": self.etag });
        if !self.bindings.is_empty() {
            resource["bindings"] = json!(self.bindings);
        }
        resource
    }
}
