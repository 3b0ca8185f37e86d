//! Bodies of requests: read within the limits, in a format that is understood.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use shared::config::Limits;
use shared::error::{Issue, IssueType};

use super::error::ApiError;

/// How many times the limit is read of a body that is larger: a caller that is cut off while it sends
/// does not see the answer.
const PATIENCE: usize = 8;

/// Reads a body to its end.
///
/// # Errors
/// [`ApiError::BodyTooLarge`] beyond the limit; [`ApiError::BodyTooSlow`] when it takes longer than it
/// may; [`ApiError::Refused`] when it breaks off.
pub(super) async fn read(limits: &Limits, body: Body) -> Result<Vec<u8>, ApiError> {
    let reading = read_to_end(limits.body_bytes, body);
    let read = tokio::time::timeout(Duration::from_secs(limits.body_seconds), reading).await;
    read.unwrap_or(Err(ApiError::BodyTooSlow(limits.body_seconds)))
}

async fn read_to_end(limit: usize, mut body: Body) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut total = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            let text = "the body could not be read to its end";
            return Err(ApiError::Refused(vec![Issue::error(IssueType::Invalid, text)]));
        };
        let Ok(data) = frame.into_data() else { continue };
        total = total.saturating_add(data.len());
        if total <= limit {
            bytes.extend_from_slice(&data);
        } else if total > limit.saturating_mul(PATIENCE) {
            break;
        }
    }
    if total > limit { Err(ApiError::BodyTooLarge(limit)) } else { Ok(bytes) }
}

/// The media type of a body, in lower case and without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    // What is no text is no media type that is read here.
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or_default();
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
