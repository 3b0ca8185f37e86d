//! The PATCH bodies of the acceptance catalogue, literal and corrected, on small documents that have
//! what the catalogue says they need; and the result through the validator, as a write goes.

use serde_json::Value;
use shared::fhir::ResourceType;
use shared::validate::{Strictness, Validator, parse};

use super::super::capacity::URL;
use super::{Limits, Patch, PatchError, apply};

const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scenarios");
const NOS: &str = "https://mos.esante.gouv.fr/NOS";
const ROR: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition";

/// Scenarios that do not reach a document: no such type, or not exactly one resource.
const ADDRESSED_ELSEWHERE: [&str; 4] = ["UC6-S01-MO", "UC6-S02-X", "UC10-S02-404", "UC10-S02-412"];

/// A coded part of a capacity record or equipment.
fn coded(url: &str, system: &str, code: &str) -> String {
    let dashed = system.replacen("TRE_", "TRE-", 1);
    format!(
        r#"{{"url":"{url}","valueCodeableConcept":{{"coding":[{{"system":"{NOS}/{system}/FHIR/{dashed}","code":"{code}"}}]}}}}"#
    )
}

/// A capacity record: its status, nature, gender, assignment and number.
pub(super) fn record(
    status: &str,
    nature: &str,
    gender: &str,
    assignment: &str,
    number: u32,
) -> String {
    let parts = [
        format!(r#"{{"url":"nbCapacity","valueInteger":{number}}}"#),
        r#"{"url":"capacityUpdateDate","valueDateTime":"2025-02-20T08:30:00+01:00"}"#.to_owned(),
        coded("capacityStatus", "TRE_R330-TypeStatutCapacite", status),
        coded("capacityType", "TRE_R329-NatureCapacite", nature),
        coded("temporalityCapacity", "TRE_R331-TemporaliteCapacite", "01"),
        coded("capacitySourceType", "TRE_R335-TypeSourceCapacite", "01"),
        coded("genderCapacityAvailable", "TRE_R332-GenreCapacite", gender),
        coded("temporaryAssignement", "TRE_R337-AffectationTemporaire", assignment),
    ];
    format!(r#"{{"url":"{URL}","extension":[{}]}}"#, parts.join(","))
}

fn equipment(code: &str, number: u32, limit: &str) -> String {
    let kind = coded("equipmentType", "TRE_R212-Equipement", code);
    format!(
        r#"{{"url":"{ROR}/ror-location-equipment","extension":[{kind},{{"url":"nbInService","valueInteger":{number}}}{limit}]}}"#
    )
}

/// A place with all records that the scenarios address, and numbers whose text must stay.
pub(super) fn place(records: &[String]) -> String {
    let feature = coded("equipmentFeature", "TRE_R340-TypeCaracteristiqueEquipement", "001");
    let limit = format!(
        r#",{{"url":"{ROR}/ror-location-equipment-limit","extension":[{feature},{{"url":"limitValue","valueQuantity":{{"value":300.0,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}}}]}}"#
    );
    let mut extensions = records.to_vec();
    extensions.push(equipment("089", 2, &limit));
    extensions.push(equipment("030", 4, ""));
    format!(
        r#"{{"resourceType":"Location","id":"140","extension":[{}],"identifier":[{{"value":"52/192675"}}],"address":{{"line":["9 rue A"],"_line":[{{"extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-houseNumber","valueString":"9"}}]}}]}},"position":{{"longitude":-1.5500,"latitude":47.0}}}}"#,
        extensions.join(",")
    )
}

fn document(path: &str) -> (ResourceType, String) {
    if path.starts_with("/Location") {
        let records = [
            record("01", "01", "03", "01", 28),
            record("02", "01", "03", "01", 6),
            record("02", "01", "03", "03", 3),
        ];
        return (ResourceType::Location, place(&records));
    }
    if path.starts_with("/HealthcareService") {
        let specialty = |code: &str| {
            format!(
                r#"{{"coding":[{{"system":"{NOS}/TRE_R211-ActiviteOperationnelle/FHIR/TRE-R211-ActiviteOperationnelle","code":"{code}"}}]}}"#
            )
        };
        let text = format!(
            r#"{{"resourceType":"HealthcareService","id":"741","specialty":[{},{}],"location":[{{"reference":"Location/140"}}]}}"#,
            specialty("096"),
            specialty("040")
        );
        return (ResourceType::HealthcareService, text);
    }
    if path.starts_with("/Organization") {
        let text = r#"{"resourceType":"Organization","id":"789","identifier":[{"value":"789"}],"name":"a"}"#;
        return (ResourceType::Organization, text.to_owned());
    }
    let text = r#"{"resourceType":"Task","id":"1309","status":"in-progress","businessStatus":{"coding":[{"code":"02"}]},"intent":"order"}"#;
    (ResourceType::Task, text.to_owned())
}

/// The status of a write: the patch's, or 422 when the result is no valid resource.
fn write(resource_type: ResourceType, document: &str, body: &[u8]) -> (u64, String) {
    let patched = Patch::fhir(body, Limits::default())
        .and_then(|patch| apply(resource_type, document.as_bytes(), &patch));
    match patched {
        Ok(after) => {
            let issues = match parse(&after) {
                Ok(value) => Validator::new(Strictness::WhereClaimed).validate(&value),
                Err(issues) => issues,
            };
            let errors: Vec<_> =
                issues.into_iter().filter(shared::error::Issue::is_error).collect();
            let status = if errors.is_empty() { 200 } else { 422 };
            let text = String::from_utf8(after).unwrap();
            (status, if errors.is_empty() { text } else { format!("{errors:?}") })
        }
        Err(PatchError::Refused(issue)) => (400, issue.diagnostics),
        Err(PatchError::NotFound(issue)) => (404, issue.expression.unwrap()),
        Err(PatchError::Unprocessable(issue)) => (422, issue.diagnostics),
        Err(PatchError::Document(text)) => (500, text),
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{DIRECTORY}/{name}")).unwrap()
}

/// What the document must hold after a scenario that succeeds, and must not hold any more.
const AFTER: [(&str, &str, &str); 17] = [
    ("UC6-S01", r#""code":"08""#, r#""code":"02""#),
    ("UC6-S01-G", r#""code":"08""#, r#""code":"02""#),
    ("UC6-S02", r#""code":"03""#, r#""code":"02""#),
    ("UC6-S02-G", r#""code":"03""#, r#""code":"02""#),
    ("UC10-S01b", r#"{"reference":"Location/140"},{"reference":"Location/"#, "no such"),
    ("UC10-S01b-G", r#"{"reference":"Location/140"},{"reference":"Location/YYY"}"#, "no such"),
    ("UC10-S02", r#""valueInteger":2}"#, "no such"),
    ("UC10-S02-G", r#""valueInteger":25}"#, "no such"),
    ("UC10-S02BIS", r#""valueInteger":12}"#, r#""valueInteger":6}"#),
    ("UC10-S02BIS-G", r#""valueInteger":12}"#, r#""valueInteger":6}"#),
    ("UC10-S03", r#""valueInteger":6}"#, r#""valueInteger":3}"#),
    ("UC10-S03-G", r#""valueInteger":3}"#, r#""valueInteger":6}"#),
    ("UC10-S04", r#""valueString":"{HOUSE_NUMBER}""#, r#""valueString":"9""#),
    ("UC10-S05", r#"{"value":300,"unit":"kg""#, "no such"),
    ("UC10-S06", r#""nbInService","valueInteger":3}"#, r#""nbInService","valueInteger":2}"#),
    ("UC10-S07", r#""nbInService","valueInteger":0}"#, r#""nbInService","valueInteger":4}"#),
    ("UC10-S08", r#"{"value":280,"unit":"kg","#, "300.0"),
];

#[test]
fn every_patch_of_the_catalogue() {
    let scenarios: Vec<Value> = serde_json::from_str(&read("scenarios.json")).unwrap();
    let mut checked = 0;
    for scenario in scenarios.iter().filter(|s| s["method"] == "PATCH") {
        let id = scenario["id"].as_str().unwrap();
        if ADDRESSED_ELSEWHERE.contains(&id) {
            continue;
        }
        let name = format!("bodies/{}", scenario["body_file"].as_str().unwrap());
        let (resource_type, mut before) = document(scenario["path"].as_str().unwrap());
        if id == "UC10-S02BIS-404" {
            before = place(&[record("01", "01", "03", "01", 28)]);
        }
        // The placeholders of references are ids once they are sent.
        let body = read(&name).replace("{NEW_LOC_ID}", "142");
        let (status, text) = write(resource_type, &before, body.as_bytes());
        let expected = scenario["status_expected"].as_array().unwrap();
        assert!(expected.contains(&Value::from(status)), "{id}: {status} {text}");
        if status == 200 {
            assert_eq!(text.matches("-1.5500").count(), before.matches("-1.5500").count(), "{id}");
            assert_eq!(text.matches("47.0").count(), before.matches("47.0").count(), "{id}");
        }
        if let Some((_, there, gone)) = AFTER.iter().find(|(of, ..)| *of == id) {
            assert!(text.contains(there) && !text.contains(gone), "{id}: {text}");
        }
        if id == "UC10-S02BIS-404" {
            assert_eq!(text, format!("Location.extension.where(url='{URL}')"));
        }
        checked += 1;
    }
    assert_eq!(checked, 32, "the catalogue has other patches than this test knows");
}

#[test]
fn all_capacity_records_replaced() {
    let (resource_type, before) = document("/Location");
    let body = read("bodies/UC10-S09.corrected.json");
    let (status, text) = write(resource_type, &before, body.as_bytes());
    assert_eq!((status, text.matches(URL).count()), (200, 3), "{text}");
}

#[test]
fn what_is_not_touched_stays_as_it_is() {
    let (resource_type, before) = document("/Location");
    let body = read("bodies/UC10-S02BIS.corrected.json");
    let (_, text) = write(resource_type, &before, body.as_bytes());
    let position = before.find(r#""valueInteger":6}"#).unwrap();
    let (head, tail) = before.split_at(position);
    let tail = tail.replacen(r#""valueInteger":6}"#, r#""valueInteger":12}"#, 1);
    let tail = tail.replacen("2025-02-20T08:30:00+01:00", "2025-02-26T15:17:33Z", 1);
    assert_eq!(text, format!("{head}{tail}"));
}
