//! Broken requests: refused with every mistake named at once, or answered with a warning; never
//! answered as if nothing were wrong.

use e2e::check::outcome;
use e2e::client::Answer;
use e2e::harness;
use e2e::sample::items;
use e2e::scenario::percent_encode;
use e2e::searchset::Page;
use serde_json::Value;

fn ask(query: &str, headers: &[(&str, &str)]) -> Answer {
    harness::client().send("GET", &percent_encode(query), headers, None)
}

fn errors(answer: &Answer) -> Vec<Value> {
    let body = answer.json().unwrap_or_default();
    let issues = items(&body["issue"]).iter();
    issues.filter(|issue| issue["severity"] == "error").cloned().collect()
}

#[test]
fn refused_in_every_case() {
    let rows = [
        "/Location?_lastUpdated=yesterday",
        "/Location?_lastUpdated=2024-13-01",
        "/Location?_lastUpdated=ge",
        "/Location?nb-capacity=many",
        "/Location?nb-capacity=gtXR",
        "/HealthcareService?specialty:fuzzy=1",
        "/HealthcareService?name:not=x",
        "/HealthcareService?location:near=47|1|5|km",
        "/HealthcareService?location.unheard=1",
        "/HealthcareService?name.identifier=1",
        "/HealthcareService?_has:Task:focus=1",
        "/HealthcareService?_has:Nothing:focus:code=1",
        "/HealthcareService?_filter=name eq",
        "/HealthcareService?_filter=(name eq \"x\"",
        "/HealthcareService?_filter=unheard eq 1",
        "/HealthcareService?_filter=specialty zz 1",
        "/Location?near=not|a|point",
        "/Location?near=95|0|5|km",
        "/Location?near=47|-1|5|parsec",
        "/Location?_sort=unheard",
        "/Location?_summary=some",
        "/Location?_total=maybe",
        "/HealthcareService?active:missing=perhaps",
        "/HealthcareService?_id:missing=maybe",
        "/HealthcareService?specialty:in=urn:no-such-value-set",
        "/HealthcareService?organization:Task=1",
    ];
    for handling in ["handling=lenient", "handling=strict"] {
        for query in rows {
            let answer = ask(query, &[("Prefer", handling)]);
            assert_eq!(answer.status, 400, "{handling} {query}: {}", answer.excerpt());
            outcome(&answer.json().unwrap_or_default())
                .unwrap_or_else(|problem| panic!("{query}: {problem}"));
        }
    }
}

#[test]
fn all_mistakes_at_once() {
    let query = "/HealthcareService?_lastUpdated=yesterday&specialty:fuzzy=1\
                 &location:near=47|1|5|km&age-range-low=old";
    let answer = ask(query, &[]);
    assert_eq!(answer.status, 400);
    let told: Vec<String> = errors(&answer)
        .iter()
        .map(|issue| issue["diagnostics"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(told.len(), 4, "{told:#?}");
    for word in ["_lastUpdated", "specialty", "location", "age-range-low"] {
        assert!(told.iter().any(|text| text.contains(word)), "{word}: {told:#?}");
    }
}

#[test]
fn refused_under_strict_handling_else_a_warning() {
    let rows = [
        ("/HealthcareService?unheard=1", "unheard"),
        ("/HealthcareService?speciality=1", "speciality"),
        ("/HealthcareService?_include=HealthcareService:unheard", "unheard"),
        ("/HealthcareService?_include=Healthcareservice:location", "Healthcareservice"),
        ("/HealthcareService?_revincluded=Task:focus", "_revincluded"),
        ("/Location?_filter=(_id eq 1 or 2)", "_filter"),
    ];
    for (query, word) in rows {
        let strict = ask(query, &[("Prefer", "handling=strict")]);
        assert_eq!(strict.status, 400, "strict {query}: {}", strict.excerpt());
        for issue in errors(&strict) {
            let text = issue["diagnostics"].as_str().unwrap_or_default();
            assert!(text.starts_with("refused under Prefer: handling=strict"), "{query}: {text}");
        }
        for headers in [&[][..], &[("Prefer", "handling=lenient")]] {
            let lenient = ask(&format!("{query}&_count=1"), headers);
            assert_eq!(lenient.status, 200, "{query}: {}", lenient.excerpt());
            let issues = Page { bundle: lenient.json().unwrap_or_default() }.outcome_issues();
            let warned = issues.iter().any(|issue| {
                issue["severity"] == "warning"
                    && issue["diagnostics"].as_str().is_some_and(|text| text.contains(word))
            });
            assert!(warned, "{query}: no warning names {word}: {issues:?}");
        }
    }
}

#[test]
fn unknown_places() {
    let rows = [
        ("/Nothing", &[404][..]),
        ("/Nothing/1", &[404]),
        ("/Location/no-such-id", &[404]),
        ("/Location/no-such-id/_history/1", &[404]),
        ("/Location/not%20an%20id", &[400, 404]),
        ("/location", &[404]),
    ];
    for (path, statuses) in rows {
        let answer = harness::client().get(path);
        assert!(statuses.contains(&answer.status), "{path}: {}", answer.status);
        outcome(&answer.json().unwrap_or_default())
            .unwrap_or_else(|problem| panic!("{path}: {problem}"));
    }
}

#[test]
fn hostile_queries_are_answered() {
    let long = "a".repeat(20_000);
    let nested = format!("{}name eq \"x\"{}", "(".repeat(2_000), ")".repeat(2_000));
    let many = vec!["1"; 5_000].join(",");
    let chain = "partof.".repeat(200);
    let rows = [
        format!("/HealthcareService?name={long}"),
        format!("/HealthcareService?_filter={nested}"),
        format!("/HealthcareService?_id={many}"),
        format!("/HealthcareService?organization.{chain}name=x"),
        "/HealthcareService?=&&==&a".to_owned(),
        "/HealthcareService?name=\u{0}\u{7f}\u{202e}".to_owned(),
        "/HealthcareService?name=\\".to_owned(),
        "/HealthcareService?specialty=|||".to_owned(),
        "/HealthcareService?_lastUpdated=ge99999-01-01".to_owned(),
        "/HealthcareService?name=<script>alert(1)</script>".to_owned(),
    ];
    for query in rows {
        let answer = ask(&query, &[]);
        let shown: String = query.chars().take(80).collect();
        assert!(answer.status < 500, "{shown}: {} {}", answer.status, answer.excerpt());
        if answer.status != 200 {
            outcome(&answer.json().unwrap_or_default())
                .unwrap_or_else(|problem| panic!("{shown}: {problem}"));
        }
    }
}
