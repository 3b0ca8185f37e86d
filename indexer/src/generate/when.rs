//! Dates and instants, all before a fixed reference: the wall clock is never read.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::random::Random;

/// 2026-01-01T00:00:00Z, in seconds since 1970: no record is younger.
pub(super) const REFERENCE: i64 = 1_767_225_600;

/// Seconds in a day.
pub(super) const DAY: i64 = 86_400;

/// A moment of the last change of a record: within three years before the reference, a quarter of them
/// within its last ten weeks.
pub(super) fn last_change(random: &mut Random) -> i64 {
    let age = random.unit();
    REFERENCE - 1 - (age * age * (3 * 365 * DAY) as f64) as i64
}

/// A moment of creation up to eight years before `changed`.
pub(super) fn creation(changed: i64, random: &mut Random) -> i64 {
    changed - i64::from(random.below((8 * 365 * DAY) as u32))
}

/// `2025-04-08T13:05:27Z`.
pub(super) fn instant(seconds: i64) -> String {
    timestamp(seconds).to_string()
}

/// `2025-04-08`.
pub(super) fn date(seconds: i64) -> String {
    timestamp(seconds).to_zoned(TimeZone::UTC).date().to_string()
}

fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("within a few decades of the reference")
}

#[cfg(test)]
mod tests {
    use super::{DAY, REFERENCE, date, instant};

    #[test]
    fn forms() {
        assert_eq!(instant(REFERENCE), "2026-01-01T00:00:00Z");
        assert_eq!(date(REFERENCE - DAY), "2025-12-31");
    }
}
