//! A federation set up from nothing, through Google's own REST paths.

use crate::support::{CLOUD, SubjectToken, access_token, client, exchange, get, post, query, ready, send};
use rolebridge_emulator::World;
use serde_json::{Value, json};

const APIS: [&str; 4] = [
    "iam.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iamcredentials.googleapis.com",
    "sts.googleapis.com",
];

struct Project {
    world: World,
    admin: String,
    email: String,
}

impl Project {
    fn new(spec: Value) -> Project {
        let world = CLOUD.world(spec);
        let info = world.info();
        let text = |name: &str| info[name].as_str().expect("text").to_owned();
        Project { admin: text("admin_token"), email: text("service_account"), world }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/projects/{path}", self.world.google_url)
    }

    fn post(&self, path: &str, body: Value) -> crate::support::Reply {
        post(self.url(path), &self.admin, &body)
    }

    fn get(&self, path: &str) -> crate::support::Reply {
        get(self.url(path), &self.admin)
    }

    /// The result of an operation that is not done at first.
    fn finished(&self, operation: Value) -> Value {
        assert_eq!(operation.get("done"), None, "{operation}");
        let name = operation["name"].as_str().expect("a name");
        let result = get(format!("{}/v1/{name}", self.world.google_url), &self.admin).ok();
        assert_eq!(result["done"], true);
        result["response"].clone()
    }
}

const POOLS: &str = "my-project/locations/global/workloadIdentityPools";

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
fn what_is_not_imitated_says_so() {
    let project = Project::new(json!({}));
    let create = format!("{POOLS}/aws-pool/providers?workloadIdentityPoolProviderId=new-provider");
    let mapped = json!({ "aws": { "accountId": "111122223333" }, "attributeMapping": { "google.subject": "'x'" } });
    project.post(&create, mapped).refused(501, "does not imitate");
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
fn services_are_known_by_name() {
    let project = Project::new(json!({ "ready": false }));
    let enable = |services: Value| project.post("my-project/services:batchEnable", json!({ "serviceIds": services }));
    enable(json!(["nothing.googleapis.com"])).refused(403, "nothing.googleapis.com");
    enable(json!([])).refused(400, "INVALID_ARGUMENT");
    enable(Value::Null).refused(400, "INVALID_ARGUMENT");
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
