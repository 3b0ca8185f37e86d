//! Each request is named, timed, counted and logged once: by interaction, type, status, duration,
//! id and number of results. Never by its query, which may hold a person's position or words.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderName;
use axum::middleware::Next;
use axum::response::Response;

use super::answer::Results;
use super::interaction::Interaction;
use super::request_id;
use crate::app::App;

/// Runs the request and tells what became of it.
pub(super) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = app.request_ids.of(request.headers());
    let matched = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let within = app.base_paths.iter().find_map(|base| matched.strip_prefix(base.as_str()));
    let interaction = Interaction::of(request.method(), within);
    let resource_type = Interaction::resource_type(within, request.uri().path());

    let mut response = next.run(request).await;

    let status = response.status().as_u16();
    let results = response.extensions().get::<Results>().map_or(0, |results| results.0);
    let duration = start.elapsed();
    app.metrics.observe(interaction, status, duration, results);
    tracing::info!(
        interaction = %interaction,
        resource.r#type = resource_type.map(shared::fhir::ResourceType::as_str),
        status,
        duration_ms = duration.as_secs_f64() * 1000.0,
        results,
        request.id = id.to_str().unwrap_or_default(),
        "request answered"
    );
    response.headers_mut().insert(HeaderName::from_static(request_id::HEADER), id);
    response
}
