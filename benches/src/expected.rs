//! How many resources each request must find: one naive predicate for each, over all documents.

use std::collections::{BTreeMap, HashSet};

use anyhow::Context as _;

use crate::country::{Country, WORD};
use crate::document::{Capacity, Offer, Place, Price};

/// Totals by the name of the request.
pub type Totals = BTreeMap<String, u64>;

/// Counts everything.
///
/// # Errors
/// When the instant a request names cannot be read.
pub fn totals(country: &Country) -> anyhow::Result<Totals> {
    let mut totals = Totals::new();
    let mut add = |name: &str, total: u64| totals.insert(name.to_owned(), total);
    for (name, wanted) in OFFERS {
        let met = country.offers.iter().filter(|(_, offer)| wanted(country, offer));
        add(name, met.count() as u64);
    }
    let since: jiff::Timestamp = "2025-06-01T00:00:00+02:00".parse().context("an instant")?;
    let since_ms = since.as_millisecond();
    let places = |wanted: &dyn Fn(&Place) -> bool| {
        country.places.values().filter(|place| wanted(place)).count() as u64
    };
    add("one place, by id", places(&|_| true).min(1));
    add("free beds, on one count", places(&has_free_bed));
    add("changed since, newest first", places(&|place| place.last_updated_ms >= since_ms));
    let is_hospital = |name: &String| name.contains("hospital");
    let hospitals = country.organizations.values().filter(|o| o.names.iter().any(is_hospital));
    add("part of a name", hospitals.count() as u64);
    let referred = |wanted: HashSet<&String>| {
        country.offers.iter().filter(|(reference, _)| wanted.contains(reference)).count() as u64
    };
    add("professional of an offer", referred(offers_of_women(country)));
    add("open anomalies", referred(offers_with_anomaly(country, "02")));
    Ok(totals)
}

/// Whether an offer is wanted.
type Predicate = fn(&Country, &Offer) -> bool;

/// The requests for offers that look at one offer at a time.
const OFFERS: [(&str, Predicate); 18] = [
    ("one activity", |_, offer| is_cardiology(offer)),
    ("postal code of the place", |country, offer| {
        country.places_of(offer).any(|place| place_starts_with(place, "44"))
    }),
    ("near, by distance", |country, offer| is_at(country, offer, (47.218, -1.55), 15.0)),
    ("activity near a patient", |country, offer| {
        is_cardiology(offer) && is_at(country, offer, PARIS, 20.0)
    }),
    ("free beds of an activity", |country, offer| {
        is_cardiology(offer) && country.places_of(offer).any(has_free_bed)
    }),
    ("tariff on one price", |country, offer| {
        is_priced(country, offer, |price| {
            price.room.as_deref() == Some("02") && price.amount.is_some_and(|amount| amount < 60.0)
        })
    }),
    ("cheapest first", |country, offer| is_cheaper(country, offer, 70.0)),
    ("cheapest near a patient", |country, offer| {
        is_at(country, offer, PARIS, 50.0) && is_cheaper(country, offer, 90.0)
    }),
    ("category of any ancestor", |country, offer| {
        country.organizations_above(offer).iter().any(|o| has(&o.types, "500"))
    }),
    ("words", |_, offer| is_about_the_heart(offer)),
    ("words near a patient", |country, offer| {
        is_about_the_heart(offer) && is_at(country, offer, PARIS, 20.0)
    }),
    ("filter", |country, offer| {
        (has(&offer.specialties, "096") || has(&offer.specialties, "172"))
            && country.places_of(offer).any(|place| place_starts_with(place, "75"))
    }),
    ("facets around a patient", |country, offer| is_at(country, offer, PARIS, 20.0)),
    ("facets of the country", |_, _| true),
    ("all, by name", |_, _| true),
    ("all, by name, page 100", |_, _| true),
    ("count only", |_, offer| has(&offer.types, "01")),
    ("offers with all they refer to", |_, offer| is_cardiology(offer)),
];

/// Latitude and longitude.
const PARIS: (f64, f64) = (48.85, 2.35);

/// Places whose one count of installed beds the bench may change: no request asks about it, and they
/// changed lately enough to stay among those that did.
pub fn changeable(country: &Country) -> Vec<String> {
    let lately_ms = 1_750_000_000_000;
    let is_installed = |capacity: &&Capacity| capacity.status.as_deref() == Some("01");
    let mut places: Vec<String> = country
        .places
        .iter()
        .filter(|(_, place)| place.last_updated_ms > lately_ms)
        .filter(|(_, place)| place.capacities.iter().filter(is_installed).count() == 1)
        .map(|(reference, _)| reference.clone())
        .collect();
    places.sort_unstable();
    places.truncate(2_000);
    places
}

fn has(codes: &[String], code: &str) -> bool {
    codes.iter().any(|it| it == code)
}

fn is_cardiology(offer: &Offer) -> bool {
    has(&offer.specialties, "096")
}

fn is_about_the_heart(offer: &Offer) -> bool {
    offer.words.iter().any(|word| word.contains(WORD))
}

fn is_free_bed(capacity: &Capacity) -> bool {
    capacity.kind.as_deref() == Some("01")
        && capacity.status.as_deref() == Some("02")
        && capacity.number.is_some_and(|number| number > 0)
}

fn has_free_bed(place: &Place) -> bool {
    place.capacities.iter().any(is_free_bed)
}

/// Whether the organization of an offer, or one above it, has such a price for a stay.
fn is_priced(country: &Country, offer: &Offer, wanted: fn(&Price) -> bool) -> bool {
    let stay = |price: &Price| price.kind.as_deref() == Some("02") && wanted(price);
    country.organizations_above(offer).iter().any(|o| o.prices.iter().any(stay))
}

fn is_cheaper(country: &Country, offer: &Offer, per_day: f64) -> bool {
    let cheaper = |price: &Price| {
        price.kind.as_deref() == Some("02") && price.per_day.is_some_and(|it| it < per_day)
    };
    country.organizations_above(offer).iter().any(|o| o.prices.iter().any(cheaper))
}

fn is_at(country: &Country, offer: &Offer, center: (f64, f64), km: f64) -> bool {
    country.places_of(offer).any(|place| is_within(place, center, km))
}

fn place_starts_with(place: &Place, prefix: &str) -> bool {
    place.postal_code.as_ref().is_some_and(|code| code.starts_with(prefix))
}

fn is_within(place: &Place, center: (f64, f64), km: f64) -> bool {
    place.position.is_some_and(|position| distance_m(position, center) <= km * 1_000.0)
}

/// The great-circle distance by the haversine formula, on the sphere of the Earth's mean radius.
fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let h = half(b.0 - a.0) + lat_a.cos() * lat_b.cos() * half(b.1 - a.1);
    2.0 * 6_371_008.8 * h.sqrt().asin()
}

fn offers_of_women(country: &Country) -> HashSet<&String> {
    let is_woman = |reference: &String| {
        country.professionals.get(reference).is_some_and(|g| g.as_deref() == Some("female"))
    };
    let roles = country.roles.iter();
    roles
        .filter(|r| r.practitioner.as_ref().is_some_and(is_woman))
        .flat_map(|r| &r.offers)
        .collect()
}

fn offers_with_anomaly<'a>(country: &'a Country, status: &str) -> HashSet<&'a String> {
    let open: Vec<_> = country.anomalies.iter().filter(|a| has(&a.statuses, status)).collect();
    let named: HashSet<&String> = open
        .iter()
        .filter_map(|anomaly| anomaly.focus_identifier.as_ref())
        .filter(|(kind, _)| kind == "HealthcareService")
        .map(|(_, value)| value)
        .collect();
    let by_identifier = country
        .offers
        .iter()
        .filter(|(_, offer)| offer.identifiers.iter().any(|value| named.contains(value)))
        .map(|(reference, _)| reference);
    open.iter().filter_map(|anomaly| anomaly.focus.as_ref()).chain(by_identifier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn every_request_has_a_total() {
        let totals = totals(&Country::default()).unwrap();
        for request in Request::all().unwrap() {
            assert!(totals.contains_key(&request.name), "{}", request.name);
        }
        assert_eq!(totals.len(), Request::all().unwrap().len());
    }

    #[test]
    fn distances() {
        // One degree along a meridian of this sphere.
        let degree = distance_m((48.0, 2.0), (49.0, 2.0));
        assert!((degree - 111_195.08).abs() < 0.1, "{degree}");
    }
}
