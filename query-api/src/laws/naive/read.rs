//! What a document says under the name of a search parameter, read from its JSON.

use serde_json::Value;
use shared::extract::ROR_EXTENSION_BASE;
use shared::fhir::ResourceType::{
    self, HealthcareService, Location, Measure, MeasureReport, Organization, Practitioner,
    PractitionerRole, Task,
};

/// The kind of record that a parameter reads, by the list of rule T11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Price,
    Capacity,
    Equipment,
    Dwelling,
    Patient,
}

/// The kind of record of a parameter; `None` when it reads the resource.
pub(super) fn kind(base: ResourceType, code: &str) -> Option<Kind> {
    match (base, code) {
        (Organization, code) if code.starts_with("price-") || code == "special-price" => {
            Some(Kind::Price)
        }
        (Location, "nb-capacity" | "gender-capacity-available") => Some(Kind::Capacity),
        (Location, code) if code.starts_with("capacity-") => Some(Kind::Capacity),
        (Location, "equipment-type" | "equipment-feature" | "limit-value") => Some(Kind::Equipment),
        (Location, "residential-type" | "residential-number") => Some(Kind::Dwelling),
        (HealthcareService, "patient-type" | "age-range-low" | "age-range-high") => {
            Some(Kind::Patient)
        }
        _ => None,
    }
}

/// The values of a parameter that a resource has anywhere.
pub(super) fn values<'a>(resource: &'a Value, base: ResourceType, code: &str) -> Vec<&'a Value> {
    if let Some(kind) = kind(base, code) {
        return records(resource, kind).iter().flat_map(|record| record.values(code)).collect();
    }
    let path = match (base, code) {
        (_, "_id") => "id",
        (_, "_lastUpdated") => "meta.lastUpdated",
        (_, "identifier") => "identifier",
        (_, "active") => "active",
        (_, "status") => "status",
        (_, "address-city") => "address.city",
        (Organization | Location, "name") => {
            return [at(resource, "name"), at(resource, "alias")].concat();
        }
        (HealthcareService, "name") => "name",
        (HealthcareService, "organization") => "providedBy",
        (Location, "organization") => "managingOrganization",
        (PractitionerRole, "organization") => "organization",
        (_, "location") => "location",
        (_, "partof") => "partOf",
        (HealthcareService, "specialty") => "specialty",
        (HealthcareService, "service-category") => "category",
        (Organization, "type") => "type",
        (Practitioner, "family") => "name.family",
        (Practitioner, "name") => {
            return [at(resource, "name.family"), at(resource, "name.given")].concat();
        }
        (Practitioner, "gender") => "gender",
        (PractitionerRole, "practitioner") => "practitioner",
        (PractitionerRole, "service") => "healthcareService",
        (PractitionerRole, "role") => "code",
        (PractitionerRole, "date") | (MeasureReport, "period") => "period",
        (Task, "focus") => "focus",
        (Task, "owner") => "owner",
        (Task, "business-status") => "businessStatus",
        (Task, "authored-on") => "authoredOn",
        (Measure, "url") => "url",
        (Measure, "title") => "title",
        (Measure, "date") => "date",
        (Measure, "context") => "useContext.valueCodeableConcept",
        (Measure, "context-type") => "useContext.code",
        (MeasureReport, "measure") => "measure",
        (MeasureReport, "subject") => "subject",
        // The test's documents have no endpoints.
        (_, "endpoint") => return Vec::new(),
        (_, other) => panic!("the naive evaluator does not know {base}.{other}"),
    };
    at(resource, path)
}

/// The use contexts of a measure: what its composite parameters look at.
pub(super) fn use_contexts(resource: &Value) -> Vec<&Value> {
    at(resource, "useContext")
}

/// The elements at a path, arrays opened.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for name in path.split('.') {
        found = found.into_iter().filter_map(|value| value.get(name)).flat_map(items).collect();
    }
    found
}

fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    }
}

/// A record: one price, one capacity, one limit of one equipment …
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    element: &'a Value,
    limit: Option<&'a Value>,
}

impl<'a> Record<'a> {
    /// The values of a parameter on this record.
    pub(super) fn values(&self, code: &str) -> Vec<&'a Value> {
        match code {
            "price-amount-per-day" => return self.amount_per_day(),
            "price-under-60" => {
                let parts = extensions(self.element, "under60");
                let is_true = parts.iter().any(|part| part["valueBoolean"] == true);
                return vec![if is_true { &Value::Bool(true) } else { &Value::Bool(false) }];
            }
            _ => {}
        }
        let (name, path, of_limit) = match code {
            "price-type" => ("priceType", "valueCodeableConcept", false),
            "price-amount-value" => ("amount", "valueMoney.value", false),
            "price-validity-start-date" => ("startDate", "valueDateTime", false),
            "price-residential-type" => ("residentialType", "valueCodeableConcept", false),
            "special-price" => ("specialPrice", "valueCodeableConcept", false),
            "capacity-status" => ("capacityStatus", "valueCodeableConcept", false),
            "capacity-type" => ("capacityType", "valueCodeableConcept", false),
            "nb-capacity" => ("nbCapacity", "valueInteger", false),
            // An age is asked of the date of the update.
            "capacity-update-date" | "capacity-max-age" => {
                ("capacityUpdateDate", "valueDateTime", false)
            }
            "equipment-type" => ("equipmentType", "valueCodeableConcept", false),
            "equipment-feature" => ("equipmentFeature", "valueCodeableConcept", true),
            "limit-value" => ("limitValue", "valueQuantity", true),
            "patient-type" => ("supportedPatientInfo", "valueCodeableConcept", false),
            "age-range-low" => ("ageRange", "valueRange.low", false),
            "age-range-high" => ("ageRange", "valueRange.high", false),
            other => panic!("the naive evaluator does not know the part of {other}"),
        };
        let from = if of_limit { self.limit } else { Some(self.element) };
        let parts = from.map(|from| extensions(from, name)).unwrap_or_default();
        parts.into_iter().flat_map(|part| at(part, path)).collect()
    }
}

impl<'a> Record<'a> {
    /// As it is when the price is daily, a thirtieth of it when it is monthly.
    fn amount_per_day(&self) -> Vec<&'a Value> {
        let amount = self.values("price-amount-value").first().and_then(|value| value.as_f64());
        let unit = extensions(self.element, "priceUnit").first().copied();
        let unit = unit.map(|unit| &unit["valueCodeableConcept"]["coding"][0]["code"]);
        let days = match unit.and_then(Value::as_str) {
            Some("2") => 1.0,
            Some("3") => 30.0,
            _ => return Vec::new(),
        };
        // Values are borrowed from documents everywhere else; a test may leak the few that are not.
        let leak = |amount: f64| -> &'static Value { Box::leak(Box::new((amount / days).into())) };
        amount.map(leak).into_iter().collect()
    }

    /// What a price agrees in with those it replaces: all parts but amount, start and deliveries.
    pub(super) fn price_key(&self) -> Vec<String> {
        const CHANGING: [&str; 4] =
            ["amount", "startDate", "deliveryIncluded", "othersDeliveryIncluded"];
        let parts = at(self.element, "extension").into_iter();
        let lasting =
            parts.filter(|part| !CHANGING.contains(&part["url"].as_str().expect("a url")));
        let mut key: Vec<String> = lasting
            .map(|part| {
                let codes = at(part, "valueCodeableConcept.coding.code");
                if codes.is_empty() {
                    part.to_string()
                } else {
                    format!("{}{codes:?}", part["url"])
                }
            })
            .collect();
        key.sort();
        key
    }
}

/// The records of a kind.
pub(super) fn records(resource: &Value, kind: Kind) -> Vec<Record<'_>> {
    let url = |name: &str| format!("{ROR_EXTENSION_BASE}{name}");
    let name = match kind {
        Kind::Price => "ror-organization-price",
        Kind::Capacity => "ror-location-supported-capacity",
        Kind::Equipment => "ror-location-equipment",
        Kind::Dwelling => "ror-location-residential-capacity",
        Kind::Patient => "ror-healthcareservice-patient-type",
    };
    let mut records = Vec::new();
    for element in extensions(resource, &url(name)) {
        let limits = match kind {
            Kind::Equipment => extensions(element, &url("ror-location-equipment-limit")),
            Kind::Price | Kind::Capacity | Kind::Dwelling | Kind::Patient => Vec::new(),
        };
        if limits.is_empty() {
            records.push(Record { element, limit: None });
        }
        records.extend(limits.into_iter().map(|limit| Record { element, limit: Some(limit) }));
    }
    records
}

pub(super) fn extensions<'a>(element: &'a Value, url: &str) -> Vec<&'a Value> {
    at(element, "extension").into_iter().filter(|extension| extension["url"] == url).collect()
}
