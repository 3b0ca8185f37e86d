//! A directory in memory, for tests of everything around the engine.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::Value;
use shared::access::Access;
use shared::config::Sources;
use shared::fhir::ResourceType;
use shared::index::DocumentAddress;
use shared::store::Identity;
use shared::validate::{Strictness, Validator};
use tower::ServiceExt as _;

use crate::app::{App, Outfit};
use crate::engine::{
    Deadline, Document, Engine, EngineError, History, HistoryRequest, Stored, View,
};
use crate::execute::{Hit, Hits};
use crate::facets::{Asked, Facets};
use crate::geocoder::Geocoder;
use crate::http::sealed::Seal;
use crate::parse::ast::{Correlation, Expr, SearchRequest, Summary, Total};
use crate::write::{Command, Ticket};

/// Documents of a test; a search matches all of the searched types, in order, and its page token is
/// the position of the next match.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Type, id and document; `None` for a deletion.
    pub(crate) resources: Vec<(ResourceType, &'static str, Option<&'static str>)>,
    /// What the directory says instead of an answer.
    pub(crate) failure: Option<fn() -> EngineError>,
}

impl Engine for Memory {
    fn view(&self, _: Access) -> Result<Arc<dyn View>, EngineError> {
        match self.failure {
            Some(failure) => Err(failure()),
            None => Ok(Arc::new(self.clone())),
        }
    }

    fn submit(&self, _: Command) -> Result<Ticket, EngineError> {
        Err(self.failure.map_or(EngineError::NotReady, |failure| failure()))
    }

    fn close(&self) {}

    fn is_ready(&self) -> bool {
        self.failure.is_none()
    }
}

impl View for Memory {
    fn search(&self, request: &SearchRequest, deadline: Deadline) -> Result<Hits, EngineError> {
        deadline.check()?;
        let all: Vec<(usize, _)> = self
            .resources
            .iter()
            .enumerate()
            .filter(|(_, (t, _, json))| request.types.contains(t) && json.is_some())
            .collect();
        let size = request.count.expect("set before the engine is asked") as usize;
        let start = match &request.page {
            Some(token) => token.parse().map_err(|_| EngineError::ForeignPage)?,
            None => 0,
        };
        let matches: Vec<Hit> = all
            .iter()
            .skip(start)
            .take(size)
            .map(|(position, (resource_type, id, _))| Hit {
                resource_type: *resource_type,
                id: (*id).to_owned(),
                document: DocumentAddress { generation: 0, offset: *position as u64 },
                score: None,
                distance_m: None,
                approximate: false,
                records: Vec::new(),
            })
            .collect();
        let end = start + matches.len();
        let next = (size > 0 && end < all.len()).then(|| end.to_string());
        let total = (request.total == Total::Accurate).then_some(all.len() as u64);
        Ok(Hits { total, matches, next, ..Hits::default() })
    }

    fn facets(
        &self,
        request: &SearchRequest,
        _: &Asked,
        deadline: Deadline,
    ) -> Result<Facets, EngineError> {
        let counted = SearchRequest { count: Some(0), ..request.clone() };
        let total = self.search(&counted, deadline)?.total.unwrap_or_default();
        Ok(Facets { total, facets: Vec::new() })
    }

    fn read(&self, resource_type: ResourceType, id: &str) -> Result<Stored, EngineError> {
        let found = self.resources.iter().find(|(t, i, _)| *t == resource_type && *i == id);
        Ok(match found {
            None => Stored::Absent,
            Some((_, _, None)) => Stored::Deleted,
            Some((_, _, Some(json))) => Stored::Found(Document {
                version: 3,
                last_updated: "2026-05-04T10:00:00.750Z".parse().expect("a timestamp"),
                json: json.as_bytes().to_vec(),
            }),
        })
    }

    fn read_version(
        &self,
        resource_type: ResourceType,
        id: &str,
        version: u64,
    ) -> Result<Stored, EngineError> {
        if version == 3 { self.read(resource_type, id) } else { Ok(Stored::Absent) }
    }

    fn referrers(&self, _: &Identity) -> Result<Vec<Identity>, EngineError> {
        Err(EngineError::NotReady)
    }

    fn history(&self, _: &HistoryRequest, _: Deadline) -> Result<History, EngineError> {
        Err(EngineError::NotReady)
    }

    fn document(&self, address: DocumentAddress, out: &mut Vec<u8>) -> Result<(), EngineError> {
        let (_, _, json) = self.resources[address.offset as usize];
        out.extend_from_slice(json.expect("only documents are hits").as_bytes());
        Ok(())
    }
}

/// A service over `memory` at `http://ror.example/fhir`.
pub(crate) fn app(memory: Memory) -> App {
    app_with(memory, &[])
}

/// The same with settings, as flags.
pub(crate) fn app_with(memory: Memory, flags: &[(&'static str, &str)]) -> App {
    let mut flags: Vec<_> =
        flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    flags.push(("server.public_url", "http://ror.example/fhir".to_owned()));
    let settings = Sources { flags, ..Sources::default() }.load().expect("settings of a test");
    let now = || "2026-11-23T12:00:00Z".parse().expect("a timestamp");
    App::new(Outfit {
        settings: &settings,
        local_base_url: "http://127.0.0.1:1/fhir".to_owned(),
        now,
        engine: Arc::new(memory),
        seal: Seal::with_key(&[7; 32]),
        validator: Arc::new(Validator::new(Strictness::default())),
        geocoder: Geocoder::new(&settings.geocoder, now).expect("no certificates are needed"),
    })
}

/// A request that applies `parameters`.
pub(crate) fn request(scope: Option<ResourceType>, parameters: &[(&str, &str)]) -> SearchRequest {
    let find = |name| parameters.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    let types = scope.map_or(ResourceType::ALL.to_vec(), |t| vec![t]);
    SearchRequest {
        sort_conditions: Vec::new(),
        now_ms: 0,
        criteria: types.iter().map(|_| Expr::And(Vec::new())).collect(),
        types,
        correlation: Correlation::Record,
        sort: Vec::new(),
        count: find("_count").and_then(|count| count.parse().ok()),
        includes: Vec::new(),
        elements: find("_elements")
            .map(|list| list.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        summary: match find("_summary").as_deref() {
            Some("count") => Summary::Count,
            Some("true") => Summary::True,
            _ => Summary::False,
        },
        total: if find("_total").as_deref() == Some("none") {
            Total::None
        } else {
            Total::Accurate
        },
        page: find("_page"),
        pretty: find("_pretty").as_deref() == Some("true"),
        explain: false,
        filters: Vec::new(),
        applied: parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        located: Vec::new(),
    }
}

/// Answers one request through the whole router.
pub(crate) async fn send(app: &App, request: Request<Body>) -> Response {
    let router = crate::http::router::router(app.clone());
    router.oneshot(request).await.expect("the router does not fail")
}

/// The body as JSON.
pub(crate) async fn json(response: Response) -> Value {
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    serde_json::from_slice(&body)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&body)))
}

/// A service over a real directory, empty at first; the folder lives as long as the test holds it.
pub(crate) fn live() -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().expect("a folder");
    let app = live_in(folder.path());
    (folder, app)
}

/// The same over a folder that may hold a directory already.
pub(crate) fn live_in(folder: &std::path::Path) -> App {
    live_with(folder, &[])
}

/// The same with settings, as flags.
pub(crate) fn live_with(folder: &std::path::Path, flags: &[(&'static str, &str)]) -> App {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let base = "http://ror.example/fhir";
    let mut flags: Vec<_> =
        flags.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    flags.push(("server.public_url", base.to_owned()));
    flags.push(("data_dir", folder.display().to_string()));
    let settings = Sources { flags, ..Sources::default() }.load().expect("settings of a test");
    let validator = Arc::new(Validator::new(settings.write.profiles.into()));
    let now = || "2026-11-23T12:00:00Z".parse().expect("a timestamp");
    let engine = crate::directory::open(crate::directory::Opening {
        settings: &settings,
        base_urls: vec![base.to_owned()],
        validator: Arc::clone(&validator),
        now,
        new_id: || {
            let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            format!("new-{number}")
        },
    })
    .expect("a directory");
    App::new(Outfit {
        settings: &settings,
        local_base_url: "http://127.0.0.1:1/fhir".to_owned(),
        now,
        engine,
        seal: Seal::with_key(&[7; 32]),
        validator,
        geocoder: Geocoder::new(&settings.geocoder, now).expect("no certificates are needed"),
    })
}
