//! The commands of the indexer on a directory, served or not: the same results, nothing lost, and a clean
//! directory after a kill.

mod backup;
mod load;
mod rebuild;
mod serving;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use e2e::client::Client;
use e2e::harness;
use serde_json::{Value, json};

pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/fhir+json");

/// A small valid Location.
pub(crate) fn place(id: &str, name: &str) -> Value {
    json!({
        "resourceType": "Location",
        "id": id,
        "identifier": [{"system": "urn:test", "value": format!("{id}-{name}")}],
        "status": "active",
        "name": name,
    })
}

/// Documents as NDJSON.
pub(crate) fn ndjson(documents: impl IntoIterator<Item = Value>) -> String {
    documents.into_iter().fold(String::new(), |text, document| text + &document.to_string() + "\n")
}

/// A data directory with `count` places `p0`, `p1`, … named `first`.
pub(crate) fn directory_of(count: usize) -> std::path::PathBuf {
    let data = harness::new_folder("data");
    let source = harness::new_folder("source").with_extension("ndjson");
    let documents = (0..count).map(|n| place(&format!("p{n}"), "first"));
    std::fs::write(&source, ndjson(documents)).expect("a file in the scratch folder");
    harness::load(&data, &[&source]);
    data
}

/// `indexer COMMAND --data-dir DATA …`, not yet run.
pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = harness::command("indexer");
    command.arg(arguments[0]).arg("--data-dir").arg(data).args(&arguments[1..]);
    command
}

/// Runs a command of the indexer to its end.
pub(crate) fn indexer(data: &Path, arguments: &[&str]) -> Output {
    harness::run(&mut command(data, arguments))
}

/// Runs a command that must end with `code`, and gives what it said on stdout and stderr.
pub(crate) fn expect(code: i32, data: &Path, arguments: &[&str]) -> (String, String) {
    let output = indexer(data, arguments);
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{err}");
    (out, err)
}

/// The JSON result of a command that succeeds.
pub(crate) fn result(data: &Path, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let (out, _) = expect(0, data, &arguments);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// Starts a command and gives it back running.
pub(crate) fn start(data: &Path, arguments: &[&str]) -> Child {
    command(data, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the indexer starts")
}

/// The number of Locations that a search finds.
pub(crate) fn total(client: &Client, criteria: &str) -> u64 {
    let answer = client.get(&format!("/Location?_count=0&{criteria}"));
    let bundle = answer.json().unwrap_or_default();
    bundle["total"].as_u64().unwrap_or_else(|| panic!("{}", answer.excerpt()))
}

/// Stores a place, and returns its version; `None` when the server is gone.
pub(crate) fn try_put(client: &Client, id: &str, name: &str) -> Option<u64> {
    let body = place(id, name).to_string();
    let path = format!("/Location/{id}");
    let answer = client.try_send("PUT", &path, &[JSON], Some(body.as_bytes()))?;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
    let etag = answer.header("etag").expect("an ETag");
    Some(etag.trim_matches(['W', '/', '"']).parse().expect("a version"))
}

/// Writes versions of `id` until told to stop or the server is gone; returns the last acknowledged one.
pub(crate) fn write_until(client: &Client, id: &str, stop: &AtomicBool) -> u64 {
    let mut last = 0;
    while !stop.load(Ordering::Acquire) {
        let Some(version) = try_put(client, id, &format!("n{}", last + 1)) else { break };
        assert_eq!(version, last + 1, "{id}");
        last = version;
    }
    last
}

/// Asserts that `id` has version `version`, is found under it, and has its whole history.
pub(crate) fn assert_written(client: &Client, id: &str, version: u64) {
    let history = client.get(&format!("/Location/{id}/_history?_count=1000")).json();
    let history = history.expect("a Bundle");
    assert_eq!(history["total"], version, "{id}");
    let criteria = format!("identifier=urn:test%7C{id}-n{version}");
    assert_eq!(total(client, &criteria), 1, "{id} version {version} is found");
}
