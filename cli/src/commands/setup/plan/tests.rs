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
        mapping: None,
        condition: None,
        service_account: "account@my-project.iam.gserviceaccount.com".into(),
    }
}

fn found(desired: &Desired) -> Found {
    Found {
        enabled_services: SERVICES.map(str::to_owned).to_vec(),
        pool: Some(FoundPool { state: "ACTIVE".into(), ..FoundPool::default() }),
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
    let plan = Plan::new(&desired, &found(&desired), false);
    assert_eq!((plan.steps, plan.conflicts), (vec![], vec![]));
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
        let plan = Plan::new(&desired, &found, false);
        assert_eq!((plan.steps, plan.conflicts), (steps, vec![]));
    }
}

#[test]
fn what_is_there_and_not_as_wanted_is_a_conflict_until_it_may_be_replaced() {
    let mut desired = desired();
    desired.condition = Some("true".into());
    let of_provider = |change: Change| vec![Step::UpdateProvider(vec![change])];
    let of_subject = json!({ "attributeMapping": { "google.subject": "assertion.userid" } });
    // What the provider is beside what is wanted; of none, the pool is disabled.
    let cases: [(Option<Value>, &str, Vec<Step>); 5] = [
        (None, "the pool `aws-pool` is disabled", vec![Step::EnablePool]),
        (Some(json!({ "disabled": true })), "the provider `aws-provider` is disabled", of_provider(Change::Enabled)),
        (
            Some(json!({ "aws": { "accountId": "444455556666" } })),
            "the provider `aws-provider` trusts the AWS account 444455556666, and 111122223333 is wanted",
            of_provider(Change::Account),
        ),
        (
            Some(json!({ "attributeCondition": "false" })),
            "the condition of the provider `aws-provider` is `false`, and `true` is wanted",
            of_provider(Change::Condition),
        ),
        (
            Some(of_subject),
            "the mapping of the provider `aws-provider` is `google.subject=assertion.userid`, and ",
            of_provider(Change::Mapping),
        ),
    ];
    for (change, sentence, steps) in cases {
        let mut found = found(&desired);
        found.pool.as_mut().expect("a pool").disabled = change.is_none();
        let mut provider = json!({ "aws": { "accountId": "111122223333" }, "attributeCondition": "true" });
        for (name, value) in change.iter().flat_map(|change| change.as_object().expect("an object")) {
            provider[name] = value.clone();
        }
        found.provider = Some(from_value(provider).expect("a provider"));
        let plan = Plan::new(&desired, &found, false);
        assert!(plan.steps.is_empty() && plan.conflicts.len() == 1, "{sentence}: {:?}", plan.conflicts);
        assert!(plan.conflicts[0].sentence.starts_with(sentence), "{:?}", plan.conflicts);
        let plan = Plan::new(&desired, &found, true);
        assert_eq!((plan.steps, plan.conflicts), (steps, vec![]), "{sentence}");
    }
}

#[test]
fn a_condition_that_is_not_named_stays() {
    let mut desired = desired();
    let mut found = found(&desired);
    found.provider.as_mut().expect("one").attribute_condition = "false".into();
    assert!(Plan::new(&desired, &found, true).steps.is_empty());
    desired.condition = Some(String::new());
    assert_eq!(Plan::new(&desired, &found, true).steps, [Step::UpdateProvider(vec![Change::Condition])]);
}

#[test]
fn a_mapping_of_its_own_that_makes_the_attribute_is_noted() {
    let desired = desired();
    let mut found = found(&desired);
    let mut noted = |mapping: Value| {
        found.provider.as_mut().expect("one").attribute_mapping = from_value(mapping).expect("a mapping");
        assert!(Plan::new(&desired, &found, false).conflicts.is_empty());
        !notes(&desired, &found).is_empty()
    };
    assert!(noted(json!({ "google.subject": "assertion.arn", "attribute.aws_role": "'everybody'" })));
    let spaced = DEFAULT_ROLE.replace(" ? ", "\n ? ");
    assert!(!noted(json!({ "google.subject": "assertion.arn", "attribute.aws_role": spaced })));
    assert!(!noted(json!({})));
}

#[test]
fn a_project_of_a_domain_has_addresses_of_its_own() {
    let mut desired = desired();
    assert!(desired.is_of_project());
    desired.project = "example.com:my-project".into();
    assert!(!desired.is_of_project());
    desired.service_account = "account@my-project.example.com.iam.gserviceaccount.com".into();
    assert!(desired.is_of_project());
}

#[test]
fn an_account_of_another_project_is_nothing_to_replace() {
    let mut desired = desired();
    desired.service_account = "account@elsewhere.iam.gserviceaccount.com".into();
    let mut found = found(&desired);
    found.bindings = None;
    let conflicts = Plan::new(&desired, &found, true).conflicts;
    assert!(conflicts.len() == 1 && conflicts[0].remedy == Remedy::Nothing, "{conflicts:?}");
}

#[test]
fn a_role_that_is_bound_with_a_condition_is_not_bound_without_one() {
    let desired = desired();
    let mut found = found(&desired);
    let members = vec![desired.member("reader")];
    let conditional = binding(members.clone(), json!({ "expression": "false" }));
    found.bindings = Some(vec![binding(vec![desired.member("writer")], Value::Null), conditional]);
    let plan = Plan::new(&desired, &found, false);
    assert_eq!(plan.conflicts[0].sentence, "the role `reader` is bound with a condition, and none is wanted");
    assert_eq!(plan.steps, [], "what is printed binds nobody without the condition");
    let plan = Plan::new(&desired, &found, true);
    assert_eq!((plan.steps, plan.conflicts), (vec![Step::Bind(members)], vec![]));
    // Who is bound without one, too, needs none.
    found.bindings.as_mut().expect("bindings")[0].members.push(desired.member("reader"));
    assert!(Plan::new(&desired, &found, false).conflicts.is_empty());
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
    // How long another subject is, Google alone finds out.
    desired.mapping = Some([(SUBJECT.to_owned(), "assertion.userid".to_owned())].into());
    assert!(desired.notes()[0].contains("more than 127 bytes"), "{:?}", desired.notes());
}
