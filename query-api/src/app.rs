//! What a request can reach.

use std::sync::Arc;

use shared::config::{AnonymousProfile, Limits, Paging, Settings};
use shared::error::Issue;
use shared::fhir::ResourceType;

use crate::engine::Engine;
use crate::engine::pool::Pool;
use crate::http::request_id::RequestIds;
use crate::http::sealed::Seal;
use crate::parse::ast::SearchRequest;
use crate::telemetry::metrics::Metrics;

/// Understands the text of a search: the searched type (none for a system search), the parameters as
/// they stand in a URL or form, and the limits. Never fails: mistakes are issues.
pub(crate) type Parse = fn(Option<ResourceType>, &str, &Limits) -> (SearchRequest, Vec<Issue>);

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
    /// The search parser.
    pub(crate) parse: Parse,
    /// Where the directory is asked.
    pub(crate) engine: Pool,
    /// What keeps posted criteria out of links.
    pub(crate) seal: Seal,
    /// What was served.
    pub(crate) metrics: Metrics,
    /// Names of requests.
    pub(crate) request_ids: RequestIds,
    /// The capability statement, as it is answered.
    pub(crate) capability_statement: Vec<u8>,
}

/// What the parts are made of.
pub(crate) struct Outfit<'a> {
    /// The settings.
    pub(crate) settings: &'a Settings,
    /// URL of the FHIR base in links.
    pub(crate) base_url: String,
    /// The search parser.
    pub(crate) parse: Parse,
    /// The directory.
    pub(crate) engine: Arc<dyn Engine>,
    /// What keeps posted criteria out of links.
    pub(crate) seal: Seal,
    /// A number that no other start of this service has had, for names of requests.
    pub(crate) start: u64,
}

impl App {
    /// Puts the parts together.
    pub(crate) fn new(outfit: Outfit<'_>) -> Self {
        let Outfit { settings, base_url, parse, engine, seal, start } = outfit;
        let statement = crate::http::interaction::capabilities::statement(&base_url, settings);
        Self(Arc::new(Parts {
            capability_statement: statement.to_string().into_bytes(),
            base_paths: settings.server.base_paths.clone(),
            limits: settings.limits,
            paging: settings.paging,
            anonymous: settings.anonymous_profile(),
            engine: Pool::new(engine, &settings.engine),
            metrics: Metrics::default(),
            request_ids: RequestIds::new(start),
            base_url,
            parse,
            seal,
        }))
    }
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
