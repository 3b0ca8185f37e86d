//! Callers that ask for much and do not read it: what waits for them is bounded, and given up.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use e2e::harness::{self, Server};

use crate::outcome;

/// Some twenty million bytes: more than the buffers between two ends of a connection take.
const LARGE: &str = "/Organization?_count=1000&_include:iterate=*&_revinclude:iterate=*";
const SMALL: &str = "/Organization?_count=1";

/// For what happens sooner or later.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks and does not read.
fn ask(server: &Server, search: &str) -> TcpStream {
    let (authority, base) = server
        .url("fhir")
        .strip_prefix("http://")
        .and_then(|url| url.split_once('/'))
        .expect("a URL with a path");
    let mut stream = TcpStream::connect(authority).expect("the server listens");
    let head = format!("GET /{base}{search} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("a request is taken");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket");
    stream
}

#[test]
fn unread_answers_are_bounded_and_given_up() {
    // Room for two of them, given up long after a slow machine has made the second.
    let environment = [("ROR_LIMITS_UNREAD_SECONDS", "8"), ("ROR_LIMITS_UNREAD_BYTES", "45000000")];
    let mut server = Server::start_with(&harness::sample_copy(), &environment);
    let client = server.client();
    let large = client.get(LARGE);
    assert_eq!(large.status, 200, "{}", large.excerpt());
    assert!(large.body.len() > 10_000_000, "{} bytes", large.body.len());
    let before = server.memory_bytes("VmRSS");

    let silent: Vec<TcpStream> = (0..8).map(|_| ask(&server, LARGE)).collect();
    // As soon as enough of them wait, there is no room for another large answer; small ones go on.
    let started = Instant::now();
    let refused = loop {
        let answer = client.get(LARGE);
        assert_eq!(client.get(SMALL).status, 200);
        if answer.status != 200 {
            break answer;
        }
        assert!(started.elapsed() < PATIENCE, "nothing is ever refused");
    };
    assert!(outcome(&refused, 503).contains("wait to be read"), "{}", refused.excerpt());
    assert!(refused.header("retry-after").is_some());

    // They are given up, and the room comes back.
    let started = Instant::now();
    while client.get(LARGE).status != 200 {
        assert!(started.elapsed() < PATIENCE, "the room does not come back");
        sleep(Duration::from_millis(100));
    }
    sleep(Duration::from_secs(5));
    let held = server.memory_bytes("VmRSS").saturating_sub(before);
    println!("{} MiB held after all", held >> 20);
    let mut cut = 0;
    for mut stream in silent {
        let mut read = Vec::new();
        let ended = stream.read_to_end(&mut read);
        let timed_out = ended.as_ref().is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        });
        assert!(!timed_out || !read.starts_with(b"HTTP/1.1 200"), "{} bytes, open", read.len());
        cut += usize::from(read.starts_with(b"HTTP/1.1 200"));
    }
    assert!(cut > 0, "some were being answered");
    assert!(server.is_alive(), "{}", server.log());
    assert!(!server.whole_log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_slow_reader_gets_all_of_it() {
    let environment = [("ROR_LIMITS_UNREAD_SECONDS", "1")];
    let server = Server::start_with(&harness::sample_copy(), &environment);
    let whole = server.client().get("/HealthcareService?_count=1000&ror-now=2026-01-01T00:00:00Z");
    let length: usize = whole.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut stream = ask(&server, "/HealthcareService?_count=1000&ror-now=2026-01-01T00:00:00Z");
    let mut read = Vec::new();
    let mut piece = vec![0; length.max(1_000_000) / 8];
    let end = loop {
        sleep(Duration::from_millis(200));
        let count = stream.read(&mut piece).expect("the connection lives");
        read.extend_from_slice(&piece[..count]);
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..at]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            let length: usize = length.and_then(|n| n.trim().parse().ok()).expect("a length");
            if read.len() >= at + 4 + length {
                break at + 4;
            }
        }
    };
    let bundle: serde_json::Value = serde_json::from_slice(&read[end..]).expect("a whole Bundle");
    assert_eq!(bundle["total"], whole.json().unwrap_or_default()["total"]);
}
