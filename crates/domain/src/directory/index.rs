//! Hash tables that grow in small steps: many shards, each of which doubles by itself, so that no single
//! insertion copies more than one shard's share.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::hash_table::{Entry, HashTable};

use super::slab::Slot;

/// Shards of every table. At a million entries a doubling shard moves about a thousand of them.
const SHARDS: usize = 256;

/// Keys are our own random identifiers and keyed hashes, which nobody outside chooses, so a fixed state is
/// safe and makes runs comparable.
fn hash_of<K: Hash + ?Sized>(key: &K) -> u64 {
    FixedState::default().hash_one(key)
}

/// The table inside a shard uses the top seven and the low bits; the shard number comes from between.
fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

/// Values under keys that are stored beside them.
#[derive(Debug)]
pub(crate) struct Map<K, V> {
    shards: Box<[HashTable<(K, V)>]>,
    len: usize,
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| HashTable::new()).collect(), len: 0 }
    }
}

impl<K: Hash + Eq, V> Map<K, V> {
    /// The value under this key.
    #[inline]
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let hash = hash_of(key);
        self.shards[shard_of(hash)].find(hash, |(stored, _)| stored == key).map(|(_, value)| value)
    }

    /// The value under this key, to change it.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let hash = hash_of(key);
        self.shards[shard_of(hash)].find_mut(hash, |(stored, _)| stored == key).map(|(_, value)| value)
    }

    /// Puts a value, and gives the one that was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = hash_of(&key);
        let shard = &mut self.shards[shard_of(hash)];
        match shard.entry(hash, |(stored, _)| *stored == key, |(stored, _)| hash_of(stored)) {
            Entry::Occupied(mut entry) => Some(std::mem::replace(&mut entry.get_mut().1, value)),
            Entry::Vacant(entry) => {
                entry.insert((key, value));
                self.len += 1;
                None
            }
        }
    }

    /// Takes the value under this key away.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let hash = hash_of(key);
        let entry = self.shards[shard_of(hash)].find_entry(hash, |(stored, _)| stored == key).ok()?;
        self.len -= 1;
        Some(entry.remove().0.1)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

/// Slots under keys that are stored in the slab and not again here.
#[derive(Debug)]
pub(crate) struct Index {
    shards: Box<[HashTable<Slot>]>,
}

impl Default for Index {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| HashTable::new()).collect() }
    }
}

impl Index {
    /// The slot whose record `is` the one with this key.
    #[inline]
    pub(crate) fn find<K: Hash>(&self, key: &K, is: impl Fn(Slot) -> bool) -> Option<Slot> {
        let hash = hash_of(key);
        self.shards[shard_of(hash)].find(hash, |slot| is(*slot)).copied()
    }

    /// Adds a slot under a key that is not there yet. `key_of` reads the key of any slot.
    pub(crate) fn insert<K: Hash>(&mut self, key: &K, slot: Slot, key_of: impl Fn(Slot) -> K) {
        let hash = hash_of(key);
        self.shards[shard_of(hash)].insert_unique(hash, slot, |stored| hash_of(&key_of(*stored)));
    }

    /// Takes a slot away.
    pub(crate) fn remove<K: Hash>(&mut self, key: &K, slot: Slot) {
        let hash = hash_of(key);
        if let Ok(entry) = self.shards[shard_of(hash)].find_entry(hash, |stored| *stored == slot) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_map_does_what_the_standard_map_does() {
        let mut ours = Map::default();
        let mut theirs = HashMap::new();
        let mut state = 1_u64;
        for step in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 50) as u32;
            if state.is_multiple_of(3) {
                assert_eq!(ours.remove(&key), theirs.remove(&key));
            } else {
                assert_eq!(ours.insert(key, step), theirs.insert(key, step));
            }
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(ours.get(&(key / 2)), theirs.get(&(key / 2)));
        }
    }
}
