//! HTTP around the search: reading with versions and conditions, POST, HEAD, content codings, media
//! types, and the documents of the server itself.

use std::io::{Read, Write};
use std::net::TcpStream;

use e2e::client::{Answer, Client};
use e2e::harness;
use e2e::sample::sample;
use flate2::read::GzDecoder;
use serde_json::Value;

fn client() -> Client {
    harness::client()
}

fn get(path: &str, headers: &[(&str, &str)]) -> Answer {
    client().send("GET", path, headers, None)
}

fn first_location() -> String {
    sample().ids("Location").into_iter().next().expect("a Location")
}

#[test]
fn read_and_its_conditions() {
    let path = format!("/Location/{}", first_location());
    let answer = get(&path, &[]);
    assert_eq!(answer.status, 200);
    let document = answer.json().expect("a resource");
    let version = document["meta"]["versionId"].as_str().expect("a version");
    let etag = answer.header("ETag").expect("an ETag").to_owned();
    assert_eq!(etag, format!("W/\"{version}\""));
    let modified = answer.header("Last-Modified").expect("a date").to_owned();
    assert!(modified.ends_with("GMT"), "{modified}");
    assert!(answer.header("Content-Type").is_some_and(|t| t.starts_with("application/fhir+json")));
    let rows = [
        ("If-None-Match", etag.as_str(), 304),
        ("If-None-Match", "W/\"999\"", 200),
        ("If-None-Match", "*", 304),
        ("If-Modified-Since", modified.as_str(), 304),
        ("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", 200),
    ];
    for (name, value, status) in rows {
        let answer = get(&path, &[(name, value)]);
        assert_eq!(answer.status, status, "{name}: {value}");
        assert!(status == 200 || answer.body.is_empty(), "{name}: {value}");
    }
    let versioned = get(&format!("{path}/_history/{version}"), &[]);
    assert_eq!(versioned.json(), Some(document));
    assert_eq!(get(&format!("{path}/_history/999"), &[]).status, 404);
}

#[test]
fn post_search_is_search() {
    let query = "_lastUpdated=ge2000&_count=7&_sort=_id";
    let by_get = get(&format!("/Location?{query}"), &[]).json().expect("a Bundle");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answers = [
        client().send("POST", "/Location/_search", &form, Some(query.as_bytes())),
        client().send(
            "POST",
            "/Location/_search?_count=7",
            &form,
            Some(b"_lastUpdated=ge2000&_sort=_id"),
        ),
    ];
    for answer in answers {
        let by_post = answer.json().unwrap_or_default();
        assert_eq!(by_post["entry"], by_get["entry"], "{}", answer.excerpt());
        assert_eq!(by_post["total"], by_get["total"]);
    }
    let json = [("Content-Type", "application/json")];
    let answer = client().send("POST", "/Location/_search", &json, Some(b"{}"));
    assert!([400, 415].contains(&answer.status), "{}", answer.status);
}

#[test]
fn post_search_keeps_positions_out_of_links() {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = b"near=47.2184%7C-1.5536%7C50%7Ckm&_count=1";
    let answer = client().send("POST", "/Location/_search", &form, Some(body));
    assert_eq!(answer.status, 200, "{}", answer.excerpt());
    let links = answer.json().expect("a Bundle")["link"].to_string();
    assert!(!links.contains("47.2184") && !links.contains("1.5536"), "{links}");
    if harness::foreign_base().is_none() {
        let log = harness::shared().log();
        assert!(!log.contains("47.2184"), "the log holds a position");
    }
}

#[test]
fn system_search_over_types() {
    let bundle = get("/?_type=Location,Task&_count=0", &[]).json().expect("a Bundle");
    let wanted = sample().ids("Location").len() + sample().ids("Task").len();
    assert_eq!(bundle["total"].as_u64(), Some(wanted as u64));
}

#[test]
fn head_is_get_without_body() {
    let location = format!("/Location/{}", first_location());
    for path in [location.as_str(), "/Location?_count=3", "/metadata", "/Location/absent"] {
        let (head, get) = (client().send("HEAD", path, &[], None), get(path, &[]));
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.body.is_empty(), "{path}");
        for name in ["Content-Type", "ETag", "Last-Modified"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

/// One exchange without the client, which hides the content coding: (head, body) as received.
fn exchange(path: &str, coding: &str) -> (String, Vec<u8>) {
    let base = client().base().to_owned();
    let authority = base.trim_start_matches("http://").split('/').next().expect("host and port");
    let mut stream = TcpStream::connect(authority).expect("the server listens");
    let path = &format!("{base}{path}")["http://".len() + authority.len()..];
    // HTTP/1.0: the body ends with the connection and is not cut into chunks.
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {authority}\r\nAccept-Encoding: {coding}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the server answers");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&answer[..end]).to_lowercase(), answer[end + 4..].to_vec())
}

#[test]
fn content_codings() {
    let path = "/Location?_count=50";
    let (head, body) = exchange(path, "identity");
    assert!(!head.contains("content-encoding"), "{head}");
    let wanted: Value = serde_json::from_slice(&body).expect("a Bundle");
    for coding in ["gzip", "br", "zstd"] {
        let (head, body) = exchange(path, coding);
        assert!(head.contains(&format!("content-encoding: {coding}")), "{coding}: {head}");
        assert!(head.contains("vary: accept-encoding"), "{coding}: {head}");
        let plain = match coding {
            "gzip" => {
                let mut plain = Vec::new();
                GzDecoder::new(&body[..]).read_to_end(&mut plain).expect("a gzip stream");
                plain
            }
            "zstd" => zstd::decode_all(&body[..]).expect("a zstd stream"),
            // The client knows this one.
            _ => get(path, &[("Accept-Encoding", "br")]).body,
        };
        let found: Value = serde_json::from_slice(&plain).expect("a Bundle");
        // The token of the next page is sealed anew each time.
        assert_eq!(found["entry"], wanted["entry"], "{coding}");
        assert_eq!(found["total"], wanted["total"], "{coding}");
    }
}

#[test]
fn media_types() {
    let accepted = [
        "application/fhir+json",
        "application/json",
        "*/*",
        "application/fhir+json; fhirVersion=4.0",
    ];
    for accept in accepted {
        let answer = get("/Location?_count=1", &[("Accept", accept)]);
        assert_eq!(answer.status, 200, "{accept}");
        assert!(answer.header("Content-Type").is_some_and(|t| t.contains("json")), "{accept}");
    }
    let refused = [
        ("/Location?_count=1", "application/fhir+xml"),
        ("/Location?_count=1", "application/xml"),
        ("/Location?_count=1&_format=xml", "*/*"),
        ("/Location?_count=1&_format=application/fhir%2Bxml", "application/fhir+json"),
        ("/metadata", "application/fhir+xml"),
    ];
    for (path, accept) in refused {
        let answer = get(path, &[("Accept", accept)]);
        assert_eq!(answer.status, 406, "{path} {accept}: {}", answer.excerpt());
        e2e::check::outcome(&answer.json().unwrap_or_default())
            .unwrap_or_else(|problem| panic!("{path}: {problem}"));
    }
    let overridden = get("/Location?_count=1&_format=json", &[("Accept", "application/fhir+xml")]);
    assert_eq!(overridden.status, 200);
    let pretty = get("/Location?_count=1&_pretty=true", &[]);
    assert!(pretty.body.contains(&b'\n'), "_pretty=true gives one line");
    assert_eq!(
        pretty.json().map(|b| b["total"].clone()),
        get("/Location?_count=1", &[]).json().map(|b| b["total"].clone())
    );
}

#[test]
fn methods_that_are_not_offered() {
    for method in ["DELETE", "PUT"] {
        let answer = client().send(method, "/Location", &[], Some(b"{}"));
        assert!(
            [400, 404, 405, 412, 415, 422, 501].contains(&answer.status),
            "{method}: {}",
            answer.status
        );
        e2e::check::outcome(&answer.json().unwrap_or_default())
            .unwrap_or_else(|problem| panic!("{method}: {problem}"));
    }
}

#[test]
fn metadata_tells_what_there_is() {
    let statement = get("/metadata", &[]).json().expect("a CapabilityStatement");
    assert_eq!(statement["resourceType"], "CapabilityStatement");
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let resources = statement["rest"][0]["resource"].as_array().expect("resources");
    let types: Vec<&str> = resources.iter().filter_map(|r| r["type"].as_str()).collect();
    for wanted in [
        "HealthcareService",
        "Organization",
        "Location",
        "Practitioner",
        "PractitionerRole",
        "Task",
        "Measure",
        "MeasureReport",
    ] {
        assert!(types.contains(&wanted), "{types:?}");
    }
    // Every parameter it names is accepted: `:missing` takes any type that has modifiers.
    for resource in resources {
        let resource_type = resource["type"].as_str().expect("a type");
        for parameter in resource["searchParam"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let kind = parameter["type"].as_str().expect("a type");
            if kind == "special"
                || name.starts_with("_co")
                || name.starts_with("_te")
                || !e2e_missing(name)
            {
                continue;
            }
            let path = format!("/{resource_type}?{name}:missing=true&_count=0");
            let answer = get(&path, &[("Prefer", "handling=strict")]);
            assert_eq!(answer.status, 200, "{path}: {}", answer.excerpt());
        }
    }
}

/// Parameters of the request rather than of the resource have no `:missing`.
fn e2e_missing(name: &str) -> bool {
    ![
        "_filter",
        "_has",
        "_list",
        "_query",
        "ror-correlation",
        "price-in-force",
        "near",
        "near-insee-code",
        "near-address",
    ]
    .contains(&name)
}
