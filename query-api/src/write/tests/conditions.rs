//! A condition that is written is looked at, or refused: never passed over.

use serde_json::{Value, json};

use super::{ask, body, get, header, live, place, total};

const LONG_AGO: &str = "Mon, 04 May 2015 10:00:00 GMT";
const LATER: &str = "Mon, 04 May 2099 10:00:00 GMT";

/// Method, headers, status.
type Row<'a> = (&'a str, Vec<(&'a str, &'a str)>, u16);

/// The text of the first issue.
async fn said(response: axum::response::Response) -> String {
    body(response).await["issue"][0]["diagnostics"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_a_write_does_not_understand_is_refused() {
    let (_folder, app) = live();
    let kept = place("kept", "1");
    assert_eq!(ask(&app, "PUT", "/Location/kept", &[], &kept).await.status(), 201);
    // (method, path, what the refusal names)
    let rows = [
        ("DELETE", "/Location/kept?name=Other", "Location?name="),
        ("DELETE", "/Location/kept?nonsense", "\"nonsense\""),
        ("PUT", "/Location/kept?identifier=2", "Location?identifier="),
        ("PUT", "/Location/kept?_count=1", "\"_count\""),
        ("PATCH", "/Location/kept?name=Other", "Location?name="),
        ("POST", "/Location?identifier=1", "If-None-Exist"),
        ("POST", "/Location?identifier=1&_format=json&nonsense=1", "If-None-Exist"),
        ("POST", "/Location?nam%65=%zz", "percent"),
        ("DELETE", "/Location?identifier=1&_sort=name", "_sort"),
        ("DELETE", "/Location?identifier=1&_summary=no", "_summary"),
        ("POST", "?type=batch", "\"type\""),
    ];
    let bundle = json!({"resourceType": "Bundle", "type": "batch"});
    for (method, path, names) in rows {
        let sent = if path.starts_with('?') { &bundle } else { &kept };
        for handling in ["handling=lenient", "handling=strict"] {
            let answer = ask(&app, method, path, &[("prefer", handling)], sent).await;
            assert_eq!(answer.status(), 400, "{method} {path}");
            let said = said(answer).await;
            assert!(said.contains(names), "{method} {path}: {said}");
            assert!(!said.contains("handling"), "{said}");
        }
    }
    for (kind, status) in [("batch", 200), ("transaction", 400)] {
        for (method, url) in
            [("DELETE", "Location/kept?name=Other"), ("POST", "Location?identifier=1")]
        {
            let entry = json!({"resource": kept, "request": {"method": method, "url": url}});
            let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
            let answer = ask(&app, "POST", "", &[], &bundle).await;
            assert_eq!(answer.status(), status, "{kind} {method}");
            let answer = body(answer).await;
            if kind == "batch" {
                assert_eq!(answer["entry"][0]["response"]["status"], "400 Bad Request");
            }
        }
    }
    assert_eq!(header(&get(&app, "/Location/kept").await, "etag"), "W/\"1\"");
    assert_eq!(total(&app, "/Location").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_is_none_says_what_is_one() {
    let (_folder, app) = live();
    assert_eq!(ask(&app, "PUT", "/Location/a", &[], &place("a", "1")).await.status(), 201);
    for sent in [json!({"name": "b"}), place("a", "2"), json!("b"), json!({})] {
        let request = axum::http::Request::patch("/fhir/Location/a")
            .header("content-type", "application/json")
            .body(sent.to_string().into())
            .unwrap();
        let answer = crate::testing::send(&app, request).await;
        assert_eq!(answer.status(), 400, "{sent}");
        let said = said(answer).await;
        for words in ["Parameters", "application/json-patch+json", "PUT"] {
            assert!(said.contains(words), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn general_parameters_shape_what_a_write_answers() {
    let (_folder, app) = live();
    let path = "/Location/a?_format=json&_pretty=true&_elements=identifier";
    let answer = ask(&app, "PUT", path, &[], &place("a", "1")).await;
    assert_eq!(answer.status(), 201);
    let shown = body(answer).await;
    assert!(shown["identifier"].is_array() && shown["name"].is_null(), "{shown}");
    assert_eq!(body(get(&app, "/Location/a").await).await["name"], "Place 1");
    let path = "/Location?identifier=1&_summary=text";
    let shown = body(ask(&app, "PUT", path, &[], &place("a", "1")).await).await;
    assert!(shown["name"].is_null(), "{shown}");
    let url = "Location/a?_elements=name";
    let entry = json!({"resource": place("a", "2"), "request": {"method": "PUT", "url": url}});
    for kind in ["batch", "transaction"] {
        let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
        let answer = body(ask(&app, "POST", "", &[], &bundle).await).await;
        let shown = &answer["entry"][0]["resource"];
        assert!(shown["identifier"].is_null() && shown["name"] == "Place 2", "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_hold_a_write_back() {
    let (_folder, app) = live();
    let absent = ("if-none-match", "*");
    let put = |number: &str| place("a", number);
    let rows: Vec<Row<'_>> = vec![
        ("PUT", vec![("if-match", "*")], 412),
        ("PUT", vec![absent], 201),
        ("PUT", vec![absent], 412),
        ("PATCH", vec![absent], 412),
        ("DELETE", vec![absent], 412),
        ("PUT", vec![("if-none-match", "W/\"1\"")], 412),
        ("PUT", vec![("if-none-match", "W/\"7\", \"1\"")], 412),
        ("PUT", vec![("if-none-match", "abc")], 400),
        ("PUT", vec![("if-match", "W/\"7\", \"8\"")], 412),
        ("PUT", vec![("if-unmodified-since", LONG_AGO)], 412),
        ("PATCH", vec![("if-unmodified-since", LONG_AGO)], 412),
        ("DELETE", vec![("if-unmodified-since", LONG_AGO)], 412),
        ("DELETE", vec![("if-unmodified-since", "soon")], 400),
        ("PUT", vec![("if-none-exist", "identifier=1")], 400),
        ("DELETE", vec![("if-none-exist", "identifier=1")], 400),
        ("PUT", vec![("if-match", "*"), ("if-unmodified-since", LONG_AGO)], 200),
        ("PUT", vec![("if-match", "W/\"9\", W/\"2\"")], 200),
        ("PUT", vec![("if-unmodified-since", LATER)], 200),
        ("PUT", vec![("if-none-match", "W/\"1\"")], 200),
        ("DELETE", vec![("if-match", "*")], 204),
        ("PUT", vec![("if-unmodified-since", LONG_AGO)], 412),
        ("PUT", vec![absent], 201),
    ];
    let change = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Location.name"},
    ]}]});
    for (number, (method, headers, status)) in rows.into_iter().enumerate() {
        let sent = match method {
            "PATCH" => change.clone(),
            "DELETE" => Value::Null,
            _ => put(&number.to_string()),
        };
        let answer = ask(&app, method, "/Location/a", &headers, &sent).await;
        assert_eq!(answer.status(), status, "{number}: {method} {headers:?}");
    }
    for name in ["if-match", "if-none-match", "if-unmodified-since"] {
        let answer = ask(&app, "POST", "/Location", &[(name, "*")], &put("x")).await;
        assert_eq!(answer.status(), 400, "{name} of a create");
    }
    for kind in ["batch", "transaction"] {
        let request = json!({"method": "PUT", "url": "Location/a", "ifNoneMatch": "*"});
        let entry = json!({"resource": put("y"), "request": request});
        let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [entry]});
        let answer = ask(&app, "POST", "", &[], &bundle).await;
        let is_alone = kind == "transaction";
        assert_eq!(answer.status(), if is_alone { 412 } else { 200 });
        let status = body(answer).await["entry"][0]["response"]["status"].clone();
        assert!(is_alone || status == "412 Precondition Failed", "{status}");
    }
    assert_eq!(total(&app, "/Location?identifier=21").await, 1);
}
