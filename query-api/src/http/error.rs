//! Failures → responses: the one place that builds an error response.
//!
//! | Failure | Status | `issue.code` |
//! |---|---|---|
//! | bad syntax, bad value, unknown parameter under strict handling, over a limit of a search | 400 | the issues' own: `invalid`, `value`, `not-supported`, `too-costly` |
//! | no HTTP | 400 | `structure` |
//! | no credentials where they are asked for | 401 | `login` |
//! | unknown path, type, id or version; a condition of PATCH without match | 404 | `not-found` |
//! | unknown operation | 404 | `not-supported` |
//! | method that the path does not answer | 405 + `Allow` | `not-supported` |
//! | no format, or no coding, that the caller accepts | 406 | `not-supported` |
//! | deleted; page token of another schema | 410 | `deleted`; `not-found` |
//! | body that does not arrive | 408 | `timeout` |
//! | body too large; URL too long; headers too large | 413; 414; 431 | `too-long` |
//! | body in a format that is not read | 415 | `not-supported` |
//! | `If-Match`, `If-None-Match` or `If-Unmodified-Since` does not hold; several matches of a condition | 412 | `conflict`; `multiple-matches` |
//! | document or patch breaks a rule | 422 | the issues' own: `required`, `invariant`, … |
//! | our bug, damaged data | 500 | `exception`, fixed text |
//! | not ready; too many requests | 503 + `Retry-After` | `transient` |
//! | deadline | 504 | `timeout` |
//! | disk full | 507 | `no-store` |
//!
//! A failed entry of a transaction has the status of its failure, and its place in the issues.

use std::sync::Arc;

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::store::Identity;

use crate::bundle;
use crate::engine::EngineError;
use crate::http::answer::FHIR_JSON;
use crate::http::operation;
use crate::write::WriteError;

/// Why a request is not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// Mistakes in the request, all of them; at least one is an error.
    #[error("the request has mistakes")]
    Refused(Vec<Issue>),
    /// A request line or head that is not HTTP.
    #[error("malformed request")]
    Malformed,
    /// No credentials where they are asked for.
    #[error("credentials are needed")]
    Unauthenticated,
    /// A path that is no part of the service.
    #[error("unknown path")]
    UnknownPath,
    /// An operation that the service does not have, or not at this path; without `$`.
    #[error("unknown operation")]
    UnknownOperation(String),
    /// A path with a resource type that the directory does not hold.
    #[error("unknown resource type")]
    UnknownType(String),
    /// No resource of this id, ever.
    #[error("unknown resource")]
    Absent(ResourceType, String),
    /// No such version of a resource.
    #[error("unknown version")]
    AbsentVersion(ResourceType, String, String),
    /// The resource or version is a deletion.
    #[error("deleted")]
    Deleted(ResourceType, String),
    /// The version was, but is no longer kept.
    #[error("forgotten")]
    Forgotten(ResourceType, String, u64),
    /// A method that the path does not answer; the router adds `Allow`.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// No format that the caller accepts.
    #[error("no acceptable format")]
    NotAcceptable(String),
    /// No coding of the answer that the caller accepts.
    #[error("no acceptable coding")]
    NoCoding,
    /// The page token was made with another schema.
    #[error("expired page")]
    ExpiredPage,
    /// The body is larger than the limit, in bytes.
    #[error("body too large")]
    BodyTooLarge(usize),
    /// The body took longer than the limit, in seconds.
    #[error("body too slow")]
    BodyTooSlow(u64),
    /// The URL is longer than the limit, in bytes.
    #[error("URL too long")]
    UrlTooLong(usize),
    /// The headers are larger than the HTTP library reads.
    #[error("head too large")]
    HeadTooLarge,
    /// A body in a format that is not read here; the one that is.
    #[error("media type not supported")]
    UnsupportedMediaType(&'static str),
    /// Our bug or damaged data; the detail is for the log only.
    #[error("internal error: {0}")]
    Internal(String),
    /// The document of this resource is damaged; the detail is for the log only.
    #[error("damaged document: {1}")]
    Damaged(String, String),
    /// Not ready, or too many requests.
    #[error("unavailable")]
    Unavailable(&'static str),
    /// The deadline has passed.
    #[error("deadline")]
    Deadline,
    /// The deadline has passed while a write was waiting; it may still be made.
    #[error("undecided")]
    Undecided,
    /// The content breaks a rule.
    #[error("unprocessable")]
    Unprocessable(Vec<Issue>),
    /// A patch does not find what it is to change.
    #[error("no place")]
    NoPlace(Vec<Issue>),
    /// The condition of a PATCH, or a conditional reference, finds nothing.
    #[error("no match")]
    NoMatch(ResourceType),
    /// A condition finds several resources.
    #[error("several matches")]
    SeveralMatches(ResourceType),
    /// A resource has another version than `If-Match` says: its name, and the version it has.
    #[error("another version")]
    OtherVersion(String, Option<u64>),
    /// A resource has a version that `If-None-Match` excludes: its name and the version.
    #[error("a version that must not be")]
    Present(String, u64),
    /// A resource was changed after `If-Unmodified-Since`: its name.
    #[error("changed since")]
    ChangedSince(String),
    /// No space is left on the disk.
    #[error("no space")]
    NoSpace,
    /// An entry of a transaction fails; its position.
    #[error("entry {0}")]
    Entry(usize, Box<ApiError>),
    /// A request that this one is made of was answered so.
    #[error("a part fails")]
    Inner(Failure),
}

/// What an error response says; rides on it, for who asked in a Bundle.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its issues.
    issues: Arc<[Issue]>,
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Invalid(issues) => Self::Refused(issues),
            WriteError::Unprocessable(issues) => Self::Unprocessable(issues),
            WriteError::NoPlace(issues) => Self::NoPlace(issues),
            WriteError::Absent(Identity { resource_type, id }) => Self::Absent(resource_type, id),
            WriteError::Deleted(Identity { resource_type, id }) => Self::Deleted(resource_type, id),
            WriteError::NoMatch(resource_type) => Self::NoMatch(resource_type),
            WriteError::SeveralMatches(resource_type) => Self::SeveralMatches(resource_type),
            WriteError::OtherVersion(name, version) => Self::OtherVersion(name, version),
            WriteError::Present(name, version) => Self::Present(name, version),
            WriteError::ChangedSince(name) => Self::ChangedSince(name),
            WriteError::Twice(identity) => {
                let text = format!("the transaction changes {identity} twice");
                Self::Refused(vec![Issue::error(IssueType::Duplicate, text)])
            }
            WriteError::Entry(position, error) => {
                Self::Entry(position, Box::new(Self::from(*error)))
            }
            WriteError::NoSpace => Self::NoSpace,
            WriteError::Unavailable(why) => Self::Unavailable(why),
            WriteError::Engine(error) => error.into(),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(issues) => Self::Refused(issues),
            EngineError::ForeignPage => Self::Refused(vec![
                Issue::error(
                    IssueType::Value,
                    "\"_page\" holds no token of this search; follow the links of its first page",
                )
                .at("_page"),
            ]),
            EngineError::ExpiredPage => Self::ExpiredPage,
            EngineError::NotReady => Self::Unavailable("the directory is being opened"),
            EngineError::Busy => Self::Unavailable("too many requests are waiting"),
            EngineError::Deadline => Self::Deadline,
            EngineError::DamagedDocument(ref identity, _) => {
                Self::Damaged(identity.to_string(), with_sources(&error))
            }
            EngineError::Damaged(_) | EngineError::Io(_) | EngineError::Defect(_) => {
                Self::Internal(with_sources(&error))
            }
        }
    }
}

/// Seconds after which a caller may try again.
const RETRY_AFTER_SECONDS: &str = "2";

impl ApiError {
    /// The body: an `OperationOutcome` as JSON.
    pub(super) fn into_outcome(self) -> Vec<u8> {
        let mut body = Vec::new();
        bundle::write_outcome(&mut body, self.issues().iter());
        body
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(_) | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::UnknownPath
            | Self::UnknownOperation(_)
            | Self::UnknownType(_)
            | Self::Absent(..)
            | Self::AbsentVersion(..)
            | Self::NoPlace(_)
            | Self::NoMatch(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable(_) | Self::NoCoding => StatusCode::NOT_ACCEPTABLE,
            Self::Deleted(..) | Self::Forgotten(..) | Self::ExpiredPage => StatusCode::GONE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::UrlTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Internal(_) | Self::Damaged(..) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Deadline | Self::Undecided => StatusCode::GATEWAY_TIMEOUT,
            Self::SeveralMatches(_)
            | Self::OtherVersion(..)
            | Self::Present(..)
            | Self::ChangedSince(_) => StatusCode::PRECONDITION_FAILED,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
            Self::Entry(_, error) => error.status(),
            Self::Inner(failure) => failure.status,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one arm for each failure")]
    fn issues(self) -> Vec<Issue> {
        let (code, text) = match self {
            Self::Refused(issues) | Self::Unprocessable(issues) | Self::NoPlace(issues) => {
                return issues;
            }
            Self::Inner(failure) => return failure.issues.to_vec(),
            Self::NoMatch(resource_type) => {
                let text = format!("no {resource_type} satisfies the condition");
                let issue = Issue::error(IssueType::NotFound, text).at(resource_type.as_str());
                return vec![issue];
            }
            Self::SeveralMatches(resource_type) => {
                let text = format!("several {resource_type}s satisfy the condition");
                let code = IssueType::MultipleMatches;
                return vec![Issue::error(code, text).at(resource_type.as_str())];
            }
            Self::Entry(position, error) => {
                let mut issues = error.issues();
                for issue in &mut issues {
                    issue.diagnostics = format!("entry {position}: {}", issue.diagnostics);
                    let place = issue.expression.take();
                    issue.expression = Some(match place {
                        Some(place) => format!("Bundle.entry[{position}].resource, {place}"),
                        None => format!("Bundle.entry[{position}]"),
                    });
                }
                return issues;
            }
            Self::OtherVersion(name, Some(version)) => {
                let text = format!("{name} has version {version}; read it again before changing it");
                (IssueType::Conflict, text)
            }
            Self::OtherVersion(name, None) => (
                IssueType::Conflict,
                format!("there is no {name}, so it cannot have a version that If-Match asks for"),
            ),
            Self::Present(name, version) => (
                IssueType::Conflict,
                format!("{name} has version {version}, which If-None-Match excludes; nothing was changed"),
            ),
            Self::ChangedSince(name) => (
                IssueType::Conflict,
                format!("{name} was changed after the instant of If-Unmodified-Since; read it again before changing it"),
            ),
            Self::NoSpace => (
                IssueType::NoStore,
                "the disk of the service is full: the change was not kept; once there is room, read the resource and try again"
                    .to_owned(),
            ),
            Self::Undecided => (
                IssueType::Timeout,
                "the change waited longer than the service allows and may still be made; read the resource before trying again"
                    .to_owned(),
            ),
            Self::Malformed => (
                IssueType::Structure,
                "the request is not HTTP; spaces and other special characters of a URL are percent-encoded".to_owned(),
            ),
            Self::Unauthenticated => (
                IssueType::Login,
                "this directory answers only callers with credentials".to_owned(),
            ),
            Self::UnknownPath => (
                IssueType::NotFound,
                "nothing is at this path; the service describes itself at [base]/metadata".to_owned(),
            ),
            Self::UnknownOperation(code) => {
                (IssueType::NotSupported, operation::why_unknown(&code))
            }
            Self::UnknownType(name) => (
                IssueType::NotFound,
                format!("\"{name}\" is not a resource type of this directory; there are {}", types()),
            ),
            Self::Absent(resource_type, id) => {
                (IssueType::NotFound, format!("there is no {resource_type}/{id}"))
            }
            Self::AbsentVersion(resource_type, id, version) => (
                IssueType::NotFound,
                format!("{resource_type}/{id} has no version \"{version}\""),
            ),
            Self::Deleted(resource_type, id) => {
                (IssueType::Deleted, format!("{resource_type}/{id} was deleted"))
            }
            Self::Forgotten(resource_type, id, version) => (
                IssueType::NotFound,
                format!(
                    "version {version} of {resource_type}/{id} is no longer kept; {resource_type}/{id}/_history lists those that are"
                ),
            ),
            Self::MethodNotAllowed => (
                IssueType::NotSupported,
                "this path does not answer this method; the Allow header names those it answers"
                    .to_owned(),
            ),
            Self::NoCoding => (
                IssueType::NotSupported,
                "Accept-Encoding leaves no way to send an answer; there are gzip, br, zstd and identity"
                    .to_owned(),
            ),
            Self::NotAcceptable(asked) => (
                IssueType::NotSupported,
                format!("\"{asked}\" cannot be answered; this service speaks application/fhir+json"),
            ),
            Self::ExpiredPage => (
                IssueType::NotFound,
                "the index was rebuilt in another form since this page was made; start the search again"
                    .to_owned(),
            ),
            Self::BodyTooLarge(limit) => {
                (IssueType::TooLong, format!("the body is larger than {limit} bytes"))
            }
            Self::BodyTooSlow(limit) => {
                (IssueType::Timeout, format!("the body took longer than {limit} seconds to arrive"))
            }
            Self::UrlTooLong(limit) => (
                IssueType::TooLong,
                format!("the URL is longer than {limit} bytes; send the search by POST to [type]/_search"),
            ),
            Self::HeadTooLarge => (IssueType::TooLong, "the headers are too large".to_owned()),
            Self::UnsupportedMediaType(expected) => {
                (IssueType::NotSupported, format!("the Content-Type must be {expected}"))
            }
            Self::Internal(_) => (
                IssueType::Exception,
                "the service failed to answer; the failure is logged under the X-Request-Id of this answer"
                    .to_owned(),
            ),
            Self::Damaged(name, _) => (
                IssueType::Exception,
                format!("the document of {name} is damaged in the index; `indexer rebuild` makes it anew from the store"),
            ),
            Self::Unavailable(why) => {
                (IssueType::Transient, format!("{why}; try again in a moment"))
            }
            Self::Deadline => (
                IssueType::Timeout,
                "the answer took longer than the service allows; narrow the search".to_owned(),
            ),
        };
        vec![Issue::error(code, text)]
    }

    /// The failure itself, without the entry it happened in.
    fn innermost(&self) -> &Self {
        if let Self::Entry(_, error) = self { error.innermost() } else { self }
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let (name, value) = match self {
            Self::Unavailable(_) => (RETRY_AFTER, RETRY_AFTER_SECONDS),
            Self::Inner(failure) if failure.status == StatusCode::SERVICE_UNAVAILABLE => {
                (RETRY_AFTER, RETRY_AFTER_SECONDS)
            }
            Self::Unauthenticated => (WWW_AUTHENTICATE, "Bearer"),
            Self::Refused(_)
            | Self::Malformed
            | Self::HeadTooLarge
            | Self::UnknownPath
            | Self::UnknownOperation(_)
            | Self::UnknownType(_)
            | Self::Absent(..)
            | Self::AbsentVersion(..)
            | Self::Deleted(..)
            | Self::Forgotten(..)
            | Self::MethodNotAllowed
            | Self::NotAcceptable(_)
            | Self::NoCoding
            | Self::ExpiredPage
            | Self::BodyTooLarge(_)
            | Self::BodyTooSlow(_)
            | Self::UrlTooLong(_)
            | Self::UnsupportedMediaType(_)
            | Self::Internal(_)
            | Self::Damaged(..)
            | Self::Deadline
            | Self::Undecided
            | Self::Unprocessable(_)
            | Self::NoPlace(_)
            | Self::NoMatch(_)
            | Self::SeveralMatches(_)
            | Self::OtherVersion(..)
            | Self::Present(..)
            | Self::ChangedSince(_)
            | Self::Inner(_)
            | Self::NoSpace => return None,
            Self::Entry(_, error) => return error.header(),
        };
        Some((name, HeaderValue::from_static(value)))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Internal(detail) | Self::Damaged(_, detail) = self.innermost() {
            tracing::error!(error = %detail, "a request failed inside the service");
        }
        let status = self.status();
        let header = self.header();
        // The router adds `Allow` to every answer that its path's fallback gives, and the fallback
        // also answers for unknown types and operations, whose paths allow nothing.
        let no_allow = matches!(self, Self::UnknownType(_) | Self::UnknownOperation(_));
        let issues: Arc<[Issue]> = self.issues().into();
        let mut body = Vec::new();
        bundle::write_outcome(&mut body, issues.iter());
        let content_type = HeaderValue::from_static(FHIR_JSON);
        let mut response = (status, [(CONTENT_TYPE, content_type)], body).into_response();
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        if no_allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(""));
        }
        response.extensions_mut().insert(Failure { status, issues });
        response
    }
}

fn types() -> String {
    ResourceType::ALL.map(ResourceType::as_str).join(", ")
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::ApiError;
    use crate::engine::EngineError;
    use axum::response::IntoResponse as _;
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use shared::error::{Issue, IssueType};
    use shared::fhir::ResourceType::Location;

    #[tokio::test]
    async fn every_failure_is_an_outcome() {
        let two =
            vec![Issue::error(IssueType::Value, "a"), Issue::warning(IssueType::NotSupported, "b")];
        let rows = [
            (ApiError::Refused(two), 400, "value"),
            (ApiError::Malformed, 400, "structure"),
            (ApiError::HeadTooLarge, 431, "too-long"),
            (ApiError::Unauthenticated, 401, "login"),
            (ApiError::UnknownPath, 404, "not-found"),
            (ApiError::UnknownOperation("x".into()), 404, "not-supported"),
            (ApiError::UnknownType("Patient".into()), 404, "not-found"),
            (ApiError::Absent(Location, "a".into()), 404, "not-found"),
            (ApiError::AbsentVersion(Location, "a".into(), "9".into()), 404, "not-found"),
            (ApiError::Deleted(Location, "a".into()), 410, "deleted"),
            (ApiError::Forgotten(Location, "a".into(), 2), 410, "not-found"),
            (ApiError::MethodNotAllowed, 405, "not-supported"),
            (ApiError::NotAcceptable("xml".into()), 406, "not-supported"),
            (ApiError::NoCoding, 406, "not-supported"),
            (ApiError::BodyTooLarge(9), 413, "too-long"),
            (ApiError::UrlTooLong(9), 414, "too-long"),
            (ApiError::UnsupportedMediaType("x"), 415, "not-supported"),
            (EngineError::Refused(vec![]).into(), 400, ""),
            (EngineError::ForeignPage.into(), 400, "value"),
            (EngineError::ExpiredPage.into(), 410, "not-found"),
            (EngineError::NotReady.into(), 503, "transient"),
            (EngineError::Busy.into(), 503, "transient"),
            (EngineError::Deadline.into(), 504, "timeout"),
            (EngineError::Defect("secret".into()).into(), 500, "exception"),
            (EngineError::Io(std::io::Error::other("secret")).into(), 500, "exception"),
        ];
        for (error, status, code) in rows {
            let error: ApiError = error;
            let name = format!("{error:?}");
            let response = error.into_response();
            assert_eq!(response.status(), status, "{name}");
            assert_eq!(response.headers()["content-type"], "application/fhir+json;charset=utf-8");
            assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{name}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let outcome: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(outcome["resourceType"], "OperationOutcome");
            assert_eq!(outcome["issue"][0]["code"].as_str().unwrap_or(""), code, "{name}");
            assert!(!outcome.to_string().contains("secret"), "{name}");
        }
    }
}
