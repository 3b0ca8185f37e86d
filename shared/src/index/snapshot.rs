//! The immutable view of the whole directory that one request reads from parse to last byte.

use std::io;
use std::sync::{Arc, OnceLock};

use tantivy::{BitSet, Searcher, SegmentReader};

use super::documents::{DocumentAddress, Documents};
use super::graph::LogicalEdges;
use super::locations::Locations;
use super::parallel::{self, ROWS_OF_LOOKUP};
use super::segment::SegmentView;
use super::sets::{self, KeySet};
use super::statistics::WordStatistics;
use crate::fhir::ResourceType;
use crate::registry;

/// A resource's document in the index: segment position and document number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    /// Position in [`Snapshot::segments`].
    pub segment: u32,
    /// Document in the segment.
    pub doc: u32,
}

/// A segment as of one commit: its view, and which of its documents are alive.
pub struct Segment {
    /// What is in it.
    pub view: Arc<SegmentView>,
    /// Its number among the segments of a row of snapshots, while it is one of them.
    pub(super) slot: u32,
    /// `None` when all are.
    alive: Option<Arc<BitSet>>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment").field("view", &self.view).finish_non_exhaustive()
    }
}

impl Segment {
    fn open(reader: &SegmentReader, previous: Option<&Self>, slot: u32) -> tantivy::Result<Self> {
        let view = match previous {
            Some(previous) => Arc::clone(&previous.view),
            None => Arc::new(SegmentView::open(reader.clone())?),
        };
        // A segment's documents only die, so that as many as before are the same as before.
        let known = previous.and_then(|previous| previous.alive.as_ref());
        let known = known.filter(|alive| alive.len() == reader.num_docs() as usize);
        let alive = match known {
            Some(alive) => Some(Arc::clone(alive)),
            None => reader.alive_bitset().map(|alive| {
                let mut bits = BitSet::with_max_value_and_full(reader.max_doc());
                bits.intersect_update(alive.bitset());
                Arc::new(bits)
            }),
        };
        Ok(Self { view, slot, alive })
    }

    /// Whether a document is alive.
    pub fn is_alive(&self, doc: u32) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.contains(doc))
    }

    /// Removes the documents that are not alive.
    pub(super) fn retain_alive(&self, docs: &mut sets::BitSet) {
        if self.alive.is_some() {
            docs.mask(|word| self.alive_word(word as u32));
        }
    }

    /// Calls `visit` with each document that is alive here and no more in `later`, the same segment as
    /// of a later commit (`None`: merged into another, or empty).
    pub(super) fn for_each_lost(&self, later: Option<&Self>, visit: &mut dyn FnMut(u32)) {
        let same = |later: &Self| match (&self.alive, &later.alive) {
            (None, None) => true,
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (None, Some(_)) | (Some(_), None) => false,
        };
        if later.is_some_and(same) {
            return;
        }
        let max_doc = self.view.max_doc();
        for bucket in 0..max_doc.div_ceil(64) {
            let after = later.map_or(0, |later| later.alive_word(bucket));
            let mut lost = self.alive_word(bucket) & !after;
            while lost != 0 {
                visit(bucket * 64 + lost.trailing_zeros());
                lost &= lost - 1;
            }
        }
    }

    /// 64 documents from `64 * bucket`, one bit each.
    fn alive_word(&self, bucket: u32) -> u64 {
        let rest = self.view.max_doc() - bucket * 64;
        let all = if rest >= 64 { u64::MAX } else { (1 << rest) - 1 };
        match &self.alive {
            Some(alive) => u64::from_le_bytes(alive.tinyset(bucket).into_bytes()) & all,
            None => all,
        }
    }
}

/// Everything a request reads: immutable.
pub struct Snapshot {
    // Keeps the segments' files while the snapshot is held.
    _searcher: Searcher,
    segments: Vec<Segment>,
    locations: Locations,
    /// By field.
    pub(super) logical: Vec<OnceLock<tantivy::Result<Arc<LogicalEdges>>>>,
    documents: Documents,
    /// What relevance knows of all documents.
    pub(super) statistics: Arc<WordStatistics>,
    /// The last change the index knows.
    pub seq: u64,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("seq", &self.seq).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Opens the segments of `searcher`; what the commit did not touch is shared with `previous`.
    pub(super) fn open(
        searcher: Searcher,
        previous: Option<&Self>,
        documents: Documents,
        seq: u64,
    ) -> tantivy::Result<Self> {
        let before = previous.map_or(&[][..], |previous| &previous.segments);
        let segments = open_segments(searcher.segment_readers(), before)?;
        let (locations, changed) = match previous {
            Some(previous) => previous.locations.after(before, &segments),
            None => Locations::default().after(before, &segments),
        };
        let logical = |field: usize| {
            let known = previous.and_then(|previous| previous.logical[field].get()?.as_ref().ok());
            let still = known.filter(|edges| !edges.depends_on().overlap(changed));
            still.map_or_else(OnceLock::new, |edges| OnceLock::from(Ok(Arc::clone(edges))))
        };
        Ok(Self {
            _searcher: searcher,
            segments,
            locations,
            logical: (0..registry::fields().len()).map(logical).collect(),
            documents,
            statistics: Arc::default(),
            seq,
        })
    }

    /// The statistics of words, which no commit changes.
    pub fn word_statistics(&self) -> &WordStatistics {
        &self.statistics
    }

    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// What `work` makes of each segment and its position, in their order; by several threads when about
    /// so many rows are read in all.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn map_segments<T: Send>(
        &self,
        rows: usize,
        work: impl Fn(usize, &Segment) -> tantivy::Result<T> + Sync,
    ) -> tantivy::Result<Vec<T>> {
        parallel::map(&self.segments, rows / ROWS_OF_LOOKUP, work)
    }

    /// No key of a document is as great; nor has any been since the first of a row of snapshots.
    pub fn universe(&self) -> u32 {
        self.locations.universe()
    }

    /// The keys of the existing resources of a type.
    pub fn existing(&self, resource_type: ResourceType) -> &KeySet {
        self.locations.existing(resource_type)
    }

    /// Where the document of `key` stands in the index; `None` for a placeholder or a deleted resource.
    pub fn locate(&self, key: u32) -> Option<Location> {
        self.locations.locate(key)
    }

    /// The segment view of a location.
    pub fn view(&self, location: Location) -> &SegmentView {
        &self.segments[location.segment as usize].view
    }

    /// The type of an existing resource.
    pub fn resource_type(&self, key: u32) -> Option<ResourceType> {
        let at = self.locate(key)?;
        self.view(at).resource_type(at.doc)
    }

    /// The id of an existing resource.
    pub fn resource_id(&self, key: u32) -> Option<String> {
        let at = self.locate(key)?;
        self.view(at).resource_id(at.doc).map(str::to_owned)
    }

    /// The address of an existing resource's document.
    pub fn address(&self, key: u32) -> Option<DocumentAddress> {
        let at = self.locate(key)?;
        self.view(at)
            .address(at.doc)
            .map(|offset| DocumentAddress { generation: self.documents.generation, offset })
    }

    /// The live documents, as every snapshot of this generation reads them.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Appends the JSON of a document (one object, no trailing newline) to `out`.
    ///
    /// # Errors
    /// When the arena cannot be read or the record's checksum is wrong.
    pub fn read_document(&self, address: DocumentAddress, out: &mut Vec<u8>) -> io::Result<()> {
        self.documents.read(address, out)
    }
}

/// Opens the segments of a commit. Those that `before` has keep their slots, new ones take free slots.
fn open_segments(readers: &[SegmentReader], before: &[Segment]) -> tantivy::Result<Vec<Segment>> {
    let known = |reader: &SegmentReader| {
        before.iter().find(|segment| segment.view.id() == reader.segment_id())
    };
    let mut taken: Vec<u32> = readers.iter().filter_map(known).map(|known| known.slot).collect();
    let mut segments = Vec::with_capacity(readers.len());
    for reader in readers {
        let previous = known(reader);
        let slot = previous.map_or_else(
            || (0..=taken.len() as u32).find(|slot| !taken.contains(slot)).expect("one is free"),
            |previous| previous.slot,
        );
        if previous.is_none() {
            taken.push(slot);
        }
        segments.push(Segment::open(reader, previous, slot)?);
    }
    Ok(segments)
}

#[cfg(test)]
mod tests;
