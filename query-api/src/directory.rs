//! The open directory: store, generation and snapshots, behind the [`Engine`] that HTTP asks.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde::Deserialize;
use shared::access::Access;
use shared::config::Settings;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::index::{DocumentAddress, Generation, Manifest, Snapshot};
use shared::schema::index_schema;
use shared::store::{Store, StoreError, StoreSettings};

use crate::engine::{Deadline, Document, Engine, EngineError, Stored, View};
use crate::execute::{self, ExecuteError, Hits, PageEnd, PageRequest, PageToken};
use crate::http::sealed::Seal;
use crate::parse::ast::{SearchRequest, Total};
use crate::plan::{self, PlanContext};

/// Most alternatives that AND over OR may unfold into.
const ALTERNATIVES_MAX: usize = 1_000;

/// Snapshots kept for pages that are under way.
const SNAPSHOTS_HELD: usize = 4;

/// The scope under which page tokens are sealed.
const TOKEN_SCOPE: &str = "page";

/// A data directory, open.
pub(crate) struct Directory {
    store: Arc<Store>,
    current: ArcSwap<Snapshot>,
    held: Mutex<VecDeque<Arc<Snapshot>>>,
    seal: Arc<Seal>,
    included_max: usize,
}

/// Opens the data directory; an empty one becomes an empty directory.
///
/// # Errors
/// When another process holds it, or it cannot be read.
pub(crate) fn open(settings: &Settings) -> anyhow::Result<Arc<dyn Engine>> {
    let data_dir = &settings.data_dir;
    let seal = Arc::new(Seal::of_directory(data_dir).context("the key of links")?);
    let owner = format!("query-api, process {}", std::process::id());
    let store_settings = StoreSettings { owner, ..StoreSettings::default() };
    let store = Store::open(&data_dir.join("documents"), &store_settings)?;
    let generation = match Generation::current(data_dir, Arc::clone(store.codec()))? {
        Some(generation) => generation,
        None if store.durable_seq() == 0 => empty_generation(&store, settings)?,
        None => bail!("{} holds documents but no index: run `indexer rebuild`", data_dir.display()),
    };
    let snapshot = generation.snapshot(None).context("the current index")?;
    if snapshot.seq != store.durable_seq() {
        bail!(
            "the index of {} knows changes up to {}, its store up to {}: run `indexer rebuild`",
            data_dir.display(),
            snapshot.seq,
            store.durable_seq()
        );
    }
    shared::geo::gazetteer().prepare();
    Ok(Arc::new(Directory {
        store: Arc::new(store),
        held: Mutex::new(VecDeque::with_capacity(SNAPSHOTS_HELD)),
        current: ArcSwap::from_pointee(snapshot),
        seal,
        included_max: settings.limits.includes,
    }))
}

fn empty_generation(store: &Store, settings: &Settings) -> anyhow::Result<Generation> {
    let generation = Generation::create(&settings.data_dir, Arc::clone(store.codec()))?;
    let schema_digest = index_schema().digest.clone();
    generation.publish(&settings.data_dir, &Manifest { schema_digest, seq: 0, resources: 0 })?;
    Ok(generation)
}

impl Engine for Directory {
    fn view(&self, access: Access) -> Result<Arc<dyn View>, EngineError> {
        let snapshot = self.current.load_full();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.back().is_none_or(|last| last.seq != snapshot.seq) {
            if held.len() == SNAPSHOTS_HELD {
                held.pop_front();
            }
            held.push_back(Arc::clone(&snapshot));
        }
        let held = held.iter().map(Arc::clone).collect();
        Ok(Arc::new(DirectoryView {
            snapshot,
            held,
            store: Arc::clone(&self.store),
            seal: Arc::clone(&self.seal),
            included_max: self.included_max,
            access,
        }))
    }

    fn is_ready(&self) -> bool {
        true
    }
}

/// One state of the directory, for one request.
struct DirectoryView {
    snapshot: Arc<Snapshot>,
    held: Vec<Arc<Snapshot>>,
    store: Arc<Store>,
    seal: Arc<Seal>,
    included_max: usize,
    access: Access,
}

impl View for DirectoryView {
    fn search(&self, request: &SearchRequest, deadline: Deadline) -> Result<Hits, EngineError> {
        let context = PlanContext {
            access: self.access,
            correlation: request.correlation,
            alternatives_max: ALTERNATIVES_MAX,
        };
        let plan = plan::search(request, context)
            .map_err(|error| EngineError::Refused(vec![error.issue()]))?;
        deadline.check()?;
        let token =
            request.page.as_deref().map(|text| self.open_token(request, text)).transpose()?;
        let seq = token.as_ref().map_or(self.snapshot.seq, |token| token.seq);
        let held = self.held.iter().find(|snapshot| snapshot.seq == seq);
        let snapshot = held.unwrap_or(&self.snapshot);
        let page = PageRequest {
            count: request.count.unwrap_or(0) as usize,
            total: request.total == Total::Accurate,
            after: token.as_ref(),
            includes: &request.includes,
            explain: request.explain,
            included_max: self.included_max,
            identify: &|resource_type, id| {
                self.store.key_of(resource_type, id).map_err(io::Error::other)
            },
        };
        let (mut hits, end) = execute::search(snapshot, &plan, &page)?;
        if held.is_none() && token.is_some() {
            hits.issues.push(Issue::warning(
                IssueType::Informational,
                "the directory has changed since the first page: what changed meanwhile may be \
                 missing or appear on another page",
            ));
        }
        hits.next = end.map(|end| self.seal_token(request, end, seq));
        Ok(hits)
    }

    fn read(&self, resource_type: ResourceType, id: &str) -> Result<Stored, EngineError> {
        if let Some(hit) = execute::read(&self.snapshot, resource_type, id)? {
            let mut json = Vec::new();
            self.document(hit.document, &mut json)?;
            let meta = Meta::of(&json)?;
            let (version, last_updated) = (meta.version()?, meta.last_updated()?);
            return Ok(Stored::Found(Document { version, last_updated, json }));
        }
        let deleted = match self.store.key_of(resource_type, id)? {
            Some(key) => self.store.head(key)?.is_some_and(|head| head.header.deleted),
            None => false,
        };
        Ok(if deleted { Stored::Deleted } else { Stored::Absent })
    }

    fn read_version(
        &self,
        resource_type: ResourceType,
        id: &str,
        version: u64,
    ) -> Result<Stored, EngineError> {
        let (Some(key), Ok(number)) =
            (self.store.key_of(resource_type, id)?, u32::try_from(version))
        else {
            return Ok(Stored::Absent);
        };
        let Some(stored) = self.store.read_version(key, number)? else { return Ok(Stored::Absent) };
        if stored.header.deleted {
            return Ok(Stored::Deleted);
        }
        let mut json = Vec::new();
        self.store.decode(&stored, &mut json)?;
        let last_updated = Timestamp::from_millisecond(stored.header.last_updated_ms)
            .map_err(|error| EngineError::Defect(error.to_string()))?;
        Ok(Stored::Found(Document { version, last_updated, json }))
    }

    fn document(&self, address: DocumentAddress, out: &mut Vec<u8>) -> Result<(), EngineError> {
        Ok(self.snapshot.read_document(address, out)?)
    }
}

impl DirectoryView {
    fn seal_token(&self, request: &SearchRequest, end: PageEnd, seq: u64) -> String {
        let token = PageToken {
            query: query_hash(request),
            schema: index_schema().digest.clone(),
            seq,
            keys: end.keys,
        };
        let text = serde_json::to_string(&token).expect("a token is plain data");
        self.seal.seal(TOKEN_SCOPE, &text)
    }

    fn open_token(&self, request: &SearchRequest, sealed: &str) -> Result<PageToken, EngineError> {
        let text = self.seal.open(TOKEN_SCOPE, sealed).ok_or(EngineError::ForeignPage)?;
        let token: PageToken = serde_json::from_str(&text).map_err(|_| EngineError::ForeignPage)?;
        if token.schema != index_schema().digest {
            return Err(EngineError::ExpiredPage);
        }
        if token.query != query_hash(request) {
            return Err(EngineError::ForeignPage);
        }
        Ok(token)
    }
}

/// What tells one search from another: its criteria and order, not how its pages look.
fn query_hash(request: &SearchRequest) -> u64 {
    const APPEARANCE: [&str; 9] = [
        "_page",
        "_count",
        "_format",
        "_pretty",
        "_total",
        "_elements",
        "_summary",
        "_explain",
        "_include",
    ];
    let mut hasher = blake3::Hasher::new();
    for resource_type in &request.types {
        hasher.update(resource_type.as_str().as_bytes());
        hasher.update(b"\0");
    }
    for (name, value) in &request.applied {
        if !APPEARANCE.contains(&name.as_str()) {
            hasher.update(name.as_bytes());
            hasher.update(b"\0");
            hasher.update(value.as_bytes());
            hasher.update(b"\0");
        }
    }
    let hash = hasher.finalize();
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes of thirty-two"))
}

/// The part of a document that a read's headers need.
#[derive(Debug, Deserialize)]
struct Meta {
    meta: Versioned,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Versioned {
    version_id: String,
    last_updated: String,
}

impl Meta {
    fn of(json: &[u8]) -> Result<Versioned, EngineError> {
        let meta: Self = serde_json::from_slice(json)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(meta.meta)
    }
}

impl Versioned {
    fn version(&self) -> Result<u64, EngineError> {
        self.version_id
            .parse()
            .map_err(|_| EngineError::Defect("a stored version is a number".to_owned()))
    }

    fn last_updated(&self) -> Result<Timestamp, EngineError> {
        self.last_updated
            .parse()
            .map_err(|_| EngineError::Defect("a stored document has its instant".to_owned()))
    }
}

impl From<ExecuteError> for EngineError {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Index(error) => Self::Io(io::Error::other(error)),
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self::Io(io::Error::other(error))
    }
}
