//! From terms and columns to documents and keys: the leaves every predicate is made of.

use tantivy::Result;
use tantivy::postings::TermInfo;

use super::columns::Rows;
use super::parallel::{self, ROWS_OF_LOOKUP};
use super::segment::SegmentView;
use super::sets::{BitSet, KeySet};
use super::snapshot::{Segment, Snapshot};
use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::param::token::id_term;
use crate::registry;
use crate::schema::{TermKind, term};

/// Documents of each segment: what criteria on records are combined in, before they become keys.
#[derive(Debug, Clone)]
pub struct DocSet {
    segments: Vec<KeySet>,
}

impl DocSet {
    /// The documents in both sets.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let pairs = self.segments.into_iter().zip(&other.segments);
        Self { segments: pairs.map(|(a, b)| a.and(b)).collect() }
    }

    /// The documents in either set.
    #[must_use]
    pub fn or(self, snapshot: &Snapshot, other: Self) -> Self {
        let pairs = self.segments.into_iter().zip(other.segments).zip(snapshot.segments());
        let or = |((a, b), segment): ((KeySet, KeySet), &Segment)| a.or(b, segment.view.max_doc());
        Self { segments: pairs.map(or).collect() }
    }

    /// The documents that are not in the other set.
    #[must_use]
    pub fn minus(self, other: &Self) -> Self {
        let pairs = self.segments.into_iter().zip(&other.segments);
        Self { segments: pairs.map(|(a, b)| a.minus(b)).collect() }
    }

    /// The documents of one segment.
    pub fn of_segment(&self, segment: usize) -> &KeySet {
        &self.segments[segment]
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.segments.iter().map(KeySet::len).sum()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(KeySet::is_empty)
    }
}

impl Segment {
    /// Calls `visit` with each live document of a term found in this segment's dictionary.
    pub(super) fn for_each_doc_of(
        &self,
        info: &TermInfo,
        visit: &mut dyn FnMut(u32),
    ) -> Result<()> {
        self.view.for_each_block(info, |docs| {
            docs.iter().filter(|doc| self.is_alive(**doc)).for_each(|doc| visit(*doc));
        })
    }

    /// The live documents of any of the terms.
    fn docs_of(&self, infos: &[TermInfo]) -> Result<KeySet> {
        let max_doc = self.view.max_doc();
        let frequency: usize = infos.iter().map(|info| info.doc_freq as usize).sum();
        if !KeySet::is_dense(frequency, max_doc) {
            let mut docs = Vec::with_capacity(frequency);
            for info in infos {
                self.view.for_each_block(info, |block| docs.extend_from_slice(block))?;
            }
            docs.retain(|doc| self.is_alive(*doc));
            return Ok(KeySet::from_keys(docs, max_doc));
        }
        let mut docs = BitSet::with_capacity(max_doc);
        for info in infos {
            self.view.for_each_block(info, |block| docs.insert_ascending(block))?;
        }
        self.retain_alive(&mut docs);
        Ok(KeySet::Dense(docs))
    }
}

impl Snapshot {
    /// Calls `visit` with each live document of an exact term.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn for_each_doc(&self, term: &[u8], visit: &mut dyn FnMut(&Segment, u32)) -> Result<()> {
        for segment in self.segments() {
            if let Some(info) = segment.view.terms().terms().get(term)? {
                segment.for_each_doc_of(&info, &mut |doc| visit(segment, doc))?;
            }
        }
        Ok(())
    }

    /// No documents.
    pub fn no_docs(&self) -> DocSet {
        DocSet { segments: self.segments().iter().map(|_| KeySet::default()).collect() }
    }

    /// Number of documents in all segments, deleted ones included.
    pub fn max_docs(&self) -> usize {
        self.segments().iter().map(|segment| segment.view.max_doc() as usize).sum()
    }

    /// The live documents that `collect` finds in each segment (deleted ones are dropped here).
    ///
    /// # Errors
    /// Those of `collect`.
    pub fn docs(
        &self,
        collect: impl Fn(&SegmentView, &mut Vec<u32>) -> Result<()> + Sync,
    ) -> Result<DocSet> {
        let lookups = self.max_docs() / ROWS_OF_LOOKUP;
        let segments = parallel::map(self.segments(), lookups, |_, segment| {
            let mut docs = Vec::new();
            collect(&segment.view, &mut docs)?;
            docs.retain(|doc| segment.is_alive(*doc));
            Ok(KeySet::from_keys(docs, segment.view.max_doc()))
        })?;
        Ok(DocSet { segments })
    }

    /// The live documents of any of the terms.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn docs_with_terms(&self, terms: &[Vec<u8>]) -> Result<DocSet> {
        let mut found = Vec::with_capacity(self.segments().len());
        for segment in self.segments() {
            let mut infos = Vec::with_capacity(terms.len());
            for term in terms {
                infos.extend(segment.view.terms().terms().get(term)?);
            }
            found.push(infos);
        }
        let docs: usize = found.iter().flatten().map(|info| info.doc_freq as usize).sum();
        let lookups = docs / ROWS_OF_LOOKUP;
        let segments = parallel::map(self.segments(), lookups, |number, segment| {
            segment.docs_of(&found[number])
        })?;
        Ok(DocSet { segments })
    }

    /// The live documents that have a row which holds.
    ///
    /// # Errors
    /// Those of `rows`.
    pub fn docs_with_row<T: Copy + Sync>(
        &self,
        rows: impl Fn(&SegmentView) -> Result<&Rows<T>> + Sync,
        holds: impl Fn(&T) -> bool + Sync,
    ) -> Result<DocSet> {
        let mut all = 0;
        for segment in self.segments() {
            all += rows(&segment.view)?.len();
        }
        let segments = parallel::map(self.segments(), all / ROWS_OF_LOOKUP, |_, segment| {
            let mut docs = rows(&segment.view)?.docs_where(&holds);
            segment.retain_alive(&mut docs);
            Ok(KeySet::of_bits(docs, segment.view.max_doc()))
        })?;
        Ok(DocSet { segments })
    }

    /// The live documents of any term that starts with one of the prefixes.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn docs_with_prefixes(&self, prefixes: &[Vec<u8>]) -> Result<DocSet> {
        self.docs(|view, docs| {
            for prefix in prefixes {
                for_each_term(view, prefix, |_, info| {
                    view.for_each_block(info, |block| docs.extend_from_slice(block))
                })?;
            }
            Ok(())
        })
    }

    /// The live documents of the texts behind one of the prefixes that contain `part` and satisfy
    /// `accept`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn docs_with_text_where(
        &self,
        prefixes: &[[u8; 4]],
        part: &str,
        accept: impl Fn(&str) -> bool + Sync,
    ) -> Result<DocSet> {
        self.docs(|view, docs| {
            for prefix in prefixes {
                let mut read = Ok(());
                view.texts(*prefix)?.containing(part, &mut |text, info| {
                    if read.is_ok() && accept(text) {
                        read = view.for_each_block(info, |block| docs.extend_from_slice(block));
                    }
                });
                read?;
            }
            Ok(())
        })
    }

    /// The records of a kind (see [`SegmentView::kind`]) of some resources.
    pub fn records_of(&self, keys: &KeySet, kind: u8) -> DocSet {
        let mut docs: Vec<Vec<u32>> = self.segments().iter().map(|_| Vec::new()).collect();
        for at in keys.iter().filter_map(|key| self.locate(key)) {
            let view = self.view(at);
            let of_kind = view.records(at.doc).filter(|doc| view.kind(*doc) == kind);
            docs[at.segment as usize].extend(of_kind);
        }
        let sets = docs.into_iter().zip(self.segments());
        let sets = sets.map(|(docs, s)| KeySet::from_keys(docs, s.view.max_doc())).collect();
        DocSet { segments: sets }
    }

    /// Those of `docs` that `keep` keeps, asked for each segment with its documents ascending.
    ///
    /// # Errors
    /// Those of `keep`.
    pub fn keep_docs(
        &self,
        docs: &DocSet,
        keep: impl Fn(&SegmentView, &[u32]) -> Result<Vec<u32>> + Sync,
    ) -> Result<DocSet> {
        let segments = parallel::map(self.segments(), docs.len(), |number, segment| {
            let docs: Vec<u32> = docs.segments[number].iter().collect();
            let kept = if docs.is_empty() { docs } else { keep(&segment.view, &docs)? };
            Ok(KeySet::from_keys(kept, segment.view.max_doc()))
        })?;
        Ok(DocSet { segments })
    }

    /// The keys of the resources that the documents are, or are records of.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn owners(&self, docs: &DocSet) -> Result<KeySet> {
        let len = docs.len();
        if !KeySet::is_dense(len, self.universe()) {
            let mut keys = Vec::with_capacity(len);
            for (segment, docs) in self.segments().iter().zip(&docs.segments) {
                keys.extend(docs.iter().map(|doc| segment.view.owner(doc)));
            }
            return Ok(KeySet::from_keys(keys, self.universe()));
        }
        // Documents are in the order of their owners, mostly: the rows are read in order.
        let lookups = len / ROWS_OF_LOOKUP;
        let insert = |number: usize, segment: &Segment, keys: &mut BitSet| {
            docs.segments[number].iter().for_each(|doc| {
                keys.insert(segment.view.owner(doc));
            });
            Ok(())
        };
        parallel::bits(self.segments(), lookups, self.universe(), insert).map(KeySet::Dense)
    }

    /// The key of an existing resource.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn key_of(&self, resource_type: ResourceType, id: &str) -> Result<Option<u32>> {
        let Some(field) = registry::field_id(resource_type, "_id") else { return Ok(None) };
        let payload = id_term(id).concat();
        let bytes = term(field, VisibilityClass::Open, TermKind::Token, payload.as_bytes());
        let mut found = None;
        self.for_each_doc(&bytes, &mut |segment, doc| found = Some(segment.view.owner(doc)))?;
        Ok(found)
    }
}

/// Visits the terms of a segment that start with `prefix`: what follows it, and where the postings are.
fn for_each_term(
    view: &SegmentView,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], &TermInfo) -> Result<()>,
) -> Result<()> {
    let mut stream = view.terms().terms().range().ge(prefix).into_stream()?;
    while stream.advance() {
        let Some(payload) = stream.key().strip_prefix(prefix) else { break };
        visit(payload, stream.value())?;
    }
    Ok(())
}
