//! The worlds of one cloud, by id.

use crate::facts::spec::Spec;
use crate::net;
use crate::world::State;
use crate::world::authority::Authority;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) struct Worlds {
    /// All worlds share it.
    authority: Arc<Authority>,
    made: AtomicUsize,
    by_id: Mutex<HashMap<String, Arc<State>>>,
}

impl Worlds {
    pub(crate) fn new() -> Worlds {
        Worlds { authority: Arc::new(Authority::new()), made: AtomicUsize::new(0), by_id: Mutex::default() }
    }

    pub(crate) async fn make(&self, spec: Value) -> Result<Arc<State>, String> {
        let spec: Spec = serde_json::from_value(spec).map_err(|error| error.to_string())?;
        let id = format!("world-{}", self.made.fetch_add(1, Ordering::Relaxed) + 1);
        let world = net::open(id.clone(), &spec, self.authority.clone()).await.map_err(|error| error.to_string())?;
        self.by_id().insert(id, world.clone());
        Ok(world)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<State>> {
        self.by_id().get(id).cloned()
    }

    pub(crate) fn remove(&self, id: &str) {
        if let Some(world) = self.by_id().remove(id) {
            world.end();
        }
    }

    fn by_id(&self) -> MutexGuard<'_, HashMap<String, Arc<State>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
