//! What a request can reach.

use std::sync::Arc;

use jiff::Timestamp;
use shared::config::{AnonymousProfile, Limits, Paging, Settings};
use shared::validate::Validator;

use crate::engine::Engine;
use crate::engine::pool::Pool;
use crate::geocoder::Geocoder;
use crate::http::interaction::capabilities;
use crate::http::request_id::RequestIds;
use crate::http::sealed::Seal;
use crate::http::unread::Unread;
use crate::telemetry::metrics::Metrics;

/// Everything the parts of the service share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// The parts of [`App`].
pub(crate) struct Parts {
    /// URL of the FHIR base in links, without a slash at the end.
    pub(crate) base_url: String,
    /// Paths that answer as FHIR base.
    pub(crate) base_paths: Vec<String>,
    /// What a caller may ask for.
    pub(crate) limits: Limits,
    /// Sizes of pages.
    pub(crate) paging: Paging,
    /// The rights of a caller without credentials.
    pub(crate) anonymous: AnonymousProfile,
    /// URLs under which callers may know this directory's resources.
    pub(crate) base_urls: Vec<String>,
    /// The clock.
    pub(crate) now: fn() -> Timestamp,
    /// Where the directory is asked.
    pub(crate) engine: Pool,
    /// What keeps posted criteria out of links.
    pub(crate) seal: Seal,
    /// What was served.
    pub(crate) metrics: Metrics,
    /// Answers that are not read yet.
    pub(crate) unread: Unread,
    /// Names of requests.
    pub(crate) request_ids: RequestIds,
    /// The capability statement, as it is answered.
    pub(crate) capability_statement: Vec<u8>,
    /// What checks documents.
    pub(crate) validator: Arc<Validator>,
    /// What finds places.
    pub(crate) geocoder: Geocoder,
    /// Longest wait, in milliseconds, for a durable change to be found by searches.
    pub(crate) visible_ms: u64,
}

/// What the parts are made of.
pub(crate) struct Outfit<'a> {
    /// The settings.
    pub(crate) settings: &'a Settings,
    /// URL of the first base path at the bound address.
    pub(crate) local_base_url: String,
    /// The clock.
    pub(crate) now: fn() -> Timestamp,
    /// The directory.
    pub(crate) engine: Arc<dyn Engine>,
    /// What keeps posted criteria out of links.
    pub(crate) seal: Seal,
    /// What checks documents; the engine has the same.
    pub(crate) validator: Arc<Validator>,
    /// What finds places.
    pub(crate) geocoder: Geocoder,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(outfit: Outfit<'_>) -> Self {
        let Outfit { settings, local_base_url, now, engine, seal, validator, geocoder } = outfit;
        let base_urls = base_urls(settings, &local_base_url);
        let base_url = base_urls[0].clone();
        Self(Arc::new(Parts {
            capability_statement: capabilities::statement_json(&base_url, settings),
            base_paths: settings.server.base_paths.clone(),
            limits: settings.limits,
            paging: settings.paging,
            anonymous: settings.anonymous_profile(),
            engine: Pool::new(engine, &settings.engine),
            metrics: Metrics::default(),
            unread: Unread::new(settings.limits.unread_bytes, settings.limits.unread()),
            request_ids: RequestIds::new(now().as_nanosecond() as u64),
            base_url,
            base_urls,
            now,
            seal,
            validator,
            geocoder,
            visible_ms: settings.write.visible_ms,
        }))
    }
}

/// The public base URL first, then every other one that a caller may write in a reference: the other
/// base paths beside it, and all of them at the bound address.
pub(crate) fn base_urls(settings: &Settings, local_base_url: &str) -> Vec<String> {
    let server = &settings.server;
    let public = server.public_url.as_deref().unwrap_or(local_base_url).trim_end_matches('/');
    let mut urls = vec![public.to_owned()];
    for url in [public, local_base_url] {
        let origin = server.base_paths.iter().find_map(|path| url.strip_suffix(path.as_str()));
        for path in &server.base_paths {
            let sibling = origin.map(|origin| format!("{origin}{path}"));
            urls.extend(sibling.filter(|sibling| !urls.contains(sibling)));
        }
    }
    urls
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::base_urls;
    use shared::config::Sources;

    #[test]
    fn every_way_to_write_our_address() {
        let local = "http://127.0.0.1:8080/fhir";
        let local_both = [local, "http://127.0.0.1:8080/ws-diffusion-fhir"];
        let check = |public: Option<&str>, expected: &[&str]| {
            let flags = public.map(|url| ("server.public_url", url.to_owned()));
            let sources = Sources { flags: flags.into_iter().collect(), ..Sources::default() };
            assert_eq!(base_urls(&sources.load().unwrap(), local), expected);
        };
        check(None, &local_both);
        check(Some("https://ror.example/"), &["https://ror.example", local_both[0], local_both[1]]);
        check(
            Some("https://ror.example/ws-diffusion-fhir"),
            &[
                "https://ror.example/ws-diffusion-fhir",
                "https://ror.example/fhir",
                local_both[0],
                local_both[1],
            ],
        );
    }
}
