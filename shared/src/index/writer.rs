//! The single index writer: extracted values in, one block of index documents a resource.
//!
//! The resource comes first, its records follow in the same block, so that the records of document `d`
//! are the documents after it. An update deletes by owner and adds the new block.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, UserOperation};
use tantivy::{Index, IndexSettings, Result, TantivyDocument, Term};

use super::documents::DocumentAddress;
use crate::access::VisibilityClass;
use crate::extract::{ColumnValue, Extracted, Values};
use crate::geo::zone::Zone;
use crate::param::date::DateRange;
use crate::registry;
use crate::schema::{
    Columns, RECORD_KIND_OFFSET, TermKind, index_schema, term, term_prefix, words,
};

/// A resource, ready to be indexed.
#[derive(Debug, Clone)]
pub struct IndexedResource<'a> {
    /// Its key.
    pub key: u32,
    /// Its values.
    pub extracted: &'a Extracted,
    /// The key of each of its references that names a resource of ours; same order and length.
    pub reference_keys: &'a [Option<u32>],
    /// When the store says it last changed, in milliseconds.
    pub last_updated_ms: i64,
    /// Where its document stands.
    pub address: DocumentAddress,
}

/// The writer of one generation's index. Its methods may be called from several threads at once.
pub struct IndexWriter {
    inner: tantivy::IndexWriter,
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

    fn writer(index: &Index, options: WriterOptions) -> Result<tantivy::IndexWriter> {
        let settings = IndexWriterOptions::builder()
            .num_worker_threads(options.threads)
            .memory_budget_per_thread(options.memory_bytes / options.threads)
            .num_merge_threads(options.merge_threads)
            .build();
        let inner = index.writer_with_options(settings)?;
        inner.set_merge_policy(merge_policy(options));
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
            self.inner.set_merge_policy(merge_policy(self.options));
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
    pub fn add(&self, resource: &IndexedResource<'_>) -> Result<()> {
        let added = self.inner.run(block(resource).into_iter().map(UserOperation::Add));
        self.noting_failure(added).map(drop)
    }

    /// Replaces a resource, or adds it.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn replace(&self, resource: &IndexedResource<'_>) -> Result<()> {
        let delete = UserOperation::Delete(owner_term(resource.key));
        let mut operations = vec![delete];
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
    /// Merges all committed segments.
    pub(super) fn merge_all(&mut self) -> Result<()> {
        let segments = self.inner.index().searchable_segment_ids()?;
        if !segments.is_empty() {
            self.inner.merge(&segments).wait()?;
        }
        Ok(())
    }
}

fn merge_policy(options: WriterOptions) -> Box<LogMergePolicy> {
    let mut policy = LogMergePolicy::default();
    policy.set_min_layer_size(options.merge_docs_min);
    policy.set_level_log_size(MERGE_LEVEL);
    policy.set_max_docs_before_merge(options.merge_docs_max);
    Box::new(policy)
}

fn owner_term(key: u32) -> Term {
    Term::from_field_u64(index_schema().owner, u64::from(key))
}

/// The documents of a resource: itself, then its records.
fn block(resource: &IndexedResource<'_>) -> Vec<TantivyDocument> {
    let schema = index_schema();
    let extracted = resource.extracted;
    let owner = u64::from(resource.key);
    let mut document = TantivyDocument::default();
    document.add_u64(schema.owner, owner);
    document.add_u64(schema.kind, extracted.resource_type.index() as u64);
    document.add_u64(schema.address, resource.address.offset);
    document.add_text(schema.id, &extracted.id);
    if let Some(links) = links(extracted) {
        document.add_u64(schema.links, links);
    }
    add_values(&mut document, &extracted.values);
    add_last_updated(&mut document, resource);
    add_reference_keys(&mut document, resource);
    for (class, text) in &extracted.words {
        let scope = words::scope(extracted.resource_type, *class);
        document.add_text(schema.words, format!("{scope}{text}"));
    }
    if extracted.name_words > 0 {
        document.add_u64(schema.name_words, u64::from(extracted.name_words));
    }
    if let Some(narrative) = &extracted.narrative {
        let scope = words::narrative_scope(extracted.resource_type);
        document.add_text(schema.words, format!("{scope}{narrative}"));
    }
    if let Some(place) = extracted.place {
        document.add_f64(schema.position.0, place.point.lat);
        document.add_f64(schema.position.1, place.point.lon);
        document.add_u64(schema.approximate, u64::from(place.approximate));
    }
    if extracted.zone != Zone::PARIS {
        document.add_u64(schema.zone, u64::from(extracted.zone.number()));
    }
    if let Some(opening) = extracted.opening.encode() {
        document.add_text(schema.opening, opening);
    }
    let mut block = vec![document];
    for record in &extracted.records {
        let mut document = TantivyDocument::default();
        document.add_u64(schema.owner, owner);
        document.add_u64(schema.kind, u64::from(RECORD_KIND_OFFSET + record.kind as u8));
        document.add_u64(schema.class, u64::from(record.class as u8));
        add_values(&mut document, &record.values);
        block.push(document);
    }
    block
}

/// A hash of what logical and canonical references resolve by: the identifiers and URL of the resource,
/// and such references in it. Compared within one index only.
fn links(extracted: &Extracted) -> Option<u64> {
    let own = |name: &str, kind: TermKind| {
        let field = registry::field_id(extracted.resource_type, name)?;
        Some(term_prefix(field, VisibilityClass::Open, kind))
    };
    let own = [own("identifier", TermKind::Token), own("url", TermKind::Uri)];
    let is_link = |term: &&Vec<u8>| {
        let Some(prefix) = term.first_chunk::<4>() else { return false };
        let kind = prefix[3];
        kind == TermKind::Logical as u8
            || kind == TermKind::External as u8
            || own.contains(&Some(*prefix))
    };
    let mut hasher = DefaultHasher::new();
    let mut any = false;
    for term in extracted.values.terms.iter().filter(is_link) {
        term.hash(&mut hasher);
        any = true;
    }
    any.then(|| hasher.finish())
}

fn add_values(document: &mut TantivyDocument, values: &Values) {
    let schema = index_schema();
    for term in &values.terms {
        document.add_bytes(schema.terms, term);
    }
    for (field, value) in &values.columns {
        match (schema.columns(*field), value) {
            (Columns::Date(low, high), ColumnValue::Date(range)) => {
                document.add_i64(low, range.low_ms);
                document.add_i64(high, range.high_ms);
            }
            (Columns::Validity(start, key), ColumnValue::Validity { start_ms, key: replaced }) => {
                document.add_i64(start, *start_ms);
                document.add_i64(key, *replaced);
            }
            (Columns::Number(column), ColumnValue::Number(number)) => {
                document.add_f64(column, *number);
            }
            (Columns::Quantity(ranges, hashes), ColumnValue::Quantity(quantity)) => {
                let (stored, canonical) = (quantity.stored, quantity.canonical);
                let numbers = [stored.low, stored.high, canonical.low, canonical.high];
                for (column, number) in ranges.into_iter().zip(numbers) {
                    document.add_f64(column, number);
                }
                let parts = [quantity.dimension, quantity.code, quantity.unit];
                for (column, part) in hashes.into_iter().zip(parts) {
                    document.add_u64(column, part);
                }
            }
            (Columns::Text(column), ColumnValue::Text(text)) => {
                document.add_text(column, sortable(text));
            }
            (columns, value) => {
                debug_assert!(false, "extraction and schema disagree: {columns:?} {value:?}");
            }
        }
    }
}

/// The part of a text that orders it: a column value has a limit far above any sensible text.
fn sortable(text: &str) -> &str {
    let mut end = text.len().min(crate::schema::MAX_PAYLOAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn add_last_updated(document: &mut TantivyDocument, resource: &IndexedResource<'_>) {
    let base = resource.extracted.resource_type;
    let field = registry::field_id(base, "_lastUpdated").expect("_lastUpdated is on every type");
    let ms = resource.last_updated_ms;
    let range = DateRange { low_ms: ms, high_ms: ms + 1 };
    let present = term(field, VisibilityClass::Open, TermKind::Present, b"");
    add_values(
        document,
        &Values { terms: vec![present], columns: vec![(field, ColumnValue::Date(range))] },
    );
}

fn add_reference_keys(document: &mut TantivyDocument, resource: &IndexedResource<'_>) {
    let schema = index_schema();
    let references = resource.extracted.references.iter().zip(resource.reference_keys);
    for ((field, _), key) in references {
        let Some(key) = key else { continue };
        let bytes = term(*field, VisibilityClass::Open, TermKind::Key, &key.to_be_bytes());
        document.add_bytes(schema.terms, &bytes);
        if let Columns::Reference(column) = schema.columns(*field) {
            document.add_u64(column, u64::from(*key));
        }
    }
}
