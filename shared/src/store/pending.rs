//! A load that is being applied beside other writers.
//!
//! Its documents wait in a file, wholly received; they are written in batches like any other change, and
//! each batch says in the same atomic step how far in the file it reached. After a crash the load is
//! therefore continued where it stood, and nothing written by others meanwhile is overwritten twice. The
//! log only grows: there is nothing to undo. Not here: the file, and what a document's next version is.

use super::{Batch, Change, Rows, Seq, Store, StoreError, layout};

/// How far a load has been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingLoad {
    /// The number of the load.
    pub load: u32,
    /// The place in its file, in bytes, up to which it is applied.
    pub position: u64,
    /// The last change before its first document was received.
    pub since: Seq,
    /// The instant of the load, in milliseconds since 1970.
    pub started_ms: i64,
}

impl Store {
    /// The load that is being applied, or was when the directory was left.
    pub fn pending_load(&self) -> Result<Option<PendingLoad>, StoreError> {
        let row = self.db()?.get(layout::PENDING_LOAD)?;
        row.map(|row| layout::read_pending_load(&row)).transpose()
    }

    /// Gives a load its number; durable on return. There must be none already.
    pub fn begin_pending_load(
        &self,
        since: Seq,
        started_ms: i64,
    ) -> Result<PendingLoad, StoreError> {
        let mut shared = self.lock_writer();
        let mut counters = *shared;
        counters.last_load += 1;
        let pending = PendingLoad { load: counters.last_load, position: 0, since, started_ms };
        let mut rows = Rows::default();
        rows.counters(&counters);
        rows.insert(layout::PENDING_LOAD, layout::write_pending_load(&pending));
        self.apply(rows)?;
        *shared = counters;
        drop(shared);
        self.flush()?;
        Ok(pending)
    }

    /// Forgets the load: it is applied as a whole.
    pub fn end_pending_load(&self) -> Result<(), StoreError> {
        let _writer = self.lock_writer();
        let mut rows = Rows::default();
        rows.remove(layout::PENDING_LOAD);
        self.apply(rows)?;
        self.flush()
    }
}

impl Batch<'_> {
    /// Commits changes of a load together with the place it has reached. Returns the log's new entries.
    pub fn commit_load(
        mut self,
        recorded_ms: i64,
        pending: &PendingLoad,
    ) -> Result<Vec<Change>, StoreError> {
        for change in &mut self.changes {
            change.load = pending.load;
        }
        self.rows.insert(layout::PENDING_LOAD, layout::write_pending_load(pending));
        self.commit(recorded_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::ResourceType;
    use crate::store::{ChangeLog as _, Expected, Prepared, StoreSettings};

    const NOW: i64 = 1_800_000_000_000;

    fn put(batch: &mut Batch<'_>, id: &str) {
        let source = format!(r#"{{"resourceType":"Task","id":"{id}"}}"#);
        let document = Prepared::read(source.as_bytes(), None).unwrap();
        let key = batch.allocate(ResourceType::Task, id).unwrap();
        batch.put(key, Expected::Any, &document, NOW).unwrap();
    }

    #[test]
    fn a_load_is_as_far_as_its_last_batch() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("documents");
        let settings = StoreSettings { cache_bytes: 8 << 20, ..StoreSettings::default() };
        let store = Store::open(&path, &settings).unwrap();
        assert_eq!(store.pending_load().unwrap(), None);
        let mut pending = store.begin_pending_load(0, NOW).unwrap();
        assert_eq!((pending.load, pending.position), (1, 0));
        let mut batch = store.begin();
        put(&mut batch, "a");
        pending.position = 700;
        batch.commit_load(NOW, &pending).unwrap();
        let mut batch = store.begin();
        put(&mut batch, "of-another-writer");
        batch.commit(NOW).unwrap();
        // What is not committed moves nothing.
        let mut batch = store.begin();
        put(&mut batch, "b");
        drop(batch);
        drop(store);

        let store = Store::open(&path, &settings).unwrap();
        assert_eq!(store.pending_load().unwrap(), Some(pending));
        let loads: Vec<u32> = store.tail(1).map(|change| change.unwrap().load).collect();
        assert_eq!(loads, [1, 0]);
        // A step in which nothing is new still moves on.
        pending.position = 900;
        assert!(store.begin().commit_load(NOW, &pending).unwrap().is_empty());
        assert_eq!(store.pending_load().unwrap(), Some(pending));
        store.end_pending_load().unwrap();
        assert_eq!(store.pending_load().unwrap(), None);
        assert_eq!(store.begin_pending_load(2, NOW).unwrap().load, 2);
    }
}
