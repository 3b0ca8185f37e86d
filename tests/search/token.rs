//! Token parameters: codings, identifiers, codes, booleans, with `:not`, `:missing`, `:of-type`.

use e2e::sample::items;
use serde_json::Value;

use crate::naive::{
    Token, at, check, check_missing, check_with_not, escape, found, frequent, token_of, tokens,
};

/// Type, parameter, path of Codings or Identifiers. `multiple` is by the sample.
const CODED: &[(&str, &str, &str)] = &[
    ("HealthcareService", "specialty", "specialty.coding"),
    ("HealthcareService", "characteristic", "characteristic.coding"),
    ("HealthcareService", "service-category", "category.coding"),
    ("HealthcareService", "service-type", "type.coding"),
    ("HealthcareService", "identifier", "identifier"),
    ("Organization", "type", "type.coding"),
    ("Organization", "identifier", "identifier"),
    ("Location", "type", "type.coding"),
    ("Location", "identifier", "identifier"),
    ("PractitionerRole", "role", "code.coding"),
    ("Task", "business-status", "businessStatus.coding"),
    ("Location", "_tag", "meta.tag"),
];

#[test]
fn systems_and_codes() {
    for (resource_type, parameter, path) in CODED {
        let (system, code) = frequent(resource_type, |document| tokens(document, path));
        let has = |test: &dyn Fn(&Token) -> bool, document: &Value| {
            tokens(document, path).iter().any(test)
        };
        let value = escape(&code);
        let same_code = |document: &Value| has(&|token| token.1 == code, document);
        let no_system = |document: &Value| has(&|t| t.0.is_none() && t.1 == code, document);
        check_with_not(resource_type, parameter, &value, same_code);
        check_with_not(resource_type, parameter, &format!("|{value}"), no_system);
        let Some(system) = system else { continue };
        let exact =
            |document: &Value| has(&|t| t.0.as_deref() == Some(&*system) && t.1 == code, document);
        let of_system = |document: &Value| has(&|t| t.0.as_deref() == Some(&*system), document);
        check_with_not(resource_type, parameter, &format!("{system}|{value}"), exact);
        check_with_not(resource_type, parameter, &format!("{system}|"), of_system);
    }
}

#[test]
fn comma_is_or_and_repetition_is_and() {
    for (resource_type, parameter, path) in CODED {
        let codes = |document: &Value| -> Vec<String> {
            tokens(document, path).into_iter().map(|token| token.1).collect()
        };
        let first = frequent(resource_type, codes);
        let others = |document: &Value| {
            codes(document).into_iter().filter(|code| *code != first).collect::<Vec<_>>()
        };
        let second = frequent(resource_type, others);
        let holds = |document: &Value, code: &String| codes(document).contains(code);
        let (a, b) = (escape(&first), escape(&second));
        check_with_not(resource_type, parameter, &format!("{a},{b}"), |document| {
            holds(document, &first) || holds(document, &second)
        });
        check(resource_type, &format!("{parameter}={a}&{parameter}={b}"), |document| {
            holds(document, &first) && holds(document, &second)
        });
    }
}

#[test]
fn missing() {
    for (resource_type, parameter, path) in CODED {
        check_missing(resource_type, parameter, |document| !tokens(document, path).is_empty());
    }
}

#[test]
fn codes_and_booleans() {
    for (resource_type, parameter, path) in [
        ("HealthcareService", "active", "active"),
        ("Organization", "active", "active"),
        ("Location", "status", "status"),
        ("Task", "status", "status"),
        ("Practitioner", "gender", "gender"),
    ] {
        let texts = |document: &Value| -> Vec<String> {
            at(document, path)
                .into_iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect()
        };
        for value in ["true", "false", "active", "requested", "completed", "female", "unheard-of"] {
            if matches!(value, "true" | "false") != (path == "active") {
                continue;
            }
            check_with_not(resource_type, parameter, value, |document| {
                texts(document).iter().any(|text| text == value)
            });
        }
        check_missing(resource_type, parameter, |document| !texts(document).is_empty());
    }
}

#[test]
fn identifier_of_type() {
    let typed = |document: &Value| -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        for identifier in items(&document["identifier"]) {
            for coding in at(identifier, "type.coding") {
                if let (Some((Some(system), code)), Some(value)) =
                    (token_of(coding), identifier["value"].as_str())
                {
                    found.push((system, code, value.to_owned()));
                }
            }
        }
        found
    };
    for resource_type in ["HealthcareService", "Organization", "Location"] {
        let wanted = frequent(resource_type, typed);
        let (system, code, value) = &wanted;
        let query = format!("identifier:of-type={system}|{code}|{}", escape(value));
        check(resource_type, &query, |document| typed(document).contains(&wanted));
        let query = format!("identifier:of-type={system}|no-such-type|{}", escape(value));
        check(resource_type, &query, |_| false);
    }
}

#[test]
fn id_takes_several() {
    let ids: Vec<String> = e2e::sample::sample().ids("Location").into_iter().take(2).collect();
    check("Location", &format!("_id={},unknown-id,{}", ids[0], ids[1]), |document| {
        ids.iter().any(|id| document["id"] == id.as_str())
    });
    check("Location", &format!("_id={}&_id={}", ids[0], ids[1]), |_| false);
}

#[test]
fn unknown_code_finds_nothing_and_warns() {
    let system = "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/\
                  TRE-R211-ActiviteOperationnelle";
    let query = format!("HealthcareService?specialty={system}|no-such-code");
    let search = crate::naive::search(&query);
    assert_eq!(search.total(), Some(0));
    let issues = search.pages[0].outcome_issues();
    assert!(issues.iter().any(|issue| issue["severity"] == "warning"), "{issues:?}");
    // A code without system is not judged: it may belong to any.
    assert!(found("HealthcareService?specialty=no-such-code").is_empty());
}

#[test]
fn spellings_of_a_system_are_one() {
    let right = "https://mos.esante.gouv.fr/NOS/TRE_R211-ActiviteOperationnelle/FHIR/\
                 TRE-R211-ActiviteOperationnelle";
    let wrong = right.replace("TRE-R211", "TRE_R211");
    let all = found(&format!("HealthcareService?specialty={right}|"));
    assert!(!all.is_empty());
    assert_eq!(found(&format!("HealthcareService?specialty={wrong}|")), all);
}
