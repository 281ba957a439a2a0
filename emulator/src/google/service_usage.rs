//! Service Usage: which of a project's APIs are enabled, and enabling them.
//!
//! <https://cloud.google.com/service-usage/docs/reference/rest/v1/services>

use crate::facts::{Facts, services};
use crate::google::access::{require_admin, require_owner};
use crate::google::page::{Sizes, page};
use crate::google::reply::{self, invalid_argument, ok};
use crate::http::{self, Answer, Reply, Request};
use crate::random;
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};

/// Google's limit on one batchEnable.
const MOST_SERVICES: usize = 20;
const SIZES: Sizes = Sizes { usual: 50, most: 200 };
const NOTHING_TO_DO: &str = "operations/noop.DONE_OPERATION";

type Call = fn(&mut Facts, &Request, &str) -> Answer;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    if let ("GET", ["v1", "operations", id]) = (method.as_str(), path) {
        let name = format!("operations/{id}");
        return Some(Route::new("serviceusage.operation", move |facts, request| {
            require_admin(facts, request, "serviceusage.operations.get")?;
            facts.operations.poll(&name).map(|operation| ok(&operation)).ok_or_else(reply::entity_not_found)
        }));
    }
    let ["v1", "projects", project, path @ ..] = path else { return None };
    let (operation, verb, service, call): (_, _, _, Call) = match (method.as_str(), path) {
        ("POST", ["services:batchEnable"]) => ("serviceusage.batchEnable", "enable", "", batch_enable),
        ("GET", ["services:batchGet"]) => ("serviceusage.batchGet", "get", "", batch_get),
        ("GET", ["services"]) => ("serviceusage.list", "list", "", list),
        ("GET", ["services", service]) => ("serviceusage.get", "get", *service, get),
        ("POST", ["services", call]) => ("serviceusage.enable", "enable", call.strip_suffix(":enable")?, enable),
        _ => return None,
    };
    let (project, service) = ((*project).to_owned(), service.to_owned());
    Some(Route::new(operation, move |facts, request| {
        require_owner(facts, request, &project, &format!("serviceusage.services.{verb}"))?;
        call(facts, request, &service)
    }))
}

fn batch_enable(facts: &mut Facts, request: &Request, _: &str) -> Answer {
    let body = reply::parse_json(request)?;
    let services: Option<Vec<&str>> =
        body["serviceIds"].as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let services = services.ok_or_else(|| invalid_argument("serviceIds must be a list of service names."))?;
    if services.is_empty() || services.len() > MOST_SERVICES {
        return Err(invalid_argument("Between 1 and 20 services can be enabled in one request."));
    }
    switch_on(facts, &services, "BatchEnableServicesResponse", |resources| json!({ "services": resources }))
}

fn enable(facts: &mut Facts, _: &Request, service: &str) -> Answer {
    switch_on(facts, &[service], "EnableServiceResponse", |resources| json!({ "service": resources[0] }))
}

fn switch_on(facts: &mut Facts, services: &[&str], kind: &str, response: fn(Vec<Value>) -> Value) -> Answer {
    for service in services {
        require_known(service)?;
    }
    let is_new = services.iter().any(|service| !facts.enabled_services.contains(*service));
    facts.enabled_services.extend(services.iter().map(|service| (*service).to_owned()));
    let mut response = response(services.iter().map(|service| resource(facts, service)).collect());
    response["@type"] = format!("type.googleapis.com/google.api.serviceusage.v1.{kind}").into();
    if !is_new {
        return Ok(ok(&json!({ "name": NOTHING_TO_DO, "done": true, "response": response })));
    }
    let name = format!("operations/acat.p2-{}-{}", facts.project.number, random::text(random::HEX, 32));
    let metadata = json!({
        "@type": "type.googleapis.com/google.api.serviceusage.v1.OperationMetadata",
        "resourceNames": services.iter().map(|service| service_name(facts, service)).collect::<Vec<_>>(),
    });
    Ok(ok(&facts.operations.begin(&name, metadata, response)))
}

fn batch_get(facts: &mut Facts, request: &Request, _: &str) -> Answer {
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

fn list(facts: &mut Facts, request: &Request, _: &str) -> Answer {
    let filter = http::query(request, "filter").unwrap_or_default();
    let wanted = match filter.as_str() {
        "" => None,
        "state:ENABLED" => Some(true),
        "state:DISABLED" => Some(false),
        _ => return Err(invalid_argument(format!("Invalid filter: {filter}"))),
    };
    let is_listed = |service: &&str| wanted.is_none_or(|enabled| enabled == facts.enabled_services.contains(*service));
    page(request, "services", services::names().filter(is_listed).map(|service| resource(facts, service)), &SIZES)
}

fn get(facts: &mut Facts, _: &Request, service: &str) -> Answer {
    require_known(service)?;
    Ok(ok(&resource(facts, service)))
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
