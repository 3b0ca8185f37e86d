//! The open directory: store, generation and snapshots, behind the [`Engine`] that HTTP asks.

mod history;

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use arc_swap::ArcSwap;
use indexer::directory::open_store;
use jiff::Timestamp;
use serde::Deserialize;
use shared::access::Access;
use shared::config::Settings;
use shared::disk::Room;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::index::{DocumentAddress, Generation, IndexWriter, Manifest, Snapshot, WriterOptions};
use shared::replay::Replay;
use shared::schema::index_schema;
use shared::store::{ChangeLog as _, Identity, Store, StoreError, StoreSettings};
use shared::validate::Validator;

use crate::engine::{
    Deadline, Document, Engine, EngineError, History, HistoryRequest, Stored, View,
};
use crate::execute::{self, Counting, ExecuteError, Hits, PageEnd, PageRequest, PageToken};
use crate::facets::{self, Asked, Facets};
use crate::http::sealed::Seal;
use crate::parse::ast::{SearchRequest, Total};
use crate::plan::{self, PlanContext};
use crate::write::{Command, Rules, Sequencer, SequencerParts, Ticket, Writer, patch};

/// Most alternatives that AND over OR may unfold into.
const ALTERNATIVES_MAX: usize = 1_000;

/// Snapshots kept for pages that are under way.
const SNAPSHOTS_HELD: usize = 4;

/// The scope under which page tokens are sealed.
const TOKEN_SCOPE: &str = "page";

/// A data directory, open.
pub(crate) struct Directory {
    present: Arc<Present>,
    writer: Arc<Writer>,
}

/// What views are made of.
struct Present {
    store: Arc<Store>,
    current: ArcSwap<Snapshot>,
    held: Mutex<VecDeque<Arc<Snapshot>>>,
    seal: Arc<Seal>,
    included_max: usize,
}

/// How a directory is opened.
pub(crate) struct Opening<'a> {
    /// The settings.
    pub(crate) settings: &'a Settings,
    /// The public URLs of the directory, without trailing slash.
    pub(crate) base_urls: Vec<String>,
    /// What checks documents.
    pub(crate) validator: Arc<Validator>,
    /// The clock.
    pub(crate) now: fn() -> Timestamp,
    /// Makes ids that no resource has.
    pub(crate) new_id: fn() -> String,
}

/// Opens the data directory; an empty one becomes an empty directory. An index behind its store, after
/// a crash, is brought up to it.
///
/// # Errors
/// When another process holds it, it cannot be read, or its store is behind its index.
pub(crate) fn open(opening: Opening<'_>) -> anyhow::Result<Arc<Directory>> {
    let Opening { settings, base_urls, validator, now, new_id } = opening;
    let data_dir = &settings.data_dir;
    let seal = Arc::new(Seal::of_directory(data_dir).context("the key of links")?);
    let owner = format!("query-api, process {}", std::process::id());
    let versions_kept = NonZeroU32::new(settings.write.versions_kept);
    let store_settings = StoreSettings { owner, versions_kept, ..StoreSettings::default() };
    let store = open_store(data_dir, &store_settings)?;
    Generation::remove_unfinished(data_dir)?;
    let generation = match Generation::current(data_dir, Arc::clone(store.codec()))? {
        Some(generation) => generation,
        None if store.durable_seq() == 0 => empty_generation(&store, settings)?,
        None => bail!("{} holds documents but no index: run `indexer rebuild`", data_dir.display()),
    };
    let mut index = generation.writer(WriterOptions::LIVE).context("the index writer")?;
    catch_up(&store, &generation, &mut index, &base_urls)
        .with_context(|| data_dir.display().to_string())?;
    // The engine reports some damage by panicking.
    let snapshot = catch_unwind(AssertUnwindSafe(|| generation.snapshot(None)))
        .map_err(|_| anyhow!("the current index is damaged: run `indexer rebuild`"))?
        .context("the current index")?;
    let snapshot = Arc::new(snapshot);
    shared::geo::gazetteer().prepare();
    let store = Arc::new(store);
    let present = Arc::new(Present {
        store: Arc::clone(&store),
        held: Mutex::new(VecDeque::with_capacity(SNAPSHOTS_HELD)),
        current: ArcSwap::new(Arc::clone(&snapshot)),
        seal,
        included_max: settings.limits.includes,
    });
    let (views, show) = (Arc::clone(&present), Arc::clone(&present));
    let parts = SequencerParts {
        store,
        generation,
        index,
        snapshot,
        base_urls,
        rules: Rules {
            references: settings.write.references,
            patch: patch::Limits {
                operations: settings.limits.patch_operations,
                ..patch::Limits::default()
            },
        },
        validator,
        now,
        new_id,
        views: Box::new(move |access| Ok(views.view(access))),
        show: Box::new(move |snapshot| show.current.store(snapshot)),
        is_full: is_full(data_dir, settings.write.reserve_bytes),
    };
    let writer = Sequencer::start(parts, settings.write.queue).context("the writing thread")?;
    Ok(Arc::new(Directory { present, writer: Arc::new(writer) }))
}

/// Tells whether writing must stop; a system that does not say never is full.
fn is_full(data_dir: &Path, reserve_bytes: u64) -> Box<dyn Fn() -> bool + Send> {
    let data_dir = data_dir.to_owned();
    Box::new(move || Room::at(&data_dir).is_ok_and(|room| room.is_short_of(reserve_bytes)))
}

fn empty_generation(store: &Store, settings: &Settings) -> anyhow::Result<Generation> {
    let generation = Generation::create(&settings.data_dir, Arc::clone(store.codec()))?;
    let schema_digest = index_schema().digest.clone();
    generation.publish(&settings.data_dir, &Manifest { schema_digest, seq: 0, resources: 0 })?;
    Ok(generation)
}

/// Replays what the store knows and the index does not.
fn catch_up(
    store: &Store,
    generation: &Generation,
    writer: &mut IndexWriter,
    base_urls: &[String],
) -> anyhow::Result<()> {
    let (known, last) = (generation.committed_seq()?, store.last_seq());
    if known > last {
        bail!(
            "the document store is damaged: it ends at change {last}, the index at {known}; restore a backup"
        );
    }
    if known == last {
        return Ok(());
    }
    tracing::info!(from = known, to = last, "bringing the index up to the store");
    let base_urls: Vec<&str> = base_urls.iter().map(String::as_str).collect();
    let documents = generation.documents();
    let replay = Replay { store, writer, documents, base_urls: &base_urls };
    let seq = replay.changes_since(known)?;
    documents.arena.sync().context("the document arena")?;
    writer.commit(seq).context("the index")?;
    Ok(())
}

impl Directory {
    /// The documents.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.present.store
    }

    /// The way to the one thread that writes.
    pub(crate) fn writer(&self) -> &Arc<Writer> {
        &self.writer
    }
}

impl Present {
    fn view(&self, access: Access) -> Arc<dyn View> {
        let snapshot = self.current.load_full();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.back().is_none_or(|last| !Arc::ptr_eq(last, &snapshot)) {
            if held.len() == SNAPSHOTS_HELD {
                held.pop_front();
            }
            held.push_back(Arc::clone(&snapshot));
        }
        let held = held.iter().map(Arc::clone).collect();
        Arc::new(DirectoryView {
            snapshot,
            held,
            store: Arc::clone(&self.store),
            seal: Arc::clone(&self.seal),
            included_max: self.included_max,
            access,
        })
    }
}

impl Engine for Directory {
    fn view(&self, access: Access) -> Result<Arc<dyn View>, EngineError> {
        Ok(self.present.view(access))
    }

    fn submit(&self, command: Command) -> Result<Ticket, EngineError> {
        self.writer.submit(command)
    }

    fn close(&self) {
        self.writer.close();
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
        let plan = plan::search(request, self.plan_context(request))
            .map_err(|error| EngineError::Refused(vec![error.issue()]))?;
        deadline.check()?;
        let token =
            request.page.as_deref().map(|text| self.open_token(request, text)).transpose()?;
        let seq = token.as_ref().map_or(self.snapshot.seq, |token| token.seq);
        // The newest of that change: another index may have taken the place of one.
        let held = self.held.iter().rfind(|snapshot| snapshot.seq == seq);
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
            deadline,
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

    fn facets(
        &self,
        request: &SearchRequest,
        asked: &Asked,
        deadline: Deadline,
    ) -> Result<Facets, EngineError> {
        let identify = |resource_type, id: &str| {
            self.store.key_of(resource_type, id).map_err(io::Error::other)
        };
        let mut counting = Counting::new(&self.snapshot, &identify, deadline);
        facets::count(&mut counting, request, self.plan_context(request), asked)
    }

    fn read(&self, resource_type: ResourceType, id: &str) -> Result<Stored, EngineError> {
        if let Some(hit) = execute::read(&self.snapshot, resource_type, id)? {
            let mut json = Vec::new();
            self.document(hit.document, &mut json)
                .map_err(|error| error.of_document(resource_type, id))?;
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
        if stored.header.forgotten {
            return Ok(Stored::Forgotten);
        }
        let mut json = Vec::new();
        self.store.decode(&stored, &mut json)?;
        let last_updated = Timestamp::from_millisecond(stored.header.last_updated_ms)
            .map_err(|error| EngineError::Defect(error.to_string()))?;
        Ok(Stored::Found(Document { version, last_updated, json }))
    }

    fn referrers(&self, identity: &Identity) -> Result<Vec<Identity>, EngineError> {
        let Some(key) = self.store.key_of(identity.resource_type, &identity.id)? else {
            return Ok(Vec::new());
        };
        let referrers = self.snapshot.literal_referrers(key).map_err(io::Error::other)?;
        let identity = |key| {
            let resource_type = self.snapshot.resource_type(key)?;
            Some(Identity { resource_type, id: self.snapshot.resource_id(key)? })
        };
        Ok(referrers.into_iter().filter_map(identity).collect())
    }

    fn history(
        &self,
        request: &HistoryRequest,
        deadline: Deadline,
    ) -> Result<History, EngineError> {
        history::page(&self.store, self.snapshot.seq, request, deadline)
    }

    fn document(&self, address: DocumentAddress, out: &mut Vec<u8>) -> Result<(), EngineError> {
        // A page of an earlier state may stand in the index before this one.
        let of_same =
            |snapshot: &&Arc<Snapshot>| snapshot.documents().generation == address.generation;
        let snapshot = self.held.iter().rfind(of_same).unwrap_or(&self.snapshot);
        Ok(snapshot.read_document(address, out)?)
    }
}

impl DirectoryView {
    fn plan_context(&self, request: &SearchRequest) -> PlanContext {
        PlanContext::new(self.access, request.correlation, ALTERNATIVES_MAX)
    }

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
    const APPEARANCE: [&str; 10] = [
        "ror-now",
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
    // Clients that take a link apart put its parameters together in an order of their own; within one
    // name the order stays.
    let mut parameters: Vec<&(String, String)> = request.applied.iter().collect();
    parameters.sort_by_key(|(name, _)| name);
    for (name, value) in parameters {
        if !APPEARANCE.contains(&name.as_str()) {
            hasher.update(name.as_bytes());
            hasher.update(b"\0");
            hasher.update(value.as_bytes());
            hasher.update(b"\0");
        }
    }
    // Pages of one search look at one place.
    if !request.located.is_empty() {
        hasher.update(&serde_json::to_vec(&request.located).expect("plain data"));
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
            ExecuteError::Deadline => Self::Deadline,
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Closed) {
            return Self::NotReady;
        }
        Self::Io(io::Error::other(error))
    }
}
