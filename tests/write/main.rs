//! Writing to a running server: nothing acknowledged is ever lost, and the next search finds it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::client::Client;
use e2e::harness::{self, Server};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("Content-Type", "application/fhir+json");

/// How often the server is killed; each time at another moment of its work.
const KILLS: u64 = 10;
const WRITERS: usize = 4;

fn place(id: &str, number: u64) -> Value {
    json!({
        "resourceType": "Location",
        "id": id,
        "identifier": [{"value": format!("{id}-{number}")}],
        "name": "Place",
    })
}

/// Writes versions of `id` until the server is gone; returns the last acknowledged one.
fn write_until_killed(client: &Client, id: &str, is_killed: &AtomicBool) -> (u64, u64) {
    let (mut number, mut version) = (0, 0);
    while !is_killed.load(Ordering::Acquire) {
        let body = place(id, number + 1).to_string();
        let path = format!("/Location/{id}");
        let sent = client.try_send("PUT", &path, &[JSON], Some(body.as_bytes()));
        let Some(answer) = sent else { break };
        assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
        number += 1;
        let etag = answer.header("etag").expect("an ETag");
        version = etag.trim_matches(['W', '/', '"']).parse().expect("a version");
    }
    (number, version)
}

#[test]
fn acknowledged_writes_survive_kills() {
    let data = harness::new_folder("data");
    let mut known: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for run in 0..KILLS {
        let mut server = Server::start(&data);
        let client = server.client();
        let is_killed = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (client, id) = (client.clone(), format!("run{run}-{writer}"));
                    let is_killed = &is_killed;
                    scope.spawn(move || {
                        let written = write_until_killed(&client, &id, is_killed);
                        (id, written)
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_millis(150 + 37 * run));
            server.kill();
            is_killed.store(true, Ordering::Release);
            for writer in writers {
                let (id, written) = writer.join().expect("a writer");
                known.insert(id, written);
            }
        });
        drop(server);
        check(&data, &mut known);
    }
    assert!(known.values().any(|(number, _)| *number > 1), "nothing was written: {known:?}");
}

/// Store and index agree, and hold what was acknowledged. A last write that was not acknowledged may
/// be there too.
fn check(data: &Path, known: &mut BTreeMap<String, (u64, u64)>) {
    let server = Server::start(data);
    let client = server.client();
    for (id, (number, version)) in known {
        let read = client.get(&format!("/Location/{id}"));
        if *number == 0 && read.status == 404 {
            continue;
        }
        let document = read.json().unwrap_or_else(|| panic!("{}", read.excerpt()));
        let found: u64 = document["meta"]["versionId"].as_str().unwrap_or("0").parse().unwrap_or(0);
        assert!(found == *version || found == *version + 1, "{id}: {found}, {version} was told");
        let identifier = document["identifier"][0]["value"].as_str().expect("an identifier");
        assert!(identifier == format!("{id}-{number}") || found == *version + 1, "{identifier}");
        let search = client.get(&format!("/Location?identifier={identifier}&_count=0"));
        assert_eq!(search.json().expect("a Bundle")["total"], 1, "{identifier}");
        (*number, *version) = (*number + found - *version, found);
    }
    assert!(server.stop().success());
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
