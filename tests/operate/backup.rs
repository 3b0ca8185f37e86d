//! Backup and restore: what comes out is what went in, up to any change, or nothing at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use e2e::client::Client;
use e2e::harness::{self, Server};
use serde_json::Value;

use crate::{JSON, directory_of, expect, place, result, start, total, try_put, write_until};

fn text(path: &Path) -> &str {
    path.to_str().expect("scratch folders have plain names")
}

/// Writes a backup and returns its folder and its last change.
fn backup_of(data: &Path) -> (PathBuf, u64) {
    let folder = harness::new_folder("backup");
    let done = result(data, &["backup", "--to", text(&folder)]);
    (folder, done["seq"].as_u64().expect("a sequence number"))
}

/// Restores into a new data directory.
fn restored(folder: &Path, options: &[&str]) -> PathBuf {
    let data = harness::new_folder("restored");
    result(&data, &[&["restore", "--from", text(folder)], options].concat());
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
    data
}

/// What a server answers, without its own address and the moment of the answer.
fn answer(client: &Client, path: &str) -> (u16, String) {
    let answer = client.get(path);
    let mut body: Value = answer.json().unwrap_or_default();
    for member in ["id", "meta", "link"] {
        if body["resourceType"] == "Bundle" {
            body.as_object_mut().expect("an object").remove(member);
        }
    }
    (answer.status, body.to_string().replace(client.base(), "BASE"))
}

/// Changes of every kind: updates, a delete, a revival, a resource that is only referred to.
fn change_much(client: &Client) {
    for number in 2..=4 {
        assert_eq!(try_put(client, "p0", &format!("n{number}")), Some(number));
    }
    let deleted = client.send("DELETE", "/Location/p1", &[], None);
    assert!(deleted.status < 300, "{}", deleted.excerpt());
    let deleted = client.send("DELETE", "/Location/p2", &[], None);
    assert!(deleted.status < 300, "{}", deleted.excerpt());
    assert_eq!(try_put(client, "p2", "n3"), Some(3));
    let mut child = place("child", "n1");
    child["managingOrganization"]["reference"] = "Organization/nobody".into();
    let body = child.to_string();
    let stored = client.send("PUT", "/Location/child", &[JSON], Some(body.as_bytes()));
    assert_eq!(stored.status, 201, "{}", stored.excerpt());
}

#[test]
fn a_restored_directory_answers_the_same() {
    let data = directory_of(40);
    let server = Server::start(&data);
    change_much(&server.client());
    let (folder, seq) = backup_of(&data);
    let paths = [
        "/Location?_sort=_id&_count=100",
        "/Location?identifier=urn:test%7Cp0-n4",
        "/Location?organization=Organization/nobody",
        "/Location/p0",
        "/Location/p0/_history?_count=100",
        "/Location/p0/_history/1",
        "/Location/p0/_history/3",
        "/Location/p1",
        "/Location/p1/_history",
        "/Location/p2/_history",
        "/Organization/nobody",
        "/_history?_count=1000",
        "/Location/_history?_count=10",
    ];
    let before = paths.map(|path| answer(&server.client(), path));
    let stats = result(&data, &["stats"]);
    drop(server);
    // Served or not, the backup is the same.
    let (again, same_seq) = backup_of(&data);
    assert_eq!(same_seq, seq);
    for name in ["changes.ndjson.zst", "resources.ndjson.zst"] {
        let read = |folder: &Path| fs::read(folder.join(name)).expect("a file of the backup");
        assert_eq!(read(&again), read(&folder), "{name}");
    }

    let copy = restored(&folder, &[]);
    let server = Server::start(&copy);
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(answer(&server.client(), path), before, "{path}");
    }
    let copied = result(&copy, &["stats"]);
    for member in ["by_type", "live", "seq", "dangling", "agree"] {
        let counts = |stats: &Value| {
            let mut value = stats[member].clone();
            // Compressed with another dictionary, or none.
            if let Some(location) = value.get_mut("Location") {
                location["stored_bytes"] = 0.into();
            }
            value
        };
        assert_eq!(counts(&copied), counts(&stats), "{member}");
    }
    // Life goes on where it stood: versions and sequence numbers follow those restored.
    assert_eq!(try_put(&server.client(), "p0", "n5"), Some(5));
    assert_eq!(result(&copy, &["stats"])["seq"], seq + 1);
    assert_eq!(result(&copy, &["verify"])["problem_count"], 0);
}

#[test]
fn a_backup_beside_writers_is_of_one_moment() {
    let data = directory_of(200);
    let server = Server::start(&data);
    let client = server.client();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (writer, stop) = (client.clone(), &stop);
        let writing = scope.spawn(move || write_until(&writer, "live", stop));
        while total(&client, "identifier=urn:test%7Clive-n2") + total(&client, "_id=live") == 0 {
            std::thread::sleep(Duration::from_millis(20));
        }
        let (folder, seq) = backup_of(&data);
        let copy = restored(&folder, &[]);
        stop.store(true, Ordering::Release);
        let last = writing.join().expect("a writer");
        let stats = result(&copy, &["stats"]);
        assert_eq!((stats["seq"].as_u64(), stats["live"].as_u64()), (Some(seq), Some(201)));
        // 200 changes came from the load, the others are versions of one resource.
        let server = Server::start(&copy);
        let read = server.client().get("/Location/live").json().expect("a resource");
        assert_eq!(read["meta"]["versionId"], (seq - 200).to_string());
        assert!(seq - 200 <= last);
    });
}

#[test]
fn any_change_can_be_gone_back_to() {
    let data = directory_of(10);
    let server = Server::start(&data);
    change_much(&server.client());
    let (folder, seq) = backup_of(&data);
    // Ten loaded, three updates, two deletes, a revival, a create.
    assert_eq!(seq, 17);
    // (change, live resources, version of p0)
    for (to, live, version) in
        [(10, 10, "1"), (12, 10, "3"), (14, 9, "4"), (15, 8, "4"), (17, 10, "4")]
    {
        let copy = restored(&folder, &["--to-seq", &to.to_string()]);
        let stats = result(&copy, &["stats"]);
        assert_eq!((&stats["seq"], &stats["live"]), (&Value::from(to), &Value::from(live)));
        let server = Server::start(&copy);
        let read = server.client().get("/Location/p0").json().expect("a resource");
        assert_eq!(read["meta"]["versionId"], version, "as of {to}");
        assert_eq!(total(&server.client(), ""), live);
        assert_eq!(try_put(&server.client(), "next", "n1"), Some(1));
        assert_eq!(result(&copy, &["stats"])["seq"], to + 1);
    }
    let nowhere = harness::new_folder("restored");
    let (_, words) = expect(1, &nowhere, &["restore", "--from", text(&folder), "--to-seq", "18"]);
    assert!(words.contains("ends at change 17"), "{words}");
    assert!(!nowhere.exists());
    let empty = restored(&folder, &["--to-seq", "0"]);
    assert_eq!(total(&Server::start(&empty).client(), ""), 0);
}

#[test]
fn a_damaged_backup_is_refused() {
    let data = directory_of(50);
    let (folder, _) = backup_of(&data);
    let target = harness::new_folder("restored");
    let refused = |what: &str| {
        let (_, words) = expect(1, &target, &["restore", "--from", text(&folder)]);
        assert!(words.contains("backup"), "{what}: {words}");
        let is_untouched =
            !target.exists() || fs::read_dir(&target).expect("a folder").count() == 0;
        assert!(is_untouched, "{what}");
    };
    for name in ["changes.ndjson.zst", "resources.ndjson.zst", "manifest.json"] {
        let path = folder.join(name);
        let intact = fs::read(&path).expect("a file of the backup");
        for at in [0, 1, intact.len() / 3, intact.len() / 2, intact.len() - 2] {
            let mut bytes = intact.clone();
            bytes[at] ^= 0x04;
            fs::write(&path, &bytes).expect("a file in the scratch folder");
            refused(&format!("{name}: byte {at}"));
        }
        for len in [0, intact.len() / 2, intact.len() - 1] {
            fs::write(&path, &intact[..len]).expect("a file in the scratch folder");
            // The manifest ends with a brace: one byte less is no JSON.
            refused(&format!("{name}: {len} bytes"));
        }
        fs::remove_file(&path).expect("a file in the scratch folder");
        refused(&format!("{name} is missing"));
        fs::write(&path, &intact).expect("a file in the scratch folder");
    }
    assert_eq!(result(&target, &["restore", "--from", text(&folder)])["live"], 50);
}

#[test]
fn nothing_is_overwritten() {
    let data = directory_of(3);
    let (folder, _) = backup_of(&data);
    let (_, words) = expect(1, &data, &["backup", "--to", text(&folder)]);
    assert!(words.contains("holds a backup"), "{words}");
    let (_, words) = expect(1, &data, &["backup", "--to", text(&data)]);
    assert!(words.contains("holds other files"), "{words}");
    let (_, words) = expect(1, &data, &["restore", "--from", text(&folder)]);
    assert!(words.contains("is not empty"), "{words}");
    let server = Server::start(&data);
    for arguments in [["backup", "--to", text(&folder)], ["restore", "--from", text(&folder)]] {
        expect(1, &data, &arguments);
    }
    assert_eq!(total(&server.client(), ""), 3);
}

#[test]
fn what_a_kill_leaves_is_no_backup_and_no_directory() {
    let data = directory_of(300);
    let mut server = Server::start(&data);
    let folder = harness::new_folder("backup");
    // Whenever the kill comes, the folder is a whole backup or none.
    let mut writing = start(&data, &["backup", "--to", text(&folder)]);
    while !folder.join("changes.ndjson.zst").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.kill();
    let _ = writing.wait().expect("it ends");
    if !folder.join("manifest.json").exists() {
        let target = harness::new_folder("restored");
        let (_, words) = expect(1, &target, &["restore", "--from", text(&folder)]);
        assert!(words.contains("was not finished"), "{words}");
        result(&data, &["backup", "--to", text(&folder)]);
    }
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);

    let target = harness::new_folder("restored");
    let mut restoring = start(&target, &["restore", "--from", text(&folder)]);
    while !target.join("restore.unfinished").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    restoring.kill().expect("a running command");
    restoring.wait().expect("it ends");
    assert!(target.join("restore.unfinished").exists(), "killed in the middle");
    let (_, words) = expect(1, &target, &["stats"]);
    assert!(words.contains("half a restored backup"), "{words}");
    assert_eq!(result(&target, &["restore", "--from", text(&folder)])["live"], 300);
    assert_eq!(result(&target, &["verify"])["live"], 300);
}
