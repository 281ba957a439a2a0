//! Google IAM as far as a federation is set up with it: workload identity pools and their providers.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools>

use crate::facts::Facts;
use crate::facts::pools::{Description, Pool, Provider, pool_name};
use crate::google::access::{require_owner, require_service};
use crate::google::reply::{self, error, invalid_argument, ok};
use crate::http::{self, Answer, Reply, Request};
use crate::random;
use crate::route::Route;
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SERVICE: &str = "iam.googleapis.com";

/// What a provider maps when its maker says nothing; the only mapping that is imitated.
const DEFAULT_MAPPING: [(&str, &str); 2] = [
    ("google.subject", "assertion.arn"),
    (
        "attribute.aws_role",
        "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + \
         'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn",
    ),
];

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    const POOLS: &str = "iam.workloadIdentityPools";
    const PROVIDERS: &str = "iam.workloadIdentityPoolProviders";
    let ["v1", "projects", project, "locations", "global", "workloadIdentityPools", path @ ..] = path else {
        return None;
    };
    let project = (*project).to_owned();
    let route = match (method.as_str(), path) {
        ("POST", []) => Route::new("iam.createPool", move |facts, request| {
            owner(facts, request, &project, &format!("{POOLS}.create"))?;
            create_pool(facts, request)
        }),
        ("GET", []) => Route::new("iam.listPools", move |facts, request| {
            owner(facts, request, &project, &format!("{POOLS}.list"))?;
            Ok(ok(&list(
                "workloadIdentityPools",
                facts.pools.iter().map(|(id, pool)| pool.resource(&pool_name(&facts.project.number, id))),
            )))
        }),
        ("GET", [pool]) => {
            let pool = (*pool).to_owned();
            Route::new("iam.pool", move |facts, request| {
                owner(facts, request, &project, &format!("{POOLS}.get"))?;
                let name = pool_name(&facts.project.number, &pool);
                Ok(ok(&find_pool(facts, &pool)?.resource(&name)))
            })
        }
        ("POST", [pool, "providers"]) => {
            let pool = (*pool).to_owned();
            Route::new("iam.createProvider", move |facts, request| {
                owner(facts, request, &project, &format!("{PROVIDERS}.create"))?;
                create_provider(facts, request, &pool)
            })
        }
        ("GET", [pool, "providers"]) => {
            let pool = (*pool).to_owned();
            Route::new("iam.listProviders", move |facts, request| {
                owner(facts, request, &project, &format!("{PROVIDERS}.list"))?;
                let name = pool_name(&facts.project.number, &pool);
                let providers = find_pool(facts, &pool)?.providers.iter();
                Ok(ok(&list(
                    "workloadIdentityPoolProviders",
                    providers.map(|(id, provider)| provider.resource(&format!("{name}/providers/{id}"))),
                )))
            })
        }
        ("GET", [pool, "providers", provider]) => {
            let (pool, provider) = ((*pool).to_owned(), (*provider).to_owned());
            Route::new("iam.provider", move |facts, request| {
                owner(facts, request, &project, &format!("{PROVIDERS}.get"))?;
                let name = format!("{}/providers/{provider}", pool_name(&facts.project.number, &pool));
                match find_pool(facts, &pool)?.providers.get(&provider) {
                    Some(provider) => Ok(ok(&provider.resource(&name))),
                    None => Err(reply::entity_not_found()),
                }
            })
        }
        ("GET", [pool, "operations", id] | [pool, "providers", _, "operations", id]) => {
            let name = match path {
                [_, "providers", provider, ..] => format!("{pool}/providers/{provider}/operations/{id}"),
                _ => format!("{pool}/operations/{id}"),
            };
            Route::new("iam.operation", move |facts, request| {
                owner(facts, request, &project, &format!("{POOLS}.get"))?;
                let name = pool_name(&facts.project.number, &name);
                facts.operations.get(&name).map(ok).ok_or_else(reply::entity_not_found)
            })
        }
        _ => return None,
    };
    Some(route)
}

/// Every call here: the caller administers the project, and the API is enabled.
fn owner(facts: &Facts, request: &Request, project: &str, permission: &str) -> Result<(), Reply> {
    require_owner(facts, request, project, permission)?;
    require_service(facts, SERVICE)
}

fn create_pool(facts: &mut Facts, request: &Request) -> Answer {
    let id = http::query(request, "workloadIdentityPoolId").unwrap_or_default();
    check_id(&id, "workload_identity_pool_id")?;
    let body = reply::parse_json(request)?;
    let description = description(&body)?;
    if facts.pools.contains_key(&id) {
        return Err(already_exists());
    }
    let pool = Pool { description, providers: BTreeMap::new() };
    let name = pool_name(&facts.project.number, &id);
    let resource = pool.resource(&name);
    facts.pools.insert(id, pool);
    Ok(begin(facts, &name, "WorkloadIdentityPool", resource))
}

fn create_provider(facts: &mut Facts, request: &Request, pool: &str) -> Answer {
    let id = http::query(request, "workloadIdentityPoolProviderId").unwrap_or_default();
    check_id(&id, "workload_identity_pool_provider_id")?;
    let body = reply::parse_json(request)?;
    let description = description(&body)?;
    let account = body["aws"]["accountId"].as_str().unwrap_or_default();
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_argument("Invalid AWS account ID: it must be a 12-digit number."));
    }
    let mapping = &body["attributeMapping"];
    if !mapping.is_null() && *mapping != DEFAULT_MAPPING.into_iter().collect::<Value>() {
        return Err(reply::not_imitated("attribute mappings other than the default one"));
    }
    if !body["attributeCondition"].is_null() {
        return Err(reply::not_imitated("attribute conditions"));
    }
    find_pool(facts, pool)?;
    let name = format!("{}/providers/{id}", pool_name(&facts.project.number, pool));
    let provider = Provider { description, account: account.into() };
    let resource = provider.resource(&name);
    let providers = &mut facts.pools.get_mut(pool).expect("found above").providers;
    if providers.contains_key(&id) {
        return Err(already_exists());
    }
    providers.insert(id, provider);
    Ok(begin(facts, &name, "WorkloadIdentityPoolProvider", resource))
}

/// The answer to a create: an operation whose result is there when it is next asked for.
fn begin(facts: &mut Facts, name: &str, kind: &str, mut resource: Value) -> Reply {
    let operation = format!("{name}/operations/a{}", random::text(random::HEX, 23));
    let metadata = json!({ "@type": format!("type.googleapis.com/google.iam.v1.{kind}OperationMetadata") });
    resource["@type"] = format!("type.googleapis.com/google.iam.v1.{kind}").into();
    let done = json!({ "name": operation, "metadata": metadata, "done": true, "response": resource });
    facts.operations.insert(operation.clone(), done);
    ok(&json!({ "name": operation, "metadata": metadata }))
}

fn find_pool<'f>(facts: &'f Facts, id: &str) -> Result<&'f Pool, Reply> {
    facts.pools.get(id).ok_or_else(reply::entity_not_found)
}

fn check_id(id: &str, field: &str) -> Result<(), Reply> {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (4..=32).contains(&id.len()) && id.bytes().all(is_allowed) && !id.starts_with("gcp-") {
        return Ok(());
    }
    Err(invalid_argument(format!(
        "Invalid {field}: it must be 4-32 characters of [a-z0-9-] and must not start with `gcp-`."
    )))
}

fn description(body: &Value) -> Result<Description, Reply> {
    let description: Description = serde_json::from_value(body.clone())
        .map_err(|problem| invalid_argument(format!("Invalid JSON payload received. {problem}")))?;
    if description.display_name.len() > 32 || description.description.len() > 256 {
        return Err(invalid_argument("display_name must be at most 32 characters and description at most 256."));
    }
    Ok(description)
}

fn resource(name: &str, description: &Description) -> Value {
    let mut resource = json!(description);
    resource["name"] = name.into();
    resource["state"] = "ACTIVE".into();
    resource
}

fn list(member: &str, items: impl Iterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.collect();
    if items.is_empty() { json!({}) } else { json!({ member: items }) }
}

impl Pool {
    fn resource(&self, name: &str) -> Value {
        resource(name, &self.description)
    }
}

impl Provider {
    fn resource(&self, name: &str) -> Value {
        let mut resource = resource(name, &self.description);
        resource["attributeMapping"] = DEFAULT_MAPPING.into_iter().collect();
        resource["aws"] = json!({ "accountId": self.account });
        resource
    }
}

fn already_exists() -> Reply {
    error(409, "ALREADY_EXISTS", "Requested entity already exists")
}
