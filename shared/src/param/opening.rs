//! Opening hours: what an offer says of them, in the index, and whether it is open at an instant.
//!
//! Hours are meant on the clock of the place. A slot that ends before it starts runs past midnight and
//! belongs to the day it starts on. What a document means is read in `extract`; which offers share a
//! zone, a closed place or a closed organization is the index's to know.

use std::fmt::Write as _;

use super::date::WallRange;
use crate::geo::zone::Zone;

/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const MINUTE_MS: i64 = 60 * 1_000;

/// Longest encoded form in the index, in bytes. Hours beyond it (hundreds of slots) count as unknown.
pub const ENCODED_BYTES_MAX: usize = 16 * 1024;

/// The hours of an offer; of an organization, only when it is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// Weekly slots in which it is open.
    pub open: Vec<Slot>,
    /// Weekly slots in which it is closed, whatever else is said.
    pub shut: Vec<Slot>,
    /// Times at which it is closed, whatever else is said.
    pub closed: Vec<Span>,
}

/// A slot of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Days it starts on: bit 0 is Monday.
    pub days: u8,
    /// Minute of the day it starts at.
    pub start_minute: u16,
    /// Its length; may run into the next day, at most a day.
    pub minutes: u16,
    /// When the slot is in force: the days it starts on.
    pub effective: Span,
}

/// A time between two bounds; without one, without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First moment.
    pub from: Option<Bound>,
    /// The moment after the last.
    pub until: Option<Bound>,
}

/// One end of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// An instant, in milliseconds since 1970 UTC.
    Instant(i64),
    /// What the clock of the place says, in milliseconds since 1970 on that clock.
    Wall(i64),
}

/// An instant, with what the clock says in one zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    instant_ms: i64,
    wall_ms: i64,
    /// 0 is Monday.
    weekday: u8,
    minute: u16,
}

impl Moment {
    /// An instant (milliseconds since 1970 UTC) in a zone; `None` beyond the years of the calendar.
    pub fn new(instant_ms: i64, zone: Zone) -> Option<Self> {
        let clock = zone.clock(instant_ms)?;
        let time = clock.time();
        let minute = time.hour() as u16 * 60 + time.minute() as u16;
        let midnight = jiff::civil::DateTime::from(clock.date());
        let days = midnight.date().since(jiff::civil::date(1970, 1, 1)).ok()?.get_days();
        let in_day_ms = i64::from(minute) * MINUTE_MS
            + i64::from(time.second()) * 1_000
            + i64::from(time.millisecond());
        Some(Self {
            instant_ms,
            wall_ms: i64::from(days) * DAY_MS + in_day_ms,
            weekday: clock.weekday().to_monday_zero_offset() as u8,
            minute,
        })
    }

    fn wall_midnight_ms(&self) -> i64 {
        self.wall_ms.div_euclid(DAY_MS) * DAY_MS
    }
}

impl Span {
    /// All time.
    pub const ALWAYS: Self = Self { from: None, until: None };

    /// From the start of one date to the end of another, as they are written.
    pub fn of_dates(start: Option<WallRange>, end: Option<WallRange>) -> Self {
        let bound = |ms: i64, zoned: bool| if zoned { Bound::Instant(ms) } else { Bound::Wall(ms) };
        Self {
            from: start.map(|range| bound(range.low_ms, range.zoned)),
            until: end.map(|range| bound(range.high_ms, range.zoned)),
        }
    }

    fn contains(&self, instant_ms: i64, wall_ms: i64) -> bool {
        let value = |bound: Bound| match bound {
            Bound::Instant(ms) => (instant_ms, ms),
            Bound::Wall(ms) => (wall_ms, ms),
        };
        let after = self.from.is_none_or(|from| {
            let (now, from) = value(from);
            now >= from
        });
        let before = self.until.is_none_or(|until| {
            let (now, until) = value(until);
            now < until
        });
        after && before
    }
}

impl Slot {
    /// Whether the moment is in an occurrence of the slot: that of today, or that of yesterday.
    fn contains(&self, moment: &Moment) -> bool {
        [0, 1].into_iter().any(|days_ago: u8| {
            let weekday = (moment.weekday + 7 - days_ago) % 7;
            let minute = moment.minute + u16::from(days_ago) * DAY_MINUTES;
            let start_wall_ms = moment.wall_midnight_ms() - i64::from(days_ago) * DAY_MS
                + i64::from(self.start_minute) * MINUTE_MS;
            self.days >> weekday & 1 == 1
                && (self.start_minute..self.start_minute + self.minutes).contains(&minute)
                && self.effective.contains(moment.instant_ms, start_wall_ms)
        })
    }
}

impl Opening {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.shut.is_empty() && self.closed.is_empty()
    }

    /// Whether it is open: a slot holds, and nothing closes it.
    pub fn is_open(&self, moment: &Moment) -> bool {
        self.open.iter().any(|slot| slot.contains(moment))
            && !self.shut.iter().any(|slot| slot.contains(moment))
            && !self.is_closed(moment)
    }

    /// Whether a closing is under way.
    pub fn is_closed(&self, moment: &Moment) -> bool {
        self.closed.iter().any(|span| span.contains(moment.instant_ms, moment.wall_ms))
    }

    /// The form in the index: `o31,540,1050,,;s…;c,w…,i…`. `None` when it is empty or too long.
    pub fn encode(&self) -> Option<String> {
        let mut text = String::new();
        for (mark, slots) in [('o', &self.open), ('s', &self.shut)] {
            for slot in slots {
                let Slot { days, start_minute, minutes, effective } = slot;
                let _ = write!(text, "{mark}{days},{start_minute},{minutes},");
                encode_span(&mut text, effective);
            }
        }
        for span in &self.closed {
            text.push_str("c,");
            encode_span(&mut text, span);
        }
        (!text.is_empty() && text.len() <= ENCODED_BYTES_MAX).then_some(text)
    }

    /// Reads [`Opening::encode`]'s form. `None` when it is another form.
    pub fn decode(text: &str) -> Option<Self> {
        let mut opening = Self::default();
        for part in text.split_terminator(';') {
            let mark = part.chars().next()?;
            let fields: Vec<&str> = part.get(1..)?.split(',').collect();
            match (mark, fields.as_slice()) {
                ('c', ["", from, until]) => opening.closed.push(decode_span(from, until)?),
                ('o' | 's', [days, start, minutes, from, until]) => {
                    let slot = Slot {
                        days: days.parse().ok()?,
                        start_minute: start.parse().ok()?,
                        minutes: minutes.parse().ok()?,
                        effective: decode_span(from, until)?,
                    };
                    let slots = if mark == 'o' { &mut opening.open } else { &mut opening.shut };
                    slots.push(slot);
                }
                (_, _) => return None,
            }
        }
        Some(opening)
    }
}

fn encode_span(text: &mut String, span: &Span) {
    for (bound, end) in [(span.from, ','), (span.until, ';')] {
        let _ = match bound {
            None => Ok(()),
            Some(Bound::Instant(ms)) => write!(text, "i{ms}"),
            Some(Bound::Wall(ms)) => write!(text, "w{ms}"),
        };
        text.push(end);
    }
}

fn decode_span(from: &str, until: &str) -> Option<Span> {
    let bound = |text: &str| match text.split_at_checked(1) {
        None => Some(None),
        Some(("i", ms)) => Some(Some(Bound::Instant(ms.parse().ok()?))),
        Some(("w", ms)) => Some(Some(Bound::Wall(ms.parse().ok()?))),
        Some(_) => None,
    };
    Some(Span { from: bound(from)?, until: bound(until)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(instant: &str, commune: &str) -> Moment {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        Moment::new(instant.as_millisecond(), Zone::of_commune(commune)).unwrap()
    }

    fn slot(days: u8, start_minute: u16, minutes: u16) -> Slot {
        Slot { days, start_minute, minutes, effective: Span::ALWAYS }
    }

    fn open(slots: &[Slot]) -> Opening {
        Opening { open: slots.to_vec(), ..Opening::default() }
    }

    const WORKING_DAYS: u8 = 0b1_1111;
    const ALL_DAYS: u8 = 0b111_1111;
    const SATURDAY: u8 = 0b10_0000;
    const SUNDAY: u8 = 0b100_0000;

    #[test]
    fn hours_are_those_of_the_place() {
        let hours = open(&[slot(WORKING_DAYS, 8 * 60, 10 * 60)]);
        // A Wednesday: (instant, commune, open).
        let rows = [
            ("2026-01-14T07:00:00Z", "75056", true),
            ("2026-01-14T06:59:59Z", "75056", false),
            ("2026-01-14T16:59:59Z", "75056", true),
            ("2026-01-14T17:00:00Z", "75056", false),
            ("2026-07-15T06:00:00Z", "75056", true),
            ("2026-01-14T11:59:00Z", "97105", false),
            ("2026-01-14T12:00:00Z", "97105", true),
            ("2026-01-14T21:59:00Z", "97105", true),
            ("2026-01-14T04:00:00Z", "97411", true),
            ("2026-01-14T14:00:00Z", "97411", false),
            // Already Wednesday morning in Nouméa, still Tuesday evening in Paris.
            ("2026-01-13T21:30:00Z", "98818", true),
            ("2026-01-13T21:30:00Z", "75056", false),
            // Sunday in Paris, Monday in Nouméa.
            ("2026-01-18T22:00:00Z", "98818", true),
        ];
        for (instant, commune, expected) in rows {
            assert_eq!(hours.is_open(&moment(instant, commune)), expected, "{instant} {commune}");
        }
    }

    #[test]
    fn a_slot_past_midnight_belongs_to_the_day_it_starts_on() {
        let hours = open(&[slot(SATURDAY, 20 * 60, 10 * 60)]);
        let rows = [
            ("2026-01-17T18:59:00Z", false),
            ("2026-01-17T19:00:00Z", true),
            ("2026-01-18T04:59:00Z", true),
            ("2026-01-18T05:00:00Z", false),
            ("2026-01-18T19:30:00Z", false),
            ("2026-01-17T04:00:00Z", false),
        ];
        for (instant, expected) in rows {
            assert_eq!(hours.is_open(&moment(instant, "75056")), expected, "{instant}");
        }
        let sunday = open(&[slot(SUNDAY, 22 * 60, 4 * 60)]);
        assert!(sunday.is_open(&moment("2026-01-19T00:30:00Z", "75056")), "Monday, 01:30");
    }

    #[test]
    fn on_days_of_clock_changes() {
        let night = open(&[slot(ALL_DAYS, 2 * 60, 60)]);
        let rows = [
            // 2026-03-29: the clock goes from 02:00 to 03:00.
            ("2026-03-29T00:59:59Z", false),
            ("2026-03-29T01:00:00Z", false),
            // 2026-10-25: the hour from 02:00 comes twice.
            ("2026-10-24T23:59:00Z", false),
            ("2026-10-25T00:30:00Z", true),
            ("2026-10-25T01:30:00Z", true),
            ("2026-10-25T02:00:00Z", false),
        ];
        for (instant, expected) in rows {
            assert_eq!(night.is_open(&moment(instant, "75056")), expected, "{instant}");
        }
        // Reunion knows no summer time.
        assert!(night.is_open(&moment("2026-03-28T22:30:00Z", "97411")));
        assert!(night.is_open(&moment("2026-03-29T22:30:00Z", "97411")));
    }

    #[test]
    fn all_day_and_closings() {
        let day = |text: &str| Some(WallRange::parse(text).unwrap());
        let mut hours = open(&[slot(ALL_DAYS, 0, DAY_MINUTES)]);
        hours.closed.push(Span::of_dates(day("2026-07-14"), day("2026-07-14")));
        hours.shut.push(slot(SUNDAY, 12 * 60, 60));
        let rows = [
            ("2026-07-13T21:59:59Z", "75056", true),
            ("2026-07-13T22:00:00Z", "75056", false),
            ("2026-07-14T21:59:59Z", "75056", false),
            ("2026-07-14T22:00:00Z", "75056", true),
            // The 14th has not begun in Guadeloupe.
            ("2026-07-14T03:00:00Z", "97105", true),
            ("2026-07-15T03:00:00Z", "97105", false),
            ("2026-07-19T10:30:00Z", "75056", false),
            ("2026-07-19T11:00:00Z", "75056", true),
        ];
        for (instant, commune, expected) in rows {
            assert_eq!(hours.is_open(&moment(instant, commune)), expected, "{instant} {commune}");
        }
        hours.closed.push(Span::of_dates(day("2026-08-01T10:00:00+02:00"), None));
        assert!(hours.is_open(&moment("2026-08-01T07:59:00Z", "97105")));
        assert!(!hours.is_open(&moment("2026-08-01T08:00:00Z", "97105")));
        assert!(!hours.is_open(&moment("2030-01-01T00:00:00Z", "97105")));
    }

    #[test]
    fn a_slot_is_in_force_by_the_day_it_starts_on() {
        let until = WallRange::parse("2026-06-30").unwrap();
        let effective = Span::of_dates(None, Some(until));
        let hours = open(&[Slot { effective, ..slot(ALL_DAYS, 20 * 60, 10 * 60) }]);
        assert!(hours.is_open(&moment("2026-07-01T03:00:00Z", "75056")), "the night of the 30th");
        assert!(!hours.is_open(&moment("2026-07-01T19:00:00Z", "75056")));
    }

    #[test]
    fn no_hours_are_not_open() {
        assert!(!Opening::default().is_open(&moment("2026-01-14T09:00:00Z", "75056")));
        assert_eq!(Opening::default().encode(), None);
        assert_eq!(open(&vec![slot(1, 600, 60); 2_000]).encode(), None, "too long to be kept");
        for text in ["x", "o1,2", "c,z1,;", "o300,0,0,,;"] {
            assert_eq!(Opening::decode(text), None, "{text}");
        }
    }

    fn spans() -> impl Strategy<Value = Span> {
        let bounds = || {
            prop::option::of(prop_oneof![
                any::<i64>().prop_map(Bound::Instant),
                any::<i64>().prop_map(Bound::Wall)
            ])
        };
        (bounds(), bounds()).prop_map(|(from, until)| Span { from, until })
    }

    fn slots() -> impl Strategy<Value = Vec<Slot>> {
        let slot = (0..128_u8, 0..1440_u16, 0..1441_u16, spans()).prop_map(
            |(days, start_minute, minutes, effective)| Slot {
                days,
                start_minute,
                minutes,
                effective,
            },
        );
        prop::collection::vec(slot, 0..5)
    }

    proptest! {
        #[test]
        fn decodes_what_it_encodes(open in slots(), shut in slots(), closed in prop::collection::vec(spans(), 0..3)) {
            let opening = Opening { open, shut, closed };
            match opening.encode() {
                Some(text) => prop_assert_eq!(Opening::decode(&text), Some(opening)),
                None => prop_assert!(opening.is_empty()),
            }
        }
    }
}
