//! From the store to an index generation: what changed since a sequence number, or everything.
//!
//! The index is a function of the store. Whoever finds it behind (after a crash, at a start, in a
//! rebuild) brings it up to date here, with the same extraction as a load. The caller commits.

use std::collections::HashSet;
use std::io;

use rayon::prelude::*;

use crate::extract::{Extracted, extract};
use crate::fhir::Target;
use crate::index::{Documents, IndexWriter, IndexedResource};
use crate::store::{ChangeLog, Key, Seq, Store, StoreError, Stored};

/// Resources read and extracted at once.
const CHUNK: usize = 1_000;

/// Why a generation could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored document is not readable as a resource.
    #[error("the stored document of resource {0} cannot be read: {1}")]
    Document(Key, String),
    /// The arena cannot be written.
    #[error("the document arena: {0}")]
    Arena(#[from] io::Error),
    /// The index cannot be written.
    #[error("the index: {0}")]
    Index(#[from] tantivy::TantivyError),
}

/// A store and the generation to bring up to it.
#[derive(Debug, Clone, Copy)]
pub struct Replay<'a> {
    /// What is true.
    pub store: &'a Store,
    /// The index.
    pub writer: &'a IndexWriter,
    /// The arena.
    pub documents: &'a Documents,
    /// The public URLs of the directory, without trailing slash.
    pub base_urls: &'a [&'a str],
}

impl Replay<'_> {
    /// Brings an index that knows every change up to `seq` to the store's last durable one, which is
    /// returned: commit with it. A resource changed several times is indexed once.
    ///
    /// # Errors
    /// [`ReplayError`]; the uncommitted part of the index is then to be thrown away.
    pub fn changes_since(&self, seq: Seq) -> Result<Seq, ReplayError> {
        let last = self.store.last_seq();
        let changed: HashSet<Key> = self
            .store
            .changes(seq.saturating_add(1)..=last)
            .map(|change| change.map(|change| change.key))
            .collect::<Result<_, _>>()?;
        let mut keys: Vec<Key> = changed.into_iter().collect();
        keys.sort_unstable();
        for chunk in keys.chunks(CHUNK) {
            chunk.par_iter().try_for_each(|key| self.replace(*key))?;
        }
        Ok(last)
    }

    /// Fills an empty index with every live resource. Returns their number and the sequence number to
    /// commit with. `progress` is told how many are done.
    ///
    /// # Errors
    /// [`ReplayError`]; the generation is then to be thrown away.
    pub fn everything(&self, mut progress: impl FnMut(u64)) -> Result<(u64, Seq), ReplayError> {
        let last = self.store.last_seq();
        let mut live = 0;
        let mut chunk = Vec::with_capacity(CHUNK);
        for resource in self.store.resources() {
            let (key, _, head) = resource?;
            if head.is_some_and(|head| !head.header.deleted) {
                chunk.push(key);
            }
            if chunk.len() == CHUNK {
                live += self.add_all(&mut chunk)?;
                progress(live);
            }
        }
        live += self.add_all(&mut chunk)?;
        progress(live);
        Ok((live, last))
    }

    fn add_all(&self, keys: &mut Vec<Key>) -> Result<u64, ReplayError> {
        let count = keys.len() as u64;
        std::mem::take(keys).into_par_iter().try_for_each(|key| match self.store.read(key)? {
            // It may have been deleted since the list was made; the log tells of that.
            Some(stored) if !stored.header.deleted => {
                self.index(&stored, |resource| self.writer.add(resource))
            }
            Some(_) | None => Ok(()),
        })?;
        Ok(count)
    }

    fn replace(&self, key: Key) -> Result<(), ReplayError> {
        match self.store.read(key)? {
            Some(stored) if !stored.header.deleted => {
                self.index(&stored, |resource| self.writer.replace(resource))
            }
            Some(_) | None => {
                self.writer.delete(key);
                Ok(())
            }
        }
    }

    fn index(
        &self,
        stored: &Stored,
        write: impl Fn(IndexedResource<'_>) -> tantivy::Result<()>,
    ) -> Result<(), ReplayError> {
        let key = stored.key;
        let mut json = Vec::new();
        self.store.decode(stored, &mut json)?;
        let document = serde_json::from_slice(&json)
            .map_err(|error| ReplayError::Document(key, error.to_string()))?;
        let extracted = extract(&document, self.base_urls)
            .ok_or_else(|| ReplayError::Document(key, "no type or id".to_owned()))?;
        let reference_keys = self.reference_keys(&extracted)?;
        let address = self.documents.append(key, stored.blob())?;
        write(IndexedResource {
            key,
            extracted,
            reference_keys: &reference_keys,
            last_updated_ms: stored.header.last_updated_ms,
            address,
        })?;
        Ok(())
    }

    /// The keys of the resources a document refers to, given now where a writer did not.
    fn reference_keys(&self, extracted: &Extracted) -> Result<Vec<Option<Key>>, ReplayError> {
        let key = |target: &Option<Target>| match target {
            Some(Target::Local(resource_type, id)) => {
                self.store.ensure_key(*resource_type, id).map(Some)
            }
            Some(Target::External(_) | Target::Contained(_)) | None => Ok(None),
        };
        let references = extracted.references.iter();
        Ok(references.map(|(_, reference)| key(&reference.target)).collect::<Result<_, _>>()?)
    }
}
