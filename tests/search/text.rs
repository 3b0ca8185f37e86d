//! Full text: relevance by a table, phrases, exclusions, numbers, misspellings, and what it may cost.

use std::collections::BTreeSet;
use std::time::Instant;

use e2e::client::{Answer, Client};
use e2e::fold::fold;
use e2e::harness::{self, Server};
use e2e::sample::sample;
use e2e::scenario::percent_encode_value;
use e2e::searchset::Page;
use serde_json::{Value, json};

use crate::naive::{at, found};

const TABLE: &str = include_str!("relevance.tsv");

/// The answer to `Type?_content=text` with `count` matches a page.
fn ask(client: &Client, base: &str, text: &str, count: usize) -> Answer {
    let text = percent_encode_value(text);
    client.get(&format!("/{base}?_content={text}&_count={count}"))
}

fn page(client: &Client, base: &str, text: &str, count: usize) -> Page {
    let answer = ask(client, base, text, count);
    assert_eq!(answer.status, 200, "{base} {text}: {}", answer.excerpt());
    Page { bundle: answer.json().expect("a Bundle") }
}

fn total(page: &Page) -> u64 {
    page.bundle["total"].as_u64().expect("a total")
}

fn scores(page: &Page) -> Vec<(String, f64)> {
    let entries = at(&page.bundle, "entry").into_iter();
    let matches = entries.filter(|entry| entry["search"]["mode"] == "match");
    matches
        .map(|entry| {
            let id = entry["resource"]["id"].as_str().expect("an id").to_owned();
            (id, entry["search"]["score"].as_f64().expect("a score"))
        })
        .collect()
}

fn said(page: &Page) -> String {
    let issues = page.outcome_issues();
    issues.iter().filter_map(|issue| issue["diagnostics"].as_str()).collect::<Vec<_>>().join("; ")
}

/// What a person reads of a result first: its names and the labels of its codes.
fn headline(resource: &Value) -> String {
    const PATHS: [&str; 9] = [
        "name",
        "alias",
        "name.family",
        "specialty.coding.display",
        "type.coding.display",
        "category.coding.display",
        "code.coding.display",
        "characteristic.coding.display",
        "extension.extension.valueCodeableConcept.coding.display",
    ];
    let texts = PATHS.iter().flat_map(|path| at(resource, path)).filter_map(Value::as_str);
    texts.map(fold).collect::<Vec<_>>().join(" | ")
}

#[test]
fn what_is_typed_finds_what_is_meant() {
    let client = harness::client();
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [base, typed, expected, first, hits] = fields[..] else { panic!("a row: {line}") };
        let first: usize = first.parse().expect("a number");
        let (least, most) = hits.split_once('-').expect("bounds");
        let page = page(&client, base, typed, first);
        let total = total(&page);
        let bounds = least.parse().expect("a number")..=most.parse().expect("a number");
        let keys: Vec<String> = page.matches().into_iter().map(|key| key.1).collect();
        let as_expected = if let Some(ids) = expected.strip_prefix('=') {
            keys == ids.split(' ').collect::<Vec<_>>()
        } else {
            let documents = at(&page.bundle, "entry.resource");
            let matches = documents.iter().filter(|d| d["resourceType"] == base);
            keys.len() == first && matches.into_iter().all(|d| headline(d).contains(expected))
        };
        if !as_expected || !bounds.contains(&total) {
            wrong.push(format!("{base} {typed}: {total} hits, first {keys:?}"));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows >= 30);
}

#[test]
fn all_criteria_rank() {
    let client = harness::client();
    let first = |query: &str, count: usize| {
        let path = format!("/HealthcareService?{query}&_count={count}");
        let answer = client.get(&path);
        assert_eq!(answer.status, 200, "{query}: {}", answer.excerpt());
        Page { bundle: answer.json().expect("a Bundle") }
    };
    let page = first("_content=cardiologie&organization._content=clinique", 1);
    assert!(headline(at(&page.bundle, "entry.resource")[0]).contains("cardiologie"));
    // What one text weighs does not hide how well the other is met.
    let page = first("_content=cardio&_content=chirurgie", 200);
    let score_of = |name: &str| {
        let entries = at(&page.bundle, "entry").into_iter();
        let named = entries.filter(|entry| entry["resource"]["name"] == name);
        let scores = named.filter_map(|entry| entry["search"]["score"].as_f64());
        scores.fold(0.0, f64::max)
    };
    let (heart, chest) = (score_of("Chirurgie cardiaque"), score_of("Chirurgie thoracique"));
    assert!(heart > chest && chest > 0.0, "{heart} {chest}");
}

#[test]
fn labels_of_prices_say_little_of_a_home() {
    let client = harness::client();
    let is_public = |document: &Value| {
        let mut own = document.clone();
        let extensions = own["extension"].as_array_mut().expect("extensions");
        extensions
            .retain(|e| !e["url"].as_str().unwrap_or_default().ends_with("organization-price"));
        assert_ne!(
            own, *document,
            "a home that publishes its prices, one of which is a public tariff"
        );
        fold(&own.to_string()).contains("public")
    };
    let page = page(&client, "Organization", "ehpad public", 1_000);
    let homes: Vec<bool> = at(&page.bundle, "entry.resource")
        .into_iter()
        .filter(|document| document["resourceType"] == "Organization")
        .filter(|document| document.to_string().contains("ror-organization-price"))
        .map(is_public)
        .collect();
    let public = homes.iter().filter(|is_public| **is_public).count();
    assert!(public > 10 && public < homes.len(), "{public} of {}", homes.len());
    assert!(homes[..10].iter().all(|is_public| *is_public), "{homes:?}");
    // They are found by them all the same, as a phrase too.
    for text in ["chambre double", "\"Chambre double\"", "tarifs"] {
        let found = found(&format!("Organization?_content={text}"));
        assert!(found.len() > 50, "{text}: {}", found.len());
    }
}

#[test]
fn phrases_are_neighbors_in_one_value() {
    let holds = |document: &Value| {
        at(document, "name").iter().any(|name| {
            name.as_str().is_some_and(|name| fold(name).contains("soins intensifs de cardiologie"))
        })
    };
    let documents = sample().of_type("HealthcareService").filter(|(_, document)| holds(document));
    let named: BTreeSet<String> = documents.map(|(key, _)| key.1.clone()).collect();
    assert!(!named.is_empty());
    for typed in ["Soins intensifs de cardiologie", "SOINS-INTENSIFS DE cardiologie"] {
        let found = found(&format!("HealthcareService?_content=\"{typed}\""));
        assert!(named.is_subset(&found), "{typed}");
    }
    let words = found("HealthcareService?_content=cardiologie intensifs");
    let reversed = found("HealthcareService?_content=\"cardiologie intensifs\"");
    assert!(named.is_subset(&words) && reversed.is_empty(), "{reversed:?}");
}

#[test]
fn exclusions_leave_the_rest() {
    let all: BTreeSet<String> = sample().ids("HealthcareService").into_iter().collect();
    for part in ["cardio", "\"chirurgie cardiaque\"", "kinésithérapie", "2024"] {
        let with = found(&format!("HealthcareService?_content={part}"));
        let without = found(&format!("HealthcareService?_content=-{part}"));
        assert_eq!(&all - &with, without, "{part}");
    }
    let both = found("HealthcareService?_content=cardio -\"chirurgie cardiaque\"");
    let cardio = found("HealthcareService?_content=cardio");
    let surgery = found("HealthcareService?_content=\"chirurgie cardiaque\"");
    assert!(!surgery.is_empty());
    assert_eq!(both, &cardio - &surgery);
    // A hyphen within a word, or alone, excludes nothing.
    for text in ["chirurgie-cardiaque", "chirurgie - cardiaque"] {
        let found_by = found(&format!("HealthcareService?_content={text}"));
        assert_eq!(found_by, found("HealthcareService?_content=chirurgie cardiaque"), "{text}");
    }
    let client = harness::client();
    let ranked = page(&client, "HealthcareService", "-cardio", 5);
    let entries = at(&ranked.bundle, "entry");
    assert!(entries.iter().all(|entry| entry["search"]["score"].is_null()), "nothing is ranked");
}

#[test]
fn in_filters_chains_and_every_type() {
    let phrase = found("HealthcareService?_content=\"chirurgie cardiaque\"");
    let filtered = found("HealthcareService?_filter=_content co \"\\\"chirurgie cardiaque\\\"\"");
    assert_eq!(filtered, phrase);
    let either =
        found("HealthcareService?_filter=_content co \"cardio\" or location._content co \"IRM\"");
    let chained = found("HealthcareService?location._content=IRM");
    assert!(!chained.is_empty());
    assert_eq!(either, &found("HealthcareService?_content=cardio") | &chained);
    let hospital = found("HealthcareService?organization._content=\"chu de nantes\"");
    let others = found("HealthcareService?organization._content=-\"chu de nantes\"");
    assert!(!hospital.is_empty() && hospital.is_disjoint(&others));
    let comma = found("HealthcareService?_content=\"chirurgie cardiaque\",\"soins, intensifs\"");
    assert!(phrase.is_subset(&comma) && comma.len() > phrase.len());
    let client = harness::client();
    for base in [
        "HealthcareService",
        "Organization",
        "Location",
        "Practitioner",
        "PractitionerRole",
        "Task",
        "Measure",
        "MeasureReport",
    ] {
        for text in ["a", "\"a b\" -c", "-zzzz"] {
            page(&client, base, text, 1);
        }
    }
}

#[test]
fn readings_are_told() {
    let client = harness::client();
    for (base, typed, reading) in [
        ("HealthcareService", "cardilogie", "\"cardilogie\" was found nowhere; it was read as"),
        (
            "HealthcareService",
            "résidence autonomie",
            "\"residence\" was found nowhere; with \"residents\" instead, nothing holds",
        ),
        (
            "HealthcareService",
            "paris cardio",
            "no HealthcareService holds all of these words by itself; what it refers to is searched",
        ),
        ("Organization", "ehpad taurant xqzw", "without \"xqzw\" something does"),
        (
            "Organization",
            "résidence sainte camille",
            "\"camille\" was found nowhere with the other words; it was read as \"famille\"",
        ),
        (
            "Organization",
            "c. claudel",
            "\"c\" was found nowhere with the other words; it was read as the first letter of a word",
        ),
        ("Organization", "bellier estuaire", "no Organization holds all of these words by itself"),
        ("HealthcareService", "cardio OR dialyse", "OR is searched as a word"),
        ("HealthcareService", "350000123", "a FINESS, SIREN or ADELI number; nothing holds it"),
        ("Organization", "2A0000123", "a FINESS, SIREN or ADELI number"),
        ("Practitioner", "01 99 99 99 99", "\"0199999999\" was read as a telephone number"),
        ("Practitioner", "99999999999", "an RPPS number"),
        ("Organization", "999 999 999 99999", "a SIRET number"),
        ("Organization", "\"centre hospitalier", "a quotation mark without its other one"),
    ] {
        let page = page(&client, base, typed, 5);
        assert!(said(&page).contains(reading), "{typed}: {}", said(&page));
    }
    // Numbers, codes and acronyms are never corrected, nor is what finds something.
    for typed in ["97010017", "EHPDA", "cardio", "970100178"] {
        let page = page(&client, "Organization", typed, 5);
        assert_eq!(said(&page), "", "{typed}");
    }
    let strict = client.send(
        "GET",
        &format!("/Organization?_content={}", percent_encode_value("\"hospitalier")),
        &[("Prefer", "handling=strict")],
        None,
    );
    assert_eq!(strict.status, 400, "{}", strict.excerpt());
}

#[test]
fn much_text_is_answered_or_refused_by_name() {
    let client = harness::client();
    let words = |count: usize, between: &str| {
        (0..count).map(|n| format!("mot{n}")).collect::<Vec<_>>().join(between)
    };
    let letters = ["a", "e", "é", "1"];
    let long = "x".repeat(10_000);
    let (several, alternatives) = (words(500, " "), words(500, ","));
    let common = ["cardio", "de", "soins", "s", "-a"].repeat(100).join(",");
    let answered = [long.as_str(), &several, &alternatives, &common];
    for text in letters.into_iter().chain(answered) {
        let started = Instant::now();
        let found = page(&client, "HealthcareService", text, 1);
        let shown: String = text.chars().take(20).collect();
        println!("{shown}: {} hits in {:?} (debug build)", total(&found), started.elapsed());
    }
    let refused = ask(&client, "HealthcareService", &words(1_100, " "), 1);
    assert_eq!(refused.status, 400, "{}", refused.excerpt());
    assert!(refused.excerpt().contains("1100 words; at most 1000"), "{}", refused.excerpt());
    for text in ["?", "\"\"", "-", "CEDEX 9"] {
        let refused = ask(&client, "HealthcareService", text, 1);
        assert_eq!(refused.status, 400, "{text}");
        assert!(refused.excerpt().contains("holds no word"), "{}", refused.excerpt());
    }
}

#[test]
fn a_name_with_all_words_comes_before_one_with_half_of_them() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    let put = |id: &str, name: &str, comment: &str| {
        let body = json!({ "resourceType": "HealthcareService", "id": id, "name": name, "comment": comment,
            "identifier": [{ "value": id }],
            "providedBy": { "reference": "Organization/ej-440000289" } });
        let headers = [("Content-Type", "application/fhir+json")];
        let path = format!("/HealthcareService/{id}");
        let answer = client.send("PUT", &path, &headers, Some(body.to_string().as_bytes()));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
    };
    put("name-half", "Podologie", "Ostéopathie, ostéopathie du sport, ostéopathie");
    let long = "Consultation du mardi et du jeudi en podologie et ostéopathie des enfants";
    put("name-all", long, "Sans rendez-vous");
    put("name-none", "Soins du pied", "Podologie, podologie, ostéopathie, ostéopathie");
    for text in ["podologie ostéopathie", "ostéopathies podo", "osteopath podologie"] {
        let page = page(&client, "HealthcareService", text, 10);
        let ids: Vec<String> = page.matches().into_iter().map(|key| key.1).collect();
        assert_eq!(ids, ["name-all", "name-half", "name-none"], "{text}: {:?}", scores(&page));
    }
}

#[test]
fn scores_and_order_outlive_commits() {
    let server = Server::start(&harness::sample_copy());
    let client = server.client();
    let asked = [("HealthcareService", "cardio"), ("Organization", "centre hospitalier")];
    let ask = || asked.map(|(base, text)| scores(&page(&client, base, text, 1_000)));
    let before = ask();
    assert!(before.iter().all(|scores| scores.len() > 50));
    for scores in &before {
        assert!(scores.iter().all(|(_, score)| *score > 0.0 && *score <= 1.0));
        let sorted = scores.is_sorted_by(|a, b| a.1 > b.1 || (a.1 >= b.1 && a.0 < b.0));
        assert!(sorted, "best first, ties by id: {scores:?}");
    }
    for number in 0..100 {
        // Long, and full of the words that are asked for, in a type of their own.
        let text = format!("Cardiologie {number} centre hospitalier ").repeat(number % 7 + 1);
        let id = format!("text-{}", number % 60);
        let body = json!({ "resourceType": "Location", "id": id, "name": "Lieu", "description": text,
            "identifier": [{ "value": id }] });
        let answer = client.send(
            "PUT",
            &format!("/Location/{id}"),
            &[("Content-Type", "application/fhir+json")],
            Some(body.to_string().as_bytes()),
        );
        assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
    }
    assert_eq!(ask(), before);
    // Neither a document of the type itself, nor the restart that follows, moves the others.
    let new = json!({ "resourceType": "HealthcareService", "id": "text-new", "name": "Cardiologie cardio",
        "identifier": [{ "value": "text-new" }],
        "providedBy": { "reference": "Organization/ej-440000289" } });
    let headers = [("Content-Type", "application/fhir+json")];
    let answer = client.send(
        "PUT",
        "/HealthcareService/text-new",
        &headers,
        Some(new.to_string().as_bytes()),
    );
    assert!(matches!(answer.status, 200 | 201), "{}", answer.excerpt());
    let after = ask();
    let others: Vec<_> = after[0].iter().filter(|(id, _)| id != "text-new").cloned().collect();
    assert_eq!(others.len() + 1, after[0].len());
    assert_eq!(others, before[0]);
    assert_eq!(after[1], before[1]);
}
