//! What the answer says beside a match: the price or count that makes it match, the one it is sorted
//! by, approximate places; and offers open at an instant.

use std::collections::BTreeSet;

use e2e::sample::{Key, items, sample};
use serde_json::Value;

use crate::naive::{ROR, assert_same, at, expected, extensions, found, part, search};

/// The extensions of an entry whose URL ends in a name of ours.
fn ours<'a>(entry: &'a Value, name: &str) -> Vec<&'a Value> {
    let ending = format!("/StructureDefinition/{name}");
    let is_ours = |e: &&Value| e["url"].as_str().is_some_and(|url| url.ends_with(&ending));
    items(&entry["search"]["extension"]).iter().filter(is_ours).collect()
}

/// The distance of an entry in kilometers.
fn distance_km(entry: &Value) -> Option<f64> {
    let url = "http://hl7.org/fhir/StructureDefinition/location-distance";
    let mut found = items(&entry["search"]["extension"]).iter().filter(|e| e["url"] == url);
    found.next()?["valueDistance"]["value"].as_f64()
}

/// The element of the sample's document that a record's `resource` and `path` name.
fn named(record: &Value) -> (Key, &'static Value) {
    let reference = part(record, "resource")[0]["reference"].as_str().expect("a reference");
    let (resource_type, id) = reference.split_once('/').expect("Type/id");
    let key: Key = (resource_type.to_owned(), id.to_owned());
    let document = sample().get(&key).expect("a resource of the sample");
    let path = part(record, "path")[0].as_str().expect("a path");
    let at = path.strip_prefix(&format!("{resource_type}.extension[")).expect("an extension");
    let at: usize = at.strip_suffix(']').expect("an index").parse().expect("a number");
    (key, &document["extension"][at])
}

fn code<'a>(record: &'a Value, name: &str) -> &'a str {
    part(record, name).first().and_then(|c| c["coding"][0]["code"].as_str()).unwrap_or_default()
}

fn amount(price: &Value) -> Option<f64> {
    part(price, "amount").first()?["value"].as_f64()
}

#[test]
fn the_prices_that_match_are_named() {
    let query = "HealthcareService?organization.price-type:above=02\
                 &organization.price-residential-type:above=02\
                 &organization.price-amount-value:above=le60";
    let is_asked = |price: &Value| {
        code(price, "priceType") == "02"
            && code(price, "residentialType") == "02"
            && amount(price).is_some_and(|amount| amount <= 60.0)
    };
    let search = search(&format!("{query}&_count=100"));
    let mut checked = 0;
    for entry in search.pages.iter().flat_map(|page| page.with_mode("match")) {
        let records = ours(entry, "matched-price");
        let mut of_documents = BTreeSet::new();
        for record in &records {
            let (key, price) = named(record);
            assert_eq!(price["url"], format!("{ROR}ror-organization-price"));
            assert!(is_asked(price), "{key:?}: {price}");
            // The parts stand there as they are stored, after ours.
            for stored in items(&price["extension"]) {
                assert!(items(&record["extension"]).contains(stored), "{record} lacks {stored}");
            }
            of_documents.insert((key, part(record, "path")[0].to_string()));
        }
        // All of them are named: those of the organization and of the ones above it.
        let mut all = 0;
        let mut next = sample().targets(&entry["resource"], "providedBy");
        let mut seen = BTreeSet::new();
        while let Some(key) = next.pop() {
            let Some(organization) = sample().get(&key).filter(|_| seen.insert(key.clone())) else {
                continue;
            };
            let prices = extensions(organization, &format!("{ROR}ror-organization-price"));
            all += prices.into_iter().filter(|price| is_asked(price)).count();
            next.extend(sample().targets(organization, "partOf"));
        }
        assert_eq!((of_documents.len(), records.len()), (all, all), "{}", entry["fullUrl"]);
        checked += all;
    }
    assert!(checked > 20, "the sample has such prices: {checked}");
}

#[test]
fn the_price_that_sorts_comes_first() {
    let query = "Organization?price-type=02&_sort=price-amount-value&_count=200";
    let search = search(query);
    let mut former = 0.0;
    for entry in search.pages.iter().flat_map(|page| page.with_mode("match")) {
        let records = ours(entry, "matched-price");
        let cheapest = records.iter().filter_map(|r| amount(r)).fold(f64::INFINITY, f64::min);
        let first = records[0];
        assert_eq!(part(first, "sorted")[0], &Value::Bool(true), "{first}");
        assert_eq!(amount(first), Some(cheapest), "{}", entry["fullUrl"]);
        assert!(records[1..].iter().all(|record| part(record, "sorted").is_empty()));
        assert!(cheapest >= former, "{cheapest} after {former}");
        former = cheapest;
    }
    assert!(former > 0.0);
}

#[test]
fn conditions_of_the_order_filter_nothing() {
    let homes = "organization.type:above=500";
    let all = found(&format!("HealthcareService?{homes}"));
    let query = format!(
        "HealthcareService?{homes}&_sort=organization.price-amount-per-day\
         &_sort:organization.price-type:above=02&_sort:organization.price-residential-type:above=02\
         &_sort:organization.price-welcome-type:above=02&_sort:organization.special-price:above=01\
         &_sort:organization.price-under-60:above=false\
         &_sort:organization.price-in-force:above=2026-11-23&_count=100"
    );
    let search = search(&query);
    let matches = search.matches();
    let ids: BTreeSet<String> = matches.iter().map(|key| key.1.clone()).collect();
    assert_same(&query, &ids, &all);
    let per_day = |entry: &Value| -> Option<f64> {
        let record = *ours(entry, "matched-price").first()?;
        assert_eq!(code(record, "residentialType"), "02", "{record}");
        assert_eq!(code(record, "specialPrice"), "01", "{record}");
        part(record, "amountPerDay").first()?["value"].as_f64()
    };
    let entries = search.pages.iter().flat_map(|page| page.with_mode("match"));
    let amounts: Vec<Option<f64>> = entries.map(per_day).collect();
    let priced = amounts.iter().take_while(|amount| amount.is_some()).count();
    assert!(amounts[..priced].is_sorted(), "cheapest first");
    assert!(amounts[priced..].iter().all(Option::is_none), "unpriced last");
    let unpriced = amounts.len() - priced;
    assert!(priced > 0 && unpriced > 0, "{priced} and {unpriced}");
    for page in &search.pages {
        let outcome = page.with_mode("outcome").next().expect("an outcome on every page");
        let count = &ours(outcome, "sort-missing")[0]["valueUnsignedInt"];
        assert_eq!(count, unpriced, "over all pages");
    }
}

#[test]
fn the_counts_that_match_are_named_with_age_and_source() {
    let search = search(
        "HealthcareService?location.capacity-status=02&location.nb-capacity=gt0\
         &ror-now=2025-03-01T12:00:00Z&location.capacity-max-age=30d&_count=100",
    );
    let mut checked = 0;
    for entry in search.pages.iter().flat_map(|page| page.with_mode("match")) {
        let records = ours(entry, "matched-capacity");
        assert!(!records.is_empty(), "{}", entry["fullUrl"]);
        for record in records {
            let (key, capacity) = named(record);
            assert_eq!(key.0, "Location");
            assert_eq!(code(capacity, "capacityStatus"), "02");
            assert!(!code(record, "capacitySourceType").is_empty(), "{record}");
            let age = part(record, "age")[0];
            assert_eq!(age["code"], "min");
            assert!(age["value"].as_i64().is_some_and(|age| age <= 30 * 24 * 60), "{age}");
            checked += 1;
        }
    }
    assert!(checked > 0);
}

#[test]
fn only_fresh_counts() {
    const KIND: &str = "ror-location-supported-capacity";
    let updated = |place: &Value| -> Vec<String> {
        let records = extensions(place, &format!("{ROR}{KIND}")).into_iter();
        let dates = records.flat_map(|record| part(record, "capacityUpdateDate"));
        dates.filter_map(|date| date.as_str().map(str::to_owned)).collect()
    };
    let mut dates: Vec<String> =
        sample().of_type("Location").flat_map(|(_, p)| updated(p)).collect();
    // All are written with a time and a zone; those of winter compare as text.
    dates.retain(|date| date.ends_with("+01:00"));
    dates.sort();
    let middle = dates[dates.len() / 2].clone();
    let now = middle.replace("+01:00", "Z");
    // An hour is the difference of the zones: the count of that very instant is the oldest allowed.
    let ids = found(&format!("Location?capacity-max-age=1h&ror-now={now}"));
    let fresh = expected("Location", |place| {
        updated(place)
            .iter()
            .any(|date| if date.ends_with("+01:00") { *date >= middle } else { *date > middle })
    });
    assert_same(&format!("capacity-max-age at {now}"), &ids, &fresh);
    for (value, problem) in [("1y", "not an age"), ("0h", "zero"), ("-1h", "not an age")] {
        let client = e2e::harness::client();
        let answer = client.get(&format!("/Location?capacity-max-age={value}"));
        assert_eq!(answer.status, 400, "{value}: {}", answer.excerpt());
        assert!(
            answer.json().expect("an outcome").to_string().contains(problem),
            "{value}: {}",
            answer.excerpt()
        );
    }
}

/// Whether an offer of the sample is open on a Wednesday at 18:00 in Paris: its hours are whole days, or
/// slots of one day each; nothing is closed but by a period.
fn is_open_on_wednesday_at_18(offer: &Value) -> bool {
    const DATE: &str = "2026-01-14";
    let number = format!("{ROR}ror-available-time-number-days-of-week");
    let is_today = |time: &Value| {
        if let Some(day) = extensions(time, &number).first() {
            return day["valueInteger"] == 3;
        }
        let days = at(time, "daysOfWeek");
        days.is_empty() || days.iter().any(|day| *day == "wed")
    };
    let holds = |time: &&Value| {
        let before = |name: &str| time[name].as_str().unwrap_or("99") <= "18:00:00";
        let dates = format!("{ROR}ror-available-time-effective-opening-closing-date");
        let in_force = extensions(time, &dates).iter().all(|dates| {
            let end = |name: &str| dates["valuePeriod"][name].as_str();
            end("start").is_none_or(|start| start <= DATE) && end("end").is_none_or(|e| e >= DATE)
        });
        let within = before("availableStartTime") && !before("availableEndTime");
        is_today(time) && in_force && (time["allDay"] == true || within)
    };
    let is_closed = at(offer, "notAvailable.during").into_iter().any(|period| {
        let end = |name: &str| period[name].as_str();
        end("start").is_none_or(|start| start <= DATE) && end("end").is_none_or(|end| end >= DATE)
    });
    let places = sample().targets(offer, "location");
    let is_shut = |key: &Key| {
        let place = sample().get(key).expect("a place of the sample");
        ["1", "2"].contains(&place["operationalStatus"]["code"].as_str().unwrap_or_default())
    };
    offer["active"] != false
        && items(&offer["availableTime"]).iter().any(|time| holds(&time))
        && !is_closed
        && (places.is_empty() || !places.iter().all(is_shut))
}

#[test]
fn open_at_an_instant() {
    let open = expected("HealthcareService", is_open_on_wednesday_at_18);
    assert!(open.len() > 5, "{}", open.len());
    for query in [
        "open-at=2026-01-14T18:00",
        "open-at=2026-01-14T18:00:00%2B01:00",
        "open-at=now&ror-now=2026-01-14T17:00:00Z",
        "open-at=&ror-now=2026-01-14T17:00:00Z",
        "_filter=open-at eq 2026-01-14T18:00",
    ] {
        let query = query.replace("%2B", "+");
        assert_same(&query, &found(&format!("HealthcareService?{query}")), &open);
    }
    let night = found("HealthcareService?open-at=2026-01-14T03:00");
    assert!(night.len() < open.len());
    let roles = found("PractitionerRole?service.open-at=2026-01-14T18:00");
    let chained = expected("PractitionerRole", |role| {
        let services = sample().targets(role, "healthcareService");
        services.iter().any(|key| open.contains(&key.1))
    });
    assert_same("chained", &roles, &chained);
}

#[test]
fn open_at_is_refused_where_it_means_nothing() {
    let client = e2e::harness::client();
    for (query, problem) in [
        ("HealthcareService?open-at=2026-01-14", "write now"),
        ("HealthcareService?open-at=ge2026-01-14T10:00", "write now"),
        ("HealthcareService?open-at=tomorrow", "not a date"),
        ("HealthcareService?open-at:missing=true", "unknown modifier"),
        ("HealthcareService?open-at:not=now", "unknown modifier"),
        ("HealthcareService?_filter=open-at%20pr%20true", "cannot be compared"),
        ("HealthcareService?_sort=open-at", "cannot be sorted by"),
        ("HealthcareService?_sort:organization.price-type=02", "_sort=organization"),
        ("HealthcareService?_sort:_id=02", "no condition"),
        ("HealthcareService?open-at=now&ror-now=noon", "is an instant"),
    ] {
        let answer = client.get(&format!("/{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.excerpt());
        assert!(
            answer.json().expect("an outcome").to_string().contains(problem),
            "{query}: {}",
            answer.excerpt()
        );
    }
}

#[test]
fn now_is_the_same_on_all_pages() {
    let search = search("HealthcareService?open-at=now&_count=20");
    let links = search.pages.iter().filter_map(|page| page.link("next"));
    let now =
        |link: &str| link.split('&').find(|part| part.starts_with("ror-now=")).map(str::to_owned);
    let instants: BTreeSet<Option<String>> = links.map(now).collect();
    assert!(instants.len() <= 1 && !instants.contains(&None), "{instants:?}");
}

#[test]
fn approximate_places_are_marked() {
    let unplaced = expected("Location", |place| place.get("position").is_none());
    assert!(!unplaced.is_empty());
    let search = search("Location?near-insee-code=44162|30|km&_count=200");
    let mut marked = BTreeSet::new();
    for entry in search.pages.iter().flat_map(|page| page.with_mode("match")) {
        if let [mark] = ours(entry, "approximate-position").as_slice() {
            assert_eq!(mark["valueBoolean"], true);
            marked.insert(entry["resource"]["id"].as_str().expect("an id").to_owned());
        }
    }
    assert_same("approximate places", &marked, &unplaced);
}

#[test]
fn an_offer_is_as_far_as_its_nearest_place() {
    let search = crate::naive::search(
        "HealthcareService?location.near-insee-code=44162|15|km\
         &_include=HealthcareService:location&_count=200",
    );
    let mut approximate = 0;
    for page in &search.pages {
        let places: Vec<&Value> = page.with_mode("include").collect();
        let mut former = 0.0;
        for offer in page.with_mode("match") {
            let of_offer = sample().targets(&offer["resource"], "location");
            let id = |place: &Value| place["resource"]["id"].as_str().map(str::to_owned);
            let own =
                places.iter().filter(|p| of_offer.iter().any(|key| id(p) == Some(key.1.clone())));
            let nearest = own
                .filter_map(|place| Some((distance_km(place)?, *place)))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let (nearest_km, place) = nearest.expect("a match has a place");
            assert_eq!(distance_km(offer), Some(nearest_km), "{}", offer["fullUrl"]);
            let mark = "approximate-position";
            assert_eq!(ours(offer, mark).len(), ours(place, mark).len(), "{}", offer["fullUrl"]);
            approximate += ours(offer, mark).len();
            assert!(nearest_km >= former, "in the order of distance");
            former = nearest_km;
        }
    }
    assert!(approximate > 0, "the sample has an offer at an unplaced place");
}
