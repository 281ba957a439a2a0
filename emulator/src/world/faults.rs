//! Faults that a test orders: what goes wrong, with which request, how often.

use crate::aws::xml;
use crate::http::{self, Reply};
use crate::world::authority::Certificate;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The operation, such as `sts.token`.
    on: String,
    /// How many of its requests pass before the first one that suffers.
    #[serde(default)]
    skip: u32,
    /// How many suffer; `null` means all that follow.
    #[serde(default = "once")]
    times: Option<u32>,
    #[serde(rename = "do")]
    action: Action,
}

fn once() -> Option<u32> {
    Some(1)
}

/// Members combine, in the order in which they stand here.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Action {
    /// Waits for the gate of this name to be opened.
    pub(crate) hold: Option<String>,
    pub(crate) delay_milliseconds: Option<u64>,
    /// Never answers.
    pub(crate) hang: bool,
    /// Resets the connection.
    pub(crate) close: bool,
    /// Answers this instead of asking the service.
    pub(crate) status: Option<u16>,
    /// Of a reply made by `status`: text as it is, anything else as JSON.
    body: Option<Value>,
    /// Answers with a refusal of AWS STS instead of asking the service; its status is the code's own unless `status`
    /// names another.
    aws_error: Option<AwsError>,
    /// Changes members of the service's JSON reply; `null` removes one.
    merge: Option<Map<String, Value>>,
    /// Takes the place of the service's JSON reply.
    replace: Option<Value>,
    headers: BTreeMap<String, String>,
    /// Shows this certificate in place of a good one. Of `proxy.connect` alone.
    pub(crate) certificate: Certificate,
    /// Makes the body so long with spaces at its end, which are sent while the client reads.
    pub(crate) body_bytes: Option<u64>,
    /// Resets the connection after so much of the body.
    pub(crate) close_after_bytes: Option<usize>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AwsError {
    code: String,
    #[serde(default)]
    message: String,
}

impl Fault {
    pub(crate) fn parse(fault: Value) -> Result<Fault, String> {
        let fault: Fault = serde_json::from_value(fault).map_err(|error| error.to_string())?;
        if fault.action.status.is_some_and(|status| !(200..1000).contains(&status)) {
            return Err("status is out of range".into());
        }
        for (name, value) in &fault.action.headers {
            if HeaderName::try_from(name.as_str()).is_err() || HeaderValue::try_from(value.as_str()).is_err() {
                return Err(format!("not a header: {name}"));
            }
        }
        Ok(fault)
    }

    /// The faults of a world, asked about one request: the first fault that is due takes it.
    pub(crate) fn strike(faults: &mut [Fault], operation: &str) -> Option<Action> {
        let mut action = None;
        for fault in faults.iter_mut().filter(|fault| fault.on == operation) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if action.is_none() && fault.times != Some(0) {
                fault.times = fault.times.map(|times| times - 1);
                action = Some(fault.action.clone());
            }
        }
        action
    }
}

impl Action {
    /// The reply that stands in for the service's own, if one does.
    pub(crate) fn instead(&self) -> Option<Reply> {
        if let Some(error) = &self.aws_error {
            let mut reply = xml::error(&error.code, &error.message);
            if let Some(status) = self.status {
                *reply.status_mut() = StatusCode::from_u16(status).expect("checked when the fault was set");
            }
            return Some(reply);
        }
        let status = self.status?;
        Some(match &self.body {
            None => http::text(status, "text/plain", ""),
            Some(Value::String(body)) => http::text(status, "text/plain", body.clone()),
            Some(body) => http::json(status, body),
        })
    }

    pub(crate) fn alter(&self, mut reply: Reply) -> Reply {
        if let Some(changes) = &self.merge {
            let mut body = serde_json::from_slice(reply.body()).unwrap_or(Value::Null);
            merge(&mut body, &Value::Object(changes.clone()));
            *reply.body_mut() = Bytes::from(body.to_string());
        }
        if let Some(body) = &self.replace {
            *reply.body_mut() = Bytes::from(body.to_string());
        }
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name.as_str()).expect("checked when the fault was set");
            reply.headers_mut().insert(name, HeaderValue::try_from(value.as_str()).expect("checked with its name"));
        }
        reply
    }
}

/// JSON merge patch, RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, change) in changes {
        let members = target.as_object_mut().expect("made an object above");
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}
