//! Date parameters: every prefix against every precision, in the time of Paris where no zone is given.

use e2e::sample::sample;
use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::Value;

use crate::naive::{ROR, at, check, check_missing, extensions, part};

/// A span of time: first millisecond, and the first after the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    low: i64,
    high: i64,
}

/// Reads a FHIR date or date-time of any precision as the span it stands for.
fn range(text: &str) -> Range {
    let instant = |at: Timestamp, step: Span| Range {
        low: at.as_millisecond(),
        high: at.checked_add(step).expect("within the calendar").as_millisecond(),
    };
    let local = |date: civil::DateTime, step: Span| {
        let paris = TimeZone::get("Europe/Paris").expect("the zone is known");
        let end = date.checked_add(step).expect("within the calendar");
        let at = |date: civil::DateTime| {
            date.to_zoned(paris.clone()).expect("a time of Paris").timestamp().as_millisecond()
        };
        Range { low: at(date), high: at(end) }
    };
    let number = |from: usize, to: usize| text[from..to].parse::<i16>().expect("digits");
    let day =
        |month: i16, day: i16| civil::date(number(0, 4), month as i8, day as i8).at(0, 0, 0, 0);
    match text.len() {
        4 => local(day(1, 1), Span::new().years(1)),
        7 => local(day(number(5, 7), 1), Span::new().months(1)),
        10 => local(day(number(5, 7), number(8, 10)), Span::new().days(1)),
        _ => {
            let (clock, zone) =
                text.split_at(text[10..].find(['Z', '+', '-']).map_or(text.len(), |i| i + 10));
            let step = match clock.len() {
                16 => Span::new().minutes(1),
                19 => Span::new().seconds(1),
                _ => Span::new().milliseconds(1),
            };
            let clock = if clock.len() == 16 { format!("{clock}:00") } else { clock.to_owned() };
            if zone.is_empty() {
                return local(clock.parse().expect("a date-time"), step);
            }
            instant(format!("{clock}{zone}").parse().expect("an instant"), step)
        }
    }
}

/// What a prefix means. Source: FHIR R4, search, "Prefixes".
fn compares(prefix: &str, value: Range, wanted: Range) -> bool {
    match prefix {
        "" | "eq" => value.low >= wanted.low && value.high <= wanted.high,
        "ne" => !(value.low >= wanted.low && value.high <= wanted.high),
        "gt" => value.high > wanted.high,
        "lt" => value.low < wanted.low,
        "ge" => value.high > wanted.high || compares("eq", value, wanted),
        "le" => value.low < wanted.low || compares("eq", value, wanted),
        "sa" => value.low >= wanted.high,
        "eb" => value.high <= wanted.low,
        _ => unreachable!("prefix {prefix}"),
    }
}

const PREFIXES: &[&str] = &["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"];

fn last_updated(document: &Value) -> Vec<Range> {
    at(document, "meta.lastUpdated").into_iter().filter_map(Value::as_str).map(range).collect()
}

/// `lastUpdated` of the document in the middle, an instant that splits the sample.
fn middle(resource_type: &str) -> String {
    let mut all: Vec<(i64, String)> = sample()
        .of_type(resource_type)
        .filter_map(|(_, document)| document["meta"]["lastUpdated"].as_str())
        .map(|text| (range(text).low, text.to_owned()))
        .collect();
    all.sort();
    assert!(!all.is_empty(), "the sample dates its resources");
    all[all.len() / 2].1.clone()
}

#[test]
fn last_updated_by_prefix_and_precision() {
    for resource_type in ["HealthcareService", "Location", "Organization"] {
        let instant = middle(resource_type);
        let values =
            ["2024", &instant[..4], &instant[..7], &instant[..10], &instant[..16], &instant];
        for value in values {
            for prefix in PREFIXES {
                check(resource_type, &format!("_lastUpdated={prefix}{value}"), |document| {
                    last_updated(document).iter().any(|at| compares(prefix, *at, range(value)))
                });
            }
        }
        check_missing(resource_type, "_lastUpdated", |_| true);
    }
}

#[test]
fn ranges_are_two_bounds() {
    let instant = middle("Location");
    let day = &instant[..10];
    check("Location", &format!("_lastUpdated=ge{day}&_lastUpdated=lt{instant}"), |document| {
        last_updated(document)
            .iter()
            .any(|at| compares("ge", *at, range(day)) && compares("lt", *at, range(&instant)))
    });
    check("Location", &format!("_lastUpdated=lt{day},gt{instant}"), |document| {
        last_updated(document)
            .iter()
            .any(|at| compares("lt", *at, range(day)) || compares("gt", *at, range(&instant)))
    });
}

#[test]
fn capacity_update_dates() {
    let dates = |document: &Value| -> Vec<Range> {
        extensions(document, &format!("{ROR}ror-location-supported-capacity"))
            .into_iter()
            .flat_map(|record| part(record, "capacityUpdateDate"))
            .filter_map(Value::as_str)
            .map(range)
            .collect()
    };
    let mut all: Vec<i64> = sample()
        .of_type("Location")
        .flat_map(|(_, document)| dates(document))
        .map(|range| range.low)
        .collect();
    all.sort_unstable();
    assert!(!all.is_empty(), "the sample has capacity records");
    let middle = Timestamp::from_millisecond(all[all.len() / 2]).expect("an instant").to_string();
    for value in [&middle[..4], &middle[..10], "1999", "2090-01-01"] {
        // `ne` is asked of the resource and not of one of its records (see `record`).
        for prefix in PREFIXES.iter().filter(|prefix| **prefix != "ne") {
            check("Location", &format!("capacity-update-date={prefix}{value}"), |document| {
                dates(document).iter().any(|at| compares(prefix, *at, range(value)))
            });
        }
    }
    check_missing("Location", "capacity-update-date", |document| !dates(document).is_empty());
}

#[test]
fn an_unencoded_plus_is_repaired() {
    let client = e2e::harness::client();
    let raw = client.get("/Location?_lastUpdated=ge2020-01-01T00:00:00+01:00&_count=0");
    let encoded = client.get("/Location?_lastUpdated=ge2020-01-01T00:00:00%2B01:00&_count=0");
    assert_eq!(raw.status, 200, "{}", raw.excerpt());
    assert_eq!(raw.json().unwrap()["total"], encoded.json().unwrap()["total"]);
}

#[test]
fn reading_of_dates() {
    let rows = [
        ("2024-07-01", "2024-06-30T22:00:00Z", "2024-07-01T22:00:00Z"),
        ("2024", "2023-12-31T23:00:00Z", "2024-12-31T23:00:00Z"),
        ("2024-01-15T10:30", "2024-01-15T09:30:00Z", "2024-01-15T09:31:00Z"),
        ("2024-01-15T10:30:00+02:00", "2024-01-15T08:30:00Z", "2024-01-15T08:30:01Z"),
    ];
    for (text, low, high) in rows {
        assert_eq!(range(text), Range { low: range(low).low, high: range(high).low }, "{text}");
    }
}
