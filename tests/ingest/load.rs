//! What a load does with its documents: versions, duplicates, quarantine, mirror.

use std::fs;
use std::path::Path;

use e2e::harness;

use crate::{assert_code, file, ids, load, location, locations, ndjson};

fn versions(data: &Path) -> Vec<(String, String, String)> {
    let all = locations(data).into_iter();
    all.map(|(id, (name, version))| (id, name, version)).collect()
}

fn row(id: &str, name: &str, version: &str) -> (String, String, String) {
    (id.to_owned(), name.to_owned(), version.to_owned())
}

#[test]
fn an_unchanged_document_makes_no_version() {
    let data = harness::new_folder("data");
    let first = file("one.ndjson", ndjson(&[location("a", "A"), location("b", "B")]).as_bytes());
    let second = file("two.ndjson", ndjson(&[location("a", "A"), location("b", "B2")]).as_bytes());
    assert_code(&load(&data, &[], &[&first]), 0);
    assert_eq!(versions(&data), [row("a", "A", "1"), row("b", "B", "1")]);
    assert_code(&load(&data, &[], &[&second]), 0);
    assert_eq!(versions(&data), [row("a", "A", "1"), row("b", "B2", "2")]);
    assert_code(&load(&data, &[], &[&second]), 0);
    assert_eq!(versions(&data), [row("a", "A", "1"), row("b", "B2", "2")]);
}

#[test]
fn the_last_of_duplicates_wins() {
    let data = harness::new_folder("data");
    let documents = [location("a", "first"), location("b", "B"), location("a", "last")];
    assert_code(&load(&data, &[], &[&file("d.ndjson", ndjson(&documents).as_bytes())]), 0);
    assert_eq!(versions(&data), [row("a", "last", "1"), row("b", "B", "1")]);
}

#[test]
fn bad_documents_are_quarantined_with_line_and_reason() {
    let bad = [
        "{\"resourceType\": \"Location\", \"id\": ",
        "17",
        "\"text\"",
        "{\"resourceType\": \"Patient\", \"id\": \"p\"}",
        "{\"resourceType\": \"Unheard\", \"id\": \"u\"}",
        "{\"id\": \"untyped\"}",
        "{\"resourceType\": \"Location\"}",
        "{\"resourceType\": \"Location\", \"id\": \"not an id\"}",
        "{\"resourceType\": \"Location\", \"id\": \"x1\", \"unheard\": 1}",
        "{\"resourceType\": \"Location\", \"id\": \"x2\", \"name\": 1}",
        "{\"resourceType\": \"Location\", \"id\": \"x3\", \"status\": \"unheard\"}",
        "{\"resourceType\": \"Location\", \"id\": \"x4\", \"name\": \"a\", \"name\": \"b\"}",
    ];
    let mut text = ndjson(&[location("a", "A")]);
    for line in bad {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&ndjson(&[location("z", "Z")]));
    let data = harness::new_folder("data");
    assert_code(&load(&data, &[], &[&file("bad.ndjson", text.as_bytes())]), 2);
    assert_eq!(ids(&data), ["a", "z"]);
    let quarantine = quarantined(&data);
    let lines: Vec<&str> = quarantine.lines().collect();
    assert_eq!(lines.len(), bad.len(), "{quarantine}");
    for (index, line) in lines.iter().enumerate() {
        let entry: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        assert_eq!(entry["line"].as_u64(), Some(index as u64 + 2), "{line}");
        let told = entry["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty());
        assert!(told, "{line}");
    }
}

/// The text of the quarantine files of a data directory.
fn quarantined(data: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("quarantine") {
                text.push_str(&fs::read_to_string(path).expect("text"));
            }
        }
    }
    text
}

#[test]
fn a_mirror_deletes_what_is_absent_and_refuses_a_great_shrink() {
    let data = harness::new_folder("data");
    let all: Vec<_> = (0..40).map(|n| location(&format!("l{n:02}"), "L")).collect();
    let path = file("all.ndjson", ndjson(&all).as_bytes());
    assert_code(&load(&data, &[], &[&path]), 0);
    let most = file("most.ndjson", ndjson(&all[1..]).as_bytes());
    assert_code(&load(&data, &["--mirror"], &[&most]), 0);
    assert_eq!(ids(&data).len(), 39);
    let few = file("few.ndjson", ndjson(&all[30..]).as_bytes());
    assert_code(&load(&data, &["--mirror"], &[&few]), 1);
    assert_eq!(ids(&data).len(), 39, "a refused load changes nothing");
    assert_code(&load(&data, &["--mirror", "--force"], &[&few]), 0);
    assert_eq!(ids(&data).len(), 10);
}
