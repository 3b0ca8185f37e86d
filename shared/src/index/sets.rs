//! Sets of resource keys: sorted lists while small, bitsets when not.
//!
//! A bitset over every key of the country is 300 kB and is combined in microseconds; a list of a few
//! thousand keys is cheaper still. No hash set is used on the way of a search.

use std::iter::Copied;
use std::slice;

/// A set of `u32` as one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// An empty set that holds members below `capacity` without growing.
    pub fn with_capacity(capacity: u32) -> Self {
        Self { words: vec![0; (capacity as usize).div_ceil(64)] }
    }

    /// Adds a member; tells whether it was absent.
    pub fn insert(&mut self, member: u32) -> bool {
        let word = member as usize / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (member % 64);
        let absent = self.words[word] & bit == 0;
        self.words[word] |= bit;
        absent
    }

    /// Adds a member below the capacity when `is_in`: without a branch, for what cannot be foretold. There
    /// is no room for others, which are left out.
    pub(super) fn insert_if(&mut self, member: u32, is_in: bool) {
        if let Some(word) = self.words.get_mut(member as usize / 64) {
            *word |= u64::from(is_in) << (member % 64);
        }
    }

    /// Adds members below the capacity, ascending: those of one word at once.
    pub(super) fn insert_ascending(&mut self, members: &[u32]) {
        let (mut at, mut bits) = (0, 0);
        for member in members {
            if *member as usize / 64 != at {
                self.words[at] |= bits;
                (at, bits) = (*member as usize / 64, 0);
            }
            bits |= 1 << (member % 64);
        }
        if let Some(word) = self.words.get_mut(at) {
            *word |= bits;
        }
    }

    /// The set of those members, ascending, whose `is_in` says so: without a branch, for what cannot be
    /// foretold. A member that comes several times is in when it once is.
    pub(super) fn of_ascending(capacity: u32, members: impl Iterator<Item = (u32, bool)>) -> Self {
        let mut set = Self::with_capacity(capacity);
        let (mut at, mut word) = (0, 0);
        for (member, is_in) in members {
            if member as usize / 64 != at {
                set.words[at] = word;
                (at, word) = (member as usize / 64, 0);
            }
            word |= u64::from(is_in) << (member % 64);
        }
        if let Some(last) = set.words.get_mut(at) {
            *last = word;
        }
        set
    }

    /// Removes a member.
    pub fn remove(&mut self, member: u32) {
        if let Some(word) = self.words.get_mut(member as usize / 64) {
            *word &= !(1 << (member % 64));
        }
    }

    /// Whether `member` is in the set.
    pub fn contains(&self, member: u32) -> bool {
        self.words.get(member as usize / 64).is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The members, ascending.
    pub fn iter(&self) -> Bits<'_> {
        Bits { words: &self.words, next: 0, rest: 0 }
    }

    /// Removes the members that are in none of the sets.
    pub(super) fn retain_any<const N: usize>(&mut self, sets: [&KeySet; N]) {
        let mut kept = Self::default();
        for set in sets {
            match set {
                KeySet::Dense(bits) => kept.unite(bits),
                KeySet::Sparse(keys) => {
                    for key in keys {
                        kept.insert(*key);
                    }
                }
            }
        }
        self.intersect(&kept);
    }

    /// Keeps the members that `mask` has, too: 64 from `64 * word`, one bit each.
    pub(super) fn mask(&mut self, mask: impl Fn(usize) -> u64) {
        for (at, word) in self.words.iter_mut().enumerate().filter(|(_, word)| **word != 0) {
            *word &= mask(at);
        }
    }

    fn intersect(&mut self, other: &Self) {
        let shared = self.words.len().min(other.words.len());
        self.words.truncate(shared);
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word &= with;
        }
    }

    pub(super) fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word |= with;
        }
    }

    fn subtract(&mut self, other: &Self) {
        for (word, without) in self.words.iter_mut().zip(&other.words) {
            *word &= !without;
        }
    }
}

/// A set that never changes, whose members are numbered in their order.
///
/// A member's number is found without a search, and what it shares with a [`BitSet`] 64 members at a time.
#[derive(Debug, Default)]
pub(super) struct RankedBits {
    /// The word of a bitset that `words` begins with.
    first_word: usize,
    words: Vec<u64>,
    /// By word: how many members the words before it have.
    ranks: Vec<u32>,
}

impl RankedBits {
    /// The set of the given members, ascending, each once.
    pub(super) fn new(members: &[u32]) -> Self {
        let (Some(&first), Some(&last)) = (members.first(), members.last()) else {
            return Self::default();
        };
        let first_word = first as usize / 64;
        let mut words = vec![0; last as usize / 64 + 1 - first_word];
        for member in members {
            words[*member as usize / 64 - first_word] |= 1 << (member % 64);
        }
        let mut rank = 0;
        let ranks = words.iter().map(|word: &u64| {
            let before = rank;
            rank += word.count_ones();
            before
        });
        Self { first_word, ranks: ranks.collect(), words }
    }

    /// Calls `visit` with the number of each member that is in `set`, too, ascending.
    pub(super) fn for_each_rank(&self, set: &KeySet, mut visit: impl FnMut(usize)) {
        let mut visit_at = |at: usize, bit: u32| {
            let before = self.words[at] & ((1 << bit) - 1);
            visit((self.ranks[at] + before.count_ones()) as usize);
        };
        match set {
            KeySet::Sparse(keys) => {
                let end = (self.first_word + self.words.len()) * 64;
                let from = keys.partition_point(|key| (*key as usize) < self.first_word * 64);
                for key in keys[from..].iter().take_while(|key| (**key as usize) < end) {
                    let at = *key as usize / 64 - self.first_word;
                    if self.words[at] >> (key % 64) & 1 == 1 {
                        visit_at(at, key % 64);
                    }
                }
            }
            KeySet::Dense(bits) => {
                let with = bits.words.get(self.first_word..).unwrap_or_default();
                for (at, (own, with)) in self.words.iter().zip(with).enumerate() {
                    let mut shared = own & with;
                    while shared != 0 {
                        visit_at(at, shared.trailing_zeros());
                        shared &= shared - 1;
                    }
                }
            }
        }
    }
}

/// The members of a [`BitSet`], ascending.
#[derive(Debug, Clone)]
pub struct Bits<'a> {
    words: &'a [u64],
    /// The word after the one being read.
    next: usize,
    /// What is left of that one.
    rest: u64,
}

impl Iterator for Bits<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.rest == 0 {
            self.rest = *self.words.get(self.next)?;
            self.next += 1;
        }
        let bit = self.rest.trailing_zeros();
        self.rest &= self.rest - 1;
        Some((self.next as u32 - 1) * 64 + bit)
    }
}

impl<'a> IntoIterator for &'a BitSet {
    type Item = u32;
    type IntoIter = Bits<'a>;

    fn into_iter(self) -> Bits<'a> {
        self.iter()
    }
}

/// The keys of a [`KeySet`], ascending.
#[derive(Debug, Clone)]
pub enum Keys<'a> {
    /// Of a list.
    Sparse(Copied<slice::Iter<'a, u32>>),
    /// Of a bitset.
    Dense(Bits<'a>),
}

impl Iterator for Keys<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Sparse(keys) => keys.next(),
            Self::Dense(bits) => bits.next(),
        }
    }

    // Which form it is, is asked once and not for each key.
    fn fold<B, F: FnMut(B, u32) -> B>(self, init: B, step: F) -> B {
        match self {
            Self::Sparse(keys) => keys.fold(init, step),
            Self::Dense(bits) => bits.fold(init, step),
        }
    }
}

/// A set of keys, in the cheaper of two forms.
#[derive(Debug, Clone)]
pub enum KeySet {
    /// Ascending, each once.
    Sparse(Vec<u32>),
    /// One bit a key.
    Dense(BitSet),
}

/// A list above this share of all keys (1/64: the size of its bitset in bytes) becomes a bitset.
const SPARSE_SHARE: usize = 64;

/// A list above this share of all keys is put in order by way of a bitset rather than by sorting.
const SORTED_SHARE: usize = 1024;

impl Default for KeySet {
    fn default() -> Self {
        Self::Sparse(Vec::new())
    }
}

impl KeySet {
    /// The set of the given keys, in any order, repeats allowed. `universe` is the number of keys.
    pub fn from_keys(mut keys: Vec<u32>, universe: u32) -> Self {
        if Self::is_dense(keys.len(), universe) {
            let mut bits = BitSet::with_capacity(universe);
            for key in keys {
                bits.insert(key);
            }
            return Self::Dense(bits);
        }
        if keys.is_sorted() {
            keys.dedup();
            return Self::Sparse(keys);
        }
        if keys.len() <= universe as usize / SORTED_SHARE {
            keys.sort_unstable();
            keys.dedup();
            return Self::Sparse(keys);
        }
        let mut bits = BitSet::with_capacity(universe);
        for key in &keys {
            bits.insert(*key);
        }
        keys.clear();
        keys.extend(bits.iter());
        Self::Sparse(keys)
    }

    /// The set of the given bits.
    pub(super) fn of_bits(bits: BitSet, universe: u32) -> Self {
        let len = bits.len();
        if Self::is_dense(len, universe) {
            return Self::Dense(bits);
        }
        let mut keys = Vec::with_capacity(len);
        keys.extend(bits.iter());
        Self::Sparse(keys)
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        match self {
            Self::Sparse(keys) => keys.len(),
            Self::Dense(bits) => bits.len(),
        }
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Sparse(keys) => keys.is_empty(),
            Self::Dense(bits) => bits.is_empty(),
        }
    }

    /// Whether `key` is in the set.
    pub fn contains(&self, key: u32) -> bool {
        match self {
            Self::Sparse(keys) => keys.binary_search(&key).is_ok(),
            Self::Dense(bits) => bits.contains(key),
        }
    }

    /// The keys, ascending.
    pub fn iter(&self) -> Keys<'_> {
        match self {
            Self::Sparse(keys) => Keys::Sparse(keys.iter().copied()),
            Self::Dense(bits) => Keys::Dense(bits.iter()),
        }
    }

    /// Whether so many of `universe` keys stand as bits.
    pub(super) fn is_dense(len: usize, universe: u32) -> bool {
        len > universe as usize / SPARSE_SHARE
    }

    /// The keys in both sets.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Sparse(mut keys), other) => {
                keys.retain(|key| other.contains(*key));
                Self::Sparse(keys)
            }
            (Self::Dense(bits), Self::Sparse(keys)) => {
                Self::Sparse(keys.iter().copied().filter(|key| bits.contains(*key)).collect())
            }
            (Self::Dense(mut bits), Self::Dense(with)) => {
                bits.intersect(with);
                Self::Dense(bits)
            }
        }
    }

    /// The keys in either set.
    #[must_use]
    pub fn or(self, other: Self, universe: u32) -> Self {
        match (self, other) {
            (Self::Sparse(mut keys), Self::Sparse(more)) => {
                keys.extend(more);
                Self::from_keys(keys, universe)
            }
            (Self::Dense(mut bits), Self::Dense(more)) => {
                bits.unite(&more);
                Self::Dense(bits)
            }
            (Self::Dense(mut bits), Self::Sparse(keys))
            | (Self::Sparse(keys), Self::Dense(mut bits)) => {
                for key in keys {
                    bits.insert(key);
                }
                Self::Dense(bits)
            }
        }
    }

    /// The keys of this set that are not in the other.
    #[must_use]
    pub fn minus(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Sparse(mut keys), other) => {
                keys.retain(|key| !other.contains(*key));
                Self::Sparse(keys)
            }
            (Self::Dense(mut bits), Self::Sparse(keys)) => {
                for key in keys {
                    bits.remove(*key);
                }
                Self::Dense(bits)
            }
            (Self::Dense(mut bits), Self::Dense(without)) => {
                bits.subtract(without);
                Self::Dense(bits)
            }
        }
    }
}

impl<'a> IntoIterator for &'a KeySet {
    type Item = u32;
    type IntoIter = Keys<'a>;

    fn into_iter(self) -> Keys<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn sets() -> impl Strategy<Value = Vec<u32>> {
        prop_oneof![
            prop::collection::vec(0u32..5000, 0..20),
            prop::collection::vec(0u32..5000, 200..900),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_a_tree_set(a in sets(), b in sets()) {
            let (left, right): (BTreeSet<u32>, BTreeSet<u32>) =
                (a.iter().copied().collect(), b.iter().copied().collect());
            let set = |keys: &Vec<u32>| KeySet::from_keys(keys.clone(), 5000);
            let list = |set: KeySet| set.iter().collect::<Vec<_>>();
            prop_assert_eq!(set(&a).len(), left.len());
            prop_assert_eq!(list(set(&a).and(&set(&b))), left.intersection(&right).copied().collect::<Vec<_>>());
            prop_assert_eq!(list(set(&a).or(set(&b), 5000)), left.union(&right).copied().collect::<Vec<_>>());
            prop_assert_eq!(list(set(&a).minus(&set(&b))), left.difference(&right).copied().collect::<Vec<_>>());
            for key in 0..5000 {
                prop_assert_eq!(set(&a).contains(key), left.contains(&key));
            }
        }
    }
}
