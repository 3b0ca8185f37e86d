//! Answers that succeed: their format and the headers that all of them share.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use serde_json::Value;

use crate::bundle::pretty;

/// The format of every FHIR answer.
pub(crate) const FHIR_JSON: &str = "application/fhir+json;charset=utf-8";

/// Number of matches and resources in an answer, for logs and metrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Results(pub(super) u64);

/// `_pretty`: whether people read the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One line.
    Compact,
    /// Indented.
    Pretty,
}

impl Layout {
    /// The layout that a decoded `_pretty` asks for.
    pub(super) fn of(pretty: Option<&str>) -> Self {
        if pretty == Some("true") { Self::Pretty } else { Self::Compact }
    }

    /// The body in this layout.
    pub(super) fn apply(self, json: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Compact => json,
            Self::Pretty => pretty::indent(&json),
        }
    }
}

/// A resource as JSON, its type first, for people who read it.
pub(super) fn type_first(mut resource: Value) -> Vec<u8> {
    let elements = resource.as_object_mut().expect("a resource is an object");
    let resource_type = elements.remove("resourceType").expect("a resource has a type");
    let rest = resource.to_string();
    let separator = if rest == "{}" { "" } else { "," };
    format!("{{\"resourceType\":{resource_type}{separator}{}", &rest[1..]).into_bytes()
}

/// A FHIR answer with status 200.
///
/// Caches ask again each time, so that a change is seen at once.
pub(super) fn ok(json: Vec<u8>, results: u64) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let mut response = (StatusCode::OK, headers, json).into_response();
    response.extensions_mut().insert(Results(results));
    response
}
