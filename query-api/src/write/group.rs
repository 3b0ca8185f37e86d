//! The commands that are made durable together, evaluated one after the other.
//!
//! Each command sees what the commands before it did. A condition is a search, and searches do not see
//! the group's own writes; so a command whose condition those writes could touch must wait for the next
//! group ([`Group::must_wait`]). An operation is *resolved* (which resource, and may it be changed),
//! then *planned* (its next version, with everything that can fail), then *applied*.

mod references;
mod resolve;
mod state;

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use shared::access::Access;
use shared::config::ReferenceRule;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::store::{Batch, Change, Expected, Identity, Prepared, Store, StoreError};
use shared::validate::Validator;

use super::resource::{self, Incoming};
use super::{
    Command, Condition, Effect, Operation, Outcome, Patch, Target, Work, WriteError, patch,
};
pub(super) use state::State;
use state::Written;

use crate::engine::{EngineError, View};
pub(super) use references::Changes;

/// What evaluating commands needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) store: &'a Store,
    pub(super) validator: &'a Validator,
    pub(super) rules: Rules,
    /// The public URLs of the directory, without trailing slash.
    pub(super) base_urls: &'a [&'a str],
    pub(super) now: fn() -> Timestamp,
    /// Makes ids that no resource has.
    pub(super) new_id: fn() -> String,
    /// The state before the group, as a caller sees it.
    pub(super) view: &'a dyn Fn(Access) -> Result<Arc<dyn View>, EngineError>,
    /// Longest evaluation of one condition.
    pub(super) condition_deadline: std::time::Duration,
}

/// What the settings ask of writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// What becomes of a document that refers to nothing.
    pub(crate) references: ReferenceRule,
    /// What a patch may ask for.
    pub(crate) patch: patch::Limits,
}

/// A group being collected.
pub(super) struct Group<'a> {
    pub(super) context: Context<'a>,
    batch: Batch<'a>,
    /// What the group's commands made of resources.
    written: HashMap<Identity, Written>,
    /// Types in which a resource came, went or changed its identifiers.
    moved: HashSet<ResourceType>,
    last_stamp_ms: i64,
    is_broken: bool,
}

/// An operation whose resource is known.
pub(super) enum Resolved {
    Put { identity: Identity, document: Incoming, effect: Effect },
    Patch { identity: Identity, patch: Patch },
    Delete { identity: Identity },
    Found { identity: Identity },
    Nothing { identity: Option<Identity> },
}

/// An operation that can only succeed.
pub(super) enum Plan {
    Put(Box<Put>),
    Delete { identity: Identity, issues: Vec<Issue> },
    Found(Box<Outcome>),
    Nothing { identity: Option<Identity> },
}

/// The next version of a resource.
pub(super) struct Put {
    identity: Identity,
    prepared: Prepared,
    value: Value,
    targets: Targets,
    effect: Effect,
    issues: Vec<Issue>,
}

/// The resources that a new version refers to, with their places.
type Targets = Vec<(ResourceType, String, String)>;

impl<'a> Group<'a> {
    pub(super) fn begin(context: Context<'a>) -> Self {
        Self {
            batch: context.store.begin(),
            context,
            written: HashMap::new(),
            moved: HashSet::new(),
            last_stamp_ms: i64::MIN,
            is_broken: false,
        }
    }

    /// Whether a command is half in the batch, which must then not be committed.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Whether nothing was changed yet.
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Whether a condition of the command could be touched by what the group has changed.
    pub(super) fn must_wait(&self, command: &Command) -> bool {
        !self.is_empty() && conditions(command).any(|condition| !self.is_settled(condition))
    }

    /// Identifiers are compared as they stand in the resource, so that only changes of them matter.
    fn is_settled(&self, condition: &Condition) -> bool {
        let by_identifier =
            condition.request.applied.iter().all(|(name, _)| name == "identifier" || name == "_id");
        by_identifier && !self.moved.contains(&condition.resource_type)
    }

    /// Evaluates a command; after an error nothing of it is in the group, or the group is broken.
    pub(super) fn evaluate(&mut self, command: Command) -> Result<Vec<Outcome>, WriteError> {
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.evaluate_unguarded(command)));
        evaluated.unwrap_or_else(|_| {
            self.is_broken = true;
            Err(EngineError::Defect("evaluating a write panicked".to_owned()).into())
        })
    }

    fn evaluate_unguarded(&mut self, command: Command) -> Result<Vec<Outcome>, WriteError> {
        let Command { work, access } = command;
        match work {
            Work::One(operation) => {
                let resolved = self.resolve(*operation, access)?;
                let mut plan = self.plan(resolved, access)?;
                let changes = Changes::of([&plan]);
                self.check_references(&mut plan, &changes)?;
                Ok(vec![self.apply(plan)?])
            }
            Work::Transaction { entries, reads } => self.transaction(entries, reads, access),
        }
    }

    /// Makes the group durable. Returns the log's new entries.
    pub(super) fn commit(self) -> Result<Vec<Change>, StoreError> {
        // Never before the versions it records, so that the log's instants follow its order.
        let recorded_ms = (self.context.now)().as_millisecond().max(self.last_stamp_ms);
        self.batch.commit(recorded_ms)
    }

    /// Computes what can fail.
    pub(super) fn plan(&self, resolved: Resolved, access: Access) -> Result<Plan, WriteError> {
        match resolved {
            Resolved::Put { identity, document, effect } => self.put(identity, document, effect),
            Resolved::Patch { identity, patch } => {
                let current = self.document(&identity)?;
                let patched = resource::patched(
                    identity.resource_type,
                    &current,
                    &patch,
                    self.context.rules.patch,
                )?;
                let document = resource::read(patched, self.context.validator)?;
                self.put(identity, document, Effect::Updated)
            }
            Resolved::Delete { identity } => {
                let issues = self.note_referrers(&identity, access)?;
                Ok(Plan::Delete { identity, issues })
            }
            Resolved::Found { identity } => {
                let outcome = self.current(identity, Effect::Found)?;
                Ok(Plan::Found(Box::new(outcome)))
            }
            Resolved::Nothing { identity } => Ok(Plan::Nothing { identity }),
        }
    }

    fn put(
        &self,
        identity: Identity,
        document: Incoming,
        effect: Effect,
    ) -> Result<Plan, WriteError> {
        let prepared = Prepared::read(&document.bytes, Some(&identity.id)).map_err(|error| {
            WriteError::Invalid(vec![Issue::error(IssueType::Structure, error.to_string())])
        })?;
        let Incoming { value, issues, .. } = document;
        let targets = resource::local_targets(&resource::literals(&value), self.context.base_urls);
        Ok(Plan::Put(Box::new(Put { identity, prepared, value, targets, effect, issues })))
    }

    /// Puts a plan into the batch. Fails only when the store does; the whole group is then lost.
    pub(super) fn apply(&mut self, plan: Plan) -> Result<Outcome, WriteError> {
        let applied = self.apply_to_batch(plan);
        self.is_broken |= applied.is_err();
        applied
    }

    fn apply_to_batch(&mut self, plan: Plan) -> Result<Outcome, WriteError> {
        match plan {
            Plan::Put(put) => self.apply_put(*put),
            Plan::Delete { identity, issues } => {
                let key = self.batch.allocate(identity.resource_type, &identity.id)?;
                let last_updated_ms = self.stamp();
                let version = self.batch.delete(key, Expected::Any, last_updated_ms)?.unwrap_or(0);
                self.moved.insert(identity.resource_type);
                self.written
                    .insert(identity.clone(), Written { version, last_updated_ms, json: None });
                Ok(Outcome {
                    effect: Effect::Deleted,
                    identity: Some(identity),
                    version,
                    last_updated_ms,
                    json: Vec::new(),
                    issues,
                })
            }
            Plan::Found(outcome) => Ok(*outcome),
            Plan::Nothing { identity } => Ok(Outcome {
                effect: Effect::Nothing,
                identity,
                version: 0,
                last_updated_ms: 0,
                json: Vec::new(),
                issues: Vec::new(),
            }),
        }
    }

    fn apply_put(&mut self, put: Put) -> Result<Outcome, WriteError> {
        let Put { identity, prepared, value, targets, effect, issues } = put;
        let has_moved = effect == Effect::Created || {
            let current: Value = serde_json::from_slice(&self.document(&identity)?)
                .map_err(|error| EngineError::Defect(error.to_string()))?;
            current.get("identifier") != value.get("identifier")
        };
        if has_moved {
            self.moved.insert(identity.resource_type);
        }
        let key = self.batch.allocate(identity.resource_type, &identity.id)?;
        // Whatever is referred to has a key, so that the reference holds as soon as it exists.
        for (resource_type, id, _) in &targets {
            self.batch.allocate(*resource_type, id)?;
        }
        let last_updated_ms = self.stamp();
        let version = self.batch.put(key, Expected::Any, &prepared, last_updated_ms)?;
        let json = prepared.with_meta(version, last_updated_ms);
        let written = Written { version, last_updated_ms, json: Some(json.clone()) };
        self.written.insert(identity.clone(), written);
        let identity = Some(identity);
        Ok(Outcome { effect, identity, version, last_updated_ms, json, issues })
    }

    fn stamp(&mut self) -> i64 {
        self.last_stamp_ms = self.batch.stamp((self.context.now)().as_millisecond());
        self.last_stamp_ms
    }
}

/// The conditions of a command.
fn conditions(command: &Command) -> Box<dyn Iterator<Item = &Condition> + '_> {
    match &command.work {
        Work::One(operation) => Box::new(condition(operation).into_iter()),
        Work::Transaction { entries, .. } => Box::new(entries.iter().flat_map(|entry| {
            let references = entry.references.iter().map(|(_, condition)| condition);
            condition(&entry.operation).into_iter().chain(references)
        })),
    }
}

pub(super) fn condition(operation: &Operation) -> Option<&Condition> {
    match operation {
        Operation::Create { unless, .. } => unless.as_deref(),
        Operation::Update { target, .. }
        | Operation::Patch { target, .. }
        | Operation::Delete { target, .. } => match target {
            Target::Matching(condition) => Some(condition.as_ref()),
            Target::Instance(_) => None,
        },
    }
}
