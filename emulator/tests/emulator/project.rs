//! A project of Google's, as its administrator sees it over REST.

use crate::support::{CLOUD, Reply, client, get, send, text};
use rolebridge_emulator::World;
use serde_json::Value;

pub(crate) struct Project {
    pub(crate) world: World,
    pub(crate) admin: String,
    pub(crate) email: String,
}

impl Project {
    pub(crate) fn new(spec: Value) -> Project {
        let world = CLOUD.world(spec);
        let info = world.info();
        let text = |name: &str| info[name].as_str().expect("text").to_owned();
        Project { admin: text("admin_token"), email: text("service_account"), world }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/v1/projects/{path}", self.world.google_url)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, &body)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &Value::Null)
    }

    /// Without a body where it is null.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        let method = method.parse().expect("a method");
        let request = client().request(method, self.url(path)).bearer_auth(&self.admin);
        send(if body.is_null() { request } else { request.json(body) })
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, &body)
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &Value::Null)
    }

    /// The result of an operation that is not done at first.
    pub(crate) fn finished(&self, operation: Value) -> Value {
        assert_eq!(operation.get("done"), None, "{operation}");
        let result = self.poll(&operation);
        assert_eq!(result["done"], true);
        result["response"].clone()
    }

    pub(crate) fn poll(&self, operation: &Value) -> Value {
        get(format!("{}/v1/{}", self.world.google_url, text(operation, "name")), &self.admin).ok()
    }
}

pub(crate) const POOLS: &str = "my-project/locations/global/workloadIdentityPools";
