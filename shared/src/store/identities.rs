//! All identities of the directory in memory, for a load: a key for each type and id without a disk
//! read, from any thread.
//!
//! The map holds 128-bit hashes instead of the ids themselves, about 40 bytes a resource; two ids with
//! one hash do not happen. New keys wait in a list until the load writes them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Identity, Key, StoreError};
use crate::fhir::ResourceType;

/// Type and id to key, shared between threads.
#[derive(Debug, Default)]
pub struct Identities {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    keys: HashMap<u128, Key, BuildHasherDefault<HashOfHash>>,
    next_key: Key,
    /// Keys given out since the last [`Identities::take_new`].
    new: Vec<(Key, Identity)>,
}

/// The keys are hashes already.
#[derive(Debug, Default)]
struct HashOfHash(u64);

impl Hasher for HashOfHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

impl Identities {
    pub(super) fn new(next_key: Key) -> Self {
        Self { inner: RwLock::new(Inner { next_key, ..Inner::default() }) }
    }

    pub(super) fn insert(&self, key: Key, identity: &Identity) {
        let hash = hash(identity.resource_type, &identity.id);
        self.write().keys.insert(hash, key);
    }

    /// The key of a resource, when it has one.
    pub fn get(&self, resource_type: ResourceType, id: &str) -> Option<Key> {
        let hash = hash(resource_type, id);
        self.read().keys.get(&hash).copied()
    }

    /// The key of a resource, given now when it has none.
    ///
    /// # Errors
    /// [`StoreError::KeysExhausted`].
    pub fn allocate(&self, resource_type: ResourceType, id: &str) -> Result<Key, StoreError> {
        let hash = hash(resource_type, id);
        if let Some(key) = self.read().keys.get(&hash) {
            return Ok(*key);
        }
        let mut inner = self.write();
        // Another thread may have been faster.
        if let Some(key) = inner.keys.get(&hash) {
            return Ok(*key);
        }
        let key = inner.next_key;
        inner.next_key = key.checked_add(1).ok_or(StoreError::KeysExhausted)?;
        inner.keys.insert(hash, key);
        inner.new.push((key, Identity { resource_type, id: id.to_owned() }));
        Ok(key)
    }

    /// The number of keys given out.
    pub fn key_count(&self) -> u32 {
        self.read().next_key
    }

    // No code panics while it holds the lock, so a poisoned one cannot be.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys given out since the last call.
    pub(super) fn take_new(&self) -> Vec<(Key, Identity)> {
        std::mem::take(&mut self.write().new)
    }
}

/// A hash of a type and id, wide enough that two never share one.
pub fn hash(resource_type: ResourceType, id: &str) -> u128 {
    // At once where it fits, as every valid id does: a load asks for tens of them a document.
    let mut bytes = [0; 1 + ID_LEN_MAX];
    let hash = if let Some(place) = bytes.get_mut(1..=id.len()) {
        place.copy_from_slice(id.as_bytes());
        bytes[0] = resource_type.index() as u8;
        blake3::hash(&bytes[..=id.len()])
    } else {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[resource_type.index() as u8]);
        hasher.update(id.as_bytes()).finalize()
    };
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(first)
}

/// The longest id of FHIR.
const ID_LEN_MAX: usize = 64;
