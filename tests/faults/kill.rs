//! Killed with SIGKILL in the middle of single writes, transactions, a bulk load, a rebuild, a backup: every
//! acknowledged write is there and found, none is half there, store and index agree, and the versions of
//! each resource follow each other without a gap.
//!
//! One data directory goes through all runs, so that each begins where a crash left off.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::client::Client;
use e2e::harness::{self, Server};
use serde_json::{Value, json};

use crate::{JSON, indexer, place, setting, total, verify, words};

const WRITERS: usize = 4;
/// Longest wait for writers that are slow.
const WORK_MAX: Duration = Duration::from_secs(20);
/// Documents of a load that is to be killed.
const LOADED: u64 = 1_000;
/// Resources that every load changes.
const RELOADED: u64 = 100;

/// What was acknowledged: resource and number of its versions.
type Known = BTreeMap<String, u64>;

#[test]
fn what_was_acknowledged_survives() {
    let kills = setting("E2E_KILLS", 10);
    let data = harness::new_folder("data");
    let (mut known, mut settled) = (Known::new(), BTreeSet::new());
    let patience = first_load(&data, &mut known);
    for run in 0..kills {
        // Another moment each time, spread evenly by the golden ratio.
        let share = (run as f64 * 0.618_034).fract();
        match run % 5 {
            0 => kill_server(&data, &mut known, share, |client, id, done| {
                write_until_killed(client, id, done)
            }),
            1 => kill_server(&data, &mut known, share, |client, id, done| {
                transact_until_killed(client, id, done)
            }),
            2 => kill_load(&data, &mut known, run, patience.mul_f64(share * 1.1)),
            3 => kill_command(&data, &["rebuild"], patience.mul_f64(share)),
            _ => kill_backup(&data, patience.mul_f64(share)),
        }
        check(&data, &mut known, &mut settled);
    }
    let written: Vec<_> = known.iter().filter(|(id, _)| id.starts_with('w')).collect();
    assert!(written.iter().filter(|(_, versions)| **versions > 3).count() > 4, "{written:?}");
    let rebuilt = indexer("rebuild", &data);
    assert!(rebuilt.status.success(), "{}", words(&rebuilt));
    check(&data, &mut known, &mut settled);
}

/// Loads what later loads change; returns how long a whole load takes.
fn first_load(data: &Path, known: &mut Known) -> Duration {
    let started = Instant::now();
    let output = start_load(data, &load_file(0)).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", words(&output));
    known.extend((0..RELOADED).map(|n| (format!("reloaded-{n}"), 1)));
    known.extend((0..LOADED).map(|n| (format!("load0-{n}"), 1)));
    started.elapsed()
}

/// Starts a server, lets writers work, kills it, and notes what they were told.
fn kill_server(
    data: &Path,
    known: &mut Known,
    share: f64,
    work: impl Fn(&Client, &str, &AtomicU64) -> Known + Sync,
) {
    let mut server = Server::start(data);
    let client = server.client();
    let done = AtomicU64::new(0);
    let start = known.len();
    thread::scope(|scope| {
        let write = |writer| {
            let (client, done, work) = (client.clone(), &done, &work);
            scope.spawn(move || work(&client, &format!("w{start}-{writer}"), done))
        };
        let writers: Vec<_> = (0..WRITERS).map(write).collect();
        let started = Instant::now();
        let enough = 4 * WRITERS as u64 + (share * 40.0) as u64;
        while done.load(Ordering::Relaxed) < enough && started.elapsed() < WORK_MAX {
            thread::sleep(Duration::from_micros(500));
        }
        thread::sleep(Duration::from_secs_f64(share * 0.03));
        server.kill();
        for writer in writers {
            known.extend(writer.join().expect("a writer"));
        }
    });
}

/// Writes version after version of one resource.
fn write_until_killed(client: &Client, id: &str, done: &AtomicU64) -> Known {
    let mut versions = 0;
    loop {
        let body = place(id, &format!("{id}-{}", versions + 1)).to_string();
        let path = format!("/Location/{id}");
        let sent = client.try_send("PUT", &path, &[JSON], Some(body.as_bytes()));
        let Some(answer) = sent else { break };
        assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
        versions += 1;
        done.fetch_add(1, Ordering::Relaxed);
    }
    Known::from([(id.to_owned(), versions)])
}

/// Sends transactions that each make two resources and change a third; all three carry its number.
fn transact_until_killed(client: &Client, id: &str, done: &AtomicU64) -> Known {
    let mut last = 0;
    loop {
        let number = last + 1;
        let ids = [format!("{id}-{number}-a"), format!("{id}-{number}-b"), id.to_owned()];
        let entry = |id: &String| {
            let resource = place(id, &format!("{id}-{number}"));
            let request = json!({"method": "PUT", "url": format!("Location/{id}")});
            json!({"resource": resource, "request": request})
        };
        let entries: Vec<Value> = ids.iter().map(entry).collect();
        let body = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        let body = body.to_string();
        let Some(answer) = client.try_send("POST", "", &[JSON], Some(body.as_bytes())) else {
            break;
        };
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        last = number;
        done.fetch_add(1, Ordering::Relaxed);
    }
    let mut known = Known::from([(id.to_owned(), last)]);
    for number in 1..=last + 1 {
        let is_known = u64::from(number <= last);
        known.insert(format!("{id}-{number}-a"), is_known);
        known.insert(format!("{id}-{number}-b"), is_known);
    }
    known
}

fn load_file(run: u64) -> PathBuf {
    let reloaded = (0..RELOADED).map(|n| (format!("reloaded-{n}"), format!("reloaded-{n}-{run}")));
    let new = (0..LOADED).map(|n| (format!("load{run}-{n}"), format!("load{run}-{n}-1")));
    let text = reloaded.chain(new).fold(String::new(), |text, (id, identifier)| {
        text + &place(&id, &identifier).to_string() + "\n"
    });
    let path = harness::new_folder("load").with_extension("ndjson");
    fs::write(&path, text).expect("a file in the scratch folder");
    path
}

fn start_load(data: &Path, file: &Path) -> Child {
    let mut command = harness::command("indexer");
    command.arg("load").arg("--data-dir").arg(data).arg(file);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the indexer starts")
}

/// Kills a load: it is there as a whole, or not at all.
fn kill_load(data: &Path, known: &mut Known, run: u64, after: Duration) {
    let mut child = start_load(data, &load_file(run));
    thread::sleep(after);
    child.kill().expect("a child can be killed");
    let was_done = child.wait().expect("it ends").success();
    let server = Server::start(data);
    let client = server.client();
    let is_there = client.get(&format!("/Location/load{run}-0")).status == 200;
    assert!(is_there || !was_done, "a load that succeeded is not there");
    let of_run = |id: &str| id.starts_with(&format!("load{run}-"));
    known.extend((0..LOADED).map(|n| (format!("load{run}-{n}"), u64::from(is_there))));
    if is_there {
        known.iter_mut().filter(|(id, _)| id.starts_with("reloaded-")).for_each(|(_, n)| *n += 1);
    }
    for (id, versions) in known.iter().filter(|(id, _)| of_run(id)).step_by(97) {
        assert_eq!(client.get(&format!("/Location/{id}")).status == 200, *versions == 1, "{id}");
    }
    assert!(server.stop().success());
}

/// Kills a backup: the one begun is complete or refused, and the next one is whole.
fn kill_backup(data: &Path, after: Duration) {
    let folder = harness::new_folder("backup");
    let to = folder.to_str().expect("a folder in plain letters");
    kill_command(data, &["backup", "--to", to], after);
    let restored = harness::new_folder("restored");
    let output = harness::command("indexer")
        .args(["restore", "--from", to, "--data-dir"])
        .arg(&restored)
        .output()
        .expect("the indexer starts");
    if output.status.success() {
        verify(&restored);
    } else {
        assert!(words(&output).contains("backup"), "{}", words(&output));
    }
}

fn kill_command(data: &Path, arguments: &[&str], after: Duration) {
    let mut command = harness::command("indexer");
    command.arg(arguments[0]).arg("--data-dir").arg(data).args(&arguments[1..]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the indexer starts");
    thread::sleep(after);
    child.kill().expect("a child can be killed");
    child.wait().expect("it ends");
}

/// Looks at everything through a server, then with `verify`. The last write of a writer may be there
/// without having been acknowledged; then it is known from here on.
fn check(data: &Path, known: &mut Known, settled: &mut BTreeSet<String>) {
    let server = Server::start(data);
    let client = server.client();
    for (position, (id, versions)) in known.iter_mut().enumerate() {
        let is_new = id.starts_with('w') && !settled.contains(id);
        // What is known for certain, and loads, which were looked at as a whole, by samples.
        if is_new || position % 101 == 0 {
            *versions = check_one(&client, id, *versions);
            settled.insert(id.clone());
        }
    }
    check_transactions(known);
    let live = known.values().filter(|versions| **versions > 0).count() as u64;
    assert_eq!(total(&client, "/Location?_count=0"), live);
    assert!(server.stop().success());
    verify(data);
}

/// Returns the number of versions found.
fn check_one(client: &Client, id: &str, versions: u64) -> u64 {
    let read = client.get(&format!("/Location/{id}"));
    if versions == 0 && read.status == 404 {
        return 0;
    }
    let document = read.json().unwrap_or_else(|| panic!("{}", read.excerpt()));
    let version = document["meta"]["versionId"].as_str().unwrap_or_default();
    let found: u64 = version.parse().unwrap_or_else(|_| panic!("{id}: {}", read.excerpt()));
    assert!(found == versions || found == versions + 1, "{id}: {found}, {versions} were told");
    let identifier = document["identifier"][0]["value"].as_str().expect("an identifier");
    if id.starts_with('w') {
        let number = identifier.rsplit('-').next().expect("a number");
        let is_part = id.ends_with('a') || id.ends_with('b');
        assert!(is_part || number == found.to_string(), "{id}: {identifier}, version {found}");
    }
    let search = format!("/Location?identifier={identifier}&_count=0");
    assert_eq!(total(client, &search), 1, "{identifier}");
    let history = client.get(&format!("/Location/{id}/_history?_count=1000"));
    let bundle = history.json().unwrap_or_else(|| panic!("{}", history.excerpt()));
    let entries = bundle["entry"].as_array().expect("entries");
    let of = |entry: &Value| entry["resource"]["meta"]["versionId"].as_str().map(str::to_owned);
    let numbers: Vec<_> = entries.iter().filter_map(of).collect();
    let expected: Vec<_> = (1..=found).rev().map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected[..numbers.len().min(1000)], "{id}");
    assert_eq!(bundle["total"], found, "{id}");
    found
}

/// The three resources of each transaction are there together or not at all.
fn check_transactions(known: &Known) {
    for (id, versions) in known.iter().filter(|(id, _)| id.ends_with("-a")) {
        let stem = id.trim_end_matches("-a");
        let (counter, number) = stem.rsplit_once('-').expect("a transaction's number");
        let number: u64 = number.parse().expect("a transaction's number");
        assert_eq!(known.get(&format!("{stem}-b")), Some(versions), "{id}");
        assert_eq!(known[counter] >= number, *versions == 1, "{id}");
    }
}
