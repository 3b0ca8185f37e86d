//! Loading into a served directory: the same result as without a server, beside readers and writers, all
//! of it or nothing.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::harness::{self, Server};
use serde_json::{Value, json};

use crate::{
    assert_written, command, directory_of, expect, indexer, ndjson, place, result, start, total,
    try_put, write_until,
};

fn source(documents: impl IntoIterator<Item = Value>) -> PathBuf {
    let path = harness::new_folder("source").with_extension("ndjson");
    fs::write(&path, ndjson(documents)).expect("a file in the scratch folder");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("scratch folders have plain names")
}

fn places(count: usize, name: &str) -> impl Iterator<Item = Value> {
    (0..count).map(move |n| place(&format!("p{n}"), name))
}

/// Documents of every fate: good, the same again, duplicates, refused, referring to nobody.
fn mixed() -> PathBuf {
    let mut documents: Vec<Value> = places(30, "first").collect();
    documents.extend(places(3, "second"));
    documents.push(place("p9", "twice"));
    documents.push(json!({"resourceType": "Location", "id": "bad", "nonsense": 1}));
    let mut child = place("child", "first");
    child["managingOrganization"] = json!({"reference": "Organization/nobody"});
    documents.push(child);
    let path = source(documents);
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the file");
    file.write_all(b"rubbish\n{\"resourceType\": \"Location\", \"id\": \"\xff\"}\n")
        .expect("a write");
    path
}

/// The report of a load that quarantines some, without what differs from run to run.
fn report(data: &Path, arguments: &[&str]) -> Value {
    let (out, err) = expect(2, data, &[&["load", "--json"], arguments].concat());
    for line in err.lines() {
        serde_json::from_str::<Value>(line).expect("progress is JSON where there is no terminal");
    }
    let mut report: Value = serde_json::from_str(&out).expect("JSON");
    for member in ["seconds", "quarantine", "seq", "load"] {
        report.as_object_mut().expect("an object").remove(member).expect("it is told");
    }
    report
}

#[test]
fn served_or_not_a_load_reports_the_same() {
    let (here, there) = (harness::new_folder("data"), harness::new_folder("data"));
    let server = Server::start(&there);
    let mixed = mixed();
    let quarantine = |data: &Path| fs::read(data.join("quarantine.ndjson")).expect("a quarantine");
    // The second time nothing is new.
    for written in [31, 0] {
        let direct = report(&here, &[text(&mixed)]);
        let remote = report(&there, &[text(&mixed)]);
        assert_eq!(remote, direct);
        assert_eq!(remote["written"], written);
        assert_eq!(quarantine(&there), quarantine(&here));
    }
    let client = server.client();
    assert_eq!(total(&client, ""), 31);
    // Of documents of one resource the last one counts, with one version.
    assert_eq!(total(&client, "identifier=urn:test%7Cp9-twice"), 1);
    let read = client.get("/Location/p0").json().expect("a resource");
    assert_eq!((&read["name"], &read["meta"]["versionId"]), (&json!("second"), &json!("1")));
    assert_eq!(result(&there, &["verify"])["problem_count"], 0);
    let (mine, theirs) = (result(&here, &["stats"]), result(&there, &["stats"]));
    for member in ["live", "seq", "dangling", "by_type"] {
        let mut pair = [mine[member].clone(), theirs[member].clone()];
        for side in &mut pair {
            // The instant of the load is in each document.
            if let Some(location) = side.get_mut("Location") {
                location["stored_bytes"] = 0.into();
            }
        }
        assert_eq!(pair[0], pair[1], "{member}");
    }
}

#[test]
fn options_and_exit_codes_are_the_same() {
    let data = directory_of(40);
    let server = Server::start(&data);
    let client = server.client();
    let most = source(places(39, "first"));
    let few = source(places(10, "first"));
    let elsewhere = harness::new_folder("refused");
    let bad = source([json!({"resourceType": "Location", "id": "bad", "nonsense": 1})]);
    expect(0, &data, &["load", "--mirror", text(&most)]);
    assert_eq!(total(&client, ""), 39);
    let (_, words) = expect(1, &data, &["load", "--mirror", text(&few)]);
    assert!(words.contains("more than 5 %"), "{words}");
    assert_eq!(total(&client, ""), 39, "a refused load changes nothing");
    expect(0, &data, &["load", "--mirror", "--force", text(&few)]);
    assert_eq!(total(&client, ""), 10);
    assert_eq!(client.get("/Location/p39").status, 410);
    expect(2, &data, &["load", "--quarantine", text(&elsewhere), text(&bad)]);
    assert!(fs::read_to_string(&elsewhere).expect("a quarantine").contains("nonsense"));
    expect(2, &data, &["load", "--strict", text(&few)]);
    let absent = harness::new_folder("absent");
    let (_, words) = expect(1, &data, &["load", text(&absent)]);
    assert!(words.contains(text(&absent)), "{words}");
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
}

#[test]
fn readers_and_writers_go_on_beside_a_load() {
    const LOADED: usize = 1_500;
    let data = directory_of(50);
    let server = Server::start(&data);
    let client = server.client();
    let source = source(places(LOADED, "loaded"));
    let stop = AtomicBool::new(false);
    let written: Vec<(String, u64, u64)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let (client, id, stop) = (client.clone(), format!("live{writer}"), &stop);
                scope.spawn(move || (id.clone(), write_until(&client, &id, stop)))
            })
            .collect();
        let mut load = start(&data, &["load", text(&source)]);
        let mut searches = 0;
        let code = loop {
            if let Some(status) = load.try_wait().expect("a child can be asked") {
                break status.code();
            }
            let found = total(&client, "name=first") + total(&client, "name=loaded");
            assert!(found >= 50, "{found}: a resource has gone while it changed");
            searches += 1;
        };
        assert_eq!(code, Some(0));
        assert_eq!(total(&client, "name=loaded"), LOADED as u64, "visible when it is done");
        stop.store(true, Ordering::Release);
        let join = |writer: std::thread::ScopedJoinHandle<'_, (String, u64)>| {
            let (id, last) = writer.join().expect("a writer");
            (id, last, searches)
        };
        writers.into_iter().map(join).collect()
    });
    for (id, last, searches) in &written {
        assert!(*last > 2 && *searches > 2, "{written:?}: the others had to wait");
        assert_written(&client, id, *last);
    }
    let verification = result(&data, &["verify"]);
    assert_eq!(verification["problem_count"], 0, "{verification}");
    assert_eq!(verification["live"], LOADED + 2);
    // What the load found stored is a version more, what it brought a first one.
    for (id, version) in [("p0", "2"), ("p1499", "1")] {
        let read = client.get(&format!("/Location/{id}")).json().expect("a resource");
        assert_eq!(read["meta"]["versionId"], version, "{id}");
    }
}

/// Starts a load from standard input, which is given back open.
fn load_from_pipe(data: &Path) -> Child {
    command(data, &["load", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the indexer starts")
}

#[test]
fn one_change_of_the_whole_directory_at_a_time_and_a_client_that_goes_away_changes_nothing() {
    let data = directory_of(5);
    let server = Server::start(&data);
    let mut load = load_from_pipe(&data);
    let mut input = load.stdin.take().expect("stdin is piped");
    let many = ndjson(places(4_000, "half"));
    input.write_all(many.as_bytes()).expect("the indexer reads");
    input.flush().expect("the indexer reads");
    let asked = Instant::now();
    while !data.join("loads/begun").exists() {
        assert!(asked.elapsed() < Duration::from_secs(30), "the server receives the load");
        std::thread::sleep(Duration::from_millis(5));
    }
    let folder = harness::new_folder("backup");
    for arguments in [&["rebuild"][..], &["rollback"], &["backup", "--to", text(&folder)]] {
        let (_, words) = expect(1, &data, arguments);
        assert!(words.contains("a load has been going on since"), "{words}");
    }
    assert_eq!(result(&data, &["verify"])["live"], 5, "looking is not changing");
    assert_eq!(try_put(&server.client(), "kept", "n1"), Some(1));
    load.kill().expect("a running command");
    load.wait().expect("it ends");
    drop(input);
    // The server notices, and takes the next one.
    let asked = Instant::now();
    while indexer(&data, &["rebuild"]).status.code() != Some(0) {
        assert!(asked.elapsed() < Duration::from_secs(30), "the server lets go");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!data.join("loads/begun").exists());
    assert_eq!(total(&server.client(), ""), 6);
    expect(0, &data, &["load", text(&source(places(7, "whole")))]);
    assert_eq!(total(&server.client(), "name=whole"), 7);
    assert_eq!(result(&data, &["verify"])["problem_count"], 0);
}

#[test]
fn a_server_killed_while_it_loads_has_all_of_it_or_nothing() {
    const LOADED: usize = 1_200;
    let data = directory_of(20);
    let mut outcomes = [0, 0];
    for (round, delay_ms) in [30, 150, 400, 800, 1_200, 2_000].into_iter().enumerate() {
        let name = format!("round{round}");
        let source = source((0..LOADED).map(|n| place(&format!("{name}-{n}"), &name)));
        let mut server = Server::start(&data);
        let mut load = start(&data, &["load", text(&source)]);
        std::thread::sleep(Duration::from_millis(delay_ms));
        assert_eq!(try_put(&server.client(), &name, "n1"), Some(1));
        server.kill();
        let told = load.wait().expect("it ends").success();

        let server = Server::start(&data);
        let started = Instant::now();
        while data.join("loads/waiting").exists() {
            assert!(started.elapsed() < Duration::from_mins(1), "the load is continued");
            std::thread::sleep(Duration::from_millis(20));
        }
        let client = server.client();
        let found = total(&client, &format!("name={name}"));
        assert!(found == 0 || found == LOADED as u64, "{found} of {LOADED}");
        assert!(!told || found > 0, "what was said to be done is done");
        outcomes[usize::from(found > 0)] += 1;
        assert_written(&client, &name, 1);
        assert_eq!(result(&data, &["verify"])["problem_count"], 0);
        assert!(server.stop().success());
    }
    println!("{} loads left nothing, {} were completed", outcomes[0], outcomes[1]);
}

#[test]
fn a_load_left_half_applied_is_completed_without_a_server_too() {
    const LOADED: usize = 2_000;
    let data = directory_of(20);
    let source = source((0..LOADED).map(|n| place(&format!("new-{n}"), "new")));
    let mut server = Server::start(&data);
    let mut load = start(&data, &["load", text(&source)]);
    let client = server.client();
    let started = Instant::now();
    // In the middle of applying: some of it is found already.
    while total(&client, "name=new") == 0 {
        assert!(started.elapsed() < Duration::from_mins(1), "the load is applied");
        std::thread::sleep(Duration::from_millis(2));
    }
    server.kill();
    assert_eq!(load.wait().expect("it ends").code(), Some(1));
    let nothing = harness::new_folder("source").with_extension("ndjson");
    fs::write(&nothing, "").expect("a file in the scratch folder");
    expect(0, &data, &["load", text(&nothing)]);
    assert_eq!(result(&data, &["verify"])["live"], 20 + LOADED);
}
