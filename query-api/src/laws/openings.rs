//! The law of opening: whoever is found open is open on the clock of one of its places, by the documents
//! alone. The directories have little else, so that offers with places in several zones, closed places and
//! organizations that end on a day are common.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use shared::fhir::ResourceType::{self, HealthcareService, Location, Organization};

use super::choices::Choices;
use super::directory::{Change, Directory, Identity};
use super::{config, documents, runs, world};
use crate::parse::Scope;
use crate::parse::ast::Correlation;

/// The first is never written.
const IDS: [&str; 4] = ["0", "1", "2", "3"];

/// Around the days on which something closes, where it is yesterday or tomorrow in some zone.
const INSTANTS: [&str; 12] = [
    "now",
    "2024-01-31T13:30:00Z",
    "2024-01-31T22:30:00Z",
    "2024-02-01T03:00:00Z",
    "2024-02-01T09:30:00Z",
    "2024-02-09T13:30:00Z",
    "2024-02-10T07:30:00Z",
    "2024-02-10T13:30:00Z",
    "2024-02-10T22:30:00Z",
    "2024-02-11T03:00:00Z",
    "2024-02-11T09:30:00Z",
    "2024-02-11T11:30:00Z",
];

/// Makes the elements of a document.
type Make = fn(&mut Choices<'_>) -> Map<String, Value>;

fn change(run: &[u16]) -> Change {
    let mut choices = Choices::new(run);
    let kinds: [(_, Make); 3] =
        [(HealthcareService, offer), (Location, place), (Organization, organization)];
    let (resource_type, make) = choices.one(&kinds);
    let id = IDS[1 + choices.below(IDS.len() - 1)];
    if choices.once_in(20) {
        return Change::Delete(resource_type, id.to_owned());
    }
    let mut document = make(&mut choices);
    document.insert("resourceType".to_owned(), json!(resource_type.as_str()));
    document.insert("id".to_owned(), json!(id));
    document.insert("meta".to_owned(), json!({ "lastUpdated": "2024-01-01T00:00:00Z" }));
    Change::Put(Value::Object(document))
}

fn reference(choices: &mut Choices<'_>, target: ResourceType) -> Value {
    json!({ "reference": format!("{target}/{}", choices.one(&IDS)) })
}

fn offer(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut offer = Map::new();
    let places: Vec<Value> = (0..choices.below(4)).map(|_| reference(choices, Location)).collect();
    offer.insert("location".to_owned(), json!(places));
    offer.insert("providedBy".to_owned(), reference(choices, Organization));
    let always = choices.once_in(2).then(|| json!({ "allDay": true }));
    let times = (0..choices.below(3)).map(|_| documents::available_time(choices));
    let times: Vec<Value> = times.collect();
    offer.insert("availableTime".to_owned(), always.into_iter().chain(times).collect());
    if choices.once_in(4) {
        offer.insert("notAvailable".to_owned(), json!([documents::not_available(choices)]));
    }
    offer
}

fn organization(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut organization = Map::new();
    if choices.once_in(2) {
        organization.insert("partOf".to_owned(), reference(choices, Organization));
    }
    if choices.once_in(2) {
        organization.insert("extension".to_owned(), documents::closing(choices).into());
    }
    organization
}

fn place(choices: &mut Choices<'_>) -> Map<String, Value> {
    let mut place = Map::new();
    let code = choices.one(&[None, Some("44000"), Some("97400"), Some("98800"), Some("98714")]);
    if let Some(code) = code {
        place.insert("address".to_owned(), json!({ "postalCode": code }));
    }
    if let Some(status) = choices.one(&[None, Some("3"), Some("1")]) {
        place.insert("operationalStatus".to_owned(), json!({ "code": status }));
    }
    place
}

fn directories() -> impl Strategy<Value = Directory> {
    (runs(40, 4..30), 1_usize..4).prop_map(|(runs, commits)| {
        let changes: Vec<Change> = runs.iter().map(|run| change(run)).collect();
        let size = changes.len().div_ceil(commits);
        let commits: Vec<_> = changes.chunks(size).map(<[_]>::to_vec).collect();
        Directory::of(&commits, 1)
    })
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn open_is_on_the_clock_of_a_place_that_is_not_closed(directory in directories()) {
        for instant in INSTANTS {
            let pairs = [("open-at".to_owned(), instant.to_owned())];
            let request = super::parse(Scope::Type(HealthcareService), &pairs);
            let found: BTreeSet<Identity> =
                super::matches(&directory, &request).into_iter().collect();
            let world = world(&directory, Correlation::Record);
            let expected = world.matches(HealthcareService, &request.criteria[0]);
            prop_assert_eq!(found, expected, "{}", instant);
        }
    }
}
