//! Google as one project's administrator sees it: what is there, and the steps taken.

use super::call::{self, Call};
use super::plan::{Desired, Found, SERVICES, Step};
use super::token::AdminToken;
use crate::error::Failure;
use crate::exit::Exit;
use http::HeaderValue;
use rolebridge::{Environment, binding};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::thread;
use std::time::{Duration, Instant};

/// Google's longest operations here take a minute or two.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(300);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Other writers of a policy are people and their tools: five in a row are no chance.
const POLICY_TRIES: u32 = 5;

pub(super) struct Cloud {
    pub(super) environment: Environment,
    pub(super) token: AdminToken,
}

/// A project's number, and which of the APIs are enabled.
pub(super) struct Services {
    pub(super) project_number: String,
    enabled: Vec<String>,
}

/// What Google said no with.
struct Refusal {
    status: u16,
    reason: String,
    message: String,
    url: String,
}

impl Services {
    /// Whether anything of IAM can be read.
    pub(super) fn has_iam(&self) -> bool {
        self.enabled.iter().any(|service| service == SERVICES[0])
    }
}

impl Cloud {
    pub(super) fn services(&self, project: &str) -> Result<Services, Failure> {
        let names = SERVICES.map(|service| format!("names=projects/{project}/services/{service}")).join("&");
        let url = format!("https://serviceusage.googleapis.com/v1/projects/{project}/services:batchGet?{names}");
        let answer = self.send("GET", &url, None)?.map_err(Refusal::failure)?;
        let services = answer["services"].as_array().cloned().unwrap_or_default();
        let last = |text: &Value| text.as_str().and_then(|name| name.rsplit('/').next()).unwrap_or_default().to_owned();
        let enabled = services.iter().filter(|service| service["state"] == "ENABLED");
        let enabled = enabled.map(|service| last(&service["name"])).collect();
        let project_number = services.first().map(|service| last(&service["parent"])).unwrap_or_default();
        Ok(Services { project_number, enabled })
    }

    /// What is there. Before IAM's API is enabled nothing of it can be read, and it counts as missing.
    pub(super) fn read(&self, desired: &Desired) -> Result<Found, Failure> {
        let services = self.services(&desired.project)?;
        if !services.has_iam() {
            return Ok(Found { enabled_services: services.enabled, ..Found::default() });
        }
        let policy = call::read_policy(desired);
        let policy = self.find("POST", &policy.url, Some(&policy.body))?;
        Ok(Found {
            enabled_services: services.enabled,
            pool: self.find("GET", &call::pool_url(desired), None)?.map(parse).transpose()?,
            provider: self.find("GET", &call::provider_url(desired), None)?.map(parse).transpose()?,
            bindings: match policy {
                None => None,
                Some(policy) if policy["bindings"].is_null() => Some(Vec::new()),
                Some(policy) => Some(parse(policy["bindings"].clone())?),
            },
        })
    }

    /// Takes a step to its end.
    pub(super) fn take(&self, desired: &Desired, step: &Step) -> Result<(), Failure> {
        match (step, step.call(desired)) {
            (_, Some(Call { url, body })) => {
                let answer = self.send("POST", &url, Some(&body))?.map_err(Refusal::failure)?;
                // A service account is there at once.
                if *step == Step::CreateServiceAccount { Ok(()) } else { self.finish(&url, answer) }
            }
            (Step::Bind(members), None) => self.bind(desired, members),
            (_, None) => Ok(()),
        }
    }

    fn bind(&self, desired: &Desired, members: &[String]) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            let read = call::read_policy(desired);
            let policy = self.send("POST", &read.url, Some(&read.body))?.map_err(Refusal::failure)?;
            let write = call::write_policy(desired, &call::with_members(policy, members));
            match self.send("POST", &write.url, Some(&write.body))? {
                Ok(_) => return Ok(()),
                Err(refusal) if refusal.reason == "ABORTED" && tries < POLICY_TRIES => tries += 1,
                Err(refusal) => return Err(refusal.failure()),
            }
        }
    }

    /// Waits for a long-running operation of the service that was called.
    fn finish(&self, called: &str, mut operation: Value) -> Result<(), Failure> {
        let (host, _) = called.split_once("/v1/").unwrap_or((called, ""));
        let name = operation["name"].as_str().unwrap_or_default().to_owned();
        let (began, mut wait) = (Instant::now(), FIRST_WAIT);
        while operation["done"] != true {
            if began.elapsed() > OPERATION_TIMEOUT {
                let message = format!("Google's operation `{name}` has not ended within five minutes");
                return Err(Failure::new(Exit::Failed, message).hinting("run this again: it goes on where it was"));
            }
            thread::sleep(wait);
            wait = LONGEST_WAIT.min(wait * 2);
            operation = self.send("GET", &format!("{host}/v1/{name}"), None)?.map_err(Refusal::failure)?;
        }
        match operation["error"]["message"].as_str() {
            None => Ok(()),
            Some(message) => Err(Failure::new(Exit::Failed, format!("Google's operation `{name}` failed: {message}"))),
        }
    }

    /// What is at a place; none if nothing is.
    fn find(&self, method: &str, url: &str, body: Option<&Value>) -> Result<Option<Value>, Failure> {
        match self.send(method, url, body)? {
            Ok(value) => Ok(Some(value)),
            Err(refusal) if refusal.status == 404 => Ok(None),
            Err(refusal) => Err(refusal.failure()),
        }
    }

    fn send(&self, method: &str, url: &str, body: Option<&Value>) -> Result<Result<Value, Refusal>, Failure> {
        let unanswered = |cause: &dyn std::fmt::Display| {
            let message = format!("{} could not be asked: {cause}", host(url));
            Failure::new(Exit::Failed, message)
                .hinting("look at the network, then run this again: it goes on where it was")
        };
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", self.token.0)).map_err(|cause| unanswered(&cause))?;
        authorization.set_sensitive(true);
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(body.map(|body| body.to_string().into_bytes()).unwrap_or_default())
            .map_err(|cause| unanswered(&cause))?;
        let response = binding::exchange(&self.environment, request).map_err(|cause| unanswered(&cause))?;
        let value: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if response.status().is_success() {
            return Ok(Ok(value));
        }
        let text = |member: &str| value["error"][member].as_str().unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        Ok(Err(Refusal { status, reason: text("status"), message: text("message"), url: url.to_owned() }))
    }
}

impl Refusal {
    fn failure(self) -> Failure {
        let Refusal { status, message, url, .. } = &self;
        let failure = Failure::new(Exit::Failed, format!("{} answered {status}: {message}", host(url)));
        failure.hinting(match status {
            401 => "`gcloud auth print-access-token` prints a token that is good for an hour",
            403 if is_disabled(message) => "an API that was just enabled may take minutes: run this again then",
            403 => {
                "the token's owner needs roles/serviceusage.serviceUsageAdmin, roles/iam.workloadIdentityPoolAdmin and \
                 roles/iam.serviceAccountAdmin in the project"
            }
            _ => "run this again: it goes on where it was",
        })
    }
}

/// Whether Google says so of an API.
fn is_disabled(message: &str) -> bool {
    message.contains("has not been used in project")
}

fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or(url)
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value)
        .map_err(|cause| Failure::new(Exit::Failed, format!("Google's answer is not as documented: {cause}")))
}
