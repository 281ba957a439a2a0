//! Each step as calls of Google's REST APIs: what `--apply` sends and `--format rest` prints.

use super::plan::{Desired, MADE_HERE, ROLE};
use super::step::{Change, Step};
use serde_json::{Value, json};

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) body: Option<Value>,
}

impl Call {
    pub(super) fn read(url: String) -> Call {
        Call { method: "GET", url, body: None }
    }

    fn post(url: String, body: Value) -> Call {
        Call { method: "POST", url, body: Some(body) }
    }

    fn patch(url: &str, mask: &[&str], body: Value) -> Call {
        Call { method: "PATCH", url: format!("{url}?updateMask={}", mask.join(",")), body: Some(body) }
    }

    fn delete(url: String) -> Call {
        Call { method: "DELETE", url, body: None }
    }

    /// Whether it changes nothing, so that it may be sent twice.
    pub(super) fn only_reads(&self) -> bool {
        self.method == "GET" || self.url.contains(":getIamPolicy")
    }
}

/// Where things are.
pub(super) fn services_url(desired: &Desired) -> String {
    format!("https://serviceusage.googleapis.com/v1/projects/{}/services", desired.project)
}

pub(super) fn pools_url(desired: &Desired) -> String {
    format!("https://iam.googleapis.com/v1/projects/{}/locations/global/workloadIdentityPools", desired.project)
}

pub(super) fn pool_url(desired: &Desired) -> String {
    format!("{}/{}", pools_url(desired), desired.provider.pool)
}

pub(super) fn providers_url(desired: &Desired) -> String {
    format!("{}/providers", pool_url(desired))
}

pub(super) fn provider_url(desired: &Desired) -> String {
    format!("{}/{}", providers_url(desired), desired.provider.id)
}

fn accounts_url(desired: &Desired) -> String {
    format!("https://iam.googleapis.com/v1/projects/{}/serviceAccounts", desired.project)
}

pub(super) fn accounts_page_url(desired: &Desired, page_token: &str) -> String {
    format!("{}?pageSize=100&pageToken={page_token}", accounts_url(desired))
}

pub(super) fn user_keys_url(desired: &Desired) -> String {
    format!("{}/keys?keyTypes=USER_MANAGED", account_url(desired))
}

pub(super) fn account_url(desired: &Desired) -> String {
    format!("{}/{}", accounts_url(desired), desired.service_account)
}

/// The call that reads the service account's policy.
pub(super) fn read_policy(desired: &Desired) -> Call {
    read_policy_of(desired, &desired.service_account)
}

/// The call that reads the policy of any service account of the project.
pub(super) fn read_policy_of(desired: &Desired, email: &str) -> Call {
    let url = format!("{}/{email}:getIamPolicy?options.requestedPolicyVersion=3", accounts_url(desired));
    Call::post(url, json!({}))
}

/// The call that replaces it. Its etag is the one that was read, so that no other writer's change is lost.
pub(super) fn write_policy(desired: &Desired, policy: &Value) -> Call {
    Call::post(format!("{}:setIamPolicy", account_url(desired)), json!({ "policy": policy }))
}

/// The policy with these members added to the binding that has no condition.
pub(super) fn with_members(mut policy: Value, members: &[String]) -> Value {
    let mut bindings = bindings(&policy);
    match bindings.iter_mut().find(|binding| is_ours(binding)) {
        Some(binding) => {
            let mut all = binding["members"].as_array().cloned().unwrap_or_default();
            all.extend(members.iter().map(|member| Value::from(member.as_str())));
            binding["members"] = all.into();
        }
        None => bindings.push(json!({ "role": ROLE, "members": members })),
    }
    policy["version"] = 3.into();
    policy["bindings"] = bindings.into();
    policy
}

/// The policy with these members taken out of every binding of the role; one without members is gone.
pub(super) fn without_members(mut policy: Value, members: &[String]) -> Value {
    let mut bindings = bindings(&policy);
    for binding in bindings.iter_mut().filter(|binding| binding["role"] == ROLE) {
        let all = binding["members"].as_array().cloned().unwrap_or_default();
        let is_left = |member: &Value| !members.iter().any(|gone| member == gone);
        binding["members"] = all.into_iter().filter(is_left).collect();
    }
    bindings.retain(|binding| binding["members"].as_array().is_none_or(|members| !members.is_empty()));
    policy["version"] = 3.into();
    policy["bindings"] = bindings.into();
    policy
}

fn bindings(policy: &Value) -> Vec<Value> {
    policy["bindings"].as_array().cloned().unwrap_or_default()
}

fn is_ours(binding: &Value) -> bool {
    binding["role"] == ROLE && binding["condition"].is_null()
}

impl Step {
    /// The call that takes it; none for a binding, which is a policy read and written back.
    pub(super) fn call(&self, desired: &Desired) -> Option<Call> {
        let (pool, provider) = (&desired.provider.pool, &desired.provider.id);
        Some(match self {
            Step::EnableServices(services) => {
                Call::post(format!("{}:batchEnable", services_url(desired)), json!({ "serviceIds": services }))
            }
            Step::CreatePool => {
                let url = format!("{}?workloadIdentityPoolId={pool}", pools_url(desired));
                Call::post(url, json!({ "displayName": "AWS", "description": MADE_HERE }))
            }
            Step::UndeletePool => Call::post(format!("{}:undelete", pool_url(desired)), json!({})),
            Step::EnablePool => Call::patch(&pool_url(desired), &["disabled"], json!({ "disabled": false })),
            Step::CreateProvider => {
                let url = format!("{}?workloadIdentityPoolProviderId={provider}", providers_url(desired));
                let mut body = json!({ "description": MADE_HERE, "aws": { "accountId": desired.account } });
                if let Some(mapping) = &desired.mapping {
                    body["attributeMapping"] = json!(mapping);
                }
                if let Some(condition) = desired.condition.as_deref().filter(|condition| !condition.is_empty()) {
                    body["attributeCondition"] = condition.into();
                }
                Call::post(url, body)
            }
            Step::UndeleteProvider => Call::post(format!("{}:undelete", provider_url(desired)), json!({})),
            Step::UpdateProvider(changes) => {
                let (fields, values): (Vec<_>, serde_json::Map<_, _>) = changes
                    .iter()
                    .map(|change| change.field(desired))
                    .map(|(name, value)| (name, (name.to_owned(), value)))
                    .unzip();
                Call::patch(&provider_url(desired), &fields, values.into())
            }
            Step::CreateServiceAccount => {
                let made = json!({ "description": MADE_HERE });
                Call::post(accounts_url(desired), json!({ "accountId": desired.account_id(), "serviceAccount": made }))
            }
            Step::DeleteProvider => Call::delete(provider_url(desired)),
            Step::DeletePool => Call::delete(pool_url(desired)),
            Step::DeleteServiceAccount => Call::delete(account_url(desired)),
            Step::Bind(_) | Step::Unbind(_) => return None,
        })
    }
}

impl Change {
    /// The field of a provider, and what it is to be.
    fn field(self, desired: &Desired) -> (&'static str, Value) {
        match self {
            Change::Account => ("aws", json!({ "accountId": desired.account })),
            Change::Mapping => ("attributeMapping", json!(desired.whole_mapping())),
            Change::Condition => ("attributeCondition", json!(desired.condition.as_deref().unwrap_or_default())),
            Change::Enabled => ("disabled", false.into()),
        }
    }
}
