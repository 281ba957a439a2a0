//! A federation set up from nothing, through Google's own REST paths.

use crate::project::{POOLS, Project};
use crate::support::{PATIENCE, SubjectToken, access_token, client, exchange, get, post, query, ready, send};
use serde_json::{Value, json};

const APIS: [&str; 4] = [
    "iam.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iamcredentials.googleapis.com",
    "sts.googleapis.com",
];

#[test]
fn the_administrator_s_login_gives_the_administrator_s_token() {
    let project = Project::new(json!({}));
    let info = project.world.info();
    let login = &info["admin_login"];
    let refresh = |name: &str, value: &str| {
        let mut form = std::collections::HashMap::from([("grant_type", "refresh_token")]);
        form.extend(
            ["client_id", "client_secret", "refresh_token"].map(|name| (name, login[name].as_str().expect("text"))),
        );
        form.insert(name, value);
        send(client().post(format!("{}/token", project.world.google_url)).form(&form))
    };
    assert_eq!(refresh("grant_type", "refresh_token").ok()["access_token"], info["admin_token"]);
    refresh("refresh_token", "revoked").refused(400, "invalid_grant");
    refresh("client_secret", "other").refused(400, "invalid_client");
    refresh("grant_type", "password").refused(400, "unsupported_grant_type");
}

#[test]
fn everything_can_be_set_up_from_nothing() {
    let project = Project::new(json!({ "ready": false }));
    project.post(&format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({})).refused(403, "SERVICE_DISABLED");
    exchange(&project.world, &SubjectToken::of(&project.world)).refused(403, "SERVICE_DISABLED");

    let enabled = project.post("my-project/services:batchEnable", json!({ "serviceIds": APIS })).ok();
    assert_eq!(project.finished(enabled)["services"][0]["state"], "ENABLED");
    let names = APIS.map(|api| format!("names=projects/my-project/services/{api}")).join("&");
    let states = project.get(&format!("my-project/services:batchGet?{names}")).ok();
    assert!(states["services"].as_array().expect("services").iter().all(|service| service["state"] == "ENABLED"));
    let again = project.post("my-project/services:batchEnable", json!({ "serviceIds": APIS })).ok();
    assert_eq!(again["done"], true);

    assert_eq!(project.get(POOLS).ok(), json!({}));
    let pool = project.post(&format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({ "displayName": "AWS" }));
    let pool = project.finished(pool.ok());
    let name = "projects/123456789012/locations/global/workloadIdentityPools/aws-pool";
    assert_eq!((&pool["name"], &pool["displayName"]), (&json!(name), &json!("AWS")));
    let provider = json!({ "aws": { "accountId": "111122223333" } });
    let create = format!("{POOLS}/aws-pool/providers?workloadIdentityPoolProviderId=aws-provider");
    let provider = project.finished(project.post(&create, provider).ok());
    assert_eq!(provider["attributeMapping"]["google.subject"], "assertion.arn");
    project.get(&format!("{POOLS}/aws-pool")).ok();
    project.get("123456789012/locations/global/workloadIdentityPools/aws-pool/providers/aws-provider").ok();
    let listed = project.get(&format!("{POOLS}/aws-pool/providers")).ok();
    assert_eq!(listed["workloadIdentityPoolProviders"][0]["aws"]["accountId"], "111122223333");

    let account = format!("my-project/serviceAccounts/{}", project.email);
    let policy = project.post(&format!("{account}:getIamPolicy?options.requestedPolicyVersion=3"), json!({})).ok();
    assert_eq!(policy.get("bindings"), None);
    let role = "arn:aws:sts::111122223333:assumed-role/bigquery-role";
    let binding = json!({
        "role": "roles/iam.workloadIdentityUser",
        "members": [format!("principalSet://iam.googleapis.com/{name}/attribute.aws_role/{role}")],
    });
    let policy = json!({ "policy": { "version": 3, "etag": policy["etag"], "bindings": [binding] } });
    project.post(&format!("{account}:setIamPolicy"), policy.clone()).ok();
    project.post(&format!("{account}:setIamPolicy"), policy).refused(409, "ABORTED");

    query(&project.world, &access_token(&project.world), "SELECT COUNT(*) FROM mydataset.users").ok();
}

#[test]
fn names_are_checked_and_taken_once() {
    let project = Project::new(json!({}));
    for id in ["abc", "gcp-pool", "Pool", "under_score", &"a".repeat(33), ""] {
        project.post(&format!("{POOLS}?workloadIdentityPoolId={id}"), json!({})).refused(400, "INVALID_ARGUMENT");
    }
    project.post(&format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({})).refused(409, "ALREADY_EXISTS");
    let provider = |pool: &str, id: &str, account: &str| {
        let path = format!("{POOLS}/{pool}/providers?workloadIdentityPoolProviderId={id}");
        project.post(&path, json!({ "aws": { "accountId": account } }))
    };
    provider("aws-pool", "aws-provider", "111122223333").refused(409, "ALREADY_EXISTS");
    provider("aws-pool", "new-provider", "1111").refused(400, "INVALID_ARGUMENT");
    provider("no-pool", "new-provider", "111122223333").refused(404, "NOT_FOUND");
    project.get(&format!("{POOLS}/no-pool")).refused(404, "NOT_FOUND");
    project.get(&format!("{POOLS}/aws-pool/providers/none")).refused(404, "NOT_FOUND");
}

#[test]
fn only_the_administrator_may() {
    let project = Project::new(json!({}));
    let url = project.url(POOLS);
    send(client().get(&url)).refused(401, "CREDENTIALS_MISSING");
    get(url.clone(), "made up").refused(401, "UNAUTHENTICATED");
    get(url, &access_token(&project.world)).refused(403, "iam.workloadIdentityPools.list");
    let enable = project.url("my-project/services:batchEnable");
    post(enable, "made up", &json!({})).refused(401, "UNAUTHENTICATED");
    project.get("other-project/locations/global/workloadIdentityPools").refused(403, "PERMISSION_DENIED");
}

#[test]
fn the_project_is_told_to_those_who_may_use_it() {
    let world = ready();
    let url = format!("{}/v1/projects/123456789012", world.google_url);
    let token = access_token(&world);
    assert_eq!(get(url.clone(), &token).ok()["projectId"], "my-project");
    world.patch(json!({ "grants": [] }));
    get(url, &token).refused(403, "The caller does not have permission");
}

#[test]
fn the_administrator_learns_the_number_of_a_project() {
    let project = Project::new(json!({}));
    let found = project.get("my-project").ok();
    assert_eq!((&found["projectNumber"], &found["projectId"]), (&json!("123456789012"), &json!("my-project")));
    project.get("other-project").refused(403, "PERMISSION_DENIED");
    Project::new(json!({ "ready": false })).get("my-project").refused(403, "SERVICE_DISABLED");
}

#[test]
fn every_step_can_fail_once_or_be_held() {
    let project = Project::new(json!({ "ready": false }));
    let refusal = json!({ "error": { "code": 503, "status": "UNAVAILABLE", "message": "Try again." } });
    let once = |operation: &str| {
        project.world.fault(json!({ "on": operation, "do": { "status": 503, "body": refusal } }));
    };
    let account = format!("my-project/serviceAccounts/{}", project.email);
    let pool = format!("{POOLS}/aws-pool");
    let provider = format!("{pool}/providers/aws-provider");
    let aws = json!({ "aws": { "accountId": "111122223333" } });
    let new = json!({ "accountId": "new-account" });
    let steps: [(&str, &str, String, Value); 14] = [
        ("serviceusage.batchEnable", "POST", "my-project/services:batchEnable".into(), json!({ "serviceIds": APIS })),
        ("serviceusage.get", "GET", "my-project/services/sts.googleapis.com".into(), Value::Null),
        ("cloudresourcemanager.project", "GET", "my-project".into(), Value::Null),
        ("iam.createPool", "POST", format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({})),
        ("iam.createProvider", "POST", format!("{pool}/providers?workloadIdentityPoolProviderId=aws-provider"), aws),
        ("iam.updateProvider", "PATCH", format!("{provider}?updateMask=description"), json!({})),
        ("iam.createServiceAccount", "POST", "my-project/serviceAccounts".into(), new),
        ("iam.getPolicy", "POST", format!("{account}:getIamPolicy"), json!({})),
        ("iam.setPolicy", "POST", format!("{account}:setIamPolicy"), json!({ "policy": {} })),
        ("iam.deleteProvider", "DELETE", provider.clone(), Value::Null),
        ("iam.undeleteProvider", "POST", format!("{provider}:undelete"), json!({})),
        ("iam.deletePool", "DELETE", pool.clone(), Value::Null),
        ("iam.undeletePool", "POST", format!("{pool}:undelete"), json!({})),
        ("iam.deleteServiceAccount", "DELETE", account, Value::Null),
    ];
    for (operation, method, path, body) in steps {
        once(operation);
        project.send(method, &path, &body).refused(503, "UNAVAILABLE");
        project.send(method, &path, &body).ok();
        assert_eq!(project.world.wait_for_request(operation, 2, PATIENCE).len(), 2);
    }
}

#[test]
fn a_step_may_be_done_though_its_answer_is_lost() {
    let project = Project::new(json!({}));
    project.world.fault(json!({ "on": "iam.createPool", "do": { "close_after_bytes": 0 } }));
    let create = project.url(&format!("{POOLS}?workloadIdentityPoolId=lost-pool"));
    let request = client().post(create).bearer_auth(&project.admin).json(&json!({}));
    assert!(request.send().and_then(reqwest::blocking::Response::text).is_err());
    project.get(&format!("{POOLS}/lost-pool")).ok();
}

#[test]
fn a_step_that_is_held_is_not_done_before_its_gate_opens() {
    let project = Project::new(json!({}));
    project.world.fault(json!({ "on": "iam.createPool", "do": { "hold": "held" } }));
    let create = format!("{POOLS}?workloadIdentityPoolId=held-pool");
    std::thread::scope(|threads| {
        let held = threads.spawn(|| project.post(&create, json!({})));
        project.world.wait_for_request("iam.createPool", 1, PATIENCE);
        project.get(&format!("{POOLS}/held-pool")).refused(404, "NOT_FOUND");
        project.world.open_gate("held");
        held.join().expect("no panic").ok();
    });
    project.get(&format!("{POOLS}/held-pool")).ok();
}
