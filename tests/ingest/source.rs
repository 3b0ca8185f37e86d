//! The forms of input: NDJSON, Bundle, compressed, folders, standard input.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use e2e::harness;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::{assert_code, file, ids, load, location, ndjson};

fn two() -> String {
    ndjson(&[location("a", "A"), location("b", "B")])
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes bytes");
    encoder.finish().expect("memory takes bytes")
}

#[test]
fn every_form() {
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "urn:uuid:0", "resource": location("a", "A")},
        {"resource": location("b", "B")}
    ]});
    let bundle = bundle.to_string().into_bytes();
    let plain = two().into_bytes();
    let zstd = zstd::encode_all(&plain[..], 3).expect("memory takes bytes");
    let windows = two().replace('\n', "\r\n");
    let rows = [
        ("all.ndjson", plain.clone()),
        ("all.ndjson.gz", gzipped(&plain)),
        ("all.ndjson.zst", zstd),
        ("bundle.json", bundle.clone()),
        ("bundle.json.gz", gzipped(&bundle)),
        ("windows.ndjson", windows.into_bytes()),
        ("no-last-newline.ndjson", two().trim_end().as_bytes().to_vec()),
        ("blank-lines.ndjson", format!("\n{}\n\n", two()).into_bytes()),
        ("marked.ndjson", format!("\u{feff}{}", two()).into_bytes()),
    ];
    for (name, bytes) in rows {
        let data = harness::new_folder("data");
        let path = file(name, &bytes);
        assert_code(&load(&data, &[], &[&path]), 0);
        assert_eq!(ids(&data), ["a", "b"], "{name}");
    }
}

#[test]
fn folders_and_several_files() {
    let first = file("one.ndjson", ndjson(&[location("a", "A")]).as_bytes());
    let folder = first.parent().expect("a file lies in a folder");
    fs::write(folder.join("two.ndjson"), ndjson(&[location("b", "B")])).expect("a file");
    let data = harness::new_folder("data");
    assert_code(&load(&data, &[], &[folder]), 0);
    assert_eq!(ids(&data), ["a", "b"]);
    let third = file("three.ndjson", ndjson(&[location("c", "C")]).as_bytes());
    let fourth = file("four.ndjson", ndjson(&[location("d", "D")]).as_bytes());
    assert_code(&load(&data, &[], &[&third, &fourth]), 0);
    assert_eq!(ids(&data), ["a", "b", "c", "d"]);
}

#[test]
fn standard_input() {
    let data = harness::new_folder("data");
    let mut child = harness::command("indexer")
        .args(["load", "--data-dir"])
        .arg(&data)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the indexer starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    stdin.write_all(two().as_bytes()).expect("the indexer reads");
    drop(stdin);
    assert_code(&child.wait_with_output().expect("the indexer ends"), 0);
    assert_eq!(ids(&data), ["a", "b"]);
}

#[test]
fn truncated_and_absent_files_fail() {
    let gz = gzipped(two().repeat(2_000).as_bytes());
    let cut = file("cut.ndjson.gz", &gz[..gz.len() / 2]);
    let absent = cut.with_file_name("absent.ndjson");
    for path in [cut, absent] {
        let data = harness::new_folder("data");
        let output = load(&data, &[], &[&path]);
        assert_code(&output, 1);
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(words.contains(&name), "the failure names the file: {words}");
    }
}
