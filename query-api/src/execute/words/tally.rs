//! The best score of each resource while the terms of a word are read one after the other.
//!
//! An array by key: as many terms as a short word may have would otherwise mean a sort of all postings.

use shared::index::KeySet;

/// Scores by key.
#[derive(Debug, Default)]
pub(super) struct Tally {
    best: Vec<f32>,
    /// One bit for each noted key.
    noted: Vec<u64>,
    /// Keys of the resources whose name holds the word, in any order.
    named: Vec<u32>,
}

impl Tally {
    /// Makes room for keys below `universe`.
    pub(super) fn reserve(&mut self, universe: u32) {
        let universe = universe as usize;
        if self.best.len() < universe {
            // Zeroed pages cost nothing until they are written to.
            debug_assert!(self.noted.iter().all(|bits| *bits == 0), "the universe is fixed");
            self.best = vec![0.0; universe];
            self.noted = vec![0; universe.div_ceil(64)];
        }
    }

    /// Notes a score, above 0, of a resource.
    pub(super) fn note(&mut self, key: u32, score: f32) {
        let best = &mut self.best[key as usize];
        *best = best.max(score);
        self.noted[key as usize / 64] |= 1 << (key % 64);
    }

    /// Notes resources whose name holds the word.
    pub(super) fn note_named(&mut self, keys: Vec<u32>) {
        if self.named.is_empty() {
            self.named = keys;
        } else {
            self.named.extend(keys);
        }
    }

    /// The noted resources by key, each with its best score, and those whose name holds the word;
    /// nothing is noted after that.
    pub(super) fn take(&mut self) -> (Vec<(u32, f32)>, KeySet) {
        let count: u32 = self.noted.iter().map(|bits| bits.count_ones()).sum();
        let mut taken = Vec::with_capacity(count as usize);
        for (at, bits) in self.noted.iter_mut().enumerate() {
            let mut rest = std::mem::take(bits);
            while rest != 0 {
                let key = at * 64 + rest.trailing_zeros() as usize;
                rest &= rest - 1;
                taken.push((key as u32, std::mem::take(&mut self.best[key])));
            }
        }
        let universe = self.best.len() as u32;
        (taken, KeySet::from_keys(std::mem::take(&mut self.named), universe))
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn keeps_the_best_and_starts_again() {
        let mut tally = Tally::default();
        assert_eq!(tally.take().0, []);
        tally.reserve(200);
        for (key, score) in [(130, 0.5), (3, 0.2), (130, 0.4), (63, 0.1), (64, 0.1)] {
            tally.note(key, score);
        }
        tally.note_named(vec![130]);
        tally.note_named(vec![3]);
        let (taken, named) = tally.take();
        assert_eq!(taken, [(3, 0.2), (63, 0.1), (64, 0.1), (130, 0.5)]);
        assert_eq!(named.iter().collect::<Vec<_>>(), [3, 130]);
        tally.reserve(200);
        tally.note(130, 0.3);
        let (taken, named) = tally.take();
        assert!(taken == [(130, 0.3)] && named.is_empty());
    }
}
