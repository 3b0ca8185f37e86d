//! The immutable view of the whole directory that one request reads from parse to last byte.

use std::io;
use std::sync::{Arc, OnceLock};

use tantivy::Searcher;
use tantivy::fastfield::AliveBitSet;
use tantivy::index::SegmentId;

use super::documents::{DocumentAddress, Documents};
use super::graph::LogicalEdges;
use super::segment::SegmentView;
use super::sets::{BitSet, KeySet};
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

const NOWHERE: u64 = u64::MAX;

/// A segment as of one commit: its view, and which of its documents are alive.
pub struct Segment {
    /// What is in it.
    pub view: Arc<SegmentView>,
    alive: Option<AliveBitSet>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment").field("view", &self.view).finish_non_exhaustive()
    }
}

impl Segment {
    /// Whether a document is alive.
    pub fn is_alive(&self, doc: u32) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }
}

/// Everything a request reads: immutable.
pub struct Snapshot {
    // Keeps the segments' files while the snapshot is held.
    _searcher: Searcher,
    segments: Vec<Segment>,
    /// By key: segment and document, or `NOWHERE`.
    locations: Vec<u64>,
    existing: Vec<KeySet>,
    pub(super) logical: Vec<OnceLock<tantivy::Result<LogicalEdges>>>,
    documents: Documents,
    /// The last change the index knows.
    pub seq: u64,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("seq", &self.seq).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// Opens the segments of `searcher`, reusing the views of `previous`.
    pub(super) fn open(
        searcher: Searcher,
        previous: Option<&Self>,
        documents: Documents,
        seq: u64,
    ) -> tantivy::Result<Self> {
        let known = |id: SegmentId| {
            let segments = previous.map_or(&[][..], |p| &p.segments);
            segments.iter().find(|s| s.view.id() == id).map(|s| Arc::clone(&s.view))
        };
        let mut segments = Vec::with_capacity(searcher.segment_readers().len());
        for reader in searcher.segment_readers() {
            let view = match known(reader.segment_id()) {
                Some(view) => view,
                None => Arc::new(SegmentView::open(reader.clone())?),
            };
            segments.push(Segment { view, alive: reader.alive_bitset().cloned() });
        }
        let (locations, existing) = locate(&segments);
        Ok(Self {
            _searcher: searcher,
            segments,
            locations,
            existing,
            logical: registry::fields().iter().map(|_| OnceLock::new()).collect(),
            documents,
            seq,
        })
    }

    /// The segments.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// One more than the greatest key that has a document.
    pub fn universe(&self) -> u32 {
        self.locations.len() as u32
    }

    /// The keys of the existing resources of a type.
    pub fn existing(&self, resource_type: ResourceType) -> &KeySet {
        &self.existing[resource_type.index()]
    }

    /// Where the document of `key` stands in the index; `None` for a placeholder or a deleted resource.
    pub fn locate(&self, key: u32) -> Option<Location> {
        let packed = *self.locations.get(key as usize)?;
        (packed != NOWHERE)
            .then_some(Location { segment: (packed >> 32) as u32, doc: packed as u32 })
    }

    /// The segment view of a location.
    pub fn view(&self, location: Location) -> &SegmentView {
        &self.segments[location.segment as usize].view
    }

    /// The type of an existing resource.
    pub fn resource_type(&self, key: u32) -> Option<ResourceType> {
        let at = self.locate(key)?;
        ResourceType::ALL.get(usize::from(self.view(at).kind(at.doc))).copied()
    }

    /// The id of an existing resource.
    pub fn resource_id(&self, key: u32) -> Option<String> {
        let at = self.locate(key)?;
        self.view(at).resource_id(at.doc)
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

fn locate(segments: &[Segment]) -> (Vec<u64>, Vec<KeySet>) {
    let greatest = |s: &Segment| (0..s.view.max_doc()).map(|doc| s.view.owner(doc)).max();
    let universe = segments.iter().filter_map(greatest).max().map_or(0, |key| key + 1);
    let mut locations = vec![NOWHERE; universe as usize];
    let mut existing = vec![BitSet::with_capacity(universe); ResourceType::ALL.len()];
    for (number, segment) in segments.iter().enumerate() {
        for doc in 0..segment.view.max_doc() {
            if segment.view.is_resource(doc) && segment.is_alive(doc) {
                let key = segment.view.owner(doc);
                locations[key as usize] = (number as u64) << 32 | u64::from(doc);
                existing[usize::from(segment.view.kind(doc))].insert(key);
            }
        }
    }
    (locations, existing.into_iter().map(KeySet::Dense).collect())
}
