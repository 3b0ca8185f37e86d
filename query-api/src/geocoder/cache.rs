//! Answers of the service, kept in memory for a while: bounded in number and in time, never on disk.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use shared::geo::Candidate;

/// Text as it is compared, and postal code.
pub(super) type Key = (String, Option<String>);

#[derive(Debug)]
struct Kept {
    until_ms: i64,
    candidates: Arc<[Candidate]>,
}

/// The answers, least recently used ones forgotten first.
#[derive(Debug)]
pub(super) struct Cache {
    answers: Option<Mutex<LruCache<Key, Kept>>>,
    time_ms: i64,
}

impl Cache {
    /// Keeps at most `entries` answers for `seconds`; none of 0.
    pub(super) fn new(entries: usize, seconds: u64) -> Self {
        let answers = NonZeroUsize::new(entries).map(|size| Mutex::new(LruCache::new(size)));
        let time_ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000);
        Self { answers, time_ms }
    }

    pub(super) fn get(&self, key: &Key, now_ms: i64) -> Option<Arc<[Candidate]>> {
        let mut answers = self.answers.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = answers.get(key)?;
        if kept.until_ms > now_ms {
            return Some(Arc::clone(&kept.candidates));
        }
        answers.pop(key);
        None
    }

    pub(super) fn put(&self, key: Key, candidates: Arc<[Candidate]>, now_ms: i64) {
        let Some(answers) = &self.answers else { return };
        let until_ms = now_ms.saturating_add(self.time_ms);
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.put(key, Kept { until_ms, candidates });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        (text.to_owned(), None)
    }

    #[test]
    fn forgets_the_oldest_and_the_stale() {
        let cache = Cache::new(2, 10);
        cache.put(key("a"), Arc::new([]), 0);
        cache.put(key("b"), Arc::new([]), 0);
        assert!(cache.get(&key("a"), 9_999).is_some());
        cache.put(key("c"), Arc::new([]), 5_000);
        assert!(cache.get(&key("b"), 9_999).is_none(), "the least recently used one");
        assert!(cache.get(&key("a"), 10_000).is_none(), "after its time");
        assert!(cache.get(&key("c"), 10_000).is_some());
        let none = Cache::new(0, 10);
        none.put(key("a"), Arc::new([]), 0);
        assert!(none.get(&key("a"), 0).is_none());
    }
}
