//! Seeded random numbers whose values never change between versions or machines.
//!
//! Every record draws from its own generator, seeded by (seed, stream, index): so it does not matter
//! in which order, or in how many threads, records are made. The samplers are written out here because
//! only the generator of `rand_pcg` promises stable values; those of a sampling library may change.
//! Nothing calls the mathematical library of the platform: only sums, products and divisions.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

/// What a generator is for; two streams of one index never share their numbers.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(super) enum Stream {
    Plan = 1,
    Entity,
    Site,
    Unit,
    Offer,
    Place,
    Person,
    Role,
    Anomaly,
    Report,
}

/// A generator of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(Pcg64Mcg);

impl Random {
    /// The generator of record `index` of `stream`.
    pub(super) fn new(seed: u64, stream: Stream, index: u64) -> Self {
        let high = mix(seed ^ mix(stream as u64));
        let low = mix(high ^ mix(index));
        Self(Pcg64Mcg::new(u128::from(high) << 64 | u128::from(low)))
    }

    fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        // Multiply and shift: the bias is under 2⁻³² and nobody measures it here.
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number of `low..=high`.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// A number of 0 ≤ x < 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True `percent` times in a hundred.
    pub(super) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// True `share` times in ten thousand.
    pub(super) fn per_ten_thousand(&mut self, share: u32) -> bool {
        self.below(10_000) < share
    }

    /// One of `items`, each as likely.
    pub(super) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len() as u32) as usize]
    }

    /// One of the first items more often than one of the last: the first half seven times in ten.
    pub(super) fn pick_early<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        let position = self.unit();
        &items[(position * position * items.len() as f64) as usize]
    }

    /// One of some words, each as likely.
    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick::<&str>(words)
    }

    /// One of some words, the first ones more often.
    pub(super) fn early_word(&mut self, words: &[&'static str]) -> &'static str {
        self.pick_early::<&str>(words)
    }

    /// A number about `mean`, within three `deviation`s of it: the sum of three uniform numbers.
    pub(super) fn around(&mut self, mean: f64, deviation: f64) -> f64 {
        mean + (self.unit() + self.unit() + self.unit() - 1.5) * 2.0 * deviation
    }

    /// A whole number of `low..=high` from a power law of exponent 1 on the tail: half of the numbers are
    /// below 2 × `low`, one in `high / low` is near `high`.
    pub(super) fn power_law(&mut self, low: u32, high: u32) -> u32 {
        let (low, high) = (f64::from(low), f64::from(high.max(low)));
        let share = low / high + self.unit() * (1.0 - low / high);
        (low / share) as u32
    }
}

/// Spreads nearby numbers over all 64 bits (the finalizer of `SplitMix64`).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Random, Stream};

    #[test]
    fn values_are_fixed_forever() {
        let mut random = Random::new(42, Stream::Offer, 7);
        let drawn: Vec<u32> = (0..4).map(|_| random.below(1000)).collect();
        assert_eq!(drawn, [68, 493, 433, 632]);
    }

    #[test]
    fn samples_stay_in_their_range() {
        let mut random = Random::new(1, Stream::Plan, 0);
        let mut largest = 0;
        for _ in 0..10_000 {
            assert!((3..=9).contains(&random.between(3, 9)));
            assert!((0.0..1.0).contains(&random.unit()));
            let size = random.power_law(6, 2000);
            assert!((6..=2000).contains(&size));
            largest = largest.max(size);
        }
        assert!(largest > 500, "the tail is reached: {largest}");
        assert_eq!(random.below(0), 0);
    }
}
