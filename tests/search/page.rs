//! Pages: all of them together are the whole search, once, in one order, for every size and order.

use std::collections::BTreeSet;

use e2e::client::Answer;
use e2e::harness;
use e2e::sample::{Key, sample};
use e2e::searchset::{Page, Search};
use serde_json::Value;

use crate::naive::{at, search};

fn issues_of(answer: &Answer) -> Vec<Value> {
    Page { bundle: answer.json().unwrap_or_default() }.outcome_issues()
}

#[test]
fn all_pages_are_the_whole_once() {
    let all: BTreeSet<String> = sample().ids("Location").into_iter().collect();
    for size in [7, 50, 200, 1000] {
        for order in ["", "&_sort=name", "&_sort=-_lastUpdated", "&_sort=_id"] {
            let query = format!("Location?_count={size}{order}");
            let search = search(&query);
            let ids: Vec<String> = search.matches().into_iter().map(|key| key.1).collect();
            let distinct: BTreeSet<String> = ids.iter().cloned().collect();
            assert_eq!(ids.len(), distinct.len(), "{query}: a match twice");
            assert_eq!(distinct, all, "{query}");
            let (last, full) = search.pages.split_last().expect("at least one page");
            assert!(full.iter().all(|page| page.matches().len() == size), "{query}: short page");
            assert!(last.matches().len() <= size);
            assert_eq!(search.total(), Some(all.len() as u64), "{query}");
            if size == 7 && order.is_empty() {
                assert!(search.pages.len() > 2, "the sample has several pages of seven");
            }
        }
    }
}

#[test]
fn pages_are_stable_and_the_default_is_200() {
    let order = |query: &str| -> Vec<Key> { search(query).matches() };
    let first = order("Location");
    assert_eq!(order("Location"), first);
    assert_eq!(order("Location?_count=13"), first);
    assert!(first.len() > 200, "the sample has more than one default page");
    assert_eq!(search("Location").pages[0].matches().len(), 200);
}

#[test]
fn sorting() {
    let dates = |key: &Key| -> Option<String> {
        at(sample().get(key)?, "meta.lastUpdated").first()?.as_str().map(str::to_owned)
    };
    let as_instant =
        |key: &Key| dates(key).map(|text| text.parse::<jiff::Timestamp>().expect("an instant"));
    let ascending = search("Location?_sort=_lastUpdated&_count=500").matches();
    let instants: Vec<_> = ascending.iter().filter_map(as_instant).collect();
    assert!(instants.windows(2).all(|pair| pair[0] <= pair[1]));
    let descending = search("Location?_sort=-_lastUpdated&_count=500").matches();
    let instants: Vec<_> = descending.iter().filter_map(as_instant).collect();
    assert!(instants.windows(2).all(|pair| pair[0] >= pair[1]));
    let several = search("Location?_sort=name,-_id&_count=500");
    assert_eq!(several.total(), Some(ascending.len() as u64));
}

#[test]
fn counts() {
    let client = harness::client();
    let total = sample().ids("Location").len() as u64;
    for query in ["_count=0", "_summary=count"] {
        let answer = client.get(&format!("/Location?{query}"));
        let bundle = answer.json().expect("a Bundle");
        assert_eq!(bundle["total"].as_u64(), Some(total), "{query}");
        let page = Page { bundle };
        assert!(page.matches().is_empty(), "{query}: {}", answer.excerpt());
        assert!(page.link("next").is_none(), "{query}");
    }
    let answer = client.get("/Location?_count=5000");
    let capped = issues_of(&answer);
    assert!(capped.iter().any(|issue| issue["severity"] == "warning"), "{capped:?}");
    let page = Page { bundle: answer.json().expect("a Bundle") };
    assert!(page.matches().len() <= 1000);
    for bad in ["-1", "x", "1.5", ""] {
        let status = client.get(&format!("/Location?_count={bad}")).status;
        assert!(status == 400 || (bad.is_empty() && status == 200), "_count={bad}: {status}");
    }
}

#[test]
fn broken_page_tokens_are_refused() {
    let client = harness::client();
    let first = client.get("/Location?_count=5");
    let search = Search { pages: vec![Page { bundle: first.json().expect("a Bundle") }] };
    let next = search.pages[0].link("next").expect("a next link").to_owned();
    let rest = next.strip_prefix(client.base()).expect("a link of the server").to_owned();
    let broken = format!("{}x", &rest[..rest.len() - 1]);
    for path in [broken, rest.replace("_count=5", "_count=6")] {
        let answer = client.get(&path);
        let valid = [200, 400, 404, 410].contains(&answer.status);
        assert!(valid, "{path}: {} {}", answer.status, answer.excerpt());
    }
    let truncated = &rest[..rest.len() - 8];
    let answer = client.get(truncated);
    assert!([400, 404, 410].contains(&answer.status), "{truncated}: {}", answer.status);
}

#[test]
fn a_next_link_may_be_put_together_in_another_order() {
    let client = harness::client();
    let first = client.get("/Location?status=active&name:contains=e&_sort=name&_count=5");
    let search = Search { pages: vec![Page { bundle: first.json().expect("a Bundle") }] };
    let next = search.pages[0].link("next").expect("a next link").to_owned();
    let (path, query) = next.split_once('?').expect("parameters");
    let mut reversed: Vec<&str> = query.split('&').collect();
    reversed.reverse();
    let ids = |answer: Answer| {
        assert_eq!(answer.status, 200, "{}", answer.excerpt());
        let bundle = answer.json().expect("a Bundle");
        let entries = bundle["entry"].as_array().cloned().expect("entries");
        entries.iter().map(|entry| entry["resource"]["id"].clone()).collect::<Vec<_>>()
    };
    let path = path.strip_prefix(client.base()).expect("a link of the server");
    let expected = ids(client.get(&format!("{path}?{query}")));
    assert_eq!(ids(client.get(&format!("{path}?{}", reversed.join("&")))), expected);
    let other = reversed.join("&").replace("status=active", "status=inactive");
    assert_eq!(client.get(&format!("{path}?{other}")).status, 400, "another search");
}

#[test]
fn total_may_be_left_out() {
    for (mode, present) in [("none", false), ("accurate", true), ("estimate", true)] {
        let search = search(&format!("Location?_total={mode}&_count=5"));
        let total = search.pages[0].bundle["total"].as_u64();
        assert!(total.is_some() || !present, "_total={mode}");
    }
}
