//! Attribute mappings and conditions: checked when a provider is made, evaluated when a token is exchanged.

use crate::project::{POOLS, Project};
use crate::support::{CLOUD_PLATFORM, Reply, SubjectToken, exchange, impersonate};
use serde_json::{Map, Value, json};

const PROVIDER: &str = "my-project/locations/global/workloadIdentityPools/aws-pool/providers/aws-provider";
const SET: &str =
    "principalSet://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool";

/// Gives the world's provider this mapping and condition.
fn set(project: &Project, mapping: &Value, condition: &str) -> Reply {
    let body = json!({ "attributeMapping": mapping, "attributeCondition": condition });
    project.patch(&format!("{PROVIDER}?updateMask=attributeMapping,attributeCondition"), body)
}

fn ask(project: &Project) -> Reply {
    exchange(&project.world, &SubjectToken::of(&project.world))
}

/// Whether the instance, mapped so, is in this set of principals.
fn is_in(project: &Project, member: &str) -> bool {
    let binding = json!({ "role": "roles/iam.workloadIdentityUser", "members": [member] });
    let policy = json!({ "policy": { "bindings": [binding] } });
    project.post(&format!("my-project/serviceAccounts/{}:setIamPolicy", project.email), policy).ok();
    let bearer = ask(project).ok()["access_token"].as_str().expect("a token").to_owned();
    let reply = impersonate(&project.world, &bearer, &json!({ "scope": [CLOUD_PLATFORM] }));
    assert!([200, 403].contains(&reply.status), "{}", reply.body);
    reply.status == 200
}

/// The value of an expression over the instance's assertion, by who may impersonate then.
#[track_caller]
fn is_mapped(project: &Project, expression: &str, value: &str) {
    set(project, &json!({ "google.subject": "assertion.userid", "attribute.it": expression }), "").ok();
    assert!(is_in(project, &format!("{SET}/attribute.it/{value}")), "{expression} is not {value}");
    assert!(!is_in(project, &format!("{SET}/attribute.it/{value}-not")));
}

#[test]
fn attributes_are_what_their_expressions_say() {
    let project = Project::new(json!({}));
    is_mapped(&project, "assertion.account", "111122223333");
    is_mapped(&project, "assertion.arn", "arn:aws:sts::111122223333:assumed-role/bigquery-role/i-0123456789abcdef0");
    is_mapped(&project, "assertion.arn.startsWith('arn:aws:') ? 'aws' : 'other'", "aws");
    is_mapped(&project, "assertion.arn.extract('assumed-role/{role}/')", "bigquery-role");
    is_mapped(&project, "assertion.arn.extract('{before}:assumed-role')", "arn:aws:sts::111122223333");
    is_mapped(&project, "assertion.arn.extract('bigquery-role/{after}')", "i-0123456789abcdef0");
    is_mapped(
        &project,
        "assertion.arn.extract('{all}')",
        "arn:aws:sts::111122223333:assumed-role/bigquery-role/i-0123456789abcdef0",
    );
    is_mapped(&project, "'none' + assertion.arn.extract('user/{name}')", "none");
    is_mapped(&project, "'none' + assertion.arn.extract('assumed-role/{name}!')", "none");
    is_mapped(&project, "'empty' + assertion.arn.extract('assumed-role{name}/')", "empty");
    is_mapped(&project, "'a-b-c'.extract('{first}-')", "a");
    let subject =
        "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/aws-pool/subject";
    set(&project, &json!({ "google.subject": "assertion.account" }), "").ok();
    assert!(is_in(&project, &format!("{subject}/111122223333")));
    assert!(!is_in(&project, &format!("{SET}/attribute.aws_role/111122223333")));
}

#[test]
fn the_default_mapping_is_googles_and_can_be_said_aloud() {
    let project = Project::new(json!({}));
    let role = format!("{SET}/attribute.aws_role/arn:aws:sts::111122223333:assumed-role/bigquery-role");
    let default = project.get(PROVIDER).ok()["attributeMapping"].clone();
    assert_eq!(default["google.subject"], "assertion.arn");
    assert!(is_in(&project, &role));
    set(&project, &json!({ "google.subject": "'x'" }), "").ok();
    assert!(!is_in(&project, &role));
    for mapping in [&default, &json!({}), &Value::Null] {
        set(&project, mapping, "").ok();
        assert_eq!(project.get(PROVIDER).ok()["attributeMapping"], default);
        assert!(is_in(&project, &role));
    }
}

#[test]
fn the_default_mapping_leaves_users_as_they_are() {
    let project = Project::new(json!({ "aws": { "users": [{ "name": "alice" }] } }));
    let user = format!("{SET}/attribute.aws_role/arn:aws:iam::111122223333:user/alice");
    let binding = json!({ "role": "roles/iam.workloadIdentityUser", "members": [user] });
    let policy = json!({ "policy": { "bindings": [binding] } });
    project.post(&format!("my-project/serviceAccounts/{}:setIamPolicy", project.email), policy).ok();
    let token = SubjectToken::with_keys(&project.world, &project.world.info()["users"][0]);
    let bearer = exchange(&project.world, &token).ok()["access_token"].as_str().expect("a token").to_owned();
    impersonate(&project.world, &bearer, &json!({ "scope": [CLOUD_PLATFORM] })).ok();
}

#[test]
fn a_condition_lets_in_whom_it_means() {
    let project = Project::new(json!({}));
    let mapping = json!({ "google.subject": "assertion.arn", "attribute.account": "assertion.account" });
    for condition in [
        "",
        "true",
        "assertion.account == '111122223333'",
        "attribute.account in ['111122223333', '444455556666']",
        "google.subject.startsWith('arn:aws:sts::111122223333:assumed-role/bigquery-role/')",
        "assertion.arn.extract('assumed-role/{role}/') == 'bigquery-role' && !assertion.arn.contains('admin')",
    ] {
        set(&project, &mapping, condition).ok();
        ask(&project).ok();
    }
    assert_eq!(
        project.get(PROVIDER).ok()["attributeCondition"],
        json!("assertion.arn.extract('assumed-role/{role}/') == 'bigquery-role' && !assertion.arn.contains('admin')")
    );
    for condition in ["false", "assertion.account == '444455556666'", "attribute.account != '111122223333'"] {
        set(&project, &mapping, condition).ok();
        let refusal = ask(&project).refused(400, "The given credential is rejected by the attribute condition.");
        assert_eq!(refusal["error"], "unauthorized_client");
    }
    set(&project, &mapping, "assertion.nothing == 'x'").ok();
    assert_eq!(ask(&project).refused(400, "attribute_condition")["error"], "invalid_request");
    project.patch(&format!("{PROVIDER}?updateMask=attribute_condition"), json!({})).ok();
    assert_eq!(project.get(PROVIDER).ok().get("attributeCondition"), None);
    ask(&project).ok();
}

#[test]
fn what_is_no_mapping_is_refused_when_it_is_made() {
    let project = Project::new(json!({}));
    let create = format!("{POOLS}/aws-pool/providers?workloadIdentityPoolProviderId=new-provider");
    let with = |mapping: Value, condition: &str| {
        let aws = json!({ "accountId": "111122223333" });
        let body = json!({ "aws": aws, "attributeMapping": mapping, "attributeCondition": condition });
        project.post(&create, body)
    };
    let key = |key: &str| json!({ "google.subject": "assertion.arn", key: "assertion.arn" });
    for (mapping, said) in [
        (json!({ "attribute.aws_role": "assertion.arn" }), "google.subject"),
        (json!({ "google.subject": "" }), "google.subject"),
        (json!({ "google.subject": "assertion.arn +" }), "Error compiling google.subject"),
        (json!({ "google.subject": "nothing.arn" }), "nothing"),
        (json!({ "google.subject": "assertion.arn.nothing()" }), "Error compiling"),
        (json!({ "google.subject": "1 + 1" }), "must be a string"),
        (json!({ "google.subject": 1 }), "google.subject"),
        (json!({ "google.subject": format!("'{}'", "x".repeat(2047)) }), "2048"),
        (json!("assertion.arn"), "attribute_mapping"),
        (key("assertion.arn"), "Invalid mapped attribute key: assertion.arn"),
        (key("attribute."), "Invalid mapped attribute key"),
        (key("attribute.Role"), "Invalid mapped attribute key"),
        (key(&format!("attribute.{}", "a".repeat(91))), "Invalid mapped attribute key"),
    ] {
        let refusal = with(mapping, "").refused(400, said);
        assert_eq!(refusal["error"]["status"], "INVALID_ARGUMENT");
    }
    with(key("google.groups"), "").refused(501, "google.groups");
    with(Value::Null, "assertion.arn.matches('arn:.*')").refused(501, "matches");
    let many = |count: usize| {
        let mut mapping: Map<String, Value> = (0..count).map(|n| (format!("attribute.a{n}"), "'x'".into())).collect();
        mapping.insert("google.subject".into(), "'x'".into());
        mapping.into()
    };
    with(many(51), "").refused(400, "50");
    for (condition, said) in [
        ("assertion.arn ==", "Error compiling attribute_condition"),
        ("'text'", "must be a boolean"),
        ("assertion.arn", "must be a boolean"),
        ("nothing == 1", "nothing"),
        (&format!("true{}", " ".repeat(4093)), "4096"),
    ] {
        with(Value::Null, condition).refused(400, said);
    }
    project.get(&format!("{POOLS}/aws-pool/providers/new-provider")).refused(404, "NOT_FOUND");
    with(many(50), &format!("true{}", " ".repeat(4092))).ok();
}

#[test]
fn an_update_that_is_refused_changes_nothing() {
    let project = Project::new(json!({}));
    let before = project.get(PROVIDER).ok();
    set(&project, &json!({ "google.subject": "'x'" }), "assertion.arn ==").refused(400, "attribute_condition");
    set(&project, &json!({ "google.subject": "'x'" }), "assertion.arn").refused(400, "must be a boolean");
    assert_eq!(project.get(PROVIDER).ok(), before);
}

#[test]
fn what_is_mapped_has_limits() {
    let project = Project::new(json!({}));
    let refused = |mapping: Value, said: &str| {
        set(&project, &mapping, "").ok();
        assert_eq!(ask(&project).refused(400, said)["error"], "invalid_request");
    };
    let text = |length: usize| format!("'{}'", "x".repeat(length));
    refused(json!({ "google.subject": text(128) }), "google.subject exceeds the 127 bytes limit");
    refused(json!({ "google.subject": format!("'{}'", "é".repeat(64)) }), "google.subject exceeds the 127 bytes limit");
    refused(json!({ "google.subject": "''" }), "google.subject is empty");
    refused(json!({ "google.subject": "assertion.nothing" }), "google.subject");
    // Five names of twelve bytes, and the subject's fifteen with its value.
    let large = |last: usize| {
        let mut mapping = json!({ "google.subject": "'x'", "attribute.a4": text(last) });
        for n in 0..4 {
            mapping[format!("attribute.a{n}")] = text(2000).into();
        }
        mapping
    };
    let fits = 8192 - 5 * 12 - 15 - 4 * 2000;
    refused(large(fits + 1), "8 KB");
    set(&project, &large(fits), "").ok();
    ask(&project).ok();
    set(&project, &json!({ "google.subject": text(127) }), "").ok();
    ask(&project).ok();
}
