//! One world: its facts, faults and log, and where it is met.

pub(crate) mod authority;
pub(crate) mod faults;
pub(crate) mod log;

use crate::facts::Facts;
use crate::facts::pools::pool_name;
use crate::facts::spec::{Patch, Spec};
use authority::Authority;
use faults::{Action, Fault};
use log::Log;
use serde_json::{Value, json};
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
        let keys = facts.instance_key().map(|key| {
            json!({
                "access_key_id": key.access_key_id,
                "secret_access_key": key.secret_access_key,
                "session_token": key.session.map(|session| session.token),
            })
        });
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
        json!({
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
            "admin_token": facts.admin_token,
        })
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// No state is left half-changed by a panic here, so a poisoned lock is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
