//! The whole service over a real directory: what is written is there, once, and found by the next
//! search.

mod conditions;
mod rules;
mod whole;

use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use serde_json::{Value, json};

use crate::app::App;
use crate::testing::{json as body, live, live_in, send};

fn place(id: &str, identifier: &str) -> Value {
    json!({
        "resourceType": "Location",
        "id": id,
        "identifier": [{"system": "urn:test", "value": identifier}],
        "name": format!("Place {identifier}"),
    })
}

async fn ask(
    app: &App,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    json: &Value,
) -> Response {
    let mut request = Request::builder()
        .method(method.parse::<Method>().unwrap())
        .uri(format!("/fhir{path}"))
        .header("content-type", "application/fhir+json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let text = if json.is_null() { String::new() } else { json.to_string() };
    send(app, request.body(Body::from(text)).unwrap()).await
}

async fn get(app: &App, path: &str) -> Response {
    ask(app, "GET", path, &[], &Value::Null).await
}

async fn total(app: &App, path: &str) -> u64 {
    body(get(app, path).await).await["total"].as_u64().unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_through_its_life() {
    let (_folder, app) = live();
    // The id of the body is ignored.
    let created = ask(&app, "POST", "/Location", &[], &place("mine", "1")).await;
    assert_eq!(created.status(), 201);
    assert_eq!(header(&created, "etag"), "W/\"1\"");
    assert!(!header(&created, "last-modified").is_empty());
    let location = header(&created, "location").to_owned();
    assert!(created.headers().get("x-not-yet-searchable").is_none());
    let created = body(created).await;
    let id = created["id"].as_str().unwrap().to_owned();
    assert_ne!(id, "mine");
    assert_eq!(location, format!("http://ror.example/fhir/Location/{id}/_history/1"));
    assert_eq!(created["meta"]["versionId"], "1");
    assert_eq!(total(&app, "/Location?identifier=1").await, 1);
    let path = format!("/Location/{id}");

    let updated = ask(&app, "PUT", &path, &[("if-match", "W/\"1\"")], &place(&id, "2")).await;
    assert_eq!((updated.status().as_u16(), header(&updated, "etag")), (200, "W/\"2\""));
    assert_eq!(total(&app, "/Location?identifier=1").await, 0);
    assert_eq!(total(&app, "/Location?identifier=2").await, 1);
    let lost = ask(&app, "PUT", &path, &[("if-match", "W/\"1\"")], &place(&id, "3")).await;
    assert_eq!(lost.status(), 412);
    assert_eq!(ask(&app, "PUT", &path, &[], &place("other", "3")).await.status(), 400);

    let operation = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Location.name"},
        {"name": "value", "valueString": "Renamed"},
    ]}]});
    let patched = ask(&app, "PATCH", "/Location?identifier=2", &[], &operation).await;
    assert_eq!((patched.status().as_u16(), header(&patched, "etag")), (200, "W/\"3\""));
    assert_eq!(body(patched).await["name"], "Renamed");
    assert_eq!(total(&app, "/Location?name=renamed").await, 1);
    let rename = json!([{"op": "replace", "path": "/name", "value": "Twice"}]);
    let json_patch = [("prefer", "return=minimal"), ("x", "y")];
    let mut request = Request::builder().method("PATCH").uri(format!("/fhir{path}"));
    request = request.header("content-type", "application/json-patch+json");
    request = request.header(json_patch[0].0, json_patch[0].1);
    let minimal = send(&app, request.body(Body::from(rename.to_string())).unwrap()).await;
    assert_eq!((minimal.status().as_u16(), header(&minimal, "etag")), (200, "W/\"4\""));
    assert_eq!(header(&minimal, "preference-applied"), "return=minimal");
    assert_eq!(ask(&app, "PATCH", "/Location/none", &[], &operation).await.status(), 404);
    for base in ["/fhir", "/ws-diffusion-fhir", ""] {
        // (identifier, status)
        for (identifier, status) in [("2", 200), ("none", 404)] {
            let uri = format!("{base}/ws-synchro-dispo-lits-fhir/Location?identifier={identifier}");
            let request = Request::patch(&uri).header("content-type", "application/fhir+json");
            let answer = send(&app, request.body(Body::from(operation.to_string())).unwrap()).await;
            assert_eq!(answer.status(), status, "{uri}");
        }
    }

    assert_eq!(ask(&app, "DELETE", &path, &[], &Value::Null).await.status(), 204);
    assert_eq!(ask(&app, "DELETE", &path, &[], &Value::Null).await.status(), 204);
    assert_eq!(get(&app, &path).await.status(), 410);
    assert_eq!(get(&app, &format!("{path}/_history/8")).await.status(), 410);
    assert_eq!(get(&app, &format!("{path}/_history/7")).await.status(), 200);
    assert_eq!(total(&app, "/Location").await, 0);
    let revived = ask(&app, "PUT", &path, &[], &place(&id, "9")).await;
    assert_eq!((revived.status().as_u16(), header(&revived, "etag")), (201, "W/\"9\""));
    let chosen = ask(&app, "PUT", "/Location/chosen", &[], &place("chosen", "c")).await;
    assert_eq!(chosen.status(), 201);
    assert_eq!(total(&app, "/Location").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_changes_nothing() {
    let (_folder, app) = live();
    let mut wrong_code = place("a", "1");
    wrong_code["status"] = "opened".into();
    let task = json!({"resourceType": "Task"});
    // (method, path, body, status)
    let rows = [
        ("POST", "/Location", json!("x"), 400),
        ("POST", "/Location", json!({"resourceType": "Organization", "name": "O"}), 400),
        ("POST", "/Location", wrong_code, 400),
        ("POST", "/Location", json!({"resourceType": "Location", "nom": "x"}), 400),
        ("POST", "/Organization", json!({"resourceType": "Organization"}), 422),
        ("POST", "/Task", task, 400),
        ("PUT", "/Location/a", json!({"resourceType": "Location"}), 400),
        ("PUT", "/Location?colour=red", place("a", "1"), 400),
        ("PUT", "/Location", place("a", "1"), 400),
        ("DELETE", "/Location", Value::Null, 400),
        ("POST", "/", json!({"resourceType": "Bundle", "type": "collection"}), 400),
        ("POST", "/Patient", json!({"resourceType": "Patient"}), 404),
    ];
    for (method, path, json, status) in rows {
        let answer = ask(&app, method, path, &[], &json).await;
        assert_eq!(answer.status(), status, "{method} {path} {json}");
        assert_eq!(body(answer).await["resourceType"], "OperationOutcome");
    }
    let request = Request::post("/fhir/Location").header("content-type", "text/plain");
    assert_eq!(send(&app, request.body(Body::from("x")).unwrap()).await.status(), 415);
    assert_eq!(body(get(&app, "/_history").await).await["entry"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_lose_nothing() {
    const WRITERS: usize = 64;
    let (_folder, app) = live();
    assert_eq!(ask(&app, "PUT", "/Location/a", &[], &place("a", "0")).await.status(), 201);
    let write = |headers: &'static [(&'static str, &'static str)]| {
        let tasks: Vec<_> = (0..WRITERS)
            .map(|number| {
                let app = app.clone();
                tokio::spawn(async move {
                    let json = place("a", &number.to_string());
                    ask(&app, "PUT", "/Location/a", headers, &json).await.status().as_u16()
                })
            })
            .collect();
        async {
            let mut statuses = Vec::new();
            for task in tasks {
                statuses.push(task.await.unwrap());
            }
            statuses
        }
    };
    assert_eq!(write(&[]).await, vec![200; WRITERS]);
    let answer = get(&app, "/Location/a").await;
    assert_eq!(header(&answer, "etag"), "W/\"65\"");
    // All start from one version: one of them wins.
    let statuses = write(&[("if-match", "W/\"65\"")]).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), WRITERS - 1);
    let history = body(get(&app, "/Location/a/_history?_count=100").await).await;
    assert_eq!(history["total"], 66);
    assert_eq!(history["entry"].as_array().unwrap().len(), 66);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_creates_never_duplicate() {
    let (_folder, app) = live();
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let app = app.clone();
            tokio::spawn(async move {
                let (identifier, other) = (format!("i{}", number % 4), format!("p{}", number % 4));
                let condition = format!("identifier={identifier}");
                let headers = [("if-none-exist", condition.as_str())];
                let json = place("x", &identifier);
                let created = ask(&app, "POST", "/Location", &headers, &json).await;
                let mut json = place("x", &other);
                json.as_object_mut().unwrap().remove("id");
                let path = format!("/Location?identifier={other}");
                let put = ask(&app, "PUT", &path, &[], &json).await;
                (created.status().as_u16(), put.status().as_u16())
            })
        })
        .collect();
    let (mut created, mut put) = (0, 0);
    for task in tasks {
        let (first, second) = task.await.unwrap();
        assert!(matches!((first, second), (200 | 201, 200 | 201)));
        created += u32::from(first == 201);
        put += u32::from(second == 201);
    }
    assert_eq!((created, put), (4, 4));
    assert_eq!(total(&app, "/Location").await, 8);
    // A copy of an identifier, on purpose: the condition is then ambiguous.
    ask(&app, "POST", "/Location", &[], &place("x", "i0")).await;
    let path = "/Location?identifier=i0";
    let several = ask(&app, "DELETE", path, &[], &Value::Null).await;
    assert_eq!(several.status(), 412);
    assert_eq!(body(several).await["issue"][0]["code"], "multiple-matches");
    let one = ask(&app, "DELETE", "/Location?identifier=i1", &[], &Value::Null).await;
    assert_eq!(one.status(), 204);
    assert_eq!(total(&app, "/Location?identifier=i1").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_one_change() {
    let (_folder, app) = live();
    ask(
        &app,
        "PUT",
        "/Organization/legal",
        &[],
        &json!({"resourceType": "Organization", "id": "legal",
        "name": "L", "identifier": [{"system": "urn:test", "value": "L"}]}),
    )
    .await;
    let offer = json!({"resourceType": "HealthcareService", "name": "Offer",
        "location": [{"reference": "urn:uuid:0b1e7a3c-0000-4000-8000-000000000001"}],
        "providedBy": {"reference": "Organization?identifier=urn:test|L"}});
    let new_place = place("x", "t");
    let entries = |last: Value| {
        json!({"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": "urn:uuid:0b1e7a3c-0000-4000-8000-000000000002", "resource": offer,
             "request": {"method": "POST", "url": "HealthcareService"}},
            {"fullUrl": "urn:uuid:0b1e7a3c-0000-4000-8000-000000000001", "resource": new_place,
             "request": {"method": "POST", "url": "Location", "ifNoneExist": "identifier=t"}},
            last,
            {"request": {"method": "GET", "url": "Location?identifier=t"}},
        ]})
    };
    // The third entry fails, so that nothing is there afterwards.
    let wrong = json!({"request": {"method": "PATCH", "url": "Location/none"}, "resource":
        {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Location.name"}]}]}});
    let refused = ask(&app, "POST", "/", &[], &entries(wrong)).await;
    assert_eq!(refused.status(), 404);
    let outcome = body(refused).await;
    assert_eq!(outcome["issue"][0]["expression"][0], "Bundle.entry[2]");
    assert_eq!(total(&app, "/Location").await, 0);

    let right = json!({"request": {"method": "DELETE", "url": "Organization/unknown"}});
    let answer = ask(&app, "POST", "/", &[], &entries(right)).await;
    let status = answer.status();
    let answer = body(answer).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["type"], "transaction-response");
    let statuses: Vec<&str> =
        (0..4).map(|at| answer["entry"][at]["response"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201 Created", "201 Created", "204 No Content", "200 OK"]);
    assert_eq!(answer["entry"][3]["resource"]["total"], 1);
    let stored = &answer["entry"][0]["resource"];
    assert_eq!(stored["providedBy"]["reference"], "Organization/legal");
    let place_id = answer["entry"][1]["resource"]["id"].as_str().unwrap();
    assert_eq!(stored["location"][0]["reference"], format!("Location/{place_id}"));
    assert_eq!(total(&app, "/HealthcareService?location.identifier=t").await, 1);
    assert_eq!(total(&app, "/HealthcareService?organization.identifier=L").await, 1);

    // A batch is not one change: what can be done is done.
    let batch = json!({"resourceType": "Bundle", "type": "batch", "entry": [
        {"resource": place("b1", "b1"), "request": {"method": "PUT", "url": "Location/b1"}},
        {"resource": {"resourceType": "Location", "nom": 1}, "request": {"method": "POST", "url": "Location"}},
        {"request": {"method": "GET", "url": "Location/none"}},
    ]});
    let answer = body(ask(&app, "POST", "", &[], &batch).await).await;
    let statuses: Vec<&str> =
        (0..3).map(|at| answer["entry"][at]["response"]["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201 Created", "400 Bad Request", "404 Not Found"]);
    assert_eq!(answer["entry"][1]["response"]["outcome"]["resourceType"], "OperationOutcome");
    assert_eq!(total(&app, "/Location?identifier=b1").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_in_pages() {
    let (_folder, app) = live();
    for number in 0..3 {
        ask(&app, "PUT", "/Location/a", &[], &place("a", &number.to_string())).await;
        ask(
            &app,
            "PUT",
            "/Organization/o",
            &[],
            &json!({"resourceType": "Organization", "id": "o",
            "name": format!("O{number}")}),
        )
        .await;
    }
    ask(&app, "DELETE", "/Location/a", &[], &Value::Null).await;
    // (path, versions over all pages)
    let rows = [
        (
            "/Location/a/_history?_count=2",
            vec!["DELETE Location/a", "PUT Location/a", "PUT Location/a", "PUT Location/a"],
        ),
        ("/Organization/_history?_count=2", vec!["PUT Organization/o"; 3]),
        (
            "/_history?_count=5&_since=2026-01-01T00:00:00Z",
            vec![
                "DELETE Location/a",
                "PUT Organization/o",
                "PUT Location/a",
                "PUT Organization/o",
                "PUT Location/a",
                "PUT Organization/o",
                "PUT Location/a",
            ],
        ),
        ("/_history?_since=2027-01-01", vec![]),
    ];
    for (path, expected) in rows {
        let mut next = Some(path.to_owned());
        let mut found = Vec::new();
        while let Some(path) = next.take() {
            let page = body(get(&app, &path).await).await;
            assert_eq!(page["type"], "history", "{page}");
            for entry in page["entry"].as_array().into_iter().flatten() {
                let request = &entry["request"];
                let text = |name| request[name].as_str().unwrap().to_owned();
                assert_eq!(entry["resource"].is_null(), text("method") == "DELETE");
                found.push(format!("{} {}", text("method"), text("url")));
            }
            let links = page["link"].as_array().unwrap();
            let link = links.iter().find(|link| link["relation"] == "next");
            next = link
                .map(|link| link["url"].as_str().unwrap().replace("http://ror.example/fhir", ""));
        }
        assert_eq!(found, expected, "{path}");
    }
    for (path, status) in [
        ("/Location/none/_history", 404),
        ("/_history?_since=yesterday", 400),
        ("/_history?_count=many", 400),
    ] {
        assert_eq!(get(&app, path).await.status(), status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anomalies_get_a_number() {
    let (_folder, app) = live();
    let task = json!({"resourceType": "Task", "status": "requested", "intent": "order",
        "focus": {"reference": "Location/nowhere"}});
    let wants_remarks = [("prefer", "return=OperationOutcome")];
    let remarks = ask(&app, "POST", "/Task", &wants_remarks, &task).await;
    assert_eq!(remarks.status(), 201);
    let remarks = body(remarks).await;
    let issues = remarks["issue"].as_array().unwrap();
    let dangling = issues.iter().find(|issue| issue["code"] == "not-found").unwrap();
    assert_eq!(dangling["severity"], "warning");
    assert_eq!(dangling["expression"][0], "Task.focus.reference");
    let created = body(ask(&app, "POST", "/Task", &[], &task).await).await;
    let number = created["identifier"][0]["value"].as_str().unwrap();
    assert_eq!(total(&app, &format!("/Task?identifier={number}")).await, 1);
    // The place comes later, and the reference then holds.
    assert_eq!(total(&app, "/Task?focus:Location.identifier=late").await, 0);
    ask(&app, "PUT", "/Location/nowhere", &[], &place("nowhere", "late")).await;
    assert_eq!(total(&app, "/Task?focus:Location.identifier=late").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart() {
    let (folder, app) = live();
    for number in 0..5 {
        let id = format!("p{number}");
        ask(&app, "PUT", &format!("/Location/{id}"), &[], &place(&id, &id)).await;
    }
    // Closing drains the queue; nothing is taken after it.
    app.engine.close();
    let refused = ask(&app, "PUT", "/Location/p9", &[], &place("p9", "p9")).await;
    assert_eq!(refused.status(), 503);
    drop(app);
    let app = live_in(folder.path());
    assert_eq!(total(&app, "/Location").await, 5);
    assert_eq!(ask(&app, "PUT", "/Location/p9", &[], &place("p9", "p9")).await.status(), 201);
    assert_eq!(total(&app, "/Location").await, 6);
}
