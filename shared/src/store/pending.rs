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
        let row = self.tree().get(layout::PENDING_LOAD)?;
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
        rows.batch.insert(layout::PENDING_LOAD, layout::write_pending_load(&pending));
        self.tree().apply_batch(rows.batch)?;
        *shared = counters;
        drop(shared);
        self.db.flush()?;
        Ok(pending)
    }

    /// Forgets the load: it is applied as a whole.
    pub fn end_pending_load(&self) -> Result<(), StoreError> {
        self.tree().remove(layout::PENDING_LOAD)?;
        self.db.flush()?;
        Ok(())
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
        self.rows.batch.insert(layout::PENDING_LOAD, layout::write_pending_load(pending));
        self.commit(recorded_ms)
    }
}
