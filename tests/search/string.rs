//! String parameters: starts-with without regard to case, accents and punctuation, `:exact`, `:contains`.

use e2e::fold::{fold, words};
use serde_json::Value;

use crate::naive::{at, check, check_missing, escape, frequent};

/// Type, parameter, paths of the strings.
const STRINGS: &[(&str, &str, &[&str])] = &[
    ("HealthcareService", "name", &["name"]),
    ("Organization", "name", &["name", "alias"]),
    ("Location", "name", &["name", "alias"]),
    ("Location", "address-city", &["address.city"]),
    ("Location", "address-postalcode", &["address.postalCode"]),
    ("Practitioner", "family", &["name.family"]),
    ("Practitioner", "given", &["name.given"]),
];

fn texts(document: &Value, paths: &[&str]) -> Vec<String> {
    let values = paths.iter().flat_map(|path| at(document, path));
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The first letters and digits of a text, without the signs whose folding is a matter of taste.
fn plain_start(text: &str, length: usize) -> Option<String> {
    let start: String = text.chars().take_while(|c| c.is_alphanumeric()).take(length).collect();
    (start.chars().count() == length).then_some(start)
}

#[test]
fn starts_with() {
    for (resource_type, parameter, paths) in STRINGS {
        let starts = |document: &Value| -> Vec<String> {
            texts(document, paths).iter().filter_map(|text| plain_start(text, 3)).collect()
        };
        let start = frequent(resource_type, starts);
        for spelling in [start.to_uppercase(), start.to_lowercase(), fold(&start)] {
            check(resource_type, &format!("{parameter}={}", escape(&spelling)), |document| {
                texts(document, paths).iter().any(|text| fold(text).starts_with(&fold(&start)))
            });
        }
        check(resource_type, &format!("{parameter}={start},Zzyzx"), |document| {
            texts(document, paths).iter().any(|text| fold(text).starts_with(&fold(&start)))
        });
    }
}

#[test]
fn exact_and_contains() {
    for (resource_type, parameter, paths) in STRINGS {
        let whole = frequent(resource_type, |document| texts(document, paths));
        check(resource_type, &format!("{parameter}:exact={}", escape(&whole)), |document| {
            texts(document, paths).contains(&whole)
        });
        let other_case =
            if whole.to_lowercase() == whole { whole.to_uppercase() } else { whole.to_lowercase() };
        check(resource_type, &format!("{parameter}:exact={}", escape(&other_case)), |document| {
            texts(document, paths).contains(&other_case)
        });
        let inner: String = whole.chars().filter(|c| c.is_alphanumeric()).skip(1).take(3).collect();
        check(resource_type, &format!("{parameter}:contains={inner}"), |document| {
            texts(document, paths).iter().any(|text| fold(text).contains(&fold(&inner)))
        });
    }
}

#[test]
fn punctuation_is_space() {
    let key = |text: &str| {
        let written = |word: String| if word == "st" { "saint".to_owned() } else { word };
        words(text).into_iter().map(written).collect::<Vec<_>>().join(" ")
    };
    for (resource_type, parameter, paths) in [
        ("Organization", "name", &["name", "alias"][..]),
        ("Location", "address-city", &["address.city"]),
    ] {
        let marked = |document: &Value| -> Vec<String> {
            let is_plain = |c: char| c.is_alphanumeric() || c == ' ' || c == '-';
            let all = texts(document, paths).into_iter();
            all.filter(|text| text.contains('-') && text.chars().all(is_plain)).collect()
        };
        let asked = key(&frequent(resource_type, marked));
        for spelling in [asked.clone(), asked.replace(' ', "-"), asked.replace("saint ", "st ")] {
            check(resource_type, &format!("{parameter}={}", escape(&spelling)), |document| {
                texts(document, paths).iter().any(|text| key(text).starts_with(&asked))
            });
            check(
                resource_type,
                &format!("{parameter}:contains={}", escape(&spelling)),
                |document| texts(document, paths).iter().any(|text| key(text).contains(&asked)),
            );
        }
    }
}

#[test]
fn missing() {
    for (resource_type, parameter, paths) in STRINGS {
        check_missing(resource_type, parameter, |document| !texts(document, paths).is_empty());
    }
}
