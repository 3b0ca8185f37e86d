//! Numbers: what `gt5` asks and which stored values answer.
//!
//! A stored value is an interval, a point for a plain number; ranges and quantities with a comparator
//! (`< 5`) use the same predicate through [`NumberRange`].

use std::fmt;

use serde_json::Value;

use super::decimal::Decimal;
use super::{Prefix, ValueError};

/// A stored number or range of numbers, both ends included; infinite where open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberRange {
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
}

/// `[prefix]number`, with the interval its written precision implies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberQuery {
    /// The comparison.
    pub prefix: Prefix,
    /// The number as written.
    pub number: Decimal,
    /// The number.
    pub value: f64,
    /// Start of what "equal" means, included.
    pub low: f64,
    /// End of what "equal" means, excluded.
    pub high: f64,
}

impl NumberRange {
    /// A plain number.
    pub fn point(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// Reads a JSON number, or the `value` of a `Money` or `Quantity`.
    pub fn from_json(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::Object(object) => object.get("value").and_then(Value::as_f64),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => None,
        }?;
        Some(Self::point(number))
    }
}

impl NumberQuery {
    /// Reads `gt5`, `0.10`, `1e2`.
    ///
    /// # Errors
    /// When what follows the prefix is not a decimal number.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let (prefix, number) = Prefix::split(text);
        Ok(Self::new(prefix, Decimal::parse(number)?))
    }

    /// A comparison with a number as written.
    pub fn new(prefix: Prefix, number: Decimal) -> Self {
        let (low, high) = number.implied_range();
        Self { prefix, number, value: number.to_f64(), low: low.to_f64(), high: high.to_f64() }
    }

    /// Whether a stored value answers. Source: FHIR R4, search, "Prefixes" and "number".
    ///
    /// | prefix | the stored interval … |
    /// |---|---|
    /// | eq | lies within the interval the precision implies (`100`: [99.5, 100.5)) |
    /// | ne | does not |
    /// | gt | reaches above the exact number |
    /// | lt | reaches below it |
    /// | ge | reaches it or above, or is equal |
    /// | le | reaches it or below, or is equal |
    /// | sa | lies wholly above it |
    /// | eb | lies wholly below it |
    /// | ap | overlaps number ± 10 % (or the implied interval, when that is wider) |
    pub fn matches(&self, stored: NumberRange) -> bool {
        let equal = stored.low >= self.low && stored.high < self.high;
        match self.prefix {
            Prefix::Eq => equal,
            Prefix::Ne => !equal,
            Prefix::Gt => stored.high > self.value,
            Prefix::Lt => stored.low < self.value,
            Prefix::Ge => stored.high >= self.value,
            Prefix::Le => stored.low <= self.value,
            Prefix::Sa => stored.low > self.value,
            Prefix::Eb => stored.high < self.value,
            Prefix::Ap => {
                let margin = self.value.abs() / 10.0;
                let low = (self.value - margin).min(self.low);
                let high = (self.value + margin).max(self.high);
                stored.low <= high && stored.high >= low
            }
        }
    }
}

impl fmt::Display for NumberQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(query: &str, stored: NumberRange, expected: bool) {
        let parsed = NumberQuery::parse(query).unwrap();
        assert_eq!(parsed.matches(stored), expected, "{query} on {stored:?}");
    }

    #[test]
    fn implied_precision() {
        let rows = [
            ("100", 99.5, 100.5),
            ("100.00", 99.995, 100.005),
            ("1e2", 95.0, 105.0),
            ("-5", -5.5, -4.5),
            ("0.10", 0.095, 0.105),
            ("0", -0.5, 0.5),
            ("0.3", 0.25, 0.35),
        ];
        for (text, low, high) in rows {
            let query = NumberQuery::parse(text).unwrap();
            assert_eq!((query.low, query.high), (low, high), "{text}");
        }
    }

    #[test]
    fn compares() {
        let rows = [
            ("5", 5.0, true),
            ("5", 4.5, true),
            ("5", 5.5, false),
            ("ne5", 5.0, false),
            ("ne5", 6.0, true),
            ("gt0", 0.0, false),
            ("gt0", 1.0, true),
            ("gt5", 5.2, true),
            ("ge5", 5.0, true),
            ("ge5", 4.9, false),
            ("lt60", 59.99, true),
            ("lt60", 60.0, false),
            ("le60", 60.0, true),
            ("sa5", 5.1, true),
            ("eb5", 5.0, false),
            ("ap100", 91.0, true),
            ("ap100", 111.0, false),
        ];
        for (query, stored, expected) in rows {
            check(query, NumberRange::point(stored), expected);
        }
        let up_to_5 = NumberRange { low: f64::NEG_INFINITY, high: 5.0 };
        check("5", up_to_5, false);
        check("lt1", up_to_5, true);
        check("eb6", up_to_5, true);
        check("sa1", up_to_5, false);
    }

    #[test]
    fn refuses() {
        for text in ["", "lt", "ltXR", "abc", "5 km", "1,5", "GT5"] {
            assert!(NumberQuery::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn laws(query in -1000_i32..1000, stored in -1000_i32..1000, decimals in 0_u32..3) {
            let scale = 10_f64.powi(decimals as i32);
            let text = format!("{:.*}", decimals as usize, f64::from(query) / scale);
            let stored = NumberRange::point(f64::from(stored) / 10.0);
            let holds = |prefix: &str| {
                NumberQuery::parse(&format!("{prefix}{text}")).unwrap().matches(stored)
            };
            prop_assert_ne!(holds("eq"), holds("ne"));
            prop_assert_ne!(holds("lt"), holds("ge"));
            prop_assert_ne!(holds("gt"), holds("le"));
            prop_assert_eq!(holds("gt"), holds("sa"));
            prop_assert_eq!(holds("lt"), holds("eb"));
            prop_assert!(!holds("eq") || holds("ap"));
        }

        #[test]
        fn prints_what_it_reads(value in "-?[0-9]{1,9}(\\.[0-9]{1,4})?(e-?[0-9])?", prefix in 0_usize..9) {
            let query = NumberQuery::parse(&format!("{}{value}", Prefix::ALL[prefix].1)).unwrap();
            prop_assert_eq!(NumberQuery::parse(&query.to_string()).unwrap(), query);
        }
    }
}
