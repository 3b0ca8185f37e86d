//! Result parameters: `_elements` and `_summary`.

use e2e::sample::items;
use serde_json::Value;

use crate::naive::search;

fn matches(query: &str) -> Vec<Value> {
    let search = search(query);
    let page = search.pages.first().expect("a page");
    page.with_mode("match").map(|entry| entry["resource"].clone()).collect()
}

fn is_tagged(resource: &Value) -> bool {
    items(&resource["meta"]["tag"]).iter().any(|tag| tag["code"] == "SUBSETTED")
}

fn elements(resource: &Value) -> Vec<&str> {
    resource.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn elements_trim_matches_only() {
    let query =
        "HealthcareService?_elements=name,active&_include=HealthcareService:location&_count=20";
    for resource in matches(query) {
        assert!(is_tagged(&resource), "{resource}");
        let always = ["resourceType", "id", "meta", "name", "active"];
        assert!(elements(&resource).iter().all(|name| always.contains(name)), "{resource}");
        assert!(!resource["name"].is_null(), "{resource}");
    }
    let search = search(query);
    let mut includes = search.pages.iter().flat_map(|page| page.with_mode("include"));
    assert!(includes.next().is_some());
    assert!(includes.all(|entry| !is_tagged(&entry["resource"])));
}

#[test]
fn summaries() {
    for resource in matches("HealthcareService?_summary=true&_count=20") {
        assert!(is_tagged(&resource), "{resource}");
        // Source: FHIR R4, HealthcareService, elements without the summary mark.
        for left_out in ["availableTime", "notAvailable", "extraDetails", "telecom", "text"] {
            let kept = left_out == "telecom";
            assert!(kept || resource[left_out].is_null(), "{left_out} in {resource}");
        }
    }
    for resource in matches("HealthcareService?_summary=text&_count=20") {
        let allowed = ["resourceType", "id", "meta", "text"];
        assert!(elements(&resource).iter().all(|name| allowed.contains(name)), "{resource}");
    }
    for resource in matches("HealthcareService?_summary=data&_count=20") {
        assert!(resource["text"].is_null());
        assert!(!resource["identifier"].is_null() || !resource["name"].is_null(), "{resource}");
    }
    let whole = matches("HealthcareService?_summary=false&_count=20");
    assert!(whole.iter().all(|resource| !is_tagged(resource)));
    assert_eq!(whole, matches("HealthcareService?_count=20"));
}

#[test]
fn every_step_is_explained() {
    let search = search(
        "HealthcareService?organization.price-amount-per-day=lt100&_sort=organization.price-amount-per-day\
         &_include=HealthcareService:organization&_count=50&_explain=true",
    );
    let issues = search.pages[0].outcome_issues();
    let texts = issues.iter().filter_map(|issue| issue["diagnostics"].as_str());
    let text = texts.into_iter().find(|text| text.contains("us in all")).expect("an explanation");
    let mut lines = text.lines();
    let micros = |line: &str| -> u64 {
        let before = line.strip_suffix(" us").or_else(|| line.strip_suffix(" us in all:"));
        let number = before.and_then(|line| line.rsplit(' ').next());
        number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{line}"))
    };
    let all = micros(lines.next().expect("a line"));
    let steps: Vec<&str> = lines.filter(|line| !line.starts_with(' ')).collect();
    for step in ["first in order -> ", "includes -> ", "scores, distances", "documents -> "] {
        assert_eq!(steps.iter().filter(|line| line.starts_with(step)).count(), 1, "{step}: {text}");
    }
    assert!(steps.len() > 4, "criteria too: {text}");
    let told: u64 = steps.iter().map(|line| micros(line)).sum();
    assert!(told <= all, "{told} of {all}: {text}");
}
