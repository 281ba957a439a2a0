//! One world: its facts, faults and log, and where it is met.

pub(crate) mod authority;
pub(crate) mod faults;
pub(crate) mod log;

use crate::facts::Facts;
use crate::facts::keys::Key;
use crate::facts::pools::pool_name;
use crate::facts::roles::Role;
use crate::facts::spec::{Patch, Spec};
use authority::Authority;
use faults::{Action, Fault};
use jiff::Timestamp;
use log::Log;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

pub(crate) struct State {
    pub(crate) id: String,
    pub(crate) ports: Ports,
    pub(crate) authority: Arc<Authority>,
    pub(crate) log: Log,
    facts: Mutex<Facts>,
    faults: Mutex<Vec<Fault>>,
    /// By name; an opened gate stays open.
    gates: Mutex<HashMap<String, watch::Sender<bool>>>,
    /// Names of the ready world, which stay the same when its state changes.
    audience: String,
    service_account: String,
    is_over: watch::Sender<bool>,
}

pub(crate) struct Ports {
    pub(crate) metadata: u16,
    pub(crate) google: u16,
    pub(crate) proxy: u16,
    pub(crate) container: u16,
    /// AWS STS and IAM Identity Center together; the three below are each alone.
    pub(crate) aws: u16,
    pub(crate) aws_sts: u16,
    pub(crate) sso_portal: u16,
    pub(crate) sso_oidc: u16,
}

impl State {
    pub(crate) fn new(id: String, spec: &Spec, authority: Arc<Authority>, ports: Ports) -> State {
        State {
            id,
            ports,
            authority,
            log: Log::new(),
            facts: Mutex::new(Facts::new(spec)),
            faults: Mutex::default(),
            gates: Mutex::default(),
            audience: format!(
                "//iam.googleapis.com/{}/providers/{}",
                pool_name(&spec.project.number, &spec.pool),
                spec.provider
            ),
            service_account: spec.service_account(),
            is_over: watch::Sender::new(false),
        }
    }

    /// Closes the ports and all connections.
    pub(crate) fn end(&self) {
        self.is_over.send_replace(true);
    }

    pub(crate) async fn ended(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.is_over.subscribe().wait_for(|is_over| *is_over).await;
    }

    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        locked(&self.facts)
    }

    pub(crate) fn patch(&self, patch: Value) -> Result<(), String> {
        let patch: Patch = serde_json::from_value(patch).map_err(|error| error.to_string())?;
        self.facts().patch(patch);
        Ok(())
    }

    pub(crate) fn add_fault(&self, fault: Value) -> Result<(), String> {
        locked(&self.faults).push(Fault::parse(fault)?);
        Ok(())
    }

    pub(crate) fn clear_faults(&self) {
        locked(&self.faults).clear();
    }

    pub(crate) fn strike(&self, operation: &str) -> Option<Action> {
        Fault::strike(&mut locked(&self.faults), operation)
    }

    pub(crate) fn open_gate(&self, name: &str) {
        self.gate(name).send_replace(true);
    }

    pub(crate) async fn pass_gate(&self, name: &str) {
        let mut gate = self.gate(name).subscribe();
        // The sender stays in `self.gates`, so waiting cannot fail.
        let _ = gate.wait_for(|is_open| *is_open).await;
    }

    fn gate(&self, name: &str) -> watch::Sender<bool> {
        locked(&self.gates).entry(name.to_owned()).or_insert_with(|| watch::Sender::new(false)).clone()
    }

    pub(crate) fn metadata_url(&self) -> String {
        url(self.ports.metadata)
    }

    pub(crate) fn google_url(&self) -> String {
        url(self.ports.google)
    }

    pub(crate) fn proxy_url(&self) -> String {
        url(self.ports.proxy)
    }

    pub(crate) fn info(&self) -> Value {
        let mut facts = self.facts();
        let keys = facts.instance_key().map(|key| described(&key));
        let user = |(name, id): &(String, String)| {
            let key = &facts.keys[id];
            json!({
                "name": name,
                "arn": key.owner.arn,
                "access_key_id": id,
                "secret_access_key": key.secret_access_key,
            })
        };
        let users: Vec<Value> = facts.users.iter().map(user).collect();
        let account = facts.service_accounts.by_email.get(&self.service_account);
        let mut info = json!({
            "id": self.id,
            "metadata": self.metadata_url(),
            "google": self.google_url(),
            "proxy": self.proxy_url(),
            "ca_pem": self.authority.pem(),
            "project": { "id": facts.project.id, "number": facts.project.number },
            "account": facts.account,
            "region": facts.region,
            "instance": { "id": facts.instance.id, "role": facts.instance.role },
            "keys": keys,
            "users": users,
            "audience": self.audience,
            "service_account": self.service_account,
            "service_account_id": account.map(|account| &account.unique_id),
            "admin_token": facts.admin_token,
            "admin_login": facts.admin_login.file(),
        });
        let members = info.as_object_mut().expect("made an object above");
        members.extend(self.container_info(&mut facts));
        members.extend(self.aws_info(&facts));
        info
    }

    /// What a container finds in its environment, and its keys.
    fn container_info(&self, facts: &mut Facts) -> Map<String, Value> {
        let keys = facts.container_key().map(|key| described(&key));
        let container = &facts.identities.container;
        let base = url(self.ports.container);
        members(json!({
            "container": base,
            "container_relative_uri": format!("/v2/credentials/{}", container.credentials_id),
            "container_full_uri": format!("{base}/v1/credentials"),
            "container_token": container.tokens.current(),
            "container_keys": keys,
            "task_metadata": format!("{base}/v4/{}", container.metadata_id),
        }))
    }

    /// AWS STS, the world's web identity, and what the cache of a user of IAM Identity Center holds.
    fn aws_info(&self, facts: &Facts) -> Map<String, Value> {
        let identities = &facts.identities;
        let sso = &identities.sso;
        let role = |role: &Role| json!({ "name": role.name, "arn": role.arn });
        let stamp = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        members(json!({
            "aws": url(self.ports.aws),
            "aws_sts": url(self.ports.aws_sts),
            "roles": identities.roles.iter().map(role).collect::<Vec<Value>>(),
            "role_arn": identities.roles.first().map(|role| &role.arn),
            "web_identity_token": identities.web_identity.tokens.current(),
            "sso_portal": url(self.ports.sso_portal),
            "sso_oidc": url(self.ports.sso_oidc),
            "sso_start_url": sso.spec.start_url,
            "sso_region": sso.region,
            "sso_access_token": sso.access_tokens.current(),
            "sso_expires_at": stamp(sso.access_tokens.current_ends()),
            "sso_refresh_token": sso.refresh_token,
            "sso_client_id": sso.client_id,
            "sso_client_secret": sso.client_secret,
            "sso_registration_expires_at": stamp(sso.registration_ends),
        }))
    }
}

fn described(key: &Key) -> Value {
    json!({
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "session_token": key.session.as_ref().map(|session| &session.token),
    })
}

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// No state is left half-changed by a panic here, so a poisoned lock is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
