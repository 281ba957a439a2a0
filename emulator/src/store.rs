//! What Cloud Storage keeps for a project: buckets, their objects, and uploads under way.

pub(crate) mod object;

use crate::random;
use crate::upload::Uploads;
use hyper::body::Bytes;
use jiff::Timestamp;
use object::{Digests, Object};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

pub(crate) struct Store {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// By the id in the address of the session.
    pub(crate) uploads: Uploads<Destination>,
    /// The XML API's uploads in parts, by id.
    pub(crate) multiparts: HashMap<String, Multipart>,
    last_generation: i64,
}

pub(crate) struct Bucket {
    pub(crate) made: Timestamp,
    pub(crate) location: String,
    pub(crate) objects: BTreeMap<String, Object>,
}

/// What a resumable upload is to become.
pub(crate) struct Destination {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) described: Map<String, Value>,
    /// The query of the request that began it, with its preconditions.
    pub(crate) query: String,
}

pub(crate) struct Multipart {
    pub(crate) bucket: String,
    pub(crate) name: String,
    pub(crate) described: Map<String, Value>,
    pub(crate) parts: BTreeMap<u32, Part>,
}

pub(crate) struct Part {
    pub(crate) bytes: Bytes,
    pub(crate) digests: Digests,
}

impl Store {
    /// With these buckets, which are empty.
    pub(crate) fn new(buckets: &[String], now: Timestamp) -> Store {
        Store {
            buckets: buckets.iter().map(|name| (name.clone(), Bucket::new(now, "US"))).collect(),
            uploads: Uploads::default(),
            multiparts: HashMap::new(),
            last_generation: 0,
        }
    }

    /// Google's generations are times in microseconds; two objects never share one here.
    pub(crate) fn next_generation(&mut self, now: Timestamp) -> i64 {
        self.last_generation = now.as_microsecond().max(self.last_generation + 1);
        self.last_generation
    }

    /// Opens an upload in parts, and returns its id.
    pub(crate) fn begin_multipart(&mut self, multipart: Multipart) -> String {
        let id = format!("AB{}", random::text(random::BASE64_URL, 80));
        self.multiparts.insert(id.clone(), multipart);
        id
    }
}

impl Bucket {
    pub(crate) fn new(made: Timestamp, location: &str) -> Bucket {
        Bucket { made, location: location.to_uppercase(), objects: BTreeMap::new() }
    }
}
