//! `POST [base]`: batch and transaction Bundles.
//!
//! The entries of a batch are requests of their own and go through the router like any other; the
//! writing entries of a transaction become one command, the others are tried before it and answered after.

mod asked;
mod room;
mod transaction;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE};
use axum::http::header::{IF_NONE_MATCH, LAST_MODIFIED, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use jiff::fmt::rfc2822::DateTimeParser;
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::store::format_instant;
use shared::validate;
use tower::ServiceExt as _;

use crate::app::App;
use crate::bundle::versions::{self, EntryAnswer};
use crate::engine::EngineError;
use crate::http::error::{ApiError, Failure};
use crate::http::prefer::PREFER;
use crate::http::unread::IsEntry;
use crate::http::written::Form;
use crate::http::{answer, body, condition, router};
use room::Room;

/// Entries of a batch that are under way at once.
const ENTRIES_AT_ONCE: usize = 64;

/// A Bundle to process.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    resource_type: String,
    #[serde(default, rename = "type")]
    kind: String,
    /// Read one by one, so that a broken one fails alone.
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedEntry<'a> {
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Option<PostedRequest>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostedRequest {
    method: Option<String>,
    url: Option<String>,
    if_none_match: Option<String>,
    if_modified_since: Option<String>,
    if_match: Option<String>,
    if_none_exist: Option<String>,
}

impl PostedRequest {
    /// The conditions, as the headers that they stand for.
    fn conditions(&self, place: &str) -> Result<HeaderMap, ApiError> {
        let conditions = [
            (IF_MATCH, &self.if_match),
            (IF_NONE_MATCH, &self.if_none_match),
            (IF_MODIFIED_SINCE, &self.if_modified_since),
            (condition::IF_NONE_EXIST, &self.if_none_exist),
        ];
        let mut headers = HeaderMap::new();
        for (name, text) in conditions {
            let Some(text) = text else { continue };
            let value = HeaderValue::from_str(text).map_err(|_| {
                refused(IssueType::Value, format!("\"{text}\" cannot be a header"), place)
            })?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

/// One entry, on its own.
#[derive(Debug, Clone)]
struct Part {
    position: usize,
    full_url: Option<String>,
    resource: Option<Vec<u8>>,
    method: Method,
    /// Path and query after the base, without a slash at the start.
    url: String,
    request: PostedRequest,
}

impl Part {
    /// Whether the entry changes nothing: a read, a search or an operation.
    fn only_asks(&self) -> bool {
        let path = self.url.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        match self.method {
            Method::GET | Method::HEAD => true,
            Method::POST => last == "_search" || last.starts_with('$'),
            _ => false,
        }
    }
}

/// Processes a Bundle.
pub(crate) async fn batch(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::of(&uri, &headers)?;
    condition::no_criteria(uri.query().unwrap_or_default(), condition::Of::Bundle)?;
    condition::no_preconditions(&headers, condition::Of::Bundle)?;
    body::is_json(&headers)?;
    let bytes = body::read(&app.limits, body).await?;
    let worker = app.clone();
    let read = app.engine.run(access, move |_, _| Ok(parts(&worker, &bytes))).await?;
    let (is_transaction, parts) = read?;
    if is_transaction {
        let parts = parts.into_iter().collect::<Result<Vec<Part>, ApiError>>()?;
        return transaction::transaction(app, access, &headers, &form, parts).await;
    }
    let room = Arc::new(Room::new(app.limits.bundle_answer_bytes));
    let mut answers = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter().peekable();
    while parts.peek().is_some() {
        let window = parts.by_ref().take(ENTRIES_AT_ONCE);
        let send = |part| tokio::spawn(send(app.clone(), headers.clone(), part, Arc::clone(&room)));
        let tasks: Vec<_> = window.map(send).collect();
        for task in tasks {
            let answer = task.await.map_err(|error| EngineError::Defect(error.to_string()))?;
            answers.push(answer);
        }
    }
    let count = answers.len() as u64;
    let json = form.shape.lay_out(versions::answers("batch-response", answers));
    let mut response = answer::ok(json, count);
    form.say(&mut response);
    Ok(response)
}

fn refused(code: IssueType, text: impl Into<String>, place: impl Into<String>) -> ApiError {
    ApiError::Refused(vec![Issue::error(code, text).at(place)])
}

/// Reads a Bundle; tells whether it is a transaction. Entries that make no sense fail one by one.
fn parts(app: &App, bytes: &[u8]) -> Result<(bool, Vec<Result<Part, ApiError>>), ApiError> {
    let value = validate::parse(bytes).map_err(ApiError::Refused)?;
    if value["resourceType"] != "Bundle" {
        let text = "the body must be a Bundle of type batch or transaction";
        return Err(refused(IssueType::Invalid, text, "resourceType"));
    }
    drop(value);
    let posted: Posted<'_> = serde_json::from_slice(bytes).map_err(|error| {
        refused(IssueType::Structure, format!("the Bundle cannot be read: {error}"), "Bundle")
    })?;
    debug_assert_eq!(posted.resource_type, "Bundle");
    let is_transaction = match posted.kind.as_str() {
        "batch" => false,
        "transaction" => true,
        other => {
            let text = format!(
                "a Bundle of type \"{other}\" cannot be processed; batch and transaction can"
            );
            return Err(refused(IssueType::Value, text, "Bundle.type"));
        }
    };
    let limit = app.limits.bundle_entries;
    if posted.entry.len() > limit {
        let text =
            format!("the Bundle has {} entries, at most {limit} are taken", posted.entry.len());
        return Err(refused(IssueType::TooCostly, text, "Bundle.entry"));
    }
    let entries = posted.entry.into_iter().enumerate();
    let parts = entries.map(|(position, entry)| part(app, position, entry));
    Ok((is_transaction, parts.collect()))
}

fn part(app: &App, position: usize, entry: &RawValue) -> Result<Part, ApiError> {
    let entry: PostedEntry<'_> = serde_json::from_str(entry.get()).map_err(|error| {
        let text = format!("the entry cannot be read: {error} of the entry");
        refused(IssueType::Structure, text, format!("Bundle.entry[{position}]"))
    })?;
    let place = format!("Bundle.entry[{position}].request");
    let Some(request) = entry.request else {
        return Err(refused(IssueType::Required, "an entry needs a request", place));
    };
    let needed = |name: &str| {
        let text = format!("the request of an entry needs a {name}");
        refused(IssueType::Required, text, format!("{place}.{name}"))
    };
    let method = match request.method.as_deref().ok_or_else(|| needed("method"))? {
        "GET" => Method::GET,
        "HEAD" => Method::HEAD,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "DELETE" => Method::DELETE,
        other => {
            let other: String = other.chars().take(20).collect();
            let text = format!(
                "\"{other}\" is not a method; there are GET, HEAD, POST, PUT, PATCH, DELETE"
            );
            return Err(refused(IssueType::Value, text, format!("{place}.method")));
        }
    };
    let url = request.url.as_deref().ok_or_else(|| needed("url"))?.trim();
    let base = app.base_urls.iter().find_map(|base| url.strip_prefix(base.as_str()));
    let url = base.unwrap_or(url).trim_start_matches('/');
    // An absolute URL that is not ours would be taken for a path.
    if url.split('?').next().is_some_and(|path| path.contains("://")) {
        let text = format!("\"{url}\" is not on this server");
        return Err(refused(IssueType::Value, text, format!("{place}.url")));
    }
    Ok(Part {
        position,
        full_url: entry.full_url,
        resource: entry.resource.map(|raw| raw.get().as_bytes().to_vec()),
        method,
        url: url.to_owned(),
        request,
    })
}

/// Answers one entry of a batch as a request of its own.
async fn send(
    app: App,
    outer: HeaderMap,
    part: Result<Part, ApiError>,
    room: Arc<Room>,
) -> EntryAnswer {
    match part {
        Ok(part) => answer_to(app, &outer, part, &room).await.0,
        Err(error) => entry_answer(error.into_response()).await.0,
    }
}

/// The answer to one entry, within the room that is left; beside it what went wrong.
async fn answer_to(
    app: App,
    outer: &HeaderMap,
    part: Part,
    room: &Room,
) -> (EntryAnswer, Option<Failure>) {
    let only_asks = part.only_asks();
    if only_asks && room.is_full() {
        return entry_answer(room.refusal().into_response()).await;
    }
    let response = match inner_request(&app, outer, part) {
        Ok(request) => match router::router(app).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        Err(error) => error.into_response(),
    };
    let (answer, failure) = entry_answer(response).await;
    if !only_asks {
        (room.of_write(answer), failure)
    } else if room.take(&answer) {
        (answer, failure)
    } else {
        entry_answer(room.refusal().into_response()).await
    }
}

fn inner_request(app: &App, outer: &HeaderMap, part: Part) -> Result<Request<Body>, ApiError> {
    let place = format!("Bundle.entry[{}].request", part.position);
    if part.url.is_empty() && part.method == Method::POST {
        let text = "a Bundle cannot be an entry of a Bundle";
        return Err(refused(IssueType::NotSupported, text, place));
    }
    let uri: Uri = format!("{}/{}", app.base_paths[0], part.url).parse().map_err(|_| {
        let text = format!("\"{}\" is no URL", part.url);
        refused(IssueType::Value, text, format!("{place}.url"))
    })?;
    let has_body = part.resource.is_some();
    let mut request = Request::new(Body::from(Bytes::from(part.resource.unwrap_or_default())));
    request.extensions_mut().insert(IsEntry);
    *request.method_mut() = part.method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    for name in [AUTHORIZATION, PREFER, HeaderName::from_static("x-request-id")] {
        for value in outer.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    let json = HeaderValue::from_static("application/fhir+json");
    if has_body {
        headers.insert(CONTENT_TYPE, json.clone());
    }
    headers.insert(ACCEPT, json);
    headers.extend(part.request.conditions(&place)?);
    Ok(request)
}

/// A response as it stands in an entry; beside it what went wrong.
async fn entry_answer(response: Response) -> (EntryAnswer, Option<Failure>) {
    let (parts, body) = response.into_parts();
    let failure = parts.extensions.get::<Failure>().cloned();
    let text = |name: HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let last_modified = text(LAST_MODIFIED)
        .and_then(|date| DateTimeParser::new().parse_timestamp(&date).ok())
        .map(|instant| format_instant(instant.as_millisecond()));
    // What the router answers is in memory already; it does not fail to be read.
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let is_outcome = bytes.starts_with(br#"{"resourceType":"OperationOutcome""#);
    let bytes = (!bytes.is_empty()).then_some(bytes);
    let (resource, outcome) = if is_outcome { (None, bytes) } else { (bytes, None) };
    let answer = EntryAnswer {
        status: parts.status.to_string(),
        location: text(LOCATION),
        etag: text(ETAG),
        last_modified,
        resource,
        outcome,
    };
    (answer, failure)
}
