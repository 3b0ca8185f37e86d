//! `near-address`, read by the gazetteer: what is found, what the answer says, what links hold.

use serde_json::Value;

use crate::{bundle, get, ids, issues, shared};

const ADDRESS: &str = "7 rue porte de Buc, 78000 Versailles";

fn words(bundle: &Value) -> String {
    let said = issues(bundle);
    let words = said.iter().filter_map(|issue| issue["diagnostics"].as_str());
    words.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_address_is_its_commune() {
    let client = shared().client();
    // (type, name, value, matches in order, words of the answer)
    let rows: &[(&str, &str, &str, &[&str], &str)] = &[
        (
            "Location",
            "near-address",
            "7 rue porte de Buc, 78000 Versailles|10|km",
            &["versailles"],
            "is read as 78000 Versailles (INSEE code 78646, precision municipality, score 0.9, source gazetteer)",
        ),
        ("Location", "near-address", "Versailles|30|km", &["versailles", "paris"], "score 1"),
        ("Location", "near-address", "Versailles", &["versailles"], "78646"),
        (
            "Location",
            "near-address",
            r"1 rue A\, 44800 St-Herblain|15000|m",
            &["herblain", "nantes"],
            "44162",
        ),
        ("Location", "near-address", "69003|1|km", &["lyon"], "precision postal-code"),
        ("Location", "near-address", "44093 NANTES CEDEX 1|2|km", &["nantes"], "44109"),
        ("HealthcareService", "location.near-address", "Lyon 3e|1|km", &["lyonnaise"], "69383"),
        (
            "HealthcareService",
            "_filter",
            "location.near-address eq \"1 rue B, 44800 Saint-Herblain|3|km\" and specialty eq a",
            &["suburb"],
            "44162",
        ),
        (
            "HealthcareService",
            "_filter",
            "location.near-address eq \"Lyon 3e|1|km\" or location.near eq \"47.2128|-1.6497|1|km\"",
            &["lyonnaise", "suburb"],
            "69383",
        ),
    ];
    for (resource_type, name, value, expected, said) in rows {
        let bundle = bundle(&get(&client, resource_type, &[(name, value)]));
        assert_eq!(ids(&bundle, "match"), *expected, "{value}");
        assert!(words(&bundle).contains(said), "{value}: {}", words(&bundle));
        assert!(issues(&bundle).iter().all(|issue| issue["severity"] == "information"), "{value}");
    }
}

#[test]
fn what_is_not_found_or_not_clear_finds_nothing_and_says_why() {
    let client = shared().client();
    // (address, words of the warning)
    let rows = [
        ("Saint-Denis|10|km", "may be Saint-Denis (974)"),
        ("75001 Lyon|10|km", "69123"),
        ("Rocquencourt|10|km", "may be 78150 Le Chesnay-Rocquencourt"),
        ("Rocquencourt|10|km", "60120 Rocquencourt"),
        ("Nantes, Rennes|10|km", "may be Rennes (35)"),
        ("44093 CEDEX|10|km", "Loire-Atlantique (44) (department"),
        ("Loire-Atlantique|10|km", "Loire-Atlantique (44)"),
        ("Qwertz-les-Bains|10|km", "is not found; write a postal code"),
    ];
    for (value, said) in rows {
        let answer = get(&client, "Location", &[("near-address", value)]);
        let bundle = bundle(&answer);
        assert_eq!(bundle["total"], 0, "{value}");
        let found = issues(&bundle);
        assert_eq!(found.len(), 1, "{value}: {found:?}");
        assert_eq!(found[0]["severity"], "warning", "{value}");
        let text = found[0]["diagnostics"].as_str().expect("words");
        assert!(text.contains(said) || said == "69123" && text.contains("Lyon"), "{value}: {text}");
    }
    for value in ["|10|km", "Nantes|ten|km", "Nantes|10|leagues", "Nantes|10|km|x"] {
        assert_eq!(get(&client, "Location", &[("near-address", value)]).status, 400, "{value}");
    }
    let many: Vec<String> = (0..5).map(|n| format!("near-address eq \"4400{n} X\"")).collect();
    let answer = get(&client, "Location", &[("_filter", &many.join(" or "))]);
    assert_eq!(answer.status, 400, "{}", answer.excerpt());
    let condition = get(&client, "Location", &[("near-address:missing", "true")]);
    assert_eq!(condition.status, 400);
}

#[test]
fn links_hold_no_address_and_keep_its_place() {
    let client = shared().client();
    let value = format!("{ADDRESS}|20000|km");
    let parameters = [("near-address", value.as_str()), ("_count", "4"), ("_sort", "near")];
    let whole = bundle(&get(&client, "Location", &[("near-address", &value)]));
    let mut page = bundle(&get(&client, "Location", &parameters));
    let mut paged = ids(&page, "match");
    loop {
        let links = page["link"].as_array().cloned().unwrap_or_default();
        for link in &links {
            let url = link["url"].as_str().expect("a URL").to_lowercase();
            for hidden in ["buc", "versailles", "78000", "48.8"] {
                assert!(!url.contains(hidden), "{url}");
            }
        }
        let own = links.iter().find(|link| link["relation"] == "self").expect("a self link");
        let again = client.follow(own["url"].as_str().expect("a URL")).expect("a link of ours");
        assert_eq!(ids(&bundle(&again), "match"), ids(&page, "match"));
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        page = bundle(&client.follow(next["url"].as_str().expect("a URL")).expect("ours"));
        paged.extend(ids(&page, "match"));
        assert!(paged.len() <= 20);
    }
    assert_eq!(paged, ids(&whole, "match"));
    let log = shared().log().to_lowercase();
    assert!(!log.contains("buc") && !log.contains("versailles"), "{log}");
}

#[test]
fn a_write_does_not_depend_on_an_address() {
    let path = crate::path("Location", &[("near-address", ADDRESS)]);
    let answer = shared().client().send("DELETE", &path, &[], None);
    assert_eq!(answer.status, 400, "{}", answer.excerpt());
    assert!(answer.excerpt().contains("near-address"), "{}", answer.excerpt());
}
