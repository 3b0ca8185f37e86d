//! Pages while the directory changes, over a restart and over a rebuild; tokens that are not ours; and
//! what a page costs, far from the first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use e2e::client::Client;
use e2e::harness::{self, Server};
use e2e::searchset::Page;
use serde_json::Value;

use crate::{indexer, outcome, place, put, words};

const STABLE: usize = 200;
const CHANGING: usize = 50;
/// Longest wait for one write.
const WRITE_MAX: Duration = Duration::from_secs(20);

/// A directory with places that stay as they are and places that change.
fn directory() -> std::path::PathBuf {
    let of = |kind: &str, count: usize| -> Vec<Value> {
        (0..count)
            .map(|n| {
                let mut place = place(&format!("{kind}-{n:03}"), &format!("{kind}{n}"));
                // Orders by name, by id and by distance are all different.
                place["name"] = format!("Place {:03}", n * 89 % 997).into();
                place["position"]["longitude"] = (2.0 + (n * 57 % 211) as f64 / 100.0).into();
                place["position"]["latitude"] = 48.0.into();
                place
            })
            .collect()
    };
    let documents = [of("stable", STABLE), of("changing", CHANGING)].concat();
    let text = documents.iter().fold(String::new(), |text, place| text + &place.to_string() + "\n");
    let file = harness::new_folder("pages").with_extension("ndjson");
    std::fs::write(&file, text).expect("a file in the scratch folder");
    let data = harness::new_folder("data");
    harness::load(&data, &[&file]);
    data
}

fn page(client: &Client, path: &str) -> Page {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.excerpt());
    Page { bundle: answer.json().expect("a Bundle") }
}

/// The part of a link below the base, which may have another port after a restart.
fn path_of(link: &str) -> String {
    let (_, path) = link.split_once("/fhir").expect("a link below the base");
    path.to_owned()
}

/// Follows pages from `first`; `between` is called after each with the client to go on with.
fn follow(
    client: Client,
    first: &str,
    mut between: impl FnMut(usize) -> Option<Client>,
) -> Vec<Page> {
    let mut client = client;
    let mut pages = vec![page(&client, first)];
    while let Some(next) = pages.last().and_then(|page| page.link("next")).map(path_of) {
        client = between(pages.len()).unwrap_or(client);
        pages.push(page(&client, &next));
    }
    pages
}

/// Ids of the matches that nothing changes, with how often each was seen.
fn seen(pages: &[Page]) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for (_, id) in pages.iter().flat_map(Page::matches) {
        if id.starts_with("stable-") {
            *seen.entry(id).or_default() += 1;
        }
    }
    seen
}

fn assert_each_once(pages: &[Page], what: &str) {
    let seen = seen(pages);
    assert_eq!(seen.len(), STABLE, "{what}: {} pages", pages.len());
    assert!(seen.values().all(|times| *times == 1), "{what}: {seen:?}");
}

const ORDERS: [&str; 5] =
    ["", "&_sort=name", "&_sort=-_lastUpdated", "&_sort=-_id", "&near=48|2|500|km&_sort=near"];

/// The searches of the orders that this server knows.
fn searches(client: &Client) -> Vec<String> {
    let all = ORDERS.map(|order| format!("/Location?_count=7{}", order.replace('|', "%7C")));
    let known = all.into_iter().filter(|search| client.get(search).status == 200);
    let known: Vec<String> = known.collect();
    assert!(known.len() >= 4, "{known:?}");
    known
}

#[test]
fn what_does_not_change_appears_once_whatever_else_changes() {
    let server = Server::start(&directory());
    let client = server.client();
    for search in searches(&client) {
        let (done, changes) = (AtomicBool::new(false), AtomicUsize::new(0));
        let pages = thread::scope(|scope| {
            scope.spawn(|| change_until(&done, &changes, &client));
            let pages = follow(client.clone(), &search, |number| {
                // Something changes between any two pages; a writer that has failed fails the test.
                let waiting = Instant::now();
                while changes.load(Ordering::Acquire) < number && waiting.elapsed() < WRITE_MAX {
                    thread::sleep(Duration::from_millis(1));
                }
                None
            });
            done.store(true, Ordering::Release);
            assert!(changes.load(Ordering::Acquire) + 1 >= pages.len(), "too few changes");
            pages
        });
        assert_each_once(&pages, &search);
        let issues: Vec<Value> = pages.iter().flat_map(Page::outcome_issues).collect();
        let told = issues.iter().any(|issue| {
            issue["diagnostics"].as_str().is_some_and(|text| text.contains("has changed since"))
        });
        assert!(told, "{search}: the caller is not told that the directory changed: {issues:?}");
    }
}

/// Updates, deletes and makes anew, over and over, and counts.
fn change_until(done: &AtomicBool, counter: &AtomicUsize, client: &Client) {
    while !done.load(Ordering::Acquire) {
        let changes = counter.load(Ordering::Relaxed);
        let id = format!("changing-{:03}", changes * 7 % CHANGING);
        let answer = if changes % 5 == 4 {
            client.send("DELETE", &format!("/Location/{id}"), &[], None)
        } else {
            let mut place = place(&id, &format!("{id}-{changes}"));
            place["name"] = format!("Place {:03}", changes * 31 % 997).into();
            put(client, &place)
        };
        assert!((200..300).contains(&answer.status), "{}", answer.excerpt());
        counter.fetch_add(1, Ordering::Release);
    }
}

#[test]
fn pages_go_on_after_a_restart_and_a_rebuild() {
    let data = directory();
    let first = Server::start(&data);
    let searches = searches(&first.client());
    let mut servers = vec![first];
    for search in searches {
        let client = servers.last().expect("a server").client();
        let pages = follow(client, &search, |number| match number {
            3 | 9 => {
                assert!(servers.pop().expect("a server").stop().success());
                if number == 9 {
                    let rebuilt = indexer("rebuild", &data);
                    assert!(rebuilt.status.success(), "{}", words(&rebuilt));
                }
                servers.push(Server::start(&data));
                Some(servers.last().expect("a server").client())
            }
            _ => None,
        });
        assert_each_once(&pages, &search);
        assert_eq!(pages.len(), (STABLE + CHANGING).div_ceil(7), "{search}");
        let issues: Vec<Value> = pages.iter().flat_map(Page::outcome_issues).collect();
        assert!(issues.is_empty(), "nothing was changed: {issues:?}");
    }
}

#[test]
fn foreign_tokens_are_refused() {
    let data = directory();
    let server = Server::start(&data);
    let client = server.client();
    let next = page(&client, "/Location?_count=7").link("next").map(path_of).expect("a next link");
    assert_eq!(page(&client, &next).matches().len(), 7);
    let (before, token) = next.split_once("_page=").expect("a token");
    let (token, after) = token.split_once('&').unwrap_or((token, ""));
    let letters: Vec<char> = token.chars().collect();
    for at in (0..letters.len()).step_by(5) {
        let mut changed = letters.clone();
        changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
        let changed: String = changed.into_iter().collect();
        outcome(&client.get(&format!("{before}_page={changed}&{after}")), 400);
    }
    for cut in [1, 8, letters.len() / 2, letters.len() - 1] {
        outcome(&client.get(&format!("{before}_page={}", &token[..cut])), 400);
    }
    let other_search = format!("/Location?_count=7&name=place&_page={token}");
    outcome(&client.get(&other_search), 400);
    // Another directory has another key.
    let other = Server::start(&directory());
    outcome(&other.client().get(&next), 400);
}

#[test]
fn the_last_page_costs_what_the_first_does() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    let mut times = Vec::new();
    let mut started = Instant::now();
    let pages = follow(client, "/Organization?_count=5&_elements=id", |_| {
        times.push(started.elapsed());
        started = Instant::now();
        None
    });
    assert!(pages.len() > 60, "{} pages", pages.len());
    let median = |times: &[Duration]| {
        let mut times = times.to_vec();
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (first, last) = (median(&times[..20]), median(&times[times.len() - 20..]));
    println!("{} pages: the first {first:?}, the last {last:?} (medians of 20)", pages.len());
    assert!(last < first * 4 + Duration::from_millis(20), "{first:?} {last:?}");
}
