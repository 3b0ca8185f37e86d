//! The department and the region of an address: by the INSEE commune the resource states, else by the
//! postal codes of its addresses (see `place`).

use serde_json::{Value, json};

use super::place::{postal_codes, stated_communes};
use crate::geo::{Commune, Department, Postal, gazetteer};

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
    let of_commune = |commune: &Commune| gazetteer().department(commune.department);
    let found: Vec<_> = stated_communes(document).filter_map(of_commune).collect();
    if !found.is_empty() {
        return found;
    }
    postal_codes(document).filter_map(of_postal_code).collect()
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
