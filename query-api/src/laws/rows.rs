//! Table tests on small directories: the reading rules one by one, and every defect the laws found.

use serde_json::{Value, json};
use shared::extract::ROR_EXTENSION_BASE;
use shared::fhir::ResourceType::{self, HealthcareService, Location, Measure, Organization};

use super::directory::{Change, Directory};
use super::requests::Pair;
use crate::parse::Scope;

/// Each row: the searched type, a query string as a person writes it, the ids in the order of the answer.
fn check(documents: &[Value], rows: &[(ResourceType, &str, &[&str])]) {
    let directory = Directory::with(documents);
    for (base, query, expected) in rows {
        let pairs: Vec<Pair> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let request = super::parse(Scope::Type(*base), &pairs);
        let found = super::matches(&directory, &request);
        let wrong_type = found.iter().find(|(t, _)| t != base);
        assert_eq!(wrong_type, None, "{base}?{query}");
        let ids: Vec<&str> = found.iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(ids, *expected, "{base}?{query}");
    }
}

fn document(resource_type: ResourceType, id: &str, mut rest: Value) -> Value {
    rest["resourceType"] = json!(resource_type.as_str());
    rest["id"] = json!(id);
    rest["meta"] = json!({ "lastUpdated": "2024-02-10T09:00:00Z" });
    rest
}

fn code(code: &str) -> Value {
    json!({ "coding": [{ "system": "urn:s", "code": code }] })
}

fn record(name: &str, parts: &[(&str, &str, Value)]) -> Value {
    let part = |(url, key, value): &(&str, &str, Value)| json!({ "url": url, (*key): value });
    let parts: Vec<Value> = parts.iter().map(part).collect();
    json!({ "url": format!("{ROR_EXTENSION_BASE}{name}"), "extension": parts })
}

fn price(of_type: &str, amount: f64) -> Value {
    record(
        "ror-organization-price",
        &[
            ("priceType", "valueCodeableConcept", code(of_type)),
            ("amount", "valueMoney", json!({ "value": amount })),
        ],
    )
}

fn capacity(of_type: &str, status: &str, count: u32) -> Value {
    record(
        "ror-location-supported-capacity",
        &[
            ("capacityType", "valueCodeableConcept", code(of_type)),
            ("capacityStatus", "valueCodeableConcept", code(status)),
            ("nbCapacity", "valueInteger", json!(count)),
        ],
    )
}

/// Two homes and the head office both belong to, with one offer and two places each.
fn homes() -> Vec<Value> {
    let to = |text: &str| json!({ "reference": text });
    vec![
        document(
            Organization,
            "head",
            json!({ "name": "Siège", "extension": [price("01", 90.0)] }),
        ),
        document(
            Organization,
            "cheap",
            json!({
                "name": "Bon", "partOf": to("Organization/head"),
                "extension": [price("01", 50.0), price("02", 80.0), price("02", 95.0)],
            }),
        ),
        document(
            Organization,
            "dear",
            json!({
                "name": "Bon Air", "partOf": to("Organization/head"),
                "extension": [price("01", 85.0), price("02", 45.0), price("01", 60.0)],
            }),
        ),
        document(
            Location,
            "l1",
            json!({ "name": "Nord", "extension": [capacity("01", "a", 5), capacity("02", "b", 0)] }),
        ),
        document(Location, "l2", json!({ "name": "Sud", "extension": [capacity("02", "a", 9)] })),
        document(Location, "l3", json!({ "name": "Sud", "extension": [capacity("01", "b", 9)] })),
        document(
            HealthcareService,
            "h1",
            json!({
                "active": true,
                "providedBy": to("Organization/cheap"), "location": [to("Location/l1"), to("Location/l2")],
            }),
        ),
        document(
            HealthcareService,
            "h2",
            json!({
                "active": false,
                "providedBy": to("Organization/dear"), "location": [to("Location/l3"), to("Location/gone")],
            }),
        ),
    ]
}

#[test]
fn one_record() {
    check(
        &homes(),
        &[
            // One price of type 02 below 60; R4 alone finds both.
            (
                HealthcareService,
                "organization.price-type=02&organization.price-amount-value=lt60",
                &["h2"],
            ),
            (
                HealthcareService,
                "organization.price-type=02&organization.price-amount-value=lt60&ror-correlation=independent",
                &["h1", "h2"],
            ),
            // Bounds of one name are of one record.
            (
                HealthcareService,
                "organization.price-amount-value=gt51&organization.price-amount-value=lt79",
                &["h2"],
            ),
            // A second equality on one name opens a second record and, over a chain, a second target.
            (Location, "capacity-type=01&capacity-type=02", &["l1"]),
            (HealthcareService, "location.capacity-type=01&location.capacity-type=02", &["h1"]),
            (HealthcareService, "location.capacity-status=a&location.nb-capacity=0", &[]),
            // Slots fill in order: one place (Nord, 01), another (Sud, 02).
            (
                HealthcareService,
                "location.name=nord&location.capacity-type=01&location.name=sud&location.capacity-type=02",
                &["h1"],
            ),
            // In a filter: by alternative, and together with the URL.
            (
                HealthcareService,
                "_filter=(organization.price-type eq 01 or organization.price-type eq 02) and organization.price-amount-value lt 47",
                &["h2"],
            ),
            (
                HealthcareService,
                "organization.price-type=01&_filter=organization.price-amount-value ge 80",
                &["h2"],
            ),
            // Negations are asked of the resource.
            (Organization, "price-type:not=02", &["head"]),
            (
                Organization,
                "price-type=01&_filter=not (price-amount-value lt 50)",
                &["head", "cheap"],
            ),
            (Location, "capacity-type=01&_filter=capacity-status ne b", &[]),
            // Brackets: on one target.
            (HealthcareService, "_filter=location[name eq sud and capacity-type eq 01]", &["h2"]),
            (HealthcareService, "_filter=location[not (capacity-type eq 01)]", &["h1"]),
            (
                Organization,
                "_filter=_has:HealthcareService:organization[active eq true]",
                &["cheap"],
            ),
        ],
    );
}

/// In brackets negations too are asked of the record: a price below 60 that is not of type 02.
#[test]
fn negations_in_brackets() {
    check(
        &homes(),
        &[
            (
                HealthcareService,
                "_filter=organization[price-amount-value lt 60 and price-type ne 02]",
                &["h1"],
            ),
            (
                HealthcareService,
                "_filter=organization[price-amount-value lt 60 and not (price-type eq 02)]",
                &["h1"],
            ),
            (
                HealthcareService,
                "_filter=organization[not (price-type eq 01 or price-amount-value gt 80)]",
                &["h1", "h2"],
            ),
            (
                HealthcareService,
                "_filter=organization[not (price-type eq 02 and price-amount-value lt 90) and price-amount-value gt 90]",
                &["h1"],
            ),
            (HealthcareService, "_filter=organization[price-amount-value ne 50]", &["h1", "h2"]),
            (HealthcareService, "_filter=location[capacity-type pr false]", &[]),
            (
                HealthcareService,
                "_filter=location[capacity-status pr true and nb-capacity eq 0]",
                &["h1"],
            ),
            (
                HealthcareService,
                "_filter=organization[price-amount-value lt 60 and price-type ne 02]&ror-correlation=independent",
                &[],
            ),
        ],
    );
}

#[test]
fn ancestors() {
    check(
        &homes(),
        &[
            (HealthcareService, "organization.name:above=siège", &["h1", "h2"]),
            (HealthcareService, "organization:below=Organization/head", &["h1", "h2"]),
            (HealthcareService, "organization:below=Organization/dear", &["h2"]),
            (HealthcareService, "organization:above=Organization/cheap", &["h1"]),
            // All hold on one ancestor: no organization is the head office and has a price below 60.
            (
                HealthcareService,
                "organization.name:above=siège&organization.price-amount-value:above=lt60",
                &[],
            ),
            (
                HealthcareService,
                "organization.price-type:above=01&organization.price-amount-value:above=gt86",
                &["h1", "h2"],
            ),
        ],
    );
}

/// Found by the laws: `_has` over a reference of several types returned what else it refers to.
#[test]
fn a_reverse_chain_stays_on_the_searched_type() {
    let task = |id: &str, focus: &str| {
        document(
            ResourceType::Task,
            id,
            json!({ "status": "draft", "focus": { "reference": focus } }),
        )
    };
    let mut documents = homes();
    documents.extend([task("t1", "Location/l1"), task("t2", "HealthcareService/h2")]);
    check(
        &documents,
        &[
            (HealthcareService, "_has:Task:focus:status=draft", &["h2"]),
            (Location, "_has:Task:focus:status=draft", &["l1"]),
        ],
    );
}

/// Found by the laws: a reference to a resource that is not there was not found by its text.
#[test]
fn references_to_absent_resources() {
    let child = json!({ "partOf": { "reference": "Organization/gone" } });
    let mut documents = homes();
    documents.push(document(Organization, "child", child));
    let foreign = json!({ "reference": "http://other.example/fhir/Organization/x" });
    documents.push(document(Organization, "foreign", json!({ "partOf": foreign })));
    check(
        &documents,
        &[
            (HealthcareService, "location=Location/gone", &["h2"]),
            (HealthcareService, "location=gone", &["h2"]),
            (HealthcareService, "location=Location/never", &[]),
            (HealthcareService, "location.name:missing=true", &[]),
            (Organization, "partof:below=Organization/gone", &["child"]),
            (Organization, "partof:below=http://other.example/fhir/Organization/x", &["foreign"]),
            (Organization, "partof:above=http://other.example/fhir/Organization/x", &["foreign"]),
        ],
    );
}

/// Found by the laws: `ne` on a string was "does not start with".
#[test]
fn unequal_strings() {
    check(
        &homes(),
        &[
            (Organization, "_filter=name ne \"bon\"", &["head", "dear"]),
            (Organization, "_filter=name eq \"BON\"", &["cheap"]),
            (Organization, "_filter=not (name sw \"bon\")", &["head"]),
        ],
    );
}

/// A chained key looks at the records that make the resource a match.
#[test]
fn order_follows_the_criteria() {
    check(
        &homes(),
        &[
            (HealthcareService, "_sort=organization.price-amount-value", &["h2", "h1"]),
            (
                HealthcareService,
                "organization.price-type=01&_sort=organization.price-amount-value",
                &["h1", "h2"],
            ),
            (
                HealthcareService,
                "organization.price-type=02&_sort=-organization.price-amount-value",
                &["h1", "h2"],
            ),
            // All have the head office's price first; ties go by id.
            (
                HealthcareService,
                "organization.name:above=siège&_sort=-organization.price-amount-value",
                &["h1", "h2"],
            ),
            // Found by the laws: an alternative whose other criteria fail lent its records (45 of "dear").
            (
                HealthcareService,
                "_filter=(active eq true and organization.price-type eq 02) or organization.price-type eq 01&_sort=organization.price-amount-value",
                &["h1", "h2"],
            ),
            (
                HealthcareService,
                "_filter=(organization.price-type eq 02 and active eq true) or (organization.price-type eq 01 and active eq false)&_sort=organization.price-amount-value",
                &["h2", "h1"],
            ),
            // Found by the laws: an alternative without criteria over the chain looks at all records.
            (
                HealthcareService,
                "_filter=active eq false or organization.price-amount-value gt 90&_sort=organization.price-amount-value",
                &["h2", "h1"],
            ),
            // Found by the laws: only the first of several records was looked at.
            (Location, "capacity-type=01&capacity-type=02&_sort=nb-capacity", &["l1"]),
        ],
    );
}

/// Use contexts correlate by R4's composite parameters, not by themselves.
#[test]
fn use_contexts() {
    let context = |key: &str, value: &str| json!({ "code": { "system": "urn:s", "code": key }, "valueCodeableConcept": code(value) });
    let measure =
        document(Measure, "m", json!({ "useContext": [context("a", "x"), context("b", "y")] }));
    check(
        &[measure],
        &[
            (Measure, "context-type=a&context=y", &["m"]),
            (Measure, "context-type-value=a$y", &[]),
            (Measure, "context-type-value=b$y", &["m"]),
        ],
    );
}

/// Sets above the size where walking all references beats looking each one up.
#[test]
fn large_sets() {
    const OFFERS: usize = 2_100;
    let mut documents = Vec::new();
    for number in 0..OFFERS {
        let id = format!("{number:04}");
        let home = json!({ "reference": format!("Organization/{id}") });
        documents.push(document(Organization, &id, json!({
            "active": number % 2 == 0,
            "partOf": { "type": "Organization", "identifier": { "value": "top", "system": "urn:id" } },
        })));
        documents.push(document(
            HealthcareService,
            &id,
            json!({
                "active": number % 3 == 0, "providedBy": home,
            }),
        ));
    }
    let identifier = json!([{ "system": "urn:id", "value": "top" }]);
    documents.push(document(
        Organization,
        "top",
        json!({ "active": true, "identifier": identifier }),
    ));
    let request = |base, query: &str| {
        let (name, value) = query.split_once('=').unwrap();
        super::parse(Scope::Type(base), &[(name.to_owned(), value.to_owned())])
    };
    let directory = Directory::with(&documents);
    for (base, query, expected) in [
        (HealthcareService, "organization.active:missing=false", OFFERS),
        (HealthcareService, "organization.active=true", OFFERS / 2),
        (HealthcareService, "organization.partof.active=true", OFFERS),
        (HealthcareService, "organization.identifier:above=urn:id|top", OFFERS),
        (HealthcareService, "organization:below=Organization/top", OFFERS),
        (Organization, "_has:HealthcareService:organization:active:missing=false", OFFERS),
        (Organization, "_has:HealthcareService:organization:active=true", OFFERS / 3),
        (Organization, "_has:Organization:partof:active:missing=false", 1),
        (Organization, "partof:missing=false", OFFERS),
    ] {
        let (hits, _) = super::page(&directory, &request(base, query), 0, 0, None);
        assert_eq!(hits.total, Some(expected as u64), "{base}?{query}");
    }
}

#[test]
fn prices_in_force_on_several_days() {
    let price = |amount: f64, unit: &str, start: &str| {
        record(
            "ror-organization-price",
            &[
                ("amount", "valueMoney", json!({ "value": amount })),
                ("startDate", "valueDateTime", json!(start)),
                ("priceUnit", "valueCodeableConcept", code(unit)),
            ],
        )
    };
    let documents = [
        document(
            Organization,
            "1",
            json!({ "extension": [price(50.0, "1", "2024")], "partOf": {"reference": "Organization/6"} }),
        ),
        document(
            Organization,
            "4",
            json!({ "extension": [price(5.0, "3", "2023-07")], "partOf": {"reference": "Organization/1"} }),
        ),
    ];
    check(
        &documents,
        &[
            (Organization, "price-in-force=2024-02-10", &["1", "4"]),
            (Organization, "price-in-force=2024-02-10,2024-02-10,2024-05-01", &["1", "4"]),
            (Organization, "partof.price-in-force=2024-02-10,2024-05-01", &["4"]),
            (Organization, "price-amount-per-day=ne5", &["4"]),
            (Organization, "_filter=price-amount-per-day ne 5", &["4"]),
            (
                Organization,
                "partof.price-in-force=2024-02-10,2024-05-01&price-amount-per-day=ne5&_sort=-_id",
                &["4"],
            ),
        ],
    );
}

#[test]
fn a_replaced_version_has_no_price_in_force() {
    let price = |amount: f64, start: &str| {
        let amount = ("amount", "valueMoney", json!({ "value": amount }));
        record("ror-organization-price", &[amount, ("startDate", "valueDateTime", json!(start))])
    };
    let version = |amount, start| {
        Change::Put(document(Organization, "1", json!({ "extension": [price(amount, start)] })))
    };
    // Both versions in one commit stand in one segment.
    let directory = Directory::of(&[vec![version(90.0, "2024-02"), version(60.0, "2023-02")]], 1);
    let pairs = [("price-in-force".to_owned(), "2024-03-01".to_owned())];
    let request = super::parse(Scope::Type(Organization), &pairs);
    assert_eq!(super::matches(&directory, &request).len(), 1);
}
