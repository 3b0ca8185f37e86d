//! Patches against documents: one `check` for each kind, rows for the rest.

mod capacity;
mod fhirpath;
mod json;
mod laws;
mod scenarios;

use shared::fhir::ResourceType;

use super::{Limits, Patch, PatchError, apply};

/// The status the caller gives a failure, and what the issue says: `"422 processing"`.
fn outcome(error: &PatchError) -> String {
    let (status, issue) = match error {
        PatchError::Refused(issue) => (400, issue),
        PatchError::NotFound(issue) => (404, issue),
        PatchError::Unprocessable(issue) => (422, issue),
        PatchError::Document(text) => return format!("500 {text}"),
    };
    let code = serde_json::to_value(issue.code).unwrap();
    format!("{status} {}", code.as_str().unwrap())
}

fn patch_fhir(
    resource_type: ResourceType,
    document: &str,
    body: &str,
) -> Result<String, PatchError> {
    let patch = Patch::fhir(body.as_bytes(), Limits::default())?;
    apply(resource_type, document.as_bytes(), &patch).map(|out| String::from_utf8(out).unwrap())
}

/// A body of operations, each written as its parts: `"type" "path" …` and the JSON of `value`.
fn body(operations: &[&str]) -> String {
    let wrapped =
        operations.iter().map(|parts| format!(r#"{{"name":"operation","part":[{parts}]}}"#));
    let parameters = wrapped.collect::<Vec<_>>().join(",");
    format!(r#"{{"resourceType":"Parameters","parameter":[{parameters}]}}"#)
}

/// `{"name":"type",…},{"name":"path",…}`, then more parts.
fn operation(kind: &str, path: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    let path = serde_json::to_string(path).unwrap();
    format!(
        r#"{{"name":"type","valueCode":"{kind}"}},{{"name":"path","valueString":{path}}}{comma}{more}"#
    )
}
