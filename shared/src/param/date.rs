//! Dates: every one a range of milliseconds, and what a comparison asks of such a range.
//!
//! A date says less than an instant: `2024` is a whole year. Both sides become half-open ranges, and
//! one predicate compares them. Without a zone a date is meant in Europe/Paris, where a day may have 23
//! or 25 hours.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde_json::Value;

use super::{Prefix, ValueError};

/// A stored or asked date: `[low_ms, high_ms)` in milliseconds since 1970 UTC.
///
/// Years 0001 to 9999. An open end of a period is [`DateRange::OPEN_LOW`] or [`DateRange::OPEN_HIGH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateRange {
    /// First millisecond.
    pub low_ms: i64,
    /// The millisecond after the last.
    pub high_ms: i64,
}

/// `[prefix]date`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateQuery {
    /// The comparison.
    pub prefix: Prefix,
    /// The range of the date as written; with `ap`, widened by a tenth of its distance from now.
    pub range: DateRange,
    /// Whether a `+` of a zone that had become a space was put back.
    pub repaired: bool,
}

/// A date as it is written: on the clock of whoever reads it, unless it names a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WallRange {
    /// First millisecond: since 1970 UTC when `zoned`, else since 1970 on the clock.
    pub low_ms: i64,
    /// The millisecond after the last.
    pub high_ms: i64,
    /// Whether a zone is written.
    pub zoned: bool,
}

impl WallRange {
    /// Reads what [`DateRange::parse`] reads, without giving a zone to what has none.
    ///
    /// # Errors
    /// Those of [`DateRange::parse`].
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let range = DateRange::parse(text)?;
        let (date, time) = text.split_once('T').unwrap_or((text, ""));
        let (first, next) = read_date(date).map_err(|why| not_a_date(text, &why))?;
        if time.is_empty() {
            return Ok(Self { low_ms: days_ms(first), high_ms: days_ms(next), zoned: false });
        }
        let time = read_time(time).map_err(|why| not_a_date(text, &why))?;
        if time.zone.is_some() {
            return Ok(Self { low_ms: range.low_ms, high_ms: range.high_ms, zoned: true });
        }
        let low_ms = days_ms(first) + time.in_day_ms;
        Ok(Self { low_ms, high_ms: low_ms + time.precision_ms, zoned: false })
    }
}

/// Where a date without zone is meant.
static PARIS: LazyLock<TimeZone> = LazyLock::new(|| {
    // The bundled database: the answer must not depend on the machine's.
    TimeZoneDatabase::bundled()
        .get("Europe/Paris")
        .expect("the time zone database compiled in knows Europe/Paris")
});

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl DateRange {
    /// The start of a period without start.
    pub const OPEN_LOW: i64 = i64::MIN;
    /// The end of a period without end.
    pub const OPEN_HIGH: i64 = i64::MAX;

    /// Reads a `date`, `dateTime` or `instant`, whole or partial.
    ///
    /// `2024`, `2024-02`, `2024-02-29`, `2024-02-29T10:30`, `…:15`, `…:15.250`, each time with `Z`,
    /// `+01:00` or no zone.
    ///
    /// # Errors
    /// When the text is not of these forms, or the day or time does not exist.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let (first, next) = read_date(date).map_err(|why| not_a_date(text, &why))?;
        let Some(time) = time else {
            return Ok(Self { low_ms: paris_midnight_ms(first), high_ms: paris_midnight_ms(next) });
        };
        if date.len() != "2024-02-29".len() {
            return Err(not_a_date(text, "a time needs a whole day before it"));
        }
        let time = read_time(time).map_err(|why| not_a_date(text, &why))?;
        let low_ms = match time.zone {
            Some(zone_ms) => days_ms(first) + time.in_day_ms - zone_ms,
            None => paris_time_ms(first, time.in_day_ms),
        };
        Ok(Self { low_ms, high_ms: low_ms + time.precision_ms })
    }

    /// Reads a date, dateTime or instant, a `Period` (open ends allowed) or a `Timing` (from the first
    /// to the last of its events and bounds).
    ///
    /// `None` when there is no date in it, or a period ends before it starts: such documents are the
    /// validator's to report.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text.trim()).ok(),
            Value::Object(object)
                if object.contains_key("event") || object.contains_key("repeat") =>
            {
                timing(value)
            }
            Value::Object(_) => period(value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        }
    }

    #[expect(clippy::needless_bitwise_bool, reason = "columns are asked: no branch to foretell")]
    fn contains(&self, other: &Self) -> bool {
        (other.low_ms >= self.low_ms) & (other.high_ms <= self.high_ms)
    }

    #[expect(clippy::needless_bitwise_bool, reason = "columns are asked: no branch to foretell")]
    fn overlaps(&self, other: &Self) -> bool {
        (other.low_ms < self.high_ms) & (other.high_ms > self.low_ms)
    }
}

impl DateQuery {
    /// Reads `ge2023-08-02`, `2024`, `lt2022-11-06T15:00+01:00`.
    ///
    /// # Errors
    /// Those of [`DateRange::parse`].
    pub fn parse(text: &str, now_ms: i64) -> Result<Self, ValueError> {
        let (prefix, date) = Prefix::split(text);
        let zone = repair_zone(date);
        let mut range = DateRange::parse(zone.as_deref().unwrap_or(date))?;
        if prefix == Prefix::Ap {
            let middle_ms = range.low_ms + (range.high_ms - range.low_ms) / 2;
            let margin_ms = (now_ms - middle_ms).abs() / 10;
            range =
                DateRange { low_ms: range.low_ms - margin_ms, high_ms: range.high_ms + margin_ms };
        }
        Ok(Self { prefix, range, repaired: zone.is_some() })
    }

    /// Whether a stored range answers. Source: FHIR R4, search, "Prefixes".
    ///
    /// | prefix | R4's wording, `s` the asked range and `t` the stored one |
    /// |---|---|
    /// | eq | s fully contains t |
    /// | ne | s does not fully contain t |
    /// | gt | the range above s intersects t |
    /// | lt | the range below s intersects t |
    /// | ge | as gt, or s fully contains t |
    /// | le | as lt, or s fully contains t |
    /// | sa | t does not overlap s and lies in the range above it |
    /// | eb | t does not overlap s and lies in the range below it |
    /// | ap | s, widened, overlaps t |
    pub fn matches(&self, stored: DateRange) -> bool {
        let asked = &self.range;
        let above = stored.high_ms > asked.high_ms;
        let below = stored.low_ms < asked.low_ms;
        match self.prefix {
            Prefix::Eq => asked.contains(&stored),
            Prefix::Ne => !asked.contains(&stored),
            Prefix::Gt => above,
            Prefix::Lt => below,
            Prefix::Ge => above | asked.contains(&stored),
            Prefix::Le => below | asked.contains(&stored),
            Prefix::Sa => stored.low_ms >= asked.high_ms,
            Prefix::Eb => stored.high_ms <= asked.low_ms,
            Prefix::Ap => asked.overlaps(&stored),
        }
    }
}

/// Prints the range as two instants: for plans and logs.
impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |ms: i64| match jiff::Timestamp::from_millisecond(ms) {
            Ok(instant) => instant.to_string(),
            Err(_) if ms < 0 => "-∞".to_owned(),
            Err(_) => "∞".to_owned(),
        };
        write!(f, "[{}, {})", end(self.low_ms), end(self.high_ms))
    }
}

fn not_a_date(text: &str, why: &str) -> ValueError {
    ValueError::new(format!("\"{text}\" is not a date: {why}"))
}

fn period(value: &Value) -> Option<DateRange> {
    let end =
        |key: &str| value.get(key).and_then(Value::as_str).map(|t| DateRange::parse(t.trim()));
    let (start, end) = (end("start").transpose().ok()?, end("end").transpose().ok()?);
    if start.is_none() && end.is_none() {
        return None;
    }
    let range = DateRange {
        low_ms: start.map_or(DateRange::OPEN_LOW, |r| r.low_ms),
        high_ms: end.map_or(DateRange::OPEN_HIGH, |r| r.high_ms),
    };
    (range.low_ms < range.high_ms).then_some(range)
}

fn timing(value: &Value) -> Option<DateRange> {
    let events = value.get("event").and_then(Value::as_array);
    let events = events.into_iter().flatten().filter_map(DateRange::from_json);
    let bounds = value.pointer("/repeat/boundsPeriod").and_then(period);
    events.chain(bounds).reduce(|a, b| DateRange {
        low_ms: a.low_ms.min(b.low_ms),
        high_ms: a.high_ms.max(b.high_ms),
    })
}

/// A day as year, month, day.
type Day = (i16, i8, i8);

/// The first day of the written precision, and the first day after it.
fn read_date(text: &str) -> Result<(Day, Day), String> {
    const FORMS: &str = "write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss][zone]";
    let mut parts = text.split('-');
    let year = parts.next().and_then(|t| digits(t, 4)).ok_or(FORMS)?;
    let month = parts.next().map(|t| digits(t, 2).ok_or(FORMS)).transpose()?;
    let day = parts.next().map(|t| digits(t, 2).ok_or(FORMS)).transpose()?;
    if parts.next().is_some() {
        return Err(FORMS.to_owned());
    }
    let year = year as i16;
    if year == 0 {
        return Err("years run from 0001 to 9999".to_owned());
    }
    let Some(month) = month else { return Ok(((year, 1, 1), (year + 1, 1, 1))) };
    if !(1..=12).contains(&month) {
        return Err(format!("there is no month {month:02}; months run from 01 to 12"));
    }
    let month = month as i8;
    let next_month = if month == 12 { (year + 1, 1, 1) } else { (year, month + 1, 1) };
    let Some(day) = day else { return Ok(((year, month, 1), next_month)) };
    let last = days_in_month(year, month);
    if day == 0 || day > i64::from(last) {
        return Err(format!("{year:04}-{month:02} has the days 01 to {last}"));
    }
    let day = day as i8;
    let next = if day == last { next_month } else { (year, month, day + 1) };
    Ok(((year, month, day), next))
}

/// A time of day, its precision and its zone.
struct Time {
    in_day_ms: i64,
    precision_ms: i64,
    /// Milliseconds ahead of UTC; `None` when not written.
    zone: Option<i64>,
}

fn read_time(text: &str) -> Result<Time, String> {
    const FORMS: &str = "write the time hh:mm, hh:mm:ss or hh:mm:ss.fff, then Z, +hh:mm or nothing";
    let (clock, zone_ms) = match text.find(['Z', '+', '-']) {
        Some(at) => (&text[..at], Some(read_offset(&text[at..])?)),
        None => (text, None),
    };
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (clock, None),
    };
    let mut parts = whole.split(':');
    let hour = parts.next().and_then(|t| digits(t, 2)).ok_or(FORMS)?;
    let minute = parts.next().and_then(|t| digits(t, 2)).ok_or(FORMS)?;
    let second = parts.next().map(|t| digits(t, 2).ok_or(FORMS)).transpose()?;
    if parts.next().is_some() || (fraction.is_some() && second.is_none()) {
        return Err(FORMS.to_owned());
    }
    if hour > 23 || minute > 59 || second.is_some_and(|s| s > 59) {
        return Err("hours run from 00 to 23, minutes and seconds from 00 to 59".to_owned());
    }
    let (fraction_ms, precision_ms) = match (second, fraction) {
        (None, _) => (0, MINUTE_MS),
        (Some(_), None) => (0, SECOND_MS),
        (Some(_), Some(fraction)) => read_fraction(fraction).ok_or(FORMS)?,
    };
    let in_day_ms =
        (hour * 60 + minute) * MINUTE_MS + second.unwrap_or(0) * SECOND_MS + fraction_ms;
    Ok(Time { in_day_ms, precision_ms, zone: zone_ms })
}

/// Milliseconds and precision of a fraction of a second; digits beyond the third are cut.
fn read_fraction(text: &str) -> Option<(i64, i64)> {
    if text.is_empty() || text.len() > 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let kept = &text[..text.len().min(3)];
    let precision_ms = 10_i64.pow(3 - kept.len() as u32);
    Some((kept.parse::<i64>().ok()? * precision_ms, precision_ms))
}

fn read_offset(text: &str) -> Result<i64, String> {
    const FORMS: &str = "write the zone Z, +hh:mm or -hh:mm, up to 14:00";
    if text == "Z" {
        return Ok(0);
    }
    let (sign, clock) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(clock), _) => (1, clock),
        (None, Some(clock)) => (-1, clock),
        (None, None) => return Err(FORMS.to_owned()),
    };
    let (hour, minute) = clock.split_once(':').ok_or(FORMS)?;
    let (hour, minute) = (digits(hour, 2).ok_or(FORMS)?, digits(minute, 2).ok_or(FORMS)?);
    if minute > 59 || hour * 60 + minute > 14 * 60 {
        return Err(FORMS.to_owned());
    }
    Ok(sign * (hour * 60 + minute) * MINUTE_MS)
}

/// Puts back the `+` of a zone that an unencoded query turned into a space: `…T15:00 01:00`.
fn repair_zone(date: &str) -> Option<String> {
    let (before, zone) = date.split_once(' ')?;
    let is_zone = zone.len() == "01:00".len() && zone.as_bytes()[2] == b':';
    (is_zone && before.contains('T')).then(|| format!("{before}+{zone}"))
}

/// The number that exactly `count` digits make.
fn digits(text: &str, count: usize) -> Option<i64> {
    let all_digits = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

fn days_in_month(year: i16, month: i8) -> i8 {
    civil::Date::new(year, month, 1).map_or(31, civil::Date::days_in_month)
}

/// Milliseconds from 1970-01-01 to the start of a day, both in UTC. Year 10000 is allowed.
fn days_ms((year, month, day): Day) -> i64 {
    // Howard Hinnant's days_from_civil: years start in March, so that leap days end them.
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY_MS
}

fn paris_midnight_ms(day: Day) -> i64 {
    paris_time_ms(day, 0)
}

/// The instant of a wall-clock time in Paris. A time that a change of clock repeats means the first, a
/// time that it skips the one as much later (RFC 5545).
fn paris_time_ms((year, month, day): Day, in_day_ms: i64) -> i64 {
    // The calendar repeats every 400 years; so does today's rule for summer time. The time zone
    // library ends in December 9999.
    let known_year = if year > 9000 { year - 1200 } else { year };
    let midnight = civil::Date::new(known_year, month, day).expect("the day was checked");
    let wall = midnight
        .to_datetime(civil::Time::midnight())
        .checked_add(jiff::SignedDuration::from_millis(in_day_ms))
        .expect("a time within a day of a known year");
    let instant = PARIS
        .to_ambiguous_timestamp(wall)
        .compatible()
        .expect("a year up to 9000 is within the library's range");
    let shift_ms = days_ms((year, month, day)) - days_ms((known_year, month, day));
    instant.as_millisecond() + shift_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const HOUR_MS: i64 = 60 * MINUTE_MS;

    fn range(text: &str) -> DateRange {
        DateRange::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn check(text: &str, low: &str, high: &str) {
        let instant = |t: &str| t.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let expected = DateRange { low_ms: instant(low), high_ms: instant(high) };
        assert_eq!(range(text), expected, "{text}");
    }

    #[test]
    fn partial_dates() {
        check("2024", "2023-12-31T23:00:00Z", "2024-12-31T23:00:00Z");
        check("2024-02", "2024-01-31T23:00:00Z", "2024-02-29T23:00:00Z");
        check("2024-12", "2024-11-30T23:00:00Z", "2024-12-31T23:00:00Z");
        check("2024-02-29", "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z");
        check("2024-07-01", "2024-06-30T22:00:00Z", "2024-07-01T22:00:00Z");
        check("2022-11-06T15:00", "2022-11-06T14:00:00Z", "2022-11-06T14:01:00Z");
        check("2022-11-06T15:00Z", "2022-11-06T15:00:00Z", "2022-11-06T15:01:00Z");
        check("2022-11-06T15:00:30+01:00", "2022-11-06T14:00:30Z", "2022-11-06T14:00:31Z");
        check("2022-11-06T15:00:30.5-02:00", "2022-11-06T17:00:30.5Z", "2022-11-06T17:00:30.6Z");
        check("2022-11-06T15:00:30.1234Z", "2022-11-06T15:00:30.123Z", "2022-11-06T15:00:30.124Z");
    }

    #[test]
    fn dates_on_a_clock() {
        let instant = |t: &str| t.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let rows = [
            ("2026-07", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z", false),
            ("2026-07-14", "2026-07-14T00:00:00Z", "2026-07-15T00:00:00Z", false),
            ("2026-07-14T10:30", "2026-07-14T10:30:00Z", "2026-07-14T10:31:00Z", false),
            ("2026-07-14T10:30:00+02:00", "2026-07-14T08:30:00Z", "2026-07-14T08:30:01Z", true),
        ];
        for (text, low, high, zoned) in rows {
            let expected = WallRange { low_ms: instant(low), high_ms: instant(high), zoned };
            assert_eq!(WallRange::parse(text).unwrap(), expected, "{text}");
        }
        assert!(WallRange::parse("2026-02-30").is_err());
    }

    #[test]
    fn days_of_clock_changes() {
        let length = |text: &str| (range(text).high_ms - range(text).low_ms) / HOUR_MS;
        assert_eq!(length("2026-03-29"), 23);
        assert_eq!(length("2026-10-25"), 25);
        assert_eq!(length("9998-10-25"), 25, "the rule goes on");
        check("2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z");
        check("2026-03-29T02:30", "2026-03-29T01:30:00Z", "2026-03-29T01:31:00Z");
    }

    #[test]
    fn first_and_last_years() {
        assert_eq!(range("0001").low_ms, days_ms((1, 1, 1)) - (9 * 60 + 21) * SECOND_MS);
        assert_eq!(range("9999").high_ms, days_ms((10_000, 1, 1)) - HOUR_MS);
        assert_eq!(range("9999-12-31").high_ms, range("9999").high_ms);
        assert_eq!(range("9999-12-31T23:59:59Z").high_ms, days_ms((10_000, 1, 1)));
    }

    #[test]
    fn refuses() {
        let texts = [
            "",
            "24",
            "20240229",
            "2024-2-9",
            "2024-13",
            "2024-00",
            "2023-02-29",
            "2024-02-30",
            "2024-01-00",
            "0000",
            "10000",
            "2024-01-01T",
            "2024-01-01T10",
            "2024-01-01T24:00",
            "2024-01-01T10:60",
            "2024-01-01T10:00:60",
            "2024-01-01T10:00+15:00",
            "2024-01T10:00",
            "2024-01-01T10:00:00.",
            "2024-01-01T10:00.5",
            "2024-01-01 10:00",
            "2024-01-01T10:00z",
            "2024-01-01T10:00+0100",
            "２０２４",
            "-2024",
            "2024-01-01T10:00 01:00",
        ];
        for text in texts {
            assert!(DateRange::parse(text).is_err(), "{text}");
        }
        let message = DateRange::parse("2023-02-30").unwrap_err().to_string();
        assert!(message.contains("2023-02 has the days 01 to 28"), "{message}");
    }

    #[test]
    fn elements() {
        let whole = |low_ms, high_ms| Some(DateRange { low_ms, high_ms });
        let rows = [
            (json!("2024"), Some(range("2024"))),
            (
                json!({"start": "2024-01-01", "end": "2024-12-31"}),
                whole(range("2024").low_ms, range("2024").high_ms),
            ),
            (json!({"start": "2024"}), whole(range("2024").low_ms, DateRange::OPEN_HIGH)),
            (json!({"end": "2024"}), whole(DateRange::OPEN_LOW, range("2024").high_ms)),
            (json!({}), None),
            (json!({"start": "2025", "end": "2024"}), None),
            (json!({"start": "soon"}), None),
            (
                json!({"event": ["2024-03-01", "2024-01-01"]}),
                whole(range("2024-01-01").low_ms, range("2024-03-01").high_ms),
            ),
            (
                json!({"repeat": {"boundsPeriod": {"start": "2024"}}}),
                whole(range("2024").low_ms, DateRange::OPEN_HIGH),
            ),
            (json!(2024), None),
        ];
        for (value, expected) in rows {
            assert_eq!(DateRange::from_json(&value), expected, "{value}");
        }
    }

    #[test]
    fn compares() {
        let rows = [
            ("2024", "2024-05-01", true),
            ("2024-05-01", "2024", false),
            ("ne2024", "2024-05-01", false),
            ("ge2023-08-02", "2023-08-02T00:00:00+02:00", true),
            ("ge2023-08-02", "2023-08-01T23:59:59+02:00", false),
            ("gt2023-08-02", "2023-08-02T12:00:00+02:00", false),
            ("gt2023-08-02", "2023-08-03", true),
            ("lt2023-08-02", "2023-08-02", false),
            ("lt2023-08-02", "2023-08-01", true),
            ("le2023-08-02", "2023-08-02T10:00:00Z", true),
            ("gt2024-06", "2024", true),
            ("lt2024-06", "2024", true),
            ("ge2024-06", "2024", true),
            ("sa2024-06", "2024", false),
            ("sa2024-06", "2024-07-01", true),
            ("eb2024-06", "2024-05-31", true),
            ("eb2024-06", "2024-06-01", false),
            ("ap2024-06", "2024", true),
            ("ap2024-06-15", "2024-06-01", true),
            ("ap2024-06-15", "2020", false),
        ];
        let now_ms = range("2026-11-23").low_ms;
        for (query, stored, expected) in rows {
            let query_read = DateQuery::parse(query, now_ms).unwrap();
            assert_eq!(query_read.matches(range(stored)), expected, "{query} on {stored}");
        }
    }

    #[test]
    fn repairs_a_lost_plus() {
        let query = DateQuery::parse("ge2022-11-06T15:00 01:00", 0).unwrap();
        assert!(query.repaired);
        assert_eq!(query.range, range("2022-11-06T15:00+01:00"));
        assert!(!DateQuery::parse("ge2022-11-06T15:00+01:00", 0).unwrap().repaired);
        assert!(DateQuery::parse("2022-11-06 01:00", 0).is_err());
    }

    fn any_date() -> impl Strategy<Value = String> {
        let day = (1_i16..=9999, 1_i8..=12, 1_i8..=28);
        (day, 0..24, 0..60, 0_usize..4).prop_map(|((year, month, day), hour, minute, form)| {
            match form {
                0 => format!("{year:04}"),
                1 => format!("{year:04}-{month:02}"),
                2 => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"),
            }
        })
    }

    proptest! {
        #[test]
        fn laws(asked in any_date(), stored in any_date(), now_ms in -1_000_000_000_000_i64..4_000_000_000_000) {
            let stored = range(&stored);
            let holds = |prefix: &str| {
                DateQuery::parse(&format!("{prefix}{asked}"), now_ms).unwrap().matches(stored)
            };
            prop_assert_ne!(holds("eq"), holds("ne"));
            prop_assert_eq!(holds("ge"), holds("gt") || holds("eq"));
            prop_assert_eq!(holds("le"), holds("lt") || holds("eq"));
            prop_assert!(!holds("sa") || (holds("gt") && !holds("le")));
            prop_assert!(!holds("eb") || (holds("lt") && !holds("ge")));
            prop_assert!(!holds("eq") || holds("ap"));
            prop_assert!(holds("gt") || holds("lt") || holds("eq"));
        }

        #[test]
        fn ranges_are_not_empty(text in any_date()) {
            prop_assert!(range(&text).low_ms < range(&text).high_ms);
        }

        #[test]
        fn no_text_panics(text in ".{0,30}", zone in "[-+ 0-9TZ:.]{0,30}") {
            let _ = DateQuery::parse(&text, 0);
            let _ = DateQuery::parse(&zone, 0);
        }
    }
}
