//! The slots of one kind of thing, by key: equal configurations in equal environments meet in one slot.

use super::slot::Slot;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A digest of everything that distinguishes one slot from another, so that no key material stands in the map.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Of a layer's name and its parts, in order; an absent part differs from an empty one.
    pub(crate) fn of<'a>(layer: &'static str, parts: impl IntoIterator<Item = Option<&'a [u8]>>) -> Key {
        let mut digest = Sha256::new();
        for part in std::iter::once(Some(layer.as_bytes())).chain(parts) {
            match part {
                None => digest.update([0]),
                Some(bytes) => {
                    digest.update([1]);
                    digest.update((bytes.len() as u64).to_be_bytes());
                    digest.update(bytes);
                }
            }
        }
        Key(digest.finalize().into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Slots are made when they are first asked for, and leave when they hold nothing that anybody could miss.
pub(crate) struct Registry<T> {
    slots: Mutex<HashMap<Key, Arc<Slot<T>>>>,
}

impl<T: Clone> Registry<T> {
    pub(crate) fn slot(&self, key: Key, now: Timestamp) -> Arc<Slot<T>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key) {
            return Arc::clone(slot);
        }
        slots.retain(|_, slot| !slot.is_idle(now) || Arc::strong_count(slot) > 1);
        let slot = Arc::new(Slot::empty());
        slots.insert(key, Arc::clone(&slot));
        slot
    }
}

impl<T> Default for Registry<T> {
    fn default() -> Registry<T> {
        Registry { slots: Mutex::default() }
    }
}
