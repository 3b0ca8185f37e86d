//! Writing to a running server: the next search finds it.

mod offers;

use std::time::{Duration, Instant};

use e2e::harness::{self, Server};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/fhir+json");

fn place(id: &str, number: u64) -> Value {
    json!({
        "resourceType": "Location",
        "id": id,
        "identifier": [{"value": format!("{id}-{number}")}],
        "name": "Place",
    })
}

#[test]
fn a_change_is_found_by_the_next_search() {
    const WRITES: u64 = 50;
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    let mut latencies = Vec::new();
    for number in 0..WRITES {
        let body = place("visible", number).to_string();
        let started = Instant::now();
        let answer = client.send("PUT", "/Location/visible", &[JSON], Some(body.as_bytes()));
        latencies.push(started.elapsed());
        assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
        assert_eq!(answer.header("x-not-yet-searchable"), None);
        let search = client.get(&format!("/Location?identifier=visible-{number}&_count=0"));
        assert_eq!(search.json().expect("a Bundle")["total"], 1);
    }
    latencies.sort_unstable();
    let (median, slowest) = (latencies[latencies.len() / 2], latencies[latencies.len() - 1]);
    println!("stored and searchable: median {median:?}, slowest {slowest:?} (debug build)");
    assert!(median < Duration::from_secs(1), "{median:?}");
}
