//! `near` and `near-insee-code`: alone, several, under OR, chained; their order and their distances.

use e2e::geo::{Point, distance_km};
use serde_json::Value;

use crate::{PLACES, TOWNS, bundle, distances, get, ids, issues, shared};

/// Parameters of a request, and the ids it finds.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

const PARIS: &str = "48.8566|2.3522";

fn found(resource_type: &str, parameters: &[(&str, &str)]) -> Vec<String> {
    ids(&bundle(&get(&shared().client(), resource_type, parameters)), "match")
}

#[test]
fn places_in_circles_nearest_first() {
    // (parameters, ids in order)
    let rows: &[Row<'_>] = &[
        (&[("near", "47.2184|-1.5536|10|km")], &["nantes", "herblain"]),
        (&[("near", "47.2184|-1.5536|1000|m")], &["nantes"]),
        (&[("near", "47.2184|-1.5536|0|km")], &["nantes"]),
        (&[("near-insee-code", "44162|15|km")], &["herblain", "nantes"]),
        // OR: the nearest of the points counts; the first is nowhere near the second.
        (
            &[("near", "48.8049|2.12|5|km,47.2128|-1.64|10|km")],
            &["versailles", "herblain", "nantes"],
        ),
        (
            &[("_filter", "near eq \"48.8566|2.3522|1|km\" or near eq \"47.2184|-1.5536|1|km\"")],
            &["nantes", "paris"],
        ),
        // AND: both circles, and the distance from the first point.
        (&[("near", "48.8566|2.3522|30|km"), ("near", "48.8049|2.1204|5|km")], &["versailles"]),
        (
            &[("near", "48.8049|2.1204|30|km"), ("near", "48.8566|2.3522|30|km")],
            &["versailles", "paris"],
        ),
        (&[("near", "48.8566|2.3522|30|km"), ("near-insee-code", "78646|5|km")], &["versailles"]),
        (&[("near", "47.2184|-1.5536|10|km"), ("near", "48.8566|2.3522|10|km")], &[]),
        // At the point of its commune.
        (&[("near-insee-code", "69383|1|km")], &["lyon"]),
        (&[("near-insee-code", "69123|10|km")], &["lyon"]),
        (&[("near-insee-code", "20033|0|km")], &["bastia"]),
        (&[("near-insee-code", "2B033|0|km"), ("department", "2B")], &["bastia"]),
        (&[("near-insee-code", "2A004|0|km"), ("department", "2A")], &["ajaccio"]),
        // Overseas, over the antimeridian, at a pole.
        (&[("near", "-20.9|55.45|30|km")], &["reunion"]),
        (&[("near-insee-code", "97120|60|km")], &["guadeloupe"]),
        (&[("near", "-13.3|-176.2|300|km")], &["wallis", "futuna"]),
        (&[("near", "-16.8|-179.98|300|km")], &["dateline"]),
        (&[("near", "-16.8|-179.98|400|km")], &["dateline", "futuna"]),
        (&[("near", "-16.8|179.9|600|km")], &["dateline", "futuna", "wallis"]),
        (&[("near", "89.9|180|50|km")], &["northpole"]),
        (&[("near", "-90|0|5000|km")], &["kerguelen"]),
        // Equally far: by id.
        (&[("near", "0|180|6|km")], &["z-180", "z-m180", "z-east", "z-west"]),
        (&[("near", "0|-180|6|km")], &["z-180", "z-m180", "z-east", "z-west"]),
        (&[("near", "0|-180|0|km")], &["z-180", "z-m180"]),
        (
            &[("near", "0|180|6|km"), ("_sort", "-near,-_id")],
            &["z-west", "z-east", "z-m180", "z-180"],
        ),
        // Farthest first.
        (
            &[("near", "48.8566|2.3522|500|km"), ("_sort", "-near")],
            &["lyon", "herblain", "nantes", "versailles", "paris"],
        ),
        (
            &[("near", "48.8566|2.3522|500|km"), ("_sort", "near")],
            &["paris", "versailles", "nantes", "herblain", "lyon"],
        ),
        (
            &[("near", "48.8566|2.3522|500|km"), ("_sort", "name")],
            &["herblain", "lyon", "nantes", "paris", "versailles"],
        ),
    ];
    for (parameters, expected) in rows {
        assert_eq!(found("Location", parameters), *expected, "{parameters:?}");
    }
}

#[test]
fn the_whole_globe() {
    let all = found("Location", &[("near", "47|-1|20037|km")]);
    assert_eq!(all.len(), PLACES.len() + TOWNS.len(), "all but the one that is nowhere: {all:?}");
    assert_eq!(all.first().map(String::as_str), Some("nantes"));
    for (lat, lon) in [(0.0, 0.0), (-47.0, 179.0), (90.0, 0.0), (-90.0, -180.0)] {
        let circle = format!("{lat}|{lon}|20000|km");
        let near: Vec<_> = PLACES
            .iter()
            .filter(|(_, a, b)| {
                let center = Point { latitude: lat, longitude: lon };
                distance_km(center, Point { latitude: *a, longitude: *b }) <= 20_000.0
            })
            .collect();
        let found = found("Location", &[("near", &circle)]);
        assert_eq!(found.len(), near.len() + TOWNS.len(), "{circle}: {found:?}");
    }
}

#[test]
fn offers_by_their_nearest_place() {
    // (parameters, ids in order)
    let rows: &[Row<'_>] = &[
        (
            &[("location.near", "47.2184|-1.5536|10|km")],
            &["home-care-elsewhere", "near-and-far", "suburb"],
        ),
        (&[("location.near", "-20.9|55.45|30|km")], &["near-and-far"]),
        (&[("location.near-insee-code", "69383|1|km")], &["lyonnaise"]),
        (
            &[("location.near", "47.2128|-1.6497|20|km"), ("_sort", "location.near")],
            &["suburb", "home-care-elsewhere", "near-and-far"],
        ),
        (
            &[("location.near", "47.2128|-1.6497|20|km"), ("_sort", "-near,-_id")],
            &["near-and-far", "home-care-elsewhere", "suburb"],
        ),
        // The place must meet the other criteria over the chain: Paris is of "one", Versailles of "two".
        (
            &[
                ("location.near", "48.8566|2.3522|30|km"),
                ("location.organization", "Organization/two"),
            ],
            &["capital"],
        ),
        (
            &[
                ("location.near", "48.8049|2.1204|600|km"),
                ("location.organization", "Organization/one"),
                ("specialty", "a,b"),
            ],
            &["capital", "near-and-far", "lyonnaise"],
        ),
        // Two circles over one chain are two places.
        (
            &[("location.near", "47.2184|-1.5536|10|km"), ("location.near", "-20.9|55.45|30|km")],
            &["near-and-far"],
        ),
        (
            &[
                (
                    "_filter",
                    "location.near eq \"48.8566|2.3522|1|km\" or location.near eq \"-13.3|-176.2|10|km\"",
                ),
                ("specialty", "b"),
            ],
            &["capital", "south"],
        ),
        (
            &[(
                "_filter",
                "location[near eq \"48.8|2.12|50|km\" and organization eq Organization/two]",
            )],
            &["capital"],
        ),
        (
            &[(
                "_filter",
                "(location.near eq \"47.2184|-1.5536|10|km\" and specialty eq a) or location.near-insee-code eq \"69383|1|km\"",
            )],
            &["lyonnaise", "near-and-far", "suburb"],
        ),
    ];
    for (parameters, expected) in rows {
        assert_eq!(found("HealthcareService", parameters), *expected, "{parameters:?}");
    }
    let roles =
        found("Organization", &[("_has:Location:organization:near", "47.2184|-1.5536|1|km")]);
    assert_eq!(roles, ["one"]);
}

#[test]
fn distances_of_the_answer() {
    let client = shared().client();
    let parameters: [&[(&str, &str)]; 3] = [
        &[("near", "-16|180|15000|km")],
        &[("near", "48.8566|2.3522|700|km,47.2184|-1.5536|700|km")],
        &[("_filter", "near eq \"48.8566|2.3522|700|km\" or near eq \"47.2184|-1.5536|700|km\"")],
    ];
    for (at, parameters) in parameters.iter().enumerate() {
        let bundle = bundle(&get(&client, "Location", parameters));
        let found = distances(&bundle);
        assert_eq!(found.len(), ids(&bundle, "match").len());
        assert!(found.is_sorted_by(|(_, a), (_, b)| a <= b), "{found:?}");
        let centers: &[(f64, f64)] =
            if at == 0 { &[(-16.0, 180.0)] } else { &[(48.8566, 2.3522), (47.2184, -1.5536)] };
        for (id, km) in found.iter().filter(|(id, _)| !TOWNS.contains(&id.as_str())) {
            let (_, lat, lon) = PLACES.iter().find(|(name, ..)| name == id).expect("a place");
            let place = Point { latitude: *lat, longitude: *lon };
            let all = centers.iter().map(|(latitude, longitude)| {
                distance_km(Point { latitude: *latitude, longitude: *longitude }, place)
            });
            let expected = all.fold(f64::INFINITY, f64::min);
            // Answers are rounded to 10 m.
            assert!((km - expected).abs() < 0.006 + expected * 1e-6, "{id}: {km} {expected}");
        }
    }
    // All places of a match are included, each with its own distance.
    let parameters =
        [("location.near", "47.2184|-1.5536|1|km"), ("_include", "HealthcareService:location")];
    let included = distances(&bundle(&get(&client, "HealthcareService", &parameters)));
    assert!(included.iter().any(|(id, km)| id == "reunion" && *km > 9_000.0), "{included:?}");
    assert!(included.iter().any(|(id, km)| id == "nantes" && *km == 0.0), "{included:?}");
}

#[test]
fn pages_of_a_distance_order() {
    let client = shared().client();
    let circle = format!("{PARIS}|20037|km");
    let whole = found("Location", &[("near", &circle)]);
    let mut paged = Vec::new();
    let mut answer = get(&client, "Location", &[("near", &circle), ("_count", "3")]);
    loop {
        let page = bundle(&answer);
        paged.extend(ids(&page, "match"));
        let links = page["link"].as_array().cloned().unwrap_or_default();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        answer = client.follow(next["url"].as_str().expect("a URL")).expect("a link of ours");
        assert!(paged.len() <= whole.len());
    }
    assert_eq!(paged, whole);
}

#[test]
fn refused_or_said() {
    let client = shared().client();
    let refused = [
        ("near", "91|0|5|km"),
        ("near", "0|181|5|km"),
        ("near", "NaN|0|5|km"),
        ("near", "47|-1|-5|km"),
        ("near", "47|-1|5|leagues"),
        ("near", "47"),
        ("near", "47|-1|5|km|x"),
        ("near-insee-code", "Nantes|5|km"),
        ("near:missing", "true"),
        ("_sort", "near"),
        ("_filter", "near pr true"),
        ("_filter", "near gt \"47|-1|5|km\""),
    ];
    for (name, value) in refused {
        let answer = get(&client, "Location", &[(name, value)]);
        assert_eq!(answer.status, 400, "{name}={value}: {}", answer.excerpt());
        let outcome = answer.json().expect("an outcome");
        let text = outcome["issue"][0]["diagnostics"].as_str().expect("words");
        assert!(text.contains("near"), "{name}={value}: {text}");
    }
    // (code, matches, words of the warning)
    let rows: [(&str, usize, &str); 3] = [
        ("99999|10|km", 0, "no commune has the code"),
        ("44093|20|km", 0, "is now part of Vallons-de-l'Erdre"),
        ("44162|10|km", 2, ""),
    ];
    for (value, matches, words) in rows {
        let bundle = bundle(&get(&client, "Location", &[("near-insee-code", value)]));
        assert_eq!(bundle["total"], matches, "{value}");
        let said: Vec<Value> = issues(&bundle);
        assert_eq!(said.is_empty(), words.is_empty(), "{value}: {said:?}");
        let is_said = said.iter().all(|i| i["diagnostics"].as_str().unwrap_or("").contains(words));
        assert!(is_said, "{value}: {said:?}");
    }
}

#[test]
fn home_care_is_found_by_the_commune_it_serves() {
    // (parameters, ids)
    let rows: &[Row<'_>] = &[
        (&[("intervention-zone", "44162")], &["home-care"]),
        (&[("intervention-zone", &format!("{}|44143", crate::COMMUNES))], &["home-care"]),
        (&[("intervention-zone", "35238,44109")], &["home-care", "home-care-elsewhere"]),
        (&[("intervention-zone", "75056")], &[]),
        // Near the patient, or coming to the patient.
        (
            &[(
                "_filter",
                "location.near eq \"47.2128|-1.6497|1|km\" or intervention-zone eq 44162",
            )],
            &["home-care", "suburb"],
        ),
    ];
    for (parameters, expected) in rows {
        let mut found = found("HealthcareService", parameters);
        found.sort();
        assert_eq!(found, *expected, "{parameters:?}");
    }
}

#[test]
fn expensive_circles_are_answered() {
    let client = shared().client();
    let circles: Vec<String> = (0..500)
        .map(|n| format!("{}|{}|9000|km", f64::from(n % 170) - 85.0, n % 360 - 180))
        .collect();
    let values = circles.join(",");
    let everywhere = PLACES.len() + TOWNS.len();
    assert_eq!(found("Location", &[("near", &values)]).len(), everywhere);
    // All but the offer whose one place is nowhere.
    assert_eq!(found("HealthcareService", &[("location.near", &values)]).len(), 7);
    let filter: Vec<String> =
        circles.iter().map(|circle| format!("location.near eq \"{circle}\"")).collect();
    let body = format!("_filter={}", crate::encode(&filter.join(" or ")));
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = client.send("POST", "/HealthcareService/_search", &form, Some(body.as_bytes()));
    assert_eq!(ids(&bundle(&answer), "match").len(), 7);
    let deep = "partof.partof.partof.partof.partof.near";
    assert_eq!(get(&client, "Location", &[(deep, "47|-1|10|km")]).status, 200);
    let many = vec!["47|-1|1|km"; 2_001].join(",");
    let body = format!("near={}", crate::encode(&many));
    let answer = client.send("POST", "/Location/_search", &form, Some(body.as_bytes()));
    assert_eq!(answer.status, 400, "{}", answer.excerpt());
}
