//! Laws: what is put in can be read again, a failing patch has no result, numbers keep their text, and
//! no input makes a panic.

use proptest::prelude::*;
use serde_json::Value;
use shared::fhir::ResourceType;

use super::super::path::Expression;
use super::super::tree::Node;
use super::{Limits, Patch, apply, body, operation, patch_fhir};

/// Pieces of paths, right and wrong, that make paths when put together.
fn path() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "Location",
        "extension",
        "address",
        "line",
        "value",
        "valueString",
        "url",
        "name",
        "alias",
        ".",
        ".",
        ".",
        "[0]",
        "[1]",
        "where(",
        "exists(",
        "extension('u')",
        "first()",
        "last()",
        "ofType(string)",
        ")",
        ")",
        "=",
        "!=",
        " and ",
        " or ",
        "'u'",
        "1.0",
        "true",
        "$this",
        "(",
        "not()",
        "count()",
        "é",
        "\\",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

const DOCUMENT: &str = r#"{"resourceType":"Location","id":"a","name":"n","alias":["x",null,"z"],"_alias":[null,{"id":"i"}],"extension":[{"url":"u","valueDecimal":61.50},{"url":"v","extension":[{"url":"w","valueString":"é"}]}],"address":{"line":["l"],"_line":[{"extension":[{"url":"h","valueString":"9"}]}]},"position":{"longitude":-0.10,"latitude":1.0E+1}}"#;

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r#""valueString":"x""#,
        r#""valueInteger":1"#,
        r#""value":null"#,
        r#""value":[]"#,
        r#""value":{"url":"q"}"#,
        r#""part":[{"name":"url","valueUri":"q"}]"#,
        r#""part":[{"extension":[{"url":"q"}]}]"#,
        r#""resource":{"resourceType":"Patient"}"#,
        r#""_valueString":{"id":"j"}"#,
    ])
    .prop_map(str::to_owned)
}

fn any_operation() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["add", "insert", "delete", "replace", "move"]);
    let name = prop::sample::select(vec!["extension", "name", "alias", "value", "line"]);
    (kind, path(), name, value(), 0..3usize, 0..3usize).prop_map(|(kind, path, name, value, a, b)| {
        let value = format!(r#"{{"name":"value",{value}}}"#);
        let more = match kind {
            "add" => format!(r#"{{"name":"name","valueString":"{name}"}},{value}"#),
            "insert" => format!(r#"{{"name":"index","valueInteger":{a}}},{value}"#),
            "move" => format!(r#"{{"name":"source","valueInteger":{a}}},{{"name":"destination","valueInteger":{b}}}"#),
            "replace" => value,
            _ => String::new(),
        };
        operation(kind, &path, &more)
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let key = prop_oneof![
            "[a-c]",
            Just("\"\\\n".to_owned()),
            Just("part".to_owned()),
            Just("name".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_is_written_as_it_was_read(json in json()) {
        let text = json.to_string();
        let mut out = Vec::new();
        Node::read(text.as_bytes(), 64).unwrap().write(&mut out);
        let again: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(again, json);
    }

    #[test]
    fn bodies_make_no_panic(json in json(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for body in [json.to_string().into_bytes(), bytes] {
            for read in [Patch::fhir, Patch::json] {
                if let Ok(patch) = read(&body, Limits::default()) {
                    let _ = apply(ResourceType::Location, DOCUMENT.as_bytes(), &patch);
                    let _ = apply(ResourceType::Location, &body, &patch);
                }
            }
        }
    }

    #[test]
    fn paths_make_no_panic(path in path(), text in "\\PC{0,40}") {
        let _ = Expression::parse(&path);
        let _ = Expression::parse(&text);
    }

    #[test]
    fn operations_keep_what_they_do_not_touch(operations in prop::collection::vec(any_operation(), 1..4)) {
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        if let Ok(after) = patch_fhir(ResourceType::Location, DOCUMENT, &body(&operations)) {
            let read = shared::validate::parse(after.as_bytes());
            prop_assert!(read.is_ok(), "{}", after);
            let (before, read): (Value, Value) = (serde_json::from_str(DOCUMENT).unwrap(), read.unwrap());
            prop_assert_eq!(&read["id"], &before["id"]);
            // Numbers that are still there have their digits.
            for (path, text) in [("/position/longitude", "-0.10"), ("/position/latitude", "1.0E+1")] {
                if read.pointer(path).is_some_and(Value::is_number) {
                    prop_assert!(after.contains(text), "{}", after);
                }
            }
            no_empty(&read);
        }
    }

    #[test]
    fn what_is_added_can_be_replaced_and_deleted(text in "[a-zA-Z0-9é\"\\\\]{1,12}", at in 0..3usize) {
        let quoted = serde_json::to_string(&text).unwrap();
        let value = format!(r#"{{"name":"value","valueString":{quoted}}}"#);
        let insert = operation("insert", "Location.alias", &format!(r#"{{"name":"index","valueInteger":{at}}},{value}"#));
        let done = patch_fhir(ResourceType::Location, DOCUMENT, &body(&[&insert])).unwrap();
        let read: Value = serde_json::from_str(&done).unwrap();
        prop_assert_eq!(&read["alias"][at], &Value::from(text));
        let delete = operation("delete", &format!("Location.alias[{at}]"), "");
        let back = patch_fhir(ResourceType::Location, &done, &body(&[&delete])).unwrap();
        let (back, before): (Value, Value) = (serde_json::from_str(&back).unwrap(), serde_json::from_str(DOCUMENT).unwrap());
        prop_assert_eq!(&back["alias"], &before["alias"]);
    }
}

/// FHIR has no empty objects and lists, and a list of primitives no place with nothing in either half.
fn no_empty(value: &Value) {
    match value {
        Value::Array(items) => {
            assert!(!items.is_empty());
            items.iter().for_each(no_empty);
        }
        Value::Object(members) => {
            assert!(!members.is_empty());
            members.values().for_each(no_empty);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
