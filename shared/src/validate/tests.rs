//! Documents against what must be reported: published examples, single mutations by table, and every
//! single mutation of a kind at every place of every example.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::model::{Content, Type};
use super::*;

const EXAMPLES: &str = include_str!("../../tests/fixtures/validate/examples.ndjson");
const ACCEPTED: &str = include_str!("../../tests/fixtures/validate/accepted.ndjson");
const REFUSED: &str = include_str!("../../tests/fixtures/validate/refused.ndjson");

const MUTATIONS: &str = include_str!("../../tests/fixtures/validate/mutations.tsv");

fn documents(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| parse(line.as_bytes()).unwrap()).collect()
}

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| Validator::new(Strictness::WhereClaimed));

fn validator() -> &'static Validator {
    &VALIDATOR
}

/// The first example of a type.
fn example(resource_type: &str) -> Value {
    documents(EXAMPLES).into_iter().find(|d| d["resourceType"] == resource_type).unwrap()
}

fn errors(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.issue.is_error()).collect()
}

#[test]
fn published_documents_are_accepted() {
    let validator = validator();
    let mut resource_types = std::collections::BTreeSet::new();
    for document in documents(EXAMPLES).iter().chain(&documents(ACCEPTED)) {
        let findings = validator.findings(document);
        assert_eq!(errors(&findings), Vec::<&Finding>::new());
        resource_types.insert(document["resourceType"].to_string());
    }
    assert_eq!(resource_types.len(), ResourceType::ALL.len());
    for document in documents(REFUSED) {
        assert!(validator.validate(&document).iter().any(Issue::is_error));
    }
}

/// The departures the publisher's own samples are known for, as the only findings they draw.
#[test]
fn known_departures_are_the_only_findings() {
    let validator = validator();
    let mut rules: Vec<String> = documents(EXAMPLES)
        .iter()
        .flat_map(|document| validator.findings(document))
        .map(|finding| finding.rule.into_owned())
        .collect();
    rules.sort();
    rules.dedup();
    assert_eq!(
        rules,
        [
            "extension-codes",
            "retired-code",
            "ror-healthcareservice/act-type",
            "ror-healthcareservice/age-high-unit",
            "ror-healthcareservice/age-low-unit",
            "ror-healthcareservice/careMode",
            "ror-healthcareservice/operationalActivity",
            "ror-healthcareservice/operationalActivityFamily",
            "ror-organization/sirene-system",
            "ror-organization/siret-system",
            "ror-practitionerrole/expertiseType",
            "ror-practitionerrole/specialty",
        ]
    );
}

/// Sets (or with `null` removes) what a JSON pointer names; the parent must exist.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    if let Some(object) = parent.as_object_mut() {
        if value.is_null() {
            object.remove(key).unwrap();
        } else {
            object.insert(key.to_owned(), value);
        }
    } else if key == "-" {
        parent.as_array_mut().unwrap().push(value);
    } else {
        parent[key.parse::<usize>().unwrap()] = value;
    }
}

/// The table of single changes: what each must cause, and where.
#[test]
fn mutations() {
    let mut rows = 0;
    for row in MUTATIONS.lines().filter(|row| !row.starts_with('#')) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [resource_type, pointer, value, severity, rule, at] = cells.as_slice() else {
            panic!("six cells expected: {row}");
        };
        let value = serde_json::from_str(&value.replace("ror:", ROR_BASE)).unwrap();
        let mut document = example(resource_type);
        set(&mut document, pointer, value);
        let findings = validator().findings(&document);
        let found = findings.iter().any(|finding| {
            let issue = &finding.issue;
            finding.rule == *rule
                && json!(issue.severity) == *severity
                && issue.expression.as_deref() == Some(at)
        });
        assert!(found, "{row}: found {findings:#?}");
        rows += 1;
    }
    assert!(rows > 90, "{rows}");
}

#[test]
fn contained_resources_that_are_used_are_accepted() {
    let mut document = example("Task");
    set(
        &mut document,
        "/contained",
        json!([
            {"resourceType": "Patient", "id": "a", "name": [{"given": [null], "_given": [{"id": "x"}]}]},
            {"resourceType": "Location", "id": "b", "partOf": {"reference": "#c"}},
            {"resourceType": "Location", "id": "c"},
        ]),
    );
    set(&mut document, "/focus", json!({"reference": "#a"}));
    set(&mut document, "/location", json!({"reference": "#b"}));
    let findings = validator().findings(&document);
    assert_eq!(errors(&findings), Vec::<&Finding>::new());
}

#[test]
fn a_profile_weighs_where_it_is_claimed() {
    let mut document = example("HealthcareService");
    set(&mut document, "/name", Value::Null);
    let severity = |validator: &Validator, document: &Value, rule: &str| {
        let findings = validator.findings(document);
        findings.iter().find(|finding| finding.rule == rule).map(|finding| finding.issue.severity)
    };
    let (name, care_mode) = ("ror-healthcareservice/name", "ror-healthcareservice/careMode");
    let (lenient, strict) = (validator(), &Validator::new(Strictness::Strict));
    assert_eq!(severity(lenient, &document, name), Some(Severity::Error));
    assert_eq!(severity(lenient, &document, care_mode), Some(Severity::Warning));
    set(&mut document, "/meta/profile", Value::Null);
    assert_eq!(severity(lenient, &document, name), Some(Severity::Warning));
    assert_eq!(severity(strict, &document, name), Some(Severity::Error));
    assert_eq!(severity(strict, &document, care_mode), Some(Severity::Warning));
}

#[test]
fn a_day_of_the_week_that_does_not_exist_is_told() {
    for resource_type in ["HealthcareService", "PractitionerRole"] {
        for (number, is_told) in [(-1, true), (0, true), (1, false), (7, false), (8, true)] {
            let url = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-available-time-number-days-of-week";
            let day = json!({"url": url, "valueInteger": number});
            let mut document = example(resource_type);
            document["availableTime"] = json!([{"extension": [day], "allDay": true}]);
            let findings = validator().findings(&document);
            let told = findings.iter().find(|f| f.rule.ends_with("/number-days-of-week-value"));
            assert_eq!(told.is_some(), is_told, "{resource_type} {number}: {findings:?}");
            assert!(told.is_none_or(|found| found.issue.severity == Severity::Warning));
        }
    }
}

#[test]
fn roots() {
    let rows = [
        (json!([]), IssueType::Structure),
        (json!("Location"), IssueType::Structure),
        (json!({}), IssueType::Required),
        (json!({"resourceType": 1}), IssueType::Structure),
        (json!({"resourceType": "Patient"}), IssueType::NotSupported),
        (json!({"resourceType": "Pony"}), IssueType::NotSupported),
    ];
    for (document, code) in rows {
        let issues = validator().validate(&document);
        assert_eq!(issues.len(), 1, "{document}");
        assert!(issues[0].is_error() && issues[0].code == code, "{document}: {issues:?}");
    }
}

#[test]
fn findings_are_bounded() {
    let mut document = example("Location");
    for number in 0..500 {
        set(&mut document, &format!("/x{number}"), json!(1));
    }
    let issues = validator().validate(&document);
    assert_eq!(issues.len(), finding::FINDINGS_MAX + 1);
    assert!(issues.last().unwrap().is_error());
}

/// An element of an example that the definitions know.
struct Known {
    document: Value,
    /// Pointer to the object that holds it.
    pointer: String,
    type_: &'static Type,
    key: String,
}

static PLACES: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for document in documents(EXAMPLES) {
        let resource_type = document["resourceType"].as_str().unwrap().parse().unwrap();
        visit(&document, VALIDATOR.model.resource(resource_type), &document, "", &mut all);
    }
    all
});

fn visit(
    document: &Value,
    type_: &'static Type,
    value: &Value,
    pointer: &str,
    out: &mut Vec<Known>,
) {
    for (key, inner) in value.as_object().unwrap() {
        let Some(element) = type_.element(key) else { continue };
        let (document_, key) = (document.clone(), key.clone());
        let at = format!("{pointer}/{key}");
        out.push(Known { document: document_, pointer: pointer.to_owned(), type_, key });
        let Content::Complex(id) = element.content else { continue };
        let type_ = VALIDATOR.model.type_(id);
        if let Some(items) = inner.as_array() {
            for (index, item) in items.iter().enumerate() {
                visit(document, type_, item, &format!("{at}/{index}"), out);
            }
        } else {
            visit(document, type_, inner, &at, out);
        }
    }
}

fn expression(document: &Value, pointer: &str) -> String {
    let mut expression = document["resourceType"].as_str().unwrap().to_owned();
    for step in pointer.split('/').skip(1) {
        if step.parse::<usize>().is_ok() {
            expression = format!("{expression}[{step}]");
        } else {
            let is_value = step.starts_with("value") && step != "value" && step != "valueSet";
            expression = format!("{expression}.{}", if is_value { "value" } else { step });
        }
    }
    expression
}

/// At every place of every example: a wrong JSON type, an unknown neighbor, an emptied value and the
/// loss of a required element are all reported where they are.
#[test]
fn every_single_mutation_is_reported() {
    let mut removed = 0;
    for Known { document, pointer, type_, key } in PLACES.iter() {
        let at = format!("{pointer}/{key}");
        let element = type_.element(key).unwrap();
        let is_reported = |value: Value, pointer: &str, rules: &[&str]| {
            let mut document = document.clone();
            set(&mut document, pointer, value);
            // A choice without its value is reported under the name of the choice.
            let expected = expression(&document, pointer);
            let findings = validator().findings(&document);
            let found = findings.iter().any(|finding| {
                let place = finding.issue.expression.as_deref().unwrap_or_default();
                finding.issue.is_error()
                    && rules.contains(&&*finding.rule)
                    && place.starts_with(&expected)
            });
            assert!(found, "{pointer} {rules:?} {expected}: {findings:#?}");
        };
        is_reported(json!(1), &format!("{pointer}/notAnElement"), &["unknown-element"]);
        is_reported(json!([]), &at, &["ele-1", "type"]);
        is_reported(json!([[]]), &at, &["type"]);
        is_reported(json!({}), &at, &["array", "type", "required", "ele-1"]);
        let is_number =
            matches!(element.content, Content::Primitive(p) if p.check(&json!(1.5)).is_ok());
        if !is_number {
            is_reported(json!(1.5), &at, &["array", "type", "value"]);
        }
        let has_sibling = document.pointer(&format!("{pointer}/_{key}")).is_some();
        if type_.required & (1 << element.slot) != 0 && !has_sibling {
            is_reported(Value::Null, &at, &["required"]);
            removed += 1;
        }
    }
    assert!(PLACES.len() > 1800, "{}", PLACES.len());
    assert!(removed > 250, "{removed}");
}

#[test]
fn the_tables_are_sound() {
    let validator = validator();
    for resource_type in ResourceType::ALL {
        assert!(validator.profiles.iter().any(|profile| profile.resource_type == resource_type));
        let type_ = validator.model.resource(resource_type);
        assert!(type_.is_resource() && type_.element("extension").is_some());
    }
    let extension = validator.model.extension();
    assert_eq!(extension.elements().iter().filter(|element| element.is_choice).count(), 50);
}

#[test]
fn bytes_that_are_no_document() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let deep = format!("{{\"a\":{deep}}}");
    // (bytes, what the message must say)
    let rows: [(&[u8], &str); 18] = [
        (b"", "line 1 column 0"),
        (b"{", "line 1 column 1"),
        (b"not json", "line 1"),
        (b"[]", "one JSON object"),
        (b"\"a\"", "one JSON object"),
        (b"null", "one JSON object"),
        (b"{} {}", "trailing characters at line 1 column 4"),
        (b"{}x", "trailing characters"),
        (b"{\n\"a\":1,\n\"a\":2}", "\"a\" appears twice at line 3"),
        (b"{\"b\":{\"a\":1,\"a\":1}}", "appears twice"),
        (b"{\"b\":[{\"\\u0061\":1,\"a\":1}]}", "appears twice"),
        (b"{\"a\":NaN}", "line 1 column 6"),
        (b"{\"a\":1e999}", "number out of range"),
        (b"{\"a\":01}", "line 1"),
        (b"{\"a\":\"\\ud800\"}", "line 1"),
        (b"{\"a\":\"\xff\"}", "line 1"),
        (b"{\"a\":\"\n\"}", "control character"),
        (deep.as_bytes(), "deeper than 64"),
    ];
    for (bytes, message) in rows {
        let issues = parse(bytes).expect_err("not a document");
        assert_eq!(issues.len(), 1);
        assert!(issues[0].is_error());
        let text = &issues[0].diagnostics;
        assert!(text.contains(message), "{:?}: {text}", String::from_utf8_lossy(bytes));
    }
    let long_key = format!("{{\"{0}\":1,\"{0}\":1}}", "k".repeat(100_000));
    assert!(parse(long_key.as_bytes()).unwrap_err()[0].diagnostics.len() < 200);
}

#[test]
fn depth_is_bounded_without_the_parser_too() {
    let mut nested = json!({"url": "http://x", "valueCode": "a"});
    for _ in 0..200 {
        nested = json!({"url": "http://x", "extension": [nested]});
    }
    let mut document = example("Location");
    set(&mut document, "/extension/-", nested);
    assert!(validator().findings(&document).iter().any(|finding| finding.rule == "depth"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "resourceType",
        "id",
        "_id",
        "meta",
        "extension",
        "url",
        "valueCoding",
        "coding",
        "identifier",
        "type",
        "reference",
        "contained",
        "name",
        "_name",
        "telecom",
        "period",
        "start",
        "x",
        "_",
        "",
    ]);
    let text = prop_oneof![
        Just("Location".to_owned()),
        Just("#a".to_owned()),
        Just("Task".to_owned()),
        any::<String>(),
        "[0-9T:.+Zé-]{0,24}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let object = prop::collection::vec((keys.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            object.prop_map(|entries| {
                Value::Object(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    /// What is accepted reads as any other parser reads it.
    #[test]
    fn accepted_bytes_read_as_json(document in any_json()) {
        let bytes = serde_json::to_vec(&document).unwrap();
        if let Ok(parsed) = parse(&bytes) {
            prop_assert_eq!(parsed, serde_json::from_slice::<Value>(&bytes).unwrap());
        }
    }

    /// Any JSON under any resource type gives findings, never a panic.
    #[test]
    fn any_document_is_survived(mut document in any_json(), which in 0..ResourceType::ALL.len()) {
        if let Value::Object(object) = &mut document {
            object.insert("resourceType".to_owned(), json!(ResourceType::ALL[which].as_str()));
        }
        let issues = validator().validate(&document);
        prop_assert!(document.is_object() || issues.iter().any(Issue::is_error));
    }

    /// Any value in the place of any other in a real document.
    #[test]
    fn any_value_in_any_place_is_survived(value in any_json(), seed in any::<prop::sample::Index>()) {
        let Known { document, pointer, key, .. } = &PLACES[seed.index(PLACES.len())];
        let mut document = document.clone();
        if let Some(place) = document.pointer_mut(&format!("{pointer}/{key}")) {
            *place = value;
        }
        let _ = validator().validate(&document);
    }
}
