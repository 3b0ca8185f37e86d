//! The directory as a whole: determinism, proportions, referential integrity, validity.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::Value;
use shared::fhir::ResourceType;
use shared::validate::{Strictness, Validator};

use super::{Counts, OFFERS_MAX, Options, generate};

fn bytes(offers: u32, seed: u64) -> (Vec<u8>, Counts) {
    let mut all = Vec::new();
    let options = Options { offers, seed };
    let counts = generate(&options, &mut |_, lines| {
        all.extend_from_slice(lines);
        Ok(())
    });
    (all, counts.unwrap())
}

/// How many offers the country that most tests look at has.
const OFFERS: u32 = 2_000;

/// The country that most tests look at, made once.
static COUNTRY: LazyLock<(Vec<Value>, Counts)> = LazyLock::new(|| {
    let (all, counts) = bytes(OFFERS, 42);
    let lines = all.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let documents: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(counts.total(), documents.len() as u64);
    (documents, counts)
});

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_any_number_of_threads() {
    let (one, counts) = with_threads(1, || bytes(600, 42));
    let (three, same) = with_threads(3, || bytes(600, 42));
    assert!(one == three && counts == same);
    let (other, _) = bytes(600, 43);
    assert!(one != other);
}

#[test]
fn proportions() {
    let counts = &COUNTRY.1;
    // (type, least, most) for a thousand offers
    let rows = [
        (ResourceType::HealthcareService, 1000, 1000),
        (ResourceType::Organization, 330, 480),
        (ResourceType::Location, 1150, 1250),
        (ResourceType::Practitioner, 450, 450),
        (ResourceType::PractitionerRole, 1030, 1200),
        (ResourceType::Task, 30, 30),
        (ResourceType::MeasureReport, 10, 10),
    ];
    for (kind, least, most) in rows {
        let share = counts.of(kind) / 2;
        assert!((least..=most).contains(&share), "{kind}: {share}");
    }
    assert_eq!(counts.of(ResourceType::Measure), 12);
}

/// Every `reference` and `measure` of a document.
fn references<'d>(value: &'d Value, out: &mut Vec<&'d str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "reference" || name == "measure" => out.push(text),
                    _ => references(member, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn references_resolve_to_what_came_before() {
    let documents = &COUNTRY.0;
    let mut seen = HashSet::new();
    let mut count = 0;
    for document in documents {
        let mut targets = Vec::new();
        references(document, &mut targets);
        let id = document["id"].as_str().unwrap();
        let name = format!("{}/{id}", document["resourceType"].as_str().unwrap());
        for target in targets {
            // A place may stand inside one that follows it in the same pass.
            let is_known = seen.contains(target.trim_start_matches("http://ror.example.org/fhir/"));
            assert!(is_known, "{name} refers to {target}");
            count += 1;
        }
        assert!(shared::fhir::is_valid_id(id), "{id}");
        assert!(seen.insert(name), "{id} twice");
    }
    assert!(count > 10_000, "{count}");
}

#[test]
fn most_logical_references_name_someone() {
    let documents = &COUNTRY.0;
    let identifiers: HashSet<&str> = documents
        .iter()
        .filter_map(|document| document["identifier"].as_array())
        .flatten()
        .filter_map(|identifier| identifier["value"].as_str())
        .collect();
    let tasks = documents.iter().filter(|document| document["resourceType"] == "Task");
    let logical: Vec<&str> =
        tasks.filter_map(|task| task["focus"]["identifier"]["value"].as_str()).collect();
    let unknown = logical.iter().filter(|value| !identifiers.contains(*value)).count();
    // A fifth of 60 tasks, and a tenth of those.
    assert!((5..=20).contains(&logical.len()), "{}", logical.len());
    assert!(unknown <= 4, "{unknown}");
}

#[test]
fn identifiers_are_unique() {
    let documents = &COUNTRY.0;
    let mut seen = HashMap::new();
    for document in documents {
        for identifier in document["identifier"].as_array().into_iter().flatten() {
            let key = (identifier["system"].clone().to_string(), identifier["value"].to_string());
            let kind = document["resourceType"].to_string();
            let before = seen.insert((kind, key.clone()), &document["id"]);
            assert!(before.is_none(), "{key:?}: {before:?} and {}", document["id"]);
        }
    }
}

#[test]
fn the_tail_is_reached_and_providers_spread() {
    let documents = &COUNTRY.0;
    let mut offers: HashMap<&str, u32> = HashMap::new();
    for document in documents.iter().filter(|d| d["resourceType"] == "HealthcareService") {
        *offers.entry(document["providedBy"]["reference"].as_str().unwrap()).or_default() += 1;
    }
    let mut sizes: Vec<u32> = offers.into_values().collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    assert!((32..=40).contains(&sizes[0]), "1.6 % of the offers have one provider: {sizes:?}");
    let mean = f64::from(OFFERS) / sizes.len() as f64;
    assert!((2.0..4.5).contains(&mean), "{mean}");
}

/// The parts of an extension of a document whose URL ends in `name`.
fn records<'d>(document: &'d Value, name: &str) -> Vec<&'d Value> {
    let extensions = document["extension"].as_array().into_iter().flatten();
    extensions.filter(|e| e["url"].as_str().is_some_and(|url| url.ends_with(name))).collect()
}

fn part<'d>(record: &'d Value, name: &str) -> Option<&'d Value> {
    let parts = record["extension"].as_array()?;
    parts.iter().find(|part| part["url"] == name)
}

#[test]
fn what_searches_need_is_there() {
    let documents = &COUNTRY.0;
    let count = |kind: &str, test: &dyn Fn(&Value) -> bool| {
        documents.iter().filter(|d| d["resourceType"] == kind && test(d)).count()
    };
    let has = |name: &'static str| move |d: &Value| !records(d, name).is_empty();
    let nursing_prices: Vec<usize> = documents
        .iter()
        .filter(|d| d["type"][0]["coding"][0]["code"] == "500")
        .map(|d| records(d, "ror-organization-price").len())
        .collect();
    assert!(nursing_prices.contains(&0) && nursing_prices.iter().any(|n| *n >= 12));
    let starts: HashSet<&str> = documents
        .iter()
        .flat_map(|d| records(d, "ror-organization-price"))
        .filter_map(|price| part(price, "startDate")?["valueDateTime"].as_str())
        .collect();
    assert_eq!(starts.len(), 5, "{starts:?}");
    let statuses: HashSet<&str> = documents
        .iter()
        .flat_map(|d| records(d, "ror-location-supported-capacity"))
        .filter_map(|c| {
            part(c, "capacityStatus")?["valueCodeableConcept"]["coding"][0]["code"].as_str()
        })
        .collect();
    assert_eq!(statuses.len(), 6, "{statuses:?}");
    let equipped = count("Location", &has("ror-location-equipment"));
    assert!((60..300).contains(&equipped), "{equipped}");
    assert!(count("Location", &|d| d["managingOrganization"].is_object()) > 60);
    assert!(count("HealthcareService", &has("ror-territorial-division")) > 80);
    assert!(count("HealthcareService", &|d| d["notAvailable"].is_array()) > 25);
    let sensitive = count("HealthcareService", &|d| {
        records(d, "ror-healthcareservice-sensitive-unit")[0]["valueBoolean"] == true
    });
    assert!((15..50).contains(&sensitive), "{sensitive}");
}

#[test]
fn every_record_says_where_it_comes_from_and_when() {
    for document in &COUNTRY.0 {
        let tags = document["meta"]["tag"].as_array().unwrap();
        assert!(tags.iter().any(|tag| tag["code"] == "synthetic"), "{document}");
        let updated = document["meta"]["lastUpdated"].as_str().unwrap();
        assert!(("2022-12-31".."2026-01-01").contains(&updated), "{updated}");
        assert!(document["meta"].get("profile").is_none());
    }
}

#[test]
fn the_strict_validator_finds_nothing() {
    let validator = Validator::new(Strictness::Strict);
    let mut advice = 0;
    for document in &COUNTRY.0 {
        for issue in validator.validate(document) {
            // Samples of the guide carry several activities too.
            let is_expected = issue.diagnostics.contains("R211-ActiviteOperationnelle");
            assert!(is_expected && !issue.is_error(), "{issue:?} in {document}");
            advice += 1;
        }
    }
    assert!(advice < OFFERS / 20, "{advice}");
}

#[test]
fn small_and_large_demands() {
    for offers in [0, 1, 2, 10] {
        let (_, counts) = bytes(offers, 1);
        assert_eq!(counts.of(ResourceType::HealthcareService), u64::from(offers));
    }
    let options = Options { offers: OFFERS_MAX + 1, seed: 0 };
    assert!(generate(&options, &mut |_, _| Ok(())).is_err());
}

#[test]
fn a_failing_output_stops_the_work() {
    let options = Options { offers: 500, seed: 0 };
    let mut calls = 0;
    let result = generate(&options, &mut |_, _| {
        calls += 1;
        Err(std::io::Error::other("disk full"))
    });
    assert_eq!((result.unwrap_err().to_string().as_str(), calls), ("disk full", 1));
}
