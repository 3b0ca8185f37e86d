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
        self.store.tree().apply_batch(rows.batch)?;
        *self.shared = self.counters;
        Ok(())
    }
}
