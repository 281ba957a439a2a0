//! Google IAM as far as a federation is set up with it: pools, providers, and the policies of service accounts.
//!
//! <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools>

use crate::bearer::Principal;
use crate::facts::Facts;
use crate::google::Route;
use crate::random;
use crate::reply::{self, Answer, Reply, Request, error, invalid_argument, ok};
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) const WORKLOAD_IDENTITY_USER: &str = "roles/iam.workloadIdentityUser";
const TOKEN_CREATOR: &str = "roles/iam.serviceAccountTokenCreator";
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

#[derive(Default)]
pub(crate) struct Pool {
    description: Description,
    pub(crate) providers: BTreeMap<String, Provider>,
}

pub(crate) struct Provider {
    description: Description,
    /// The AWS account that it trusts.
    pub(crate) account: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Description {
    display_name: String,
    description: String,
}

/// Who may do what with one service account.
pub(crate) struct Policy {
    bindings: Vec<Binding>,
    /// Changes with every change, so that two writers notice each other.
    etag: String,
}

#[derive(Clone, Deserialize, Serialize)]
struct Binding {
    role: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

impl Pool {
    pub(crate) fn with_provider(id: &str, account: &str) -> Pool {
        let provider = Provider { description: Description::default(), account: account.into() };
        Pool { providers: BTreeMap::from([(id.into(), provider)]), ..Pool::default() }
    }

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

impl Policy {
    pub(crate) fn empty() -> Policy {
        Policy { bindings: Vec::new(), etag: etag() }
    }

    pub(crate) fn binding(role: &str, member: String) -> Policy {
        let binding = Binding { role: role.into(), members: vec![member], condition: None };
        Policy { bindings: vec![binding], etag: etag() }
    }

    /// The permission `iam.serviceAccounts.getAccessToken`, which two roles include.
    pub(crate) fn lets_impersonate(&self, principal: &Principal) -> bool {
        self.bindings
            .iter()
            .filter(|binding| binding.role == WORKLOAD_IDENTITY_USER || binding.role == TOKEN_CREATOR)
            .flat_map(|binding| &binding.members)
            .any(|member| principal.is(member))
    }

    fn resource(&self) -> Value {
        let mut resource = json!({ "version": 1, "etag": self.etag });
        if !self.bindings.is_empty() {
            resource["bindings"] = json!(self.bindings);
        }
        resource
    }
}

/// A pool's full name, with the project's number as Google writes it.
pub(crate) fn pool_name(project_number: &str, pool: &str) -> String {
    format!("projects/{project_number}/locations/global/workloadIdentityPools/{pool}")
}

pub(crate) fn route(method: &Method, path: &[&str]) -> Option<Route> {
    match path {
        ["v1", "projects", project, "locations", "global", "workloadIdentityPools", rest @ ..] => {
            pools_route(method, (*project).to_owned(), rest)
        }
        ["v1", "projects", project, "serviceAccounts", call] if *method == Method::POST => {
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
        _ => None,
    }
}

fn pools_route(method: &Method, project: String, path: &[&str]) -> Option<Route> {
    const POOLS: &str = "iam.workloadIdentityPools";
    const PROVIDERS: &str = "iam.workloadIdentityPoolProviders";
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
                    None => Err(entity_not_found()),
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
                facts.operations.get(&name).map(ok).ok_or_else(entity_not_found)
            })
        }
        _ => return None,
    };
    Some(route)
}

/// Every call here: the API is enabled, the caller administers the project, the project exists.
fn owner(facts: &Facts, request: &Request, project: &str, permission: &str) -> Result<(), Reply> {
    facts.require_admin(request, permission)?;
    if !facts.is_project(project) {
        return Err(reply::permission_denied(permission));
    }
    facts.require_service(SERVICE)
}

fn create_pool(facts: &mut Facts, request: &Request) -> Answer {
    let id = reply::query(request, "workloadIdentityPoolId").unwrap_or_default();
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
    let id = reply::query(request, "workloadIdentityPoolProviderId").unwrap_or_default();
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
            *policy = Policy { bindings, etag: etag() };
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

fn policy<'f>(facts: &'f mut Facts, email: &str) -> Result<&'f mut Policy, Reply> {
    let unknown = || reply::not_found(format!("Unknown service account: {email}"));
    facts.service_accounts.get_mut(email).ok_or_else(unknown)
}

fn find_pool<'f>(facts: &'f Facts, id: &str) -> Result<&'f Pool, Reply> {
    facts.pools.get(id).ok_or_else(entity_not_found)
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

fn etag() -> String {
    format!("BwY{}=", random::text(random::BASE64_URL, 8))
}

fn entity_not_found() -> Reply {
    reply::not_found("Requested entity was not found.")
}

fn already_exists() -> Reply {
    error(409, "ALREADY_EXISTS", "Requested entity already exists")
}
