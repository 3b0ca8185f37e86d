//! Work on the segments of a snapshot: by all cores where it is much, by the caller's thread where it is not.

use rayon::ThreadPool;
use rayon::prelude::*;
use tantivy::Result;

use super::sets::BitSet;
use super::snapshot::Segment;
use crate::parallel;

/// Below so many lookups, handing work over costs more than it saves: a lookup is a step into some other
/// page of memory, tens of nanoseconds; to wake a thread takes some ten microseconds. Debug builds, whose
/// directories are small, hand over what there is.
const LOOKUPS_MIN: usize = if cfg!(debug_assertions) { 2 } else { 4_096 };

/// Rows that are read in order in the time of one lookup.
pub(super) const ROWS_OF_LOOKUP: usize = 16;

/// The threads, when so many lookups are worth them.
fn pool(lookups: usize, segments: &[Segment]) -> Option<&'static ThreadPool> {
    if lookups < LOOKUPS_MIN || segments.len() < 2 { None } else { parallel::pool() }
}

/// What `work` makes of each segment, in their order. The work is about so many lookups in all.
pub(super) fn map<T: Send>(
    segments: &[Segment],
    lookups: usize,
    work: impl Fn(usize, &Segment) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let work = |(number, segment)| work(number, segment);
    match pool(lookups, segments) {
        Some(pool) => pool.install(|| segments.par_iter().enumerate().map(work).collect()),
        None => segments.iter().enumerate().map(work).collect(),
    }
}

/// The members below `universe` that `insert` puts in for each segment.
pub(super) fn bits(
    segments: &[Segment],
    lookups: usize,
    universe: u32,
    insert: impl Fn(usize, &Segment, &mut BitSet) -> Result<()> + Sync,
) -> Result<BitSet> {
    let empty = || BitSet::with_capacity(universe);
    let insert = |mut bits: BitSet, (number, segment)| {
        insert(number, segment, &mut bits)?;
        Ok(bits)
    };
    let unite = |mut bits: BitSet, more: BitSet| {
        bits.unite(&more);
        Ok(bits)
    };
    match pool(lookups, segments) {
        Some(pool) => pool.install(|| {
            let each = segments.par_iter().enumerate();
            each.try_fold(empty, insert).try_reduce_with(unite).unwrap_or_else(|| Ok(empty()))
        }),
        None => segments.iter().enumerate().try_fold(empty(), insert),
    }
}
