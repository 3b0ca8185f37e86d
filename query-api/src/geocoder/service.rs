//! The service of street addresses: one GET for a question, within limits.
//!
//! Redirects are not followed, answers are bounded, and only so many questions are asked at once. When
//! the service says how long to leave it alone (`Retry-After`), or fails, it is not asked until then.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::header::{ACCEPT, RETRY_AFTER, USER_AGENT};
use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared::config;
use shared::geo::Candidate;
use shared::text::fold;
use tokio::sync::Semaphore;

use super::answer;
use super::cache::Cache;

/// Candidates asked for, whatever the caller wants: answers serve every caller.
const CANDIDATES: usize = 10;
/// Largest answer: a candidate takes less than 1 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Questions under way at once.
const QUESTIONS_AT_ONCE: usize = 16;
/// How long a service that failed is left alone when it does not say, and the longest it may say.
const PAUSE_MS: i64 = 2_000;
const PAUSE_MS_MAX: i64 = 3_600_000;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// The address.
    pub(super) text: &'a str,
    /// The postal code in it, where communes have it.
    pub(super) postal_code: Option<&'a str>,
}

/// Why there is no answer; nothing of it tells the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// It failed or asked for a pause before.
    #[error("the service of street addresses is paused")]
    Paused,
    /// No answer in time.
    #[error("the service of street addresses did not answer in time")]
    Late,
    /// No connection, or one that broke.
    #[error("the service of street addresses cannot be reached")]
    Unreachable,
    /// Another status than 200.
    #[error("the service of street addresses answered {0}")]
    Status(u16),
    /// Too large, or not `GeoCodeJSON`.
    #[error("the service of street addresses answered something that is not GeoCodeJSON")]
    Unreadable,
}

/// A service of street addresses.
pub(super) struct Service {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    /// What stands before the query.
    url: String,
    timeout: Duration,
    now: fn() -> Timestamp,
    cache: Cache,
    places: Semaphore,
    /// Not asked before this instant, in milliseconds since 1970.
    paused_until_ms: AtomicI64,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Service {
    /// The service of the settings; `None` when they name none.
    ///
    /// # Errors
    /// When it is called over TLS, and the certificates of this machine cannot be read.
    pub(super) fn new(
        settings: &config::Geocoder,
        now: fn() -> Timestamp,
    ) -> io::Result<Option<Self>> {
        let Some(url) = &settings.url else { return Ok(None) };
        let timeout = Duration::from_millis(settings.timeout_ms);
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(timeout));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = HttpsConnectorBuilder::new();
        let connector = if url.starts_with("https://") {
            connector.with_provider_and_native_roots(provider)?.https_only()
        } else {
            // Nothing is spoken over TLS: no certificate is trusted.
            let tls = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            connector.with_tls_config(tls).https_or_http()
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector.enable_http1().wrap_connector(http));
        Ok(Some(Self {
            client,
            url: format!("{}/search/", url.trim_end_matches('/')),
            timeout,
            now,
            cache: Cache::new(settings.cache_entries, settings.cache_seconds),
            places: Semaphore::new(QUESTIONS_AT_ONCE),
            paused_until_ms: AtomicI64::new(i64::MIN),
        }))
    }

    /// The service's candidates for a question, from memory where they are.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Vec<Candidate>, Failure> {
        let key = (fold(question.text), question.postal_code.map(str::to_owned));
        let now_ms = (self.now)().as_millisecond();
        if let Some(kept) = self.cache.get(&key, now_ms) {
            return Ok(kept.to_vec());
        }
        if self.paused_until_ms.load(Ordering::Relaxed) > now_ms {
            return Err(Failure::Paused);
        }
        let answer = tokio::time::timeout(self.timeout, self.exchange(question)).await;
        match answer.unwrap_or(Err((Failure::Late, None))) {
            Ok(candidates) => {
                self.cache.put(key, candidates.as_slice().into(), now_ms);
                Ok(candidates)
            }
            Err((failure, pause_ms)) => {
                let pause_ms = pause_ms.unwrap_or(PAUSE_MS).clamp(0, PAUSE_MS_MAX);
                let now_ms = (self.now)().as_millisecond();
                self.paused_until_ms.fetch_max(now_ms + pause_ms, Ordering::Relaxed);
                tracing::warn!(pause_ms, "{failure}");
                Err(failure)
            }
        }
    }

    /// One question over the wire; a failure comes with the pause that was asked for.
    async fn exchange(
        &self,
        question: Question<'_>,
    ) -> Result<Vec<Candidate>, (Failure, Option<i64>)> {
        let unreachable = |_| (Failure::Unreachable, None);
        let _place = self.places.acquire().await.map_err(|_| (Failure::Paused, None))?;
        let request = Request::get(self.target(question))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("query-api/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|_| (Failure::Unreachable, None))?;
        let response = self.client.request(request).await.map_err(unreachable)?;
        let status = response.status().as_u16();
        if status != 200 {
            let pause_ms = self.retry_after_ms(response.headers());
            // A question that is refused says nothing of the next one.
            let is_refused = (400..500).contains(&status) && status != 429;
            let pause_ms = pause_ms.or(is_refused.then_some(0));
            return Err((Failure::Status(status), pause_ms));
        }
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|_| (Failure::Unreadable, None))?;
        answer::candidates(&body.to_bytes()).ok_or((Failure::Unreadable, None))
    }

    fn target(&self, question: Question<'_>) -> String {
        let text = utf8_percent_encode(question.text, NON_ALPHANUMERIC);
        let mut target = format!("{}?q={text}&limit={CANDIDATES}", self.url);
        if let Some(code) = question.postal_code {
            target.push_str("&postcode=");
            target.push_str(code);
        }
        target
    }

    /// The pause that the headers ask for: seconds, or a date. Source: RFC 9110, 10.2.3.
    fn retry_after_ms(&self, headers: &HeaderMap) -> Option<i64> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse::<u32>() {
            return Some(i64::from(seconds) * 1_000);
        }
        let date = DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(date.as_millisecond() - (self.now)().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(url: &str) -> Service {
        let settings = config::Geocoder { url: Some(url.to_owned()), ..Default::default() };
        let now = || "2026-05-04T10:00:00Z".parse().expect("an instant");
        Service::new(&settings, now).expect("no certificates are needed").expect("a URL is set")
    }

    #[test]
    fn what_is_asked() {
        let service = service("http://addresses.example/base/");
        let question = Question { text: "7 rue d'Été & co", postal_code: Some("78000") };
        assert_eq!(
            service.target(question),
            "http://addresses.example/base/search/?q=7%20rue%20d%27%C3%89t%C3%A9%20%26%20co&limit=10&postcode=78000"
        );
        let question = Question { text: "x", postal_code: None };
        assert!(service.target(question).ends_with("/search/?q=x&limit=10"));
    }

    #[test]
    fn pauses_that_are_asked_for() {
        let service = service("http://addresses.example");
        let rows = [
            ("120", Some(120_000)),
            ("0", Some(0)),
            ("Mon, 04 May 2026 10:01:00 GMT", Some(60_000)),
            ("Mon, 04 May 2026 09:00:00 GMT", Some(-3_600_000)),
            ("soon", None),
            ("-5", None),
        ];
        for (text, expected) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            assert_eq!(service.retry_after_ms(&headers), expected, "{text}");
        }
        assert_eq!(service.retry_after_ms(&HeaderMap::new()), None);
    }
}
