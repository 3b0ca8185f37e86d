//! Errors below the router: what the HTTP library answers itself, without a body, when a request line
//! or a head cannot be read at all, is given the body that every other error has.
//!
//! The connection's writes are watched for exactly such an answer: a whole HTTP/1.1 head of status 400,
//! 414 or 431 with no content, which no handler of ours writes. Everything else passes untouched; in
//! HTTP/2 there is no such answer (the stream is reset).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::error::ApiError;

/// Wraps the connections of another acceptor.
#[derive(Debug, Clone)]
pub(crate) struct OutcomeAcceptor<A>(pub(crate) A);

impl<A, I, S> Accept<I, S> for OutcomeAcceptor<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
    A::Stream: Send,
    A::Service: Send,
{
    type Stream = Connection<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            let (inner, service) = accepted.await?;
            Ok((Connection { inner, replacement: None }, service))
        })
    }
}

/// A connection whose bare errors get a body.
pub(crate) struct Connection<S> {
    inner: S,
    replacement: Option<Replacement>,
}

/// What is being written in place of a bare error.
struct Replacement {
    bytes: Vec<u8>,
    written: usize,
    /// Length of what it stands for, to be reported as written at the end.
    instead_of: usize,
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    fn poll_replacement(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while let Some(replacement) = &mut self.replacement {
            let rest = &replacement.bytes[replacement.written..];
            if rest.is_empty() {
                let reported = replacement.instead_of;
                self.replacement = None;
                return Poll::Ready(Ok(reported));
            }
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            replacement.written += written;
        }
        Poll::Ready(Ok(0))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.replacement.is_none() {
            self.replacement = with_outcome(bytes).map(|replacement| Replacement {
                bytes: replacement,
                written: 0,
                instead_of: bytes.len(),
            });
        }
        if self.replacement.is_some() {
            return self.poll_replacement(cx);
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut filled = slices.iter().filter(|slice| !slice.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next()) {
            return self.poll_write(cx, only);
        }
        Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

const NO_CONTENT: &str = "content-length: 0\r\n";
/// Longer than any head that the HTTP library writes by itself.
const HEAD_BYTES_MAX: usize = 256;

/// The same answer with a body, when `written` is a bare error of the HTTP library.
fn with_outcome(written: &[u8]) -> Option<Vec<u8>> {
    if written.len() > HEAD_BYTES_MAX || !written.starts_with(b"HTTP/1.1 4") {
        return None;
    }
    let head = std::str::from_utf8(written).ok()?;
    let is_whole = head.ends_with("\r\n\r\n") && head.matches("\r\n\r\n").count() == 1;
    // Every answer of ours carries the name of its request.
    if !is_whole || head.contains(super::request_id::HEADER) {
        return None;
    }
    let (before, after) = head.split_once(NO_CONTENT)?;
    let error = match head.get(9..12)? {
        "400" => ApiError::Malformed,
        "414" => ApiError::UrlTooLong(REQUEST_TARGET_BYTES_MAX),
        "431" => ApiError::HeadTooLarge,
        _ => return None,
    };
    let body = error.into_outcome();
    let content =
        format!("content-type: {}\r\ncontent-length: {}\r\n", super::answer::FHIR_JSON, body.len());
    let mut replacement = [before, &content, after].concat().into_bytes();
    replacement.extend_from_slice(&body);
    Some(replacement)
}

/// The longest request target that the HTTP library reads.
const REQUEST_TARGET_BYTES_MAX: usize = 65_534;

#[cfg(test)]
mod tests {
    use super::{Connection, with_outcome};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const BARE: &str =
        "HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    #[test]
    fn only_bare_errors_change() {
        let ours = BARE.replace("connection: close", "x-request-id: 1");
        let longer = format!("{BARE}more");
        let rows = [
            (BARE, Some("too-long")),
            ("HTTP/1.1 431 X\r\ncontent-length: 0\r\n\r\n", Some("too-long")),
            ("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", Some("structure")),
            (&ours, None),
            (&longer, None),
            ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", None),
            ("HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\n", None),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", None),
            ("{\"resourceType\":\"Bundle\"}", None),
            ("", None),
        ];
        for (written, code) in rows {
            let changed = with_outcome(written.as_bytes()).map(|b| String::from_utf8(b).unwrap());
            assert_eq!(changed.is_some(), code.is_some(), "{written}");
            let (Some(changed), Some(code)) = (changed, code) else { continue };
            let (head, body) = changed.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            assert!(head.contains("content-type: application/fhir+json"), "{head}");
            let outcome: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(outcome["issue"][0]["code"], code);
        }
    }

    #[tokio::test]
    async fn short_writes_are_continued() {
        let (near, mut far) = tokio::io::duplex(16);
        let mut connection = Connection { inner: near, replacement: None };
        let writing = tokio::spawn(async move {
            connection.write_all(b"before ").await.unwrap();
            connection.write_all(BARE.as_bytes()).await.unwrap();
            connection.write_all(b" after").await.unwrap();
        });
        let mut received = String::new();
        far.read_to_string(&mut received).await.unwrap();
        writing.await.unwrap();
        assert!(received.starts_with("before HTTP/1.1 414") && received.ends_with("} after"));
        assert!(received.contains("OperationOutcome"));
    }
}
