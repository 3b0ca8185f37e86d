//! Reference parameters: every way to name the target, logical references, `:identifier`, hierarchy.

use e2e::harness;
use e2e::sample::{Key, sample};
use serde_json::Value;

use crate::naive::{at, check, check_missing, escape, found, frequent};

/// Type, parameter, element, target type.
const REFERENCES: &[(&str, &str, &str, &str)] = &[
    ("HealthcareService", "organization", "providedBy", "Organization"),
    ("HealthcareService", "location", "location", "Location"),
    ("Organization", "partof", "partOf", "Organization"),
    ("PractitionerRole", "service", "healthcareService", "HealthcareService"),
    ("PractitionerRole", "practitioner", "practitioner", "Practitioner"),
];

fn targets(document: &Value, element: &str) -> Vec<Key> {
    sample().targets(document, element)
}

#[test]
fn every_way_to_name_a_target() {
    let base = harness::client().base().to_owned();
    for (resource_type, parameter, element, target_type) in REFERENCES {
        let target = frequent(resource_type, |document| targets(document, element));
        let (kind, id) = &target;
        assert_eq!(kind, target_type);
        let queries = [
            format!("{parameter}={kind}/{id}"),
            format!("{parameter}={id}"),
            format!("{parameter}={base}/{kind}/{id}"),
            format!("{parameter}:{kind}={id}"),
            format!("{parameter}={kind}/unknown,{kind}/{id}"),
        ];
        for query in queries {
            check(resource_type, &query, |document| targets(document, element).contains(&target));
        }
        check(resource_type, &format!("{parameter}=Task/{id}"), |_| false);
        check(resource_type, &format!("{parameter}={kind}/unknown"), |_| false);
    }
}

#[test]
fn missing() {
    for (resource_type, parameter, element, _) in REFERENCES {
        check_missing(resource_type, parameter, |document| !at(document, element).is_empty());
    }
}

#[test]
fn identifier_of_a_logical_reference() {
    let identifiers = |document: &Value| -> Vec<String> {
        let values = at(document, "focus.identifier.value");
        values.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let with: Vec<String> =
        sample().of_type("Task").flat_map(|(_, document)| identifiers(document)).collect();
    let value = with.first().expect("the sample has a Task with a logical focus");
    check("Task", &format!("focus:identifier={}", escape(value)), |document| {
        identifiers(document).contains(value)
    });
}

#[test]
fn below_and_above_follow_the_hierarchy() {
    let ancestors = |start: Vec<Key>| -> Vec<Key> {
        let mut reached = start;
        let mut at = 0;
        while at < reached.len() {
            let document = sample().get(&reached[at]).expect("a resolved target");
            for key in targets(document, "partOf") {
                if !reached.contains(&key) {
                    reached.push(key);
                }
            }
            at += 1;
        }
        reached
    };
    let above_of = |document: &Value| ancestors(targets(document, "providedBy"));
    let top = frequent("HealthcareService", |document| {
        let direct = targets(document, "providedBy");
        above_of(document).into_iter().filter(|key| !direct.contains(key)).collect()
    });
    check("HealthcareService", &format!("organization:below={}/{}", top.0, top.1), |document| {
        above_of(document).contains(&top)
    });
    let direct = found(&format!("HealthcareService?organization={}/{}", top.0, top.1));
    let below = found(&format!("HealthcareService?organization:below={}/{}", top.0, top.1));
    assert!(direct.is_subset(&below) && direct != below);
}
