//! What goes into an operation: a query string, a form, or a `Parameters` body, all read as one query
//! string, so that an operation reads its input in one way.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;
use shared::error::{Issue, IssueType};
use shared::validate;

use super::{Operation, Usage};
use crate::app::App;
use crate::bundle::links::query_string;
use crate::http::error::ApiError;
use crate::http::{body, query};
use crate::parse::suggest;

/// Parameters of every request, which say how the answer looks.
const APPEARANCE: [&str; 2] = ["_format", "_pretty"];

/// Reads the input of an operation: its query string and, of a POST, its body.
///
/// # Errors
/// [`ApiError::Refused`] for a body that is no `Parameters` of plain values,
/// [`ApiError::UnsupportedMediaType`] for one that is neither JSON nor a form, and those of
/// [`body::read`].
pub(crate) async fn read(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<String, ApiError> {
    let mut parts = vec![uri.query().unwrap_or_default().to_owned()];
    if method == Method::POST {
        let bytes = body::read(&app.limits, body).await?;
        if !bytes.is_empty() {
            let form = Some("application/x-www-form-urlencoded");
            parts.push(if body::media_type(headers).as_deref() == form {
                String::from_utf8(bytes).map_err(|_| refused("the form is not UTF-8", ""))?
            } else {
                body::is_json(headers)?;
                parameters(&bytes)?
            });
        }
    }
    parts.retain(|part| !part.is_empty());
    Ok(parts.join("&"))
}

/// What is wrong with the names of the input: escapes that cannot be decoded, parameters that the
/// operation does not have, that it needs, or that are given twice. An operation that takes criteria
/// leaves unknown names to the parser of searches.
pub(crate) fn check(operation: &Operation, text: &str) -> Vec<Issue> {
    let mut issues = query::problems(text);
    let taken = || operation.parameters.iter().filter(|parameter| parameter.usage == Usage::In);
    let names: Vec<String> =
        query::pairs(text).filter_map(|(name, _)| query::decode(name).ok()).collect();
    for parameter in taken() {
        let given = names.iter().filter(|name| *name == parameter.name).count();
        if given > 1 && !parameter.repeats {
            let text = format!("\"{}\" is given more than once", parameter.name);
            issues.push(Issue::error(IssueType::Invalid, text).at(parameter.name));
        }
        if given < usize::from(parameter.min) {
            let text = format!("\"{}\" is needed: {}", parameter.name, parameter.documentation);
            issues.push(Issue::error(IssueType::Required, text).at(parameter.name));
        }
    }
    if operation.takes_criteria {
        return issues;
    }
    for name in names {
        if APPEARANCE.contains(&name.as_str()) || taken().any(|taken| taken.name == name) {
            continue;
        }
        let all: Vec<&str> = taken().map(|parameter| parameter.name).collect();
        let hint = suggest::hint(&name, all.iter().copied());
        let text = format!(
            "\"${}\" has no parameter \"{name}\"; there are {}{hint}",
            operation.code,
            all.join(", ")
        );
        issues.push(Issue::error(IssueType::NotSupported, text).at(name));
    }
    issues
}

/// A `Parameters` resource as a query string.
fn parameters(bytes: &[u8]) -> Result<String, ApiError> {
    let resource = validate::parse(bytes).map_err(ApiError::Refused)?;
    if resource["resourceType"] != "Parameters" {
        return Err(refused(
            "the body of an operation must be Parameters, or a form",
            "resourceType",
        ));
    }
    let list = match &resource["parameter"] {
        Value::Null => return Ok(String::new()),
        Value::Array(list) => list,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(refused("\"parameter\" must be a list", "Parameters.parameter"));
        }
    };
    let mut pairs = Vec::with_capacity(list.len());
    for (at, parameter) in list.iter().enumerate() {
        let place = format!("Parameters.parameter[{at}]");
        let name = parameter["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| refused("a parameter needs a name", &place))?;
        let value = plain_value(parameter).ok_or_else(|| {
            refused(&format!("\"{name}\" needs one plain value, such as valueString"), &place)
        })?;
        pairs.push((name, value));
    }
    Ok(query_string(pairs.iter().map(|(name, value)| (*name, value.as_str()))))
}

/// The one primitive value of a parameter, as text.
fn plain_value(parameter: &Value) -> Option<String> {
    let mut rest = parameter.as_object()?.iter().filter(|(key, _)| *key != "name" && *key != "id");
    let (key, value) = rest.next()?;
    if rest.next().is_some() || !key.starts_with("value") {
        return None;
    }
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn refused(text: &str, place: &str) -> ApiError {
    let issue = Issue::error(IssueType::Invalid, text);
    ApiError::Refused(vec![if place.is_empty() { issue } else { issue.at(place) }])
}

#[cfg(test)]
mod tests {
    use super::{check, parameters};
    use crate::http::operation::{Operation, Parameter};
    use serde_json::json;

    static CLOSED: Operation = Operation {
        code: "closed",
        title: "",
        description: "",
        comment: None,
        on_system: true,
        on_types: &[],
        affects_state: false,
        takes_criteria: false,
        parameters: &[
            Parameter { min: 1, ..Parameter::input("query", "string", "Text.") },
            Parameter::input("limit", "integer", "Number."),
            Parameter::input("tag", "string", "Tag.").any_number(),
            Parameter::output("total", "integer", "Total."),
        ],
    };

    #[test]
    fn names() {
        let open = Operation { takes_criteria: true, ..CLOSED };
        // (query, places of the mistakes, and those when criteria are taken)
        let rows: [(&str, &[&str], &[&str]); 7] = [
            ("query=a&limit=1&tag=a&tag=b&_format=json", &[], &[]),
            ("limit=1", &["query"], &["query"]),
            ("query=a&query=b", &["query"], &["query"]),
            ("query=a&limits=1", &["limits"], &[]),
            ("query=a&total=1", &["total"], &[]),
            ("query=%zz", &["query"], &["query"]),
            ("%71uery=a&limit=1&limit=2", &["limit"], &["limit"]),
        ];
        for (text, closed, criteria) in rows {
            for (operation, expected) in [(&CLOSED, closed), (&open, criteria)] {
                let issues = check(operation, text);
                let places: Vec<_> =
                    issues.iter().filter_map(|i| i.expression.as_deref()).collect();
                assert_eq!(places, expected, "{text}");
            }
        }
        assert!(check(&CLOSED, "query=a&limits=1")[0].diagnostics.ends_with("mean \"limit\"?"));
    }

    #[test]
    fn bodies() {
        let read = |parameter: serde_json::Value| {
            let body = json!({"resourceType": "Parameters", "parameter": parameter});
            parameters(body.to_string().as_bytes())
        };
        let values = json!([
            {"name": "q", "valueString": "a&b é"},
            {"name": "n", "valueInteger": 3},
            {"name": "d", "valueDecimal": 1.5},
            {"name": "b", "valueBoolean": true},
        ]);
        assert_eq!(read(values).unwrap(), "q=a%26b%20%C3%A9&n=3&d=1.5&b=true");
        assert_eq!(read(json!([])).unwrap(), "");
        assert_eq!(parameters(br#"{"resourceType":"Parameters"}"#).unwrap(), "");
        for wrong in [
            json!({}),
            json!([{"valueString": "a"}]),
            json!([{"name": "a"}]),
            json!([{"name": "a", "valueCoding": {"code": "x"}}]),
            json!([{"name": "a", "resource": {"resourceType": "Task"}}]),
            json!([{"name": "a", "valueString": "x", "valueCode": "y"}]),
            json!([3]),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(parameters(br#"{"resourceType":"Bundle"}"#).is_err());
        assert!(parameters(b"{").is_err());
    }
}
