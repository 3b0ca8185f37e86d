//! What the settings ask of writes: references, profiles, versions kept, sizes of patches.

use serde_json::{Value, json};

use super::{ask, body, get, place, total};
use crate::app::App;
use crate::testing::live_with;

fn role(id: &str, place: &str) -> Value {
    json!({
        "resourceType": "PractitionerRole",
        "id": id,
        "location": [{"reference": format!("Location/{place}")}],
    })
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn references_to_nothing() {
    // (setting, status, what is said of the reference)
    for (rule, status, severity) in
        [("off", 201, None), ("warning", 201, Some("warning")), ("error", 422, Some("error"))]
    {
        let folder = folder();
        let app = live_with(folder.path(), &[("write.references", rule)]);
        let wants_remarks = [("prefer", "return=OperationOutcome")];
        let answer =
            ask(&app, "PUT", "/PractitionerRole/r", &wants_remarks, &role("r", "none")).await;
        assert_eq!(answer.status(), status, "{rule}");
        let outcome = body(answer).await;
        let issues = outcome["issue"].as_array().unwrap();
        let dangling = issues.iter().find(|issue| issue["code"] == "not-found");
        assert_eq!(dangling.map(|issue| issue["severity"].as_str().unwrap()), severity, "{rule}");
        if let Some(issue) = dangling {
            let place = &issue["expression"][0];
            assert_eq!(place, "PractitionerRole.location[0].reference");
        }
        assert_eq!(total(&app, "/PractitionerRole").await, u64::from(status == 201), "{rule}");
        // To itself, and to what exists.
        ask(&app, "PUT", "/Location/here", &[], &place("here", "1")).await;
        let holds = ask(&app, "PUT", "/PractitionerRole/s", &[], &role("s", "here")).await;
        assert_eq!(holds.status(), 201, "{rule}");
        let mut own = place("own", "2");
        own["partOf"] = json!({"reference": "Location/own"});
        assert_eq!(ask(&app, "PUT", "/Location/own", &[], &own).await.status(), 201, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_may_refer_to_its_own_entries() {
    let folder = folder();
    let app = live_with(folder.path(), &[("write.references", "error")]);
    ask(&app, "PUT", "/Location/old", &[], &place("old", "1")).await;
    let bundle = |place_id: &str, method: &str| {
        json!({"resourceType": "Bundle", "type": "transaction", "entry": [
            {"resource": role("r", place_id),
             "request": {"method": "PUT", "url": "PractitionerRole/r"}},
            match method {
                "PUT" => json!({"resource": place(place_id, "2"),
                    "request": {"method": "PUT", "url": format!("Location/{place_id}")}}),
                _ => json!({"request": {"method": method, "url": format!("Location/{place_id}")}}),
            },
        ]})
    };
    assert_eq!(ask(&app, "POST", "", &[], &bundle("new", "PUT")).await.status(), 200);
    let refused = ask(&app, "POST", "", &[], &bundle("old", "DELETE")).await;
    assert_eq!(refused.status(), 422);
    let refused = body(refused).await;
    let expression = refused["issue"][0]["expression"][0].as_str().unwrap();
    assert!(expression.starts_with("Bundle.entry[0]"), "{refused}");
    assert_eq!(total(&app, "/Location?_id=old").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_tells_who_still_refers_to_it() {
    let folder = folder();
    let app = live_with(folder.path(), &[]);
    ask(&app, "PUT", "/Location/here", &[], &place("here", "1")).await;
    for number in 0..12 {
        let id = format!("r{number}");
        ask(&app, "PUT", &format!("/PractitionerRole/{id}"), &[], &role(&id, "here")).await;
    }
    ask(&app, "DELETE", "/PractitionerRole/r0", &[], &Value::Null).await;
    let deleted = ask(&app, "DELETE", "/Location/here", &[], &Value::Null).await;
    assert_eq!(deleted.status(), 200);
    let issue = body(deleted).await["issue"][0].clone();
    assert_eq!((&issue["severity"], &issue["code"]), (&json!("warning"), &json!("conflict")));
    let text = issue["diagnostics"].as_str().unwrap();
    assert!(text.contains("PractitionerRole/r1,") && text.ends_with("and 1 more"), "{text}");
    // What nothing refers to goes without a word.
    let quiet = ask(&app, "DELETE", "/PractitionerRole/r1", &[], &Value::Null).await;
    assert_eq!(quiet.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles() {
    // The profile of places wants more than a name.
    for (rule, status) in [("claimed", 201), ("always", 422)] {
        let folder = folder();
        let app = live_with(folder.path(), &[("write.profiles", rule)]);
        let answer = ask(&app, "POST", "/Location", &[], &place("a", "1")).await;
        assert_eq!(answer.status(), status, "{rule}");
    }
}

async fn versions(app: &App) -> Vec<String> {
    let history = body(get(app, "/Location/a/_history").await).await;
    let entries = history["entry"].as_array().unwrap();
    assert_eq!(history["total"], entries.len());
    entries.iter().map(|entry| entry["response"]["etag"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_kept() {
    let folder = folder();
    let app = live_with(folder.path(), &[("write.versions_kept", "2")]);
    for number in 1..=3 {
        ask(&app, "PUT", "/Location/a", &[], &place("a", &number.to_string())).await;
    }
    ask(&app, "DELETE", "/Location/a", &[], &Value::Null).await;
    for number in 5..=6 {
        ask(&app, "PUT", "/Location/a", &[], &place("a", &number.to_string())).await;
    }
    assert_eq!(versions(&app).await, ["W/\"6\"", "W/\"5\"", "W/\"4\""]);
    for (version, status) in [(6, 200), (5, 200), (4, 410), (3, 410), (1, 410), (7, 404)] {
        let answer = get(&app, &format!("/Location/a/_history/{version}")).await;
        assert_eq!(answer.status(), status, "version {version}");
    }
    let floor = body(get(&app, "/Location/a/_history/3").await).await;
    let text = floor["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(text.contains("no longer kept"), "{text}");
    let system = body(get(&app, "/_history").await).await;
    assert_eq!(system["entry"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_patches() {
    let folder = folder();
    let app = live_with(folder.path(), &[("limits.patch_operations", "2")]);
    ask(&app, "PUT", "/Location/a", &[], &place("a", "1")).await;
    let operation = json!({"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Location.name"},
        {"name": "value", "valueString": "Other"},
    ]});
    for (count, status) in [(2, 200), (3, 400)] {
        let patch =
            json!({"resourceType": "Parameters", "parameter": vec![operation.clone(); count]});
        let answer = ask(&app, "PATCH", "/Location/a", &[], &patch).await;
        assert_eq!(answer.status(), status, "{count} operations");
    }
}
