//! Uploads that come in pieces: what has arrived of each, and what it is for.

use crate::random;
use std::collections::HashMap;

/// Sessions of one service, by the id in their addresses.
pub(crate) struct Uploads<D> {
    sessions: HashMap<String, Session<D>>,
}

pub(crate) struct Session<D> {
    pub(crate) destination: D,
    pub(crate) received: Vec<u8>,
    /// The service's reply once all is there: a client that missed it asks again.
    pub(crate) outcome: Option<serde_json::Value>,
}

impl<D> Default for Uploads<D> {
    fn default() -> Self {
        Uploads { sessions: HashMap::new() }
    }
}

impl<D> Uploads<D> {
    pub(crate) fn begin(&mut self, destination: D) -> String {
        let id = format!("AB{}", random::text(random::BASE64_URL, 120));
        self.sessions.insert(id.clone(), Session { destination, received: Vec::new(), outcome: None });
        id
    }

    pub(crate) fn find(&mut self, id: &str) -> Option<&mut Session<D>> {
        self.sessions.get_mut(id)
    }

    pub(crate) fn cancel(&mut self, id: &str) {
        self.sessions.remove(id);
    }
}
