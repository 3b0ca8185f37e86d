//! `$facets`: counts of a search.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::json;
use shared::access::Access;

use super::search;
use crate::app::App;
use crate::http::answer::{self, Layout};
use crate::http::error::ApiError;
use crate::http::operation::{FACETS, input};
use crate::http::path::TypePath;
use crate::http::prefer::Preference;
use crate::http::{negotiate, query};

/// `GET` or `POST [type]/$facets`
pub(crate) async fn facets(
    State(app): State<App>,
    Extension(access): Extension<Access>,
    TypePath(resource_type): TypePath,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let text = input::read(&app, &method, &uri, &headers, body).await?;
    negotiate::accepts_json(&headers, query::value(&text, "_format").as_deref())?;
    let mut issues = input::check(&FACETS, &text);
    let (mut request, found) = search::parse(&app, Some(resource_type), &text);
    issues.extend(found);
    let preference = Preference::of(&headers);
    preference.admit(issues)?;
    let layout = if request.pretty { Layout::Pretty } else { Layout::Compact };
    request.count = Some(0);
    let total = app
        .engine
        .run(access, move |view, deadline| Ok(view.search(&request, deadline)?.total))
        .await?;
    let parameters = json!({
        "resourceType": "Parameters",
        "parameter": [{"name": "total", "valueInteger": total}],
    });
    Ok(answer::ok(layout.apply(answer::type_first(parameters)), 0))
}
