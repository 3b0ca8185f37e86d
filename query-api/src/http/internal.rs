//! The internal listener: metrics, health, and, for who can read the token in the data directory, work on
//! the directory as a whole. Never to be reachable by callers.

mod command;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};

use super::error::ApiError;
use crate::app::App;
use crate::operate::Operator;

/// What the commands need.
#[derive(Clone)]
pub(crate) struct Internal {
    /// Who does them.
    pub(crate) operator: Arc<Operator>,
    /// What callers must know; never logged.
    pub(crate) token: Arc<str>,
}

/// The paths that everybody who reaches the internal listener may ask.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .with_state(app)
}

/// The paths for who knows the token.
pub(crate) fn commands(internal: Internal) -> Router {
    Router::new()
        .route("/internal/{command}", post(command::command))
        .method_not_allowed_fallback(|| async { ApiError::MethodNotAllowed })
        .layer(from_fn_with_state(internal.clone(), command::with_token))
        .with_state(internal)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, content_type)], app.metrics.render())
}

async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.engine.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the directory is being opened\n")
    }
}
