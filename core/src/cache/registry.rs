//! The slots of one kind of thing, by key: equal configurations in equal environments meet in one slot.

use super::slot::Slot;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
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

/// How many old slots a new one looks at. Two, so that those that can go are found sooner than new ones are made.
const LOOKS: usize = 2;

/// Slots are made when they are first asked for, and leave when they hold nothing that anybody could miss.
///
/// A new slot costs the same among a hundred thousand as among ten: it checks two old ones, in turn, and removes those that
/// hold nothing. So a slot that holds nothing is gone before half as many new ones are made as there are slots: the map
/// never grows much beyond what is in use.
pub(crate) struct Registry<T> {
    slots: Mutex<Slots<T>>,
}

struct Slots<T> {
    by_key: HashMap<Key, Arc<Slot<T>>>,
    /// Every key of the map once: the one to be looked at next is first.
    in_turn: VecDeque<Key>,
}

impl<T: Clone> Registry<T> {
    pub(crate) fn slot(&self, key: Key, now: Timestamp) -> Arc<Slot<T>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.by_key.get(&key) {
            return Arc::clone(slot);
        }
        slots.look_at_some(now);
        let slot = Arc::new(Slot::empty());
        slots.by_key.insert(key, Arc::clone(&slot));
        slots.in_turn.push_back(key);
        slot
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).by_key.len()
    }
}

impl<T: Clone> Slots<T> {
    fn look_at_some(&mut self, now: Timestamp) {
        for _ in 0..LOOKS {
            let Some(key) = self.in_turn.pop_front() else { return };
            let stays = |slot: &Arc<Slot<T>>| !slot.is_idle(now) || Arc::strong_count(slot) > 1;
            if self.by_key.get(&key).is_some_and(stays) {
                self.in_turn.push_back(key);
            } else {
                self.by_key.remove(&key);
            }
        }
    }
}

impl<T> Default for Registry<T> {
    fn default() -> Registry<T> {
        Registry { slots: Mutex::new(Slots { by_key: HashMap::new(), in_turn: VecDeque::new() }) }
    }
}
