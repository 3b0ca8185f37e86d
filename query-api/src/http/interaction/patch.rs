//! `PATCH [type]/[id]` and `PATCH [type]?…`: `FHIRPath` Patch and JSON Patch.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use shared::access::Access;
use shared::fhir::ResourceType;
use shared::store::Identity;

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::path::{InstancePath, TypePath};
use crate::http::written::{self, Form};
use crate::http::{body, condition};
use crate::write::{self, Operation, Patch, PatchLanguage, Target, Work, patch};

/// Changes parts of the resource of an id.
pub(crate) async fn patch(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    InstancePath { resource_type, id }: InstancePath,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    condition::no_criteria(uri.query().unwrap_or_default(), condition::Of::Id(resource_type))?;
    let target = Target::Instance(Identity { resource_type, id });
    perform(&app, access, target, &uri, &headers, body).await
}

/// Changes parts of the resource that a condition finds.
pub(crate) async fn patch_matching(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    matching(&app, access, resource_type, &uri, &headers, body).await
}

/// The same on the path to which bed-management systems send capacities.
pub(crate) async fn patch_capacity(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    matching(&app, access, ResourceType::Location, &uri, &headers, body).await
}

async fn matching(
    app: &App,
    access: Access,
    resource_type: ResourceType,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let condition = condition::condition(app, resource_type, uri.query().unwrap_or_default())?;
    perform(app, access, Target::Matching(Box::new(condition)), uri, headers, body).await
}

async fn perform(
    app: &App,
    access: Access,
    target: Target,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::of(uri, headers)?;
    let said = language(headers)?;
    let preconditions = condition::preconditions(headers)?;
    let bytes = body::read(&app.limits, body).await?;
    let language = said.unwrap_or_else(|| guess(&bytes));
    let patch = Patch { language, body: bytes };
    let limits =
        patch::Limits { operations: app.limits.patch_operations, ..patch::Limits::default() };
    let checked =
        app.engine.run(access, move |_, _| Ok(write::check_patch(&patch, limits).map(|()| patch)));
    let patch = checked.await??;
    let operation = Operation::Patch { target, patch, preconditions };
    let done = written::perform(app, access, Work::One(Box::new(operation))).await?;
    written::answer(app, done, &form)
}

/// The language that the Content-Type names; plain JSON names none.
fn language(headers: &HeaderMap) -> Result<Option<PatchLanguage>, ApiError> {
    match body::media_type(headers).as_deref() {
        Some("application/fhir+json") => Ok(Some(PatchLanguage::FhirPath)),
        Some("application/json-patch+json") => Ok(Some(PatchLanguage::Json)),
        None | Some("application/json" | "text/json") => Ok(None),
        Some(_) => Err(ApiError::UnsupportedMediaType(
            "application/fhir+json (a Parameters resource) or application/json-patch+json",
        )),
    }
}

/// A JSON Patch is a list, a Parameters resource is not.
fn guess(bytes: &[u8]) -> PatchLanguage {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => PatchLanguage::Json,
        _ => PatchLanguage::FhirPath,
    }
}
