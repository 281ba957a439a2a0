//! Service Usage: APIs that are enabled, and what answers before they are.

use crate::project::{POOLS, Project};
use serde_json::{Value, json};

#[test]
fn services_are_known_by_name() {
    let project = Project::new(json!({ "ready": false }));
    let enable = |services: Value| project.post("my-project/services:batchEnable", json!({ "serviceIds": services }));
    enable(json!(["nothing.googleapis.com"])).refused(403, "nothing.googleapis.com");
    enable(json!([])).refused(400, "INVALID_ARGUMENT");
    enable(Value::Null).refused(400, "INVALID_ARGUMENT");
}

#[test]
fn one_api_is_enabled_and_its_calls_answer() {
    let project = Project::new(json!({ "ready": false }));
    let iam = "my-project/services/iam.googleapis.com";
    assert_eq!(project.get(iam).ok()["state"], "DISABLED");
    for path in [POOLS.to_owned(), format!("my-project/serviceAccounts/{}", project.email)] {
        project.get(&path).refused(403, "SERVICE_DISABLED");
    }
    let enabled = project.finished(project.post(&format!("{iam}:enable"), json!({})).ok());
    assert_eq!(enabled["service"]["state"], "ENABLED");
    assert_eq!(enabled["service"]["parent"], "projects/123456789012");
    assert_eq!(project.get(iam).ok()["state"], "ENABLED");
    project.get(POOLS).ok();
    assert_eq!(project.post(&format!("{iam}:enable"), json!({})).ok()["done"], true);
    project.get("my-project/services/nothing.googleapis.com").refused(403, "nothing.googleapis.com");
    project.get("other-project/services/iam.googleapis.com").refused(403, "serviceusage.services.get");
}

#[test]
fn services_are_listed_by_state_and_in_pages() {
    let project = Project::new(json!({ "ready": false }));
    let names = |list: &Value| -> Vec<String> {
        let services = list["services"].as_array().expect("services").iter();
        services.map(|service| service["config"]["name"].as_str().expect("a name").to_owned()).collect()
    };
    let enabled = project.get("my-project/services?filter=state:ENABLED").ok();
    assert_eq!(names(&enabled), ["bigquery.googleapis.com", "storage.googleapis.com"]);
    let whole = project.get("my-project/services").ok();
    assert_eq!(whole.get("nextPageToken"), None);
    let first = project.get("my-project/services?pageSize=4").ok();
    let token = first["nextPageToken"].as_str().expect("there are more");
    let last = project.get(&format!("my-project/services?pageSize=4&pageToken={token}")).ok();
    assert_eq!(last.get("nextPageToken"), None);
    assert_eq!([names(&first), names(&last)].concat(), names(&whole));
    assert_eq!(names(&first).len(), 4);
    project.get("my-project/services?pageToken=wrong").refused(400, "pageToken");
    project.get("my-project/services?filter=name:x").refused(400, "filter");
}

#[test]
fn an_operation_is_done_when_it_has_been_asked_for_often_enough() {
    let project = Project::new(json!({ "ready": false, "operation_polls": 2 }));
    let enable = |service: &str| project.post(&format!("my-project/services/{service}:enable"), json!({})).ok();
    let operation = enable("iam.googleapis.com");
    for _ in 0..2 {
        assert_eq!(project.poll(&operation), operation);
    }
    assert_eq!(project.poll(&operation)["response"]["service"]["state"], "ENABLED");
    assert_eq!(project.poll(&operation)["done"], true);

    project.world.patch(json!({ "operation_polls": 1 }));
    let pool = project.post(&format!("{POOLS}?workloadIdentityPoolId=aws-pool"), json!({})).ok();
    assert_eq!(project.poll(&pool), pool);
    assert_eq!(project.poll(&pool)["done"], true);
}
