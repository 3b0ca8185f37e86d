//! Requests that mean harm, replayed against a server: each is answered with a 4xx and an
//! `OperationOutcome` (a mere oddity of a search may be answered as a search), nothing is stored, nothing
//! panics, and memory stays within bounds.
//!
//! What is small stands in `tests/hostile`; what is large is made here.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use e2e::client::{Answer, Client};
use e2e::harness::{self, Server};
use e2e::sample::repository;
use serde_json::{Value, json};

use crate::{JSON, outcome, place, put, total};

/// What a server may hold beyond what it held before.
const MEMORY_GROWTH_MAX: u64 = 700 << 20;
/// An answer larger than this to a hostile request is a weapon of its own.
const ANSWER_MAX: usize = 1 << 20;

/// A server with one resource, and what it must look like afterwards.
struct Victim {
    server: Server,
    client: Client,
    memory: u64,
    before: (u64, Value),
}

impl Victim {
    fn new() -> Self {
        let environment = [
            ("ROR_LIMITS_BODY_SECONDS", "2"),
            ("ROR_ENGINE_DEADLINE_MS", "60000"),
            ("ROR_LOG", "warn"),
        ];
        let server = Server::start_with(&harness::new_folder("data"), &environment);
        let client = server.client();
        let mut target = place("target", "target");
        target["position"] = json!({"longitude": 2, "latitude": 48});
        assert_eq!(put(&client, &target).status, 201);
        let memory = server.memory_bytes("VmRSS");
        let before = state(&client);
        Self { server, client, memory, before }
    }

    /// Nothing was stored, nothing panicked, and the server answers.
    fn assert_unharmed(mut self) {
        assert!(self.server.is_alive(), "{}", self.server.log());
        assert_eq!(state(&self.client), self.before);
        let words = self.server.whole_log();
        assert!(!words.contains("panicked"), "{}", self.server.log());
        let peak = self.server.memory_bytes("VmHWM");
        assert!(peak < self.memory + MEMORY_GROWTH_MAX, "{} MiB", peak >> 20);
        assert!(self.server.stop().success());
    }
}

/// Number of resources, and the newest change of all.
fn state(client: &Client) -> (u64, Value) {
    let history = client.get("/_history?_count=1").json().expect("a Bundle");
    (total(client, "/?_count=0"), history["entry"].clone())
}

fn corpus(path: &str) -> PathBuf {
    repository().join("tests/hostile").join(path)
}

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(corpus(folder))
        .expect("the corpus")
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a file of the corpus"))
        })
        .collect();
    files.sort();
    assert!(files.len() > 20, "the corpus is not whole");
    files
}

fn lines(file: &str) -> Vec<String> {
    let text = fs::read_to_string(corpus(file)).expect("a file of the corpus");
    text.lines().map(str::to_owned).collect()
}

/// Bodies too large for a file of the corpus.
fn large_bodies() -> Vec<(String, Vec<u8>)> {
    let nested = |open: &str, close: &str, depth: usize| {
        let inner = open.repeat(depth) + "1" + &close.repeat(depth);
        format!(r#"{{"resourceType":"Location","alias":{inner}}}"#)
    };
    let of = |element: &str, count: usize| {
        let elements = vec![element; count].join(",");
        format!(r#"{{"resourceType":"Location","identifier":[{elements}]}}"#)
    };
    let extensions = r#"{"url":"http://x","extension":["#.repeat(2_000) + &"]}".repeat(2_000);
    let fields = (0..100_000).fold(String::new(), |mut text, n| {
        write!(text, r#","f{n}":1"#).expect("text takes text");
        text
    });
    let entries = vec![r#"{"request":{"method":"GET","url":"Location"}}"#; 6_000].join(",");
    let bodies = [
        ("arrays in arrays", nested("[", "]", 100_000)),
        ("objects in objects", nested(r#"{"a":"#, "}", 100_000)),
        ("only opened", "[".repeat(1_000_000)),
        (
            "extensions in extensions",
            format!(r#"{{"resourceType":"Location","extension":[{extensions}]}}"#),
        ),
        ("a million numbers", of("0", 1_000_000)),
        ("a million empty objects", of("{}", 1_000_000)),
        ("a million nulls", of("null", 800_000)),
        ("a hundred thousand elements", format!(r#"{{"resourceType":"Location"{fields}}}"#)),
        (
            "a long number",
            format!(
                r#"{{"resourceType":"Location","position":{{"longitude":{},"latitude":1}}}}"#,
                "1".repeat(3 << 20)
            ),
        ),
        ("a long key", format!(r#"{{"resourceType":"Location","{}":1}}"#, "k".repeat(3 << 20))),
        ("a long type", format!(r#"{{"resourceType":"{}"}}"#, "T".repeat(3 << 20))),
        (
            "a string of 3 MB",
            format!(r#"{{"resourceType":"Location","name":"{}"}}"#, "é".repeat(3 << 19)),
        ),
        (
            "a string of 10 MB",
            format!(r#"{{"resourceType":"Location","name":"{}"}}"#, "a".repeat(10 << 20)),
        ),
        (
            "too many entries",
            format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{entries}]}}"#),
        ),
    ];
    bodies.into_iter().map(|(name, body)| (name.to_owned(), body.into_bytes())).collect()
}

/// Asserts that an answer refuses in clear words, and not at length.
fn assert_refused(answer: &Answer, what: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.excerpt());
    outcome(answer, answer.status);
    assert!(answer.body.len() < ANSWER_MAX, "{what}: an answer of {} bytes", answer.body.len());
}

#[test]
fn bodies() {
    let victim = Victim::new();
    let requests = [
        ("POST", "/Location"),
        ("PUT", "/Location/hostile"),
        ("POST", ""),
        ("PUT", "/Location?identifier=target"),
    ];
    let large = large_bodies().into_iter().map(|body| (body, 1));
    let small = files("bodies").into_iter().map(|body| (body, requests.len()));
    for (number, ((name, body), ways)) in small.chain(large).enumerate() {
        // What is large is sent one way or another.
        for (method, path) in requests.iter().cycle().skip(number).take(ways) {
            let answer = victim.client.send(method, path, &[JSON], Some(&body));
            assert_refused(&answer, &format!("{method} {path} {name}"));
        }
        let media = [JSON.1, "application/json-patch+json"][number % 2];
        let header = [("Content-Type", media)];
        let answer = victim.client.send("PATCH", "/Location/target", &header, Some(&body));
        assert_refused(&answer, &format!("PATCH {media} {name}"));
    }
    victim.assert_unharmed();
}

fn operation(path: &str) -> Value {
    json!({"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", "valueInteger": 1},
    ]})
}

#[test]
fn patches() {
    let victim = Victim::new();
    let parameters = |operations: Vec<Value>| {
        let body = json!({"resourceType": "Parameters", "parameter": operations});
        body.to_string().into_bytes()
    };
    let long = [
        "Location".to_owned() + &".name".repeat(100_000),
        format!("Location.name{}", "[0]".repeat(100_000)),
        format!("{}Location.name{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("Location{}", ".where(name = name".repeat(10_000)),
        format!("Location.where({} true)", "name = name and ".repeat(50_000)),
    ];
    let paths = lines("paths.txt").into_iter().chain(long);
    let mut patches = files("patches");
    patches.extend(paths.map(|path| {
        let name = path.chars().take(60).collect();
        (name, parameters(vec![operation(&path)]))
    }));
    patches.push(("many".to_owned(), parameters(vec![operation("Location.name"); 20_000])));
    let doubling: Vec<Value> = (0..200)
        .map(|n| json!({"op": "copy", "from": "/identifier", "path": format!("/contained/{n}")}))
        .collect();
    patches.push(("doubling".to_owned(), Value::from(doubling).to_string().into_bytes()));
    for (name, body) in patches {
        for media in ["application/fhir+json", "application/json-patch+json"] {
            let header = [("Content-Type", media)];
            let answer = victim.client.send("PATCH", "/Location/target", &header, Some(&body));
            assert_refused(&answer, &format!("{media} {name}"));
        }
    }
    victim.assert_unharmed();
}

/// Sends bytes as they are, and reads the answer to its end.
fn exchange(server: &Server, bytes: &[u8]) -> Answer {
    let address = server.url("page").trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    // The server may answer and close before it has read everything.
    let _sent = stream.write_all(bytes);
    let mut received = Vec::new();
    let _ended = stream.read_to_end(&mut received);
    let text = String::from_utf8_lossy(&received);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, headers: ureq::http::HeaderMap::new(), body: body.as_bytes().to_vec() }
}

fn get(server: &Server, target: &str) -> Answer {
    let head = format!("GET /fhir{target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(server, head.as_bytes())
}

/// A search may be answered; what is wrong with it is a 4xx.
fn assert_answered(answer: &Answer, what: &str) {
    if answer.status == 200 {
        let type_of = answer.json().unwrap_or_default()["resourceType"].clone();
        assert!(type_of == "Bundle" || type_of == "Location", "{what}: {}", answer.excerpt());
        assert!(answer.body.len() < ANSWER_MAX, "{what}: an answer of {} bytes", answer.body.len());
    } else {
        assert_refused(answer, what);
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02X}").expect("text takes text");
        out
    })
}

#[test]
fn queries() {
    let victim = Victim::new();
    let server = &victim.server;
    let many = |parameter: &str, count: usize| vec![parameter; count].join("&");
    let mut targets = lines("queries.txt");
    targets.extend([
        format!("/Location?{}", many("name=a", 10_000)),
        format!("/Location?{}", many("name=a", 4_000)),
        format!("/Location?name={}", "a,".repeat(15_000)),
        format!("/Location?name={}", "a".repeat(30_000)),
        format!("/Location?{}=a", "partof.".repeat(4_000)),
        format!("/Location?{}name=a", "_has:Location:partof:".repeat(1_000)),
        format!("/Location?_sort={}", "name,".repeat(5_000)),
        format!("/Location?_elements={}", "a,".repeat(10_000)),
        format!("/Location?_content={}", "a%20".repeat(7_000)),
        format!("/Location?_content={}", "%22".repeat(9_001)),
        format!("/Location?{}", many("_include=*", 3_000)),
        format!("/Location?near={}", "48%7C2%7C1%7Ckm,".repeat(1_500)),
        format!("/Location?{}", "%25".repeat(10_000)),
        format!("/{}", "a/".repeat(10_000)),
    ]);
    for target in targets {
        let short: String = target.chars().take(80).collect();
        assert_answered(&get(server, &target), &short);
        let form = target.strip_prefix("/Location?").unwrap_or_default();
        let header = ("Content-Type", "application/x-www-form-urlencoded");
        let answer =
            victim.client.send("POST", "/Location/_search", &[header], Some(form.as_bytes()));
        assert_answered(&answer, &format!("form: {short}"));
    }
    victim.assert_unharmed();
}

#[test]
fn filters() {
    let victim = Victim::new();
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{}name eq \"a\"{}", open.repeat(depth), close.repeat(depth))
    };
    let mut filters = lines("filters.txt");
    filters.extend([
        nested("(", ")", 3_000),
        nested("not (", ")", 1_500),
        nested("partof[", "]", 1_000),
        vec!["name eq a"; 800].join(" or "),
        vec!["name eq a"; 800].join(" and "),
        // Unfolded, this is 2^20 alternatives.
        vec!["(name eq a or name eq b)"; 20].join(" and "),
        vec!["(partof.name eq a or partof.name eq b)"; 30].join(" and "),
        format!("name eq {}", "\"".repeat(3_001)),
    ]);
    for filter in filters {
        let short: String = filter.chars().take(80).collect();
        let target = format!("/Location?_filter={}", percent_encoded(&filter));
        assert_answered(&get(&victim.server, &target), &short);
    }
    victim.assert_unharmed();
}

#[test]
fn heads_and_broken_bodies() {
    let victim = Victim::new();
    let server = &victim.server;
    let post = |headers: &str, body: &str| {
        format!(
            "POST /fhir/Location HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/fhir+json\r\n{headers}\r\n{body}"
        )
    };
    let resource = place("new", "new").to_string();
    let length = resource.len();
    let with = |header: &str| post(&format!("Content-Length: {length}\r\n{header}\r\n"), &resource);
    let put_with =
        |header: &str| with(header).replacen("POST /fhir/Location", "PUT /fhir/Location/target", 1);
    let rows = [
        ("garbage", "\u{1}\u{2}\u{3}\r\n\r\n".to_owned()),
        ("no path", "GET\r\n\r\n".to_owned()),
        ("no version", "GET /fhir/Location\r\n\r\n".to_owned()),
        ("space in the path", "GET /fhir/Loc ation HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        ("a header without colon", with("Nonsense")),
        ("a length that is no number", post("Content-Length: many\r\n", &resource)),
        ("a negative length", post("Content-Length: -1\r\n", &resource)),
        ("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", &resource)),
        ("headers too large", with(&format!("X-Long: {}", "a".repeat(1 << 20)))),
        (
            "too many headers",
            with(
                (0..5_000).fold(String::new(), |text, n| format!("{text}X-{n}: a\r\n")).trim_end(),
            ),
        ),
        ("a chunk that is none", post("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n")),
        (
            "a chunk that is too large",
            post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n"),
        ),
        ("If-Match of no version", put_with("If-Match: x")),
        ("If-Match of another version", put_with("If-Match: W/\"99\"")),
        ("If-Match of all", put_with("If-Match: W/\"99999999999999999999\"")),
        ("If-None-Exist of nothing", with("If-None-Exist: ")),
        ("If-None-Exist without sense", with("If-None-Exist: %zz=%zz&&&")),
        ("If-None-Exist of the unheard", with("If-None-Exist: unheard=a")),
        ("another type", with("X: y").replace("application/fhir+json", "text/\u{e9}")),
        ("a method of nobody", with("X: y").replacen("POST", "EXPLODE", 1)),
        (
            "a body that breaks off",
            post(&format!("Content-Length: {}\r\n", length + 100), &resource),
        ),
        (
            "a chunked body that breaks off",
            post("Transfer-Encoding: chunked\r\n", "5\r\n{\"res\r\n"),
        ),
    ];
    for (what, bytes) in rows {
        let answer = exchange(server, bytes.as_bytes());
        // A head that is no HTTP at all, and a body that never ends, may be hung up on.
        if answer.status == 0 {
            assert!(answer.body.is_empty(), "{what}");
            continue;
        }
        assert_refused(&answer, what);
    }
    victim.assert_unharmed();
}

#[test]
fn slow_bodies_end_and_hold_nobody_up() {
    let victim = Victim::new();
    let address = victim.server.url("page").trim_start_matches("http://").trim_end_matches('/');
    let head = "POST /fhir/Location HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 1000\r\n\r\n{";
    let mut slow: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("the server listens");
            stream.write_all(head.as_bytes()).expect("the server reads");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
            stream
        })
        .collect();
    assert_eq!(victim.client.get("/Location/target").status, 200);
    assert_eq!(total(&victim.client, "/Location?identifier=target&_count=0"), 1);
    for stream in &mut slow {
        let mut received = vec![0; 4096];
        let got = stream.read(&mut received).expect("an answer in time");
        let text = String::from_utf8_lossy(&received[..got]);
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        assert!(text.contains("OperationOutcome"), "{text}");
    }
    drop(slow);
    victim.assert_unharmed();
}
