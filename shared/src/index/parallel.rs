//! Work on the segments of a snapshot: by all cores where it is much, by the caller's thread where it is not.
//!
//! The threads are of searches alone, so that no search waits behind a load or a rebuild that keeps other
//! pools busy for seconds.

use std::sync::LazyLock;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tantivy::{Result, TantivyError};

use super::sets::BitSet;
use super::snapshot::Segment;

/// Below so many lookups, handing work over costs more than it saves: a lookup is a step into some other
/// page of memory, tens of nanoseconds; to wake a thread takes some ten microseconds.
const LOOKUPS_MIN: usize = if cfg!(test) { 2 } else { 4_096 };

/// Rows that are read in order in the time of one lookup.
pub(super) const ROWS_OF_LOOKUP: usize = 16;

static POOL: LazyLock<std::result::Result<ThreadPool, String>> = LazyLock::new(|| {
    let name = |number| format!("search-{number}");
    ThreadPoolBuilder::new().thread_name(name).build().map_err(|error| error.to_string())
});

/// The threads, when so many lookups are worth them.
fn pool(lookups: usize, segments: &[Segment]) -> Result<Option<&'static ThreadPool>> {
    if lookups < LOOKUPS_MIN || segments.len() < 2 {
        return Ok(None);
    }
    POOL.as_ref().map(Some).map_err(|error| TantivyError::SystemError(error.clone()))
}

/// What `work` makes of each segment, in their order. The work is about so many lookups in all.
pub(super) fn map<T: Send>(
    segments: &[Segment],
    lookups: usize,
    work: impl Fn(usize, &Segment) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let work = |(number, segment)| work(number, segment);
    match pool(lookups, segments)? {
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
    match pool(lookups, segments)? {
        Some(pool) => pool.install(|| {
            let each = segments.par_iter().enumerate();
            each.try_fold(empty, insert).try_reduce_with(unite).unwrap_or_else(|| Ok(empty()))
        }),
        None => segments.iter().enumerate().try_fold(empty(), insert),
    }
}
