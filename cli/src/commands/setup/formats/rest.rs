//! The plan as REST calls, by curl; jq puts members into the policy that was read.

use super::quoted;
use crate::commands::setup::call::{read_policy, write_policy};
use crate::commands::setup::plan::{Desired, ROLE, Step};
use serde_json::{Value, json};

const CURL: &str = "curl --fail-with-body -sS -H \"authorization: Bearer $CLOUDSDK_AUTH_ACCESS_TOKEN\" \
                    -H 'content-type: application/json'";

pub(super) fn show(desired: &Desired, steps: &[Step]) -> String {
    let mut text =
        "# A pool, a provider and an API are there when their operation is done: GET …/v1/NAME says `done`.\n\
                    export CLOUDSDK_AUTH_ACCESS_TOKEN=\"$(gcloud auth print-access-token)\"\n"
            .to_owned();
    for step in steps {
        text += &match (step, step.call(desired)) {
            (_, Some(call)) => format!("{CURL} {} -d {}\n", quoted(&call.url), quoted(&call.body.to_string())),
            (Step::Bind(members), None) => bind(desired, members),
            (_, None) => String::new(),
        };
    }
    text
}

fn bind(desired: &Desired, members: &[String]) -> String {
    let (read, write) = (read_policy(desired), write_policy(desired, &Value::Null));
    let binding = json!({ "role": ROLE, "members": members });
    let filter = quoted(&format!("{{policy: (.version = 3 | .bindings += [{binding}])}}"));
    format!("{CURL} {} -d '{{}}' |\n  jq {filter} |\n  {CURL} {} -d @-\n", quoted(&read.url), quoted(&write.url))
}
