//! The paths of the FHIR service and the layers around them.
//!
//! To add an interaction, add its handler to the method router of its path; `Allow`, HEAD, the 405
//! of the other methods and the base paths follow.

use axum::Router;
use axum::http::header::{CONTENT_LOCATION, ETAG, LAST_MODIFIED, LOCATION};
use axum::http::{HeaderName, Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state, map_request, map_response};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::error::ApiError;
use super::interaction::{
    CAPACITY_PATH, batch, capabilities, create, definition, delete, facets, geocode, history,
    patch, read, search, update,
};
use super::operation::{FACETS, GEOCODE};
use super::path::AnyType;
use super::{guard, observe, page, prefer, unread, written};
use crate::app::App;

/// The FHIR service under all its base paths, and the page at `/`.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new().route("/", get(page::page));
    for base in &app.base_paths {
        router = router.merge(fhir(base, &app));
    }
    // Bed-management systems have a base of their own, beside the others or under them. As a base
    // path of the settings it answers everything already.
    if !app.base_paths.iter().any(|base| CAPACITY_PATH.starts_with(base.as_str())) {
        let capacity = Router::new()
            .route(CAPACITY_PATH, axum::routing::patch(patch::patch_capacity))
            .route_layer(from_fn_with_state(app.clone(), guard::credentials));
        router = router.merge(capacity);
    }
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), observe::observe))
        .layer(map_request(guard::head_is_plain))
        .layer(from_fn(guard::coding))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn_with_state(app.clone(), unread::bound))
        .layer(cors())
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::Internal("a handler panicked".to_owned()).into_response()
        }))
        .layer(map_response(prefer::say_applied))
        .layer(map_response(prefer::vary))
        .layer(from_fn_with_state(app.clone(), guard::url_length));
    router
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(layers)
        .with_state(app)
}

fn fhir(base: &str, app: &App) -> Router<App> {
    let at = |path: &str| format!("{base}{path}");
    let of_type = get(search::type_by_get)
        .post(create::create)
        .put(update::update_matching)
        .patch(patch::patch_matching)
        .delete(delete::delete_matching);
    let of_instance =
        get(read::read).put(update::update).patch(patch::patch).delete(delete::delete);
    let mut guarded = Router::new();
    for path in FACETS.paths() {
        guarded = guarded.route(&at(&path), get(facets::facets).post(facets::facets));
    }
    for path in GEOCODE.paths() {
        guarded = guarded.route(&at(&path), get(geocode::geocode).post(geocode::geocode));
    }
    let guarded = guarded
        .route(base, get(search::system_by_get).post(batch::batch))
        .route(&at("/"), get(search::system_by_get).post(batch::batch))
        .route(&at("/_search"), post(search::system_by_post))
        .route(&at("/_history"), get(history::system))
        .route(&at("/{type}"), of_type.clone())
        .route(&at("/{type}/"), of_type)
        .route(&at("/{type}/_search"), post(search::type_by_post))
        .route(&at("/{type}/_history"), get(history::of_type))
        .route(&at("/{type}/{id}"), of_instance.clone())
        .route(&at("/{type}/{id}/"), of_instance)
        .route(&at("/{type}/{id}/_history"), get(history::instance))
        .route(&at(CAPACITY_PATH), axum::routing::patch(patch::patch_capacity))
        .route(&at("/{type}/{id}/_history/{version}"), get(read::read_version))
        .route_layer(from_fn_with_state(app.clone(), guard::credentials));
    guarded
        .route(&at("/metadata"), get(capabilities::capabilities))
        .route(&at("/OperationDefinition/{id}"), get(definition::definition))
}

/// A path that nothing answers; one that ends in an operation says which there are.
async fn unknown_path(uri: Uri) -> ApiError {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    match last.strip_prefix('$').or_else(|| last.strip_prefix("%24")) {
        Some(code) => ApiError::UnknownOperation(code.to_owned()),
        None => ApiError::UnknownPath,
    }
}

/// A path of ours asked with a method it does not answer; first of all, its type must be one of ours.
async fn wrong_method(_: AnyType) -> ApiError {
    ApiError::MethodNotAllowed
}

fn cors() -> CorsLayer {
    let exposed = [
        ETAG,
        LAST_MODIFIED,
        LOCATION,
        CONTENT_LOCATION,
        prefer::PREFERENCE_APPLIED,
        written::NOT_YET_SEARCHABLE,
        HeaderName::from_static(super::request_id::HEADER),
    ];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed)
}

#[cfg(test)]
mod tests;
