//! A reproducible source of choices: the same seed and the same key give the same choices, whatever else
//! the directory holds.

use jiff::civil::date;
use jiff::{Span, ToSpan};

/// The seed of the shipped sample.
const SEED: u64 = 0x5eed_0044_0075_0015;

/// Choices for one record (`SplitMix64`).
pub(super) struct Random(u64);

impl Random {
    /// Choices for the record `key`.
    pub(super) fn of(key: &str) -> Self {
        // FNV-1a: stable over platforms and versions, unlike the standard hasher.
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(SEED ^ hash)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1; 0 for a bound of 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound.max(1))) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True `percent` times out of a hundred.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, which is not empty.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u32) as usize]
    }

    /// A moment of a working day between March 2024 and June 2026.
    pub(super) fn moment(&mut self) -> String {
        let day = date(2024, 3, 1)
            .checked_add(Span::new().days(i64::from(self.below(840))))
            .expect("a few years after 2024 is within the calendar");
        let minutes = i64::from(self.between(6 * 60, 18 * 60));
        let moment = day.at(0, 0, 0, 0).checked_add(minutes.minutes());
        format!("{}Z", moment.expect("within the day").strftime("%Y-%m-%dT%H:%M:%S"))
    }

    /// A day between March 2024 and June 2026, `YYYY-MM-DD`.
    pub(super) fn day(&mut self) -> String {
        self.moment()[..10].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_key_same_choices() {
        let draw = |key| {
            let mut random = Random::of(key);
            (random.below(1000), random.moment(), random.pick(&[1, 2, 3]))
        };
        assert_eq!(draw("eg-1"), draw("eg-1"));
        assert_ne!(draw("eg-1"), draw("eg-2"));
    }
}
