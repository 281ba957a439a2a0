//! The life of pools and providers: changed, disabled, deleted, restored.

use crate::project::{POOLS, Project};
use crate::support::{CLOUD_PLATFORM, Reply, SubjectToken, exchange, federated_token, impersonate, query};
use serde_json::{Value, json};

const POOL: &str = "my-project/locations/global/workloadIdentityPools/aws-pool";
const PROVIDER: &str = "my-project/locations/global/workloadIdentityPools/aws-pool/providers/aws-provider";

fn ask(project: &Project) -> Reply {
    exchange(&project.world, &SubjectToken::of(&project.world))
}

fn impersonation(project: &Project, bearer: &str) -> Reply {
    impersonate(&project.world, bearer, &json!({ "scope": [CLOUD_PLATFORM] }))
}

fn is_listed(project: &Project, list: &str, member: &str) -> bool {
    project.get(list).ok()[member].as_array().is_some_and(|items| !items.is_empty())
}

#[test]
fn a_deleted_pool_keeps_its_name_until_it_is_restored() {
    let project = Project::new(json!({}));
    let bearer = federated_token(&project.world);
    let deleted = project.finished(project.delete(POOL).ok());
    assert_eq!(deleted["state"], "DELETED");
    let expires: jiff::Timestamp = deleted["expireTime"].as_str().expect("a time").parse().expect("RFC 3339");
    let days = expires.duration_since(jiff::Timestamp::now()).as_hours() / 24;
    assert!((29..=30).contains(&days), "{days}");

    ask(&project).refused(400, "invalid_target");
    impersonation(&project, &bearer).refused(403, "iam.serviceAccounts.getAccessToken");
    assert_eq!(project.get(POOL).ok()["state"], "DELETED");
    assert!(!is_listed(&project, POOLS, "workloadIdentityPools"));
    assert!(is_listed(&project, &format!("{POOLS}?showDeleted=true"), "workloadIdentityPools"));
    project.post(&format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({})).refused(409, "ALREADY_EXISTS");
    let new = format!("{POOL}/providers?workloadIdentityPoolProviderId=new-provider");
    project.post(&new, json!({ "aws": { "accountId": "111122223333" } })).refused(400, "FAILED_PRECONDITION");
    project.patch(&format!("{POOL}?updateMask=description"), json!({})).refused(400, "FAILED_PRECONDITION");
    project.delete(POOL).refused(400, "FAILED_PRECONDITION");

    let restored = project.finished(project.post(&format!("{POOL}:undelete"), json!({})).ok());
    assert_eq!((&restored["state"], restored.get("expireTime")), (&json!("ACTIVE"), None));
    project.post(&format!("{POOL}:undelete"), json!({})).refused(400, "FAILED_PRECONDITION");
    ask(&project).ok();
    impersonation(&project, &bearer).ok();
}

#[test]
fn a_deleted_provider_keeps_its_name_until_it_is_restored() {
    let project = Project::new(json!({}));
    let bearer = federated_token(&project.world);
    assert_eq!(project.finished(project.delete(PROVIDER).ok())["state"], "DELETED");
    ask(&project).refused(400, "invalid_target");
    // What was issued before still counts.
    impersonation(&project, &bearer).ok();
    let list = format!("{POOL}/providers");
    assert!(!is_listed(&project, &list, "workloadIdentityPoolProviders"));
    assert!(is_listed(&project, &format!("{list}?showDeleted=true"), "workloadIdentityPoolProviders"));
    let again = format!("{list}?workloadIdentityPoolProviderId=aws-provider");
    project.post(&again, json!({ "aws": { "accountId": "111122223333" } })).refused(409, "ALREADY_EXISTS");
    project.patch(&format!("{PROVIDER}?updateMask=disabled"), json!({})).refused(400, "FAILED_PRECONDITION");
    project.finished(project.post(&format!("{PROVIDER}:undelete"), json!({})).ok());
    ask(&project).ok();
}

#[test]
fn what_is_deleted_is_gone_after_thirty_days() {
    let project = Project::new(json!({}));
    project.delete(PROVIDER).ok();
    project.delete(POOL).ok();
    project.world.patch(json!({ "clock": { "offset_seconds": 30 * 86_400 + 60 } }));
    project.get(POOL).refused(404, "NOT_FOUND");
    project.post(&format!("{POOL}:undelete"), json!({})).refused(404, "NOT_FOUND");
    project.finished(project.post(&format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({})).ok());
    project.get(PROVIDER).refused(404, "NOT_FOUND");
}

#[test]
fn a_disabled_pool_stops_tokens_and_a_disabled_provider_only_exchanges() {
    let project = Project::new(json!({}));
    let bearer = federated_token(&project.world);
    let disable = |path: &str, disabled: bool| {
        let update = project.patch(&format!("{path}?updateMask=disabled"), json!({ "disabled": disabled })).ok();
        project.finished(update)
    };
    assert_eq!(disable(PROVIDER, true)["disabled"], true);
    ask(&project).refused(400, "invalid_target");
    impersonation(&project, &bearer).ok();
    disable(PROVIDER, false);
    disable(POOL, true);
    ask(&project).refused(400, "invalid_target");
    impersonation(&project, &bearer).refused(403, "iam.serviceAccounts.getAccessToken");
    assert_eq!(disable(POOL, false).get("disabled"), None);
    ask(&project).ok();
    impersonation(&project, &bearer).ok();
}

#[test]
fn a_grant_to_the_pool_itself_ends_with_it() {
    let grant =
        "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/*";
    let project = Project::new(json!({ "grants": [grant] }));
    let bearer = federated_token(&project.world);
    query(&project.world, &bearer, "SELECT 1").ok();
    project.delete(POOL).ok();
    assert_eq!(query(&project.world, &bearer, "SELECT 1").status, 403);
}

#[test]
fn an_update_changes_what_its_mask_names() {
    let project = Project::new(json!({}));
    let update = |path: &str, mask: &str, body: Value| project.patch(&format!("{path}?updateMask={mask}"), body);
    let both = json!({ "displayName": "Amazon", "description": "All of it" });
    let pool = project.finished(update(POOL, "displayName,description", both.clone()).ok());
    assert_eq!((&pool["displayName"], &pool["description"]), (&json!("Amazon"), &json!("All of it")));
    let pool = project.finished(update(POOL, "display_name", json!({ "description": "ignored" })).ok());
    assert_eq!((pool.get("displayName"), &pool["description"]), (None, &json!("All of it")));
    let provider =
        project.finished(update(PROVIDER, "aws.accountId", json!({ "aws": { "accountId": "444455556666" } })).ok());
    assert_eq!(provider["aws"]["accountId"], "444455556666");
    ask(&project).refused(400, "not the account that the provider trusts");

    for path in [POOL, PROVIDER] {
        update(path, "", json!({})).refused(400, "update_mask");
        update(path, "name", json!({})).refused(400, "update_mask");
        update(path, "displayName", json!({ "displayName": "n".repeat(33) })).refused(400, "less than or equal to 32");
        update(path, "description", json!({ "description": "n".repeat(257) }))
            .refused(400, "less than or equal to 256");
        update(path, "displayName", json!({ "displayName": 1 })).refused(400, "displayName");
    }
    update(&format!("{POOLS}/no-pool"), "disabled", json!({})).refused(404, "NOT_FOUND");
    update(PROVIDER, "aws", json!({ "oidc": {} })).refused(501, "does not imitate");
}

#[test]
fn pools_are_listed_in_pages() {
    let project = Project::new(json!({}));
    for id in ["pool-two", "pool-three"] {
        project.post(&format!("{POOLS}?workloadIdentityPoolId={id}"), json!({})).ok();
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = project.get(&format!("{POOLS}?pageSize=1&pageToken={token}")).ok();
        seen.extend(page["workloadIdentityPools"].as_array().expect("pools").clone());
        match page["nextPageToken"].as_str() {
            Some(next) => token = next.into(),
            None => break,
        }
    }
    let whole = project.get(POOLS).ok()["workloadIdentityPools"].clone();
    assert_eq!((seen.len(), Value::from(seen)), (3, whole));
}
