//! Whether an offer is open, literally: every slot as an interval on the clock of the place.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use shared::extract::ROR_EXTENSION_BASE;
use shared::registry::find;

use super::World;
use super::read::{at, extensions};
use crate::laws::directory::Identity;

impl World<'_> {
    /// Whether an offer is open at an instant.
    pub(super) fn is_open(&self, resource: &Identity, instant_ms: i64) -> bool {
        let offer = self.document(resource);
        let reference = |code: &str| find(resource.0, code).expect("of an offer");
        let places = self.targets(resource, reference("location"));
        let places: Vec<&Value> = places.iter().map(|place| self.document(place)).collect();
        // An offer without a place is where most are; one whose places are all closed is nowhere.
        let zones: Vec<&str> = if places.is_empty() {
            vec!["Europe/Paris"]
        } else {
            let is_closed =
                |place: &&&Value| ["1", "2"].contains(&text(place, "operationalStatus.code"));
            places.iter().filter(|place| !is_closed(place)).map(|place| zone(place)).collect()
        };
        let organizations = self.targets(resource, reference("organization")).into_iter();
        let above: Vec<Identity> =
            organizations.flat_map(|organization| self.ancestors(organization)).collect();
        let instant = Timestamp::from_millisecond(instant_ms).expect("in range");
        offer["active"] != false
            && zones.into_iter().any(|zone| {
                let clock = instant.to_zoned(TimeZone::get(zone).expect("known")).datetime();
                hours_hold(offer, instant, clock)
                    && !above.iter().any(|o| is_closed_organization(self.document(o), clock))
            })
    }
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path).first().and_then(|value| value.as_str()).unwrap_or_default()
}

fn ror<'a>(element: &'a Value, name: &str, path: &str) -> Option<&'a Value> {
    let extensions = extensions(element, &format!("{ROR_EXTENSION_BASE}{name}"));
    extensions.into_iter().flat_map(|extension| at(extension, path)).next()
}

/// The zone of a generated place; only what says neither its commune nor its postal code is looked up by
/// its position, and of these positions only one is overseas.
fn zone(place: &Value) -> &'static str {
    let commune = ror(place, "ror-commune-cog", "valueCodeableConcept.coding.code");
    let postal_code = || at(place, "address.postalCode").first().and_then(|code| code.as_str());
    let Some(code) = commune.and_then(Value::as_str).or_else(postal_code) else {
        let is_wallis = place["position"]["latitude"] == -13.3;
        return if is_wallis { "Pacific/Wallis" } else { "Europe/Paris" };
    };
    match &code[..3] {
        "971" => "America/Guadeloupe",
        "974" => "Indian/Reunion",
        "987" => "Pacific/Tahiti",
        "988" => "Pacific/Noumea",
        _ => "Europe/Paris",
    }
}

fn hours_hold(offer: &Value, instant: Timestamp, clock: DateTime) -> bool {
    let times = at(offer, "availableTime");
    let in_force: Vec<&Value> = times.into_iter().filter(|time| covers(time, clock)).collect();
    in_force.iter().any(|time| !matches!(kind_of(time), Some("04" | "08" | "09")))
        && !in_force.iter().any(|time| kind_of(time) == Some("08"))
        && !at(offer, "notAvailable.during").into_iter().any(|period| {
            let reached = |name: &str, day_after: bool| {
                let end = period.get(name).and_then(Value::as_str)?;
                Some(if end.contains('T') {
                    instant >= end.parse::<Timestamp>().expect("with a zone")
                } else {
                    let day: Date = end.parse().expect("a day");
                    clock.date() >= if day_after { day + 1.day() } else { day }
                })
            };
            reached("start", false).unwrap_or(true) && !reached("end", true).unwrap_or(false)
        })
}

fn kind_of(time: &Value) -> Option<&str> {
    let path = "valueCodeableConcept.coding.code";
    ror(time, "ror-available-time-type-of-time", path).and_then(Value::as_str)
}

/// Whether the clock shows a time within an occurrence that starts today or started yesterday.
fn covers(time: &Value, clock: DateTime) -> bool {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let number = ror(time, "ror-available-time-number-days-of-week", "valueInteger");
    let days = at(time, "daysOfWeek");
    let effective = ror(time, "ror-available-time-effective-opening-closing-date", "valuePeriod");
    let (start, end) = if time["allDay"] == true {
        (Time::midnight(), Time::midnight())
    } else {
        let of = |name: &str| text(time, name).parse::<Time>().ok();
        let (Some(start), Some(end)) = (of("availableStartTime"), of("availableEndTime")) else {
            return false;
        };
        // 23:59 is how a day is said to end.
        (start, if end.hour() == 23 && end.minute() == 59 { Time::midnight() } else { end })
    };
    [clock.date(), clock.date() - 1.day()].into_iter().any(|day| {
        let weekday = day.weekday().to_monday_one_offset();
        let is_day = match number.and_then(Value::as_i64) {
            Some(number @ 1..=7) => number == i64::from(weekday),
            // No day of the week: it says less than the names, and without these nothing.
            Some(_) if days.is_empty() => false,
            Some(_) | None => {
                days.is_empty() || days.iter().any(|d| *d == NAMES[weekday as usize - 1])
            }
        };
        let bound = |name: &str| {
            effective.and_then(|period| period[name].as_str()).map(|d| d.parse::<Date>().unwrap())
        };
        let is_effective = bound("start").is_none_or(|first| day >= first)
            && bound("end").is_none_or(|last| day <= last);
        let last_day = if end <= start { day + 1.day() } else { day };
        let (from, to) = (day.to_datetime(start), last_day.to_datetime(end));
        is_day && is_effective && from <= clock && clock < to
    })
}

fn is_closed_organization(organization: &Value, clock: DateTime) -> bool {
    let url = "http://hl7.org/fhir/StructureDefinition/organization-period";
    let period = extensions(organization, url).into_iter().next();
    let end = period.and_then(|period| period["valuePeriod"]["end"].as_str());
    let again = ror(organization, "ror-organization-reopening-date", "valueDate");
    let day = |text: &str| text.parse::<Date>().expect("a day");
    end.is_some_and(|end| clock.date() > day(end))
        && again.and_then(Value::as_str).is_none_or(|again| clock.date() < day(again))
}
