//! Changing the directory.
//!
//! HTTP makes a [`Command`]; the one sequencer thread evaluates commands in order, writes those that
//! stand together durably, lets the index follow and answers. `patch` computes what a document
//! becomes; it decides nothing and stores nothing. Nothing here knows HTTP.

mod group;
pub(crate) mod patch;
mod precondition;
mod resource;
mod sequencer;
#[cfg(test)]
mod tests;
mod transaction;

use shared::access::Access;
use shared::error::Issue;
use shared::fhir::ResourceType;
use shared::store::{Identity, StoreError};
use tokio::sync::oneshot;

use crate::engine::EngineError;
use crate::parse::ast::SearchRequest;

pub(crate) use group::Rules;
pub(crate) use precondition::{Preconditions, Versions};
pub(crate) use resource::{Incoming, check_patch, literals, read};
pub(crate) use sequencer::{PublishError, Sequencer, SequencerParts, Writer};
pub(crate) use transaction::{Entry, Read};

/// What a caller wants changed, as a whole: everything in it, or nothing.
#[derive(Debug)]
pub(crate) struct Command {
    /// What to do.
    pub(crate) work: Work,
    /// The caller's projection, in which conditions are evaluated.
    pub(crate) access: Access,
}

/// The work of a command.
#[derive(Debug)]
pub(crate) enum Work {
    /// One interaction.
    One(Box<Operation>),
    /// The entries of a transaction Bundle.
    Transaction {
        /// Those that change something.
        entries: Vec<Entry>,
        /// What the others read, once that is done.
        reads: Vec<Read>,
    },
}

/// One change.
#[derive(Debug)]
pub(crate) enum Operation {
    /// A new resource under an id of ours, unless a condition finds one.
    Create {
        /// The resource.
        document: Incoming,
        /// `If-None-Exist`.
        unless: Option<Box<Condition>>,
    },
    /// The next version of a resource, or its first.
    Update {
        /// Which.
        target: Target,
        /// The resource.
        document: Incoming,
        /// What must be true of it.
        preconditions: Preconditions,
    },
    /// A change of parts of an existing resource.
    Patch {
        /// Which.
        target: Target,
        /// What to change.
        patch: Patch,
        /// What must be true of it.
        preconditions: Preconditions,
    },
    /// A deletion.
    Delete {
        /// Which.
        target: Target,
        /// What must be true of it.
        preconditions: Preconditions,
    },
}

/// Which resource is changed.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// The one of this identity.
    Instance(Identity),
    /// The one that a condition finds.
    Matching(Box<Condition>),
}

/// A search that must find at most one resource.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// The type searched.
    pub(crate) resource_type: ResourceType,
    /// The search.
    pub(crate) request: SearchRequest,
}

/// The body of a PATCH.
#[derive(Debug, Clone)]
pub(crate) struct Patch {
    /// Its language.
    pub(crate) language: PatchLanguage,
    /// Its text.
    pub(crate) body: Vec<u8>,
}

/// The languages of PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchLanguage {
    /// `FHIRPath` Patch: a Parameters resource.
    FhirPath,
    /// JSON Patch (RFC 6902).
    Json,
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// There is a resource where none was.
    Created,
    /// A resource has a next version.
    Updated,
    /// `If-None-Exist` found this resource, which stays as it is.
    Found,
    /// A resource is gone.
    Deleted,
    /// There was nothing to delete.
    Nothing,
}

/// One change, done.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// What was done.
    pub(crate) effect: Effect,
    /// To what; `None` when a conditional deletion found nothing.
    pub(crate) identity: Option<Identity>,
    /// The version it has now; 0 where there is none.
    pub(crate) version: u32,
    /// When that version was made, in milliseconds since 1970.
    pub(crate) last_updated_ms: i64,
    /// The document as stored; empty after a deletion.
    pub(crate) json: Vec<u8>,
    /// What the caller should know.
    pub(crate) issues: Vec<Issue>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The request makes no sense, or its document is no FHIR.
    #[error("the request has mistakes")]
    Invalid(Vec<Issue>),
    /// The document or patch breaks a rule.
    #[error("the content breaks a rule")]
    Unprocessable(Vec<Issue>),
    /// A patch does not find what it is to change.
    #[error("the patch finds no place")]
    NoPlace(Vec<Issue>),
    /// There is no such resource.
    #[error("unknown resource")]
    Absent(Identity),
    /// The resource was deleted.
    #[error("deleted resource")]
    Deleted(Identity),
    /// The condition of a PATCH finds nothing.
    #[error("no match")]
    NoMatch(ResourceType),
    /// A condition finds several resources.
    #[error("several matches")]
    SeveralMatches(ResourceType),
    /// The resource has another version than `If-Match` says; its name and the version it has.
    #[error("another version")]
    OtherVersion(String, Option<u64>),
    /// The resource has a version that `If-None-Match` excludes; its name and the version it has.
    #[error("a version that must not be")]
    Present(String, u64),
    /// The resource was changed after `If-Unmodified-Since`; its name.
    #[error("changed since")]
    ChangedSince(String),
    /// A transaction changes one resource twice.
    #[error("changed twice")]
    Twice(Identity),
    /// An entry of a transaction fails; its position.
    #[error("entry {0} fails")]
    Entry(usize, Box<WriteError>),
    /// The disk is full.
    #[error("no space is left")]
    NoSpace,
    /// The directory does not take writes now.
    #[error("not now")]
    Unavailable(&'static str),
    /// A condition cannot be evaluated.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Said while the store cannot be used.
const REOPENING: &str = "the document store is being opened again";

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        match &error {
            error if error.is_out_of_space() => Self::NoSpace,
            StoreError::Closed => Self::Unavailable(REOPENING),
            StoreError::Engine(_)
            | StoreError::Locked { .. }
            | StoreError::Unreachable { .. }
            | StoreError::Format { .. }
            | StoreError::Corrupt(_)
            | StoreError::Damaged(_)
            | StoreError::Codec(_)
            | StoreError::Conflict { .. }
            | StoreError::KeysExhausted => Self::Engine(error.into()),
        }
    }
}

/// What a command comes to, one outcome for each operation in the order given.
pub(crate) type Answer = Result<Vec<Outcome>, WriteError>;

/// The two moments of a command: it is durable, and the next search finds it.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// The answer; what was done is then durable.
    pub(crate) answer: oneshot::Receiver<Answer>,
    /// Comes when every new view shows it; dropped without a word when the index cannot follow.
    pub(crate) visible: oneshot::Receiver<()>,
}
