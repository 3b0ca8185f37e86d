//! Many at once: writers of one resource, and writers beside readers.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::harness::{self, Server};
use serde_json::{Value, json};

use crate::{JSON, place, put, setting, total};

const WRITERS: u64 = 64;

#[test]
fn writers_of_one_resource_make_one_version_each() {
    let server = Server::start(&harness::new_folder("data"));
    let client = server.client();
    let versions: BTreeSet<u64> = thread::scope(|scope| {
        let write = |writer: u64| {
            let client = client.clone();
            scope.spawn(move || {
                let answer = put(&client, &place("one", &format!("one-{writer}")));
                assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
                let etag = answer.header("etag").expect("an ETag").to_owned();
                etag.trim_matches(['W', '/', '"']).parse().expect("a version")
            })
        };
        let writers: Vec<_> = (0..WRITERS).map(write).collect();
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    });
    assert_eq!(versions, (1..=WRITERS).collect());
    let history = client.get("/Location/one/_history?_count=100").json().expect("a Bundle");
    assert_eq!(history["total"], WRITERS);
    let entries = history["entry"].as_array().expect("entries");
    let written: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| entry["resource"]["identifier"][0]["value"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(written.len() as u64, WRITERS, "every write is in the history");
    let instants: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry["resource"]["meta"]["lastUpdated"].as_str())
        .collect();
    assert!(instants.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none at once");
    assert_eq!(total(&client, "/Location?_count=0"), 1);
}

#[test]
fn with_if_match_no_update_is_lost() {
    const UPDATES: u64 = 5;
    let server = Server::start(&harness::new_folder("data"));
    let client = server.client();
    let mut counter = place("counter", "counter");
    counter["description"] = "0".into();
    assert_eq!(put(&client, &counter).status, 201);
    thread::scope(|scope| {
        for _ in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                let mut done = 0;
                while done < UPDATES {
                    let read = client.get("/Location/counter");
                    let etag = read.header("etag").expect("an ETag").to_owned();
                    let mut document = read.json().expect("a Location");
                    let count: u64 = document["description"]
                        .as_str()
                        .and_then(|text| text.parse().ok())
                        .expect("a number");
                    document["description"] = (count + 1).to_string().into();
                    let headers = [JSON, ("If-Match", etag.as_str())];
                    let body = document.to_string();
                    let path = "/Location/counter";
                    let answer = client.send("PUT", path, &headers, Some(body.as_bytes()));
                    match answer.status {
                        200 => done += 1,
                        412 => {}
                        _ => panic!("{} {}", answer.status, answer.excerpt()),
                    }
                }
            });
        }
    });
    let document = client.get("/Location/counter").json().expect("a Location");
    assert_eq!(document["description"], (8 * UPDATES).to_string());
    assert_eq!(document["meta"]["versionId"], (8 * UPDATES + 1).to_string());
}

const CAPACITY: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-available-time-number-of-seats";

/// A unit with a number of free beds.
fn unit(number: u64) -> Value {
    let mut unit = place(&format!("unit-{number}"), &format!("unit-{number}"));
    unit["extension"] = json!([{"url": CAPACITY, "valueInteger": 0}]);
    unit["position"] = json!({"longitude": 2.0, "latitude": 48.0 + number as f64 / 100.0});
    unit
}

/// Sets the number of free beds.
fn patch(beds: u64) -> String {
    json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": format!("Location.extension.where(url = '{CAPACITY}').value")},
        {"name": "value", "valueInteger": beds},
    ]}]})
    .to_string()
}

/// What is printed of the times of one kind of request.
fn figures(name: &str, mut times: Vec<Duration>, elapsed: Duration) -> String {
    times.sort_unstable();
    assert!(!times.is_empty(), "nobody got through: {name}");
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let rate = times.len() as f64 / elapsed.as_secs_f64();
    let (median, p99, slowest) = (at(0.5), at(0.99), at(1.0));
    format!("{name}: {rate:.0}/s, median {median:?}, p99 {p99:?}, slowest {slowest:?}")
}

#[test]
fn writers_beside_readers() {
    const PAIRS: u64 = 8;
    let seconds = Duration::from_secs(setting("E2E_SECONDS", 5));
    let data = harness::sample_copy();
    let server = Server::start(&data);
    let client = server.client();
    for number in 0..PAIRS {
        assert_eq!(put(&client, &unit(number)).status, 201);
    }
    let done = AtomicBool::new(false);
    let started = Instant::now();
    let repeat = |work: &dyn Fn()| {
        let mut times = Vec::new();
        while !done.load(Ordering::Acquire) {
            let before = Instant::now();
            work();
            times.push(before.elapsed());
        }
        times
    };
    let (writes, searched) = thread::scope(|scope| {
        let write = |number: u64| {
            let (client, repeat) = (client.clone(), &repeat);
            scope.spawn(move || {
                let beds = std::cell::Cell::new(0);
                let times = repeat(&|| {
                    beds.set(beds.get() + 1);
                    let path = format!("/Location/unit-{number}");
                    let body = patch(beds.get());
                    let answer = client.send("PATCH", &path, &[JSON], Some(body.as_bytes()));
                    assert_eq!(answer.status, 200, "{}", answer.excerpt());
                });
                (number, beds.get(), times)
            })
        };
        let read = |number: u64| {
            let (client, repeat) = (client.clone(), &repeat);
            scope.spawn(move || {
                let search = match number % 3 {
                    0 => "/Location?near=48.05%7C2%7C15%7Ckm&_count=20",
                    1 => "/HealthcareService?_content=soins&_include=HealthcareService:location&_count=20",
                    _ => "/Location?identifier=unit-3",
                };
                repeat(&|| {
                    let answer = client.get(search);
                    assert_eq!(answer.status, 200, "{}", answer.excerpt());
                })
            })
        };
        let patching: Vec<_> = (0..PAIRS).map(write).collect();
        let searching: Vec<_> = (0..PAIRS).map(read).collect();
        thread::sleep(seconds);
        done.store(true, Ordering::Release);
        let writes: Vec<_> = patching.into_iter().map(|w| w.join().expect("a writer")).collect();
        let read: Vec<_> = searching.into_iter().map(|r| r.join().expect("a reader")).collect();
        (writes, read)
    });
    let elapsed = started.elapsed();
    for (number, beds, _) in &writes {
        let document = client.get(&format!("/Location/unit-{number}")).json().expect("a Location");
        assert_eq!(document["extension"][0]["valueInteger"], *beds);
        assert_eq!(document["meta"]["versionId"], (beds + 1).to_string());
    }
    let writes: Vec<_> = writes.into_iter().flat_map(|(_, _, times)| times).collect();
    println!("{}", figures("capacities patched", writes, elapsed));
    println!("{}", figures("searches", searched.concat(), elapsed));
    assert!(server.stop().success());
    crate::verify(&data);
}
