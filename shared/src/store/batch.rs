//! One durable batch of writes: everything in it, or nothing.
//!
//! A batch sees its own writes. Holding it holds the store's only writer, so what was read through it
//! is still true when it commits; another thread's batch waits.

use std::collections::HashMap;
use std::sync::MutexGuard;

use super::layout::Counters;
use super::log::{Change, ChangeKind};
use super::meta::{Digest, Prepared};
use super::{Head, Identity, Key, PendingHeads, Rows, Store, StoreError, VersionHeader};
use crate::fhir::ResourceType;

/// What a writer believes about a resource before its write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Anything: last write wins.
    Any,
    /// It does not exist, or is deleted.
    Absent,
    /// It exists with this newest version.
    Version(u32),
}

/// Writes being collected; see [`Store::begin`].
pub struct Batch<'s> {
    store: &'s Store,
    /// The store's counters, replaced when the batch is applied; holding them is being the writer.
    shared: MutexGuard<'s, Counters>,
    counters: Counters,
    pub(super) rows: Rows,
    keys: HashMap<Identity, Key>,
    identities: HashMap<Key, Identity>,
    heads: PendingHeads,
    versions: HashMap<(Key, u32), VersionHeader>,
    pub(super) changes: Vec<Change>,
}

impl Store {
    /// Starts a batch; waits while another writer has one, or while a load is open.
    pub fn begin(&self) -> Batch<'_> {
        let shared = self.lock_writer();
        Batch {
            store: self,
            counters: *shared,
            shared,
            rows: Rows::default(),
            keys: HashMap::new(),
            identities: HashMap::new(),
            heads: HashMap::new(),
            versions: HashMap::new(),
            changes: Vec::new(),
        }
    }
}

impl Store {
    /// The key of a resource, given now when it has none; on disk before it is returned, so that an index
    /// may hold it. Not to be called while this thread has a batch or a load.
    pub fn ensure_key(&self, resource_type: ResourceType, id: &str) -> Result<Key, StoreError> {
        if let Some(key) = self.key_of(resource_type, id)? {
            return Ok(key);
        }
        let mut batch = self.begin();
        let key = batch.allocate(resource_type, id)?;
        // No change is recorded by this: the instant is of no use.
        batch.commit(0)?;
        Ok(key)
    }
}

impl Batch<'_> {
    /// The key of a resource, given now when it has none.
    pub fn allocate(&mut self, resource_type: ResourceType, id: &str) -> Result<Key, StoreError> {
        let identity = Identity { resource_type, id: id.to_owned() };
        if let Some(key) = self.keys.get(&identity) {
            return Ok(*key);
        }
        let key = if let Some(key) = self.store.key_of(resource_type, id)? {
            key
        } else {
            let key = self.counters.next_key;
            self.counters.next_key = key.checked_add(1).ok_or(StoreError::KeysExhausted)?;
            self.rows.identity(key, resource_type, id);
            self.identities.insert(key, identity.clone());
            key
        };
        self.keys.insert(identity, key);
        Ok(key)
    }

    /// The newest version of a resource, this batch's included.
    pub fn head(&self, key: Key) -> Result<Option<Head>, StoreError> {
        match self.heads.get(&key) {
            Some(head) => Ok(Some(*head)),
            None => self.store.head(key),
        }
    }

    /// A `lastUpdated` for a write at `now_ms`: later than every one given before, even when the clock
    /// stands or goes back.
    pub fn stamp(&mut self, now_ms: i64) -> i64 {
        self.counters.clock_ms = now_ms.max(self.counters.clock_ms.saturating_add(1));
        self.counters.clock_ms
    }

    /// Writes a document as the next version of `key` and returns that version's number.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]; the batch is then as before.
    pub fn put(
        &mut self,
        key: Key,
        expected: Expected,
        document: &Prepared,
        last_updated_ms: i64,
    ) -> Result<u32, StoreError> {
        let current = self.checked_head(key, expected)?;
        let version = next_version(current);
        let bytes = document.with_meta(version, last_updated_ms);
        let blob = self.store.codec.encode(document.resource_type(), &bytes)?;
        let kind = match current {
            Some(head) if !head.header.deleted => ChangeKind::Update,
            _ => ChangeKind::Create,
        };
        self.push(key, kind, version, last_updated_ms, document.digest(), &blob)?;
        Ok(version)
    }

    /// Writes a delete as the next version of `key`. `None` when there is nothing to delete.
    ///
    /// # Errors
    /// [`StoreError::Conflict`]; the batch is then as before.
    pub fn delete(
        &mut self,
        key: Key,
        expected: Expected,
        last_updated_ms: i64,
    ) -> Result<Option<u32>, StoreError> {
        let current = self.checked_head(key, expected)?;
        if current.is_none_or(|head| head.header.deleted) {
            return Ok(None);
        }
        let version = next_version(current);
        self.push(key, ChangeKind::Delete, version, last_updated_ms, Digest::default(), &[])?;
        Ok(Some(version))
    }

    /// Writes everything at once and makes it durable. Returns the log's new entries, in write order.
    pub fn commit(self, recorded_ms: i64) -> Result<Vec<Change>, StoreError> {
        let Self {
            store,
            mut shared,
            counters,
            mut rows,
            heads,
            versions,
            identities,
            mut changes,
            ..
        } = self;
        for change in &mut changes {
            change.recorded_ms = recorded_ms;
            rows.change(change);
        }
        for (key, head) in &heads {
            let identity = match identities.get(key) {
                Some(identity) => identity.clone(),
                None => store.identity(*key)?.ok_or(StoreError::Corrupt("a head"))?,
            };
            rows.head(*key, identity.resource_type, &identity.id, Some(head));
            let pending = |version| versions.get(&(*key, version)).copied();
            store.forget_old_versions(*key, head.version, pending, &mut rows)?;
        }
        rows.counters(&counters);
        store.apply(rows)?;
        *shared = counters;
        // Others may write while we wait for the disk: their flush covers ours, and ours theirs.
        drop(shared);
        store.flush_to(counters.last_seq)?;
        Ok(changes)
    }

    fn checked_head(&self, key: Key, expected: Expected) -> Result<Option<Head>, StoreError> {
        let current = self.head(key)?;
        let actual = current.filter(|head| !head.header.deleted).map(|head| head.version);
        let matches = match expected {
            Expected::Any => true,
            Expected::Absent => actual.is_none(),
            Expected::Version(version) => actual == Some(version),
        };
        if matches { Ok(current) } else { Err(StoreError::Conflict { key, expected, actual }) }
    }

    fn push(
        &mut self,
        key: Key,
        kind: ChangeKind,
        version: u32,
        last_updated_ms: i64,
        digest: Digest,
        blob: &[u8],
    ) -> Result<(), StoreError> {
        let resource_type = if let Some(identity) = self.identities.get(&key) {
            identity.resource_type
        } else {
            let identity = self.store.identity(key)?.ok_or(StoreError::Corrupt("a head"))?;
            let resource_type = identity.resource_type;
            self.identities.insert(key, identity);
            resource_type
        };
        self.counters.last_seq += 1;
        let seq = self.counters.last_seq;
        let deleted = kind == ChangeKind::Delete;
        let header = VersionHeader { seq, last_updated_ms, deleted, forgotten: false, digest };
        let head = Head { version, header };
        self.rows.version(key, &head, blob);
        self.heads.insert(key, head);
        self.versions.insert((key, version), header);
        // The instant of recording is the commit's.
        self.changes.push(Change {
            seq,
            kind,
            resource_type,
            key,
            version,
            load: 0,
            recorded_ms: 0,
        });
        Ok(())
    }
}

pub(super) fn next_version(current: Option<Head>) -> u32 {
    current.map_or(1, |head| head.version + 1)
}
