//! Kills a writing process and looks at what is left of its store.
//!
//! The executable is both sides: run by the test runner it is the judge; run by itself with a folder and
//! a mode it writes until it is killed, printing each acknowledged number.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use shared::fhir::ResourceType;
use shared::store::{
    Change, ChangeLog, Expected, LoadVersion, NewChange, Prepared, Store, StoreSettings,
};

const NOW: i64 = 1_800_000_000_000;
/// Documents in one batch.
const BATCH: u64 = 7;
/// Documents that exist before a load starts.
const BEFORE_LOAD: u64 = 20 * BATCH;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, folder] = arguments.as_slice() {
        match mode.as_str() {
            "write-batches" => return write_batches(Path::new(folder), u64::MAX),
            "write-load" => return write_load(Path::new(folder)),
            _ => {}
        }
    }
    // How many acknowledgements the judge waits for before it kills.
    for acknowledgements in [1, 2, 13, 40, 90, 250] {
        acknowledged_batches_survive_a_kill(acknowledgements);
    }
    for acknowledgements in [1, 30, 120] {
        an_unclosed_load_is_undone(acknowledgements);
    }
    eprintln!("store_crash: all passed");
}

fn acknowledged_batches_survive_a_kill(acknowledgements: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Three lives of one store: each recovers what the one before left.
    let mut target = acknowledgements;
    for _ in 0..3 {
        let acknowledged = run_and_kill("write-batches", folder.path(), target);
        let store = open(folder.path());
        let last = store.last_seq();
        assert!(last >= acknowledged, "{acknowledged} acknowledged, {last} left");
        assert_eq!(last % BATCH, 0, "a batch is torn");
        check_log_and_documents(&store, last);
        drop(store);
        target += acknowledgements;
    }
}

fn an_unclosed_load_is_undone(acknowledgements: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run_and_kill("write-load", folder.path(), BEFORE_LOAD + acknowledgements);
    let store = open(folder.path());
    assert_eq!(store.last_seq(), BEFORE_LOAD);
    check_log_and_documents(&store, BEFORE_LOAD);
    for (key, identity, head) in store.resources().map(|r| r.expect("a resource")) {
        let old = u64::from(key) < BEFORE_LOAD;
        assert_eq!(head.is_some(), old, "{identity} has the head {head:?}");
        assert!(head.is_none_or(|head| head.version == 1));
        assert_eq!(store.history(key).count(), usize::from(old), "{identity}");
    }
}

/// Runs this executable in `mode` until it has printed a number of at least `target`, kills it, and
/// returns the last number it managed to print.
fn run_and_kill(mode: &str, folder: &Path, target: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .arg(mode)
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("our own executable starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut last = 0;
    let number = |line: std::io::Result<String>| line.ok()?.parse::<u64>().ok();
    while last < target {
        last = lines.next().and_then(number).expect("the child writes until it is killed");
    }
    child.kill().expect("the child runs");
    child.wait().expect("the child ends");
    lines.filter_map(number).last().unwrap_or(last)
}

fn open(folder: &Path) -> Store {
    Store::open(&folder.join("documents"), &StoreSettings::default()).expect("the store opens")
}

fn document(number: u64) -> Prepared {
    let source = format!(
        r#"{{"resourceType":"Task","id":"t{number}","description":"{}"}}"#,
        "padding ".repeat((number % 97) as usize)
    );
    Prepared::read(source.as_bytes(), None).expect("a document")
}

/// Entry n of the log is the first version of document tn.
fn check_log_and_documents(store: &Store, last: u64) {
    let changes: Vec<Change> = store.tail(0).map(|c| c.expect("a change")).collect();
    assert_eq!(changes.len() as u64, last);
    for (change, seq) in changes.iter().zip(1..) {
        assert_eq!(change.seq, seq);
        let stored = store.read(change.key).expect("readable").expect("present");
        assert_eq!((stored.header.seq, stored.version), (seq, 1));
        let mut bytes = Vec::new();
        store.decode(&stored, &mut bytes).expect("decodable");
        assert_eq!(bytes, document(seq).with_meta(1, NOW));
    }
}

fn write_batches(folder: &Path, until: u64) {
    let store = open(folder);
    while store.last_seq() < until {
        let first = store.last_seq() + 1;
        let documents: Vec<Prepared> = (first..first + BATCH).map(document).collect();
        let changes: Vec<NewChange<'_>> = documents
            .iter()
            .map(|document| NewChange {
                resource_type: ResourceType::Task,
                id: document.id(),
                expected: Expected::Absent,
                document: Some(document),
                last_updated_ms: NOW,
            })
            .collect();
        store.append(&changes, NOW).expect("the batch is written");
        acknowledge(store.last_seq());
    }
}

fn write_load(folder: &Path) {
    write_batches(folder, BEFORE_LOAD);
    let store = open(folder);
    let mut load = store.begin_load(NOW).expect("the load begins");
    for round in 1.. {
        // One document that exists, and one that does not; in later rounds some are repeated.
        for number in [round % BEFORE_LOAD + 1, BEFORE_LOAD + round] {
            let document = document(number);
            let key = load.identities().allocate(ResourceType::Task, document.id()).expect("a key");
            let (_, slot) = load.slot(key).expect("a slot");
            let bytes = document.with_meta(slot.version, NOW + 1);
            let blob = store.codec().encode(ResourceType::Task, &bytes).expect("a blob");
            load.write(&[LoadVersion {
                key,
                resource_type: ResourceType::Task,
                id: document.id(),
                slot,
                last_updated_ms: NOW + 1,
                digest: document.digest(),
                blob: Some(&blob),
            }])
            .expect("the batch is written");
        }
        if round % 25 == 0 {
            // Let some of the load reach the disk, as a long one does.
            store.train(ResourceType::Measure, &samples()).expect("a flush");
        }
        acknowledge(BEFORE_LOAD + round);
    }
}

fn samples() -> Vec<Vec<u8>> {
    (0..500).map(|n| document(n).with_meta(1, n as i64)).collect()
}

fn acknowledge(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{number}").and_then(|()| out.flush()).expect("the judge listens");
}
