//! Each step as calls of Google's REST APIs: what `--apply` sends and `--format rest` prints.

use super::plan::{Desired, ROLE, Step};
use serde_json::{Value, json};

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) url: String,
    pub(super) body: Value,
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

pub(super) fn provider_url(desired: &Desired) -> String {
    format!("{}/providers/{}", pool_url(desired), desired.provider.id)
}

fn accounts_url(desired: &Desired) -> String {
    format!("https://iam.googleapis.com/v1/projects/{}/serviceAccounts", desired.project)
}

/// The call that reads the service account's policy.
pub(super) fn read_policy(desired: &Desired) -> Call {
    let (accounts, email) = (accounts_url(desired), &desired.service_account);
    Call { url: format!("{accounts}/{email}:getIamPolicy?options.requestedPolicyVersion=3"), body: json!({}) }
}

/// The call that replaces it. Its etag is the one that was read, so that no other writer's change is lost.
pub(super) fn write_policy(desired: &Desired, policy: &Value) -> Call {
    let (accounts, email) = (accounts_url(desired), &desired.service_account);
    Call { url: format!("{accounts}/{email}:setIamPolicy"), body: json!({ "policy": policy }) }
}

/// The policy with these members added to the binding that has no condition.
pub(super) fn with_members(mut policy: Value, members: &[String]) -> Value {
    policy["version"] = 3.into();
    let mut bindings = policy["bindings"].as_array().cloned().unwrap_or_default();
    let is_ours = |binding: &&mut Value| binding["role"] == ROLE && binding["condition"].is_null();
    match bindings.iter_mut().find(is_ours) {
        Some(binding) => {
            let mut all = binding["members"].as_array().cloned().unwrap_or_default();
            all.extend(members.iter().map(|member| Value::from(member.as_str())));
            binding["members"] = all.into();
        }
        None => bindings.push(json!({ "role": ROLE, "members": members })),
    }
    policy["bindings"] = bindings.into();
    policy
}

impl Step {
    /// The call that takes it; none for a binding, which is a policy read and written back.
    pub(super) fn call(&self, desired: &Desired) -> Option<Call> {
        let (pool, provider) = (&desired.provider.pool, &desired.provider.id);
        let (url, body) = match self {
            Step::EnableServices(services) => {
                (format!("{}:batchEnable", services_url(desired)), json!({ "serviceIds": services }))
            }
            Step::CreatePool => {
                (format!("{}?workloadIdentityPoolId={pool}", pools_url(desired)), json!({ "displayName": "AWS" }))
            }
            Step::UndeletePool => (format!("{}:undelete", pool_url(desired)), json!({})),
            Step::CreateProvider => {
                let mut body = json!({ "aws": { "accountId": desired.account } });
                if let Some(condition) = &desired.condition {
                    body["attributeCondition"] = condition.as_str().into();
                }
                (format!("{}/providers?workloadIdentityPoolProviderId={provider}", pool_url(desired)), body)
            }
            Step::UndeleteProvider => (format!("{}:undelete", provider_url(desired)), json!({})),
            Step::CreateServiceAccount => (accounts_url(desired), json!({ "accountId": desired.account_id() })),
            Step::Bind(_) => return None,
        };
        Some(Call { url, body })
    }
}
