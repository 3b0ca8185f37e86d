//! The threads that searches share their work out to.
//!
//! They are of searches alone, so that no search waits behind a load or a rebuild that keeps other pools
//! busy for seconds. Where no thread can be had, the caller's own does the work.

use std::sync::LazyLock;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

static POOL: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let name = |number| format!("search-{number}");
    ThreadPoolBuilder::new().thread_name(name).build().ok().filter(|pool| {
        // One thread would only take the caller's place.
        pool.current_num_threads() > 1
    })
});

/// The threads, one for each core; `None` where there is but one.
pub(crate) fn pool() -> Option<&'static ThreadPool> {
    POOL.as_ref()
}

/// Does both, at once where there are threads for it.
pub fn join<A: Send, B: Send>(
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    match pool() {
        Some(pool) => pool.join(a, b),
        None => (a(), b()),
    }
}

/// With fewer items, handing some over costs more than it saves. Debug builds, whose directories
/// are small, hand over what there is.
const ITEMS_MIN: usize = if cfg!(debug_assertions) { 2 } else { 2_048 };

/// What `work` makes of the items, without those it makes nothing of, in their order.
pub fn filter_map<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Option<R> + Sync + Send,
) -> Vec<R> {
    match pool() {
        Some(pool) if items.len() >= 2 * ITEMS_MIN => {
            pool.install(|| items.par_iter().with_min_len(ITEMS_MIN).filter_map(&work).collect())
        }
        _ => items.iter().filter_map(work).collect(),
    }
}
