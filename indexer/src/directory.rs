//! The data directory with nothing serving it: the store, and the generation brought up to it, open for
//! writing.
//!
//! Whoever opens a directory finds store and index agreeing: an index that is behind (a crash between
//! the two) is replayed, a missing one is built. A store *behind* its index is damage and refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shared::data_dir;
use shared::index::{Generation, GenerationError, IndexWriter, Manifest, WriterOptions};
use shared::replay::{Replay, ReplayError};
use shared::schema::index_schema;
use shared::store::{ChangeLog, Seq, Store, StoreError, StoreSettings};

use crate::load::{LoadError, Step, resume};
use crate::progress::Progress;
use crate::rebuild::{Beside, Switched, resources};

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A folder or file cannot be created or removed.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The generation.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The index could not be brought up to the store.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A restore into the directory did not come to its end.
    #[error(
        "{data_dir} holds half a restored backup: run `indexer restore` into it again",
        data_dir = .0.display()
    )]
    Restoring(PathBuf),
    /// A load that a server had received cannot be continued.
    #[error("a load that was being applied cannot be continued: {0}")]
    Unfinished(String),
    /// There is no generation to go back to.
    #[error(
        "there is no earlier generation of the index to go back to; `indexer rebuild` makes a new one and keeps the one before"
    )]
    NoPrevious,
    /// The generation to go back to was built by another program.
    #[error(
        "{path}, the generation before, was built with schema {found}, this program has {expected}: go back with the program that built it, or run `indexer rebuild`",
        path = path.display()
    )]
    PreviousSchema {
        /// The generation.
        path: PathBuf,
        /// The digest in its manifest.
        found: String,
        /// The digest of this build.
        expected: String,
    },
    /// A generation does not hold what the store does; it is not used.
    #[error(
        "the store holds {stored} resources, the index made from it {indexed}: nothing was switched"
    )]
    Counts {
        /// Resources of the store.
        stored: u64,
        /// Resources of the index.
        indexed: u64,
    },
    /// The index knows changes that the store does not have.
    #[error(
        "the document store is damaged: it ends at change {store}, the index at {index}; restore a backup"
    )]
    StoreBehind {
        /// The store's last change.
        store: Seq,
        /// The index's.
        index: Seq,
    },
}

/// Opens the store of a data directory, creating both when absent.
///
/// # Errors
/// [`StoreError::Locked`] when a server or another command holds it.
pub fn open_store(data_dir: &Path, settings: &StoreSettings) -> Result<Store, DirectoryError> {
    fs::create_dir_all(data_dir)
        .map_err(|source| DirectoryError::Io { path: data_dir.to_owned(), source })?;
    if data_dir::restore_mark(data_dir).exists() {
        return Err(DirectoryError::Restoring(data_dir.to_owned()));
    }
    let store = Store::open(&data_dir::documents(data_dir), settings)?;
    if store.undone_changes() > 0 {
        tracing::warn!(changes = store.undone_changes(), "an unfinished load was undone");
    }
    Ok(store)
}

/// A data directory open for writing.
#[derive(Debug)]
pub struct Directory {
    data_dir: PathBuf,
    /// The documents.
    pub store: Store,
    /// The current generation, or a new one that is not published yet.
    pub generation: Generation,
    /// Its writer.
    pub writer: IndexWriter,
    /// The public URLs of the directory, without trailing slash.
    pub base_urls: Vec<String>,
}

impl Directory {
    /// Opens store and index, and makes them agree.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn open(
        data_dir: &Path,
        settings: &StoreSettings,
        base_urls: Vec<String>,
        progress: &dyn Progress,
    ) -> Result<Self, DirectoryError> {
        let store = open_store(data_dir, settings)?;
        Generation::remove_unfinished(data_dir)?;
        let codec = store.codec().clone();
        let current = Generation::current(data_dir, codec.clone())?;
        let is_new = current.is_none();
        let generation = match current {
            Some(generation) => generation,
            None => Generation::create(data_dir, codec)?,
        };
        let writer = generation.writer(WriterOptions::BULK)?;
        let urls = url_slices(&base_urls);
        let write = &mut |step: Step| -> Result<_, LoadError> { Ok(step.write(&store, i64::MIN)?) };
        resume(&store, data_dir, &urls, write, progress)
            .map_err(|error| DirectoryError::Unfinished(error.to_string()))?;
        let data_dir = data_dir.to_owned();
        let mut directory = Self { data_dir, store, generation, writer, base_urls };
        if is_new {
            directory.build(progress)?;
        } else {
            directory.catch_up(progress)?;
        }
        Ok(directory)
    }

    /// Replaces the index by one built from the store alone, and keeps the one before.
    ///
    /// # Errors
    /// [`DirectoryError`]; the former generation then stays current.
    pub fn rebuild(
        data_dir: &Path,
        settings: &StoreSettings,
        base_urls: &[&str],
        progress: &dyn Progress,
    ) -> Result<Switched, DirectoryError> {
        let store = open_store(data_dir, settings)?;
        // The index may be all that is left of what a damaged store has lost.
        let (index, last) = (Generation::known_seq(data_dir), store.last_seq());
        if index > last {
            return Err(DirectoryError::StoreBehind { store: last, index });
        }
        Generation::remove_unfinished(data_dir)?;
        // A damaged pointer is one of the things a rebuild repairs.
        let former = Generation::current_number(data_dir).ok().flatten();
        let beside = Beside::build(data_dir, &store, base_urls, WriterOptions::LIVE, progress)?;
        let resources = resources(&beside.checked_snapshot(&store)?);
        let switched = beside.publish(data_dir, resources)?;
        let kept: Vec<u32> = former.into_iter().chain([beside.generation.number()]).collect();
        Generation::keep_only(data_dir, &kept)?;
        Ok(switched)
    }

    /// Goes back to the generation before, brought up to the store.
    ///
    /// # Errors
    /// [`DirectoryError`]; the present generation then stays current.
    pub fn rollback(
        data_dir: &Path,
        settings: &StoreSettings,
        base_urls: &[&str],
    ) -> Result<Switched, DirectoryError> {
        let store = open_store(data_dir, settings)?;
        Generation::remove_unfinished(data_dir)?;
        let mut beside = Beside::previous(data_dir, &store)?;
        beside.follow(&store, base_urls)?;
        let resources = resources(&beside.checked_snapshot(&store)?);
        beside.publish(data_dir, resources)
    }

    /// Makes everything indexed so far durable and current, as of change `seq`.
    ///
    /// # Errors
    /// When a file cannot be written; the index then stays at its last commit, and the next opening
    /// brings it up.
    pub fn commit(&mut self, seq: Seq) -> Result<(), DirectoryError> {
        let arena = &self.generation.documents().arena;
        arena.sync().map_err(ReplayError::from)?;
        if self.generation.committed_seq()? < seq || seq == 0 {
            self.writer.commit(seq).map_err(ReplayError::from)?;
        }
        let resources = self.live_resources()?;
        let schema_digest = index_schema().digest.clone();
        let manifest = Manifest { schema_digest, seq, resources };
        Ok(self.generation.publish(&self.data_dir, &manifest)?)
    }

    fn live_resources(&self) -> Result<u64, DirectoryError> {
        let mut live = 0;
        for resource in self.store.resources() {
            let (_, _, head) = resource?;
            live += u64::from(head.is_some_and(|head| !head.header.deleted));
        }
        Ok(live)
    }

    fn build(&mut self, progress: &dyn Progress) -> Result<u64, DirectoryError> {
        if self.store.last_seq() > 0 {
            progress.phase("building the index from the store");
        }
        let base_urls = url_slices(&self.base_urls);
        let (live, seq) =
            self.replay(&base_urls).everything(|done| progress.advance(done, 0, 0))?;
        self.commit(seq)?;
        Ok(live)
    }

    fn catch_up(&mut self, progress: &dyn Progress) -> Result<(), DirectoryError> {
        let (index, store) = (self.generation.committed_seq()?, self.store.last_seq());
        if index > store {
            return Err(DirectoryError::StoreBehind { store, index });
        }
        if index < store {
            progress.phase("bringing the index up to the store");
            let base_urls = url_slices(&self.base_urls);
            let seq = self.replay(&base_urls).changes_since(index)?;
            self.commit(seq)?;
        }
        Ok(())
    }

    fn replay<'a>(&'a self, base_urls: &'a [&'a str]) -> Replay<'a> {
        Replay {
            store: &self.store,
            writer: &self.writer,
            documents: self.generation.documents(),
            base_urls,
        }
    }
}

fn url_slices(urls: &[String]) -> Vec<&str> {
    urls.iter().map(String::as_str).collect()
}
