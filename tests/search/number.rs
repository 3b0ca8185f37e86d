//! Number and quantity parameters: prefixes, implicit precision, units.

use serde_json::Value;

use crate::naive::{ROR, at, check, check_missing, extensions, part};

/// Without `ne`, which is asked of the resource and not of one of its records (see `record`).
const PREFIXES: &[&str] = &["", "eq", "gt", "lt", "ge", "le", "sa", "eb"];

/// What a prefix means for an exact number; equality is within half of the last digit written.
fn compares(prefix: &str, value: f64, wanted: &str) -> bool {
    let decimals = wanted.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let half = 0.5 * 10f64.powi(-(decimals as i32));
    let wanted: f64 = wanted.parse().expect("a number");
    let equal = value >= wanted - half && value < wanted + half;
    match prefix {
        "" | "eq" => equal,
        "gt" | "sa" => value > wanted,
        "lt" | "eb" => value < wanted,
        "ge" => value >= wanted,
        "le" => value <= wanted,
        _ => unreachable!("prefix {prefix}"),
    }
}

fn counts(document: &Value) -> Vec<f64> {
    extensions(document, &format!("{ROR}ror-location-supported-capacity"))
        .into_iter()
        .flat_map(|record| part(record, "nbCapacity"))
        .filter_map(Value::as_f64)
        .collect()
}

fn amounts(document: &Value) -> Vec<f64> {
    extensions(document, &format!("{ROR}ror-organization-price"))
        .into_iter()
        .flat_map(|record| part(record, "amount"))
        .filter_map(|money| money["value"].as_f64())
        .collect()
}

#[test]
fn numbers_by_prefix() {
    for value in ["0", "2", "3.0", "10", "1000000"] {
        for prefix in PREFIXES {
            check("Location", &format!("nb-capacity={prefix}{value}"), |document| {
                counts(document).iter().any(|count| compares(prefix, *count, value))
            });
        }
    }
    check_missing("Location", "nb-capacity", |document| !counts(document).is_empty());
    for value in ["60", "60.00", "75.5", "0"] {
        for prefix in PREFIXES {
            check("Organization", &format!("price-amount-value={prefix}{value}"), |document| {
                amounts(document).iter().any(|amount| compares(prefix, *amount, value))
            });
        }
    }
    check("Organization", "price-amount-value=gt60&price-amount-value=lt70", |document| {
        amounts(document).iter().any(|amount| *amount > 60.0 && *amount < 70.0)
    });
}

#[test]
fn ages_with_and_without_unit() {
    let lows = |document: &Value| -> Vec<(f64, String)> {
        extensions(document, &format!("{ROR}ror-healthcareservice-patient-type"))
            .into_iter()
            .flat_map(|record| part(record, "ageRange"))
            .flat_map(|range| at(range, "low"))
            .filter_map(|low| {
                Some((low["value"].as_f64()?, low["code"].as_str().unwrap_or_default().to_owned()))
            })
            .collect()
    };
    for value in ["0", "18", "60"] {
        for prefix in PREFIXES {
            check("HealthcareService", &format!("age-range-low={prefix}{value}"), |document| {
                lows(document).iter().any(|low| compares(prefix, low.0, value))
            });
        }
    }
    // With a unit only quantities of that unit, or of one convertible to it, compare.
    let in_years = |(value, code): &(f64, String)| match code.as_str() {
        "a" => Some(*value),
        "mo" => Some(*value / 12.0),
        _ => None,
    };
    for (prefix, value) in [("le", 18.0), ("ge", 18.0), ("lt", 60.0)] {
        let query = format!("age-range-low={prefix}{value}|http://unitsofmeasure.org|a");
        check("HealthcareService", &query, |document| {
            lows(document).iter().filter_map(in_years).any(|low| {
                if prefix == "ge" {
                    low >= value
                } else if prefix == "le" {
                    low <= value
                } else {
                    low < value
                }
            })
        });
    }
    check_missing("HealthcareService", "age-range-low", |document| !lows(document).is_empty());
}
