//! Google IAM's providers of workload identity pools, of which AWS is the only one that is imitated.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers>

use crate::facts::Facts;
use crate::facts::expression::Expression;
use crate::facts::pools::{Provider, pool_name, purge};
use crate::google::access::{require_owner, require_service};
use crate::google::entries::{self, FIELDS as COMMON_FIELDS, SIZES, already_exists, check_id};
use crate::google::operations::begin;
use crate::google::page::page;
use crate::google::reply::{self, invalid_argument, ok};
use crate::google::{attributes, pools};
use crate::http::{self, Answer, Reply, Request};
use crate::route::Route;
use hyper::Method;
use serde_json::{Map, Value, json};

const KIND: &str = "WorkloadIdentityPoolProvider";
/// What can be set, beside what pools have too.
const FIELDS: [&str; 3] = ["attributeMapping", "attributeCondition", "aws"];
/// The kinds of provider that are not imitated.
const FOREIGN: [&str; 3] = ["oidc", "saml", "x509"];

type Call = fn(&mut Facts, &Request, &str, &str) -> Answer;

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    let ["v1", "projects", project, "locations", "global", "workloadIdentityPools", pool, "providers", path @ ..] =
        path
    else {
        return None;
    };
    let (operation, verb, id, call): (_, _, _, Call) = match (method.as_str(), path) {
        ("POST", []) => ("iam.createProvider", "create", "", create),
        ("GET", []) => ("iam.listProviders", "list", "", list),
        ("GET", [id]) => ("iam.provider", "get", *id, get),
        ("PATCH", [id]) => ("iam.updateProvider", "update", *id, update),
        ("DELETE", [id]) => ("iam.deleteProvider", "delete", *id, delete),
        ("POST", [id]) => ("iam.undeleteProvider", "undelete", id.strip_suffix(":undelete")?, undelete),
        _ => return None,
    };
    let (project, pool, id) = ((*project).to_owned(), (*pool).to_owned(), id.to_owned());
    Some(Route::new(operation, move |facts, request| {
        require_owner(facts, request, &project, &format!("iam.workloadIdentityPoolProviders.{verb}"))?;
        require_service(facts, "iam.googleapis.com")?;
        let now = facts.now();
        purge(&mut facts.pools, now);
        call(facts, request, &pool, &id)
    }))
}

fn create(facts: &mut Facts, request: &Request, pool: &str, _: &str) -> Answer {
    let id = http::query(request, "workloadIdentityPoolProviderId").unwrap_or_default();
    check_id(&id, "workload_identity_pool_provider_id")?;
    let body = reply::parse_json(request)?;
    let mut provider = Provider::default();
    for field in COMMON_FIELDS.into_iter().chain(FIELDS) {
        set(&mut provider, field, &body)?;
    }
    attributes::check(&provider.mapping, provider.condition.as_ref())?;
    let pool_found = pools::find(facts, pool)?;
    if pool_found.providers.contains_key(&id) {
        return Err(already_exists());
    }
    entries::require_kept(&pool_found.entry)?;
    pool_found.providers.insert(id.clone(), provider);
    changed(facts, pool, &id)
}

fn list(facts: &mut Facts, request: &Request, pool: &str, _: &str) -> Answer {
    let name = pool_name(&facts.project.number, pool);
    let providers = pools::find(facts, pool)?.providers.iter();
    let listed = providers.filter(|(_, provider)| entries::is_listed(&provider.entry, request));
    let items = listed.map(|(id, provider)| provider.resource(&format!("{name}/providers/{id}")));
    page(request, "workloadIdentityPoolProviders", items, &SIZES)
}

fn get(facts: &mut Facts, _: &Request, pool: &str, id: &str) -> Answer {
    let name = name(facts, pool, id);
    Ok(ok(&find(facts, pool, id)?.resource(&name)))
}

/// All of the update or, if any of it is refused, nothing.
fn update(facts: &mut Facts, request: &Request, pool: &str, id: &str) -> Answer {
    let body = reply::parse_json(request)?;
    let provider = find(facts, pool, id)?;
    entries::require_kept(&provider.entry)?;
    let mut updated = provider.clone();
    let fields: Vec<&str> = COMMON_FIELDS.into_iter().chain(FIELDS).chain(["aws.accountId"]).collect();
    for field in entries::mask(request, &fields)? {
        set(&mut updated, field, &body)?;
    }
    attributes::check(&updated.mapping, updated.condition.as_ref())?;
    *provider = updated;
    changed(facts, pool, id)
}

fn delete(facts: &mut Facts, _: &Request, pool: &str, id: &str) -> Answer {
    let now = facts.now();
    entries::delete(&mut find(facts, pool, id)?.entry, now)?;
    changed(facts, pool, id)
}

fn undelete(facts: &mut Facts, _: &Request, pool: &str, id: &str) -> Answer {
    entries::undelete(&mut find(facts, pool, id)?.entry)?;
    changed(facts, pool, id)
}

fn find<'f>(facts: &'f mut Facts, pool: &str, id: &str) -> Result<&'f mut Provider, Reply> {
    pools::find(facts, pool)?.providers.get_mut(id).ok_or_else(reply::entity_not_found)
}

fn name(facts: &Facts, pool: &str, id: &str) -> String {
    format!("{}/providers/{id}", pool_name(&facts.project.number, pool))
}

fn changed(facts: &mut Facts, pool: &str, id: &str) -> Answer {
    let name = name(facts, pool, id);
    let resource = find(facts, pool, id)?.resource(&name);
    Ok(begin(facts, &name, KIND, resource))
}

/// Sets one field to what a body says, or to what it is when nothing is said.
fn set(provider: &mut Provider, field: &str, body: &Value) -> Result<(), Reply> {
    match field {
        "attributeMapping" => provider.mapping = attributes::mapping(&body[field])?,
        "attributeCondition" => provider.condition = attributes::condition(&reply::text(body, field)?)?,
        "aws" | "aws.accountId" => provider.account = account(body)?,
        _ => entries::set(&mut provider.entry, KIND, field, body)?,
    }
    Ok(())
}

fn account(body: &Value) -> Result<String, Reply> {
    if let Some(kind) = FOREIGN.iter().find(|kind| !body[**kind].is_null()) {
        return Err(reply::not_imitated(&format!("providers of the kind {kind}")));
    }
    let account = body["aws"]["accountId"].as_str().unwrap_or_default();
    if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(account.into());
    }
    Err(invalid_argument("Invalid AWS account ID: it must be a 12-digit number."))
}

impl Provider {
    fn resource(&self, name: &str) -> Value {
        let mut resource = entries::resource(name, &self.entry);
        let source =
            |(attribute, expression): (&String, &Expression)| (attribute.clone(), expression.source.clone().into());
        resource["attributeMapping"] = self.mapping.0.iter().map(source).collect::<Map<String, Value>>().into();
        if let Some(condition) = &self.condition {
            resource["attributeCondition"] = condition.source.as_str().into();
        }
        resource["aws"] = json!({ "accountId": self.account });
        resource
    }
}
