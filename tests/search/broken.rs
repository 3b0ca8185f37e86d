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

/// What is said of a search that is answered.
fn told(search: &str) -> String {
    let answer = e2e::harness::client().get(&format!("/{search}"));
    assert_eq!(answer.status, 200, "{search}: {}", answer.excerpt());
    let page = e2e::searchset::Page { bundle: answer.json().expect("a Bundle") };
    let issues = page.outcome_issues();
    let texts = issues.iter().filter_map(|issue| issue["diagnostics"].as_str());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_refused_says_what_would_be_right() {
    // (search, what the answer says)
    let rows = [
        ("HealthcareService?_sort:desc=name", "write _sort=-name"),
        ("HealthcareService?_sort:asc=name", "write _sort=name"),
        ("HealthcareService?_count=1x", "a whole number from 0"),
        ("HealthcareService?_count=-1", "a whole number from 0"),
        (
            "HealthcareService?_include=HealthcareService:organization,HealthcareService:location",
            "_include=HealthcareService:organization&_include=HealthcareService:location",
        ),
        ("HealthcareService?Location.near=47%7C-1%7C5%7Ckm", "did you mean \"location\"?"),
        ("HealthcareService?.name=a", "names no reference before its first dot"),
        ("Location?capacity-max-age=2w", "P2W"),
    ];
    for (search, expected) in rows {
        let answer = e2e::harness::client().get(&format!("/{search}"));
        assert_eq!(answer.status, 400, "{search}: {}", answer.excerpt());
        let body = answer.json().unwrap_or_default();
        let text = body["issue"][0]["diagnostics"].as_str().unwrap_or_default();
        assert!(text.contains(expected), "{search}: {text}");
    }
}

#[test]
fn what_finds_nothing_or_is_ignored_is_said() {
    // (search, what the answer says; nothing where all is well)
    let rows = [
        ("HealthcareService?_elements=foo", "\"foo\" is no element of HealthcareService"),
        ("HealthcareService?_elements=id,meta,name,text", ""),
        ("Location?_elements=position,telecom,managingOrganization", ""),
        ("HealthcareService?_include=", "is ignored: it has no value"),
        ("HealthcareService?_id=HealthcareService/741", "write _id=741"),
        ("HealthcareService?_id=741", ""),
        ("HealthcareService?active=TRUE", "\"active\" is true or false"),
        ("HealthcareService?active=1", "\"active\" is true or false"),
        ("HealthcareService?active=true", ""),
        ("HealthcareService?_summary=true&_elements=name", "included resources the summary"),
        ("HealthcareService?_count=4294967296", "at most 1000"),
        ("HealthcareService?_count=99999999999999999999999", "at most 1000"),
    ];
    for (search, expected) in rows {
        let text = told(search);
        assert!(
            text.contains(expected) && text.is_empty() == expected.is_empty(),
            "{search}: {text}"
        );
    }
}

#[test]
fn a_slash_at_the_end_changes_nothing() {
    let client = e2e::harness::client();
    for (with, without) in [
        ("/HealthcareService/?_id=741", "/HealthcareService?_id=741"),
        ("/HealthcareService/741/", "/HealthcareService/741"),
    ] {
        let (with, without) = (client.get(with), client.get(without));
        assert_eq!((with.status, without.status), (200, 200));
        let bare = |answer: &e2e::client::Answer| {
            let mut body = answer.json().unwrap_or_default();
            body.as_object_mut().map(|members| members.remove("link"));
            body
        };
        assert_eq!(bare(&with), bare(&without));
    }
    assert_eq!(client.get("/Nothing/").status, 404);
    let vary: Vec<_> = client
        .get("/HealthcareService?_id=741")
        .headers
        .get_all("vary")
        .iter()
        .filter_map(|value| value.to_str().ok().map(str::to_ascii_lowercase))
        .collect();
    for header in ["accept", "prefer"] {
        let names = vary.iter().flat_map(|value| value.split(',')).map(str::trim);
        assert!(names.into_iter().any(|name| name == header), "{header}: {vary:?}");
    }
    let statement = client.get("/metadata").json().unwrap_or_default();
    let formats = serde_json::json!(["application/fhir+json", "application/json-patch+json"]);
    assert_eq!(statement["patchFormat"], formats);
}
