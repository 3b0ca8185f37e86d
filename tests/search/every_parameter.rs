//! What `/metadata` promises, kept: every parameter of every type answers, splits the type in two by
//! `:missing`, and orders it where it says it does.

use e2e::client::Client;
use e2e::harness;
use e2e::sample::{items, sample};
use e2e::scenario::percent_encode;
use serde_json::Value;

/// Parameters whose values stand nowhere in the sample: types the directory does not hold, and names
/// that older guides gave to what is recorded elsewhere today.
const WITHOUT_VALUES: [&str; 0] = [];

#[test]
fn every_parameter_of_the_statement_answers() {
    let client = harness::client();
    let statement = client.get("/metadata").json().expect("a CapabilityStatement");
    let mut empty = Vec::new();
    for resource in items(&statement["rest"][0]["resource"]) {
        let resource_type = resource["type"].as_str().expect("a type");
        let all = total(&client, resource_type, "");
        assert_eq!(all, sample().ids(resource_type).len() as u64, "{resource_type}");
        for parameter in items(&resource["searchParam"]) {
            let name = parameter["name"].as_str().expect("a name");
            if is_result_parameter(name) || parameter["type"] == "special" || is_words(name) {
                continue;
            }
            let missing = total(&client, resource_type, &format!("{name}:missing=true"));
            let present = total(&client, resource_type, &format!("{name}:missing=false"));
            assert_eq!(missing + present, all, "{resource_type}?{name}:missing");
            if present == 0 {
                empty.push(format!("{resource_type}.{name}"));
            }
        }
    }
    println!("without values in the sample: {empty:?}");
    assert!(empty.iter().all(|name| !WITHOUT_VALUES.contains(&name.as_str())));
}

fn is_result_parameter(name: &str) -> bool {
    name.starts_with('_')
        && !matches!(name, "_id" | "_lastUpdated" | "_tag" | "_profile" | "_security" | "_source")
        || name.starts_with("ror-")
}

fn is_words(name: &str) -> bool {
    matches!(name, "_content" | "_text")
}

fn total(client: &Client, resource_type: &str, query: &str) -> u64 {
    let request = format!("/{resource_type}?{query}&_count=0");
    let answer = client.get(&percent_encode(&request));
    assert_eq!(answer.status, 200, "{request}: {}", answer.excerpt());
    let body: Value = answer.json().expect("a Bundle");
    body["total"].as_u64().unwrap_or_else(|| panic!("{request} has no total"))
}
