//! What a diagnosis learns beside the steps of a mint: who the workload is at AWS.
#![allow(clippy::disallowed_methods, clippy::panic, reason = "a test stands outside and may fail")]

mod support;

use rolebridge::binding::{self, Workload};
use rolebridge::{Environment, Error, Token, TokenSource};
use rolebridge_emulator::World;
use serde_json::{Value, json};
use support::CLOUD;

fn examined(world: &World, environment: &Value) -> (Result<Token, Error>, Option<Workload>) {
    let environment: Environment = support::environment(world, environment);
    let builder = TokenSource::builder().json(support::credential(world, &json!({})));
    let source = builder.environment(environment.clone()).build().expect("the file is right");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (explanation, workload) = runtime.block_on(binding::examine(&source, &environment));
    (explanation.result, workload)
}

fn callers_asked(world: &World) -> usize {
    world.requests().iter().filter(|record| record.operation == "aws.getCallerIdentity").count()
}

#[test]
fn the_caller_is_asked_once_and_what_google_makes_of_it_is_known() {
    let world = CLOUD.world(json!({ "clock": { "offset_seconds": 60 } }));
    let (result, workload) = examined(&world, &json!({}));
    result.expect("a token");
    let workload = workload.expect("an identity");
    let arn = "arn:aws:sts::111122223333:assumed-role/bigquery-role/i-0123456789abcdef0";
    assert_eq!(workload.arn.as_deref().ok(), Some(arn));
    assert_eq!(workload.google_attribute(), Some("arn:aws:sts::111122223333:assumed-role/bigquery-role"));
    assert_eq!(workload.region, "us-east-1");
    assert!(workload.keys.contains("of the role `bigquery-role` from instance metadata"), "{}", workload.keys);
    let skew = workload.clock_skew_seconds.expect("AWS STS tells the time");
    assert!((30..=61).contains(&skew), "{skew}");
    assert_eq!(callers_asked(&world), 1);
}

#[test]
fn aws_that_refuses_says_why_and_nobody_is_asked_without_an_identity() {
    let world = CLOUD.world(json!({}));
    let refusal = json!({ "aws_error": { "code": "AccessDenied", "message": "no" } });
    world.fault(json!({ "on": "aws.getCallerIdentity", "times": null, "do": refusal }));
    let (result, workload) = examined(&world, &json!({}));
    result.expect("a token");
    let workload = workload.expect("an identity");
    let error = workload.arn.as_ref().expect_err("it was refused");
    assert_eq!((error.code(), workload.google_attribute()), (Some("AccessDenied"), None));
    assert!(workload.clock_skew_seconds.is_some());

    let world = CLOUD.world(json!({}));
    let (result, workload) = examined(&world, &json!({ "AWS_EC2_METADATA_DISABLED": "true" }));
    assert!(result.is_err() && workload.is_none());
    assert_eq!(callers_asked(&world), 0);
}

#[test]
fn the_names_of_variables_are_told_and_no_value() {
    let environment = Environment::from_lookup(|name| match name {
        "AWS_REGION" => Some("us-east-1"),
        "AWS_PROFILE" => Some(" "),
        "AWS_SECRET_ACCESS_KEY" => Some("secret"),
        _ => None,
    });
    assert_eq!(binding::variables(&environment).collect::<Vec<_>>(), ["AWS_SECRET_ACCESS_KEY", "AWS_REGION"]);
}
