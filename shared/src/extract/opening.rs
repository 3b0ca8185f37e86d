//! When an offer is open, and an organization closed, as its document says.
//!
//! What is not said is not guessed: a slot without times and without `allDay` opens nothing, nor does one
//! whose day, time or dates cannot be read. The rules
//! for readers are in `docs/extensions.md`.

use serde_json::Value;

use super::path::{any_value, extensions, ror_extensions};
use crate::fhir::ResourceType;
use crate::geo::zone::Zone;
use crate::geo::{Point, department_of};
use crate::param::date::WallRange;
use crate::param::opening::{DAY_MINUTES, Opening, Slot, Span};

/// Codes of `TRE_R252` that do not open: 04 the secretary's hours, 09 to be specified.
const NOT_OPENING: [&str; 2] = ["04", "09"];
/// Code of `TRE_R252` for hours of closing.
const CLOSING: &str = "08";
/// Codes of `TRE_R286` by which nothing is closed: 'error', an old authorization, not defined.
const NOT_CLOSED: [&str; 3] = ["ERR", "EML", "NDI"];

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const ALL_DAYS: u8 = 0b111_1111;

/// What a resource says of its hours; empty for most types.
pub(super) fn of(resource_type: ResourceType, document: &Value) -> Opening {
    if resource_type == ResourceType::HealthcareService {
        of_offer(document)
    } else if resource_type == ResourceType::Organization {
        of_organization(document)
    } else {
        Opening::default()
    }
}

/// The time zone of a Location; Europe/Paris for everything else.
pub(super) fn zone_of(resource_type: ResourceType, document: &Value) -> Zone {
    let is_place = resource_type == ResourceType::Location;
    if is_place { zone_of_place(document) } else { Zone::PARIS }
}

/// The hours of an offer; empty when none are said, or it is not in use.
fn of_offer(offer: &Value) -> Opening {
    let mut opening = Opening::default();
    if offer.get("active").and_then(Value::as_bool) == Some(false) {
        return opening;
    }
    for time in items(offer, "availableTime") {
        let kind = code(ror_extensions(time, "ror-available-time-type-of-time"));
        if kind.is_some_and(|kind| NOT_OPENING.contains(&kind)) {
            continue;
        }
        let slots = if kind == Some(CLOSING) { &mut opening.shut } else { &mut opening.open };
        slots.extend(slot(time));
    }
    opening.closed.extend(items(offer, "notAvailable").filter_map(|n| span(n.get("during")?)));
    opening
}

/// When an organization is closed: after the end of its period, until the day it is to open again.
fn of_organization(organization: &Value) -> Opening {
    let mut opening = Opening::default();
    let url = "http://hl7.org/fhir/StructureDefinition/organization-period";
    let period = extensions(organization, url).find_map(any_value);
    let end = period.and_then(|period| date(period.get("end")?));
    let kind = code(ror_extensions(organization, "ror-organization-closing-type"));
    if kind.is_some_and(|kind| NOT_CLOSED.contains(&kind)) {
        return opening;
    }
    if let Some(end) = end {
        let again = ror_extensions(organization, "ror-organization-reopening-date");
        let again = again.filter_map(any_value).find_map(date);
        let mut closed = Span::of_dates(Some(WallRange { low_ms: end.high_ms, ..end }), None);
        closed.until = Span::of_dates(again, None).from;
        opening.closed.push(closed);
    }
    opening
}

/// By its commune, else its postal code, else its position.
fn zone_of_place(location: &Value) -> Zone {
    let commune = code(ror_extensions(location, "ror-commune-cog"));
    let postal_code = location.pointer("/address/postalCode").and_then(Value::as_str);
    if let Some(code) = commune {
        return Zone::of_commune(code.trim());
    }
    if let Some(code) = postal_code {
        return Zone::of_postal_code(code);
    }
    let coordinate = |name: &str| location.get("position")?.get(name)?.as_f64();
    let point = coordinate("latitude")
        .zip(coordinate("longitude"))
        .and_then(|(lat, lon)| Point::new(lat, lon));
    point.and_then(department_of).map_or(Zone::PARIS, |d| Zone::of_commune(d.code))
}

fn items<'a>(resource: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    resource.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// The first code of the first of the extensions.
fn code<'a>(mut extensions: impl Iterator<Item = &'a Value>) -> Option<&'a str> {
    let concept = extensions.find_map(any_value)?;
    let codings = concept.get("coding")?.as_array()?;
    codings.iter().find_map(|coding| coding.get("code")?.as_str())
}

/// A slot; `None` when it says no time, or something that cannot be read.
fn slot(time: &Value) -> Option<Slot> {
    let minute = |name: &str| {
        let said = time.get(name).map(|said| said.as_str().and_then(minute_of_day).ok_or(()));
        said.transpose().ok()
    };
    let is_all_day = time.get("allDay").and_then(Value::as_bool) == Some(true);
    let (start_minute, end) = if is_all_day {
        (0, DAY_MINUTES)
    } else {
        match (minute("availableStartTime")?, minute("availableEndTime")?) {
            (Some(start), Some(end)) => (start % DAY_MINUTES, end),
            (Some(start), None) => (start % DAY_MINUTES, DAY_MINUTES),
            (None, Some(end)) => (0, end),
            (None, None) => return None,
        }
    };
    let end = if end <= start_minute { end + DAY_MINUTES } else { end };
    let mut dates = ror_extensions(time, "ror-available-time-effective-opening-closing-date");
    let effective = match dates.find_map(any_value) {
        Some(period) => span(period)?,
        None => Span::ALWAYS,
    };
    Some(Slot { days: days(time)?, start_minute, minutes: end - start_minute, effective })
}

/// The number of the day, 1 Monday to 7 Sunday, is preferred to the codes; without either, every day.
/// `None` when what is said names no day of the week.
fn days(time: &Value) -> Option<u8> {
    let mut numbers = ror_extensions(time, "ror-available-time-number-days-of-week");
    let number = numbers.find_map(any_value);
    if let Some(number @ 1..=7) = number.and_then(Value::as_u64) {
        return Some(1 << (number - 1));
    }
    let mut codes = items(time, "daysOfWeek").peekable();
    if number.is_none() && codes.peek().is_none() {
        return Some(ALL_DAYS);
    }
    let bit = |code: &Value| {
        let at = DAYS.iter().position(|day| code.as_str() == Some(*day));
        at.map_or(0, |at| 1 << at)
    };
    let days = codes.fold(0, |days, code| days | bit(code));
    (days != 0).then_some(days)
}

/// `HH:MM[:SS[.f]]` in minutes, a part of a minute counted whole; the last minute of a day ends it.
fn minute_of_day(text: &str) -> Option<u16> {
    let mut parts = text.trim().split(':');
    let mut number = || parts.next().map(|part| part.parse::<f64>().ok().filter(|n| *n >= 0.0));
    let (hour, minute) = (number()??, number()??);
    let second = match number() {
        Some(second) => second?,
        None => 0.0,
    };
    if hour > 24.0 || minute > 59.0 || second >= 60.0 {
        return None;
    }
    let minutes = (hour as u16) * 60 + minute as u16 + u16::from(second > 0.0);
    Some(if minutes >= DAY_MINUTES - 1 { DAY_MINUTES } else { minutes })
}

/// A `Period`; `None` when it has no bound at all, or one that is no date.
fn span(period: &Value) -> Option<Span> {
    let end = |name: &str| period.get(name).map(|value| date(value).ok_or(()));
    let (start, end) = (end("start").transpose().ok()?, end("end").transpose().ok()?);
    (start.is_some() || end.is_some()).then(|| Span::of_dates(start, end))
}

fn date(value: &Value) -> Option<WallRange> {
    WallRange::parse(value.as_str()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::path::ROR_EXTENSION_BASE;
    use super::*;
    use crate::param::opening::Moment;

    fn ror(name: &str, value_name: &str, value: &Value) -> Value {
        json!({"url": format!("{ROR_EXTENSION_BASE}{name}"), value_name: value})
    }

    fn concept(code: &str) -> Value {
        json!({"coding": [{"system": "urn:s", "code": code}]})
    }

    fn is_open(offer: &Value, instant: &str) -> bool {
        let instant: jiff::Timestamp = instant.parse().unwrap();
        of_offer(offer).is_open(&Moment::new(instant.as_millisecond(), Zone::PARIS).unwrap())
    }

    // A Monday, 10:30 in Paris.
    const MONDAY: &str = "2026-01-12T09:30:00Z";

    #[test]
    fn slots() {
        let kind = |code: &str| {
            ror("ror-available-time-type-of-time", "valueCodeableConcept", &concept(code))
        };
        let day = |n: i8| ror("ror-available-time-number-days-of-week", "valueInteger", &json!(n));
        let on = |days: Value, extensions: Vec<Value>| json!({"daysOfWeek": days, "allDay": true, "extension": extensions});
        let dates = |start: &str, end: &str| {
            let name = "ror-available-time-effective-opening-closing-date";
            ror(name, "valuePeriod", &json!({"start": start, "end": end}))
        };
        let nine_to_noon =
            json!({"availableStartTime": "09:00:00", "availableEndTime": "12:00:00"});
        let with = |extensions: Vec<Value>| {
            let mut time = nine_to_noon.clone();
            time["extension"] = json!(extensions);
            time
        };
        let rows = [
            (json!([nine_to_noon]), true),
            (
                json!([{"daysOfWeek": ["mon", "tue"], "availableStartTime": "09:00:00", "availableEndTime": "12:00:00"}]),
                true,
            ),
            (
                json!([{"daysOfWeek": ["sun"], "availableStartTime": "09:00:00", "availableEndTime": "12:00:00"}]),
                false,
            ),
            (json!([{"daysOfWeek": ["mon"], "allDay": true}]), true),
            (json!([{"daysOfWeek": ["mon"]}]), false),
            (json!([{"availableStartTime": "10:30:00"}]), true),
            (json!([{"availableEndTime": "10:30:00"}]), false),
            (json!([{"availableStartTime": "12:00:00", "availableEndTime": "09:00:00"}]), false),
            (json!([{"availableStartTime": "12:00:00", "availableEndTime": "11:00:00"}]), true),
            (json!([{"availableStartTime": "08:00:00", "availableEndTime": "08:00:00"}]), true),
            (json!([{"availableStartTime": "noon", "availableEndTime": "?"}]), false),
            (json!([with(vec![day(1), kind("01")])]), true),
            (json!([with(vec![day(2), kind("01")])]), false),
            // No day of the week: unknown is not open, on this day or on another.
            (json!([with(vec![day(0)])]), false),
            (json!([with(vec![day(9)])]), false),
            (json!([with(vec![day(-1)])]), false),
            (json!([on(json!(["mon"]), vec![day(9)])]), true),
            (json!([on(json!(["tue"]), vec![day(9)])]), false),
            (json!([on(json!(["monday"]), vec![])]), false),
            (json!([on(json!(["monday", "mon"]), vec![])]), true),
            (json!([{"availableStartTime": "nine", "availableEndTime": "12:00:00"}]), false),
            (json!([{"availableStartTime": "09:00:00", "availableEndTime": "25:00:00"}]), false),
            (json!([with(vec![dates("soon", "2026-12-31")])]), false),
            (json!([with(vec![kind("04")])]), false),
            (json!([with(vec![kind("09")])]), false),
            (json!([nine_to_noon, with(vec![kind("08"), day(1)])]), false),
            (json!([nine_to_noon, with(vec![kind("08"), day(2)])]), true),
            (json!([with(vec![dates("2026-01-12", "2026-01-12")])]), true),
            (json!([with(vec![dates("2026-01-13", "2026-12-31")])]), false),
            (json!([]), false),
        ];
        for (times, expected) in rows {
            let offer = json!({"availableTime": times});
            assert_eq!(is_open(&offer, MONDAY), expected, "{offer}");
            let mut inactive = offer.clone();
            inactive["active"] = json!(false);
            assert!(!is_open(&inactive, MONDAY), "{inactive}");
        }
    }

    #[test]
    fn closings_of_an_offer() {
        let rows = [
            (json!([{"description": "bank holidays"}]), true),
            (json!([{"during": {"start": "2026-01-01", "end": "2026-01-12"}}]), false),
            (json!([{"during": {"start": "2026-01-01", "end": "2026-01-11"}}]), true),
            (json!([{"during": {"start": "2026-01-01"}}]), false),
            (json!([{"during": {"end": "2026-02"}}]), false),
            (json!([{"during": {"start": "2026-01-12T11:00:00+01:00"}}]), true),
            (json!([{"during": {"start": "soon"}}]), true),
        ];
        for (closings, expected) in rows {
            let offer = json!({"availableTime": [{"allDay": true}], "notAvailable": closings});
            assert_eq!(is_open(&offer, MONDAY), expected, "{offer}");
        }
    }

    #[test]
    fn closings_of_an_organization() {
        let period = |end: &str| {
            json!({"url": "http://hl7.org/fhir/StructureDefinition/organization-period",
                   "valuePeriod": {"start": "2000-01-01", "end": end}})
        };
        let kind = |code: &str| {
            ror("ror-organization-closing-type", "valueCodeableConcept", &concept(code))
        };
        let again = |day: &str| ror("ror-organization-reopening-date", "valueDate", &json!(day));
        let instant: jiff::Timestamp = MONDAY.parse().unwrap();
        let moment = Moment::new(instant.as_millisecond(), Zone::PARIS).unwrap();
        let rows = [
            (vec![], false),
            (vec![period("2026-01-11")], true),
            (vec![period("2026-01-12")], false),
            (vec![period("2026-01-01"), kind("PRO"), again("2026-01-13")], true),
            (vec![period("2026-01-01"), kind("PRO"), again("2026-01-12")], false),
            (vec![period("2026-01-01"), kind("ERR")], false),
            (vec![kind("DEF")], false),
        ];
        for (extensions, expected) in rows {
            let organization = json!({ "extension": extensions });
            assert_eq!(
                of_organization(&organization).is_closed(&moment),
                expected,
                "{organization}"
            );
        }
    }

    #[test]
    fn zones_of_places() {
        let commune =
            |code: &str| json!([ror("ror-commune-cog", "valueCodeableConcept", &concept(code))]);
        let rows = [
            (json!({}), "Europe/Paris"),
            (
                json!({"extension": commune("97411"), "address": {"postalCode": "44000"}}),
                "Indian/Reunion",
            ),
            (json!({"address": {"postalCode": "97110"}}), "America/Guadeloupe"),
            (json!({"position": {"latitude": 16.0, "longitude": -61.7}}), "America/Guadeloupe"),
            (json!({"position": {"latitude": 47.2, "longitude": -1.5}}), "Europe/Paris"),
        ];
        for (location, expected) in rows {
            assert_eq!(zone_of_place(&location).name(), expected, "{location}");
        }
    }
}
