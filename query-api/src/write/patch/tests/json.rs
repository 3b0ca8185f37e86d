//! JSON Patch: the operations of RFC 6902 and its pointers, with the texts of numbers.

use shared::fhir::ResourceType;

use super::{Limits, Patch, apply, outcome};

const BEFORE: &str = r#"{"resourceType":"Location","id":"a","alias":["x","y"],"position":{"longitude":1.0,"latitude":61.50},"a/b":{"c~d":[]}}"#;

fn patch(body: &str) -> Result<String, super::PatchError> {
    let patch = Patch::json(body.as_bytes(), Limits::default())?;
    apply(ResourceType::Location, BEFORE.as_bytes(), &patch)
        .map(|out| String::from_utf8(out).unwrap())
}

/// What a part of the document becomes, or the outcome.
type Change = Result<(&'static str, &'static str), &'static str>;

/// The document after one operation: `before` and `after` are the part that changes.
fn check(operation: &str, expected: Change) {
    match (patch(&format!("[{operation}]")), expected) {
        (Ok(done), Ok((before, after))) => {
            assert_eq!(done, BEFORE.replacen(before, after, 1), "{operation}");
        }
        (Err(error), Err(expected)) => {
            assert_eq!(outcome(&error), expected, "{operation}: {error}");
        }
        (result, _) => panic!("{operation}: {result:?}"),
    }
}

#[test]
fn operations() {
    let same = ("x", "x");
    let rows: &[(&str, Change)] = &[
        (r#"{"op":"add","path":"/alias/0","value":"w"}"#, Ok((r#"["x""#, r#"["w","x""#))),
        (r#"{"op":"add","path":"/alias/2","value":"w"}"#, Ok((r#""y"]"#, r#""y","w"]"#))),
        (r#"{"op":"add","path":"/alias/-","value":"w"}"#, Ok((r#""y"]"#, r#""y","w"]"#))),
        (r#"{"op":"add","path":"/alias/3","value":"w"}"#, Err("422 processing")),
        (r#"{"op":"add","path":"/name","value":"w"}"#, Ok(("[]}}", r#"[]},"name":"w"}"#))),
        (r#"{"op":"add","path":"/position/latitude","value":1.20}"#, Ok(("61.50", "1.20"))),
        (r#"{"op":"add","path":"/a~1b/c~0d/-","value":1E2}"#, Ok(("[]", "[1E2]"))),
        (r#"{"op":"add","path":"/none/x","value":1}"#, Err("422 processing")),
        (r#"{"op":"add","path":"/id/x","value":1}"#, Err("422 processing")),
        (r#"{"op":"remove","path":"/alias/1"}"#, Ok((r#","y""#, ""))),
        (r#"{"op":"remove","path":"/position/longitude"}"#, Ok((r#""longitude":1.0,"#, ""))),
        (r#"{"op":"remove","path":"/name"}"#, Err("422 processing")),
        (r#"{"op":"remove","path":"/alias/01"}"#, Err("422 processing")),
        (r#"{"op":"remove","path":"/alias/+1"}"#, Err("422 processing")),
        (r#"{"op":"remove","path":"/alias/-"}"#, Err("422 processing")),
        (r#"{"op":"remove","path":""}"#, Err("422 processing")),
        (r#"{"op":"replace","path":"/alias/1","value":null}"#, Ok((r#""y""#, "null"))),
        (r#"{"op":"replace","path":"/name","value":"w"}"#, Err("422 processing")),
        (r#"{"op":"move","from":"/alias/1","path":"/alias/0"}"#, Ok((r#""x","y""#, r#""y","x""#))),
        (
            r#"{"op":"move","from":"/position/latitude","path":"/alias/0"}"#,
            Ok((
                r#"["x","y"],"position":{"longitude":1.0,"latitude":61.50}"#,
                r#"[61.50,"x","y"],"position":{"longitude":1.0}"#,
            )),
        ),
        (r#"{"op":"move","from":"/alias","path":"/alias/0"}"#, Err("422 processing")),
        (r#"{"op":"move","from":"/alias","path":"/alias"}"#, Ok(same)),
        (r#"{"op":"move","from":"","path":"/alias"}"#, Err("422 processing")),
        (r#"{"op":"move","from":"/name","path":"/alias"}"#, Err("422 processing")),
        (
            r#"{"op":"copy","from":"/position/latitude","path":"/alias/1"}"#,
            Ok((r#""x","#, r#""x",61.50,"#)),
        ),
        (r#"{"op":"test","path":"/position/latitude","value":61.5}"#, Ok(same)),
        (r#"{"op":"test","path":"/position","value":{"latitude":615e-1,"longitude":1}}"#, Ok(same)),
        (r#"{"op":"test","path":"/alias","value":["x"]}"#, Err("422 processing")),
        (r#"{"op":"test","path":"/alias/0","value":"\u0078"}"#, Ok(same)),
        (r#"{"op":"replace","path":"/id","value":"b"}"#, Err("422 processing")),
        (
            r#"{"op":"replace","path":"","value":{"resourceType":"Task","id":"a"}}"#,
            Err("422 processing"),
        ),
        (r#"{"op":"remove","path":"/alias/0","comment":1}"#, Ok((r#""x","#, ""))),
        (r#"{"op":"erase","path":"/alias/0"}"#, Err("400 structure")),
        (r#"{"op":"add","path":"/alias/0"}"#, Err("400 structure")),
        (r#"{"op":"copy","path":"/alias/0"}"#, Err("400 structure")),
        (r#"{"op":"remove","path":"alias"}"#, Err("400 structure")),
        (r#"{"op":"remove","path":"/a~2"}"#, Err("400 structure")),
        (r#"{"op":"remove","path":"/a~"}"#, Err("400 structure")),
        (r#"{"op":"remove"}"#, Err("400 structure")),
        (r#"{"op":1,"path":""}"#, Err("400 structure")),
        ("1", Err("400 structure")),
    ];
    for (operation, expected) in rows {
        check(operation, *expected);
    }
    assert_eq!(outcome(&patch("{}").unwrap_err()), "400 structure");
    assert_eq!(patch("[]").unwrap(), BEFORE);
}

#[test]
fn nothing_grows_without_bound() {
    let double = r#"{"op":"copy","from":"/position","path":"/alias/-"},{"op":"copy","from":"/alias","path":"/position/x"}"#;
    let body = format!("[{}]", vec![double; 200].join(","));
    assert_eq!(outcome(&patch(&body).unwrap_err()), "400 too-costly");
    let many = format!("[{}]", vec![r#"{"op":"test","path":"/id","value":"a"}"#; 501].join(","));
    assert_eq!(outcome(&patch(&many).unwrap_err()), "400 too-costly");
    let value = "[".repeat(70) + &"]".repeat(70);
    let body = format!(r#"[{{"op":"add","path":"/name","value":{value}}}]"#);
    assert_eq!(outcome(&patch(&body).unwrap_err()), "400 too-costly");
}
