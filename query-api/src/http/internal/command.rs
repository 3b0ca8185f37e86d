//! `POST /internal/{command}`: the body goes to the operator as it comes in, its events go back as lines of
//! JSON, the last of which says how it ended.
//!
//! Both are streams through short queues, so that neither a long load nor its answer is ever held in
//! memory. What the operator does not read is read and thrown away: a client that is still sending could
//! not hear the answer otherwise.

use std::io::{self, BufReader, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http_body::Frame;
use http_body_util::BodyExt as _;
use indexer::outcome::Event;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Internal;
use crate::http::error::ApiError;
use crate::operate::{Events, Task};

/// Pieces of a body, and lines of an answer, that wait to be taken.
const QUEUE: usize = 16;

/// What a token is written behind.
const SCHEME: &[u8] = b"Bearer ";

/// Lets through who knows the token.
pub(super) async fn with_token(
    State(internal): State<Internal>,
    request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
    let given = given.strip_prefix(SCHEME).unwrap_or_default();
    // In constant time: how much of a guess is right must not show.
    let is_known =
        aws_lc_rs::constant_time::verify_slices_are_equal(given, internal.token.as_bytes());
    match is_known {
        Ok(()) => next.run(request).await,
        Err(_) => ApiError::Unauthenticated.into_response(),
    }
}

/// Does a command and streams what happens.
pub(super) async fn command(
    State(internal): State<Internal>,
    Path(name): Path<String>,
    body: Body,
) -> Response {
    let Some(task) = Task::of(&name) else { return ApiError::UnknownPath.into_response() };
    let (pieces, input) = channel(QUEUE);
    let (events, answer) = channel(QUEUE);
    tokio::spawn(pump(body, pieces, events.clone()));
    let operator = Arc::clone(&internal.operator);
    // Not one of the runtime's threads: a server that stops does not wait for it.
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let events = Events::new(events);
        let mut input = BufReader::new(Pieces { input, rest: Bytes::new() });
        let work = || operator.run(task, &mut input, &events);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        // The rest of the body is not waited for.
        drop(input);
        events.end(&match done {
            Ok(Ok(outcome)) => Event::Done(outcome),
            Ok(Err(error)) => {
                tracing::warn!(task = task.name(), %error, "a command was not done");
                Event::Failed(error.to_string())
            }
            Err(_) => Event::Failed("internal failure: the command panicked".to_owned()),
        });
    });
    match thread {
        Ok(_) => {
            ([(CONTENT_TYPE, "application/x-ndjson")], Body::new(Lines(answer))).into_response()
        }
        Err(error) => ApiError::Internal(error.to_string()).into_response(),
    }
}

/// Passes on a body. The answer does not end before it does: `_answer` is held until then.
async fn pump(mut body: Body, pieces: Sender<io::Result<Bytes>>, _answer: Sender<Bytes>) {
    while let Some(frame) = body.frame().await {
        let piece = match frame {
            Ok(frame) => match frame.into_data() {
                Ok(data) => Ok(data),
                Err(_trailers) => continue,
            },
            Err(error) => Err(io::Error::other(error)),
        };
        let is_end = piece.is_err();
        // Nobody reads it any more; the client must still be able to finish.
        let _ = pieces.send(piece).await;
        if is_end {
            return;
        }
    }
}

/// A body as a reader, for a thread that may block.
struct Pieces {
    input: Receiver<io::Result<Bytes>>,
    rest: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.input.blocking_recv() {
                Some(piece) => self.rest = piece?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.rest.len());
        buffer[..count].copy_from_slice(&self.rest.split_to(count));
        Ok(count)
    }
}

/// Lines as they come.
struct Lines(Receiver<Bytes>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}
