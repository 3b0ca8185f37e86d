//! A transaction succeeds or fails as a whole, the entries that only ask included; the entries of a batch
//! fail one by one.

use serde_json::{Value, json};

use super::{ask, body, get, live, place, total};

fn entry(method: &str, url: &str) -> Value {
    json!({"request": {"method": method, "url": url}})
}

fn put(id: &str) -> Value {
    json!({"resource": place(id, id), "request": {"method": "PUT", "url": format!("Location/{id}")}})
}

fn bundle(kind: &str, entries: &[Value]) -> Value {
    json!({"resourceType": "Bundle", "type": kind, "entry": entries})
}

fn statuses(answer: &Value) -> Vec<String> {
    let entries = answer["entry"].as_array().cloned().unwrap_or_default();
    let status = |entry: &Value| entry["response"]["status"].as_str().unwrap_or("")[..3].to_owned();
    entries.iter().map(status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_fails_the_transaction() {
    let (_folder, app) = live();
    assert_eq!(ask(&app, "PUT", "/Location/old", &[], &place("old", "old")).await.status(), 201);
    assert_eq!(ask(&app, "PUT", "/Location/gone", &[], &place("gone", "gone")).await.status(), 201);
    assert_eq!(ask(&app, "DELETE", "/Location/gone", &[], &Value::Null).await.status(), 204);
    let delete = || entry("DELETE", "Location/old");
    // (entries, status, what the refusal says)
    let rows = [
        (
            vec![put("new"), entry("GET", "Location/none")],
            404,
            "entry 1: there is no Location/none",
        ),
        (vec![entry("GET", "Location/gone"), put("new")], 410, "entry 0"),
        (vec![put("new"), entry("GET", "Location/none/_history")], 404, "entry 1"),
        (vec![put("new"), entry("GET", "Location/old/_history/9")], 404, "entry 1"),
        (vec![put("new"), entry("GET", "Patient/1")], 404, "Patient"),
        (vec![put("new"), entry("GET", "nothing/at/all/here")], 404, "entry 1"),
        (vec![put("new"), entry("GET", "Location?name:wrong=a")], 400, "wrong"),
        (vec![put("new"), entry("HEAD", "Location/none")], 404, "entry 1"),
        (vec![put("new"), entry("POST", "Location/_search?near=x")], 400, "near"),
        (vec![delete(), put("new"), entry("GET", "Location/old")], 410, "entry 2"),
        (vec![entry("GET", "Location/old"), entry("GET", "Location/none")], 404, "entry 1"),
    ];
    for (entries, status, says) in rows {
        let answer = ask(&app, "POST", "", &[], &bundle("transaction", &entries)).await;
        assert_eq!(answer.status(), status, "{entries:?}");
        let answer = body(answer).await;
        assert_eq!(answer["resourceType"], "OperationOutcome");
        assert!(answer.to_string().contains(says), "{says}: {answer}");
        assert_eq!(get(&app, "/Location/new").await.status(), 404, "{entries:?}");
        assert_eq!(get(&app, "/Location/old").await.status(), 200, "{entries:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_see_what_the_transaction_has_done() {
    let (_folder, app) = live();
    assert_eq!(ask(&app, "PUT", "/Location/old", &[], &place("old", "old")).await.status(), 201);
    let unchanged =
        json!({"request": {"method": "GET", "url": "Location/new", "ifNoneMatch": "W/\"1\""}});
    let entries = [
        entry("GET", "Location/new"),
        entry("GET", "Location/new/_history"),
        entry("GET", "Location/old/_history"),
        entry("GET", "Location?identifier=new"),
        entry("POST", "Location/_search?identifier=new"),
        unchanged,
        entry("DELETE", "Location/old"),
        put("new"),
    ];
    let answer = ask(&app, "POST", "", &[], &bundle("transaction", &entries)).await;
    assert_eq!(answer.status(), 200);
    let answer = body(answer).await;
    let expected = ["200", "200", "200", "200", "200", "304", "204", "201"];
    assert_eq!(statuses(&answer), expected, "{answer}");
    assert_eq!(answer["entry"][0]["resource"]["id"], "new");
    assert_eq!(answer["entry"][3]["resource"]["total"], 1);
    assert_eq!(answer["entry"][4]["resource"]["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_batch_fail_one_by_one() {
    let (_folder, app) = live();
    let broken = [
        (entry("FETCH", "Location/a"), "is not a method"),
        (json!({"resource": place("x", "x")}), "needs a request"),
        (json!({"request": {"method": "GET"}}), "needs a url"),
        (json!({"request": {"url": "Location"}}), "needs a method"),
        (json!({"request": {"method": 5, "url": "Location"}}), "integer"),
        (json!("entry"), "cannot be read"),
        (entry("GET", "http://other.example/fhir/Location"), "is not on this server"),
    ];
    for (entry, says) in broken {
        let answer = ask(&app, "POST", "", &[], &bundle("batch", &[put("a"), entry.clone()])).await;
        assert_eq!(answer.status(), 200, "{entry}");
        let answer = body(answer).await;
        let told = answer["entry"][1]["response"]["outcome"].to_string();
        assert_eq!(statuses(&answer)[1], "400", "{answer}");
        assert!(told.contains(says) && told.contains("Bundle.entry[1]"), "{says}: {told}");
        let answer =
            ask(&app, "POST", "", &[], &bundle("transaction", &[put("b"), entry.clone()])).await;
        assert_eq!(answer.status(), 400, "{entry}");
    }
    assert_eq!(total(&app, "/Location").await, 1, "only what the batches wrote");
    let search = entry("POST", "Location/_search?identifier=a");
    let answer = body(ask(&app, "POST", "", &[], &bundle("batch", &[search])).await).await;
    assert_eq!(answer["entry"][0]["resource"]["total"], 1, "{answer}");
}
