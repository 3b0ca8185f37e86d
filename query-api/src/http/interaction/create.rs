//! `POST [type]`: a new resource under an id of ours, also conditional (`If-None-Exist`).

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::path::TypePath;
use crate::http::written::{self, Form};
use crate::http::{body, condition};
use crate::write::{Incoming, Operation, Work};

/// Creates a resource.
pub(crate) async fn create(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::of(&uri, &headers)?;
    condition::no_criteria(uri.query().unwrap_or_default(), condition::Of::Create)?;
    condition::no_preconditions(&headers, condition::Of::Create)?;
    body::is_json(&headers)?;
    let unless = condition::if_none_exist(&app, resource_type, &headers)?;
    let bytes = body::read(&app.limits, body).await?;
    let document = written::document(&app, access, bytes).await?;
    same_type(&document, resource_type)?;
    let operation = Operation::Create { document, unless: unless.map(Box::new) };
    let done = written::perform(&app, access, Work::One(Box::new(operation))).await?;
    written::answer(&app, done, &form)
}

/// Checks that a document is of the type that its path names.
///
/// # Errors
/// [`ApiError::Refused`].
pub(super) fn same_type(document: &Incoming, expected: ResourceType) -> Result<(), ApiError> {
    if document.resource_type == expected {
        return Ok(());
    }
    let text = format!("the body is a {}, the path names {expected}", document.resource_type);
    let issue = Issue::error(IssueType::Invalid, text).at("resourceType");
    Err(ApiError::Refused(vec![issue]))
}
