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

use crate::bundle::subset::NotAnObject;
use crate::execute::Hits;
use crate::parse::ast::SearchRequest;

/// A directory that can be asked.
pub(crate) trait Engine: Send + Sync + 'static {
    /// The present state as a caller may see it; later writes do not change it.
    ///
    /// # Errors
    /// [`EngineError::NotReady`] while the directory is being opened or replayed.
    fn view(&self, access: Access) -> Result<Arc<dyn View>, EngineError>;

    /// Whether views can be had.
    fn is_ready(&self) -> bool;
}

/// One immutable state of the directory, as one caller may see it.
pub(crate) trait View: Send + Sync {
    /// Finds one page of a search. The page's size is in the request, never absent.
    fn search(&self, request: &SearchRequest, deadline: Deadline) -> Result<Hits, EngineError>;

    /// The current version of a resource.
    fn read(&self, resource_type: ResourceType, id: &str) -> Result<Stored, EngineError>;

    /// A version of a resource.
    fn read_version(
        &self,
        resource_type: ResourceType,
        id: &str,
        version: u64,
    ) -> Result<Stored, EngineError>;

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
    /// The store or the index cannot be read.
    #[error("the directory cannot be read")]
    Io(#[from] io::Error),
    /// A defect of ours, such as a panic in the computation.
    #[error("internal failure: {0}")]
    Defect(String),
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
