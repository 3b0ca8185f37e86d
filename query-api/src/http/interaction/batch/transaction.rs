//! A transaction: writing entries → one command; answers → one Bundle, in the order of the entries.

use std::sync::Arc;

use axum::http::header::ETAG;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::{ResourceType, is_valid_id};
use shared::store::{Identity, format_instant};

use super::super::{create, update};
use super::room::Room;
use super::{Part, answer_to, asked, refused};
use crate::app::App;
use crate::bundle;
use crate::bundle::versions::{self, EntryAnswer};
use crate::http::condition::Of;
use crate::http::error::ApiError;
use crate::http::shape::Shape;
use crate::http::written::{self, Form};
use crate::http::{answer, condition};
use crate::write::{self, Condition, Entry, Incoming, Operation, Outcome, Patch, PatchLanguage};
use crate::write::{Target, Work};

/// Processes the entries as a whole.
pub(super) async fn transaction(
    app: App,
    access: Access,
    headers: &HeaderMap,
    form: &Form,
    parts: Vec<Part>,
) -> Result<Response, ApiError> {
    let count = parts.len();
    let (asking, writes): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(Part::only_asks);
    let positions: Vec<usize> = writes.iter().map(|part| part.position).collect();
    let worker = app.clone();
    let entries: Result<Vec<(Entry, Shape)>, ApiError> = app
        .engine
        .run(access, move |_, _| {
            let entries = writes.into_iter().map(|part| {
                let position = part.position;
                entry(&worker, part).map_err(|error| ApiError::Entry(position, Box::new(error)))
            });
            Ok(entries.collect())
        })
        .await?;
    let (entries, shapes): (Vec<Entry>, Vec<Shape>) = entries?.into_iter().unzip();
    let room = Arc::new(Room::new(app.limits.bundle_answer_bytes));
    let mut answers = vec![EntryAnswer::default(); count];
    let mut is_searchable = true;
    if entries.is_empty() {
        let told = asked::answer_all(&app, headers, &asking, &room).await?;
        for (part, answer) in asking.iter().zip(told) {
            answers[part.position] = answer;
        }
    } else {
        let reads = asked::rehearse(&app, headers, &asking).await?;
        let done = written::perform(&app, access, Work::Transaction { entries, reads }).await?;
        is_searchable = done.is_searchable;
        // What was asked comes first into the room: without it, a write is still told to be done.
        for part in asking {
            let position = part.position;
            answers[position] = answer_to(app.clone(), headers, part, &room).await.0;
        }
        for ((position, outcome), shape) in positions.into_iter().zip(done.outcomes).zip(shapes) {
            answers[position] = room.of_write(written_answer(&app, &outcome, form, &shape)?);
        }
    }
    let json = form.shape.lay_out(versions::answers("transaction-response", answers));
    let mut response = answer::ok(json, count as u64);
    written::say_searchable(is_searchable, &mut response);
    form.say(&mut response);
    debug_assert!(response.headers().get(ETAG).is_none(), "a Bundle has no version");
    Ok(response)
}

fn written_answer(
    app: &App,
    outcome: &Outcome,
    form: &Form,
    shape: &Shape,
) -> Result<EntryAnswer, ApiError> {
    let has_version = outcome.version > 0;
    let issues = (!outcome.issues.is_empty()).then(|| {
        let mut body = Vec::new();
        bundle::write_outcome(&mut body, outcome.issues.iter());
        body.into()
    });
    let is_shown = form.shows_documents() && !outcome.json.is_empty();
    let resource = is_shown.then(|| written::shown(outcome, shape)).transpose()?;
    Ok(EntryAnswer {
        status: written::status(outcome.effect).to_string(),
        location: written::location(app, outcome),
        etag: has_version.then(|| format!("W/\"{}\"", outcome.version)),
        last_modified: has_version.then(|| format_instant(outcome.last_updated_ms)),
        resource: resource.map(Into::into),
        outcome: issues,
    })
}

/// A writing entry, and how its document is shown.
fn entry(app: &App, part: Part) -> Result<(Entry, Shape), ApiError> {
    let Part { position, full_url, resource, method, url, request } = part;
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let mut segments = path.split('/');
    let (name, id, rest) = (segments.next().unwrap_or_default(), segments.next(), segments.next());
    let resource_type: ResourceType =
        name.parse().map_err(|_| ApiError::UnknownType(name.to_owned()))?;
    let mut issues = Vec::new();
    let shape = Shape::of(query, &HeaderMap::new(), &mut issues)?;
    if !issues.is_empty() {
        return Err(ApiError::Refused(issues));
    }
    let target = match (id.filter(|id| !id.is_empty()), rest) {
        (_, Some(_)) => return Err(ApiError::UnknownPath),
        (Some(id), None) if is_valid_id(id) => {
            condition::no_criteria(query, Of::Id(resource_type))?;
            Some(Target::Instance(Identity { resource_type, id: id.to_owned() }))
        }
        (Some(id), None) => return Err(ApiError::Absent(resource_type, id.to_owned())),
        (None, None) if method == Method::POST => {
            condition::no_criteria(query, Of::Create)?;
            None
        }
        (None, None) => {
            let condition = condition::condition(app, resource_type, query)?;
            Some(Target::Matching(Box::new(condition)))
        }
    };
    let headers = request.conditions("request")?;
    let mut references = Vec::new();
    let operation = match (method, target) {
        (Method::POST, None) => {
            let document = document(app, resource, &mut references)?;
            create::same_type(&document, resource_type)?;
            condition::no_preconditions(&headers, Of::Create)?;
            let unless = condition::if_none_exist(app, resource_type, &headers)?;
            Operation::Create { document, unless: unless.map(Box::new) }
        }
        (Method::PUT, Some(target)) => {
            let preconditions = condition::preconditions(&headers)?;
            update::operation(target, document(app, resource, &mut references)?, preconditions)?
        }
        (Method::PATCH, Some(target)) => {
            let preconditions = condition::preconditions(&headers)?;
            Operation::Patch { target, patch: patch(body(resource)?)?, preconditions }
        }
        (Method::DELETE, Some(target)) => {
            Operation::Delete { target, preconditions: condition::preconditions(&headers)? }
        }
        _ => return Err(ApiError::MethodNotAllowed),
    };
    Ok((Entry { position, full_url, operation, references }, shape))
}

fn body(resource: Option<Vec<u8>>) -> Result<Vec<u8>, ApiError> {
    resource.ok_or_else(|| refused(IssueType::Required, "this entry needs a resource", "resource"))
}

fn document(
    app: &App,
    resource: Option<Vec<u8>>,
    references: &mut Vec<(String, Condition)>,
) -> Result<Incoming, ApiError> {
    let document = write::read(body(resource)?, &app.validator)?;
    for literal in write::literals(&document.value) {
        let Some((name, query)) = literal.text.split_once('?') else { continue };
        let Ok(resource_type) = name.parse() else { continue };
        if references.iter().all(|(text, _)| *text != literal.text) {
            references
                .push((literal.text.clone(), condition::condition(app, resource_type, query)?));
        }
    }
    Ok(document)
}

/// A Parameters resource, or a JSON Patch in a Binary. Source: FHIR R4, http, "Patch in a batch or
/// transaction".
fn patch(resource: Vec<u8>) -> Result<Patch, ApiError> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Binary {
        resource_type: String,
        content_type: Option<String>,
        data: Option<String>,
    }
    let binary: Option<Binary> = serde_json::from_slice(&resource).ok();
    let Some(binary) = binary.filter(|binary| binary.resource_type == "Binary") else {
        return Ok(Patch { language: PatchLanguage::FhirPath, body: resource });
    };
    let content_type = binary.content_type.unwrap_or_default();
    if !content_type.starts_with("application/json-patch+json") {
        let text = "the Binary of a PATCH must have the contentType application/json-patch+json";
        return Err(refused(IssueType::NotSupported, text, "Binary.contentType"));
    }
    let data: String = binary.data.unwrap_or_default().split_whitespace().collect();
    let body = STANDARD.decode(data).map_err(|_| {
        ApiError::Refused(vec![
            Issue::error(IssueType::Value, "the data is not base64").at("Binary.data"),
        ])
    })?;
    Ok(Patch { language: PatchLanguage::Json, body })
}
