//! Searches that ask for much: each is answered within its time, or refused with the limit it exceeds;
//! many at once too; and memory stays within bounds.

use std::thread;
use std::time::{Duration, Instant};

use e2e::client::{Answer, Client};
use e2e::harness::{self, Server};

use serde_json::{Value, json};

use crate::{JSON, outcome};

/// Time for one answer, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a server may hold beyond what it held before.
const MEMORY_GROWTH_MAX: u64 = 1 << 30;

fn searches() -> Vec<String> {
    let values = |count: usize, make: fn(usize) -> String| -> String {
        (0..count).map(make).collect::<Vec<_>>().join(",")
    };
    let filter = "(".repeat(20) + "name co a" + &" or name co e)".repeat(20);
    let alternatives = ["(organization.name co a or location.name co b)"; 12].join(" and ");
    let sort = "name,-name,_id,-_id,_lastUpdated,-_lastUpdated,status,-status,".repeat(2)
        + "name,_id,status,mode";
    let circles = values(200, |n| format!("{}|{}|500|km", 42 + n % 9, n % 8));
    let mut searches = vec![
        "Location?near=46|2|20000|km&_count=1000".to_owned(),
        "HealthcareService?location.near=46|2|20000|km&_sort=-location.name&_count=1000".to_owned(),
        format!("HealthcareService?identifier={}", values(500, |n| format!("{n}"))),
        format!("HealthcareService?location.address={}", values(500, |n| format!("rue {n}"))),
        format!("HealthcareService?_content={}", values(500, |n| format!("m{n}"))),
        format!("Location?near={circles}"),
        "PractitionerRole?organization.partof.partof.partof.partof.name:contains=a".to_owned(),
        "Organization?_has:HealthcareService:organization:_has:PractitionerRole:service:practitioner.name:contains=a".to_owned(),
        "HealthcareService?_content=a&_count=1000".to_owned(),
        "HealthcareService?_content=a%20e%20i%20o%20u%20l%20m%20n&_count=1000".to_owned(),
        "Organization?name:contains=a&name:contains=e&name:contains=i&_count=1000".to_owned(),
        "HealthcareService?_include:iterate=*&_revinclude:iterate=*&_count=1000".to_owned(),
        "Organization?_revinclude=*&_include=*&_count=1000".to_owned(),
        "Organization?_revinclude:iterate=*&_count=1".to_owned(),
        format!("Location?_sort={sort}&_count=1000"),
        format!("Location?_sort={sort},{sort}"),
        format!("HealthcareService?_filter={filter}"),
        format!("HealthcareService?_filter={alternatives}"),
        "?_count=1000&_include:iterate=*".to_owned(),
        "?_content=a&_sort=-_lastUpdated&_count=1000".to_owned(),
        "HealthcareService?organization.name:missing=false&location.name:not-in=x&_count=1000".to_owned(),
        "_history?_count=1000".to_owned(),
    ];
    // Spaces and bars are for the eye.
    for search in &mut searches {
        *search = search.replace(' ', "%20").replace('|', "%7C");
    }
    searches
}

/// A search is answered, or refused as what it is: a mistake, or too much.
fn assert_answered_or_refused(answer: &Answer, search: &str) {
    match answer.status {
        200 => assert_eq!(answer.json().unwrap_or_default()["resourceType"], "Bundle", "{search}"),
        400 => {
            let told = outcome(answer, 400);
            assert!(!told.is_empty(), "{search}");
        }
        _ => panic!("{search}: {} {}", answer.status, answer.excerpt()),
    }
}

fn ask(client: &Client, search: &str) -> Duration {
    let started = Instant::now();
    let answer = client.get(&format!("/{search}"));
    assert_answered_or_refused(&answer, search);
    started.elapsed()
}

#[test]
fn costly_searches_are_answered_or_refused() {
    let mut server =
        Server::start_with(&harness::sample_copy(), &[("ROR_ENGINE_DEADLINE_MS", "25000")]);
    let client = server.client();
    let before = server.memory_bytes("VmRSS");
    let searches = searches();
    for search in &searches {
        let took = ask(&client, search);
        assert!(took < PATIENCE, "{search}: {took:?}");
    }
    thread::scope(|scope| {
        for start in 0..8 {
            let (client, searches) = (client.clone(), &searches);
            scope.spawn(move || {
                let from_start = searches.iter().cycle().skip(start * 3);
                for search in from_start.take(4) {
                    ask(&client, search);
                }
            });
        }
    });
    assert!(server.is_alive(), "{}", server.log());
    let peak = server.memory_bytes("VmHWM");
    println!("memory: {} MiB before, {} MiB at most", before >> 20, peak >> 20);
    assert!(peak < before + MEMORY_GROWTH_MAX, "{} MiB", peak >> 20);
    assert!(!server.whole_log().contains("panicked"), "{}", server.log());
}

#[test]
fn limits_are_named() {
    let environment = [
        ("ROR_LIMITS_OR_VALUES", "3"),
        ("ROR_LIMITS_CHAIN_DEPTH", "2"),
        ("ROR_LIMITS_SORT_KEYS", "2"),
        ("ROR_LIMITS_FILTER_DEPTH", "2"),
        ("ROR_LIMITS_PARAMETERS", "3"),
        ("ROR_LIMITS_URL_BYTES", "300"),
    ];
    let server = Server::start_with(&harness::new_folder("data"), &environment);
    let client = server.client();
    // (search within the limit, search beyond it, the limit in the answer, its status)
    let rows = [
        ("Location?name=a,b,c", "Location?name=a,b,c,d", "3", 400),
        ("Location?partof.name=a", "Location?partof.partof.partof.name=a", "2", 400),
        ("Location?_sort=name,_id", "Location?_sort=name,_id,status", "2", 400),
        ("Location?_filter=(name%20eq%20a)", "Location?_filter=(((name%20eq%20a)))", "2", 400),
        ("Location?name=a&name=b", "Location?name=a&name=b&name=c&name=d", "3", 400),
    ];
    for (within, beyond, limit, status) in rows {
        let answer = client.get(&format!("/{within}"));
        assert_eq!(answer.status, 200, "{within}: {}", answer.excerpt());
        let told = outcome(&client.get(&format!("/{beyond}")), status);
        assert!(told.contains(limit), "{beyond}: {told}");
    }
    let long = format!("/Location?name={}", "a".repeat(300));
    assert!(outcome(&client.get(&long), 414).contains("300"));
}

#[test]
fn an_include_of_one_match_is_bounded_and_said() {
    let environment = [("ROR_LIMITS_INCLUDES", "5")];
    let server = Server::start_with(&harness::sample_copy(), &environment);
    let client = server.client();
    let answer =
        client.get("/Organization?_count=1&_sort=_id&_revinclude:iterate=*&_include:iterate=*");
    let mut next = Some(answer);
    let mut cut = 0;
    for _ in 0..40 {
        let Some(answer) = next.take() else { break };
        let page = e2e::searchset::Page { bundle: answer.json().expect("a Bundle") };
        assert!(page.includes().len() <= 5, "{}", page.includes().len());
        let issues = page.outcome_issues();
        let told = issues.iter().any(|issue| {
            issue["diagnostics"].as_str().is_some_and(|text| text.contains("limits.includes"))
        });
        assert!(!told || page.includes().len() == 5, "{issues:?}");
        cut += usize::from(told);
        next = page.link("next").map(|link| client.follow(link).expect("a link of the server"));
    }
    assert!(cut > 0, "some organization brings in more than five resources");
}

fn bundle(kind: &str, entries: &[Value]) -> Vec<u8> {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries}).to_string().into_bytes()
}

fn get(url: &str) -> Value {
    json!({"request": {"method": "GET", "url": url}})
}

#[test]
fn the_answers_of_a_bundle_are_bounded_together() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    let before = server.memory_bytes("VmHWM");
    let pages: Vec<Value> = (0..200).map(|_| get("HealthcareService?_count=1000")).collect();
    let answer = client.send("POST", "", &[JSON], Some(&bundle("batch", &pages)));
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    let entries =
        answer.json().unwrap_or_default()["entry"].as_array().cloned().unwrap_or_default();
    assert_eq!(entries.len(), pages.len());
    let refused = entries.iter().filter(|entry| {
        let issue = &entry["response"]["outcome"]["issue"][0];
        let is_refused = entry["response"]["status"] == "400 Bad Request";
        assert_eq!(is_refused, issue["code"] == "too-costly", "{issue}");
        assert_eq!(is_refused, entry["resource"].is_null());
        is_refused
    });
    let answered = entries.len() - refused.count();
    assert!((5..pages.len()).contains(&answered), "{answered}");
    let peak = server.memory_bytes("VmHWM");
    println!("{answered} entries; {} MiB before, {} MiB at most", before >> 20, peak >> 20);
    assert!(peak < before + (320 << 20), "{} MiB", (peak - before) >> 20);
}

#[test]
fn a_write_in_a_bundle_without_room_is_done_and_said() {
    let environment = [("ROR_LIMITS_BUNDLE_ANSWER_BYTES", "2000")];
    let server = Server::start_with(&harness::new_folder("data"), &environment);
    let client = server.client();
    let put = |id: &str| {
        let mut place = crate::place(id, id);
        place["description"] = json!("x".repeat(1_200));
        let url = format!("Location/{id}");
        json!({"resource": place, "request": {"method": "PUT", "url": url}})
    };
    for kind in ["batch", "transaction"] {
        let ids = [format!("{kind}-1"), format!("{kind}-2"), format!("{kind}-3")];
        let mut entries: Vec<Value> = ids.iter().map(|id| put(id)).collect();
        entries.push(get("Location?_count=1"));
        let headers = [JSON, ("Prefer", "return=representation")];
        let answer = client.send("POST", "", &headers, Some(&bundle(kind, &entries)));
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        let answer = answer.json().unwrap_or_default();
        let entries = answer["entry"].as_array().expect("entries");
        let said = |entry: &&Value| entry.to_string().contains("limits.bundle_answer_bytes");
        assert!(entries.iter().filter(said).count() >= 2, "{answer}");
        for (entry, id) in entries.iter().zip(&ids) {
            assert_eq!(entry["response"]["status"], "201 Created", "{entry}");
            assert_eq!(client.get(&format!("/Location/{id}")).status, 200, "{id}");
        }
    }
}
