//! The committed sample: complete, valid, marked, small, and made of what the sources say.
//!
//! With `SOURCES_DIR` naming a folder of the full sources, the sample is built again and compared byte by
//! byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use indexer::sample::{Options, run, variables};
use serde_json::Value;
use shared::error::Severity;
use shared::extract::{Extracted, Values, extract};
use shared::fhir::{ResourceType, is_valid_id};
use shared::registry::{self, FieldId};
use shared::validate::{Strictness, Validator, parse};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}

fn folder() -> PathBuf {
    repository().join("index-data/sample")
}

/// Every document of the sample, by type and id.
static DOCUMENTS: LazyLock<BTreeMap<(String, String), Value>> = LazyLock::new(|| {
    let mut documents = BTreeMap::new();
    for resource_type in ResourceType::ALL {
        let path = folder().join(format!("{resource_type}.ndjson.zst"));
        let packed = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = zstd::decode_all(packed.as_slice()).expect("zstd");
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let document = parse(line).expect("JSON without duplicate names");
            assert_eq!(document["resourceType"], resource_type.as_str());
            let id = document["id"].as_str().expect("an id").to_owned();
            let before = documents.insert((resource_type.to_string(), id.clone()), document);
            assert!(before.is_none(), "{resource_type}/{id} given twice");
        }
    }
    documents
});

fn get(address: &str) -> &'static Value {
    let (kind, id) = address.split_once('/').expect("Type/id");
    DOCUMENTS
        .get(&(kind.to_owned(), id.to_owned()))
        .unwrap_or_else(|| panic!("the sample has no {address}"))
}

fn extensions<'d>(value: &'d Value, url: &str) -> Vec<&'d Value> {
    let list = value["extension"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter(|part| part["url"].as_str().is_some_and(|found| found.ends_with(url)))
        .collect()
}

/// The code of a part of a record.
fn part<'d>(record: &'d Value, url: &str) -> Option<&'d str> {
    extensions(record, url).first()?["valueCodeableConcept"]["coding"][0]["code"].as_str()
}

fn carriers(kind: &str, identifier: &str) -> usize {
    let of_kind = DOCUMENTS.iter().filter(|((found, _), _)| found == kind);
    let has = |document: &Value| {
        let list = document["identifier"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().any(|item| item["value"] == identifier)
    };
    of_kind.filter(|(_, document)| has(document)).count()
}

#[test]
fn every_document_is_valid_and_marked() {
    let validator = Validator::new(Strictness::WhereClaimed);
    for ((kind, id), document) in DOCUMENTS.iter() {
        assert!(is_valid_id(id), "{kind}/{id}");
        let issues = validator.validate(document);
        let errors: Vec<_> = issues
            .iter()
            .filter(|issue| matches!(issue.severity, Severity::Error | Severity::Fatal))
            .collect();
        assert!(errors.is_empty(), "{kind}/{id}: {errors:?}");
        let tags = document["meta"]["tag"].as_array().expect("tags");
        let origins: Vec<_> = tags
            .iter()
            .filter(|tag| tag["system"] == indexer::ror::PROVENANCE_SYSTEM)
            .map(|tag| tag["code"].as_str().unwrap())
            .collect();
        assert!(
            matches!(origins.as_slice(), ["open-data" | "invented"] | ["open-data", "invented"]),
            "{kind}/{id}: {origins:?}"
        );
        let updated = document["meta"]["lastUpdated"].as_str().expect("lastUpdated");
        assert!(updated < "2026-07", "{kind}/{id} is from the future: {updated}");
    }
}

#[test]
fn literal_references_lead_somewhere() {
    fn visit(value: &Value, from: &str) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("reference") {
                    get(reference);
                    assert_ne!(reference, from, "a reference to itself");
                }
                object.values().for_each(|value| visit(value, from));
            }
            Value::Array(list) => list.iter().for_each(|value| visit(value, from)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    for ((kind, id), document) in DOCUMENTS.iter() {
        visit(document, &format!("{kind}/{id}"));
    }
}

#[test]
fn no_organization_is_above_itself() {
    for (kind, id) in
        DOCUMENTS.keys().filter(|(kind, _)| kind == "Organization" || kind == "Location")
    {
        let mut above = format!("{kind}/{id}");
        for _ in 0..6 {
            let Some(next) = get(&above)["partOf"]["reference"].as_str() else { break };
            above = next.to_owned();
            assert_ne!(above, format!("{kind}/{id}"));
        }
        assert!(get(&above)["partOf"]["reference"].is_null(), "{kind}/{id} is too deep");
    }
}

#[test]
fn it_is_small() {
    let files =
        fs::read_dir(folder()).expect("the folder").map(|entry| entry.expect("an entry").path());
    let packed = files.filter(|path| path.extension().is_some_and(|extension| extension == "zst"));
    let sizes: Vec<u64> = packed.map(|path| path.metadata().expect("metadata").len()).collect();
    assert_eq!(sizes.len(), ResourceType::ALL.len());
    assert!(sizes.iter().sum::<u64>() <= 3_000_000, "{sizes:?}");
}

#[test]
fn it_holds_the_three_departments() {
    let sites = |prefix: &str| {
        let start = format!("eg-{prefix}");
        let digits = |id: &str| id.len() == 12 && id[3..].bytes().all(|byte| byte.is_ascii_digit());
        DOCUMENTS.keys().filter(|(_, id)| id.starts_with(&start) && digits(id)).count()
    };
    // Sites of the sources by department; their legal entities come on top.
    for (department, count) in [("44", 356), ("75", 319), ("15", 73)] {
        assert_eq!(sites(department), count, "{department}");
    }
}

#[test]
fn the_committed_values_are_those_of_the_sample() {
    let path = repository().join("tests/scenarios/vars.json");
    let committed: BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(path).expect("vars.json"))
            .expect("a JSON object of strings");
    let own: BTreeMap<String, String> =
        variables().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(committed, own);
}

/// What `scenario-vars.json` asks of each placeholder.
#[test]
fn placeholders_meet_their_preconditions() {
    let value = variables();
    let place = get(&format!("Location/{}", value["LOC_ID"]));
    let capacities = extensions(place, "ror-location-supported-capacity");
    assert_eq!(capacities.len(), 3, "three records are replaced by three");
    let addressed = |record: &&&Value| {
        part(record, "capacityStatus") == Some("02")
            && part(record, "temporalityCapacity") == Some("01")
            && part(record, "genderCapacityAvailable") == Some("03")
            && part(record, "temporaryAssignement") == Some("01")
    };
    assert_eq!(capacities.iter().filter(addressed).count(), 1);
    let covid = capacities
        .iter()
        .filter(|record| part(record, "temporaryAssignement") == Some("03"))
        .count();
    assert!((1..=3).contains(&covid));
    let equipment = extensions(place, "ror-location-equipment");
    let in_service = |code: &str| -> Vec<i64> {
        let of_code = equipment.iter().filter(|item| part(item, "equipmentType") == Some(code));
        of_code
            .map(|item| extensions(item, "nbInService")[0]["valueInteger"].as_i64().unwrap())
            .collect()
    };
    assert!(in_service("030")[0] > 0);
    assert_eq!(in_service("089").len(), 1);
    let bed = equipment.iter().find(|item| part(item, "equipmentType") == Some("089")).unwrap();
    let limit = extensions(bed, "ror-location-equipment-limit")[0];
    assert_eq!(part(limit, "equipmentFeature"), Some("001"));
    let quantity = &extensions(limit, "limitValue")[0]["valueQuantity"];
    assert_eq!((quantity["value"].as_f64(), quantity["unit"].as_str()), (Some(300.0), Some("kg")));
    let lines = place["address"]["_line"].as_array().unwrap();
    assert_eq!(lines.iter().filter(|line| !extensions(line, "houseNumber").is_empty()).count(), 1);

    for (name, kind, count) in [
        ("LOC_IDENTIFIER", "Location", 1),
        ("LOC_IDENTIFIER2", "Location", 1),
        ("LOC_IDENTIFIER_NOCAP", "Location", 1),
        ("SHARED_IDENTIFIER", "Location", 2),
        ("UNKNOWN_IDENTIFIER", "Location", 0),
        ("HS_IDENTIFIER", "HealthcareService", 1),
        ("HS_IDENTIFIER2", "HealthcareService", 1),
        ("EG_IDENTIFIER", "Organization", 1),
        ("TASK_IDENTIFIER", "Task", 1),
        ("MEASURE_IDENTIFIER", "Measure", 1),
        ("PRACT_IDENTIFIER", "Practitioner", 1),
    ] {
        assert_eq!(carriers(kind, value[name]), count, "{name}");
    }
    assert_eq!(place["identifier"][0]["value"], value["LOC_IDENTIFIER"]);
    for (name, kind) in [
        ("LOC_ID2", "Location"),
        ("HS_ID", "HealthcareService"),
        ("EG_ID", "Organization"),
        ("EJ_ID", "Organization"),
        ("ORG_ID", "Organization"),
        ("TASK_ID", "Task"),
        ("TASK_ID2", "Task"),
        ("PRACT_ID", "Practitioner"),
    ] {
        get(&format!("{kind}/{}", value[name]));
    }
    for name in ["TASK_ID", "TASK_ID2"] {
        let status = &get(&format!("Task/{}", value[name]))["businessStatus"]["coding"][0]["code"];
        assert_eq!(status, "02", "{name}");
    }
}

/// Search parameters without values of their own in a document: what the store keeps, what only a search computes,
/// and elements of R4 that the ROR has no use for.
const WITHOUT_DATA: &[&str] = &[
    "_lastUpdated",
    "_content",
    "_text",
    "_profile",
    "_security",
    "_source",
    "near",
    "near-insee-code",
    "near-address",
    "open-at",
    "capacity-max-age",
    "endpoint",
    "encounter",
    "patient",
    "context-type-quantity",
    "context-type-value",
];

/// What a document holds for a field, as text to compare by.
fn held(document: &Extracted, field: FieldId) -> BTreeSet<String> {
    let of_values = |values: &Values| {
        let terms = values
            .terms
            .iter()
            .filter(|term| term[..2] == field.to_be_bytes())
            .map(|t| format!("{t:?}"));
        let columns =
            values.columns.iter().filter(|(found, _)| *found == field).map(|c| format!("{c:?}"));
        terms.chain(columns).collect::<Vec<_>>()
    };
    let references =
        document.references.iter().filter(|(found, _)| *found == field).map(|r| format!("{r:?}"));
    let records = document.records.iter().flat_map(|record| of_values(&record.values));
    of_values(&document.values).into_iter().chain(records).chain(references).collect()
}

/// Every search parameter has documents that differ by it, so that a value finds some and misses others.
#[test]
fn every_search_parameter_has_data() {
    let extracted: Vec<Extracted> = DOCUMENTS
        .values()
        .map(|document| extract(document, &[]).expect("a document of the directory"))
        .collect();
    let mut lacking = BTreeSet::new();
    for resource_type in ResourceType::ALL {
        let documents = extracted.iter().filter(|document| document.resource_type == resource_type);
        let documents: Vec<&Extracted> = documents.collect();
        for parameter in registry::of_type(resource_type) {
            let field =
                registry::field_id(resource_type, parameter.code).expect("an indexed field");
            let values: BTreeSet<_> =
                documents.iter().map(|document| held(document, field)).collect();
            if values.len() < 2 {
                lacking.insert(format!("{resource_type}.{}", parameter.code));
            }
        }
    }
    lacking.retain(|name| !WITHOUT_DATA.contains(&name.split('.').nth(1).unwrap_or_default()));
    assert!(lacking.is_empty(), "no data for {lacking:#?}");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that needs data the repository does not hold"
)]
fn the_same_sources_give_the_same_bytes() {
    let Ok(sources) = std::env::var("SOURCES_DIR") else {
        eprintln!("SKIPPED: SOURCES_DIR names no folder of full sources");
        return;
    };
    let output = tempfile::tempdir().expect("a temporary folder");
    let options = Options { sources: sources.into(), output: output.path().to_owned() };
    run(&options).expect("the sample can be built");
    for resource_type in ResourceType::ALL {
        let name = format!("{resource_type}.ndjson.zst");
        let (built, committed) = (output.path().join(&name), folder().join(&name));
        let same = fs::read(built).expect("built") == fs::read(committed).expect("committed");
        assert!(same, "{name} differs: run `indexer sample` and commit the result");
    }
}
