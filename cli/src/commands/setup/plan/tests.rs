//! What is left, by what is found.

use super::*;
use serde_json::{Value, from_value, json};

fn desired() -> Desired {
    let provider =
        Provider { project_number: "123456789012".into(), pool: "aws-pool".into(), id: "aws-provider".into() };
    Desired {
        project: "my-project".into(),
        provider,
        account: "111122223333".into(),
        roles: vec!["reader".into(), "writer".into()],
        condition: None,
        service_account: "account@my-project.iam.gserviceaccount.com".into(),
    }
}

fn found(desired: &Desired) -> Found {
    Found {
        enabled_services: SERVICES.map(str::to_owned).to_vec(),
        pool: Some(FoundPool { state: "ACTIVE".into(), disabled: false }),
        provider: from_value(json!({ "state": "ACTIVE", "aws": { "accountId": desired.account } }))
            .expect("a provider"),
        bindings: Some(vec![binding(desired.roles.iter().map(|role| desired.member(role)).collect(), Value::Null)]),
    }
}

fn binding(members: Vec<String>, condition: Value) -> Binding {
    from_value(json!({ "role": ROLE, "members": members, "condition": condition })).expect("a binding")
}

#[test]
fn nothing_is_left_of_what_is_there() {
    let desired = desired();
    let plan = Plan::new(&desired, &found(&desired));
    assert_eq!((plan.steps, plan.conflicts), (vec![], Vec::<String>::new()));
    assert!(loose(&desired, &found(&desired)).is_empty());
}

#[test]
fn each_thing_that_is_missing_is_one_step() {
    let desired = desired();
    let [reader, writer] = ["reader", "writer"].map(|role| desired.member(role));
    type Change = fn(&mut Found);
    let cases: [(Change, Vec<Step>); 7] = [
        (|found| drop(found.enabled_services.pop()), vec![Step::EnableServices(vec![SERVICES[3].into()])]),
        (|found| found.pool = None, vec![Step::CreatePool]),
        (|found| found.pool.as_mut().expect("a pool").state = "DELETED".into(), vec![Step::UndeletePool]),
        (|found| found.provider = None, vec![Step::CreateProvider]),
        (|found| found.provider.as_mut().expect("one").state = "DELETED".into(), vec![Step::UndeleteProvider]),
        (
            |found| found.bindings = None,
            vec![Step::CreateServiceAccount, Step::Bind(vec![reader.clone(), writer.clone()])],
        ),
        (
            |found| drop(found.bindings.as_mut().expect("bindings")[0].members.pop()),
            vec![Step::Bind(vec![writer.clone()])],
        ),
    ];
    for (change, steps) in cases {
        let mut found = found(&desired);
        change(&mut found);
        let plan = Plan::new(&desired, &found);
        assert_eq!((plan.steps, plan.conflicts), (steps, Vec::new()));
    }
}

#[test]
fn what_is_there_and_not_as_wanted_is_a_conflict() {
    let desired = desired();
    type Change = fn(&mut Found);
    let cases: [(Change, &str); 4] = [
        (|found| found.pool.as_mut().expect("a pool").disabled = true, "the pool `aws-pool` is disabled"),
        (|found| found.provider.as_mut().expect("one").disabled = true, "the provider `aws-provider` is disabled"),
        (
            |found| found.provider.as_mut().expect("one").aws.account_id = "444455556666".into(),
            "the provider `aws-provider` trusts the AWS account 444455556666, and 111122223333 is wanted",
        ),
        (
            |found| found.provider.as_mut().expect("one").attribute_condition = Some("false".into()),
            "the condition of the provider `aws-provider` is `false`, and none is wanted",
        ),
    ];
    for (change, conflict) in cases {
        let mut found = found(&desired);
        change(&mut found);
        assert_eq!(Plan::new(&desired, &found).conflicts, [conflict]);
    }
}

#[test]
fn a_role_that_is_bound_with_a_condition_is_not_bound_without_one() {
    let desired = desired();
    let mut found = found(&desired);
    found.bindings = Some(vec![binding(vec![desired.member("reader")], json!({ "expression": "false" }))]);
    assert_eq!(
        Plan::new(&desired, &found).conflicts,
        ["the role `reader` is bound with a condition, and none is wanted"]
    );
}

#[test]
fn a_whole_pool_and_everybody_are_loose() {
    let desired = desired();
    let mut found = found(&desired);
    let whole = format!("principalSet://iam.googleapis.com/{}/*", desired.pool_name());
    found.bindings = Some(vec![binding(vec![whole.clone(), "allUsers".into()], Value::Null)]);
    let loose = loose(&desired, &found);
    assert!(loose[0].contains(&whole) && loose[1].contains("allUsers") && loose.len() == 2, "{loose:?}");
}

#[test]
fn a_subject_has_at_most_127_bytes() {
    let mut desired = desired();
    desired.roles = vec!["r".repeat(22)];
    assert!(desired.notes().is_empty());
    desired.roles = vec!["r".repeat(64)];
    let subject = format!("arn:aws:sts::111122223333:assumed-role/{}/{}", desired.roles[0], "s".repeat(23));
    assert_eq!(subject.len(), LONGEST_SUBJECT);
    assert!(desired.notes()[0].ends_with("longer than 23 characters."), "{:?}", desired.notes());
}
