//! Names of requests: the caller's own, or one of ours, given back in every answer and in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderValue};

/// The header, both ways.
pub(crate) const HEADER: &str = "x-request-id";

/// Gives names that no other request of this or another start has.
#[derive(Debug)]
pub(crate) struct RequestIds {
    start: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// `start` differs from every other start of the service.
    pub(crate) fn new(start: u64) -> Self {
        Self { start, next: AtomicU64::new(1) }
    }

    /// The caller's name for the request, when it is short and plain, or a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        let plain = |value: &&HeaderValue| {
            let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b);
            (1..=128).contains(&value.len()) && value.as_bytes().iter().all(allowed)
        };
        if let Some(given) = headers.get(HEADER).filter(plain) {
            return given.clone();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{:x}-{number:x}", self.start))
            .expect("hexadecimal digits and a dash are a header value")
    }
}

#[cfg(test)]
mod tests {
    use super::RequestIds;
    use axum::http::HeaderMap;

    #[test]
    fn keeps_plain_names_only() {
        let ids = RequestIds::new(255);
        let long = "x".repeat(129);
        let rows = [("abc-1.2", "abc-1.2"), ("", "ff-1"), ("a b\"", "ff-2"), (&long, "ff-3")];
        for (given, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", given.parse().unwrap());
            assert_eq!(ids.of(&headers), expected);
        }
        assert_eq!(ids.of(&HeaderMap::new()), "ff-4");
    }
}
