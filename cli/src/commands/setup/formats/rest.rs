//! The plan as REST calls, by curl; jq puts members into the policy that was read.

use super::quoted;
use crate::commands::setup::call::{Call, read_policy, write_policy};
use crate::commands::setup::plan::{Desired, ROLE};
use crate::commands::setup::step::Step;
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
            (_, Some(Call { method, url, body })) => {
                let method = if method == "POST" { String::new() } else { format!("-X {method} ") };
                let body = body.map_or_else(String::new, |body| format!(" -d {}", quoted(&body.to_string())));
                format!("{CURL} {method}{}{body}\n", quoted(&url))
            }
            (Step::Bind(members), None) => {
                change_policy(desired, &format!(".bindings += [{}]", json!({ "role": ROLE, "members": members })))
            }
            (Step::Unbind(members), None) => {
                let ours = format!("select(.role == \"{ROLE}\")");
                let without = format!("(.bindings[] | {ours} | .members) -= {}", json!(members));
                change_policy(desired, &format!("{without} | .bindings |= map(select(.members != []))"))
            }
            (_, None) => String::new(),
        };
    }
    text
}

/// Only a policy that was read, with its etag, is written back.
fn change_policy(desired: &Desired, change: &str) -> String {
    let (read, write) = (read_policy(desired), write_policy(desired, &Value::Null));
    let (read, write) = (quoted(&read.url), quoted(&write.url));
    let filter = quoted(&format!("if .etag then {{policy: (.version = 3 | {change})}} else error(\"no policy\") end"));
    format!(
        "policy=\"$({CURL} {read} -d '{{}}')\" &&\n  policy=\"$(printf %s \"$policy\" | jq {filter})\" &&\n  {CURL} \
         {write} -d \"$policy\"\n"
    )
}
