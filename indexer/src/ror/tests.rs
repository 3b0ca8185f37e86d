//! The JSON our structs serialize to, against the shapes of the published examples.

use serde_json::{Value, json};

use super::datatype::{Code, Meta, concept};
use super::extension::{self, Extension};
use super::record::{self, Capacity, Contact, Equipment, EquipmentLimit, Price, Telecom};
use super::resource::{NotAvailable, Position};
use super::*;

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn system_of(name: &str) -> String {
    format!("https://mos.esante.gouv.fr/NOS/TRE_{name}/FHIR/TRE-{name}")
}

fn coded(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [{"system": system_of(system), "code": code, "display": display}]})
}

fn ror(name: &str) -> String {
    format!("https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/{name}")
}

#[test]
fn a_line_starts_with_the_type_and_ends_with_a_newline() {
    let practitioner = Practitioner {
        id: "p1".into(),
        meta: Meta::new("2025-01-01T00:00:00Z", None, provenance::SYNTHETIC),
        ..Practitioner::default()
    };
    let resource = Resource::Practitioner(practitioner);
    let mut line = Vec::new();
    resource.write_line(&mut line);
    let expected = concat!(
        r#"{"resourceType":"Practitioner","id":"p1","meta":{"lastUpdated":"2025-01-01T00:00:00Z","#,
        r#""tag":[{"system":"http://ror.example.org/provenance","code":"synthetic","#,
        r#""display":"Annuaire synthétique"}]}}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(line).unwrap(), expected);
    assert_eq!((resource.resource_type(), resource.id()), (ResourceType::Practitioner, "p1"));
}

#[test]
fn capacity() {
    let mut free = Capacity::new(
        code::capacity_kind::PLACE,
        code::capacity_status::AVAILABLE,
        25,
        "2025-02-26T15:17:33Z",
    );
    free.gender = Some(code::gender::MEN);
    let expected = json!({"url": ror("ror-location-supported-capacity"), "extension": [
        {"url": "nbCapacity", "valueInteger": 25},
        {"url": "capacityUpdateDate", "valueDateTime": "2025-02-26T15:17:33Z"},
        {"url": "capacityStatus", "valueCodeableConcept": coded("R330-TypeStatutCapacite", "02", "Disponible")},
        {"url": "capacityType", "valueCodeableConcept": coded("R329-NatureCapacite", "02", "Place")},
        {"url": "temporalityCapacity", "valueCodeableConcept": coded("R331-TemporaliteCapacite", "01", "Courant")},
        {"url": "capacitySourceType", "valueCodeableConcept": coded("R335-TypeSourceCapacite", "01", "Saisie manuelle")},
        {"url": "genderCapacityAvailable", "valueCodeableConcept": coded("R332-GenreCapacite", "02", "Homme")},
        {"url": "temporaryAssignement", "valueCodeableConcept": coded("R337-AffectationTemporaire", "01", "Aucune")},
    ]});
    assert_eq!(json_of(&Extension::from(free)), expected);
}

#[test]
fn equipment_nests_its_limits() {
    let bed = Equipment {
        kind: Code::new("089", "Lit"),
        in_service: Some(2),
        limits: vec![EquipmentLimit {
            feature: code::equipment_feature::MAXIMUM_WEIGHT,
            value: 300.0,
            unit: "kg",
        }],
    };
    let expected = json!({"url": ror("ror-location-equipment"), "extension": [
        {"url": "equipmentType", "valueCodeableConcept": coded("R212-Equipement", "089", "Lit")},
        {"url": "nbInService", "valueInteger": 2},
        {"url": ror("ror-location-equipment-limit"), "extension": [
            {"url": "equipmentFeature", "valueCodeableConcept": coded("R340-TypeCaracteristiqueEquipement", "001", "Poids maximum")},
            {"url": "limitValue", "valueQuantity": {"value": 300, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}},
        ]},
    ]});
    assert_eq!(json_of(&Extension::from(bed)), expected);
}

#[test]
fn price() {
    let mut price = Price::new(code::price_type::ACCOMMODATION, code::price_unit::DAY, 62.5);
    price.start = Some("2025-01-01T00:00:00+01:00".into());
    price.under_60 = Some(false);
    price.dwelling = Some(code::dwelling::F1);
    price.condition = Some(code::price_condition::ASH);
    price.stay = Some(code::reception::PERMANENT);
    let expected = json!({"url": ror("ror-organization-price"), "extension": [
        {"url": "priceType", "valueCodeableConcept": coded("R246-TypeTarif", "02", "Forfait socle hébergement")},
        {"url": "priceUnit", "valueCodeableConcept": coded("R228-UnitePrix", "2", "Tarif journalier")},
        {"url": "amount", "valueMoney": {"value": 62.5, "currency": "EUR"}},
        {"url": "startDate", "valueDateTime": "2025-01-01T00:00:00+01:00"},
        {"url": "under60", "valueBoolean": false},
        {"url": "residentialType", "valueCodeableConcept": coded("R242-TypeHabitation", "03", "F1")},
        {"url": "specialPrice", "valueCodeableConcept": coded("R250-ConditionTarifaire", "03", "Tarif agréé ASH")},
        {"url": "welcomeType", "valueCodeableConcept": coded("R240-TemporaliteAccueil", "02", "Permanent")},
    ]});
    assert_eq!(json_of(&Extension::from(price)), expected);
}

fn switchboard<'a>() -> Contact<'a> {
    Contact {
        name: None,
        function: None,
        purpose: Some(Code::new("06", "Standard")),
        description: None,
        confidentiality: code::confidentiality::PUBLIC,
        telecom: vec![Telecom {
            channel: code::channel::LANDLINE,
            value: "0199999999".into(),
            usage: None,
            confidentiality: code::confidentiality::PUBLIC,
        }],
    }
}

#[test]
fn a_contact_has_two_shapes() {
    let purpose = coded("R287-NatureContact", "06", "Standard");
    let level = coded("R283-NiveauConfidentialite", "1", "Visible du grand public");
    let channel = coded("R200-CanalCommunication", "2", "Téléphone fixe");
    let offer = json!({"url": ror("ror-healthcareservice-contact"), "extension": [
        {"url": "purposeContact", "valueCodeableConcept": purpose},
        {"url": ror("ror-confidentiality-level"), "valueCodeableConcept": level},
        {"url": ror("ror-healthcareservice-contact-telecom"), "extension": [
            {"url": ror("ror-telecom-communication-channel"), "valueCodeableConcept": channel},
            {"url": ror("ror-telecom-confidentiality-level"), "valueCodeableConcept": level},
            {"url": "telecomAddress", "valueString": "0199999999"},
        ]},
    ]});
    assert_eq!(json_of(&switchboard().of_offer()), offer);
    let organization = json!({
        "extension": [{"url": ror("ror-contact-confidentiality-level"), "valueCodeableConcept": level}],
        "purpose": purpose,
        "telecom": [{
            "extension": [
                {"url": ror("ror-telecom-communication-channel"), "valueCodeableConcept": channel},
                {"url": ror("ror-telecom-confidentiality-level"), "valueCodeableConcept": level},
            ],
            "system": "phone",
            "value": "0199999999",
        }],
    });
    assert_eq!(json_of(&switchboard().of_organization()), organization);
}

#[test]
fn address_lines_keep_their_parts_aligned() {
    let part = || vec![Extension::string(extension::HOUSE_NUMBER, "14")];
    let parts = json!({"extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-houseNumber", "valueString": "14"}
    ]});
    // (lines: true when the line has parts, the expected `_line`)
    let rows = [
        (vec![true], json!([parts])),
        (vec![true, false], json!([parts, null])),
        (vec![false, true], json!([null, parts])),
        (vec![false, false], Value::Null),
        (vec![false, true, false, true], json!([null, parts, null, parts])),
    ];
    for (lines, expected) in rows {
        let mut address = Address::default();
        for has_parts in &lines {
            address.push_line("x", if *has_parts { part() } else { Vec::new() });
        }
        let json = json_of(&address);
        assert_eq!(json["_line"], expected);
        assert_eq!(json["line"].as_array().unwrap().len(), lines.len());
    }
}

#[test]
fn an_organization_address_has_its_commune_and_coordinates() {
    let mut address = Address { city: Some("NANTES".into()), ..Address::default() };
    address.set_insee_code(Code::new("44109", "Nantes"));
    address.set_geolocation(47.2184, -1.5536, Some(true));
    let expected = json!({
        "extension": [
            {"url": "http://interopsante.org/fhir/StructureDefinition/FrAddressInseeCode",
             "valueCoding": {"system": system_of("R13-CommuneOM"), "code": "44109", "display": "Nantes"}},
            {"url": "http://hl7.org/fhir/StructureDefinition/geolocation", "extension": [
                {"url": "latitude", "valueDecimal": 47.2184},
                {"url": "longitude", "valueDecimal": -1.5536},
                {"url": ror("ror-confidence-geolocation"), "valueBoolean": true},
            ]},
        ],
        "city": "NANTES",
    });
    assert_eq!(json_of(&address), expected);
}

#[test]
fn offer_parts() {
    let act = json_of(&record::act(Code::new("0784", "Ménage"), false));
    let expected = json!({
        "extension": [{"url": ror("ror-act-type"), "valueCode": "specificAct"}],
        "coding": [{"system": system_of("R210-ActeSpecifique"), "code": "0784", "display": "Ménage"}],
    });
    assert_eq!(act, expected);

    let slot = record::opening(Code::new("01", "Horaire"), 5, "09:00:00", "17:00:00", None);
    let slot = json_of(&slot);
    assert_eq!(slot["daysOfWeek"], json!(["fri"]));
    assert_eq!(slot["extension"][0]["valueInteger"], 5);

    let closing = json_of(&NotAvailable::closing("2025-07-01", None));
    assert_eq!(closing["during"], json!({"start": "2025-07-01"}));

    let ages = json_of(&record::patient_type(&[], 15, 150));
    assert_eq!(ages["extension"][0]["valueRange"]["low"]["value"], 15);

    let position = json_of(&Position::new(47.834_781, 1.92204, Some(true)));
    assert_eq!(position["longitude"], 1.92204);
    assert_eq!(position["extension"][0]["url"], ror("ror-coordinate-reliability"));
}

#[test]
fn references() {
    let to = json_of(&Reference::to("Organization/12"));
    assert_eq!(to, json!({"reference": "Organization/12"}));
    let logical = json_of(&Reference::logical("Organization", Identifier::value("1910800002")));
    assert_eq!(logical, json!({"type": "Organization", "identifier": {"value": "1910800002"}}));
}

#[test]
fn an_empty_display_is_left_out() {
    let concept = json_of(&concept(system::REGION, "52", ""));
    assert_eq!(concept, json!({"coding": [{"system": system_of("R30-RegionOM"), "code": "52"}]}));
}
