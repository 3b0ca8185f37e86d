//! Random documents over small alphabets, so that requests both hit and miss: shared identifiers,
//! references to absent resources, cycles of `partOf`, several prices and capacities of one resource.

use serde_json::{Map, Value, json};
use shared::extract::ROR_EXTENSION_BASE;
use shared::fhir::ResourceType;

use super::choices::Choices;
use super::directory::{BASE_URL, Change};

/// Ids of every type, so that one id names several resources; the last two are never written.
const IDS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "8", "9"];
const WRITTEN: usize = 6;

const TYPES: [ResourceType; 20] = [
    ResourceType::HealthcareService,
    ResourceType::Organization,
    ResourceType::Location,
    ResourceType::HealthcareService,
    ResourceType::Organization,
    ResourceType::Location,
    ResourceType::HealthcareService,
    ResourceType::Organization,
    ResourceType::Location,
    ResourceType::HealthcareService,
    ResourceType::Organization,
    ResourceType::Location,
    ResourceType::PractitionerRole,
    ResourceType::PractitionerRole,
    ResourceType::Practitioner,
    ResourceType::Task,
    ResourceType::Task,
    ResourceType::Measure,
    ResourceType::Measure,
    ResourceType::MeasureReport,
];

/// One change: nearly always a document, now and then a delete.
pub(super) fn change(run: &[u16]) -> Change {
    let mut choices = Choices::new(run);
    let resource_type = choices.one(&TYPES);
    let id = IDS[choices.below(WRITTEN)];
    if choices.once_in(16) {
        return Change::Delete(resource_type, id.to_owned());
    }
    let mut document = match resource_type {
        ResourceType::HealthcareService => healthcare_service(&mut choices),
        ResourceType::Organization => organization(&mut choices),
        ResourceType::Location => location(&mut choices),
        ResourceType::Practitioner => practitioner(&mut choices),
        ResourceType::PractitionerRole => practitioner_role(&mut choices),
        ResourceType::Task => task(&mut choices),
        ResourceType::Measure => measure(&mut choices),
        ResourceType::MeasureReport => measure_report(&mut choices),
    };
    document.insert("resourceType".to_owned(), json!(resource_type.as_str()));
    document.insert("id".to_owned(), json!(id));
    let instant =
        choices.one(&["2024-02-10T09:00:00Z", "2023-07-01T00:00:00Z", "2024-05-01T12:30:00Z"]);
    document.insert("meta".to_owned(), json!({ "lastUpdated": instant }));
    Change::Put(Value::Object(document))
}

fn object(members: Vec<(&str, Option<Value>)>) -> Map<String, Value> {
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect()
}

fn healthcare_service(choices: &mut Choices<'_>) -> Map<String, Value> {
    let patients = many(choices, 3, |choices| {
        let mut parts = part("supportedPatientInfo", "valueCodeableConcept", concept(choices));
        if !choices.once_in(3) {
            let ends = vec![("low", age(choices)), ("high", age(choices))];
            parts.extend(part("ageRange", "valueRange", Some(Value::Object(object(ends)))));
        }
        extension("ror-healthcareservice-patient-type", &parts)
    });
    object(vec![
        ("providedBy", reference(choices, &[ResourceType::Organization])),
        ("location", list(many(choices, 3, |c| reference(c, &[ResourceType::Location])))),
        ("extension", list(patients)),
        ("specialty", list(many(choices, 3, concept))),
        ("name", text(choices)),
        ("active", flag(choices)),
        ("identifier", list(many(choices, 2, |c| Some(identifier(c))))),
        ("category", list(many(choices, 2, concept))),
        ("availableTime", list(many(choices, 4, |c| Some(available_time(c))))),
        ("notAvailable", list(many(choices, 2, |c| Some(not_available(c))))),
    ])
}

pub(super) fn available_time(choices: &mut Choices<'_>) -> Value {
    const TIMES: [Option<(&str, &str)>; 6] = [
        Some(("08:00:00", "12:00:00")),
        Some(("20:00:00", "06:00:00")),
        Some(("00:00:00", "23:59:00")),
        Some(("02:00:00", "03:00:00")),
        Some(("09:00:00", "09:00:00")),
        None,
    ];
    let value = |name: &str, value_name: &str, value: Value| json!({ "url": format!("{ROR_EXTENSION_BASE}{name}"), value_name: value });
    let mut time = Map::new();
    match choices.one(&TIMES) {
        Some((start, end)) => {
            time.insert("availableStartTime".to_owned(), json!(start));
            time.insert("availableEndTime".to_owned(), json!(end));
        }
        None => {
            time.insert("allDay".to_owned(), json!(choices.one(&[true, true, false])));
        }
    }
    let mut extensions = Vec::new();
    let (has_number, has_names) =
        choices.one(&[(false, false), (true, false), (true, true), (false, true), (false, true)]);
    if has_number {
        let number = choices.one(&[5, 6, 7, 0, 9]);
        let name = "ror-available-time-number-days-of-week";
        extensions.push(value(name, "valueInteger", json!(number)));
    }
    if has_names {
        let days = choices.one(&[["fri", "sat"], ["sat", "sun"], ["mon", "tue"]]);
        time.insert("daysOfWeek".to_owned(), json!(days));
    }
    if let Some(kind) = choices.one(&[None, None, Some("01"), Some("08"), Some("04")]) {
        let concept = json!({ "coding": [{ "code": kind }] });
        extensions.push(value("ror-available-time-type-of-time", "valueCodeableConcept", concept));
    }
    let period =
        choices.one(&[None, None, Some(("start", "2024-02-10")), Some(("end", "2024-02-09"))]);
    if let Some((end, day)) = period {
        let name = "ror-available-time-effective-opening-closing-date";
        extensions.push(value(name, "valuePeriod", json!({ end: day })));
    }
    if !extensions.is_empty() {
        time.insert("extension".to_owned(), Value::Array(extensions));
    }
    Value::Object(time)
}

pub(super) fn not_available(choices: &mut Choices<'_>) -> Value {
    match choices.below(5) {
        0 => json!({ "description": "bank holidays" }),
        1 => {
            json!({ "description": "x", "during": { "start": "2024-02-10", "end": "2024-02-11" } })
        }
        2 => json!({ "description": "x", "during": { "start": "2024-02-10T11:00:00+01:00" } }),
        3 => json!({ "description": "x", "during": { "end": "2024-01-20" } }),
        _ => {
            json!({ "description": "x", "during": { "start": "2024-06-01", "end": "2024-12-31" } })
        }
    }
}

fn organization(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut extensions = many(choices, 4, |choices| {
        let mut parts = part("priceType", "valueCodeableConcept", concept(choices));
        let amount = number(choices).map(|value| json!({ "value": value }));
        parts.extend(part("amount", "valueMoney", amount));
        parts.extend(part("startDate", "valueDateTime", date(choices)));
        if choices.once_in(2) {
            parts.extend(part("specialPrice", "valueCodeableConcept", concept(choices)));
        }
        if choices.once_in(2) {
            let unit = json!({ "coding": [{ "code": choices.one(&["2", "3", "1"]) }] });
            parts.extend(part("priceUnit", "valueCodeableConcept", Some(unit)));
            let under = choices.one(&[None, Some(true), Some(false)]).map(|flag| json!(flag));
            parts.extend(part("under60", "valueBoolean", under));
            let room = choices.one(&[None, Some("a"), Some("b")]);
            let room = room.map(|code| json!({ "coding": [{ "code": code }] }));
            parts.extend(part("residentialType", "valueCodeableConcept", room));
        }
        extension("ror-organization-price", &parts)
    });
    if choices.once_in(6) {
        extensions.extend(closing(choices));
    }
    object(vec![
        ("partOf", reference(choices, &[ResourceType::Organization])),
        ("identifier", list(many(choices, 3, |c| Some(identifier(c))))),
        ("extension", list(extensions)),
        ("name", text(choices)),
        ("alias", list(many(choices, 2, text))),
        ("active", flag(choices)),
        ("address", list(many(choices, 2, |c| text(c).map(|city| json!({ "city": city }))))),
        ("type", list(many(choices, 2, concept))),
    ])
}

/// The end of an organization, and maybe the day it opens again.
pub(super) fn closing(choices: &mut Choices<'_>) -> Vec<Value> {
    let end = choices.one(&["2024-01-31", "2024-02-10"]);
    let url = "http://hl7.org/fhir/StructureDefinition/organization-period";
    let mut extensions = vec![json!({ "url": url, "valuePeriod": { "end": end } })];
    if choices.once_in(2) {
        let url = format!("{ROR_EXTENSION_BASE}ror-organization-reopening-date");
        extensions.push(json!({ "url": url, "valueDate": "2024-02-11" }));
    }
    extensions
}

fn location(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut extensions = many(choices, 4, |choices| {
        let mut parts = part("capacityStatus", "valueCodeableConcept", concept(choices));
        parts.extend(part("capacityType", "valueCodeableConcept", concept(choices)));
        let count = choices.one(&[None, Some(0), Some(5), Some(10)]).map(|count| json!(count));
        parts.extend(part("nbCapacity", "valueInteger", count));
        if choices.once_in(2) {
            parts.extend(part("capacityUpdateDate", "valueDateTime", date(choices)));
        }
        extension("ror-location-supported-capacity", &parts)
    });
    extensions.extend(many(choices, 3, |choices| {
        let mut parts = part("equipmentType", "valueCodeableConcept", concept(choices));
        parts.extend(many(choices, 3, |choices| {
            let mut limit = part("equipmentFeature", "valueCodeableConcept", concept(choices));
            limit.extend(part("limitValue", "valueQuantity", weight(choices)));
            extension("ror-location-equipment-limit", &limit)
        }));
        extension("ror-location-equipment", &parts)
    }));
    let place = choices.one(&[
        None,
        Some((47.0, -1.5)),
        Some((47.1, -1.5)),
        Some((48.5, 2.0)),
        Some((-13.3, -176.2)),
        Some((-16.8, 179.9)),
        // As far as another from a center of the requests.
        Some((47.0, -1.4)),
        Some((47.0, -1.6)),
        Some((-16.8, -179.9)),
        Some((-16.8, 180.0)),
        Some((-16.8, -180.0)),
        Some((89.99, 120.0)),
    ]);
    let position = place.map(|(lat, lon)| json!({ "latitude": lat, "longitude": lon }));
    object(vec![
        ("partOf", reference(choices, &[ResourceType::Location])),
        ("managingOrganization", reference(choices, &[ResourceType::Organization])),
        ("extension", list(extensions)),
        ("position", position),
        ("name", text(choices)),
        ("alias", list(many(choices, 2, text))),
        ("identifier", list(many(choices, 2, |c| Some(identifier(c))))),
        ("status", Some(json!(choices.one(&["active", "inactive"])))),
        ("address", text(choices).map(|city| address(choices, &city))),
        (
            "operationalStatus",
            choices
                .one(&[None, Some("3"), Some("1"), Some("2")])
                .map(|code| json!({ "code": code })),
        ),
    ])
}

fn address(choices: &mut Choices<'_>, city: &Value) -> Value {
    let codes = ["44000", "75001", "20200", "97110", "97400", "98800", "none"];
    json!({ "city": city, "postalCode": choices.one(&codes) })
}

fn practitioner(choices: &mut Choices<'_>) -> Map<String, Value> {
    let names = many(choices, 3, |choices| {
        let given = list(many(choices, 2, text));
        Some(Value::Object(object(vec![("family", text(choices)), ("given", given)])))
    });
    object(vec![
        ("name", list(names)),
        ("identifier", list(many(choices, 2, |c| Some(identifier(c))))),
        ("gender", choices.one(&[Some("female"), Some("male"), None]).map(|g| json!(g))),
        ("active", flag(choices)),
    ])
}

fn practitioner_role(choices: &mut Choices<'_>) -> Map<String, Value> {
    let services = many(choices, 3, |c| reference(c, &[ResourceType::HealthcareService]));
    object(vec![
        ("healthcareService", list(services)),
        ("practitioner", reference(choices, &[ResourceType::Practitioner])),
        ("organization", reference(choices, &[ResourceType::Organization])),
        ("code", list(many(choices, 2, concept))),
        ("period", period(choices)),
        ("location", list(many(choices, 2, |c| reference(c, &[ResourceType::Location])))),
    ])
}

fn task(choices: &mut Choices<'_>) -> Map<String, Value> {
    const FOCUS: [ResourceType; 3] =
        [ResourceType::HealthcareService, ResourceType::Organization, ResourceType::Location];
    object(vec![
        ("focus", reference(choices, &FOCUS)),
        ("status", Some(json!(choices.one(&["draft", "completed"])))),
        ("businessStatus", concept(choices)),
        ("authoredOn", date(choices)),
        (
            "owner",
            reference(choices, &[ResourceType::Organization, ResourceType::PractitionerRole]),
        ),
        ("identifier", list(many(choices, 2, |c| Some(identifier(c))))),
    ])
}

fn measure(choices: &mut Choices<'_>) -> Map<String, Value> {
    let contexts = many(choices, 4, |choices| {
        let concept = concept(choices);
        Some(json!({
            "code": { "system": "urn:s1", "code": choices.one(&["a", "b"]) },
            "valueCodeableConcept": concept.unwrap_or(json!({ "text": "none" })),
        }))
    });
    object(vec![
        (
            "url",
            Some(json!(choices.one(&[
                "http://m.example/a",
                "http://m.example/a/b",
                "http://m.example/ab"
            ]))),
        ),
        ("title", text(choices)),
        ("useContext", list(contexts)),
        ("date", date(choices)),
        ("status", Some(json!(choices.one(&["active", "draft"])))),
    ])
}

fn measure_report(choices: &mut Choices<'_>) -> Map<String, Value> {
    let measure = choices.one(&[
        "Measure/1",
        "Measure/2|1.0",
        "http://ror.example/fhir/Measure/3",
        "Measure/9",
    ]);
    object(vec![
        ("measure", Some(json!(measure))),
        ("subject", reference(choices, &[ResourceType::Organization, ResourceType::Location])),
        ("period", period(choices)),
        ("status", Some(json!(choices.one(&["complete", "pending"])))),
    ])
}

/// Fewer than `below` elements.
fn many(
    choices: &mut Choices<'_>,
    below: usize,
    mut element: impl FnMut(&mut Choices<'_>) -> Option<Value>,
) -> Vec<Value> {
    (0..choices.below(below)).filter_map(|_| element(choices)).collect()
}

fn list(elements: Vec<Value>) -> Option<Value> {
    (!elements.is_empty()).then_some(Value::Array(elements))
}

fn extension(name: &str, parts: &[Value]) -> Option<Value> {
    let url = format!("{ROR_EXTENSION_BASE}{name}");
    (!parts.is_empty()).then(|| json!({ "url": url, "extension": parts }))
}

fn part(name: &str, value_name: &str, value: Option<Value>) -> Vec<Value> {
    value.map(|value| json!({ "url": name, value_name: value })).into_iter().collect()
}

fn concept(choices: &mut Choices<'_>) -> Option<Value> {
    let coding = |choices: &mut Choices<'_>| {
        let mut coding = json!({ "code": choices.one(&["a", "b", "c"]) });
        match choices.below(6) {
            0 => {}
            1 => coding["system"] = json!("urn:s2"),
            _ => coding["system"] = json!("urn:s1"),
        }
        if choices.once_in(4) {
            coding["display"] = json!(choices.one(&TEXTS));
        }
        coding
    };
    match choices.below(8) {
        0 => None,
        1 => Some(json!({ "text": choices.one(&TEXTS) })),
        2 => Some(json!({ "coding": [coding(choices), coding(choices)] })),
        _ => Some(json!({ "coding": [coding(choices)] })),
    }
}

const TEXTS: [&str; 7] =
    ["Alpha", "alpha centre", "Bêta", "BETA  Bis", "L’Œuvre Saint-Ex", "centre alpha", "Zed"];

fn text(choices: &mut Choices<'_>) -> Option<Value> {
    (!choices.once_in(8)).then(|| json!(choices.one(&TEXTS)))
}

fn flag(choices: &mut Choices<'_>) -> Option<Value> {
    choices.one(&[Some(true), Some(false), None]).map(|flag| json!(flag))
}

fn number(choices: &mut Choices<'_>) -> Option<Value> {
    choices.one(&[Some(50.0), Some(60.5), Some(70.0), Some(5.0), None]).map(|number| json!(number))
}

fn date(choices: &mut Choices<'_>) -> Option<Value> {
    const DATES: [Option<&str>; 6] = [
        Some("2024-02-10"),
        Some("2024"),
        Some("2023-07"),
        Some("2024-02-10T10:00:00Z"),
        Some("2024-05-01T00:30:00+02:00"),
        None,
    ];
    choices.one(&DATES).map(|date| json!(date))
}

fn period(choices: &mut Choices<'_>) -> Option<Value> {
    const PERIODS: [Option<(&str, &str)>; 5] = [
        Some(("2024-01-01", "2024-03-31")),
        Some(("2024-02-10", "")),
        Some(("", "2023-12-31")),
        Some(("2023-07", "2024")),
        None,
    ];
    let (start, end) = choices.one(&PERIODS)?;
    let end_of = |text: &str| (!text.is_empty()).then(|| json!(text));
    Some(Value::Object(object(vec![("start", end_of(start)), ("end", end_of(end))])))
}

fn age(choices: &mut Choices<'_>) -> Option<Value> {
    const YEARS: &str = "http://unitsofmeasure.org";
    match choices.below(6) {
        0 => None,
        1 => Some(json!({ "value": choices.one(&[6, 120]), "system": YEARS, "code": "mo" })),
        2 => Some(json!({ "value": choices.one(&[10, 18]) })),
        _ => Some(json!({ "value": choices.one(&[0, 10, 18, 60]), "system": YEARS, "code": "a" })),
    }
}

fn weight(choices: &mut Choices<'_>) -> Option<Value> {
    let value = choices.one(&[None, Some(100), Some(250), Some(300)])?;
    Some(json!({ "value": value, "system": "http://unitsofmeasure.org", "code": "kg" }))
}

fn identifier(choices: &mut Choices<'_>) -> Value {
    let value = choices.one(&["i1", "i2", "i3", "i4", "i5", "i6"]);
    let system = choices.one(&["urn:id", "urn:id", "http://id.example/x", "https://id.example/x"]);
    let mut identifier = json!({ "system": system, "value": value });
    if choices.once_in(3) {
        identifier["type"] =
            json!({ "coding": [{ "system": "urn:t", "code": choices.one(&["T", "U"]) }] });
    }
    identifier
}

fn reference(choices: &mut Choices<'_>, types: &[ResourceType]) -> Option<Value> {
    let target = choices.one(types);
    let id = choices.one(&IDS);
    let identifier = |value: &str| json!({ "system": "urn:id", "value": value });
    Some(match choices.below(12) {
        0 => return None,
        1 => json!({ "reference": format!("{BASE_URL}/{target}/{id}") }),
        2 => json!({ "reference": format!("{target}/{id}/_history/2") }),
        3 => json!({ "reference": format!("http://other.example/fhir/{target}/{id}") }),
        4 | 5 => {
            json!({ "type": target.as_str(), "identifier": identifier(choices.one(&["i1", "i2", "i3"])) })
        }
        6 => json!({ "reference": format!("{target}/{id}"), "identifier": identifier("i4") }),
        _ => json!({ "reference": format!("{target}/{id}") }),
    })
}
