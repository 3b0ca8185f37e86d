//! A search that takes longer than its deadline ends with it: nobody else waits for what is given up.

use std::time::{Duration, Instant};

use e2e::client::{Answer, Client};
use e2e::harness::{self, Server};

use crate::outcome;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn post(client: &Client, path: &str, form: &str) -> Answer {
    client.send("POST", path, &[FORM], Some(form.as_bytes()))
}

fn values(count: usize, make: impl Fn(usize) -> String) -> String {
    (0..count).map(make).collect::<Vec<_>>().join(",")
}

/// Parameters of two thousand values each.
fn many(times: usize, name: &str, make: impl Fn(usize) -> String) -> String {
    let each = |at: usize| format!("{name}={}", values(2_000, |n| make(at * 2_000 + n)));
    (0..times).map(each).collect::<Vec<_>>().join("&")
}

/// What takes long, by where the time goes.
fn heavy() -> Vec<(&'static str, String)> {
    let circle = |n: usize| format!("{}.{n}%7C{}.5%7C19900%7Ckm", (n * 7) % 80, (n * 13) % 180);
    let circles = many(20, "location.near", circle);
    let date = |n: usize| format!("ne19{:02}-{:02}-{:02}", n % 99, n % 12 + 1, n % 28 + 1);
    let words = |n: usize| format!("motus{n:06}");
    let words = (0..10).map(|at| format!("_content={}", values(1_000, |n| words(at * 1_000 + n))));
    let words = words.collect::<Vec<_>>().join("&");
    let negated = words.replace("_content=", "organization._content=").replace(',', "%20-");
    let all = "_count=1000&_include:iterate=*&_revinclude:iterate=*";
    let sorted = format!("_sort=-location.name,near&location.near=46%7C2%7C20000%7Ckm&{all}");
    vec![
        ("/HealthcareService/_search", circles.clone()),
        ("/HealthcareService/$facets", circles),
        ("/HealthcareService/_search", many(40, "_lastUpdated", date)),
        ("/HealthcareService/_search", negated),
        ("/HealthcareService/_search", words),
        ("/Organization/_search", many(40, "name:contains", |n| format!("n{n}"))),
        ("/Organization/_search", all.to_owned()),
        ("/HealthcareService/_search", sorted),
        ("/HealthcareService/$facets", String::new()),
    ]
}

#[test]
fn an_abandoned_search_gives_its_worker_back() {
    let environment = [
        ("ROR_ENGINE_WORKERS", "1"),
        ("ROR_ENGINE_DEADLINE_MS", "150"),
        ("ROR_LIMITS_SEARCH_VALUES", "1000000"),
        ("ROR_LIMITS_SEARCH_WORDS", "1000000"),
    ];
    let server = Server::start_with(&harness::sample_copy(), &environment);
    let client = server.client();
    let mut abandoned = 0;
    for (path, form) in heavy() {
        let excerpt = &form[..form.len().min(60)];
        let answer = post(&client, path, &form);
        match answer.status {
            200 | 400 => {}
            504 => {
                abandoned += 1;
                outcome(&answer, 504);
            }
            _ => panic!("{path} {excerpt}: {} {}", answer.status, answer.excerpt()),
        }
        // The one worker is soon free again; a second is far less than any of these takes.
        let given_up = Instant::now();
        let mut answer = client.get("/HealthcareService?_id=741");
        while answer.status == 503 && given_up.elapsed() < Duration::from_secs(1) {
            answer = client.get("/HealthcareService?_id=741");
        }
        let took = given_up.elapsed();
        assert_eq!(answer.status, 200, "after {path} {excerpt}: {took:?} {}", answer.excerpt());
    }
    println!("{abandoned} searches were abandoned");
    assert!(abandoned > 0, "nothing here takes longer than 150 ms");
}

#[test]
fn the_values_and_words_of_all_parameters_are_bounded() {
    let environment = [("ROR_LIMITS_SEARCH_VALUES", "6"), ("ROR_LIMITS_SEARCH_WORDS", "4")];
    let server = Server::start_with(&harness::new_folder("data"), &environment);
    let client = server.client();
    // (within, beyond, what the answer says)
    let rows = [
        ("name=a,b,c&status=active&name=d,e", "name=a,b,c&status=active&name=d,e,f", "6 values"),
        (
            "name=a,b,c,d,e&_filter=name%20eq%20a",
            "name=a,b,c,d,e&_filter=name%20eq%20a%20or%20name%20eq%20b",
            "6 values",
        ),
        ("_content=w1%20w2&_content=w3%20w4", "_content=w1%20w2&_content=w3%20w4%20w5", "4 words"),
        ("_content=w1%20w2,w3&_text=w4", "_content=w1%20w2,w3&_text=w4%20w5", "4 words"),
        ("_content=%22w1%20w2%22%20-w3", "_content=%22w1%20w2%22%20-w3%20w4%20w5", "4 words"),
    ];
    for (within, beyond, limit) in rows {
        for path in ["/Location", "/Location/_search"] {
            let ask = |form: &str| match path {
                "/Location" => client.get(&format!("{path}?{form}")),
                _ => post(&client, path, form),
            };
            let answer = ask(within);
            assert_eq!(answer.status, 200, "{within}: {}", answer.excerpt());
            let told = outcome(&ask(beyond), 400);
            assert!(told.contains(limit), "{beyond}: {told}");
        }
    }
}

#[test]
fn many_values_are_answered_within_the_limits() {
    let server = Server::start_with(&harness::sample_copy(), &[]);
    let client = server.client();
    let total = |form: &str| {
        let answer = post(&client, "/HealthcareService/_search", &format!("{form}&_count=0"));
        let bundle = answer.json().unwrap_or_default();
        bundle["total"].as_u64().unwrap_or_else(|| panic!("{}", answer.excerpt()))
    };
    // The parts that a long list is cut into find what the whole finds.
    let all = total("");
    let nowhere = |n: usize| format!("-{}.5%7C-150%7C1%7Ckm", n % 80);
    let somewhere = "46%7C2%7C20000%7Ckm";
    let places = total(&format!("location.near={somewhere}"));
    assert!(places > 0 && places <= all);
    for at in [0, 15, 16, 17, 100] {
        let circle = |n: usize| if n == at { somewhere.to_owned() } else { nowhere(n) };
        assert_eq!(total(&format!("location.near={}", values(101, circle))), places, "{at}");
    }
    let id = total("_id=741");
    assert_eq!(id, 1);
    for at in [0, 63, 64, 65, 199] {
        let name = |n: usize| if n == at { "741".to_owned() } else { format!("x{n}") };
        assert_eq!(total(&format!("_id={}", values(200, name))), 1, "{at}");
    }
    let started = Instant::now();
    assert_eq!(
        total(&format!("active={}", values(2_000, |_| "true".to_owned()))),
        total("active=true")
    );
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
