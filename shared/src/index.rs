//! The search index: generations on disk, the single writer, segment views, and the immutable
//! snapshot every request reads.
//!
//! Nothing here knows requests: `plan` and `execute` of the query API turn them into calls on a
//! [`Snapshot`].

mod block;
mod codes;
mod columns;
mod dictionary;
mod documents;
mod generation;
mod graph;
mod locations;
mod lookup;
mod openings;
mod parallel;
mod places;
mod segment;
mod sets;
mod snapshot;
mod statistics;
mod writer;

pub use codes::CodeColumn;
pub use columns::{Rows, TextColumn};
pub use dictionary::WordDictionary;
pub use documents::{DocumentAddress, Documents};
pub use generation::{Generation, GenerationError, IndexFiles, Manifest};
pub use lookup::DocSet;
pub use openings::Openings;
pub use places::{Place, PlaceGrid};
pub use segment::SegmentView;
pub use sets::{BitSet, Bits, KeySet, Keys};
pub use snapshot::{Location, Segment, Snapshot};
pub use statistics::WordStatistics;
pub use writer::{IndexWriter, IndexedResource, WriterOptions};
