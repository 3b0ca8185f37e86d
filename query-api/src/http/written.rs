//! What the writing interactions share: reading a document, handing a change to the sequencer, and
//! answering what became of it.

use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use tokio::time::timeout;

use super::answer::FHIR_JSON;
use super::error::ApiError;
use super::prefer::{PREFERENCE_APPLIED, Return};
use super::shape::Shape;
use crate::app::App;
use crate::bundle;
use crate::write::{self, Command, Effect, Incoming, Outcome, Work};

/// Says that a change is stored, and that searches may not find it yet.
pub(super) const NOT_YET_SEARCHABLE: HeaderName = HeaderName::from_static("x-not-yet-searchable");

/// How a write is answered.
#[derive(Debug, Clone)]
pub(super) struct Form {
    /// How a document in it is shown.
    pub(super) shape: Shape,
    returns: Option<Return>,
}

/// Changes that were made.
#[derive(Debug)]
pub(super) struct Done {
    /// One for each change.
    pub(super) outcomes: Vec<Outcome>,
    /// Whether every search from now on sees them.
    pub(super) is_searchable: bool,
}

impl Form {
    /// Reads `Prefer: return` and the general parameters.
    ///
    /// # Errors
    /// [`ApiError::NotAcceptable`], and [`ApiError::Refused`] for a bad value.
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Result<Self, ApiError> {
        let text = uri.query().unwrap_or_default();
        let mut issues = Vec::new();
        let shape = Shape::of(text, headers, &mut issues)?;
        if issues.is_empty() {
            Ok(Self { shape, returns: Return::of(headers) })
        } else {
            Err(ApiError::Refused(issues))
        }
    }

    /// Whether the documents are wanted.
    pub(super) fn shows_documents(&self) -> bool {
        self.returns.unwrap_or(Return::Representation) == Return::Representation
    }

    /// The header that tells which preference was honored.
    pub(super) fn say(&self, response: &mut Response) {
        if let Some(returns) = self.returns {
            let value = HeaderValue::from_static(returns.as_str());
            response.headers_mut().insert(PREFERENCE_APPLIED, value);
        }
    }
}

/// Parses and validates a document, off the asynchronous threads.
///
/// # Errors
/// 400 for what is no FHIR, 422 for what breaks a rule.
pub(super) async fn document(
    app: &App,
    access: Access,
    bytes: Vec<u8>,
) -> Result<Incoming, ApiError> {
    let validator = app.validator.clone();
    let read = app.engine.run(access, move |_, _| Ok(write::read(bytes, &validator))).await?;
    Ok(read?)
}

/// Hands a change to the sequencer; waits until it is durable, and then for a while until searches
/// find it.
///
/// # Errors
/// Those of the change.
pub(super) async fn perform(app: &App, access: Access, work: Work) -> Result<Done, ApiError> {
    let ticket = app.engine.submit(Command { work, access })?;
    let outcomes = match timeout(app.engine.deadline(), ticket.answer).await {
        Ok(Ok(answer)) => answer?,
        Ok(Err(_)) => return Err(ApiError::Internal("the write sequencer is gone".to_owned())),
        Err(_) => return Err(ApiError::Undecided),
    };
    let patience = Duration::from_millis(app.visible_ms);
    let is_searchable = matches!(timeout(patience, ticket.visible).await, Ok(Ok(())));
    Ok(Done { outcomes, is_searchable })
}

/// Answers a single change.
///
/// # Errors
/// When the document that was stored is damaged.
pub(super) fn answer(app: &App, done: Done, form: &Form) -> Result<Response, ApiError> {
    let Done { mut outcomes, is_searchable } = done;
    let outcome = outcomes.pop().expect("one change has one outcome");
    let status = status(outcome.effect);
    let is_gone = matches!(outcome.effect, Effect::Deleted | Effect::Nothing);
    let returns = form.returns.unwrap_or(Return::Representation);
    // A deletion has no representation; it speaks when it has something to say.
    let body = match returns {
        Return::Minimal => None,
        Return::Representation if is_gone && outcome.issues.is_empty() => None,
        Return::Representation if !is_gone => Some(shown(&outcome, &form.shape)?),
        Return::Representation | Return::OperationOutcome => Some(outcome_body(&outcome.issues)),
    };
    let status = if is_gone && body.is_some() { StatusCode::OK } else { status };
    let mut response = match body {
        Some(json) => {
            let content_type = [(CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON))];
            (status, content_type, form.shape.lay_out(json)).into_response()
        }
        None => status.into_response(),
    };
    version_headers(app, &outcome, response.headers_mut());
    say_searchable(is_searchable, &mut response);
    form.say(&mut response);
    Ok(response)
}

/// The part of the stored document that is shown; empty after a deletion.
///
/// # Errors
/// When the document is damaged.
pub(super) fn shown(outcome: &Outcome, shape: &Shape) -> Result<Vec<u8>, ApiError> {
    match &outcome.identity {
        Some(identity) if !outcome.json.is_empty() => {
            shape.part_of(outcome.json.clone(), identity.resource_type)
        }
        Some(_) | None => Ok(Vec::new()),
    }
}

/// Says so when searches may not find a change yet.
pub(super) fn say_searchable(is_searchable: bool, response: &mut Response) {
    if !is_searchable {
        response.headers_mut().insert(NOT_YET_SEARCHABLE, HeaderValue::from_static("true"));
    }
}

/// The status of what was done.
pub(super) fn status(effect: Effect) -> StatusCode {
    match effect {
        Effect::Created => StatusCode::CREATED,
        Effect::Updated | Effect::Found => StatusCode::OK,
        Effect::Deleted | Effect::Nothing => StatusCode::NO_CONTENT,
    }
}

/// The URL of the version that a change made or found.
pub(super) fn location(app: &App, outcome: &Outcome) -> Option<String> {
    let is_told = matches!(outcome.effect, Effect::Created | Effect::Updated | Effect::Found);
    let identity = outcome.identity.as_ref().filter(|_| is_told)?;
    Some(format!("{}/{identity}/_history/{}", app.base_url, outcome.version))
}

fn outcome_body(issues: &[Issue]) -> Vec<u8> {
    let mut body = Vec::new();
    let fine = [Issue::information(IssueType::Informational, "done; there is nothing to remark")];
    let issues = if issues.is_empty() { fine.as_slice() } else { issues };
    bundle::write_outcome(&mut body, issues.iter());
    body
}

fn version_headers(app: &App, outcome: &Outcome, headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if outcome.version == 0 {
        return;
    }
    let etag = format!("W/\"{}\"", outcome.version);
    headers.insert(ETAG, HeaderValue::from_str(&etag).expect("digits in quotes"));
    let date = Timestamp::from_millisecond(outcome.last_updated_ms)
        .and_then(|instant| DateTimePrinter::new().timestamp_to_rfc9110_string(&instant));
    // Dates outside the years that HTTP can write leave the header out.
    if let Ok(date) = date {
        headers.insert(LAST_MODIFIED, HeaderValue::from_str(&date).expect("ASCII by its grammar"));
    }
    let is_located = matches!(outcome.effect, Effect::Created | Effect::Found);
    if let Some(url) = location(app, outcome).filter(|_| is_located)
        && let Ok(url) = HeaderValue::from_str(&url)
    {
        headers.insert(LOCATION, url);
    }
}
