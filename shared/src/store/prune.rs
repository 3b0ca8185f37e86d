//! Forgetting old versions: their documents go, their headers and log entries stay.
//!
//! A forgotten version is still known to have been, so that the log has no holes, numbers never come
//! back and a caller who asks for it is told that it is gone. Never forgotten: the newest version, and
//! the mark of a delete (which has no document).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Key, Rows, Store, StoreError, VersionHeader, layout};

/// As long as it lives, no version is forgotten: who looks at the directory as of one change finds its
/// documents, whatever is written meanwhile. What should have been forgotten goes with a later write.
#[derive(Debug)]
pub struct VersionHold(Arc<Store>);

impl Drop for VersionHold {
    fn drop(&mut self) {
        self.0.version_holds.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Store {
    /// Keeps every version from now on, until the hold is dropped.
    pub fn hold_versions(self: &Arc<Self>) -> VersionHold {
        // A batch that is being written has decided already.
        let _writer = self.lock_writer();
        self.version_holds.fetch_add(1, Ordering::AcqRel);
        VersionHold(Arc::clone(self))
    }

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
        if self.version_holds.load(Ordering::Acquire) > 0 {
            return Ok(());
        }
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
                rows.insert(
                    &layout::version_key(key, version),
                    layout::write_version(&forgotten, &[]),
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::fhir::ResourceType;
    use crate::store::{ChangeLog as _, Expected, NewChange, Prepared, StoreSettings};

    #[test]
    fn a_held_version_is_read_as_of_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            cache_bytes: 8 << 20,
            versions_kept: NonZeroU32::new(1),
            ..StoreSettings::default()
        };
        let store = Arc::new(Store::open(&dir.path().join("documents"), &settings).unwrap());
        let put = |content: &str| {
            let source = format!(r#"{{"resourceType":"Task","id":"a","description":"{content}"}}"#);
            let document = Prepared::read(source.as_bytes(), None).unwrap();
            let change = NewChange {
                resource_type: ResourceType::Task,
                id: "a",
                expected: Expected::Any,
                document: Some(&document),
                last_updated_ms: 0,
            };
            store.append(&[change], 0).unwrap()[0]
        };
        let first = put("first");
        let as_of_first = || store.read_at(first.key, first.seq).unwrap().unwrap();
        let (hold, another) = (store.hold_versions(), store.hold_versions());
        put("second");
        put("third");
        drop(hold);
        put("fourth");
        assert_eq!((as_of_first().version, as_of_first().header.forgotten), (1, false));
        drop(another);
        put("fifth");
        // All that was held goes with the next write.
        let kept: Vec<u32> = store
            .history(first.key)
            .map(Result::unwrap)
            .filter(|stored| !stored.header.forgotten)
            .map(|stored| stored.version)
            .collect();
        assert_eq!(kept, [5]);
        assert!(as_of_first().header.forgotten);
        assert!(store.read_at(first.key, first.seq - 1).unwrap().is_none());
    }
}
