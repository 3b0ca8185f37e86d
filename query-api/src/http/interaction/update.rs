//! `PUT [type]/[id]` and `PUT [type]?…`: the next version of a resource, or its first under an id that
//! the caller chooses.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::store::Identity;

use super::create::same_type;
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::path::{InstancePath, TypePath};
use crate::http::written::{self, Form};
use crate::http::{body, condition};
use crate::write::{Incoming, Operation, Preconditions, Target, Work};

/// Updates the resource of an id.
pub(crate) async fn update(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    InstancePath { resource_type, id }: InstancePath,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    condition::no_criteria(uri.query().unwrap_or_default(), condition::Of::Id(resource_type))?;
    let target = Target::Instance(Identity { resource_type, id });
    put(&app, access, target, &uri, &headers, body).await
}

/// Updates the resource that a condition finds.
pub(crate) async fn update_matching(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let condition = condition::condition(&app, resource_type, uri.query().unwrap_or_default())?;
    put(&app, access, Target::Matching(Box::new(condition)), &uri, &headers, body).await
}

async fn put(
    app: &App,
    access: Access,
    target: Target,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::of(uri, headers)?;
    body::is_json(headers)?;
    let preconditions = condition::preconditions(headers)?;
    let bytes = body::read(&app.limits, body).await?;
    let document = written::document(app, access, bytes).await?;
    let operation = operation(target, document, preconditions)?;
    let done = written::perform(app, access, Work::One(Box::new(operation))).await?;
    written::answer(app, done, &form)
}

/// The update of a target to a document, which must be of its type and, if it is known, its id.
///
/// # Errors
/// [`ApiError::Refused`].
pub(super) fn operation(
    target: Target,
    document: Incoming,
    preconditions: Preconditions,
) -> Result<Operation, ApiError> {
    match &target {
        Target::Matching(condition) => same_type(&document, condition.resource_type)?,
        Target::Instance(identity) => {
            same_type(&document, identity.resource_type)?;
            if document.id.as_ref() != Some(&identity.id) {
                let text = format!("the body must have the id of the path, \"{}\"", identity.id);
                let place = format!("{}.id", identity.resource_type);
                let issue = Issue::error(IssueType::Invalid, text).at(place);
                return Err(ApiError::Refused(vec![issue]));
            }
        }
    }
    Ok(Operation::Update { target, document, preconditions })
}
