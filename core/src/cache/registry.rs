//! All slots of a host, by key: equal configurations in equal environments meet in one slot.

use super::slot::Slot;
use crate::moment::Moment;
use sha2::{Digest, Sha256};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
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
#[derive(Default)]
pub(crate) struct Registry {
    slots: Mutex<HashMap<Key, Arc<dyn AnySlot>>>,
}

impl Registry {
    /// The slot of `key`. A key names its layer, so it never meets a slot of another type.
    pub(crate) fn slot<T: Clone + Send + Sync + 'static>(&self, key: Key, now: Moment) -> Arc<Slot<T>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key).and_then(|slot| Arc::clone(slot).into_any().downcast().ok()) {
            return slot;
        }
        slots.retain(|_, slot| !slot.is_idle(now) || Arc::strong_count(slot) > 1);
        let slot = Arc::new(Slot::<T>::empty());
        slots.insert(key, Arc::clone(&slot) as Arc<dyn AnySlot>);
        slot
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registry").finish_non_exhaustive()
    }
}

trait AnySlot: Send + Sync {
    fn is_idle(&self, now: Moment) -> bool;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Clone + Send + Sync + 'static> AnySlot for Slot<T> {
    fn is_idle(&self, now: Moment) -> bool {
        Slot::is_idle(self, now)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
