//! Answers that their callers have not read yet: how much memory they hold together, and for how long.
//!
//! A large answer is given to the connection in pieces, as the caller takes them. One of which nothing is
//! taken for some time is given up, whatever the protocol; without room for another, callers are told to
//! come back. Small answers are not counted: they are gone into the buffers of their connections. What a
//! connection itself holds is bounded by the HTTP library, and by `stall`.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::error::ApiError;
use crate::app::App;

/// The size of the pieces, and of the largest answer that is not counted.
const PIECE: usize = 256 * 1024;

/// Marks a request that is an entry of a Bundle: its answer becomes part of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsEntry;

/// The memory that unread answers hold.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    held: Arc<AtomicUsize>,
    max: usize,
    patience: Duration,
}

impl Unread {
    /// At most `max` bytes in all, none of them longer than `patience` without being read on.
    pub(crate) fn new(max: usize, patience: Duration) -> Self {
        Self { held: Arc::default(), max, patience }
    }

    /// Makes room; an answer that alone is too large is let through when nothing else is held.
    fn take(&self, bytes: usize) -> Option<Share> {
        let fits = |held: usize| (held == 0 || held + bytes <= self.max).then_some(held + bytes);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).ok()?;
        Some(Share { held: Arc::clone(&self.held), bytes })
    }

    async fn hold(&self, response: Response) -> Response {
        let size = response.body().size_hint().exact();
        let Some(bytes) = size.and_then(|size| usize::try_from(size).ok()) else { return response };
        if bytes <= PIECE {
            return response;
        }
        let Some(share) = self.take(bytes) else {
            return ApiError::Unavailable("too many answers wait to be read").into_response();
        };
        let (parts, body) = response.into_parts();
        // Of known size, it is in memory already.
        let Ok(whole) = body.collect().await else {
            return ApiError::Internal("an answer cannot be read".to_owned()).into_response();
        };
        let answer = Answer { rest: whole.to_bytes(), _share: share };
        Response::from_parts(parts, Body::new(Pieces::new(answer, self.patience)))
    }
}

/// Holds large answers until they are read.
pub(crate) async fn bound(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_entry = request.extensions().get::<IsEntry>().is_some();
    let response = next.run(request).await;
    if is_entry { response } else { app.unread.hold(response).await }
}

/// Some of the memory; given back when dropped.
#[derive(Debug)]
struct Share {
    held: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What is left of an answer.
#[derive(Debug)]
struct Answer {
    rest: Bytes,
    _share: Share,
}

/// An answer in pieces, until it is given up.
struct Pieces {
    answer: Arc<Mutex<Option<Answer>>>,
    left: usize,
    reaper: AbortHandle,
}

impl Pieces {
    fn new(answer: Answer, patience: Duration) -> Self {
        let left = answer.rest.len();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let reaper = tokio::spawn(give_up(Arc::clone(&answer), left, patience)).abort_handle();
        Self { answer, left, reaper }
    }
}

/// Drops an answer of which nothing was taken between two looks.
async fn give_up(answer: Arc<Mutex<Option<Answer>>>, mut before: usize, patience: Duration) {
    loop {
        sleep(patience).await;
        let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
        let left = answer.as_ref().map_or(0, |answer| answer.rest.len());
        if left == before {
            *answer = None;
            tracing::warn!(unread_bytes = left, "an answer was not read, and is given up");
            return;
        }
        before = left;
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.reaper.abort();
        // The task may hold the answer a little longer.
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let piece = match &mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(answer) => {
                let next = answer.rest.len().min(PIECE);
                // A copy: the whole answer stays as long as any part of it does.
                Ok(Bytes::copy_from_slice(&answer.rest.split_to(next)))
            }
            None => Err(std::io::ErrorKind::TimedOut.into()),
        };
        self.left -= piece.as_ref().map_or(self.left, Bytes::len);
        Poll::Ready(Some(piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Response {
        let body: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        Body::from(body).into_response()
    }

    #[tokio::test]
    async fn an_answer_is_whole_and_gives_its_room_back() {
        let unread = Unread::new(2 * PIECE, Duration::from_mins(1));
        let (large, small) = (3 * PIECE + 17, PIECE);
        let first = unread.hold(answer(large)).await;
        assert_eq!(first.body().size_hint().exact(), Some(large as u64));
        assert_eq!(unread.held.load(Ordering::Relaxed), large);
        let second = unread.hold(answer(PIECE + 1)).await;
        assert_eq!(second.status(), 503);
        assert_eq!(unread.hold(answer(small)).await.status(), 200);
        let expected = answer(large).into_body().collect().await.unwrap().to_bytes();
        assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), expected);
        assert_eq!(unread.held.load(Ordering::Relaxed), 0);
        assert_eq!(unread.hold(answer(PIECE + 1)).await.status(), 200);
        assert_eq!(unread.held.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_is_not_read_is_given_up() {
        let unread = Unread::new(usize::MAX, Duration::from_millis(40));
        let mut body = unread.hold(answer(8 * PIECE)).await.into_body();
        for _ in 0..4 {
            // Slow, but reading.
            sleep(Duration::from_millis(20)).await;
            body.frame().await.unwrap().unwrap();
        }
        while unread.held.load(Ordering::Relaxed) > 0 {
            sleep(Duration::from_millis(5)).await;
        }
        body.frame().await.unwrap().unwrap_err();
        assert!(body.frame().await.is_none());
    }
}
