//! The whole service over a directory in memory: one row for each thing a caller can see.

use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use shared::fhir::ResourceType::{HealthcareService, Location};

use crate::app::App;
use crate::engine::EngineError;
use crate::testing::{self, Memory, send};

const PLACE_A: &str = r#"{"resourceType":"Location","id":"a","meta":{"versionId":"3"},"status":"active","position":{"longitude":2.30}}"#;
const PLACE_B: &str = r#"{"resourceType":"Location","id":"b","name":"B"}"#;
const PLACE_C: &str = r#"{"resourceType":"Location","id":"c"}"#;

fn memory() -> Memory {
    Memory {
        resources: vec![
            (Location, "a", Some(PLACE_A)),
            (Location, "b", Some(PLACE_B)),
            (Location, "c", Some(PLACE_C)),
            (Location, "gone", None),
            (HealthcareService, "h", Some(r#"{"resourceType":"HealthcareService","id":"h"}"#)),
        ],
        failure: None,
    }
}

fn request(method: &Method, uri: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

async fn get(app: &App, uri: &str, headers: &[(&str, &str)]) -> Response {
    send(app, request(&Method::GET, uri, headers, "")).await
}

async fn post(app: &App, uri: &str, form: &str) -> Response {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send(app, request(&Method::POST, uri, &headers, form)).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn ids(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == mode)
        .map(|entry| entry["resource"]["id"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Method, path, headers, body, status, `Allow`.
type Row<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str, u16, &'a str);

#[tokio::test]
async fn every_error_is_an_outcome() {
    let app = testing::app(memory());
    let strict = ("prefer", "handling=strict");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let long = format!("/fhir/Location?x={}", "y".repeat(33_000));
    let rows: Vec<Row<'_>> = vec![
        ("GET", "/nothing", vec![], "", 404, ""),
        ("GET", "/fhir/Location/a/b/c/d", vec![], "", 404, ""),
        ("GET", "/fhir/Patient", vec![], "", 404, ""),
        ("POST", "/fhir/Patient", vec![], "{}", 404, ""),
        ("PATCH", "/fhir/RORTask/1", vec![], "{}", 404, ""),
        ("GET", "/fhir/Patient/1", vec![], "", 404, ""),
        ("GET", "/fhir/Location/%FF", vec![], "", 404, ""),
        ("GET", "/fhir/Location/absent", vec![], "", 404, ""),
        ("GET", "/fhir/Location/a%20b", vec![], "", 404, ""),
        ("GET", "/fhir/Location/a/_history/2", vec![], "", 404, ""),
        ("GET", "/fhir/Location/a/_history/x", vec![], "", 404, ""),
        ("GET", "/fhir/Location/gone", vec![], "", 410, ""),
        ("POST", "/fhir/metadata", vec![], "", 405, "GET,HEAD"),
        ("POST", "/fhir/Location/a", vec![], "", 405, "GET,HEAD,PUT,PATCH,DELETE"),
        ("DELETE", "/fhir/Location/a/_history/3", vec![], "", 405, "GET,HEAD"),
        ("PUT", "/fhir/_history", vec![], "", 405, "GET,HEAD"),
        ("GET", "/fhir/Location/_search", vec![], "", 405, "POST"),
        ("PUT", "/fhir", vec![], "{}", 405, "GET,HEAD,POST"),
        ("PATCH", "/fhir/", vec![], "{}", 405, "GET,HEAD,POST"),
        ("GET", "/fhir/Location?_format=xml", vec![], "", 406, ""),
        ("GET", "/fhir/Location/a", vec![("accept", "application/fhir+xml")], "", 406, ""),
        ("GET", "/fhir/metadata?_format=ttl", vec![], "", 406, ""),
        ("POST", "/fhir/Location/_search", vec![form], "_format=xml", 406, ""),
        (
            "POST",
            "/fhir/Location/_search",
            vec![("content-type", "application/json")],
            "{}",
            415,
            "",
        ),
        ("POST", "/fhir/Location/_search", vec![], "a=1", 415, ""),
        ("GET", &long, vec![], "", 414, ""),
        ("GET", "/fhir/Location?_lastUpdated=yesterday", vec![], "", 400, ""),
        ("GET", "/fhir/Location?speciality=1", vec![strict], "", 400, ""),
        ("GET", "/fhir/Location?name=%zz", vec![], "", 400, ""),
        ("GET", "/fhir/Location?name=%E9", vec![], "", 400, ""),
        ("GET", "/fhir/Location?_page=x", vec![], "", 400, ""),
        ("GET", "/fhir/Location?_page=x~y", vec![], "", 400, ""),
        ("GET", "/fhir/Location/a?_summary=count", vec![], "", 400, ""),
        ("GET", "/fhir/Location/a?name=x", vec![strict], "", 400, ""),
    ];
    refused(&app, rows).await;
}

#[tokio::test]
async fn every_error_of_an_operation_is_an_outcome() {
    let app = testing::app(memory());
    let form = ("content-type", "application/x-www-form-urlencoded");
    let rows: Vec<Row<'_>> = vec![
        ("GET", "/fhir/Location/$facet", vec![], "", 404, ""),
        ("POST", "/fhir/Location/$facet", vec![], "{}", 404, ""),
        ("GET", "/fhir/$facets", vec![], "", 404, ""),
        ("POST", "/fhir/%24everything", vec![], "{}", 404, ""),
        ("GET", "/fhir/Location/a/$facets", vec![], "", 404, ""),
        ("GET", "/fhir/Patient/$facets", vec![], "", 404, ""),
        ("PUT", "/fhir/Location/$facets", vec![], "{}", 405, "GET,HEAD,POST"),
        ("GET", "/fhir/OperationDefinition/facet", vec![], "", 404, ""),
        ("POST", "/fhir/Location/$facets", vec![form], "name:exacte=a", 400, ""),
        ("POST", "/fhir/Location/$facets", vec![("content-type", "text/csv")], "a", 415, ""),
        ("GET", "/fhir/$geocode", vec![], "", 400, ""),
        ("GET", "/fhir/$geocode?q=", vec![], "", 400, ""),
        ("GET", "/fhir/$geocode?q=Nantes&limit=0", vec![], "", 400, ""),
        ("GET", "/fhir/$geocode?q=Nantes&limit=21", vec![], "", 400, ""),
        ("GET", "/fhir/$geocode?q=Nantes&town=x", vec![], "", 400, ""),
        ("GET", "/fhir/Location/$geocode?q=Nantes", vec![], "", 404, ""),
        ("DELETE", "/fhir/$geocode?q=Nantes", vec![], "", 405, "GET,HEAD,POST"),
        ("GET", "/fhir/Location?near-address=Nantes%7Cten%7Ckm", vec![], "", 400, ""),
        ("GET", "/fhir/Location?near-address=%7C10%7Ckm", vec![], "", 400, ""),
        (
            "POST",
            "/fhir/Location/$facets",
            vec![form],
            "near-address=Nantes%7C10%7Cleagues",
            400,
            "",
        ),
    ];
    refused(&app, rows).await;
}

async fn refused(app: &App, rows: Vec<Row<'_>>) {
    for (method, uri, headers, body, status, allow) in rows {
        let name = format!("{method} {}", uri.chars().take(60).collect::<String>());
        let method = method.parse().unwrap();
        let response = send(app, request(&method, uri, &headers, body)).await;
        assert_eq!(response.status(), status, "{name}");
        assert_eq!(header(&response, "allow"), allow, "{name}");
        assert_eq!(header(&response, "content-type"), "application/fhir+json;charset=utf-8");
        assert!(!header(&response, "x-request-id").is_empty(), "{name}");
        let outcome = testing::json(response).await;
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{name}");
        let issue = &outcome["issue"][0];
        assert_eq!(issue["severity"], "error", "{name}");
        assert!(!issue["diagnostics"].as_str().unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn operations_describe_themselves() {
    let app = testing::app(memory());
    let statement = testing::json(get(&app, "/fhir/metadata", &[]).await).await;
    let rest = &statement["rest"][0];
    let of_types = rest["resource"].as_array().unwrap().iter().map(|r| &r["operation"]);
    let entries = of_types.chain([&rest["operation"]]).filter_map(Value::as_array).flatten();
    let mut seen = 0;
    for entry in entries {
        let url = entry["definition"].as_str().unwrap();
        let path = url.strip_prefix("http://ror.example").unwrap();
        let definition = testing::json(get(&app, path, &[]).await).await;
        assert_eq!(definition["resourceType"], "OperationDefinition");
        assert_eq!(definition["url"], url);
        assert_eq!(definition["code"], entry["name"]);
        seen += 1;
    }
    assert!(seen > 0);
    let response = get(&app, "/fhir/Location/$facet", &[]).await;
    let outcome = testing::json(response).await;
    let text = outcome["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(text.ends_with("did you mean \"$facets\"?"), "{text}");
}

#[tokio::test]
async fn all_mistakes_at_once() {
    let app = testing::app_with(memory(), &[("limits.parameters", "4")]);
    let headers = [("prefer", "handling=strict")];
    let response =
        get(&app, "/fhir/Location?_lastUpdated=yesterday&speciality=2&name=%zz&_count=1", &headers)
            .await;
    assert_eq!(response.status(), 400);
    let outcome = testing::json(response).await;
    let issues = outcome["issue"].as_array().unwrap();
    assert_eq!(issues.len(), 3, "{outcome}");
    assert!(issues.iter().all(|issue| issue["severity"] == "error"));
}

#[tokio::test]
async fn a_failing_directory() {
    let rows: [(fn() -> EngineError, u16); 4] = [
        (|| EngineError::NotReady, 503),
        (|| EngineError::Deadline, 504),
        (|| EngineError::ExpiredPage, 410),
        (|| EngineError::Defect("secret".into()), 500),
    ];
    for (failure, status) in rows {
        let app = testing::app(Memory { failure: Some(failure), ..Memory::default() });
        for uri in ["/fhir/Location", "/fhir/Location/a"] {
            let response = get(&app, uri, &[]).await;
            assert_eq!(response.status(), status);
            let outcome = testing::json(response).await;
            assert!(!outcome.to_string().contains("secret"));
        }
        assert_eq!(get(&app, "/fhir/metadata", &[]).await.status(), 200);
    }
}

#[tokio::test]
async fn read() {
    let app = testing::app(memory());
    let response = get(&app, "/fhir/Location/a", &[("x-request-id", "mine")]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "etag"), "W/\"3\"");
    assert_eq!(header(&response, "last-modified"), "Mon, 04 May 2026 10:00:00 GMT");
    assert_eq!(header(&response, "content-type"), "application/fhir+json;charset=utf-8");
    assert_eq!(header(&response, "x-request-id"), "mine");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, PLACE_A.as_bytes(), "the document is answered as it is stored");

    let version = get(&app, "/ws-diffusion-fhir/Location/a/_history/3", &[]).await;
    assert_eq!(testing::json(version).await["id"], "a");

    let unchanged =
        [("if-none-match", "W/\"3\""), ("if-modified-since", "Mon, 04 May 2026 10:00:00 GMT")];
    for condition in unchanged {
        let response = get(&app, "/fhir/Location/a", &[condition]).await;
        assert_eq!(response.status(), 304);
        assert_eq!(header(&response, "etag"), "W/\"3\"");
        assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
    let changed = get(&app, "/fhir/Location/a", &[("if-none-match", "W/\"2\"")]).await;
    assert_eq!(changed.status(), 200);
}

#[tokio::test]
async fn parts_of_a_resource() {
    let app = testing::app(memory());
    let response = get(&app, "/fhir/Location/a?_elements=position&_pretty=true", &[]).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    assert!(text.contains("\n  \"position\": {\n    \"longitude\": 2.30\n  }"), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["meta"]["tag"][0]["code"], "SUBSETTED");
    assert!(value.get("status").is_none());
}

#[tokio::test]
async fn head_is_get_without_body() {
    let app = testing::app(memory());
    for uri in ["/fhir/Location/a", "/fhir/Location?_count=2", "/fhir/metadata", "/fhir/Patient"] {
        let full = get(&app, uri, &[]).await;
        let coded = [("accept-encoding", "br")];
        let head = send(&app, request(&Method::HEAD, uri, &coded, "")).await;
        assert_eq!(head.status(), full.status(), "{uri}");
        for name in ["content-type", "content-length", "etag", "last-modified"] {
            assert_eq!(header(&head, name), header(&full, name), "{uri} {name}");
        }
        assert_ne!(header(&head, "content-length"), "", "{uri}");
        assert!(head.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

#[tokio::test]
async fn pages_lead_to_the_end() {
    let app = testing::app(memory());
    let mut uri = "/fhir/Location?_count=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let bundle = testing::json(get(&app, &uri, &[]).await).await;
        assert_eq!(bundle["total"], 3);
        seen.extend(ids(&bundle, "match"));
        let links = bundle["link"].as_array().unwrap();
        assert_eq!(links[0]["url"].as_str().unwrap(), format!("http://ror.example{uri}"));
        let Some(next) = links.get(1) else { break };
        uri = next["url"].as_str().unwrap().strip_prefix("http://ror.example").unwrap().to_owned();
    }
    assert_eq!(seen, ["a", "b", "c"]);
}

#[tokio::test]
async fn the_host_header_is_never_trusted() {
    let app = testing::app(memory());
    let headers = [("host", "evil.example"), ("x-forwarded-host", "evil.example")];
    let bundle = testing::json(get(&app, "/fhir/Location", &headers).await).await;
    assert!(!bundle.to_string().contains("evil"));
    assert_eq!(bundle["entry"][0]["fullUrl"], "http://ror.example/fhir/Location/a");
}

#[tokio::test]
async fn posted_criteria_stay_out_of_links() {
    let app = testing::app(memory());
    let response =
        post(&app, "/fhir/Location/_search?_count=2", "near=48.1%7C2.3%7C5%7Ckm&name=Dupont").await;
    let bundle = testing::json(response).await;
    let text = bundle["link"].to_string();
    assert!(!text.contains("48.1") && !text.contains("Dupont") && !text.contains("near"), "{text}");
    let next = bundle["link"][1]["url"].as_str().unwrap();
    let next = next.strip_prefix("http://ror.example").unwrap();
    let second = testing::json(get(&app, next, &[]).await).await;
    assert_eq!(ids(&second, "match"), ["c"]);
    assert!(!second["link"].to_string().contains("48.1"));
    let own = bundle["link"][0]["url"].as_str().unwrap();
    let again =
        testing::json(get(&app, own.strip_prefix("http://ror.example").unwrap(), &[]).await);
    assert_eq!(ids(&again.await, "match"), ["a", "b"]);
}

#[tokio::test]
async fn a_large_form_is_refused() {
    let app = testing::app_with(memory(), &[("limits.body_bytes", "100")]);
    let response = post(&app, "/fhir/_search", &format!("a={}", "x".repeat(200))).await;
    assert_eq!(response.status(), 413);
    assert_eq!(testing::json(response).await["issue"][0]["code"], "too-long");
}

#[tokio::test]
async fn system_search() {
    let app = testing::app(memory());
    for uri in ["/fhir", "/fhir/", "/ws-diffusion-fhir"] {
        let bundle = testing::json(get(&app, uri, &[]).await).await;
        assert_eq!(bundle["total"], 4, "{uri}");
        assert_eq!(bundle["link"][0]["url"], "http://ror.example/fhir");
    }
    let bundle = testing::json(post(&app, "/fhir/_search", "").await).await;
    assert_eq!(bundle["total"], 4);
}

#[tokio::test]
async fn handling() {
    let app = testing::app(memory());
    // (Prefer, status, Preference-Applied)
    let rows = [
        (None, 200, ""),
        (Some("handling=lenient"), 200, "handling=lenient"),
        (Some("return=minimal"), 200, ""),
    ];
    for (prefer, status, applied) in rows {
        let headers: Vec<_> = prefer.map(|value| ("prefer", value)).into_iter().collect();
        let response = get(&app, "/fhir/Location?speciality=1&_count=1", &headers).await;
        assert_eq!(response.status(), status);
        assert_eq!(header(&response, "preference-applied"), applied);
        let bundle = testing::json(response).await;
        let outcome = bundle["entry"].as_array().unwrap().last().unwrap();
        assert_eq!(outcome["search"]["mode"], "outcome");
        assert_eq!(outcome["resource"]["issue"][0]["expression"], json!(["speciality"]));
        assert!(!bundle["link"][0]["url"].as_str().unwrap().contains("speciality"));
    }
    let strict = [("prefer", "handling=strict")];
    let response = get(&app, "/fhir/Location?_count=2000", &strict).await;
    assert_eq!(header(&response, "preference-applied"), "handling=strict");
    let bundle = testing::json(response).await;
    assert!(bundle["link"][0]["url"].as_str().unwrap().ends_with("_count=1000"), "{bundle}");
    assert_eq!(ids(&bundle, "outcome").len(), 1);
}

#[tokio::test]
async fn totals_alone() {
    let app = testing::app(memory());
    for uri in ["/fhir/Location?_summary=count", "/fhir/Location?_count=0"] {
        let bundle = testing::json(get(&app, uri, &[]).await).await;
        assert_eq!(bundle["total"], 3);
        assert!(bundle.get("entry").is_none(), "{bundle}");
        assert_eq!(bundle["link"].as_array().unwrap().len(), 1);
    }
    let bundle = testing::json(get(&app, "/fhir/Location?_total=none", &[]).await).await;
    assert!(bundle.get("total").is_none());
}

#[tokio::test]
async fn compression() {
    let app = testing::app(memory());
    for encoding in ["gzip", "br", "zstd"] {
        let response = get(&app, "/fhir/metadata", &[("accept-encoding", encoding)]).await;
        assert_eq!(header(&response, "content-encoding"), encoding);
    }
    let none = [("accept-encoding", "identity;q=0")];
    for path in ["/fhir/metadata", "/fhir/Location"] {
        let refused = get(&app, path, &none).await;
        assert_eq!(refused.status(), 406, "{path}");
        assert_eq!(testing::json(refused).await["resourceType"], "OperationOutcome");
    }
    let plain = get(&app, "/fhir/metadata", &[("accept-encoding", "identity")]).await;
    assert_eq!(header(&plain, "content-encoding"), "");
    let value = testing::json(plain).await;
    assert_eq!(value["resourceType"], "CapabilityStatement");
}

#[tokio::test]
async fn cross_origin() {
    let app = testing::app(memory());
    let origin = ("origin", "https://map.example");
    let response = get(&app, "/fhir/Location/a", &[origin]).await;
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    let exposed = header(&response, "access-control-expose-headers").to_owned();
    for name in ["etag", "location", "content-location", "last-modified", "x-request-id"] {
        assert!(exposed.contains(name), "{name} not in {exposed}");
    }
    let ask = [
        origin,
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization,prefer"),
    ];
    let preflight = send(&app, request(&Method::OPTIONS, "/fhir/Location", &ask, "")).await;
    assert_eq!(preflight.status(), 200);
    assert_eq!(header(&preflight, "access-control-allow-headers"), "authorization,prefer");
}

#[tokio::test]
async fn closed_to_anonymous_callers() {
    let app = testing::app_with(memory(), &[("access.anonymous_profile", "none")]);
    // (path, status)
    let rows = [
        ("/fhir/Location", 401),
        ("/fhir/Location/a", 401),
        ("/fhir", 401),
        ("/fhir/metadata", 200),
        ("/", 200),
    ];
    for (uri, status) in rows {
        let response = get(&app, uri, &[]).await;
        assert_eq!(response.status(), status, "{uri}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401);
    }
}

#[tokio::test]
async fn metrics_and_health() {
    let app = testing::app(memory());
    get(&app, "/fhir/Location/a", &[]).await;
    get(&app, "/fhir/Location?name=secret", &[]).await;
    let internal = |uri: &'static str| {
        let router = crate::http::internal::router(app.clone());
        async move {
            let request = request(&Method::GET, uri, &[], "");
            let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        }
    };
    let (status, text) = internal("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "ror_http_requests_total{interaction=\"read\",status=\"200\"} 1",
        "ror_http_results_total{interaction=\"search-type\"} 3",
    ] {
        assert!(text.lines().any(|l| l == line), "{text}");
    }
    assert!(!text.contains("secret"));
    assert_eq!(internal("/health/live").await.0, 200);
    assert_eq!(internal("/health/ready").await.0, 200);
}

#[tokio::test]
async fn the_page_names_examples_and_no_other_host() {
    let app = testing::app(memory());
    let response = get(&app, "/", &[]).await;
    assert!(header(&response, "content-type").starts_with("text/html"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let html = String::from_utf8(body.to_vec()).unwrap();
    assert_eq!(html.matches("<li>").count(), 3);
    let hosts = html.matches("://").count();
    assert_eq!(hosts, html.matches("http://ror.example/fhir").count());
}
