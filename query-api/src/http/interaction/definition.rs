//! `GET OperationDefinition/[id]`: the operations of the service, described from their table.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use crate::app::App;
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::{negotiate, operation, query};

/// Answers the definition of an operation.
pub(crate) async fn definition(
    State(app): State<App>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let text = uri.query().unwrap_or_default();
    negotiate::accepts_json(&headers, query::value(text, "_format").as_deref())?;
    let operation = operation::find(&id).ok_or(ApiError::UnknownOperation(id))?;
    let layout = Layout::of(query::value(text, "_pretty").as_deref());
    let json = answer::type_first(operation.definition(&app.base_url));
    Ok(answer::ok(layout.apply(json), 0))
}
