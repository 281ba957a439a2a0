//! One world: its facts, faults and log, and the three ports on which it is met.

use crate::authority::Authority;
use crate::connection::{Line, serve};
use crate::door::{Door, Visit};
use crate::facts::Facts;
use crate::faults::{Action, Fault};
use crate::iam;
use crate::log::Log;
use crate::spec::{Patch, Spec};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
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
    proxy: u16,
}

impl State {
    /// Makes a world and opens its ports; its tasks live on the runtime that calls.
    pub(crate) async fn begin(id: String, spec: &Spec, authority: Arc<Authority>) -> io::Result<Arc<State>> {
        let metadata = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let google = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let proxy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let world = Arc::new(State {
            id,
            ports: Ports {
                metadata: metadata.local_addr()?.port(),
                google: google.local_addr()?.port(),
                proxy: proxy.local_addr()?.port(),
            },
            authority,
            log: Log::new(),
            facts: Mutex::new(Facts::new(spec)),
            faults: Mutex::default(),
            gates: Mutex::default(),
            audience: format!(
                "//iam.googleapis.com/{}/providers/{}",
                iam::pool_name(&spec.project.number, &spec.pool),
                spec.provider
            ),
            service_account: spec.service_account(),
            is_over: watch::Sender::new(false),
        });
        for (listener, door) in [(metadata, Door::Metadata), (google, Door::Google(None)), (proxy, Door::Proxy)] {
            tokio::spawn(world.clone().listen(listener, door));
        }
        Ok(world)
    }

    async fn listen(self: Arc<State>, listener: TcpListener, door: Door) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.ended() => return,
            };
            // A client that is gone before it is met, or no file descriptor left: the next one may fare better.
            let Ok((line, reset)) = accepted.and_then(|(stream, _)| Line::new(stream)) else {
                tokio::task::yield_now().await;
                continue;
            };
            tokio::spawn(serve(line, Visit { world: self.clone(), door: door.clone(), reset }));
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
