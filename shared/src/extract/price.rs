//! What is computed of a price: its amount on a daily scale, and what it takes to replace it.

use serde_json::Value;

use super::ColumnValue;
use super::path::{any_value, extensions, first_code};
use crate::param::date::DateRange;
use crate::param::number::NumberRange;

/// Days of the month that a monthly price is divided by. Source: the public comparator of homes.
const DAYS_PER_MONTH: f64 = 30.0;

/// Parts of a price that change while it stays the same price: what it costs, since when, what is in it.
const CHANGING: [&str; 4] = ["amount", "startDate", "deliveryIncluded", "othersDeliveryIncluded"];

/// The parameters whose values are computed here; their expressions only say from what.
pub(super) const COMPUTED: [&str; 3] = ["price-amount-per-day", "price-in-force", "price-under-60"];

/// What is computed of a price.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Computed {
    /// An ordered value.
    Column(ColumnValue),
    /// A boolean token.
    Flag(bool),
}

/// The computed value of a price for a parameter; `None` when it has none.
pub(super) fn computed(parameter: &str, price: &Value) -> Option<Computed> {
    match parameter {
        "price-amount-per-day" => {
            amount_per_day(price).map(|amount| Computed::Column(ColumnValue::Number(amount)))
        }
        "price-in-force" => Some(Computed::Column(validity(price))),
        "price-under-60" => Some(Computed::Flag(is_under_60(price))),
        _ => None,
    }
}

fn is_under_60(price: &Value) -> bool {
    extensions(price, "under60").find_map(any_value).and_then(Value::as_bool) == Some(true)
}

/// The amount of a price extension on a daily scale; `None` for hourly and piece prices.
fn amount_per_day(price: &Value) -> Option<f64> {
    let amount = NumberRange::from_json(extensions(price, "amount").find_map(any_value)?)?.low;
    let unit = extensions(price, "priceUnit").find_map(any_value)?;
    // Codes of TRE_R228: 2 daily, 3 monthly.
    match first_code(unit)? {
        "2" => Some(amount),
        "3" => Some(amount / DAYS_PER_MONTH),
        _ => None,
    }
}

fn validity(price: &Value) -> ColumnValue {
    let start = extensions(price, "startDate").find_map(any_value).and_then(DateRange::from_json);
    let mut parts: Vec<String> = price
        .get("extension")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|part| {
            let url = part.get("url").and_then(Value::as_str).unwrap_or_default();
            !CHANGING.contains(&url)
        })
        .map(part_key)
        .collect();
    parts.sort_unstable();
    let hash = blake3::hash(parts.join("\n").as_bytes());
    let key =
        i64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes of thirty-two"));
    ColumnValue::Validity { start_ms: start.map_or(i64::MIN, |range| range.low_ms), key }
}

/// A part by its codes, so that another wording of a label is not another price.
fn part_key(part: &Value) -> String {
    let url = part.get("url").and_then(Value::as_str).unwrap_or_default();
    let value = any_value(part);
    let codings = value.and_then(|v| v.get("coding")).and_then(Value::as_array);
    match codings {
        Some(codings) => {
            let codes = codings.iter().filter_map(|c| c.get("code")?.as_str());
            format!("{url}={}", codes.collect::<Vec<_>>().join(","))
        }
        None => format!("{url}={}", value.map(Value::to_string).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn price(amount: f64, unit: &str, room: &str, start: Option<&str>) -> Value {
        let concept = |code: &str| json!({"coding": [{"code": code, "display": "x"}]});
        let mut parts = vec![
            json!({"url": "amount", "valueMoney": {"value": amount}}),
            json!({"url": "priceUnit", "valueCodeableConcept": concept(unit)}),
            json!({"url": "residentialType", "valueCodeableConcept": concept(room)}),
        ];
        parts.extend(start.map(|start| json!({"url": "startDate", "valueDateTime": start})));
        json!({"extension": parts})
    }

    #[test]
    fn days_and_months_are_on_one_scale() {
        for (unit, expected) in [("2", Some(90.0)), ("3", Some(3.0)), ("1", None), ("4", None)] {
            assert_eq!(amount_per_day(&price(90.0, unit, "02", None)), expected, "unit {unit}");
        }
    }

    #[test]
    fn a_price_replaces_one_that_differs_only_in_amount_and_start() {
        let key = |value: &Value| {
            let ColumnValue::Validity { key, .. } = validity(value) else { panic!("a validity") };
            key
        };
        let first = price(60.0, "2", "02", Some("2024-01-01"));
        assert_eq!(key(&first), key(&price(70.0, "2", "02", Some("2025-01-01"))));
        assert_eq!(key(&first), key(&price(70.0, "2", "02", None)));
        assert_ne!(key(&first), key(&price(60.0, "2", "01", Some("2024-01-01"))));
        assert_ne!(key(&first), key(&price(60.0, "3", "02", Some("2024-01-01"))));
    }
}
