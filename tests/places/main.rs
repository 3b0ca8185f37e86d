//! Places over HTTP: circles alone and combined, distances and their order, addresses read by the
//! gazetteer, and a service of street addresses, played by a small server of this suite (`service`).
//!
//! The directory is made here, so that every expected set can be read off it.

mod address;
mod circle;
mod geocode;
mod service;
mod street;

use std::sync::OnceLock;

use e2e::client::{Answer, Client};
use e2e::harness::{self, Server};
use serde_json::{Value, json};

const COMMUNES: &str = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM";
const ROR: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition";

/// Ids and positions of the places.
const PLACES: [(&str, f64, f64); 16] = [
    ("nantes", 47.2184, -1.5536),
    ("herblain", 47.2128, -1.6497),
    ("paris", 48.8566, 2.3522),
    ("versailles", 48.8049, 2.1204),
    ("reunion", -20.8823, 55.4504),
    ("guadeloupe", 16.2411, -61.5331),
    ("wallis", -13.2825, -176.1736),
    ("futuna", -14.2938, -178.1165),
    ("papeete", -17.5516, -149.5585),
    ("dateline", -16.8, 179.98),
    ("northpole", 90.0, 0.0),
    ("kerguelen", -49.3500, 70.2200),
    // One place under both names of its meridian, and two equally far from it.
    ("z-m180", 0.0, -180.0),
    ("z-180", 0.0, 180.0),
    ("z-west", 0.0, 179.95),
    ("z-east", 0.0, -179.95),
];

/// Places without a position, at the point of a commune.
const TOWNS: [&str; 3] = ["lyon", "bastia", "ajaccio"];

fn location(id: &str, position: Option<(f64, f64)>, organization: &str) -> Value {
    let mut location = json!({
        "resourceType": "Location", "id": id, "name": id,
        "managingOrganization": {"reference": format!("Organization/{organization}")},
    });
    if let Some((lat, lon)) = position {
        location["position"] = json!({"latitude": lat, "longitude": lon});
    }
    location
}

fn offer(id: &str, places: &[&str], specialty: &str, zone: &[&str]) -> Value {
    let places: Vec<_> =
        places.iter().map(|id| json!({"reference": format!("Location/{id}")})).collect();
    let zones: Vec<_> = zone
        .iter()
        .map(|code| {
            json!({
                "url": format!("{ROR}/ror-territorial-division"),
                "extension": [{
                    "url": "codeTerritorialDivision",
                    "valueCodeableConcept": {"coding": [{"system": COMMUNES, "code": code}]},
                }],
            })
        })
        .collect();
    let mut offer = json!({
        "resourceType": "HealthcareService", "id": id, "name": id, "location": places,
        "specialty": [{"coding": [{"system": "urn:act", "code": specialty}]}],
    });
    if !zones.is_empty() {
        offer["extension"] = zones.into();
    }
    offer
}

fn documents() -> Vec<Value> {
    let organization = |id: &str| json!({"resourceType": "Organization", "id": id, "name": id});
    let mut documents = vec![organization("one"), organization("two")];
    documents.extend(PLACES.iter().enumerate().map(|(at, (id, lat, lon))| {
        location(id, Some((*lat, *lon)), if at % 2 == 0 { "one" } else { "two" })
    }));
    // Without a position: at the point of its commune, Lyon's third district.
    let mut lyon = location("lyon", None, "one");
    lyon["extension"] = json!([{
        "url": format!("{ROR}/ror-commune-cog"),
        "valueCodeableConcept": {"coding": [{"system": COMMUNES, "code": "69383"}]},
    }]);
    documents.push(lyon);
    // At the point of Bastia, by a code that is no more; at that of Ajaccio, by its postal code.
    let mut bastia = location("bastia", None, "one");
    bastia["extension"] = json!([{
        "url": format!("{ROR}/ror-commune-cog"),
        "valueCodeableConcept": {"coding": [{"system": COMMUNES, "code": "20033"}]},
    }]);
    let mut ajaccio = location("ajaccio", None, "one");
    ajaccio["address"] = json!({"postalCode": "20000"});
    documents.extend([bastia, ajaccio]);
    documents.push(location("nowhere", None, "one"));
    documents.extend([
        offer("near-and-far", &["nantes", "reunion"], "a", &[]),
        offer("suburb", &["herblain"], "a", &[]),
        offer("capital", &["paris", "versailles"], "b", &[]),
        offer("south", &["wallis", "futuna", "dateline"], "b", &[]),
        offer("lyonnaise", &["lyon"], "a", &[]),
        offer("nowhere", &["nowhere"], "a", &[]),
        // Care at home: the office is in Paris, the patients in three communes of Loire-Atlantique.
        offer("home-care", &["paris"], "home", &["44109", "44162", "44143"]),
        offer("home-care-elsewhere", &["nantes"], "home", &["35238"]),
    ]);
    documents
}

/// A server over the directory of these tests with further settings.
fn serve(environment: &[(&str, &str)]) -> Server {
    let lines: Vec<String> = documents().iter().map(Value::to_string).collect();
    let source = harness::new_folder("places.ndjson");
    std::fs::write(&source, lines.join("\n")).expect("a file in the scratch folder");
    let data = harness::new_folder("data");
    harness::load(&data, &[&source]);
    Server::start_with(&data, environment)
}

/// The server without further settings, which the reading tests share.
fn shared() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| serve(&[]))
}

fn encode(text: &str) -> String {
    let byte = |b: u8| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// `type?name=value&…` with the values encoded.
fn path(resource_type: &str, parameters: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("/{resource_type}?{}", pairs.join("&"))
}

fn get(client: &Client, resource_type: &str, parameters: &[(&str, &str)]) -> Answer {
    client.get(&path(resource_type, parameters))
}

fn bundle(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    answer.json().expect("a Bundle")
}

/// Ids of the entries of one mode, in order.
fn ids(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let of_mode = entries.iter().filter(|entry| entry["search"]["mode"] == mode);
    of_mode.filter_map(|entry| Some(entry["resource"]["id"].as_str()?.to_owned())).collect()
}

/// The issues of the outcome entry.
fn issues(bundle: &Value) -> Vec<Value> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let outcomes = entries.iter().filter(|entry| entry["search"]["mode"] == "outcome");
    outcomes.flat_map(|e| e["resource"]["issue"].as_array().cloned().unwrap_or_default()).collect()
}

/// The distance in km of each entry that has one, by id.
fn distances(bundle: &Value) -> Vec<(String, f64)> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let distance = |entry: &Value| {
        let extensions = entry["search"]["extension"].as_array()?;
        let found = extensions
            .iter()
            .find(|e| e["url"].as_str().is_some_and(|url| url.ends_with("/location-distance")))?;
        assert_eq!(found["valueDistance"]["code"], "km");
        Some((
            entry["resource"]["id"].as_str()?.to_owned(),
            found["valueDistance"]["value"].as_f64()?,
        ))
    };
    entries.iter().filter_map(distance).collect()
}
