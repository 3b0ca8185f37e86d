//! Forgetting old versions: their documents go, their headers and log entries stay.
//!
//! A forgotten version is still known to have been, so that the log has no holes, numbers never come
//! back and a caller who asks for it is told that it is gone. Never forgotten: the newest version, and
//! the mark of a delete (which has no document).

use super::{Key, Rows, Store, StoreError, VersionHeader, layout};

impl Store {
    /// Adds to `rows` what forgets the versions of a resource that need not be kept behind `newest`.
    /// `pending` knows the versions that are not in the tree yet.
    ///
    /// Works backwards from the newest that may go, and stops at one that is gone already: normally one
    /// row, all of them after the setting was lowered.
    pub(super) fn forget_old_versions(
        &self,
        key: Key,
        newest: u32,
        pending: impl Fn(u32) -> Option<VersionHeader>,
        rows: &mut Rows,
    ) -> Result<(), StoreError> {
        let Some(kept) = self.versions_kept else { return Ok(()) };
        for version in (1..=newest.saturating_sub(kept.get())).rev() {
            let header = match pending(version) {
                Some(header) => header,
                None => match self.db()?.get(layout::version_key(key, version))? {
                    Some(row) => layout::read_version(&row)?.0,
                    None => return Err(StoreError::Corrupt("an earlier version")),
                },
            };
            if header.forgotten {
                break;
            }
            if !header.deleted {
                let forgotten = VersionHeader { forgotten: true, ..header };
                rows.batch.insert(
                    &layout::version_key(key, version),
                    layout::write_version(&forgotten, &[]),
                );
            }
        }
        Ok(())
    }
}
