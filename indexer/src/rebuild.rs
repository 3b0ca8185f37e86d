//! Another generation of the index made ready beside the current one: a new one built from the store, or
//! the one before, brought up to date.
//!
//! The store may be written meanwhile. A generation is filled as of one change and then follows the log,
//! so that only the very last step, done where nobody writes, has to wait for nothing: [`Beside::follow`]
//! once more and [`Beside::publish`]. Not here: who holds the present generation, and when it lets go.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;
use shared::fhir::ResourceType;
use shared::index::{Generation, GenerationError, IndexWriter, Manifest, Snapshot, WriterOptions};
use shared::replay::{Replay, ReplayError};
use shared::schema::index_schema;
use shared::store::{ChangeLog as _, Seq, Store};

use crate::directory::DirectoryError;
use crate::outcome::{Exit, Outcome};
use crate::progress::Progress;
use crate::verify::head_as_of;

/// A generation that is followed this closely can take over.
const CLOSE: Seq = 200;

/// Rounds of following before the rest is left to the last step.
const ROUNDS_MAX: usize = 20;

/// Heads collected before they are looked at in parallel.
const CHUNK: usize = 10_000;

/// A generation that is not current.
#[derive(Debug)]
pub struct Beside {
    /// The generation.
    pub generation: Generation,
    /// Its writer.
    pub writer: IndexWriter,
    /// The last change it knows.
    pub seq: Seq,
}

impl Beside {
    /// Builds a new generation from the store, whoever writes to it meanwhile.
    ///
    /// # Errors
    /// When store or index fail; what was begun is removed.
    pub fn build(
        data_dir: &Path,
        store: &Store,
        base_urls: &[&str],
        after: WriterOptions,
        progress: &dyn Progress,
    ) -> Result<Self, DirectoryError> {
        progress.phase("building the index from the store");
        let generation = Generation::create(data_dir, Arc::clone(store.codec()))?;
        let built = fill(&generation, store, base_urls, progress);
        let opened = built.and_then(|seq| Ok((seq, generation.writer(after)?)));
        match opened {
            Ok((seq, writer)) => Ok(Self { generation, writer, seq }),
            Err(error) => {
                let dir = generation.dir().to_owned();
                drop(generation);
                // Without a manifest it is nothing; the next opening removes what is left.
                let _ = std::fs::remove_dir_all(dir);
                Err(error)
            }
        }
    }

    /// The generation before the current one, as it was left.
    ///
    /// # Errors
    /// When there is none, it was built with another schema, or it knows changes that the store does not
    /// have.
    pub fn previous(data_dir: &Path, store: &Store) -> Result<Self, DirectoryError> {
        let previous = Generation::previous(data_dir, Arc::clone(store.codec()));
        let generation = match previous {
            Ok(Some(generation)) => generation,
            Ok(None) => return Err(DirectoryError::NoPrevious),
            Err(GenerationError::OtherSchema { path, found, expected }) => {
                return Err(DirectoryError::PreviousSchema { path, found, expected });
            }
            Err(error) => return Err(error.into()),
        };
        let (seq, last) = (generation.committed_seq()?, store.last_seq());
        if seq > last {
            return Err(DirectoryError::StoreBehind { store: last, index: seq });
        }
        let writer = generation.writer(WriterOptions::LIVE)?;
        Ok(Self { generation, writer, seq })
    }

    /// Follows the log until little is left of it, while others write.
    ///
    /// # Errors
    /// When store or index fail.
    pub fn come_close(
        &mut self,
        store: &Store,
        base_urls: &[&str],
        progress: &dyn Progress,
    ) -> Result<(), DirectoryError> {
        progress.phase("following the changes made meanwhile");
        for _ in 0..ROUNDS_MAX {
            if store.last_seq() <= self.seq + CLOSE {
                break;
            }
            self.follow(store, base_urls)?;
        }
        Ok(())
    }

    /// Brings the generation to the store's last change.
    ///
    /// # Errors
    /// When store or index fail.
    pub fn follow(&mut self, store: &Store, base_urls: &[&str]) -> Result<(), DirectoryError> {
        if self.seq == store.last_seq() {
            return Ok(());
        }
        let documents = self.generation.documents();
        let replay = Replay { store, writer: &self.writer, documents, base_urls };
        let seq = replay.changes_since(self.seq)?;
        documents.arena.sync().map_err(ReplayError::from)?;
        self.writer.commit(seq).map_err(ReplayError::from)?;
        self.seq = seq;
        Ok(())
    }

    /// A snapshot of the generation, which must hold as many resources as the store does.
    ///
    /// # Errors
    /// [`DirectoryError::Counts`] when it does not.
    pub fn checked_snapshot(&self, store: &Store) -> Result<Snapshot, DirectoryError> {
        let snapshot = self.generation.snapshot(None)?;
        let (stored, indexed) = (live_as_of(store, snapshot.seq)?, resources(&snapshot));
        if stored == indexed {
            Ok(snapshot)
        } else {
            Err(DirectoryError::Counts { stored, indexed })
        }
    }

    /// Makes the generation the current one. `resources` is what a snapshot of it holds.
    ///
    /// # Errors
    /// When a file cannot be written; the former one then stays current.
    pub fn publish(&self, data_dir: &Path, resources: u64) -> Result<Switched, DirectoryError> {
        let schema_digest = index_schema().digest.clone();
        let manifest = Manifest { schema_digest, seq: self.seq, resources };
        self.generation.publish(data_dir, &manifest)?;
        Ok(Switched { generation: self.generation.number(), seq: self.seq, resources })
    }
}

/// Fills a new generation and waits until it is one durable whole. Returns the change it stands at.
fn fill(
    generation: &Generation,
    store: &Store,
    base_urls: &[&str],
    progress: &dyn Progress,
) -> Result<Seq, DirectoryError> {
    let mut writer = generation.writer(WriterOptions::BULK)?;
    let documents = generation.documents();
    let replay = Replay { store, writer: &writer, documents, base_urls };
    let (_, seq) = replay.everything(|done| progress.advance(done, 0, 0))?;
    documents.arena.sync().map_err(ReplayError::from)?;
    writer.commit(seq).map_err(ReplayError::from)?;
    writer.finish().map_err(ReplayError::from)?;
    Ok(seq)
}

/// A generation that has become the current one.
#[derive(Debug, Clone, Serialize)]
pub struct Switched {
    /// Its number.
    pub generation: u32,
    /// The last change it knew then.
    pub seq: Seq,
    /// The resources in it.
    pub resources: u64,
}

impl Switched {
    /// What is printed of it.
    pub fn into_outcome(self) -> Outcome {
        Outcome::new(&self, Exit::Well)
    }
}

impl fmt::Display for Switched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, seq, resources } = self;
        writeln!(f, "{resources} resources indexed as of change {seq}, generation {generation:06}")
    }
}

/// The number of resources that a snapshot holds.
pub fn resources(snapshot: &Snapshot) -> u64 {
    ResourceType::ALL
        .iter()
        .map(|resource_type| snapshot.existing(*resource_type).len() as u64)
        .sum()
}

/// The number of resources that exist as of a change.
fn live_as_of(store: &Store, seq: Seq) -> Result<u64, DirectoryError> {
    let mut live = 0;
    let mut all = store.resources();
    loop {
        let chunk: Vec<_> = all.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
        if chunk.is_empty() {
            return Ok(live);
        }
        let counted = chunk.into_par_iter().map(|(key, _, head)| {
            let head = head_as_of(store, key, head, seq)?;
            Ok(u64::from(head.is_some_and(|head| !head.header.deleted)))
        });
        live += counted.try_reduce(|| 0, |a, b| Ok::<_, DirectoryError>(a + b))?;
    }
}
