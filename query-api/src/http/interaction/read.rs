//! `GET [type]/[id]` and `GET [type]/[id]/_history/[version]`, also conditional.

use axum::extract::{Extension, State};
use axum::http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use crate::app::App;
use crate::engine::{Document, Stored};
use crate::http::answer;
use crate::http::error::ApiError;
use crate::http::path::{InstancePath, VersionPath};
use crate::http::prefer::Preference;
use crate::http::query;
use crate::http::shape::{self, Shape};

/// Answers the current version of a resource.
pub(crate) async fn read(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    InstancePath { resource_type, id }: InstancePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shape = shape(&uri, &headers)?;
    let asked = id.clone();
    let stored = app.engine.run(access, move |view, _| view.read(resource_type, &asked)).await?;
    match stored {
        Stored::Found(document) => respond(document, resource_type, &shape, &headers),
        Stored::Deleted => Err(ApiError::Deleted(resource_type, id)),
        Stored::Forgotten => Err(ApiError::Internal("a newest version is not kept".to_owned())),
        Stored::Absent => Err(ApiError::Absent(resource_type, id)),
    }
}

/// Answers a version of a resource.
pub(crate) async fn read_version(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    VersionPath { instance, version }: VersionPath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let InstancePath { resource_type, id } = instance;
    let shape = shape(&uri, &headers)?;
    let asked = id.clone();
    let stored = app
        .engine
        .run(access, move |view, _| view.read_version(resource_type, &asked, version))
        .await?;
    match stored {
        Stored::Found(document) => respond(document, resource_type, &shape, &headers),
        Stored::Deleted => Err(ApiError::Deleted(resource_type, id)),
        Stored::Forgotten => Err(ApiError::Forgotten(resource_type, id, version)),
        Stored::Absent => Err(ApiError::AbsentVersion(resource_type, id, version.to_string())),
    }
}

/// Reads the general parameters; others mean nothing to a read and are refused under strict handling.
fn shape(uri: &Uri, headers: &HeaderMap) -> Result<Shape, ApiError> {
    let text = uri.query().unwrap_or_default();
    let mut issues = query::problems(text);
    let shape = Shape::of(text, headers, &mut issues)?;
    for name in shape::names(text).filter(|name| !shape::is_general(name)) {
        let problem = format!("a read takes no parameter \"{name}\"");
        issues.push(Issue::warning(IssueType::NotSupported, problem).at(name));
    }
    Preference::of(headers).admit(issues)?;
    Ok(shape)
}

fn respond(
    document: Document,
    resource_type: ResourceType,
    shape: &Shape,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let Document { version, last_updated, json } = document;
    let etag = format!("W/\"{version}\"");
    let mut response = if is_unchanged(headers, &etag, last_updated) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        answer::ok(shape.lay_out(shape.part_of(json, resource_type)?), 1)
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, HeaderValue::from_str(&etag).expect("digits in quotes"));
    // Dates outside the years that HTTP can write leave the header out.
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&last_updated) {
        headers.insert(LAST_MODIFIED, HeaderValue::from_str(&date).expect("ASCII by its grammar"));
    }
    Ok(response)
}

/// Whether the caller already has this version. Source: RFC 9110, 13.1.2, 13.1.3 and 13.2.2.
fn is_unchanged(headers: &HeaderMap, etag: &str, last_updated: Timestamp) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let mut conditions = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if conditions.peek().is_some() {
        return conditions.filter_map(|value| value.to_str().ok()).any(|value| {
            value.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
        });
    }
    let since = headers
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| DateTimeParser::new().parse_timestamp(value).ok());
    since.is_some_and(|since| last_updated.as_second() <= since.as_second())
}

#[cfg(test)]
mod tests {
    use super::is_unchanged;
    use axum::http::HeaderMap;

    #[test]
    fn conditions() {
        let last_updated = "2026-05-04T10:00:00.750Z".parse().unwrap();
        // (If-None-Match, If-Modified-Since, unchanged)
        let rows = [
            (None, None, false),
            (Some("W/\"3\""), None, true),
            (Some("\"3\""), None, true),
            (Some("W/\"2\", W/\"3\""), None, true),
            (Some("*"), None, true),
            (Some("W/\"2\""), None, false),
            (Some("W/\"33\""), None, false),
            // The second condition counts only without the first.
            (Some("W/\"2\""), Some("Mon, 04 May 2026 10:00:00 GMT"), false),
            (None, Some("Mon, 04 May 2026 10:00:00 GMT"), true),
            (None, Some("Mon, 04 May 2026 09:59:59 GMT"), false),
            (None, Some("yesterday"), false),
        ];
        for (none_match, since, expected) in rows {
            let mut headers = HeaderMap::new();
            if let Some(value) = none_match {
                headers.insert("if-none-match", value.parse().unwrap());
            }
            if let Some(value) = since {
                headers.insert("if-modified-since", value.parse().unwrap());
            }
            let unchanged = is_unchanged(&headers, "W/\"3\"", last_updated);
            assert_eq!(unchanged, expected, "{none_match:?} {since:?}");
        }
    }
}
