//! Offers written a moment ago: open on the clock of their place, closed by place and organization,
//! and counts by their age.

use e2e::client::Client;
use e2e::harness::{self, Server};
use serde_json::{Value, json};

use crate::JSON;

const ROR: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/";

fn put(client: &Client, document: &Value) {
    let path = format!(
        "/{}/{}",
        document["resourceType"].as_str().expect("a type"),
        document["id"].as_str().expect("an id")
    );
    let answer = client.send("PUT", &path, &[JSON], Some(document.to_string().as_bytes()));
    assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.excerpt());
}

fn place(id: &str, commune: &str, status: &str) -> Value {
    let commune = json!({"coding": [{"code": commune}]});
    json!({
        "resourceType": "Location",
        "id": id,
        "operationalStatus": {"code": status},
        "extension": [{"url": format!("{ROR}ror-commune-cog"), "valueCodeableConcept": commune}],
    })
}

fn offer(id: &str, places: &[&str]) -> Value {
    let places: Vec<Value> =
        places.iter().map(|id| json!({"reference": format!("Location/{id}")})).collect();
    json!({
        "resourceType": "HealthcareService",
        "id": id,
        "name": "Written a moment ago",
        "providedBy": {"reference": "Organization/open-unit"},
        "location": places,
        "availableTime": [{
            "daysOfWeek": ["wed"],
            "availableStartTime": "08:00:00",
            "availableEndTime": "18:00:00",
        }],
    })
}

/// The ids of our offers open at an instant.
fn open(client: &Client, instant: &str) -> Vec<String> {
    let path = format!("/HealthcareService?organization=open-unit&open-at={instant}&_sort=_id");
    let bundle = client.get(&path).json().expect("a Bundle");
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["resource"]["id"].as_str().expect("id").to_owned()).collect()
}

#[test]
fn open_on_the_clock_of_the_place_until_something_closes() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    put(&client, &json!({"resourceType": "Organization", "id": "open-site", "name": "Site"}));
    put(
        &client,
        &json!({"resourceType": "Organization", "id": "open-unit", "name": "Unit",
                "partOf": {"reference": "Organization/open-site"}}),
    );
    put(&client, &place("open-nantes", "44109", "3"));
    put(&client, &place("open-saint-denis", "97411", "3"));
    put(&client, &place("open-basse-terre", "97105", "3"));
    put(&client, &offer("open-a", &["open-nantes"]));
    put(&client, &offer("open-b", &["open-saint-denis"]));
    put(&client, &offer("open-c", &["open-basse-terre"]));
    // A Wednesday of winter: 08:00 in Nantes is 07:00Z, in Saint-Denis 04:00Z, in Basse-Terre 12:00Z.
    for (instant, expected) in [
        ("2026-01-14T03:59:59Z", &[][..]),
        ("2026-01-14T04:00:00Z", &["open-b"]),
        ("2026-01-14T07:00:00Z", &["open-a", "open-b"]),
        ("2026-01-14T12:00:00Z", &["open-a", "open-b", "open-c"]),
        ("2026-01-14T14:00:00Z", &["open-a", "open-c"]),
        ("2026-01-14T21:59:59Z", &["open-c"]),
        ("2026-01-14T22:00:00Z", &[]),
        // In summer Nantes opens an hour earlier, the islands do not.
        ("2026-07-15T06:00:00Z", &["open-a", "open-b"]),
        ("2026-07-15T03:59:00Z", &[]),
    ] {
        assert_eq!(open(&client, instant), expected, "{instant}");
    }
    let noon = "2026-01-14T12:00:00Z";
    put(&client, &place("open-nantes", "44109", "2"));
    assert_eq!(open(&client, noon), ["open-b", "open-c"], "its only place is closed");
    put(&client, &place("open-nantes", "97411", "3"));
    assert_eq!(open(&client, "2026-01-14T04:00:00Z"), ["open-a", "open-b"], "the place moved");
    let period = json!({"url": "http://hl7.org/fhir/StructureDefinition/organization-period",
                        "valuePeriod": {"end": "2026-01-13"}});
    put(
        &client,
        &json!({"resourceType": "Organization", "id": "open-site", "name": "Site",
                "extension": [period]}),
    );
    assert!(open(&client, noon).is_empty(), "the site closed the day before");
    assert_eq!(open(&client, "2026-01-07T12:00:00Z").len(), 3, "the week before it had not");
}

#[test]
fn an_offer_with_places_in_several_zones_is_open_in_one_that_is_not_closed() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    let unit = |end: Option<&str>| {
        let period = end.map(|end| {
            json!([{"url": "http://hl7.org/fhir/StructureDefinition/organization-period",
                    "valuePeriod": {"end": end}}])
        });
        let mut unit = json!({"resourceType": "Organization", "id": "open-unit", "name": "Unit"});
        if let Some(period) = period {
            unit["extension"] = period;
        }
        put(&client, &unit);
    };
    unit(None);
    put(&client, &place("zone-paris", "75101", "3"));
    put(&client, &place("zone-reunion", "97411", "3"));
    put(&client, &place("zone-noumea", "98818", "3"));
    put(&client, &place("zone-tahiti", "98735", "3"));
    put(&client, &offer("open-mixed", &["zone-paris", "zone-reunion"]));
    // Wednesday: 08:00 to 18:00 is from 04:00Z in Saint-Denis, to 17:00Z in Paris.
    for (instant, is_open) in [
        ("2026-01-14T03:59:59Z", false),
        ("2026-01-14T04:00:00Z", true),
        ("2026-01-14T15:30:00Z", true),
        ("2026-01-14T17:00:00Z", false),
    ] {
        assert_eq!(open(&client, instant).len(), usize::from(is_open), "{instant}");
    }
    put(&client, &place("zone-reunion", "97411", "1"));
    assert!(open(&client, "2026-01-14T05:30:00Z").is_empty(), "only Paris is left");
    assert_eq!(open(&client, "2026-01-14T15:30:00Z"), ["open-mixed"]);
    put(&client, &place("zone-paris", "75101", "2"));
    assert!(open(&client, "2026-01-14T12:00:00Z").is_empty(), "both are closed");

    // Round the clock, until the unit closes: on the day of the place.
    for id in ["noumea", "tahiti"] {
        let mut always = offer(&format!("open-{id}"), &[&format!("zone-{id}")]);
        always["availableTime"] = json!([{"allDay": true}]);
        put(&client, &always);
    }
    unit(Some("2026-11-24"));
    for (instant, expected) in [
        ("2026-11-24T12:59:00Z", &["open-noumea", "open-tahiti"][..]),
        // The 25th in Nouméa.
        ("2026-11-24T13:00:00Z", &["open-tahiti"]),
        // Still the 24th in Tahiti.
        ("2026-11-25T09:59:00Z", &["open-tahiti"]),
        ("2026-11-25T10:00:00Z", &[]),
    ] {
        assert_eq!(open(&client, instant), expected, "{instant}");
    }
}

#[test]
fn a_day_that_does_not_exist_is_no_day() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    put(&client, &json!({"resourceType": "Organization", "id": "open-unit", "name": "Unit"}));
    put(&client, &place("open-place", "44109", "3"));
    let url = format!("{ROR}ror-available-time-number-days-of-week");
    for number in [0, 3, 9] {
        let mut offer = offer(&format!("open-{number}"), &["open-place"]);
        offer["availableTime"] = json!([{
            "extension": [{"url": url, "valueInteger": number}],
            "availableStartTime": "09:00:00",
            "availableEndTime": "10:00:00",
        }]);
        put(&client, &offer);
    }
    // Monday the 12th to Sunday the 18th, 09:30 in Paris.
    for day in 12..=18 {
        let expected: &[&str] = if day == 14 { &["open-3"] } else { &[] };
        assert_eq!(open(&client, &format!("2026-01-{day}T08:30:00Z")), expected, "the {day}th");
    }
}
