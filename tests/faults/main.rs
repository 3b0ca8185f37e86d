//! What must hold when things go wrong: processes killed in the middle of their work, disks that are
//! full or cannot be written, damaged files, callers that mean harm or ask for too much, many at once.
//!
//! Each target here starts servers of its own on scratch data. `E2E_KILLS` and `E2E_SECONDS` make the
//! runs longer (`make soak`); what is checked is the same.

mod costly;
mod damage;
mod deadline;
mod disk;
mod hostile;
mod kill;
mod page;
mod together;
mod unread;

use std::path::Path;
use std::process::Output;

use e2e::client::{Answer, Client};
use e2e::harness;
use serde_json::{Value, json};

/// Header of a FHIR body.
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/fhir+json");

/// A number of the suite's own settings, or its default.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the suite is told here how long to run")]
    let value = std::env::var(name);
    value.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
}

/// A small valid Location with an identifier to be found by.
pub(crate) fn place(id: &str, identifier: &str) -> Value {
    json!({
        "resourceType": "Location", "id": id, "status": "active", "name": "Place",
        "identifier": [{"value": identifier}],
    })
}

/// Puts a resource under its id.
pub(crate) fn put(client: &Client, resource: &Value) -> Answer {
    let id = resource["id"].as_str().expect("an id");
    let path = format!("/{}/{id}", resource["resourceType"].as_str().expect("a type"));
    client.send("PUT", &path, &[JSON], Some(resource.to_string().as_bytes()))
}

/// The total of a search.
pub(crate) fn total(client: &Client, search: &str) -> u64 {
    let answer = client.get(search);
    let bundle = answer.json().unwrap_or_default();
    bundle["total"].as_u64().unwrap_or_else(|| panic!("{search}: {}", answer.excerpt()))
}

/// Asserts that an answer is an `OperationOutcome` with this status, and returns what it says.
pub(crate) fn outcome(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.excerpt());
    let body = answer.json().unwrap_or_default();
    assert_eq!(body["resourceType"], "OperationOutcome", "{}", answer.excerpt());
    let text = body["issue"][0]["diagnostics"].as_str();
    text.unwrap_or_else(|| panic!("no diagnostics: {}", answer.excerpt())).to_owned()
}

/// Runs a command of the indexer on a data directory.
pub(crate) fn indexer(command: &str, data: &Path) -> Output {
    harness::run(harness::command("indexer").arg(command).arg("--data-dir").arg(data))
}

/// Everything a command wrote.
pub(crate) fn words(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Asserts that store and index of a data directory agree in everything.
pub(crate) fn verify(data: &Path) {
    let output = indexer("verify", data);
    assert!(output.status.success(), "{}", words(&output));
}
