//! Loading with the built `indexer`: every form of input, bad documents, repeated loads, and what a
//! server shows of it afterwards.
//!
//! The documents are made here, a few at a time; the shipped sample has its own tests.

mod load;
mod serve;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use e2e::harness::{self, Server};
use e2e::searchset::Search;
use serde_json::{Value, json};

/// A small valid Location.
pub(crate) fn location(id: &str, name: &str) -> Value {
    json!({"resourceType": "Location", "id": id, "status": "active", "name": name})
}

/// The documents as NDJSON.
pub(crate) fn ndjson(documents: &[Value]) -> String {
    documents.iter().fold(String::new(), |text, document| text + &document.to_string() + "\n")
}

/// Writes a file into a new folder and returns its path.
pub(crate) fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = harness::new_folder("source");
    fs::create_dir_all(&folder).expect("a folder in the scratch folder");
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file in the scratch folder");
    path
}

/// Runs `indexer load` and returns how it ended.
pub(crate) fn load(data: &Path, options: &[&str], sources: &[&Path]) -> Output {
    let mut command = harness::command("indexer");
    harness::run(command.args(["load", "--data-dir"]).arg(data).args(options).args(sources))
}

/// Asserts the exit code of a load and shows its words otherwise.
pub(crate) fn assert_code(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Serves a data directory and returns id → (name, version) of its Locations.
pub(crate) fn locations(data: &Path) -> BTreeMap<String, (String, String)> {
    let server = Server::start(data);
    let client = server.client();
    let search = Search::follow(&client, &client.get("/Location?_count=1000"))
        .unwrap_or_else(|problem| panic!("{problem}\n{}", server.log()));
    let entries = search.pages.iter().flat_map(|page| page.with_mode("match"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| {
            let resource = &entry["resource"];
            let version = text(&resource["meta"]["versionId"]);
            (text(&resource["id"]), (text(&resource["name"]), version))
        })
        .collect()
}

/// Ids of the Locations a data directory serves.
pub(crate) fn ids(data: &Path) -> Vec<String> {
    locations(data).into_keys().collect()
}
