//! Street addresses through a service: what is asked of it, when it is believed, and what happens when
//! it fails.

use std::time::{Duration, Instant};

use e2e::client::Client;
use e2e::harness::Server;
use serde_json::Value;

use crate::geocode::{ask, candidates};
use crate::service::{Reply, Service, found};
use crate::{bundle, get, ids, issues, serve};

const ADDRESS: &str = "7 rue porte de Buc, 78000 Versailles";
const LABEL: &str = "7 Rue de la Porte de Buc 78000 Versailles";
/// Not far from the station of Versailles, but nearer to the place in Paris than the commune's point.
const HOUSE: (f64, f64) = (48.79, 2.34);

fn good() -> Reply {
    Reply::ok(found(LABEL, 0.97, "78000", "78646", HOUSE).to_string())
}

fn start(reply: Reply, more: &[(&str, &str)]) -> (Service, Server) {
    let service = Service::start(reply);
    let url = service.url.clone();
    let mut environment = vec![("ROR_GEOCODER_URL", url.as_str())];
    environment.extend_from_slice(more);
    let server = serve(&environment);
    (service, server)
}

fn near(client: &Client, address: &str) -> Value {
    let value = format!("{address}|8|km");
    bundle(&get(client, "Location", &[("near-address", &value)]))
}

fn said(bundle: &Value, words: &str) -> bool {
    let issues = issues(bundle);
    issues.iter().any(|issue| issue["diagnostics"].as_str().is_some_and(|t| t.contains(words)))
}

#[test]
fn a_street_address_is_believed_and_remembered() {
    let (service, server) = start(good(), &[]);
    let client = server.client();
    let answer = near(&client, ADDRESS);
    assert_eq!(ids(&answer, "match"), ["paris"], "the house is near Paris, the commune is not");
    assert!(said(&answer, "precision housenumber, score 0.97, source service"), "{answer}");
    assert_eq!(
        service.asked(),
        [
            "/base/search/?q=7%20rue%20porte%20de%20Buc%2C%2078000%20Versailles&limit=10&postcode=78000"
        ]
    );
    // Again, in other letters, and as a list: from memory.
    assert_eq!(ids(&near(&client, &ADDRESS.to_uppercase()), "match"), ["paris"]);
    let found = candidates(&ask(&client, ADDRESS));
    assert_eq!(found[0]["label"], LABEL);
    assert_eq!(found[0]["source"], "service");
    assert_eq!(found[0]["commune"]["code"], "78646");
    assert_eq!(found[0]["latitude"], HOUSE.0);
    assert_eq!(found[0]["department"]["code"], "78");
    assert_eq!(found[1]["label"], "78000 Versailles");
    assert_eq!(service.asked().len(), 1);
    // What the gazetteer knows whole is not asked.
    ask(&client, "78000 Versailles");
    ask(&client, "versai");
    assert_eq!(service.asked().len(), 1);
    let log = server.log();
    assert!(!log.contains("Buc") && !log.contains("Versailles"), "{log}");
}

#[test]
fn pages_look_at_the_place_of_the_first() {
    let (service, server) = start(good(), &[("ROR_GEOCODER_CACHE_ENTRIES", "0")]);
    let client = server.client();
    let value = format!("{ADDRESS}|20000|km");
    let first = bundle(&get(&client, "Location", &[("near-address", &value), ("_count", "3")]));
    assert_eq!(service.asked().len(), 1);
    // The service has moved the house to the other side of the world.
    let moved = found(LABEL, 0.97, "78000", "78646", (-48.0, -177.0)).to_string();
    service.reply_with(Reply::ok(moved));
    let links = first["link"].as_array().expect("links");
    let next = links.iter().find(|link| link["relation"] == "next").expect("a next link");
    let url = next["url"].as_str().expect("a URL");
    let second = bundle(&client.follow(url).expect("ours"));
    assert_eq!(service.asked().len(), 1, "a page asks nothing");
    let mut paged = ids(&first, "match");
    paged.extend(ids(&second, "match"));
    assert_eq!(paged[..4], ["paris", "versailles", "nantes", "herblain"]);
    assert!(!paged.contains(&"kerguelen".to_owned()), "{paged:?}");
    // A new search asks anew; the token of the old one does not fit it.
    let (_, token) = url.split_once("_page=").expect("a token");
    let token = token.split('~').next().expect("before the seal");
    let answer = get(&client, "Location", &[("near-address", &value), ("_page", token)]);
    assert_eq!(service.asked().len(), 2);
    assert_eq!(answer.status, 400, "{}", answer.excerpt());
}

#[test]
fn doubtful_answers_fall_back_to_the_commune() {
    let rows = [
        ("a low score", Reply::ok(found(LABEL, 0.4, "78000", "78646", HOUSE).to_string())),
        ("another postal code", Reply::ok(found(LABEL, 0.97, "78100", "78551", HOUSE).to_string())),
        ("nothing", Reply::ok(r#"{"type":"FeatureCollection","features":[]}"#)),
    ];
    let (service, server) = start(good(), &[("ROR_GEOCODER_CACHE_ENTRIES", "0")]);
    let client = server.client();
    for (what, reply) in rows {
        service.reply_with(reply);
        let answer = near(&client, ADDRESS);
        assert_eq!(ids(&answer, "match"), ["versailles"], "{what}");
        assert!(said(&answer, "78646, precision municipality"), "{what}: {answer}");
        assert!(!said(&answer, "service of street addresses"), "{what}: {answer}");
    }
    // They are listed, after what is believed.
    service.reply_with(Reply::ok(found(LABEL, 0.4, "78000", "78646", HOUSE).to_string()));
    let listed = candidates(&ask(&client, ADDRESS));
    assert_eq!(listed[0]["source"], "gazetteer");
    assert_eq!(listed[1]["score"], 0.4);
}

#[test]
fn an_answer_in_another_town_is_not_taken() {
    let one =
        |label: &str, postal_code: &str, code: &str, at| found(label, 0.96, postal_code, code, at);
    let mut both = one("12 Rue Amb 75002 Paris", "75002", "75102", (48.868, 2.344));
    let lyon = one("12 Rue Amb 69003 Lyon", "69003", "69383", (45.757, 4.85));
    let features = both["features"].as_array_mut().expect("features");
    features.extend(lyon["features"].as_array().expect("features").iter().cloned());
    let (_service, server) = start(Reply::ok(both.to_string()), &[]);
    let client = server.client();
    // The commune that the text names stands in.
    let marseille = near(&client, "12 rue amb, Marseille");
    assert!(said(&marseille, "is read as Marseille (13)"), "{marseille}");
    assert!(ids(&marseille, "match").is_empty());
    // The answer in it is taken.
    let lyon = near(&client, "12 rue amb, Lyon");
    assert!(said(&lyon, "is read as 12 Rue Amb 69003 Lyon"), "{lyon}");
    assert_eq!(ids(&lyon, "match"), ["lyon"]);
    // Without a commune there are two, and both are named.
    let either = near(&client, "12 rue amb");
    assert_eq!(either["total"], 0);
    assert!(said(&either, "may be 12 Rue Amb 75002 Paris"), "{either}");
    assert!(said(&either, "12 Rue Amb 69003 Lyon"), "{either}");
}

#[test]
fn two_streets_of_one_name_are_not_sure() {
    let mut both = found(LABEL, 0.97, "78000", "78646", HOUSE);
    let other = found(LABEL, 0.97, "78000", "78646", (48.81, 2.1));
    let features = both["features"].as_array_mut().expect("features");
    features.extend(other["features"].as_array().expect("features").iter().cloned());
    let (_service, server) = start(Reply::ok(both.to_string()), &[]);
    let client = server.client();
    let answer = near(&client, ADDRESS);
    assert_eq!(answer["total"], 0);
    assert!(said(&answer, "may be"), "{answer}");
    assert_eq!(candidates(&ask(&client, ADDRESS)).len(), 3, "the two, and the commune");
}

#[test]
fn the_least_score_is_a_setting() {
    let reply = Reply::ok(found(LABEL, 0.4, "78000", "78646", HOUSE).to_string());
    let (_service, server) = start(reply, &[("ROR_GEOCODER_MIN_SCORE_PERCENT", "40")]);
    assert_eq!(ids(&near(&server.client(), ADDRESS), "match"), ["paris"]);
}

#[test]
fn a_service_that_asks_for_a_pause_is_left_alone() {
    for status in [429, 503] {
        let (service, server) = start(Reply::status(status, "Retry-After: 2\r\n"), &[]);
        let client = server.client();
        let answer = near(&client, ADDRESS);
        let paused = Instant::now();
        assert_eq!(ids(&answer, "match"), ["versailles"]);
        assert!(said(&answer, &format!("answered {status}")), "{answer}");
        service.reply_with(good());
        let answer = near(&client, "9 rue porte de Buc, 78000 Versailles");
        assert!(said(&answer, "is paused"), "{answer}");
        assert_eq!(service.asked().len(), 1, "no question before its time");
        std::thread::sleep(Duration::from_millis(2_200).saturating_sub(paused.elapsed()));
        let answer = near(&client, ADDRESS);
        assert!(said(&answer, "source service"), "{answer}");
        assert_eq!(service.asked().len(), 2);
    }
}

#[test]
fn failures_cost_precision_and_never_the_answer() {
    let slow = Reply { delay: Duration::from_secs(3), ..good() };
    let huge = Reply::ok(format!("{{\"features\":[\"{}\"]}}", "x".repeat(2_000_000)));
    let rows = [
        ("slow", slow, "did not answer in time"),
        ("garbage", Reply::ok("<html>welcome</html>"), "not GeoCodeJSON"),
        ("huge", huge, "not GeoCodeJSON"),
        ("moved", Reply::status(302, "Location: http://127.0.0.1:9/\r\n"), "answered 302"),
        ("broken", Reply::status(500, ""), "answered 500"),
        ("refusing", Reply::status(400, ""), "answered 400"),
    ];
    for (what, reply, words) in rows {
        let (_service, server) = start(reply, &[("ROR_GEOCODER_TIMEOUT_MS", "500")]);
        let client = server.client();
        let started = Instant::now();
        let answer = near(&client, ADDRESS);
        assert!(started.elapsed() < Duration::from_secs(2), "{what}");
        assert_eq!(ids(&answer, "match"), ["versailles"], "{what}");
        assert!(said(&answer, words), "{what}: {:?}", issues(&answer));
        let listed = ask(&client, "8 rue porte de Buc, 78000 Versailles");
        assert_eq!(candidates(&listed)[0]["label"], "78000 Versailles", "{what}");
        let parameters = listed["parameter"].as_array().expect("parameters");
        assert!(parameters.iter().any(|p| p["name"] == "outcome"), "{what}: {listed}");
        let log = server.log();
        assert!(!log.contains("Buc") && !log.contains("Versailles"), "{what}: {log}");
    }
    // Nobody listens.
    let server = serve(&[("ROR_GEOCODER_URL", "http://127.0.0.1:9/")]);
    let answer = near(&server.client(), ADDRESS);
    assert_eq!(ids(&answer, "match"), ["versailles"]);
    assert!(said(&answer, "cannot be reached"), "{answer}");
}
