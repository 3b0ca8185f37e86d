//! Bulk writing: many documents under one load id, all of them or, after a crash, none.
//!
//! While a load is open its rows are in the tree but its log entries lie above the durable sequence, so
//! no follower sees them. [`Load::close`] makes them durable and takes the mark away; dropping a load,
//! or opening a store that still has the mark, undoes it from the log: earlier heads come back, keys
//! stay as placeholders. A load makes at most one version of a resource, however often it is repeated.

use std::sync::MutexGuard;

use sled::Tree;

use super::layout::{Counters, OpenLoad};
use super::log::{Change, ChangeKind};
use super::meta::Digest;
use super::{Head, Identities, Key, Rows, Seq, Store, StoreError, VersionHeader, batch, layout};
use crate::fhir::ResourceType;

/// Log entries undone in one atomic step.
const UNDO_STEP: u64 = 1_000;

/// Resources whose old versions are forgotten in one atomic step.
const FORGET_STEP: usize = 1_000;

/// An open load; see [`Store::begin_load`].
#[derive(Debug)]
pub struct Load<'s> {
    store: &'s Store,
    shared: MutexGuard<'s, Counters>,
    mark: OpenLoad,
    identities: Identities,
    /// Keys from here on are given out by this load.
    first_key: Key,
    /// Which of these have a version by now, from `first_key`.
    written: Vec<bool>,
    closed: bool,
}

/// Where the next document of a resource goes: a new version, or in the place of the one this load
/// already wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The version's number.
    pub version: u32,
    /// The log entry of the version this load already wrote.
    seq: Option<Seq>,
    /// Whether the resource existed before the write.
    existed: bool,
}

impl Slot {
    /// Whether this load already wrote the resource.
    pub fn is_repeat(&self) -> bool {
        self.seq.is_some()
    }
}

/// One version to write in a load.
#[derive(Debug, Clone)]
pub struct LoadVersion<'a> {
    /// The resource, from [`Load::identities`].
    pub key: Key,
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: &'a str,
    /// Its place, from [`Load::slot`].
    pub slot: Slot,
    /// `meta.lastUpdated`.
    pub last_updated_ms: i64,
    /// The digest of the content; zero for a delete.
    pub digest: Digest,
    /// The compressed document, or `None` for a delete.
    pub blob: Option<&'a [u8]>,
}

impl Store {
    /// Opens a load, reading all identities into memory. Other writers wait until it ends.
    pub fn begin_load(&self, now_ms: i64) -> Result<Load<'_>, StoreError> {
        let mut shared = self.lock_writer();
        let identities = Identities::new(shared.next_key);
        for resource in self.resources() {
            let (key, identity, _) = resource?;
            identities.insert(key, &identity);
        }
        let mut counters = *shared;
        counters.last_load += 1;
        let mark = OpenLoad {
            load: counters.last_load,
            first_seq: counters.last_seq + 1,
            started_ms: now_ms,
        };
        let mut rows = Rows::default();
        rows.counters(&counters);
        rows.insert(layout::OPEN_LOAD, layout::write_open_load(&mark));
        self.apply(rows)?;
        self.flush()?;
        let first_key = counters.next_key;
        *shared = counters;
        let written = Vec::new();
        Ok(Load { store: self, shared, mark, identities, first_key, written, closed: false })
    }
}

impl Load<'_> {
    /// The number of this load.
    pub fn id(&self) -> u32 {
        self.mark.load
    }

    /// Keys of all resources; new ones are given here and written with the next batch.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// The newest version of a resource, this load's included, and the place of its next document.
    pub fn slot(&self, key: Key) -> Result<(Option<Head>, Slot), StoreError> {
        let head = if self.is_unwritten(key) { None } else { self.store.head(key)? };
        let repeated = head.filter(|head| head.header.seq >= self.mark.first_seq);
        let slot = match repeated {
            Some(head) => Slot { version: head.version, seq: Some(head.header.seq), existed: true },
            None => Slot {
                version: batch::next_version(head),
                seq: None,
                existed: head.is_some_and(|head| !head.header.deleted),
            },
        };
        Ok((head, slot))
    }

    /// Whether this load gave the key out and has not written a version of it, so that there is none.
    fn is_unwritten(&self, key: Key) -> bool {
        let given = key.checked_sub(self.first_key);
        given.is_some_and(|given| !self.written.get(given as usize).copied().unwrap_or(false))
    }

    fn note_written(&mut self, key: Key) {
        let Some(given) = key.checked_sub(self.first_key) else { return };
        let given = given as usize;
        if self.written.len() <= given {
            self.written.resize(given + 1, false);
        }
        self.written[given] = true;
    }

    /// Writes one batch atomically, not yet durably. No key may occur twice in it.
    pub fn write(&mut self, versions: &[LoadVersion<'_>]) -> Result<(), StoreError> {
        let mut counters = *self.shared;
        for version in versions {
            self.note_written(version.key);
        }
        let mut rows = self.take_new_identities(&mut counters);
        let mut changes = Vec::with_capacity(versions.len());
        for version in versions {
            let deleted = version.blob.is_none();
            let seq = version.slot.seq.unwrap_or_else(|| {
                counters.last_seq += 1;
                counters.last_seq
            });
            let head = Head {
                version: version.slot.version,
                header: VersionHeader {
                    seq,
                    last_updated_ms: version.last_updated_ms,
                    deleted,
                    forgotten: false,
                    digest: version.digest,
                },
            };
            rows.version(version.key, &head, version.blob.unwrap_or_default());
            rows.head(version.key, version.resource_type, version.id, Some(&head));
            if version.slot.is_repeat() {
                continue;
            }
            let kind = match (deleted, version.slot.existed) {
                (true, _) => ChangeKind::Delete,
                (false, true) => ChangeKind::Update,
                (false, false) => ChangeKind::Create,
            };
            changes.push(Change {
                seq,
                kind,
                resource_type: version.resource_type,
                key: version.key,
                version: version.slot.version,
                load: self.mark.load,
                recorded_ms: self.mark.started_ms,
            });
        }
        for changes in changes.chunks(layout::CHANGES_MAX) {
            rows.changes(changes);
        }
        rows.counters(&counters);
        self.store.apply(rows)?;
        *self.shared = counters;
        Ok(())
    }

    /// Makes the whole load durable and visible to followers. Returns the last sequence number.
    pub fn close(mut self) -> Result<Seq, StoreError> {
        // What comes before the mark's removal must be on disk before it.
        self.store.flush()?;
        let mut counters = *self.shared;
        counters.clock_ms = counters.clock_ms.max(self.mark.started_ms);
        let mut rows = self.take_new_identities(&mut counters);
        rows.counters(&counters);
        rows.remove(layout::OPEN_LOAD);
        self.store.apply(rows)?;
        *self.shared = counters;
        self.closed = true;
        self.store.flush_to(counters.last_seq)?;
        self.forget_old_versions(counters.last_seq)?;
        Ok(counters.last_seq)
    }

    /// Only now that nothing undoes the load: an undone load gives the version before it back.
    fn forget_old_versions(&self, last: Seq) -> Result<(), StoreError> {
        if self.store.versions_kept.is_none() {
            return Ok(());
        }
        let mut changes = self.store.changes(self.mark.first_seq..=last).peekable();
        while changes.peek().is_some() {
            let mut rows = Rows::default();
            for change in changes.by_ref().take(FORGET_STEP) {
                let change = change?;
                self.store.forget_old_versions(change.key, change.version, |_| None, &mut rows)?;
            }
            self.store.apply(rows)?;
        }
        self.store.flush()?;
        Ok(())
    }

    fn take_new_identities(&self, counters: &mut Counters) -> Rows {
        let mut rows = Rows::default();
        for (key, identity) in self.identities.take_new() {
            rows.key(key, identity.resource_type, &identity.id);
            // What has a version by now has its head with it.
            if self.is_unwritten(key) {
                rows.head(key, identity.resource_type, &identity.id, None);
            }
            counters.next_key = counters.next_key.max(key + 1);
        }
        rows
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let undone = self.store.db().and_then(|db| undo_unclosed(&db, &mut self.shared));
        if let Err(error) = undone {
            // The mark is still there: the next opening tries again.
            tracing::error!(load = self.mark.load, %error, "an abandoned load is not undone yet");
        }
    }
}

/// Undoes the load whose mark stands in the tree, if there is one. Returns how many changes it had.
///
/// Works backwards in atomic steps, each lowering the last sequence number, so that a crash in the
/// middle is continued at the next opening.
pub(super) fn undo_unclosed(tree: &Tree, counters: &mut Counters) -> Result<u64, StoreError> {
    let Some(row) = tree.get(layout::OPEN_LOAD)? else { return Ok(0) };
    let mark = layout::read_open_load(&row)?;
    let mut undone = 0;
    while counters.last_seq >= mark.first_seq {
        let mut rows = Rows::default();
        let mut lowered = *counters;
        let before = undone;
        while undone - before < UNDO_STEP && lowered.last_seq >= mark.first_seq {
            let count = undo_changes(tree, lowered.last_seq, &mut rows)?;
            lowered.last_seq -= count;
            undone += count;
        }
        rows.counters(&lowered);
        rows.write_to(tree)?;
        *counters = lowered;
    }
    tree.flush()?;
    tree.remove(layout::OPEN_LOAD)?;
    tree.flush()?;
    Ok(undone)
}

/// Undoes the changes of the row that stands at `seq`. Returns how many there were.
fn undo_changes(tree: &Tree, seq: Seq, rows: &mut Rows) -> Result<u64, StoreError> {
    let log_key = layout::log_key(seq);
    let row = tree.get(log_key)?.ok_or(StoreError::Corrupt("a change"))?;
    let changes = layout::read_changes(&log_key, &row)?;
    // A load makes one version of a resource: their order does not matter.
    for change in &changes {
        undo_change(tree, change, rows)?;
    }
    rows.remove(&log_key);
    Ok(changes.len() as u64)
}

fn undo_change(tree: &Tree, change: &Change, rows: &mut Rows) -> Result<(), StoreError> {
    let head_row = tree.get(layout::head_key(change.key))?.ok_or(StoreError::Corrupt("a head"))?;
    let (identity, _) = layout::read_head(&head_row)?;
    let previous = change.version - 1;
    let restored = match tree.get(layout::version_key(change.key, previous))? {
        Some(row) => {
            let (header, _) = layout::read_version(&row)?;
            Some(Head { version: previous, header })
        }
        None if previous == 0 => None,
        None => return Err(StoreError::Corrupt("an earlier version")),
    };
    rows.head(change.key, identity.resource_type, &identity.id, restored.as_ref());
    rows.remove(&layout::version_key(change.key, change.version));
    Ok(())
}
