//! Quantities: a number, and a unit on a scale it shares with convertible ones.
//!
//! Ages, lengths and weights in UCUM convert exactly to seconds, millimeters and milligrams; every
//! other unit equals only itself. A request without unit compares the number as stored.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::terminology::canonical_system;

use super::decimal::Decimal;
use super::number::{NumberQuery, NumberRange};
use super::{Prefix, ValueError, escape, stable_hash};

/// The code system of units. Source: <https://ucum.org>.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// Convertible UCUM units: code, dimension, size in the dimension's unit as `mantissa × 10^exponent`.
/// Years and months are UCUM's mean Julian ones (365.25 d, a twelfth of it).
const UNITS: &[(&str, &str, i128, i32)] = &[
    ("a", "time", 31_557_600, 0),
    ("a_j", "time", 31_557_600, 0),
    ("mo", "time", 2_629_800, 0),
    ("mo_j", "time", 2_629_800, 0),
    ("wk", "time", 604_800, 0),
    ("d", "time", 86_400, 0),
    ("h", "time", 3_600, 0),
    ("min", "time", 60, 0),
    ("s", "time", 1, 0),
    ("km", "length", 1_000_000, 0),
    ("m", "length", 1_000, 0),
    ("dm", "length", 100, 0),
    ("cm", "length", 10, 0),
    ("mm", "length", 1, 0),
    ("[in_i]", "length", 254, -1),
    ("t", "mass", 1_000_000_000, 0),
    ("kg", "mass", 1_000_000, 0),
    ("g", "mass", 1_000, 0),
    ("mg", "mass", 1, 0),
    ("ug", "mass", 1, -3),
];

/// One stored quantity, as numbers for aligned columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantityValue {
    /// The number or range in the stored unit.
    pub stored: NumberRange,
    /// The same in the unit of its dimension; equal to `stored` when the unit is not convertible.
    pub canonical: NumberRange,
    /// Hash of the dimension, or of system and code when not convertible; 0 without system or code.
    pub dimension: u64,
    /// Hash of the unit's code; 0 without one.
    pub code: u64,
    /// Hash of the unit's text; 0 without one.
    pub unit: u64,
}

/// What a request asks of the unit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UnitQuery {
    /// `35`: any unit, the number as stored.
    Any,
    /// `35|system|code`: this unit or one convertible to it. The system is canonical.
    Coded {
        /// The code system.
        system: String,
        /// The code.
        code: String,
    },
    /// `35||a`: the code or the text of the unit, the number as stored.
    Text(String),
}

/// `[prefix]number|system|code`.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantityQuery {
    /// The comparison, in the unit of the request.
    pub number: NumberQuery,
    /// The unit.
    pub unit: UnitQuery,
    /// The comparison in the unit of the dimension, for [`UnitQuery::Coded`].
    pub canonical: NumberQuery,
    /// The asked [`QuantityValue::dimension`], or the hash of the unit's text; 0 for any.
    pub key: u64,
}

impl QuantityQuery {
    /// Reads `35`, `le35|http://unitsofmeasure.org|a`, `5||mg`.
    ///
    /// # Errors
    /// When the number is not one, or a system has no code.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let parts: Vec<String> = escape::split(text, '|')
            .into_iter()
            .map(|part| escape::unescape(part).trim().to_owned())
            .collect();
        let (prefix, number) = Prefix::split(&parts[0]);
        let number = Decimal::parse(number)?;
        match parts.as_slice() {
            [_] => Ok(Self::new(prefix, number, UnitQuery::Any)),
            [_, system, code] if system.is_empty() && code.is_empty() => {
                Ok(Self::new(prefix, number, UnitQuery::Any))
            }
            [_, system, code] if system.is_empty() => {
                Ok(Self::new(prefix, number, UnitQuery::Text(code.clone())))
            }
            [_, system, code] if !code.is_empty() => {
                let system = canonical_system(system).into_owned();
                Ok(Self::new(prefix, number, UnitQuery::Coded { system, code: code.clone() }))
            }
            _ => Err(ValueError::new(
                "a quantity is written number, number|system|code or number||code, such as \
                 35|http://unitsofmeasure.org|a",
            )),
        }
    }

    fn new(prefix: Prefix, number: Decimal, unit: UnitQuery) -> Self {
        let as_written = NumberQuery::new(prefix, number);
        let (canonical, key) = match &unit {
            UnitQuery::Any => (as_written, 0),
            UnitQuery::Text(text) => (as_written, stable_hash(text)),
            UnitQuery::Coded { system, code } => {
                (scale(as_written, factor(system, code)), dimension_key(system, code))
            }
        };
        Self { number: as_written, unit, canonical, key }
    }

    /// Whether a stored quantity answers: its unit is the asked one or convertible to it, and
    /// [`NumberQuery::matches`] holds. With `ne` too, other units do not answer.
    pub fn matches(&self, value: &QuantityValue) -> bool {
        match self.unit {
            UnitQuery::Any => self.number.matches(value.stored),
            UnitQuery::Text(_) => {
                (value.code == self.key || value.unit == self.key)
                    && self.number.matches(value.stored)
            }
            UnitQuery::Coded { .. } => {
                value.dimension == self.key && self.canonical.matches(value.canonical)
            }
        }
    }
}

impl fmt::Display for QuantityQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)?;
        match &self.unit {
            UnitQuery::Any => Ok(()),
            UnitQuery::Text(text) => write!(f, "||{}", escape::escape(text)),
            UnitQuery::Coded { system, code } => {
                write!(f, "|{}|{}", escape::escape(system), escape::escape(code))
            }
        }
    }
}

impl QuantityValue {
    /// Reads a `Quantity` (or `Age`, `Duration` …), a `Money`, a `Range` or a bare number.
    ///
    /// A comparator (`< 5`) and a missing end of a range leave that side open. `None` when there is no
    /// number, or a range's ends have different units.
    pub fn from_json(value: &Value) -> Option<Self> {
        if value.get("low").is_some() || value.get("high").is_some() {
            return Self::from_range(value);
        }
        let number = Decimal::from_f64(value.get("value").unwrap_or(value).as_f64()?)?;
        let unit = Unit::of(value);
        let canonical = unit.scale(number);
        let (stored, canonical) = match value.get("comparator").and_then(Value::as_str) {
            Some("<" | "<=") => (up_to(number.to_f64()), up_to(canonical)),
            Some(">" | ">=") => (from(number.to_f64()), from(canonical)),
            Some(_) | None => (NumberRange::point(number.to_f64()), NumberRange::point(canonical)),
        };
        Some(unit.value(stored, canonical))
    }

    fn from_range(value: &Value) -> Option<Self> {
        let end = |key: &str| value.get(key).map(|q| Self::from_json(q).ok_or(()));
        let (low, high) = (end("low").transpose().ok()?, end("high").transpose().ok()?);
        let same_unit = match (&low, &high) {
            (Some(low), Some(high)) => low.dimension == high.dimension,
            _ => true,
        };
        let known = low.or(high).filter(|_| same_unit)?;
        let join = |side: fn(&Self) -> NumberRange| NumberRange {
            low: low.as_ref().map_or(f64::NEG_INFINITY, |q| side(q).low),
            high: high.as_ref().map_or(f64::INFINITY, |q| side(q).high),
        };
        Some(Self { stored: join(|q| q.stored), canonical: join(|q| q.canonical), ..known })
    }
}

/// The unit of a stored quantity.
struct Unit<'a> {
    system: Cow<'a, str>,
    code: &'a str,
    text: &'a str,
}

impl<'a> Unit<'a> {
    fn of(value: &'a Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        match text("currency") {
            "" => Self {
                system: canonical_system(text("system")),
                code: text("code"),
                text: text("unit"),
            },
            currency => {
                Self { system: Cow::Borrowed("urn:iso:std:iso:4217"), code: currency, text: "" }
            }
        }
    }

    fn scale(&self, number: Decimal) -> f64 {
        scaled(number, factor(&self.system, self.code))
    }

    fn value(&self, stored: NumberRange, canonical: NumberRange) -> QuantityValue {
        let hash = |text: &str| if text.is_empty() { 0 } else { stable_hash(text) };
        let dimension = if self.system.is_empty() || self.code.is_empty() {
            0
        } else {
            dimension_key(&self.system, self.code)
        };
        QuantityValue { stored, canonical, dimension, code: hash(self.code), unit: hash(self.text) }
    }
}

fn convertible(
    system: &str,
    code: &str,
) -> Option<&'static (&'static str, &'static str, i128, i32)> {
    (system == UCUM).then(|| UNITS.iter().find(|(name, ..)| *name == code)).flatten()
}

fn factor(system: &str, code: &str) -> Option<Decimal> {
    let (_, _, mantissa, exponent) = convertible(system, code)?;
    Some(Decimal { mantissa: *mantissa, exponent: *exponent, scientific: false })
}

fn dimension_key(system: &str, code: &str) -> u64 {
    match convertible(system, code) {
        Some((_, dimension, ..)) => stable_hash(&format!("{UCUM}\x1f\x1f{dimension}")),
        None => stable_hash(&format!("{system}\x1f{code}")),
    }
}

/// The number in the unit of its dimension, rounded once.
fn scaled(number: Decimal, factor: Option<Decimal>) -> f64 {
    let Some(factor) = factor else { return number.to_f64() };
    number.times(factor).map_or_else(|| number.to_f64() * factor.to_f64(), Decimal::to_f64)
}

fn scale(query: NumberQuery, factor: Option<Decimal>) -> NumberQuery {
    let (low, high) = query.number.implied_range();
    NumberQuery {
        value: scaled(query.number, factor),
        low: scaled(low, factor),
        high: scaled(high, factor),
        ..query
    }
}

fn up_to(high: f64) -> NumberRange {
    NumberRange { low: f64::NEG_INFINITY, high }
}

fn from(low: f64) -> NumberRange {
    NumberRange { low, high: f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(query: &str, stored: &Value, expected: bool) {
        let value = QuantityValue::from_json(stored).unwrap();
        let query_read = QuantityQuery::parse(query).unwrap();
        assert_eq!(query_read.matches(&value), expected, "{query} on {stored}");
    }

    fn ucum(value: f64, code: &str) -> Value {
        json!({"value": value, "system": UCUM, "code": code})
    }

    #[test]
    fn compares() {
        let eighteen_months = ucum(18.0, "mo");
        let rows = [
            ("18", true),
            ("ge1|http://unitsofmeasure.org|a", true),
            ("ge2|http://unitsofmeasure.org|a", false),
            ("1.5|http://unitsofmeasure.org|a", true),
            ("le1.5|http://unitsofmeasure.org|a", true),
            ("lt1.5|http://unitsofmeasure.org|a", false),
            ("18|http://unitsofmeasure.org|kg", false),
            ("ge0|http://unitsofmeasure.org|kg", false),
            ("18|http://other.example|mo", false),
            ("18||mo", true),
            ("18||a", false),
            ("ge1||", true),
        ];
        for (query, expected) in rows {
            check(query, &eighteen_months, expected);
        }
        check("ge0.3|http://unitsofmeasure.org|kg", &ucum(300.0, "g"), true);
        check("le0.3|http://unitsofmeasure.org|kg", &ucum(300.0, "g"), true);
        check("ge200|http://unitsofmeasure.org|kg", &ucum(0.25, "t"), true);
        check("12||ans", &json!({"value": 12, "unit": "ans"}), true);
        check("le35|http://unitsofmeasure.org|a", &json!({"value": 12, "unit": "ans"}), false);
        check("le35", &json!({"value": 12}), true);
        check("lt60", &json!({"value": 59.5, "currency": "EUR"}), true);
        check("60|urn:iso:std:iso:4217|EUR", &json!({"value": 60, "currency": "EUR"}), true);
        check("5", &json!({"value": 5, "comparator": "<"}), false);
        check("lt3", &json!({"value": 5, "comparator": "<"}), true);
        check("5|http://x|u", &json!({"value": 5, "system": "http://x", "code": "u"}), true);
    }

    #[test]
    fn ranges() {
        let range = json!({"low": ucum(1.0, "a"), "high": ucum(3.0, "a")});
        check("gt24|http://unitsofmeasure.org|mo", &range, true);
        check("sa3|http://unitsofmeasure.org|mo", &range, true);
        check("2|http://unitsofmeasure.org|a", &range, false);
        let open = json!({"low": ucum(1.0, "a")});
        check("gt1000", &open, true);
        check("lt1", &open, false);
        assert!(
            QuantityValue::from_json(&json!({"low": ucum(1.0, "a"), "high": ucum(1.0, "kg")}))
                .is_none()
        );
        assert!(QuantityValue::from_json(&json!({"unit": "a"})).is_none());
    }

    #[test]
    fn refuses() {
        for text in ["", "a", "1|a", "1|a|", "1|a|b|c", "ltXR", "|http://x|a"] {
            assert!(QuantityQuery::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn conversion_keeps_equality(months in 0_i32..2000) {
            let query = format!("{months}|{UCUM}|mo");
            let years = QuantityValue::from_json(&ucum(f64::from(months) / 12.0, "a")).unwrap();
            prop_assert!(QuantityQuery::parse(&query).unwrap().matches(&years));
        }

        #[test]
        fn prints_what_it_reads(text in "(ge|lt)?-?[0-9]{1,6}(\\.[0-9]{1,3})?(\\|\\|kg|\\|http://x\\|u)?") {
            let query = QuantityQuery::parse(&text).unwrap();
            prop_assert_eq!(QuantityQuery::parse(&query.to_string()).unwrap(), query);
        }
    }
}
