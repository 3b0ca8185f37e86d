//! Where each resource's document stands, and which resources exist: carried from one snapshot to the
//! next by what the commit changed.
//!
//! A commit touches a few documents of millions, so the table of locations is in chunks that successive
//! snapshots share, as they share the key set of each type; only what a commit touches is copied. A
//! segment keeps a slot for as long as snapshots in a row have it, so that its locations stay valid while
//! its position among the segments changes. Without a previous snapshot, every segment is new.

use std::sync::Arc;

use super::sets::{BitSet, KeySet};
use super::snapshot::{Location, Segment};
use crate::fhir::ResourceType;

/// Keys of one chunk: few, because a commit of a thousand scattered changes copies as many chunks.
const CHUNK: usize = 1024;

type Chunk = [u64; CHUNK];

const NOWHERE: u64 = u64::MAX;

/// Locations and existing resources as of one commit.
#[derive(Debug, Clone)]
pub(super) struct Locations {
    /// By key: slot of the segment and document, or `NOWHERE`.
    chunks: Vec<Arc<Chunk>>,
    /// By slot: the position of the segment in this snapshot; no document stands in other slots.
    positions: Vec<u32>,
    existing: Vec<Arc<KeySet>>,
    universe: u32,
}

/// Types of resources, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    /// Adds a type.
    pub(super) fn add(&mut self, resource_type: ResourceType) {
        self.0 |= 1 << resource_type.index();
    }

    /// Whether a type is in both.
    pub(super) fn overlap(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A document of a resource that is gone from where it was.
struct Gone {
    key: u32,
    resource_type: ResourceType,
    links: Option<u64>,
}

impl Default for Locations {
    fn default() -> Self {
        let none = Arc::new(KeySet::Dense(BitSet::default()));
        Self {
            chunks: Vec::new(),
            positions: Vec::new(),
            existing: vec![none; ResourceType::ALL.len()],
            universe: 0,
        }
    }
}

impl Locations {
    /// The locations after a commit. `before` are the segments that `self` stands for, `after` those of
    /// the commit; a segment in both has its slot in both, and has only lost documents. Also gives the
    /// types of which a resource came, went or changed in what logical references depend on.
    pub(super) fn after(&self, before: &[Segment], after: &[Segment]) -> (Self, Types) {
        let mut next = self.clone();
        let mut changed = Types::default();
        // What is lost is cleared first: a new segment may have the slot of one that is gone.
        let mut gone = Vec::new();
        for old in before {
            old.for_each_lost(same(old, after), &mut |doc| gone.extend(next.remove(old, doc)));
        }
        next.positions = positions(after);
        for segment in after.iter().filter(|segment| same(segment, before).is_none()) {
            next.add(segment, &mut changed);
        }
        for gone in gone {
            let now = next.locate(gone.key);
            if now.is_none() {
                next.existing_mut(gone.resource_type).remove(gone.key);
            }
            let links = now.and_then(|at| after[at.segment as usize].view.links(at.doc));
            if links != gone.links {
                changed.add(gone.resource_type);
            }
        }
        (next, changed)
    }

    /// Where the document of `key` stands.
    pub(super) fn locate(&self, key: u32) -> Option<Location> {
        let packed = self.chunks.get(key as usize / CHUNK)?[key as usize % CHUNK];
        (packed != NOWHERE).then(|| Location {
            segment: self.positions[(packed >> 32) as usize],
            doc: packed as u32,
        })
    }

    /// The keys of the existing resources of a type.
    pub(super) fn existing(&self, resource_type: ResourceType) -> &KeySet {
        &self.existing[resource_type.index()]
    }

    /// One more than the greatest key that ever had a document here.
    pub(super) fn universe(&self) -> u32 {
        self.universe
    }

    /// Forgets where a document stands; `None` when it is no resource, or not the one known.
    fn remove(&mut self, segment: &Segment, doc: u32) -> Option<Gone> {
        let view = &segment.view;
        let resource_type = view.resource_type(doc)?;
        let key = view.owner(doc);
        let known =
            &mut Arc::make_mut(&mut self.chunks[key as usize / CHUNK])[key as usize % CHUNK];
        if *known != packed(segment, doc) {
            return None;
        }
        *known = NOWHERE;
        Some(Gone { key, resource_type, links: view.links(doc) })
    }

    /// Takes in the live documents of a new segment.
    fn add(&mut self, segment: &Segment, changed: &mut Types) {
        let view = &segment.view;
        self.universe = self.universe.max(view.universe());
        let chunks = (self.universe as usize).div_ceil(CHUNK);
        self.chunks.resize_with(chunks, || Arc::new([NOWHERE; CHUNK]));
        for doc in 0..view.max_doc() {
            let Some(resource_type) = view.resource_type(doc) else { continue };
            if !segment.is_alive(doc) {
                continue;
            }
            let key = view.owner(doc);
            Arc::make_mut(&mut self.chunks[key as usize / CHUNK])[key as usize % CHUNK] =
                packed(segment, doc);
            // What existed was taken from where it stood, and is looked at there.
            if !self.existing(resource_type).contains(key) {
                self.existing_mut(resource_type).insert(key);
                if view.links(doc).is_some() {
                    changed.add(resource_type);
                }
            }
        }
    }

    fn existing_mut(&mut self, resource_type: ResourceType) -> &mut BitSet {
        match Arc::make_mut(&mut self.existing[resource_type.index()]) {
            KeySet::Dense(bits) => bits,
            KeySet::Sparse(_) => unreachable!("existing keys are a bitset from the first"),
        }
    }
}

fn packed(segment: &Segment, doc: u32) -> u64 {
    u64::from(segment.slot) << 32 | u64::from(doc)
}

/// The same segment as of another commit.
fn same<'s>(segment: &Segment, others: &'s [Segment]) -> Option<&'s Segment> {
    others.iter().find(|other| other.view.id() == segment.view.id())
}

fn positions(segments: &[Segment]) -> Vec<u32> {
    let slots = segments.iter().map(|segment| segment.slot as usize + 1).max().unwrap_or(0);
    let mut positions = vec![u32::MAX; slots];
    for (position, segment) in segments.iter().enumerate() {
        positions[segment.slot as usize] = position as u32;
    }
    positions
}
