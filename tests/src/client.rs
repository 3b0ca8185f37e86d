//! A small HTTP client for one FHIR server: JSON in, JSON out, the base URL checked on every request.
//!
//! It asks for no content coding by itself: the tests of codings do. It never follows a redirect, never talks to another host than its base, ignores the proxy
//! settings of the environment and treats no status as an error: the checks judge statuses.

use std::time::Duration;

use serde_json::Value;
use ureq::config::AutoHeaderValue;
use ureq::http::{HeaderMap, Method, Request};

/// How long one exchange may take before the test fails.
const EXCHANGE_TIMEOUT: Duration = Duration::from_mins(2);

/// The largest body read; a page of the sample with all its includes is far below.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// A client bound to one FHIR base URL, such as `http://127.0.0.1:43211/fhir`.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
}

/// A complete answer: status, headers, and the body with its content coding removed by the client
/// where the client asked for it itself.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Response headers.
    pub headers: HeaderMap,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, `None` when it is empty or not JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The value of a header as text, `None` when it is absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first part of the body as text, for messages.
    pub fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().take(600).collect()
    }
}

impl Client {
    /// Returns a client of the FHIR base URL `base` (a trailing slash is dropped).
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .accept_encoding(AutoHeaderValue::None)
            .allow_non_standard_methods(true)
            .timeout_global(Some(EXCHANGE_TIMEOUT))
            .build()
            .into();
        Client { agent, base: base.trim_end_matches('/').to_owned() }
    }

    /// The FHIR base URL, without trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET` of a path under the base, such as `/Location?_count=0` (percent-encoded by the caller).
    pub fn get(&self, path_and_query: &str) -> Answer {
        self.send("GET", path_and_query, &[], None)
    }

    /// `GET` of an absolute URL handed out by the server (a `next` link).
    ///
    /// # Errors
    /// When the URL does not lie under the base: a link that leads elsewhere is a finding.
    pub fn follow(&self, url: &str) -> Result<Answer, String> {
        let rest = url
            .strip_prefix(&self.base)
            .ok_or_else(|| format!("link {url} leaves the base {}", self.base))?;
        Ok(self.get(rest))
    }

    /// Sends one request under the base and reads the whole answer.
    ///
    /// `headers` are sent as given, `body` as the request body.
    pub fn send(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let url = format!("{}{path_and_query}", self.base);
        self.send_to(method, &url, headers, body)
    }

    /// As [`Self::send`]; `None` when the server is gone before the answer is complete.
    pub fn try_send(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Option<Answer> {
        self.exchange(method, &format!("{}{path_and_query}", self.base), headers, body).ok()
    }

    /// Sends one request to an absolute URL of the same server (the page, the internal listener).
    pub fn send_to(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        self.exchange(method, url, headers, body).unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn exchange(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, String> {
        let method = Method::from_bytes(method.as_bytes()).expect("a test names a valid method");
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let outcome = match body {
            Some(bytes) => self.agent.run(request.body(bytes).expect("a valid request")),
            None => self.agent.run(request.body(()).expect("a valid request")),
        };
        let mut response = outcome.map_err(|error| format!("{url}: no answer: {error}"))?;
        let body = response
            .body_mut()
            .with_config()
            .limit(BODY_BYTES_MAX)
            .read_to_vec()
            .map_err(|error| format!("{url}: body not readable: {error}"))?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }
}
