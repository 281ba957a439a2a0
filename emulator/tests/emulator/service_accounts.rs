//! Service accounts over REST, and their policies.

use crate::project::Project;
use crate::support::{CLOUD_PLATFORM, POOL, federated_token, impersonate};
use serde_json::{Value, json};

#[test]
fn a_policy_names_what_exists() {
    let project = Project::new(json!({}));
    let set = format!("my-project/serviceAccounts/{}:setIamPolicy", project.email);
    let with = |role: &str, member: &str| {
        project.post(&set, json!({ "policy": { "bindings": [{ "role": role, "members": [member] }] } }))
    };
    let unknown = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/x/*";
    with("roles/iam.workloadIdentityUser", unknown).refused(400, "Identity Pool does not exist");
    with("roles/iam.workloadIdentityUser", "nobody").refused(400, "Invalid member");
    with("owner", "user:a@example.com").refused(400, "Role owner is not supported");
    project.post("my-project/serviceAccounts/none@example.com:getIamPolicy", json!({})).refused(404, "NOT_FOUND");
}

#[test]
fn a_service_account_is_made_once() {
    let project = Project::new(json!({}));
    let make = |id: &str, said: Value| {
        project.post("my-project/serviceAccounts", json!({ "accountId": id, "serviceAccount": said }))
    };
    let made = make("new-reader", json!({ "displayName": "Reader", "description": "Reads." })).ok();
    assert_eq!(made["email"], "new-reader@my-project.iam.gserviceaccount.com");
    assert_eq!(made["name"], "projects/my-project/serviceAccounts/new-reader@my-project.iam.gserviceaccount.com");
    assert_eq!((&made["displayName"], &made["projectId"]), (&json!("Reader"), &json!("my-project")));
    for name in [&made["email"], &made["uniqueId"]] {
        assert_eq!(project.get(&format!("my-project/serviceAccounts/{}", name.as_str().expect("text"))).ok(), made);
    }
    project.get(&format!("my-project/serviceAccounts/{}/keys", made["email"].as_str().expect("text"))).ok();
    project.get("my-project/serviceAccounts/none@example.com/keys").refused(404, "NOT_FOUND");
    let again = make("new-reader", json!({})).refused(409, "already exists within project projects/my-project");
    assert_eq!(again["error"]["status"], "ALREADY_EXISTS");
    for id in ["", "short", "1number", "Capital", "ends-with-", &"a".repeat(31)] {
        make(id, json!({})).refused(400, "account_id");
    }
    make("long-names", json!({ "displayName": "n".repeat(101) })).refused(400, "displayName");
    make("long-names", json!({ "description": "n".repeat(257) })).refused(400, "description");
    let listed = project.get("my-project/serviceAccounts").ok();
    assert_eq!(listed["accounts"].as_array().expect("accounts").len(), 2);
    assert!(project.get("my-project/serviceAccounts?pageSize=1").ok()["nextPageToken"].is_string());
}

#[test]
fn a_deleted_service_account_comes_back_by_its_unique_id() {
    let project = Project::new(json!({}));
    let path = format!("my-project/serviceAccounts/{}", project.email);
    let bearer = federated_token(&project.world);
    let ask = || impersonate(&project.world, &bearer, &json!({ "scope": [CLOUD_PLATFORM] }));
    let account = project.get(&path).ok();
    ask().ok();
    project.delete(&path).ok();
    project.delete(&path).refused(404, "NOT_FOUND");
    project.get(&path).refused(404, "Unknown service account");
    ask().refused(403, "iam.serviceAccounts.getAccessToken");

    let undelete = |name: &Value| {
        project.post(&format!("my-project/serviceAccounts/{}:undelete", name.as_str().expect("text")), json!({}))
    };
    undelete(&account["email"]).refused(404, "NOT_FOUND");
    assert_eq!(undelete(&account["uniqueId"]).ok()["restoredAccount"], account);
    ask().ok();

    // Another account of the same email has nothing of the first.
    project.delete(&path).ok();
    let other = project.post("my-project/serviceAccounts", json!({ "accountId": "bigquery-reader" })).ok();
    assert_ne!(other["uniqueId"], account["uniqueId"]);
    ask().refused(403, "iam.serviceAccounts.getAccessToken");
    undelete(&account["uniqueId"]).refused(404, "NOT_FOUND");
}

#[test]
fn a_deleted_service_account_is_gone_after_thirty_days() {
    let project = Project::new(json!({}));
    let path = format!("my-project/serviceAccounts/{}", project.email);
    let id = project.get(&path).ok()["uniqueId"].as_str().expect("text").to_owned();
    project.delete(&path).ok();
    project.world.patch(json!({ "clock": { "offset_seconds": 30 * 86_400 + 60 } }));
    project.post(&format!("my-project/serviceAccounts/{id}:undelete"), json!({})).refused(404, "NOT_FOUND");
}

#[test]
fn conditions_are_kept_and_want_version_three() {
    let project = Project::new(json!({}));
    let account = format!("my-project/serviceAccounts/{}", project.email);
    let set = |policy: Value| project.post(&format!("{account}:setIamPolicy"), json!({ "policy": policy }));
    let condition = json!({ "title": "for now", "expression": "request.time < timestamp('2100-01-01T00:00:00Z')" });
    let binding = json!({ "role": "roles/iam.workloadIdentityUser", "members": [POOL], "condition": condition });
    set(json!({ "version": 1, "bindings": [binding] })).refused(400, "version 3");
    set(json!({ "version": 2, "bindings": [] })).refused(400, "version");
    let untitled = json!({ "role": "roles/iam.workloadIdentityUser", "members": [POOL], "condition": {} });
    set(json!({ "version": 3, "bindings": [untitled] })).refused(400, "condition");
    let policy = set(json!({ "version": 3, "bindings": [binding] })).ok();
    assert_eq!((&policy["version"], &policy["bindings"]), (&json!(3), &json!([binding])));

    let read = |version: &str| project.post(&format!("{account}:getIamPolicy{version}"), Value::Null);
    assert_eq!(read("?options.requestedPolicyVersion=3").ok(), policy);
    read("").refused(501, "does not imitate");
    read("?options.requestedPolicyVersion=2").refused(400, "version");
    set(json!({ "version": 1, "etag": policy["etag"], "bindings": [] })).refused(400, "version 3");
    let bearer = federated_token(&project.world);
    impersonate(&project.world, &bearer, &json!({ "scope": [CLOUD_PLATFORM] })).refused(501, "conditions of bindings");
    assert_eq!(set(json!({ "version": 3, "etag": policy["etag"], "bindings": [] })).ok()["version"], 1);
    set(json!({ "version": 3, "etag": policy["etag"], "bindings": [] })).refused(409, "ABORTED");
}
