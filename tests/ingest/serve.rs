//! Serving and loading together: an empty directory, a stop, and one server per data directory.

use std::path::Path;
use std::time::{Duration, Instant};

use e2e::harness::{self, Server};

use crate::{assert_code, file, load, location, ndjson};

fn total(server: &Server) -> u64 {
    let answer = server.client().get("/Location?_count=0");
    let bundle = answer.json().unwrap_or_default();
    bundle["total"].as_u64().unwrap_or_else(|| panic!("{}", answer.excerpt()))
}

#[test]
fn an_empty_directory_is_served_and_the_server_stops_when_asked() {
    let server = Server::start(&harness::new_folder("data"));
    assert_eq!(total(&server), 0);
    let asked = Instant::now();
    let status = server.stop();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[test]
fn a_load_beside_a_running_server_is_found_by_the_next_search() {
    let data = harness::new_folder("data");
    let server = Server::start(&data);
    let path = file("one.ndjson", ndjson(&[location("a", "A")]).as_bytes());
    assert_code(&load(&data, &[], &[&path]), 0);
    assert_eq!(total(&server), 1);
    assert!(server.stop().success());
    assert_eq!(total(&Server::start(&data)), 1);
}

#[test]
fn one_server_per_data_directory() {
    let data = harness::new_folder("data");
    let server = Server::start(&data);
    let mut second = harness::command("query-api");
    second
        .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(&data);
    let second = harness::run_within(&mut second, Duration::from_secs(10));
    assert!(!second.status.success());
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains(&*name_of(&data)), "the failure names the directory: {words}");
    assert_eq!(total(&server), 0, "the first server is not disturbed");
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn what_was_loaded_survives_a_kill() {
    let data = harness::new_folder("data");
    let documents: Vec<_> = (0..500).map(|n| location(&format!("l{n}"), "L")).collect();
    assert_code(&load(&data, &[], &[&file("all.ndjson", ndjson(&documents).as_bytes())]), 0);
    let mut killed = harness::command("query-api")
        .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(&data)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("query-api starts");
    std::thread::sleep(Duration::from_millis(300));
    killed.kill().expect("a running server");
    killed.wait().expect("it ends");
    assert_eq!(total(&Server::start(&data)), 500);
}
