//! The dialect of bed-management systems: who is replaced, what is refused, and in which words.

use shared::fhir::ResourceType;

use super::super::capacity::URL;
use super::scenarios::{place, record};
use super::{PatchError, body, outcome, patch_fhir};

const RECORDS: &str = "Location.extension.where(url='https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-location-supported-capacity')";

/// An operation in the dialect: the path of the record, and the record.
fn dialect(kind: &str, path: &str, record: &str) -> String {
    let path = serde_json::to_string(path).unwrap();
    body(&[&format!(
        r#"{{"name":"type","valueString":"{kind}"}},{{"name":"path","valueString":{path}}},{{"name":"value","part":[{{"extension":[{record}]}}]}}"#
    )])
}

fn of_status(code: &str) -> String {
    format!(
        "{RECORDS}.where(extension.where(url = 'capacityStatus' and valueCodeableConcept.coding.code = '{code}'))"
    )
}

fn check(records: &[String], body: &str, expected: Result<&[String], (&str, &str)>) {
    match (patch_fhir(ResourceType::Location, &place(records), body), expected) {
        (Ok(after), Ok(expected)) => assert_eq!(sorted(&after), sorted(&place(expected)), "{body}"),
        (Err(error), Err((kind, part))) => {
            assert_eq!(outcome(&error), kind, "{error}");
            let (PatchError::Refused(issue)
            | PatchError::NotFound(issue)
            | PatchError::Unprocessable(issue)) = error
            else {
                panic!("{error}")
            };
            assert!(issue.expression.unwrap().ends_with(part), "{}", issue.diagnostics);
        }
        (result, expected) => panic!("{result:?} {expected:?} {body}"),
    }
}

/// The extensions in an order of their own: `add` appends after other extensions.
fn sorted(document: &str) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let mut all: Vec<_> =
        document["extension"].as_array().unwrap().iter().map(ToString::to_string).collect();
    all.sort_unstable();
    all
}

#[test]
fn replace_then_add() {
    let (old, new) = (record("02", "01", "03", "01", 6), record("02", "01", "03", "01", 9));
    let other = record("01", "01", "03", "01", 28);
    let replace = dialect("replace", &of_status("02"), &new);
    check(&[other.clone(), old.clone()], &replace, Ok(&[other.clone(), new.clone()]));
    let where_url = format!("extension.where(url='{URL}')");
    check(std::slice::from_ref(&other), &replace, Err(("404 not-found", &where_url)));
    check(&[], &replace, Err(("404 not-found", &where_url)));
    check(
        std::slice::from_ref(&other),
        &dialect("add", RECORDS, &new),
        Ok(&[other.clone(), new.clone()]),
    );
    check(&[], &dialect("add", RECORDS, &new), Ok(std::slice::from_ref(&new)));
    let short = format!("Location.extension('{URL}')");
    check(&[], &dialect("add", &short, &new), Ok(std::slice::from_ref(&new)));
}

#[test]
fn the_record_says_which_indicator_is_meant() {
    let of = |gender: &str, nature: &str, number| record("02", nature, gender, "01", number);
    // The path finds both genders; the new record is of one of them.
    let both = [of("01", "01", 1), of("02", "01", 2)];
    let replace = dialect("replace", &of_status("02"), &of("02", "01", 7));
    check(&both, &replace, Ok(&[of("01", "01", 1), of("02", "01", 7)]));
    // None of those the path finds is the indicator.
    let third = dialect("replace", &of_status("02"), &of("03", "01", 7));
    check(&both, &third, Err(("404 not-found", "supported-capacity')")));
    // The path is of another indicator than the new record.
    let foreign = dialect("replace", &of_status("05"), &of("02", "01", 7));
    check(&both, &foreign, Err(("400 business-rule", "capacity')")));
    // The nature decides only between records that are alike otherwise.
    let natures = [of("03", "01", 1), of("03", "02", 2)];
    check(
        &natures,
        &dialect("replace", &of_status("02"), &of("03", "02", 7)),
        Ok(&[of("03", "01", 1), of("03", "02", 7)]),
    );
    check(
        &natures,
        &dialect("replace", &of_status("02"), &of("03", "03", 7)),
        Err(("400 business-rule", "capacity')")),
    );
    check(
        &natures[..1],
        &dialect("replace", &of_status("02"), &of("03", "02", 7)),
        Ok(&[of("03", "02", 7)]),
    );
    let twice = [of("03", "01", 1), of("03", "01", 1)];
    check(
        &twice,
        &dialect("replace", &of_status("02"), &of("03", "01", 7)),
        Err(("400 business-rule", "capacity')")),
    );
}

#[test]
fn records_that_are_none() {
    let good = record("02", "01", "03", "01", 6);
    let rows = [
        (good.replace("ror-location-supported-capacity", "ror-location-equipment"), "capacity')"),
        (good.replace("nbCapacity", "nbCapacite"), "capacity')"),
        (good.replace(r#""valueInteger":6"#, r#""valueInteger":-6"#), "extension('nbCapacity')"),
        (good.replace(r#""valueInteger":6"#, r#""valueInt":"6""#), "extension('nbCapacity')"),
        (record("02", "09", "03", "01", 6), "extension('capacityType')"),
        (record("77", "01", "03", "01", 6), "extension('capacityStatus')"),
        (
            good.replace(
                "TRE_R329-NatureCapacite/FHIR/TRE-R329-NatureCapacite",
                "TRE_R330-TypeStatutCapacite/FHIR/TRE-R330-TypeStatutCapacite",
            ),
            "extension('capacityType')",
        ),
        (good.replace("capacityType", "capacityStatus"), "extension('capacityType')"),
        (good.replace("genderCapacityAvailable", "capacityStatus"), "extension('capacityStatus')"),
        (
            good.replace("\"valueDateTime\"", "\"valueDate\"")
                .replace("capacityUpdateDate", "comment"),
            "extension('capacityUpdateDate')",
        ),
        ("{}".to_owned(), "capacity')"),
        ("3".to_owned(), "capacity')"),
    ];
    for (bad, part) in &rows {
        check(
            std::slice::from_ref(&good),
            &dialect("replace", &of_status("02"), bad),
            Err(("400 business-rule", part)),
        );
        check(&[], &dialect("add", RECORDS, bad), Err(("400 business-rule", part)));
    }
    let two = format!("{good},{good}");
    check(
        std::slice::from_ref(&good),
        &dialect("replace", &of_status("02"), &two),
        Err(("400 business-rule", "'02'))")),
    );
    check(&[], &dialect("add", RECORDS, ""), Err(("400 business-rule", "capacity')")));
}

#[test]
fn the_dialect_is_for_capacity_records_of_places() {
    let good = record("02", "01", "03", "01", 6);
    let equipment = RECORDS.replace("supported-capacity", "equipment");
    check(&[], &dialect("add", &equipment, &good), Err(("400 required", "equipment')")));
    check(&[], &dialect("add", "Location.extension", &good), Err(("400 required", "extension")));
    let either = RECORDS.replace("url=", "id='x' or url=");
    check(&[], &dialect("add", &either, &good), Err(("400 required", "capacity')")));
    let path = RECORDS.replace("Location", "Organization");
    let organization = r#"{"resourceType":"Organization","id":"a"}"#;
    let error = patch_fhir(ResourceType::Organization, organization, &dialect("add", &path, &good));
    assert_eq!(outcome(&error.unwrap_err()), "400 required");
    // Deleting a record that is not there is no error; changing a part of it is.
    let delete = body(&[&super::operation("delete", &of_status("05"), "")]);
    check(std::slice::from_ref(&good), &delete, Ok(std::slice::from_ref(&good)));
    let path = format!("{}.extension('nbCapacity').value", of_status("05"));
    let replace =
        body(&[&super::operation("replace", &path, r#"{"name":"value","valueInteger":1}"#)]);
    check(std::slice::from_ref(&good), &replace, Err(("404 not-found", "capacity')")));
}
