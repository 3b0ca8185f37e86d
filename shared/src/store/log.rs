//! The change log: one entry for each version, with consecutive sequence numbers from 1.
//!
//! Whoever follows the directory (the index, another process, a replica) reads [`ChangeLog::tail`] and
//! never misses or repeats a change. Entries of a load appear when the load is closed, entries of an
//! undone load never. The row format stands in `layout`.

use super::batch::Expected;
use super::meta::Prepared;
use super::{Key, Seq, Store, StoreError, layout};
use crate::fhir::ResourceType;

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The resource did not exist before: a first version, or one after a delete.
    Create,
    /// The resource existed.
    Update,
    /// The resource ceased to exist; the version holds no document.
    Delete,
}

/// One entry of the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its place in the log.
    pub seq: Seq,
    /// What it did.
    pub kind: ChangeKind,
    /// The type of the changed resource.
    pub resource_type: ResourceType,
    /// The changed resource.
    pub key: Key,
    /// The version it made.
    pub version: u32,
    /// The load it belongs to; 0 for a single write.
    pub load: u32,
    /// When it was recorded here, in milliseconds since 1970 (a load keeps the source's
    /// `lastUpdated`, which may be long before).
    pub recorded_ms: i64,
}

/// One change to append.
#[derive(Debug, Clone, Copy)]
pub struct NewChange<'a> {
    /// Type of the resource.
    pub resource_type: ResourceType,
    /// Id of the resource.
    pub id: &'a str,
    /// What the caller believes is the current state.
    pub expected: Expected,
    /// The new document, or `None` for a delete.
    pub document: Option<&'a Prepared>,
    /// `meta.lastUpdated` of the new version.
    pub last_updated_ms: i64,
}

/// A log of changes that one writer appends to and any number of followers read.
pub trait ChangeLog {
    /// Appends changes as one group: all or nothing, durable on return, in the order given.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a resource is not in the expected state; nothing is appended.
    fn append(
        &self,
        changes: &[NewChange<'_>],
        recorded_ms: i64,
    ) -> Result<Vec<Change>, StoreError>;

    /// The durable entries from `from` on, in order; ends at [`Self::last_seq`] as of the call.
    fn tail(&self, from: Seq) -> impl Iterator<Item = Result<Change, StoreError>>;

    /// The last durable entry's number; 0 when there is none.
    fn last_seq(&self) -> Seq;
}

impl ChangeLog for Store {
    fn append(
        &self,
        changes: &[NewChange<'_>],
        recorded_ms: i64,
    ) -> Result<Vec<Change>, StoreError> {
        let mut batch = self.begin();
        for change in changes {
            let key = batch.allocate(change.resource_type, change.id)?;
            match change.document {
                Some(document) => {
                    batch.put(key, change.expected, document, change.last_updated_ms)?;
                }
                None => {
                    batch.delete(key, change.expected, change.last_updated_ms)?;
                }
            }
        }
        batch.commit(recorded_ms)
    }

    fn tail(&self, from: Seq) -> impl Iterator<Item = Result<Change, StoreError>> {
        self.changes(from..=self.last_seq())
    }

    fn last_seq(&self) -> Seq {
        self.durable_seq()
    }
}

impl Store {
    /// The log's entries in a range of sequence numbers; `.rev()` gives the newest first.
    pub fn changes(
        &self,
        range: std::ops::RangeInclusive<Seq>,
    ) -> impl DoubleEndedIterator<Item = Result<Change, StoreError>> + use<> {
        // An empty range must stay one: sled panics on a start behind its end.
        let (from, to) = (*range.start(), *range.end());
        // A row stands at its last change: that of `to` may stand behind it.
        let keys = layout::log_key(from)
            ..=layout::log_key(to.saturating_add(layout::CHANGES_MAX as Seq - 1));
        let rows = (from <= to).then(|| self.rows(|db| db.range(keys)));
        rows.into_iter()
            .flatten()
            .flat_map(|row| match row.and_then(|(key, row)| layout::read_changes(&key, &row)) {
                Ok(changes) => changes.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            })
            .filter(move |change| {
                change.as_ref().map_or(true, |change| range.contains(&change.seq))
            })
    }
}
