//! Files with flipped or missing bytes: `verify` says so, the server says so at its start or in the
//! answer, and `rebuild` repairs what the store can repair. A damaged store is never taken for an empty
//! one.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::client::Client;
use e2e::harness::{self, Server};

use crate::{indexer, outcome, place, total, verify, words};

const RESOURCES: u64 = 300;

/// How a file is damaged.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// One byte is another, at this share of the file.
    Flip(f64),
    /// The rest is missing from this share of the file on.
    Cut(f64),
    Gone,
}

/// A loaded directory, made once for this test.
fn clean() -> PathBuf {
    let documents = (0..RESOURCES).fold(String::new(), |text, n| {
        text + &place(&format!("l{n}"), &format!("i{n}")).to_string() + "\n"
    });
    let file = harness::new_folder("damage").with_extension("ndjson");
    fs::write(&file, documents).expect("a file in the scratch folder");
    let data = harness::new_folder("data");
    harness::load(&data, &[&file]);
    data
}

fn damage(path: &Path, how: Damage) {
    let mut bytes = fs::read(path).expect("a readable file");
    let at = |share: f64| (bytes.len() as f64 * share) as usize;
    match how {
        Damage::Flip(share) => {
            let at = at(share).min(bytes.len() - 1);
            bytes[at] ^= 0x55;
        }
        Damage::Cut(share) => bytes.truncate(at(share)),
        Damage::Gone => return fs::remove_file(path).expect("a removable file"),
    }
    fs::write(path, bytes).expect("a writable file");
}

/// The largest file below `folder` with this name, or with this extension.
fn find(folder: &Path, name: &str) -> PathBuf {
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with(name) || path.extension().is_some_and(|e| e == name) {
                found.push((fs::metadata(&path).expect("a file").len(), path));
            }
        }
    }
    found.into_iter().max().unwrap_or_else(|| panic!("no {name} below {}", folder.display())).1
}

/// Starts a server that must refuse to; returns its words.
fn refused(data: &Path) -> String {
    let mut command = harness::command("query-api");
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(data);
    let output = harness::run(&mut command);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    words(&output)
}

#[test]
fn a_damaged_index_is_found_and_rebuilt() {
    let clean = clean();
    // (file, damage, whether the server cannot even start)
    let rows = [
        ("term", Damage::Flip(0.5), false),
        ("idx", Damage::Flip(0.1), false),
        ("fast", Damage::Flip(0.5), false),
        ("fast", Damage::Flip(0.1), false),
        ("arena", Damage::Flip(0.5), false),
        ("arena", Damage::Cut(0.6), false),
        ("store", Damage::Cut(0.6), true),
        ("idx", Damage::Gone, true),
        ("meta.json", Damage::Flip(0.5), true),
        ("manifest.json", Damage::Cut(0.6), true),
        ("CURRENT", Damage::Flip(0.5), true),
        ("CURRENT", Damage::Gone, true),
    ];
    for (name, how, stops) in rows {
        let data = harness::new_folder("data");
        harness::copy_folder(&clean, &data);
        damage(&find(&data, name), how);
        let found = indexer("verify", &data);
        assert_eq!(found.status.code(), Some(1), "{name} {how:?}: {}", words(&found));
        assert!(!words(&found).contains("panicked"), "{name} {how:?}: {}", words(&found));
        if name != "arena" {
            assert!(words(&found).contains("`indexer rebuild`"), "{name}: {}", words(&found));
        }
        if stops {
            let told = refused(&data);
            assert!(told.contains("`indexer rebuild`"), "{name} {how:?}: {told}");
        }
        let rebuilt = indexer("rebuild", &data);
        assert!(rebuilt.status.success(), "{name} {how:?}: {}", words(&rebuilt));
        verify(&data);
    }
}

#[test]
fn a_damaged_document_is_named_and_the_others_are_read() {
    let data = clean();
    damage(&find(&data, "arena"), Damage::Flip(0.5));
    let server = Server::start(&data);
    let client = server.client();
    let told = outcome(&client.get(&format!("/Location?_count={RESOURCES}")), 500);
    let name = told.split(' ').find(|word| word.starts_with("Location/")).expect("its name");
    assert!(told.contains("`indexer rebuild`"), "{told}");
    let told = outcome(&client.get(&format!("/{name}")), 500);
    assert!(told.contains(name), "{told}");
    let readable = |n: &u64| client.get(&format!("/Location/l{n}")).status == 200;
    assert_eq!((0..RESOURCES).filter(readable).count() as u64, RESOURCES - 1);
    // A new version is a new document.
    let id = name.trim_start_matches("Location/");
    assert_eq!(crate::put(&client, &place(id, "again")).status, 200);
    assert_eq!(client.get(&format!("/{name}")).status, 200);
}

#[test]
fn a_damaged_store_is_never_taken_for_an_empty_one() {
    let clean = clean();
    for (name, how) in [
        ("documents/db", Damage::Flip(0.05)),
        ("documents/db", Damage::Flip(0.5)),
        ("documents/db", Damage::Cut(0.6)),
        ("documents/db", Damage::Gone),
        ("documents/conf", Damage::Flip(0.5)),
    ] {
        let data = harness::new_folder("data");
        harness::copy_folder(&clean, &data);
        damage(&data.join(name), how);
        let told = refused(&data);
        assert!(told.contains("damaged") && told.contains("restore"), "{name} {how:?}: {told}");
        for command in ["verify", "rebuild"] {
            let output = indexer(command, &data);
            assert_eq!(output.status.code(), Some(1), "{command} {name}: {}", words(&output));
        }
        let index = find(&data, "arena");
        assert!(fs::metadata(index).expect("an arena").len() > 1000, "the index is still there");
    }
}

/// A server on whole data answers, so that the refusals above mean something.
#[test]
fn whole_data_is_served() {
    let data = clean();
    verify(&data);
    let server = Server::start(&data);
    let client: Client = server.client();
    assert_eq!(total(&client, "/Location?_count=0"), RESOURCES);
}
