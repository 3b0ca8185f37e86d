//! Filling an empty store with what a backup holds: the same keys, versions and log entries.
//!
//! Nothing here is durable before [`Restore::close`]; a killed restore leaves a store that must not be
//! used, and whoever restores says so beside it.

use std::sync::MutexGuard;

use super::layout::Counters;
use super::{Change, Head, Identity, Key, Rows, Seq, Store, StoreError, VersionHeader};

/// Rows written in one step.
const STEP: usize = 1_000;

/// A restore under way; see [`Store::begin_restore`].
pub struct Restore<'s> {
    store: &'s Store,
    shared: MutexGuard<'s, Counters>,
    counters: Counters,
    rows: Rows,
    row_count: usize,
}

impl Store {
    /// Begins to fill the store; `None` when it is not empty.
    pub fn begin_restore(&self) -> Option<Restore<'_>> {
        let shared = self.lock_writer();
        let counters = *shared;
        let is_empty = counters.next_key == 0 && counters.last_seq == 0;
        is_empty.then(|| Restore {
            store: self,
            shared,
            counters,
            rows: Rows::default(),
            row_count: 0,
        })
    }
}

impl Restore<'_> {
    /// Gives the next key to a resource, and returns it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn identity(&mut self, identity: &Identity) -> Result<Key, StoreError> {
        let key = self.counters.next_key;
        self.counters.next_key = key.checked_add(1).ok_or(StoreError::KeysExhausted)?;
        self.rows.identity(key, identity.resource_type, &identity.id);
        self.step()?;
        Ok(key)
    }

    /// Writes the next log entry and its version. `json` is the document as it was stored; `None` for a
    /// delete, and for a forgotten version.
    ///
    /// # Errors
    /// When the store cannot be written, or the entry is not the next one or names an unknown key.
    pub fn change(
        &mut self,
        change: &Change,
        identity: &Identity,
        header: VersionHeader,
        json: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        if change.seq != self.counters.last_seq + 1 || change.key >= self.counters.next_key {
            return Err(StoreError::Corrupt("a change to restore"));
        }
        self.counters.last_seq = change.seq;
        self.counters.last_load = self.counters.last_load.max(change.load);
        let head = Head { version: change.version, header };
        let blob = match json {
            Some(json) => self.store.codec.encode(identity.resource_type, json)?,
            None => Vec::new(),
        };
        self.rows.version(change.key, &head, &blob);
        self.rows.head(change.key, identity.resource_type, &identity.id, Some(&head));
        self.rows.change(change);
        self.step()
    }

    /// Makes everything durable. `clock_ms` and `last_load` are those of the store that was backed up.
    /// Returns the last sequence number.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn close(mut self, clock_ms: i64, last_load: u32) -> Result<Seq, StoreError> {
        self.counters.clock_ms = self.counters.clock_ms.max(clock_ms);
        self.counters.last_load = self.counters.last_load.max(last_load);
        self.write()?;
        self.store.flush_to(self.counters.last_seq)?;
        Ok(self.counters.last_seq)
    }

    fn step(&mut self) -> Result<(), StoreError> {
        self.row_count += 1;
        if self.row_count < STEP {
            return Ok(());
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.row_count = 0;
        let mut rows = std::mem::take(&mut self.rows);
        rows.counters(&self.counters);
        self.store.apply(rows)?;
        *self.shared = self.counters;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::fhir::ResourceType;
    use crate::store::{ChangeLog as _, Expected, NewChange, Prepared, StoreSettings};

    fn open(path: &std::path::Path) -> Store {
        let settings = StoreSettings {
            cache_bytes: 8 << 20,
            versions_kept: NonZeroU32::new(2),
            ..StoreSettings::default()
        };
        Store::open(path, &settings).unwrap()
    }

    /// Everything a reader can see, documents as text.
    fn contents(store: &Store) -> Vec<String> {
        let mut lines = Vec::new();
        for resource in store.resources() {
            let (key, identity, head) = resource.unwrap();
            lines.push(format!("{key} {identity} {head:?}"));
            for stored in store.history(key) {
                let stored = stored.unwrap();
                let mut json = Vec::new();
                store.decode(&stored, &mut json).unwrap();
                let json = String::from_utf8(json).unwrap();
                lines.push(format!("{} {:?} {json}", stored.version, stored.header));
            }
        }
        lines.extend(store.tail(1).map(|change| format!("{:?}", change.unwrap())));
        lines
    }

    #[test]
    fn a_copy_entry_by_entry_is_the_same_store() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(&dir.path().join("one"));
        for number in 0_i64..2_500 {
            let id = format!("t{}", number % 700);
            let source =
                format!(r#"{{"resourceType":"Task","id":"{id}","description":"{number}"}}"#);
            let document = Prepared::read(source.as_bytes(), None).unwrap();
            let change = NewChange {
                resource_type: ResourceType::Task,
                id: &id,
                expected: Expected::Any,
                document: (number % 11 != 10).then_some(&document),
                last_updated_ms: number,
            };
            store.append(&[change], number).unwrap();
        }
        store.ensure_key(ResourceType::Location, "only-referred-to").unwrap();

        let copy = open(&dir.path().join("two"));
        let mut restore = copy.begin_restore().unwrap();
        for resource in store.resources() {
            let (key, identity, _) = resource.unwrap();
            assert_eq!(restore.identity(&identity).unwrap(), key);
        }
        for change in store.tail(1) {
            let change = change.unwrap();
            let stored = store.read_version(change.key, change.version).unwrap().unwrap();
            let mut json = Vec::new();
            store.decode(&stored, &mut json).unwrap();
            let json = (!json.is_empty()).then_some(json.as_slice());
            let identity = store.identity(change.key).unwrap().unwrap();
            restore.change(&change, &identity, stored.header, json).unwrap();
            assert!(restore.change(&change, &identity, stored.header, json).is_err(), "once");
        }
        let (last_load, clock_ms) = store.last_load_and_clock_ms();
        assert_eq!(restore.close(clock_ms, last_load).unwrap(), store.last_seq());
        assert_eq!(contents(&copy), contents(&store));
        assert_eq!(copy.last_load_and_clock_ms(), (last_load, clock_ms));
        assert!(copy.begin_restore().is_none(), "it is not empty any more");
        drop(copy);
        assert_eq!(contents(&open(&dir.path().join("two"))), contents(&store));
    }
}
