//! Service Usage: which of a project's APIs are enabled, and enabling them.
//!
//! <https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable>

use crate::facts::{Facts, services};
use crate::google::access::{require_admin, require_owner};
use crate::google::reply::{self, invalid_argument, ok};
use crate::http::{Answer, Reply, Request};
use crate::random;
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

/// Google's limit on one batchEnable.
const MOST_SERVICES: usize = 20;
const NOTHING_TO_DO: &str = "operations/noop.DONE_OPERATION";

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match (method.as_str(), path) {
        ("POST", ["v1", "projects", project, "services:batchEnable"]) => {
            let project = (*project).to_owned();
            Some(Route::new("serviceusage.batchEnable", move |facts, request| {
                require_owner(facts, request, &project, "serviceusage.services.enable")?;
                batch_enable(facts, request)
            }))
        }
        ("GET", ["v1", "projects", project, "services:batchGet"]) => {
            let project = (*project).to_owned();
            Some(Route::new("serviceusage.batchGet", move |facts, request| {
                require_owner(facts, request, &project, "serviceusage.services.get")?;
                batch_get(facts, request)
            }))
        }
        ("GET", ["v1", "operations", id]) => {
            let name = format!("operations/{id}");
            Some(Route::new("serviceusage.operation", move |facts, request| {
                require_admin(facts, request, "serviceusage.operations.get")?;
                facts.operations.get(&name).map(ok).ok_or_else(reply::entity_not_found)
            }))
        }
        _ => None,
    }
}

fn batch_enable(facts: &mut Facts, request: &Request) -> Answer {
    let body = reply::parse_json(request)?;
    let services: Option<Vec<&str>> =
        body["serviceIds"].as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let services = services.ok_or_else(|| invalid_argument("serviceIds must be a list of service names."))?;
    if services.is_empty() || services.len() > MOST_SERVICES {
        return Err(invalid_argument("Between 1 and 20 services can be enabled in one request."));
    }
    for service in &services {
        require_known(service)?;
    }
    let is_new = services.iter().any(|service| !facts.enabled_services.contains(*service));
    facts.enabled_services.extend(services.iter().map(|service| (*service).to_owned()));
    let resources: Vec<Value> = services.iter().map(|service| resource(facts, service)).collect();
    let response = json!({
        "@type": "type.googleapis.com/google.api.serviceusage.v1.BatchEnableServicesResponse",
        "services": resources,
    });
    if !is_new {
        return Ok(ok(&json!({ "name": NOTHING_TO_DO, "done": true, "response": response })));
    }
    let name = format!("operations/acat.p2-{}-{}", facts.project.number, random::text(random::HEX, 32));
    let metadata = json!({
        "@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata",
        "resourceNames": services.iter().map(|service| service_name(facts, service)).collect::<Vec<_>>(),
    });
    let done = json!({ "name": name, "metadata": metadata, "done": true, "response": response });
    facts.operations.insert(name.clone(), done);
    Ok(ok(&json!({ "name": name, "metadata": metadata })))
}

fn batch_get(facts: &Facts, request: &Request) -> Answer {
    let names = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
        .filter(|(key, _)| key == "names")
        .map(|(_, name)| name.into_owned());
    let mut services = Vec::new();
    for name in names {
        let service = match name.split('/').collect::<Vec<_>>()[..] {
            ["projects", project, "services", service] if facts.is_project(project) => service.to_owned(),
            _ => return Err(invalid_argument(format!("Invalid service name: {name}"))),
        };
        require_known(&service)?;
        services.push(resource(facts, &service));
    }
    Ok(ok(&json!({ "services": services })))
}

fn require_known(service: &str) -> Result<(), Reply> {
    if services::title(service).is_some() {
        return Ok(());
    }
    let message = format!("Not found or permission denied for service(s): {service}.");
    Err(reply::error(403, "PERMISSION_DENIED", message))
}

fn resource(facts: &Facts, service: &str) -> Value {
    let state = if facts.enabled_services.contains(service) { "ENABLED" } else { "DISABLED" };
    json!({
        "name": service_name(facts, service),
        "parent": format!("projects/{}", facts.project.number),
        "config": { "name": service, "title": services::title(service) },
        "state": state,
    })
}

fn service_name(facts: &Facts, service: &str) -> String {
    format!("projects/{}/services/{service}", facts.project.number)
}
