//! Includes beyond the catalogue: wildcards, target types, cycles, and that matches stay matches.

use std::collections::BTreeSet;

use e2e::sample::{Key, sample};

use crate::naive::search;

fn included(query: &str) -> BTreeSet<Key> {
    search(query).pages.iter().flat_map(e2e::searchset::Page::includes).collect()
}

#[test]
fn target_type_and_wildcard() {
    let query = "PractitionerRole?_include=PractitionerRole:organization&_include=";
    let one = included(&format!("{query}PractitionerRole:service"));
    assert!(one.iter().any(|key| key.0 == "HealthcareService"), "{query}");
    let typed = included(&format!("{query}PractitionerRole:service:HealthcareService"));
    assert_eq!(typed, one);
    let all = included("PractitionerRole?_include=*");
    let every = included("PractitionerRole?_include=PractitionerRole:*");
    assert_eq!(all, every);
    assert!(one.is_subset(&all));
    let expected: BTreeSet<Key> = sample()
        .of_type("PractitionerRole")
        .flat_map(|(_, role)| {
            ["practitioner", "organization", "location", "healthcareService"]
                .into_iter()
                .flat_map(|element| sample().targets(role, element))
        })
        .collect();
    assert_eq!(all, expected);
}

#[test]
fn hierarchies_end_and_matches_stay_matches() {
    let query = "Organization?_include:iterate=Organization:partof\
                 &_revinclude:iterate=Organization:partof&_count=1000";
    let search = search(query);
    for page in &search.pages {
        let matches: BTreeSet<Key> = page.matches().into_iter().collect();
        let includes: BTreeSet<Key> = page.includes().into_iter().collect();
        assert!(matches.is_disjoint(&includes), "a resource is match and include of one page");
    }
    assert_eq!(search.matches().len(), sample().ids("Organization").len());
}

#[test]
fn includes_are_not_counted() {
    let plain = search("HealthcareService?_count=10");
    let with = search("HealthcareService?_count=10&_include=HealthcareService:location");
    assert_eq!(plain.total(), with.total());
    assert_eq!(plain.matches(), with.matches());
    assert!(!with.pages[0].includes().is_empty());
}
