//! The department and the region of an address: by the INSEE commune the resource states, else by the
//! postal codes of its addresses.
//!
//! A commune that is no more counts as the one that holds its territory. Nothing is read from names.

use serde_json::{Value, json};

use super::path::{any_value, ror_extensions};
use crate::geo::{Department, Postal, gazetteer};

/// The parameters whose values are computed here; their expressions only say from what.
pub(super) const COMPUTED: [&str; 2] = ["department", "region"];

const DEPARTMENT_SYSTEM: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_G09-DepartementOM/FHIR/TRE-G09-DepartementOM";
const REGION_SYSTEM: &str = "https://mos.esante.gouv.fr/NOS/TRE_R30-RegionOM/FHIR/TRE-R30-RegionOM";

/// The codings of a parameter of [`COMPUTED`], each once.
pub(super) fn computed(parameter: &str, document: &Value) -> Vec<Value> {
    let mut codings: Vec<Value> = Vec::new();
    for department in departments(document) {
        let (system, code, name) = if parameter == "department" {
            (DEPARTMENT_SYSTEM, department.code, department.name)
        } else {
            let region = gazetteer().region(department.region);
            (REGION_SYSTEM, department.region, region.map_or("", |region| region.name))
        };
        let coding = json!({"system": system, "code": code, "display": name});
        if !codings.contains(&coding) {
            codings.push(coding);
        }
    }
    codings
}

fn departments(document: &Value) -> Vec<&'static Department> {
    let gazetteer = gazetteer();
    let communes = ror_extensions(document, "ror-commune-cog")
        .filter_map(any_value)
        .filter_map(|concept| concept.get("coding")?.as_array())
        .flatten()
        .filter_map(|coding| gazetteer.commune(coding.get("code")?.as_str()?));
    let found: Vec<_> =
        communes.filter_map(|commune| gazetteer.department(commune.department)).collect();
    if !found.is_empty() {
        return found;
    }
    let addresses = match document.get("address") {
        Some(Value::Array(addresses)) => addresses.as_slice(),
        Some(address) => std::slice::from_ref(address),
        None => &[],
    };
    let codes = addresses.iter().filter_map(|address| address.get("postalCode")?.as_str());
    codes.filter_map(of_postal_code).collect()
}

fn of_postal_code(code: &str) -> Option<&'static Department> {
    match gazetteer().by_postal_code(code)? {
        // A few postal codes cross a border: most of their inhabitants decide.
        Postal::Communes(communes) => gazetteer().department(communes.first()?.department),
        Postal::Department(department) => Some(department),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::extract::ROR_EXTENSION_BASE;

    fn check(document: &Value, departments: &[&str], regions: &[&str]) {
        for (parameter, expected) in [("department", departments), ("region", regions)] {
            let codings = computed(parameter, document);
            let codes: Vec<_> = codings.iter().map(|c| c["code"].as_str().unwrap()).collect();
            assert_eq!(codes, expected, "{parameter} of {document}");
        }
    }

    #[test]
    fn by_commune_then_by_postal_code() {
        let at = |code: &str| json!({"address": {"postalCode": code}});
        let commune = |code: &str, postal: &str| {
            let concept = json!({"coding": [{"code": code}]});
            let url = format!("{ROR_EXTENSION_BASE}ror-commune-cog");
            json!({
                "extension": [{"url": url, "valueCodeableConcept": concept}],
                "address": {"postalCode": postal},
            })
        };
        check(&at("44000"), &["44"], &["52"]);
        check(&at("44042 CEDEX 1"), &["44"], &["52"]);
        check(&at("20200"), &["2B"], &["94"]);
        check(&at("97400"), &["974"], &["04"]);
        check(&at("Nantes"), &[], &[]);
        check(&json!({}), &[], &[]);
        check(&commune("44109", "75015"), &["44"], &["52"]);
        check(&commune("2A004", ""), &["2A"], &["94"]);
        check(&commune("99999", "75015"), &["75"], &["11"]);
        let two = json!({"address": [
            {"postalCode": "44000"}, {"postalCode": "49000"}, {"postalCode": "44300"}, {},
        ]});
        check(&two, &["44", "49"], &["52"]);
    }
}
