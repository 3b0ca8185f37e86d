//! The single index writer: extracted values in, one block of index documents a resource.
//!
//! The resource comes first, its records follow in the same block, so that the records of document `d`
//! are the documents after it. An update deletes by owner and adds the new block.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, UserOperation};
use tantivy::{Index, IndexSettings, Result, Term};

use super::block::{IndexDocument, block};
use super::documents::DocumentAddress;
use crate::extract::Extracted;
use crate::schema::{index_schema, words};

/// A resource, ready to be indexed.
#[derive(Debug, Clone)]
pub struct IndexedResource<'a> {
    /// Its key.
    pub key: u32,
    /// Its values.
    pub extracted: Extracted,
    /// The key of each of its references that names a resource of ours; same order and length.
    pub reference_keys: &'a [Option<u32>],
    /// When the store says it last changed, in milliseconds.
    pub last_updated_ms: i64,
    /// Where its document stands.
    pub address: DocumentAddress,
}

/// The writer of one generation's index. Its methods may be called from several threads at once.
pub struct IndexWriter {
    inner: tantivy::IndexWriter<IndexDocument>,
    options: WriterOptions,
    /// Whether something failed since the last commit.
    has_failed: AtomicBool,
    /// Whether going back failed too: `inner` then has no lock of the index, and is replaced.
    is_lost: bool,
}

impl std::fmt::Debug for IndexWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexWriter").finish_non_exhaustive()
    }
}

/// How much the writer may use.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Indexing threads.
    pub threads: usize,
    /// Memory of all threads together, in bytes; at least 15 MB a thread.
    pub memory_bytes: usize,
    /// Merges that run at once.
    pub merge_threads: usize,
    /// Segments below this many documents count as equally large.
    pub merge_docs_min: u32,
    /// Segments above this many live documents are left alone; a merge is at most eight times as large.
    pub merge_docs_max: usize,
}

impl WriterOptions {
    /// For a bulk load: few, large segments.
    pub const BULK: Self = Self {
        threads: 2,
        memory_bytes: 400_000_000,
        merge_threads: 2,
        merge_docs_min: 10_000,
        merge_docs_max: 10_000_000,
    };
    /// Beside a serving process: small commits; merges one at a time, of segments of a like size, and
    /// small enough that the next commit takes in their result without being late.
    pub const LIVE: Self = Self {
        threads: 1,
        memory_bytes: 30_000_000,
        merge_threads: 1,
        merge_docs_min: 256,
        merge_docs_max: 30_000,
    };
}

/// Segments of one level differ in size by at most two to the power of this.
const MERGE_LEVEL: f64 = 3.0;

/// Opens or creates the Tantivy index of a generation in `dir`.
pub(super) fn open_index(dir: &Path) -> Result<Index> {
    let directory = tantivy::directory::MmapDirectory::open(dir)?;
    let schema = index_schema().schema.clone();
    let index = Index::open_or_create(directory, schema)?;
    debug_assert_eq!(index.settings(), &IndexSettings::default());
    index.tokenizers().register(words::ANALYZER, words::analyzer());
    Ok(index)
}

impl IndexWriter {
    /// The writer of an index; only one may exist at a time.
    pub(super) fn open(index: &Index, options: WriterOptions) -> Result<Self> {
        let inner = Self::writer(index, options)?;
        Ok(Self { inner, options, has_failed: AtomicBool::new(false), is_lost: false })
    }

    fn writer(
        index: &Index,
        options: WriterOptions,
    ) -> Result<tantivy::IndexWriter<IndexDocument>> {
        let settings = IndexWriterOptions::builder()
            .num_worker_threads(options.threads)
            .memory_budget_per_thread(options.memory_bytes / options.threads)
            .num_merge_threads(options.merge_threads)
            .build();
        let inner = index.writer_with_options(settings)?;
        inner.set_merge_policy(Box::new(merge_policy(options)));
        Ok(inner)
    }

    /// When something failed, throws away what is not committed; to be called before the next changes. An
    /// indexing thread may have ended, and what it held would be missing from the next commit without a
    /// word.
    ///
    /// # Errors
    /// When the index cannot be read; nothing can be committed until this succeeds.
    pub fn recover(&mut self) -> Result<()> {
        if !self.has_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.is_lost {
            self.inner = Self::writer(&self.inner.index().clone(), self.options)?;
        } else {
            self.is_lost = true;
            self.inner.rollback()?;
            self.inner.set_merge_policy(Box::new(merge_policy(self.options)));
        }
        self.is_lost = false;
        self.has_failed.store(false, Ordering::Release);
        Ok(())
    }

    fn noting_failure<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.has_failed.store(true, Ordering::Release);
        }
        result
    }

    /// Adds a resource that the index does not hold.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn add(&self, resource: IndexedResource<'_>) -> Result<()> {
        let added = self.inner.run(block(resource).into_iter().map(UserOperation::Add));
        self.noting_failure(added).map(drop)
    }

    /// Replaces a resource, or adds it.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn replace(&self, resource: IndexedResource<'_>) -> Result<()> {
        let mut operations = vec![UserOperation::Delete(owner_term(resource.key))];
        operations.extend(block(resource).into_iter().map(UserOperation::Add));
        self.noting_failure(self.inner.run(operations)).map(drop)
    }

    /// Removes a resource.
    pub fn delete(&self, key: u32) {
        self.inner.delete_term(owner_term(key));
    }

    /// Makes everything so far durable and visible to new snapshots, as of change `seq`.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn commit(&mut self, seq: u64) -> Result<()> {
        let committed = self.inner.prepare_commit().and_then(|mut prepared| {
            prepared.set_payload(&seq.to_string());
            prepared.commit()
        });
        self.noting_failure(committed).map(drop)
    }

    /// Waits until no merge runs, and ends the writer.
    ///
    /// # Errors
    /// When a merge failed.
    pub fn finish(self) -> Result<()> {
        self.inner.wait_merging_threads()
    }
}

#[cfg(test)]
impl IndexWriter {
    /// Merges all committed segments, which no merge of the background may take away meanwhile.
    pub(super) fn merge_all(&mut self) -> Result<()> {
        let segments = self.inner.index().searchable_segment_ids()?;
        if !segments.is_empty() {
            self.inner.merge(&segments).wait()?;
        }
        Ok(())
    }
}

fn merge_policy(options: WriterOptions) -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_layer_size(options.merge_docs_min);
    policy.set_level_log_size(MERGE_LEVEL);
    policy.set_max_docs_before_merge(options.merge_docs_max);
    policy
}

fn owner_term(key: u32) -> Term {
    Term::from_field_u64(index_schema().owner, u64::from(key))
}
