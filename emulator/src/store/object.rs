//! One object: its bytes, their checksums, and what its owner says of it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Bytes;
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

/// The members of an object's resource that its owner decides.
const WRITABLE: [&str; 8] = [
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    "storageClass",
];

/// Checksums, which clients verify.
#[derive(Clone)]
pub(crate) struct Digests {
    crc32c: u32,
    /// None of an object that was put together.
    md5: Option<[u8; 16]>,
}

#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    pub(crate) generation: i64,
    pub(crate) metageneration: i64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) described: Map<String, Value>,
    pub(crate) digests: Digests,
    /// Of how many it was put together.
    pub(crate) components: Option<usize>,
}

impl Digests {
    pub(crate) fn of(bytes: &[u8]) -> Digests {
        Digests { crc32c: crc32c::crc32c(bytes), md5: Some(Md5::digest(bytes).into()) }
    }

    pub(crate) fn crc32c(&self) -> String {
        BASE64_STANDARD.encode(self.crc32c.to_be_bytes())
    }

    pub(crate) fn md5(&self) -> Option<String> {
        self.md5.map(|digest| BASE64_STANDARD.encode(digest))
    }

    /// As the header `x-goog-hash` writes them.
    pub(crate) fn header(&self) -> String {
        let md5 = self.md5().map(|md5| format!(",md5={md5}")).unwrap_or_default();
        format!("crc32c={}{md5}", self.crc32c())
    }

    /// The MD5 as entity tags of the XML API write it.
    pub(crate) fn hexadecimal(&self) -> Option<String> {
        self.md5.map(|digest| digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Object {
    pub(crate) fn new(bytes: Bytes, described: &Map<String, Value>, generation: i64, now: Timestamp) -> Object {
        Object {
            digests: Digests::of(&bytes),
            components: None,
            bytes,
            generation,
            metageneration: 1,
            created: now,
            updated: now,
            described: writable(described),
        }
    }

    /// Put together of so many, whose MD5 nobody has kept.
    pub(crate) fn composed(mut self, components: usize) -> Object {
        self.digests.md5 = None;
        self.components = Some(components);
        self
    }

    /// A text member of its description.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.described.get(name).and_then(Value::as_str)
    }

    /// Changes what a patch names; `null` takes away.
    pub(crate) fn describe(&mut self, patch: &Map<String, Value>, now: Timestamp) {
        for (name, value) in writable(patch) {
            match (value, self.described.get_mut(&name)) {
                (Value::Null, _) => drop(self.described.remove(&name)),
                (Value::Object(changes), Some(Value::Object(members))) => {
                    members.extend(changes);
                    members.retain(|_, value| !value.is_null());
                }
                (value, _) => drop(self.described.insert(name, value)),
            }
        }
        self.metageneration += 1;
        self.updated = now;
    }

    /// `base` is the address that the client has used.
    pub(crate) fn resource(&self, base: &str, bucket: &str, name: &str) -> Value {
        let path = format!("{bucket}/o/{}", encoded(name));
        let mut resource = json!({
            "kind": "storage#object",
            "id": format!("{bucket}/{name}/{}", self.generation),
            "selfLink": format!("{base}/storage/v1/b/{path}"),
            "mediaLink": format!("{base}/download/storage/v1/b/{path}?generation={}&alt=media", self.generation),
            "name": name,
            "bucket": bucket,
            "generation": self.generation.to_string(),
            "metageneration": self.metageneration.to_string(),
            "storageClass": "STANDARD",
            "size": self.bytes.len().to_string(),
            "crc32c": self.digests.crc32c(),
            "etag": self.tag(),
            "timeCreated": stamp(self.created),
            "timeFinalized": stamp(self.created),
            "timeStorageClassUpdated": stamp(self.created),
            "updated": stamp(self.updated),
        });
        let members = resource.as_object_mut().expect("made an object above");
        members.extend(self.described.clone());
        members.extend(self.digests.md5().map(|text| ("md5Hash".into(), text.into())));
        members.extend(self.components.map(|count| ("componentCount".into(), count.into())));
        resource
    }

    /// The entity tag of the JSON API.
    pub(crate) fn tag(&self) -> String {
        BASE64_STANDARD.encode([self.generation.to_be_bytes(), self.metageneration.to_be_bytes()].concat())
    }
}

fn writable(members: &Map<String, Value>) -> Map<String, Value> {
    members.iter().filter(|(name, _)| WRITABLE.contains(&name.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

pub(crate) fn stamp(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
