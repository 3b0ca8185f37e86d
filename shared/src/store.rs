//! The documents: every version of every resource, and the log of their changes, in one sled tree.
//!
//! The store holds the truth; the index is a function of it at one sequence number. Every resource has
//! a dense [`Key`] for life, given at first sight, even when it is only referenced so far. Writers go
//! through [`Store::begin`] (durable batches) or [`Store::begin_load`] (bulk, all or nothing); readers
//! need no lock. Rows are described in `layout`.
//!
//! Not here: validation, search, and the decision what a document's next state is. sled 0.34 has no
//! repair tool: the way back from a damaged store is a backup.

mod batch;
mod codec;
mod error;
mod identities;
mod layout;
mod load;
mod log;
mod meta;
mod pending;
mod prune;
mod restore;
mod scan;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use sled::{Db, IVec, Tree};

use crate::fhir::ResourceType;
use layout::Counters;

pub use batch::{Batch, Expected};
pub use codec::{Codec, CodecError, DOCUMENT_LEN_MAX, DictionaryId, document_len};
pub use error::StoreError;
pub use identities::{Identities, hash as identity_hash};
pub use load::{Load, LoadVersion, Slot};
pub use log::{Change, ChangeKind, ChangeLog, NewChange};
pub use meta::{Digest, MetaError, Prepared, format_instant, splice_meta};
pub use pending::PendingLoad;
pub use prune::VersionHold;
pub use restore::Restore;

/// The number of a resource: dense from 0, for life, never reused.
pub type Key = u32;

/// A place in the change log, from 1; 0 is "before everything".
pub type Seq = u64;

/// The type and id of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its id.
    pub id: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)
    }
}

/// What is known of a version beside its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionHeader {
    /// The log entry that made it.
    pub seq: Seq,
    /// `meta.lastUpdated` in milliseconds since 1970.
    pub last_updated_ms: i64,
    /// Whether this version is the mark of a delete, without a document.
    pub deleted: bool,
    /// Whether its document is no longer kept.
    pub forgotten: bool,
    /// The digest of its content; zero for a delete.
    pub digest: Digest,
}

/// The newest version of a resource, without its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its version number, from 1.
    pub version: u32,
    /// The rest.
    pub header: VersionHeader,
}

/// One version of a resource with its compressed document.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The resource.
    pub key: Key,
    /// The version number, from 1.
    pub version: u32,
    /// The rest.
    pub header: VersionHeader,
    blob: IVec,
}

impl Stored {
    /// The compressed document, as the arena takes it; empty for a delete or a forgotten version.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// sled's page cache; expect 1.5 to 1.8 times as much resident memory.
    pub cache_bytes: u64,
    /// How long to wait for another holder of the store to let go. sled's lock outlives its owner for a
    /// moment, so a short wait is always right.
    pub lock_wait: Duration,
    /// Who we are, told to a later opener that finds the store locked: `indexer load, process 4711`.
    pub owner: String,
    /// How many versions of a resource are kept, the newest included; `None` for all. Older ones are
    /// forgotten when the resource is next written.
    pub versions_kept: Option<NonZeroU32>,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            lock_wait: Duration::from_secs(3),
            owner: format!("process {}", std::process::id()),
            versions_kept: None,
        }
    }
}

/// The open document store. One in a process, one process at a time.
pub struct Store {
    /// `None` while it is being opened again.
    db: RwLock<Option<Db>>,
    /// Whether a write failed since the files were opened.
    has_failed: AtomicBool,
    path: PathBuf,
    settings: StoreSettings,
    codec: Arc<Codec>,
    writer: Mutex<Counters>,
    durable_seq: AtomicU64,
    undone_changes: u64,
    versions_kept: Option<NonZeroU32>,
    /// Holds that keep every version.
    version_holds: AtomicUsize,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("durable_seq", &self.durable_seq).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in `path`, creating it when absent, and undoes a load that was never closed.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process still holds it after `settings.lock_wait`, and what
    /// says that the files cannot be used.
    pub fn open(path: &Path, settings: &StoreSettings) -> Result<Self, StoreError> {
        let (db, counters, undone_changes) = open_tree(path, settings)?;
        let codec = Codec::default();
        for row in db.scan_prefix([layout::DICTIONARY]) {
            let (_, row) = row?;
            let (resource_type, dictionary) = layout::read_dictionary(&row)?;
            codec.add(codec.next_id(), resource_type, dictionary);
        }
        Ok(Self {
            db: RwLock::new(Some(db)),
            has_failed: AtomicBool::new(false),
            path: path.to_owned(),
            settings: settings.clone(),
            codec: Arc::new(codec),
            writer: Mutex::new(counters),
            durable_seq: AtomicU64::new(counters.last_seq),
            undone_changes,
            versions_kept: settings.versions_kept,
            version_holds: AtomicUsize::new(0),
        })
    }

    /// Whether a write failed in sled: it refuses every further one until [`Self::recover`].
    pub fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Closes the files and opens them again, when a write failed. What that write left behind is there
    /// or not, as after a crash; the sequence number says which.
    ///
    /// # Errors
    /// As [`Self::open`]; everything is then [`StoreError::Closed`] until this succeeds. A reader in the
    /// middle of an iteration keeps the files locked: try again.
    pub fn recover(&self) -> Result<(), StoreError> {
        let mut counters = self.lock_writer();
        if !self.has_failed() {
            return Ok(());
        }
        drop(self.db.write().unwrap_or_else(PoisonError::into_inner).take());
        let (db, found, _) = open_tree(&self.path, &self.settings)?;
        *counters = found;
        self.durable_seq.store(found.last_seq, Ordering::Release);
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = Some(db);
        self.has_failed.store(false, Ordering::Release);
        Ok(())
    }

    /// How many changes of an unclosed load were undone at opening.
    pub fn undone_changes(&self) -> u64 {
        self.undone_changes
    }

    /// What compresses and decompresses documents; arenas share it.
    pub fn codec(&self) -> &Arc<Codec> {
        &self.codec
    }

    /// The newest sequence number that a crash cannot take back.
    pub fn durable_seq(&self) -> Seq {
        self.durable_seq.load(Ordering::Acquire)
    }

    /// The number of keys given out: every key is below it. Bitsets over keys have this length.
    pub fn key_count(&self) -> u32 {
        self.lock_writer().next_key
    }

    /// The key of a resource, when it was ever stored or referenced.
    pub fn key_of(&self, resource_type: ResourceType, id: &str) -> Result<Option<Key>, StoreError> {
        let row = self.db()?.get(layout::identity_key(resource_type, id))?;
        row.map(|row| layout::read_u32(&row)).transpose()
    }

    /// The type and id of a key.
    pub fn identity(&self, key: Key) -> Result<Option<Identity>, StoreError> {
        Ok(self.resource(key)?.map(|(identity, _)| identity))
    }

    /// The newest version of a resource; `None` when it was only referenced so far.
    pub fn head(&self, key: Key) -> Result<Option<Head>, StoreError> {
        Ok(self.resource(key)?.and_then(|(_, head)| head))
    }

    /// Identity and newest version at once.
    pub fn resource(&self, key: Key) -> Result<Option<(Identity, Option<Head>)>, StoreError> {
        let row = self.db()?.get(layout::head_key(key))?;
        row.map(|row| layout::read_head(&row)).transpose()
    }

    /// The newest version with its document; a deleted resource gives its delete.
    pub fn read(&self, key: Key) -> Result<Option<Stored>, StoreError> {
        match self.head(key)? {
            Some(head) => self.read_version(key, head.version),
            None => Ok(None),
        }
    }

    /// The newest version as of a change: later ones are not seen.
    pub fn read_at(&self, key: Key, seq: Seq) -> Result<Option<Stored>, StoreError> {
        let mut history = self.history(key);
        history.find(|stored| stored.as_ref().map_or(true, |s| s.header.seq <= seq)).transpose()
    }

    /// One version with its document.
    pub fn read_version(&self, key: Key, version: u32) -> Result<Option<Stored>, StoreError> {
        let Some(row) = self.db()?.get(layout::version_key(key, version))? else { return Ok(None) };
        let (header, blob) = layout::read_version(&row)?;
        Ok(Some(Stored { key, version, header, blob }))
    }

    /// All versions of a resource, newest first.
    pub fn history(&self, key: Key) -> impl Iterator<Item = Result<Stored, StoreError>> + use<> {
        let prefix = layout::versions_prefix(key);
        self.rows(move |db| db.scan_prefix(prefix)).rev().map(move |row| {
            let (row_key, row) = row?;
            let (header, blob) = layout::read_version(&row)?;
            Ok(Stored { key, version: layout::version_number(&row_key)?, header, blob })
        })
    }

    /// Every resource in key order, referenced-only ones too (without a head).
    pub fn resources(
        &self,
    ) -> impl Iterator<Item = Result<(Key, Identity, Option<Head>), StoreError>> + use<> {
        self.rows(|db| db.scan_prefix([layout::HEAD])).map(|row| {
            let (row_key, row) = row?;
            let (identity, head) = layout::read_head(&row)?;
            Ok((layout::key_number(&row_key)?, identity, head))
        })
    }

    /// Appends the JSON of a version to `out`; nothing for a delete or a forgotten version.
    pub fn decode(&self, stored: &Stored, out: &mut Vec<u8>) -> Result<(), StoreError> {
        if stored.header.deleted || stored.header.forgotten {
            return Ok(());
        }
        Ok(self.codec.decode(&stored.blob, out)?)
    }

    /// Trains a dictionary for a type on sample documents and keeps it. Returns whether zstd could
    /// learn one; with too few samples it cannot, and documents are compressed without.
    pub fn train(
        &self,
        resource_type: ResourceType,
        samples: &[Vec<u8>],
    ) -> Result<bool, StoreError> {
        let Some(dictionary) = codec::train(samples) else { return Ok(false) };
        let id = self.codec.next_id();
        let mut row = vec![resource_type.index() as u8];
        row.extend_from_slice(&dictionary);
        self.db()?.insert(layout::dictionary_key(id), row)?;
        self.db()?.flush()?;
        self.codec.add(id, resource_type, &dictionary);
        Ok(true)
    }

    /// The number of the last load, and the latest instant given to a write: what a backup must keep so
    /// that neither is given again.
    pub fn last_load_and_clock_ms(&self) -> (u32, i64) {
        let counters = self.lock_writer();
        (counters.last_load, counters.clock_ms)
    }

    /// The size of the store's files.
    pub fn size_on_disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.db()?.size_on_disk()?)
    }

    /// Waits to be the only writer.
    fn lock_writer(&self) -> MutexGuard<'_, Counters> {
        // The counters are replaced as a whole, after the rows: a panic leaves them right.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// sled itself; its clones share one set of files.
    fn db(&self) -> Result<Db, StoreError> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        db.clone().ok_or(StoreError::Closed)
    }

    /// The rows that `select` chooses; while the store is closed, one failure.
    fn rows<F: FnOnce(&Db) -> sled::Iter>(
        &self,
        select: F,
    ) -> impl DoubleEndedIterator<Item = Result<(IVec, IVec), StoreError>> + use<F> {
        let (rows, closed) = match self.db() {
            Ok(db) => (Some(select(&db)), None),
            Err(closed) => (None, Some(Err(closed))),
        };
        let rows = rows.into_iter().flatten().map(|row| row.map_err(StoreError::from));
        closed.into_iter().chain(rows)
    }

    /// Writes rows, all of them or none, not yet durably.
    fn apply(&self, rows: Rows) -> Result<(), StoreError> {
        self.noting_failure(|db| rows.write_to(db))
    }

    fn noting_failure<T>(
        &self,
        write: impl FnOnce(&Db) -> sled::Result<T>,
    ) -> Result<T, StoreError> {
        write(&self.db()?).map_err(|error| {
            self.has_failed.store(true, Ordering::Release);
            error.into()
        })
    }

    /// Makes everything written so far durable.
    fn flush(&self) -> Result<(), StoreError> {
        self.noting_failure(|db| db.flush()).map(drop)
    }

    /// The same, of which `seq` is the newest.
    fn flush_to(&self, seq: Seq) -> Result<(), StoreError> {
        self.flush()?;
        self.durable_seq.fetch_max(seq, Ordering::AcqRel);
        Ok(())
    }
}

/// Opens the rows, makes the first of a new store, and undoes a load that was never closed. The number
/// is that of the undone changes.
fn open_tree(path: &Path, settings: &StoreSettings) -> Result<(Db, Counters, u64), StoreError> {
    let db = open_locked(path, settings)?;
    // Only for the message of the next opener: a failure to write it must not stop us.
    let _ = std::fs::write(owner_file(path), &settings.owner);
    let mut counters = match db.get(layout::COUNTERS)? {
        Some(row) => layout::read_counters(&row)?,
        None if db.is_empty() => {
            let counters = Counters { next_key: 0, last_seq: 0, last_load: 0, clock_ms: i64::MIN };
            db.insert(layout::COUNTERS, layout::write_counters(&counters))?;
            db.flush()?;
            counters
        }
        None => return Err(StoreError::Corrupt("the counters")),
    };
    let undone_changes = load::undo_unclosed(&db, &mut counters)?;
    Ok((db, counters, undone_changes))
}

/// Opens sled, waiting for a lock that may be about to be released.
fn open_locked(path: &Path, settings: &StoreSettings) -> Result<Db, StoreError> {
    let deadline = Instant::now() + settings.lock_wait;
    loop {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(settings.cache_bytes)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None);
        // sled reports some damage by panicking.
        let opened = catch_unwind(AssertUnwindSafe(|| config.open())).map_err(|_| {
            StoreError::Damaged("its engine stopped while reading the files".to_owned())
        })?;
        let error = match opened {
            Ok(db) => return Ok(db),
            Err(error) => error,
        };
        match error {
            sled::Error::Io(source) if source.to_string().contains("could not acquire lock") => {
                if Instant::now() >= deadline {
                    return Err(StoreError::Locked { path: path.to_owned(), holder: holder(path) });
                }
                thread::sleep(Duration::from_millis(20));
            }
            sled::Error::Io(source) => {
                return Err(StoreError::Unreachable { path: path.to_owned(), source });
            }
            sled::Error::Corruption { .. }
            | sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_) => return Err(error.into()),
        }
    }
}

/// Beside the store's directory, whose files are sled's own.
fn owner_file(path: &Path) -> PathBuf {
    path.with_extension("owner")
}

fn holder(path: &Path) -> String {
    std::fs::read_to_string(owner_file(path)).unwrap_or_else(|_| "another process".to_owned())
}

/// Rows that leave behind about as much as one call of the collector frees: it frees 512 objects.
const ROWS_A_COLLECTION: usize = 256;

/// The rows of one atomic change of the tree, being collected.
#[derive(Default)]
struct Rows {
    batch: sled::Batch,
    len: usize,
}

impl Rows {
    fn identity(&mut self, key: Key, resource_type: ResourceType, id: &str) {
        self.key(key, resource_type, id);
        self.head(key, resource_type, id, None);
    }

    fn key(&mut self, key: Key, resource_type: ResourceType, id: &str) {
        self.insert(&layout::identity_key(resource_type, id), &key.to_be_bytes());
    }

    fn head(&mut self, key: Key, resource_type: ResourceType, id: &str, head: Option<&Head>) {
        self.insert(&layout::head_key(key), layout::write_head(resource_type, id, head));
    }

    fn version(&mut self, key: Key, head: &Head, blob: &[u8]) {
        let row = layout::write_version(&head.header, blob);
        self.insert(&layout::version_key(key, head.version), row);
    }

    fn change(&mut self, change: &Change) {
        self.insert(&layout::log_key(change.seq), layout::write_change(change));
    }

    /// At least one change, and at most [`layout::CHANGES_MAX`], with consecutive numbers.
    fn changes(&mut self, changes: &[Change]) {
        let last = changes.last().map_or(0, |change| change.seq);
        self.insert(&layout::log_key(last), layout::write_changes(changes));
    }

    fn counters(&mut self, counters: &Counters) {
        self.insert(layout::COUNTERS, layout::write_counters(counters));
    }

    fn insert(&mut self, key: &[u8], row: impl Into<IVec>) {
        self.batch.insert(key, row);
        self.len += 1;
    }

    fn remove(&mut self, key: &[u8]) {
        self.batch.remove(key);
        self.len += 1;
    }

    /// Writes them, all or none.
    fn write_to(self, tree: &Tree) -> sled::Result<()> {
        tree.apply_batch(self.batch)?;
        // What the rows replace is freed by a collector that sled shares with others, and that works a
        // little every 128 operations. A batch of thousands of rows is one operation: without this, a
        // bulk load keeps all it ever replaced, several times the size of the store.
        for _ in 0..=self.len / ROWS_A_COLLECTION {
            crossbeam_epoch::pin().flush();
        }
        Ok(())
    }
}

/// The heads of resources changed in a batch that is not written yet.
type PendingHeads = HashMap<Key, Head>;

#[cfg(test)]
mod tests;
