//! Google as one project's administrator sees it: what is there, and the steps taken.

use super::administrator::Administrator;
use super::call::{self, Call};
use super::patience::Patience;
use super::plan::{DELETED, Desired, Found, SERVICES};
use super::removal::Around;
use super::step::Step;
use crate::error::Failure;
use crate::exit::Exit;
use rolebridge::{Environment, binding};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Other writers of a policy are people and their tools: five in a row are no chance.
const POLICY_TRIES: u32 = 5;
/// Of what only reads, where a service has a bad moment.
const READ_TRIES: u32 = 6;

pub(super) struct Cloud {
    environment: Environment,
    administrator: Administrator,
    /// Services take minutes to know that an API is enabled, and refuse until then.
    has_enabled_services: bool,
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
    pub(super) fn new(environment: Environment, administrator: Administrator) -> Cloud {
        Cloud { environment, administrator, has_enabled_services: false }
    }

    pub(super) fn services(&self, project: &str) -> Result<Services, Failure> {
        let names = SERVICES.map(|service| format!("names=projects/{project}/services/{service}")).join("&");
        let url = format!("https://serviceusage.googleapis.com/v1/projects/{project}/services:batchGet?{names}");
        let answer = self.done(&Call::read(url))?;
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
        let policy = self.find(&call::read_policy(desired))?;
        Ok(Found {
            enabled_services: services.enabled,
            pool: self.find(&Call::read(call::pool_url(desired)))?.map(parse).transpose()?,
            provider: self.find(&Call::read(call::provider_url(desired)))?.map(parse).transpose()?,
            bindings: match policy {
                None => None,
                Some(policy) if policy["bindings"].is_null() => Some(Vec::new()),
                Some(policy) => Some(parse(policy["bindings"].clone())?),
            },
        })
    }

    /// What else decides what may be removed.
    pub(super) fn read_around(&self, desired: &Desired, found: &Found) -> Result<Around, Failure> {
        let account = match found.bindings {
            Some(_) => self.find(&Call::read(call::account_url(desired)))?,
            None => None,
        };
        let description = |account: Value| account["description"].as_str().unwrap_or_default().to_owned();
        // The first page of the list has fifty of them.
        let providers = match found.pool.as_ref().is_some_and(|pool| pool.state != DELETED) {
            true => self.find(&Call::read(call::providers_url(desired)))?.unwrap_or_default(),
            false => Value::Null,
        };
        let own = format!("/providers/{}", desired.provider.id);
        let is_other = |provider: &Value| provider["name"].as_str().is_some_and(|name| !name.ends_with(&own));
        Ok(Around {
            account_description: account.map(description),
            has_other_providers: providers["workloadIdentityPoolProviders"]
                .as_array()
                .is_some_and(|all| all.iter().any(is_other)),
        })
    }

    /// Takes a step to its end.
    pub(super) fn take(&mut self, desired: &Desired, step: &Step) -> Result<(), Failure> {
        if let Some(call) = step.call(desired) {
            let answer = self.done(&call)?;
            // Service accounts change at once.
            if !matches!(step, Step::CreateServiceAccount | Step::DeleteServiceAccount) {
                self.finish(&call.url, answer)?;
            }
        }
        match step {
            Step::EnableServices(_) => self.has_enabled_services = true,
            Step::Bind(members) => self.change_policy(desired, |policy| call::with_members(policy, members))?,
            Step::Unbind(members) => self.change_policy(desired, |policy| call::without_members(policy, members))?,
            _ => {}
        }
        Ok(())
    }

    fn change_policy(&self, desired: &Desired, change: impl Fn(Value) -> Value) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            let policy = self.done(&call::read_policy(desired))?;
            match self.send(&call::write_policy(desired, &change(policy)))? {
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
        let mut patience = Patience::new();
        while operation["done"] != true {
            if !patience.wait() {
                let message = format!("Google's operation `{name}` has not ended within five minutes");
                return Err(Failure::new(Exit::Failed, message).hinting("run this again: it goes on where it was"));
            }
            operation = self.done(&Call::read(format!("{host}/v1/{name}")))?;
        }
        match operation["error"]["message"].as_str() {
            None => Ok(()),
            Some(message) => Err(Failure::new(Exit::Failed, format!("Google's operation `{name}` failed: {message}"))
                .hinting("run this again: it goes on where it was")),
        }
    }

    /// What is at a place; none if nothing is.
    fn find(&self, call: &Call) -> Result<Option<Value>, Failure> {
        match self.send(call)? {
            Ok(value) => Ok(Some(value)),
            Err(refusal) if refusal.status == 404 => Ok(None),
            Err(refusal) => Err(refusal.failure()),
        }
    }

    /// The answer to what has to be done.
    fn done(&self, call: &Call) -> Result<Value, Failure> {
        self.send(call)?.map_err(Refusal::failure)
    }

    /// Sends again what a service did not do in a bad moment, or since it does not know yet that its API is enabled.
    fn send(&self, call: &Call) -> Result<Result<Value, Refusal>, Failure> {
        let (mut patience, mut tries) = (Patience::new(), 1);
        loop {
            let answer = self.send_once(call)?;
            let may_pass = answer.as_ref().is_err_and(|refusal| {
                let is_enabled_soon = self.has_enabled_services && refusal.is_of_disabled_service();
                is_enabled_soon || call.only_reads() && refusal.is_of_the_moment() && tries < READ_TRIES
            });
            if !may_pass || !patience.wait() {
                return Ok(answer);
            }
            tries += 1;
        }
    }

    fn send_once(&self, call: &Call) -> Result<Result<Value, Refusal>, Failure> {
        let url = &call.url;
        let unanswered = |cause: &dyn std::fmt::Display| {
            let message = format!("{} could not be asked: {cause}", host(url));
            Failure::new(Exit::Failed, message)
                .hinting("look at the network, then run this again: it goes on where it was")
        };
        let mut request = http::Request::builder()
            .method(call.method)
            .uri(url)
            .header("authorization", &self.administrator.authorization)
            .header("content-type", "application/json");
        if let Some(project) = &self.administrator.quota_project {
            request = request.header("x-goog-user-project", project);
        }
        let body = call.body.as_ref().map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = request.body(body).map_err(|cause| unanswered(&cause))?;
        let response = binding::exchange(&self.environment, request).map_err(|cause| unanswered(&cause))?;
        let value: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if response.status().is_success() {
            return Ok(Ok(value));
        }
        let text = |member: &str| value["error"][member].as_str().unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        Ok(Err(Refusal { status, reason: text("status"), message: text("message"), url: url.clone() }))
    }
}

impl Refusal {
    /// Whether Google says so of an API.
    fn is_of_disabled_service(&self) -> bool {
        self.status == 403 && self.message.contains("has not been used in project")
    }

    fn is_of_the_moment(&self) -> bool {
        self.status == 429 || self.status >= 500
    }

    fn failure(self) -> Failure {
        let Refusal { status, message, url, .. } = &self;
        let failure = Failure::new(Exit::Failed, format!("{} answered {status}: {message}", host(url)));
        failure.hinting(match status {
            401 => "`gcloud auth print-access-token` prints a token that is good for an hour",
            403 if self.is_of_disabled_service() => {
                "an API that was just enabled may take minutes: run this again then"
            }
            403 => {
                "the token's owner needs roles/serviceusage.serviceUsageAdmin, roles/iam.workloadIdentityPoolAdmin and \
                 roles/iam.serviceAccountAdmin in the project"
            }
            _ => "run this again: it goes on where it was",
        })
    }
}

fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or(url)
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value)
        .map_err(|cause| Failure::new(Exit::Failed, format!("Google's answer is not as documented: {cause}")))
}
