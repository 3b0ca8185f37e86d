//! Rebuild and rollback beside readers and writers, and what a kill in the middle leaves.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::client::Client;
use e2e::harness::Server;

use crate::{assert_written, directory_of, expect, result, start, total, try_put, write_until};

const WRITERS: usize = 3;

fn current(data: &Path) -> String {
    fs::read_to_string(data.join("CURRENT")).expect("CURRENT")
}

fn generations(data: &Path) -> Vec<String> {
    let entries = fs::read_dir(data.join("generations")).expect("generations");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The link from a first page of 40 to the second one.
fn next_page(client: &Client) -> String {
    let first = client.get("/Location?_sort=_id&_count=40").json().expect("a Bundle");
    let next = first["link"].as_array().into_iter().flatten().find(|l| l["relation"] == "next");
    next.and_then(|link| link["url"].as_str()).expect("a next page").to_owned()
}

/// Asserts that a page of 40 shows the documents it speaks of; returns the number of other entries.
fn assert_page(client: &Client, url: &str) -> usize {
    let page = client.follow(url).expect("a link of ours").json().expect("a Bundle");
    let entries = page["entry"].as_array().expect("entries");
    let matches: Vec<_> = entries.iter().filter(|e| e["search"]["mode"] == "match").collect();
    assert_eq!(matches.len(), 40, "{:?}", entries.last());
    for entry in matches {
        let url = entry["fullUrl"].as_str().unwrap_or_default();
        let id = entry["resource"]["id"].as_str().unwrap_or_default();
        assert!(url.ends_with(&format!("/Location/{id}")), "{url} shows {id}");
    }
    entries.len() - 40
}

#[test]
fn a_rebuild_beside_writers_loses_nothing() {
    let data = directory_of(300);
    let server = Server::start(&data);
    let client = server.client();
    // A page that is under way when the index changes below it.
    let next = next_page(&client);
    let stop = AtomicBool::new(false);
    let written: Vec<(String, u64)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, id, stop) = (client.clone(), format!("live{writer}"), &stop);
                scope.spawn(move || {
                    let last = write_until(&client, &id, stop);
                    (id, last)
                })
            })
            .collect();
        let rebuilt = result(&data, &["rebuild"]);
        // Resources appear while it runs; there are never fewer than before.
        assert!(rebuilt["resources"].as_u64() >= Some(300), "{rebuilt}");
        assert_eq!(current(&data), "000002");
        std::thread::sleep(Duration::from_millis(200));
        stop.store(true, Ordering::Release);
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    });
    assert!(written.iter().all(|(_, last)| *last > 1), "{written:?}");
    for (id, last) in &written {
        assert_written(&client, id, *last);
    }
    assert_eq!(total(&client, ""), 300 + WRITERS as u64);
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
    assert_page(&client, &next);
    // Nothing is written now, so the page below is of a state that is held: of the index before.
    let next = next_page(&client);
    result(&data, &["rebuild"]);
    assert_eq!(assert_page(&client, &next), 0, "nobody is told of a change");
    assert!(server.stop().success());
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
}

#[test]
fn going_back_one_index_and_no_further() {
    let data = directory_of(30);
    // (served?) × (nothing to go back to, then there is, then no more)
    for is_served in [false, true] {
        let server = is_served.then(|| Server::start(&data));
        let before = current(&data);
        result(&data, &["rebuild"]);
        assert_ne!(current(&data), before);
        if let Some(server) = &server {
            // The index gone back to has never heard of this.
            assert_eq!(try_put(&server.client(), "later", "n1"), Some(1));
        }
        let back = result(&data, &["rollback"]);
        assert_eq!(current(&data), before);
        assert_eq!(back["resources"], if is_served { 31 } else { 30 });
        assert_eq!(result(&data, &["verify"])["problem_count"], 0);
        if let Some(server) = &server {
            assert_written(&server.client(), "later", 1);
        }
        let (_, words) = expect(1, &data, &["rollback"]);
        assert!(words.contains("no earlier generation"), "{words}");
        // The next one takes a new number, and only the one before it is kept.
        result(&data, &["rebuild"]);
        assert_eq!(generations(&data), [before, current(&data)]);
        expect(0, &data, &["rollback"]);
    }
}

#[test]
fn an_index_of_another_schema_is_not_gone_back_to() {
    let data = directory_of(5);
    result(&data, &["rebuild"]);
    let manifest = data.join("generations/000001/manifest.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["schema_digest"] = "another".into();
    fs::write(&manifest, value.to_string()).expect("a file in the scratch folder");
    let (_, words) = expect(1, &data, &["rollback"]);
    assert!(words.contains("was built with schema another"), "{words}");
    assert_eq!(current(&data), "000002");
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
}

/// Waits until a rebuild has begun its generation.
fn wait_for_a_beginning(data: &Path, before: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while generations(data).iter().all(|name| name.as_str() <= before) {
        assert!(Instant::now() < deadline, "no rebuild begins");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_rebuild_killed_in_the_middle_leaves_the_index_before() {
    let data = directory_of(3_000);
    // The command alone, then the server that does it.
    let mut rebuild = start(&data, &["rebuild"]);
    wait_for_a_beginning(&data, "000001");
    rebuild.kill().expect("a running command");
    rebuild.wait().expect("it ends");
    assert_eq!(current(&data), "000001", "it was killed in the middle");
    let mut server = Server::start(&data);
    assert_eq!(generations(&data), ["000001"], "what was begun is cleared away at the next start");
    assert_eq!(try_put(&server.client(), "kept", "n1"), Some(1));
    let mut rebuild = start(&data, &["rebuild"]);
    wait_for_a_beginning(&data, "000001");
    server.kill();
    assert_eq!(rebuild.wait().expect("it ends").code(), Some(1), "its server is gone");
    let server = Server::start(&data);
    assert_eq!((current(&data).as_str(), generations(&data).len()), ("000001", 1));
    assert_written(&server.client(), "kept", 1);
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
}
