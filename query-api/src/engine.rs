//! What HTTP asks of the directory, and the bounded pool in which it is computed.
//!
//! An [`Engine`] gives immutable views; a request is computed on exactly one, from its plan to its
//! last byte, on a thread that may block. Nothing here knows HTTP or how anything is found.

pub(crate) mod pool;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use shared::access::Access;
use shared::error::Issue;
use shared::fhir::ResourceType;
use shared::index::DocumentAddress;
use shared::store::{ChangeKind, Identity, Seq};

use crate::bundle::subset::NotAnObject;
use crate::execute::Hits;
use crate::facets::{Asked, Facets};
use crate::parse::ast::SearchRequest;
use crate::write::{Command, Ticket};

/// A directory that can be asked.
pub(crate) trait Engine: Send + Sync + 'static {
    /// The present state as a caller may see it; later writes do not change it.
    ///
    /// # Errors
    /// [`EngineError::NotReady`] while the directory is being opened or replayed.
    fn view(&self, access: Access) -> Result<Arc<dyn View>, EngineError>;

    /// Queues a change of the directory.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when too many wait, [`EngineError::NotReady`] when none is taken.
    fn submit(&self, command: Command) -> Result<Ticket, EngineError>;

    /// Takes no more changes, and waits until those that are queued are done.
    fn close(&self);

    /// Whether views can be had.
    fn is_ready(&self) -> bool;
}

/// One immutable state of the directory, as one caller may see it.
pub(crate) trait View: Send + Sync {
    /// Finds one page of a search. The page's size is in the request, never absent.
    fn search(&self, request: &SearchRequest, deadline: Deadline) -> Result<Hits, EngineError>;

    /// Counts the facets of a search of one type; its page is not looked at.
    fn facets(
        &self,
        request: &SearchRequest,
        asked: &Asked,
        deadline: Deadline,
    ) -> Result<Facets, EngineError>;

    /// The current version of a resource.
    fn read(&self, resource_type: ResourceType, id: &str) -> Result<Stored, EngineError>;

    /// A version of a resource.
    fn read_version(
        &self,
        resource_type: ResourceType,
        id: &str,
        version: u64,
    ) -> Result<Stored, EngineError>;

    /// The resources whose literal references lead to this one, in the order of their keys.
    fn referrers(&self, identity: &Identity) -> Result<Vec<Identity>, EngineError>;

    /// Finds one page of a history, newest first.
    fn history(&self, request: &HistoryRequest, deadline: Deadline)
    -> Result<History, EngineError>;

    /// Appends the JSON of a hit's document to `out`.
    fn document(&self, address: DocumentAddress, out: &mut Vec<u8>) -> Result<(), EngineError>;
}

/// What stands under an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Nothing, ever.
    Absent,
    /// A deletion.
    Deleted,
    /// A version whose document is no longer kept.
    Forgotten,
    /// A document.
    Found(Document),
}

/// A version of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    /// `meta.versionId`.
    pub(crate) version: u64,
    /// `meta.lastUpdated`.
    pub(crate) last_updated: Timestamp,
    /// The resource, one JSON object.
    pub(crate) json: Vec<u8>,
}

/// Whose versions a history lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HistoryScope {
    /// Those of one resource.
    Instance(Identity),
    /// Those of all resources of a type.
    Type(ResourceType),
    /// All.
    System,
}

/// A page of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryRequest {
    /// Whose versions.
    pub(crate) scope: HistoryScope,
    /// Only versions recorded at or after this instant, in milliseconds since 1970.
    pub(crate) since_ms: Option<i64>,
    /// Only changes before this one: where the page before ended.
    pub(crate) before: Option<Seq>,
    /// Most versions on the page.
    pub(crate) count: usize,
}

/// One page of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// Number of versions over all pages, where it is known without reading them all.
    pub(crate) total: Option<u64>,
    /// The versions, newest first.
    pub(crate) versions: Vec<HistoryVersion>,
    /// [`HistoryRequest::before`] of the next page, when there is one.
    pub(crate) next: Option<Seq>,
}

/// One version in a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryVersion {
    /// Of what.
    pub(crate) identity: Identity,
    /// What made it.
    pub(crate) kind: ChangeKind,
    /// Its number.
    pub(crate) version: u32,
    /// `meta.lastUpdated`.
    pub(crate) last_updated_ms: i64,
    /// The document; empty for a deletion.
    pub(crate) json: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    /// The request asks for something that cannot be planned: a 400.
    #[error("the request is refused")]
    Refused(Vec<Issue>),
    /// The page token was made for another search or is damaged.
    #[error("the page token does not belong to this search")]
    ForeignPage,
    /// The page token was made with another schema; the search must start again.
    #[error("the page token has expired")]
    ExpiredPage,
    /// The directory is being opened or replayed.
    #[error("the directory is not ready")]
    #[allow(dead_code, reason = "today a directory is open before anything listens")]
    NotReady,
    /// More requests wait than the settings allow.
    #[error("too many requests wait for the engine")]
    Busy,
    /// The deadline has passed.
    #[error("the deadline has passed")]
    Deadline,
    /// A document or file is damaged.
    #[error("damaged data")]
    Damaged(#[from] NotAnObject),
    /// The document of a resource is damaged.
    #[error("the document of {0} is damaged")]
    DamagedDocument(Identity, #[source] io::Error),
    /// The store or the index cannot be read.
    #[error("the directory cannot be read")]
    Io(#[from] io::Error),
    /// A defect of ours, such as a panic in the computation.
    #[error("internal failure: {0}")]
    Defect(String),
}

impl EngineError {
    /// The same failure, of the document of a resource.
    pub(crate) fn of_document(self, resource_type: ResourceType, id: &str) -> Self {
        if let Self::Io(error) = self {
            if error.kind() != io::ErrorKind::InvalidData {
                return Self::Io(error);
            }
            return Self::DamagedDocument(Identity { resource_type, id: id.to_owned() }, error);
        }
        self
    }
}

/// The moment after which nobody waits for the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// The moment `time` from now.
    pub(crate) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// What is left; zero when it has passed.
    pub(crate) fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Long computations call this between steps.
    ///
    /// # Errors
    /// [`EngineError::Deadline`] when it has passed.
    pub(crate) fn check(self) -> Result<(), EngineError> {
        if self.remaining().is_zero() { Err(EngineError::Deadline) } else { Ok(()) }
    }
}
