//! Bodies of requests: read within the limits, in a format that is understood.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::LengthLimitError;
use shared::config::Limits;
use shared::error::{Issue, IssueType};

use super::error::ApiError;

/// Reads a body to its end.
///
/// # Errors
/// [`ApiError::BodyTooLarge`] beyond the limit; [`ApiError::BodyTooSlow`] when it takes longer than it
/// may; [`ApiError::Refused`] when it breaks off.
pub(super) async fn read(limits: &Limits, body: Body) -> Result<Vec<u8>, ApiError> {
    let (limit, seconds) = (limits.body_bytes, limits.body_seconds);
    let reading = tokio::time::timeout(Duration::from_secs(seconds), to_bytes(body, limit));
    let read = reading.await.map_err(|_| ApiError::BodyTooSlow(seconds))?;
    let bytes = read.map_err(|error| {
        let source = std::error::Error::source(&error);
        if source.is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) {
            ApiError::BodyTooLarge(limit)
        } else {
            let text = "the body could not be read to its end";
            ApiError::Refused(vec![Issue::error(IssueType::Invalid, text)])
        }
    })?;
    Ok(bytes.into())
}

/// The media type of a body, in lower case and without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Checks that a body says it is JSON; one that says nothing is taken for it.
///
/// # Errors
/// [`ApiError::UnsupportedMediaType`].
pub(super) fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    match media_type(headers).as_deref() {
        None | Some("application/fhir+json" | "application/json" | "text/json") => Ok(()),
        Some(_) => Err(ApiError::UnsupportedMediaType("application/fhir+json")),
    }
}
