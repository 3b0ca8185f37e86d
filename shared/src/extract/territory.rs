//! The department and the region of a document: by the INSEE commune the resource states, else of each of its
//! addresses: by the INSEE commune it states, else by its postal code (see `place`).

use serde_json::{Value, json};

use super::place::{addresses, communes_of_address, postal_code, stated_communes};
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
    let found: Vec<_> = stated_communes(document).filter_map(of_commune).collect();
    if !found.is_empty() {
        return found;
    }
    addresses(document).iter().flat_map(of_address).collect()
}

fn of_address(address: &Value) -> Vec<&'static Department> {
    let found: Vec<_> = communes_of_address(address).filter_map(of_commune).collect();
    if !found.is_empty() {
        return found;
    }
    postal_code(address).and_then(of_postal_code).into_iter().collect()
}

fn of_commune(commune: &Commune) -> Option<&'static Department> {
    gazetteer().department(commune.department)
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

    #[test]
    fn an_address_states_its_commune() {
        let url = "http://interopsante.org/fhir/StructureDefinition/FrAddressInseeCode";
        let address = |code: &str, postal: &str| {
            json!({
                "extension": [
                    {"url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": []},
                    {"url": url, "valueCoding": {"code": code}},
                ],
                "city": "PARIS", "postalCode": postal,
            })
        };
        // (INSEE code, postal code, department, region)
        let rows = [
            ("75113", "", "75", "11"),
            ("75056", "", "75", "11"),
            ("69383", "", "69", "84"),
            ("2B033", "", "2B", "94"),
            ("97411", "", "974", "04"),
            // Saint-Laurent-du-Var; retired: Courcouronnes, now in Évry-Courcouronnes.
            ("06123", "", "06", "93"),
            ("91182", "", "91", "11"),
            // The commune decides, where it is known.
            ("44109", "75013", "44", "52"),
            ("99999", "75013", "75", "11"),
        ];
        for (code, postal, department, region) in rows {
            let one = address(code, postal);
            check(&json!({"address": one}), &[department], &[region]);
            check(&json!({"address": [one]}), &[department], &[region]);
        }
        // Each address has its own.
        let two = json!({"address": [
            address("44109", ""), {"postalCode": "49000"}, address("", "35000"), address("", ""),
        ]});
        check(&two, &["44", "49", "35"], &["52", "53"]);
    }

    #[test]
    fn a_commune_lies_in_one_department_wherever_it_is_stated() {
        let url = "http://interopsante.org/fhir/StructureDefinition/FrAddressInseeCode";
        let of_the_place = format!("{ROR_EXTENSION_BASE}ror-commune-cog");
        let current = gazetteer().communes().map(|c| c.code);
        let retired = gazetteer().former_communes().iter().map(|f| f.code);
        for code in current.chain(retired) {
            let concept = json!({"coding": [{"code": code}]});
            let stated = json!({
                "extension": [{"url": of_the_place, "valueCodeableConcept": concept}]});
            let by_address = json!({
                "address": [{"extension": [{"url": url, "valueCoding": {"code": code}}]}]});
            let commune = gazetteer().commune(code).unwrap();
            check(&stated, &[commune.department], &[commune.region]);
            check(&by_address, &[commune.department], &[commune.region]);
        }
    }
}
