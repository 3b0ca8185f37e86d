//! The entries of a transaction that only ask. They are answered after the writes, in what these made of
//! the directory; and since a transaction succeeds or fails as a whole, they are tried before.
//!
//! What is tried is answered from the directory as it is, which the writes may change: that a resource is
//! there to be read is therefore checked again where the writes are planned. What only load can make fail
//! after that (a deadline, no room for the answer) fails alone: the writes are durable by then.
//!
//! Source: FHIR R4, http, "Transaction Processing Rules".

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use shared::fhir::is_valid_id;
use shared::store::Identity;

use super::room::Room;
use super::{Part, answer_to};
use crate::app::App;
use crate::bundle::versions::EntryAnswer;
use crate::http::error::{ApiError, Failure};
use crate::write::Read;

/// Answers the entries of a transaction that does nothing else, or fails with the first that fails.
///
/// # Errors
/// [`ApiError::Entry`].
pub(super) async fn answer_all(
    app: &App,
    headers: &HeaderMap,
    parts: &[Part],
    room: &Arc<Room>,
) -> Result<Vec<EntryAnswer>, ApiError> {
    let mut answers = Vec::with_capacity(parts.len());
    for part in parts {
        let (answer, failure) = answer_to(app.clone(), headers, part.clone(), room).await;
        if let Some(failure) = failure {
            return Err(failed(part, failure));
        }
        answers.push(answer);
    }
    Ok(answers)
}

/// Tries the entries on the directory as it is. What must be there once the writes are done.
///
/// # Errors
/// [`ApiError::Entry`] for the first that fails, and not for want of a resource that may come.
pub(super) async fn rehearse(
    app: &App,
    headers: &HeaderMap,
    parts: &[Part],
) -> Result<Vec<Read>, ApiError> {
    let room = Arc::new(Room::new(app.limits.bundle_answer_bytes));
    let mut reads = Vec::new();
    for part in parts {
        let read = read_of(part);
        let (_, failure) = answer_to(app.clone(), headers, part.clone(), &room).await;
        if let Some(failure) = failure {
            let is_wanting = matches!(failure.status, StatusCode::NOT_FOUND | StatusCode::GONE);
            if !is_wanting || read.is_none() {
                return Err(failed(part, failure));
            }
        }
        reads.extend(read);
    }
    Ok(reads)
}

fn failed(part: &Part, failure: Failure) -> ApiError {
    ApiError::Entry(part.position, Box::new(ApiError::Inner(failure)))
}

/// What an entry reads, if it reads one resource or its history.
fn read_of(part: &Part) -> Option<Read> {
    let path = part.url.split('?').next().unwrap_or_default().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let (name, id, of_history) = match segments.as_slice() {
        [name, id] => (name, id, false),
        [name, id, "_history"] => (name, id, true),
        _ => return None,
    };
    let resource_type = name.parse().ok().filter(|_| is_valid_id(id))?;
    let identity = Identity { resource_type, id: (*id).to_owned() };
    Some(Read { position: part.position, identity, of_history })
}
