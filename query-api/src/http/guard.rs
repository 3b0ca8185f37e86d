//! What is checked before a handler runs: the length of the URL, and credentials.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::ACCEPT_ENCODING;
use axum::middleware::Next;
use axum::response::Response;
use shared::access::Access;
use shared::config::AnonymousProfile;

use super::error::ApiError;
use super::negotiate;
use crate::app::App;

/// Refuses a URL that is longer than the limit.
pub(super) async fn url_length(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let limit = app.limits.url_bytes;
    let length = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    if length > limit { Err(ApiError::UrlTooLong(limit)) } else { Ok(next.run(request).await) }
}

/// Refuses a caller that accepts the answer in no coding, before anything is done for it.
pub(super) async fn coding(request: Request, next: Next) -> Result<Response, ApiError> {
    if negotiate::accepts_coding(request.headers()) {
        Ok(next.run(request).await)
    } else {
        Err(ApiError::NoCoding)
    }
}

/// An answer to HEAD is not compressed: it has no body to save on, and tells the length of the plain
/// one; some clients also try to decode the body that is not there.
pub(super) async fn head_is_plain(mut request: Request) -> Request {
    if request.method() == Method::HEAD {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    request
}

/// Finds out what the caller may see, for the handlers; refuses callers without credentials where the
/// settings give them no rights.
///
/// Credentials themselves are not read yet, so a directory closed to anonymous callers is closed.
pub(super) async fn credentials(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    match app.anonymous {
        AnonymousProfile::None => Err(ApiError::Unauthenticated),
        AnonymousProfile::Profile(_) => {
            request.extensions_mut().insert(Access::full());
            Ok(next.run(request).await)
        }
    }
}
