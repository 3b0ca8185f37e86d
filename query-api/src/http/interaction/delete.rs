//! `DELETE [type]/[id]` and `DELETE [type]?…`. A deletion is a version; what refers to the resource
//! stays as it is.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use shared::access::Access;
use shared::store::Identity;

use crate::app::App;
use crate::http::condition;
use crate::http::error::ApiError;
use crate::http::path::{InstancePath, TypePath};
use crate::http::written::{self, Form};
use crate::write::{Operation, Target, Work};

/// Deletes the resource of an id.
pub(crate) async fn delete(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    InstancePath { resource_type, id }: InstancePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    condition::no_criteria(uri.query().unwrap_or_default(), condition::Of::Id(resource_type))?;
    let target = Target::Instance(Identity { resource_type, id });
    perform(&app, access, target, &uri, &headers).await
}

/// Deletes the resource that a condition finds.
pub(crate) async fn delete_matching(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let condition = condition::condition(&app, resource_type, uri.query().unwrap_or_default())?;
    perform(&app, access, Target::Matching(Box::new(condition)), &uri, &headers).await
}

async fn perform(
    app: &App,
    access: Access,
    target: Target,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let form = Form::of(uri, headers)?;
    let preconditions = condition::preconditions(headers)?;
    let operation = Operation::Delete { target, preconditions };
    let done = written::perform(app, access, Work::One(Box::new(operation))).await?;
    written::answer(app, done, &form)
}
