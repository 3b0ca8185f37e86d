//! The built `indexer` as a person uses it: exit codes, what it prints, and what a kill leaves behind.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use indexer::generate;
use serde_json::Value;
use shared::store::{Store, StoreSettings};

fn command(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indexer"));
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command
}

/// Runs the command with some standard input.
fn run(data_dir: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = command(data_dir, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the indexer starts");
    // A command that fails early does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("the indexer ends")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const GOOD: &str = r#"{"resourceType":"Location","id":"a","name":"x"}"#;
const BAD: &str = r#"{"resourceType":"Location","id":"b","nonsense":"x"}"#;

#[test]
fn exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let rows: &[(&[&str], &str, i32)] = &[
        (&["load", "-"], GOOD, 0),
        (&["load", "-"], BAD, 2),
        (&["load", "--strict", "-"], GOOD, 2),
        (&["load", "/does/not/exist"], "", 1),
        (&["load", "--mirror", "-"], "", 1),
        (&["load", "--mirror", "--force", "-"], "", 0),
        (&["load"], "", 1),
        (&["load", "--force", "-"], GOOD, 1),
        (&["verify"], "", 0),
        (&["stats"], "", 0),
        (&["rebuild"], "", 0),
        (&["no-such-command"], "", 1),
    ];
    for (arguments, input, expected) in rows {
        let output = run(&data, arguments, input);
        assert_eq!(output.status.code(), Some(*expected), "{arguments:?}: {}", stderr(&output));
    }
    assert!(data.join("quarantine.ndjson").exists());
    let nowhere = dir.path().join("nowhere");
    assert_eq!(run(&nowhere, &["stats"], "").status.code(), Some(1));
    assert!(!nowhere.exists(), "looking at a directory makes none");
}

#[test]
fn reports_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let input = [GOOD, GOOD, BAD, "rubbish", GOOD].join("\n");
    let output = run(dir.path(), &["load", "--json", "-"], &input);
    let report = json(&output);
    let counts = ["read", "written", "unchanged", "duplicate", "quarantined"];
    let counts = counts.map(|name| report[name].as_u64().unwrap());
    assert_eq!(counts, [5, 1, 0, 2, 2]);
    assert_eq!(report["by_type"]["Location"]["created"], 1);
    let lines = stderr(&output);
    for line in lines.lines() {
        serde_json::from_str::<Value>(line).expect("progress is JSON where there is no terminal");
    }
    let stats = json(&run(dir.path(), &["stats", "--json"], ""));
    assert_eq!(stats["live"], 1);
    assert_eq!(stats["digest"], stats["index"]["digest"]);
    let human = run(dir.path(), &["stats"], "");
    assert!(String::from_utf8(human.stdout).unwrap().contains("they agree"));
}

#[test]
fn the_holder_of_the_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["load", "-"], GOOD).status.success());
    let settings = StoreSettings { owner: "a patient test".to_owned(), ..Default::default() };
    let held = Store::open(&dir.path().join("documents"), &settings).unwrap();
    for arguments in [&["stats"][..], &["verify"], &["load", "-"]] {
        let output = run(dir.path(), arguments, GOOD);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("in use by a patient test"), "{}", stderr(&output));
    }
    drop(held);
    assert!(run(dir.path(), &["stats"], "").status.success());
}

#[test]
fn a_killed_load_leaves_the_state_before_or_the_state_after() {
    let dir = tempfile::tempdir().unwrap();
    let (source, data) = (dir.path().join("source"), dir.path().join("data"));
    let options = generate::Options { offers: 150, seed: 3 };
    let all = generate::to_directory(&options, &source).unwrap().total();
    let before_file = source.join("Organization.ndjson");
    let before = std::fs::read_to_string(&before_file).unwrap();
    assert!(run(&data, &["load", "-"], &before).status.success());
    let before = before.lines().count() as u64;

    for delay_ms in [30, 120, 300, 600, 1_000, 1_500] {
        let mut child = command(&data, &["load"])
            .arg(&source)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(delay_ms));
        // It may be done already; then there is nothing to kill.
        let _ = child.kill();
        child.wait().unwrap();

        // Opening for a load that brings nothing makes index and store agree.
        let nothing = run(&data, &["load", "-"], "");
        assert!(nothing.status.success(), "{}", stderr(&nothing));
        let verification = json(&run(&data, &["verify", "--json"], ""));
        assert_eq!(verification["problem_count"], 0, "{verification}");
        let live = verification["live"].as_u64().unwrap();
        assert!(live == before || live == all, "{live} is neither {before} nor {all}");
    }
    assert!(command(&data, &["load"]).arg(&source).output().unwrap().status.success());
    assert_eq!(json(&run(&data, &["stats", "--json"], ""))["live"], all);
}
