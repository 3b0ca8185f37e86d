//! Chains and reverse chains, of one step and of several.

use std::collections::BTreeSet;

use e2e::fold::fold;
use e2e::sample::{Key, sample};
use serde_json::Value;

use crate::naive::{at, check, escape, frequent, tokens};

fn document(key: &Key) -> &'static Value {
    sample().get(key).expect("a resolved target is in the sample")
}

fn targets(from: &Value, element: &str) -> Vec<&'static Value> {
    sample().targets(from, element).iter().map(document).collect()
}

fn cities(location: &Value) -> Vec<String> {
    at(location, "address.city").into_iter().filter_map(Value::as_str).map(fold).collect()
}

#[test]
fn one_and_two_steps() {
    let plain = |text: &String| text.chars().all(char::is_alphanumeric);
    let city = frequent("HealthcareService", |offer| {
        targets(offer, "location").into_iter().flat_map(cities).filter(plain).collect()
    });
    let in_city = |offer: &Value| {
        targets(offer, "location").into_iter().flat_map(cities).any(|name| name.starts_with(&city))
    };
    check("HealthcareService", &format!("location.address-city={city}"), in_city);
    check("HealthcareService", &format!("location:Location.address-city={city}"), in_city);
    check("PractitionerRole", &format!("service.location.address-city={city}"), |role| {
        targets(role, "healthcareService").into_iter().any(in_city)
    });
    check("Task", &format!("focus:HealthcareService.location.address-city={city}"), |task| {
        targets(task, "focus")
            .into_iter()
            .any(|focus| focus["resourceType"] == "HealthcareService" && in_city(focus))
    });
}

#[test]
fn reverse_chains() {
    let codes = |offer: &Value| tokens(offer, "specialty.coding");
    let wanted = frequent("HealthcareService", codes);
    let code = escape(&wanted.1);
    let offers: Vec<&Value> = sample()
        .of_type("HealthcareService")
        .map(|(_, offer)| offer)
        .filter(|offer| codes(offer).iter().any(|token| token.1 == wanted.1))
        .collect();
    let reached = |element: &str| -> BTreeSet<Key> {
        offers.iter().flat_map(|offer| sample().targets(offer, element)).collect()
    };
    let is_in = |set: BTreeSet<Key>| {
        move |found: &Value| set.contains(&e2e::sample::key_of(found).expect("a resource"))
    };
    let places = reached("location");
    check("Location", &format!("_has:HealthcareService:location:specialty={code}"), is_in(places));
    let providers = reached("providedBy");
    let query = format!("_has:HealthcareService:organization:specialty={code}");
    check("Organization", &query, is_in(providers.clone()));
    let parents: BTreeSet<Key> =
        providers.iter().flat_map(|key| sample().targets(document(key), "partOf")).collect();
    let nested =
        format!("_has:Organization:partof:_has:HealthcareService:organization:specialty={code}");
    check("Organization", &nested, is_in(parents));
}

/// A condition on a document.
type Test<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

#[test]
fn filter_says_the_same_as_parameters() {
    let wanted = frequent("HealthcareService", |offer| tokens(offer, "specialty.coding"));
    let (Some(system), code) = &wanted else { panic!("codes of the sample have systems") };
    let has = |offer: &Value| tokens(offer, "specialty.coding").contains(&wanted);
    let active = |offer: &Value| offer["active"] == true;
    let leaf = format!("specialty eq {system}|{code}");
    let rows: Vec<(String, Test<'_>)> = vec![
        (leaf.clone(), Box::new(has)),
        (format!("not ({leaf})"), Box::new(move |offer| !has(offer))),
        (format!("{leaf} and active eq true"), Box::new(move |offer| has(offer) && active(offer))),
        (format!("{leaf} or active eq true"), Box::new(move |offer| has(offer) || active(offer))),
        (
            format!("not ({leaf} or active eq true)"),
            Box::new(move |offer| !has(offer) && !active(offer)),
        ),
        (format!("specialty ne {system}|{code}"), Box::new(move |offer| !has(offer))),
    ];
    for (filter, holds) in rows {
        check("HealthcareService", &format!("_filter={filter}"), holds);
    }
}
