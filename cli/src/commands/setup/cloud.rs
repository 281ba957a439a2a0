//! Google as one project's administrator sees it: what is there, and the steps taken.

use super::administrator::Administrator;
use super::call::{self, Call};
use super::patience::Patience;
use super::plan::{DELETED, Desired, Found, SERVICES};
use super::removal::{Around, is_of_pool};
use super::step::Step;
use crate::error::Failure;
use crate::exit::Exit;
use rolebridge::{Environment, binding};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Other writers of a policy are people and their tools: five in a row are no chance.
const POLICY_TRIES: u32 = 5;
/// Of what only reads, where a service has a bad moment; and how long a bad moment of the network lasts.
const READ_TRIES: u32 = 6;
const QUICK: Duration = Duration::from_secs(5);
const AGAIN: &str = "run this again: it goes on where it was";

pub(super) struct Cloud {
    environment: Environment,
    administrator: Administrator,
    /// Where APIs were enabled by this run: services take minutes to know it, and refuse until then.
    enabled_by_us: Option<Project>,
}

struct Project {
    id: String,
    number: String,
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
        Cloud { environment, administrator, enabled_by_us: None }
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
        if project_number.is_empty() || !project_number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(undocumented("it does not name the project's number"));
        }
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
        let has_account = found.bindings.is_some();
        let at = |url: String, is_there: bool| match is_there {
            true => self.find(&Call::read(url)),
            false => Ok(None),
        };
        let has_pool = found.pool.as_ref().is_some_and(|pool| pool.state != DELETED);
        let account = at(call::account_url(desired), has_account)?;
        let keys = at(call::user_keys_url(desired), has_account)?.unwrap_or_default();
        let providers = at(call::providers_url(desired), has_pool)?.unwrap_or_default();
        let own = format!("/providers/{}", desired.provider.id);
        let is_other = |provider: &Value| provider["name"].as_str().is_some_and(|name| !name.ends_with(&own));
        let others =
            providers["workloadIdentityPoolProviders"].as_array().is_some_and(|page| page.iter().any(is_other));
        Ok(Around {
            account_description: account.map(|account| text(&account["description"])),
            has_user_keys: keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()),
            has_other_providers: others || providers["nextPageToken"].is_string(),
            other_accounts: if has_pool { self.accounts_of_pool(desired)? } else { Vec::new() },
        })
    }

    /// The other service accounts of the project on which identities of the pool have roles.
    fn accounts_of_pool(&self, desired: &Desired) -> Result<Vec<String>, Failure> {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = self.done(&Call::read(call::accounts_page_url(desired, &page_token)))?;
            let accounts = page["accounts"].as_array().into_iter().flatten().map(|account| text(&account["email"]));
            for email in accounts.filter(|email| *email != desired.service_account) {
                let policy = self.find(&call::read_policy_of(desired, &email))?.unwrap_or_default();
                let bindings = policy["bindings"].as_array().into_iter().flatten();
                let mut members = bindings.flat_map(|binding| binding["members"].as_array().into_iter().flatten());
                if members.any(|member| member.as_str().is_some_and(|member| is_of_pool(desired, member))) {
                    found.push(email);
                }
            }
            page_token = text(&page["nextPageToken"]);
            if page_token.is_empty() {
                return Ok(found);
            }
        }
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
            Step::EnableServices(_) => {
                let (id, number) = (desired.project.clone(), desired.provider.project_number.clone());
                self.enabled_by_us = Some(Project { id, number });
            }
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
                return Err(Failure::new(Exit::Failed, message).hinting(AGAIN));
            }
            operation = self.done(&Call::read(format!("{host}/v1/{name}")))?;
        }
        match &operation["error"] {
            Value::Null => Ok(()),
            error => {
                let message = format!("Google's operation `{name}` failed: {}", text(&error["message"]));
                Err(Failure::new(Exit::Failed, message).hinting(AGAIN))
            }
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

    /// Sends again what only reads and met a bad moment, and whatever a service refused because it does not know yet that
    /// its API is enabled.
    fn send(&self, call: &Call) -> Result<Result<Value, Refusal>, Failure> {
        let (mut patience, mut tries, began) = (Patience::new(), 1, Instant::now());
        loop {
            let answer = self.send_once(call);
            let may_pass = match &answer {
                Ok(Ok(_)) => false,
                Ok(Err(refusal)) if refusal.is_of_disabled_service() => {
                    self.enabled_by_us.as_ref().is_some_and(|project| refusal.names(project))
                }
                Ok(Err(refusal)) if refusal.status == 429 => call.only_reads(),
                Ok(Err(refusal)) => call.only_reads() && refusal.status >= 500 && tries < READ_TRIES,
                // What took long may take as long again.
                Err(_) => call.only_reads() && began.elapsed() < QUICK && tries < READ_TRIES,
            };
            if !may_pass || !patience.wait() {
                return answer;
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
        let value = serde_json::from_slice(response.body());
        if response.status().is_success() {
            return value.map(Ok).map_err(|cause| undocumented(&cause.to_string()));
        }
        let error = value.map(|value: Value| value["error"].clone()).unwrap_or_default();
        let (reason, message) = (text(&error["status"]), text(&error["message"]));
        Ok(Err(Refusal { status: response.status().as_u16(), reason, message, url: url.clone() }))
    }
}

impl Refusal {
    /// Whether Google says so of an API.
    fn is_of_disabled_service(&self) -> bool {
        self.status == 403 && self.message.contains("has not been used in project")
    }

    /// Whether Google speaks of this project, and not of one whose quota is used.
    fn names(&self, project: &Project) -> bool {
        let said: Vec<_> = self.message.split(|letter: char| letter.is_whitespace() || letter == '.').collect();
        said.contains(&project.id.as_str()) || said.contains(&project.number.as_str())
    }

    fn failure(self) -> Failure {
        let Refusal { status, message, url, .. } = &self;
        let failure = Failure::new(Exit::Failed, format!("{} answered {status}: {message}", host(url)));
        failure.hinting(match status {
            401 => "`gcloud auth print-access-token` prints a token that is good for an hour",
            400 => "change what Google names, then run this again",
            403 if self.is_of_disabled_service() => {
                "enable that API in the project that Google names; where it was enabled just now, wait some minutes"
            }
            403 => {
                "the token's owner needs roles/serviceusage.serviceUsageAdmin, roles/iam.workloadIdentityPoolAdmin and \
                 roles/iam.serviceAccountAdmin in the project"
            }
            _ => AGAIN,
        })
    }
}

fn host(url: &str) -> &str {
    url.split('/').nth(2).unwrap_or(url)
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|cause| undocumented(&cause.to_string()))
}

fn undocumented(how: &str) -> Failure {
    Failure::new(Exit::Failed, format!("Google's answer is not as documented: {how}"))
        .hinting("see whether a proxy answers in Google's place")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
