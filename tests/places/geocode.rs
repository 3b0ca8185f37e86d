//! `$geocode` with the gazetteer alone.

use serde_json::{Value, json};

use crate::{encode, shared};

/// The candidates, each as a map of its parts; a repeated part is a list.
pub(crate) fn candidates(parameters: &Value) -> Vec<Value> {
    let all = parameters["parameter"].as_array().cloned().unwrap_or_default();
    let of = all.iter().filter(|parameter| parameter["name"] == "candidate");
    of.map(|candidate| {
        let mut map = serde_json::Map::new();
        for part in candidate["part"].as_array().expect("parts") {
            let name = part["name"].as_str().expect("a name");
            let (_, value) = part
                .as_object()
                .expect("a part")
                .iter()
                .find(|(key, _)| key.starts_with("value"))
                .expect("a value");
            match map.get_mut(name) {
                Some(Value::Array(list)) => list.push(value.clone()),
                Some(one) => *one = json!([one.clone(), value]),
                None => {
                    map.insert(name.to_owned(), value.clone());
                }
            }
        }
        map.into()
    })
    .collect()
}

pub(crate) fn ask(client: &e2e::client::Client, text: &str) -> Value {
    let answer = client.get(&format!("/$geocode?q={}", encode(text)));
    assert_eq!(answer.status, 200, "{text}: {}", answer.excerpt());
    answer.json().expect("Parameters")
}

#[test]
fn candidates_of_a_text() {
    let client = shared().client();
    // (text, label, precision, INSEE code, score)
    let rows = [
        ("7 rue porte de Buc, 78000 Versailles", "78000 Versailles", "municipality", "78646", 0.9),
        ("st-étienne", "Saint-Étienne (42)", "municipality", "42218", 1.0),
        ("La Glacerie", "Cherbourg-en-Cotentin (50)", "municipality", "50129", 0.95),
        ("Courcouronnes", "Évry-Courcouronnes (91)", "municipality", "91228", 0.95),
        ("Cherbourg-Octeville", "Cherbourg-en-Cotentin (50)", "municipality", "50129", 0.95),
        ("5e arrondissement Paris", "75005 Paris 5e Arrondissement", "municipality", "75105", 1.0),
        ("F-75012 Paris", "75012 Paris 12e Arrondissement", "municipality", "75112", 1.0),
        ("ORVAULT 44 700", "44700 Orvault", "municipality", "44114", 1.0),
        ("75015", "75015 Paris 15e Arrondissement", "postal-code", "75115", 0.95),
        ("NANTES CEDEX 2", "Nantes (44)", "municipality", "44109", 1.0),
        ("versai", "78000 Versailles", "municipality", "78646", 0.0),
        ("Versaiiles", "78000 Versailles", "municipality", "78646", 0.0),
    ];
    for (text, label, precision, code, score) in rows {
        let parameters = ask(&client, text);
        assert_eq!(parameters["resourceType"], "Parameters");
        let found = candidates(&parameters);
        let first = found.first().unwrap_or_else(|| panic!("{text}: {parameters}"));
        assert_eq!(first["label"], label, "{text}");
        assert_eq!(first["precision"], precision, "{text}");
        assert_eq!(first["commune"]["code"], code, "{text}");
        assert_eq!(first["source"], "gazetteer", "{text}");
        let given = first["score"].as_f64().expect("a score");
        let is_sure = score > 0.0;
        assert_eq!(given >= 0.7, is_sure, "{text}: {given}");
        assert!(!is_sure || (given - score).abs() < 1e-9, "{text}: {given}");
        assert!(first["latitude"].is_number() && first["longitude"].is_number(), "{text}");
        assert!(found.len() <= 5, "{text}");
    }
    let department = &candidates(&ask(&client, "Loire-Atlantique"))[0];
    assert_eq!(department["precision"], "department");
    assert_eq!(department["department"], json!({"code": "44", "display": "Loire-Atlantique"}));
    assert_eq!(department["region"]["code"], "52");
    assert!(department.get("commune").is_none());
    assert_eq!(ask(&client, "zzzzzz"), json!({"resourceType": "Parameters"}));
}

#[test]
fn by_get_by_form_and_by_parameters() {
    let client = shared().client();
    let by_get = client.get("/$geocode?q=Saint-Denis&limit=2").json();
    assert_eq!(candidates(by_get.as_ref().expect("Parameters")).len(), 2);
    let encoded = client.get("/%24geocode?q=Saint-Denis&limit=2").json();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let by_form = client.send("POST", "/$geocode", &form, Some(b"q=Saint-Denis&limit=2")).json();
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "q", "valueString": "Saint-Denis"}, {"name": "limit", "valueInteger": 2},
    ]});
    let fhir = [("Content-Type", "application/fhir+json")];
    let body = body.to_string();
    let by_parameters = client.send("POST", "/$geocode", &fhir, Some(body.as_bytes())).json();
    assert_eq!(by_get, encoded);
    assert_eq!(by_get, by_form);
    assert_eq!(by_get, by_parameters);
}

#[test]
fn it_is_declared() {
    let client = shared().client();
    let statement = client.get("/metadata").json().expect("a statement");
    let operations = statement["rest"][0]["operation"].as_array().cloned().unwrap_or_default();
    let own = operations.iter().find(|operation| operation["name"] == "geocode");
    let url = own.expect("declared")["definition"].as_str().expect("a URL").to_owned();
    let definition = client.follow(&url).expect("ours").json().expect("a definition");
    assert_eq!(definition["resourceType"], "OperationDefinition");
    let names: Vec<_> = definition["parameter"].as_array().expect("parameters").iter().collect();
    assert!(names.iter().any(|p| p["name"] == "q" && p["min"] == 1 && p["use"] == "in"));
    let location = statement["rest"][0]["resource"].as_array().expect("types").iter();
    let mut of_location = location.filter(|resource| resource["type"] == "Location");
    let parameters = of_location.next().expect("Location")["searchParam"].clone();
    assert!(parameters.as_array().expect("a list").iter().any(|p| p["name"] == "near-address"));
}

#[test]
fn mistakes_are_named() {
    let client = shared().client();
    let long = "x".repeat(301);
    let rows = [
        ("", "q"),
        ("q=", "q"),
        ("q=%20%20", "q"),
        ("q=Nantes&limit=0", "limit"),
        ("q=Nantes&limit=many", "limit"),
        ("q=Nantes&limit=21", "limit"),
        ("q=Nantes&q=Rennes", "q"),
        ("q=Nantes&town=x", "town"),
        ("q=%FF", "q"),
        (&format!("q={long}"), "q"),
    ];
    for (query, place) in rows {
        let answer = client.get(&format!("/$geocode?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.excerpt());
        let outcome = answer.json().expect("an outcome");
        let issues = outcome["issue"].as_array().expect("issues");
        assert!(issues.iter().any(|issue| issue["expression"][0] == place), "{query}: {issues:?}");
    }
}
