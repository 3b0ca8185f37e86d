//! The commands that are made durable together, evaluated one after the other.
//!
//! Each command sees what the commands before it did. A condition is a search, and searches do not see
//! the group's own writes; so a command whose condition those writes could touch must wait for the next
//! group ([`Group::must_wait`]). An operation is *resolved* (which resource, and may it be changed),
//! then *planned* (its next version, with everything that can fail), then *applied*.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::store::{Batch, Change, Expected, Identity, Prepared, Store, StoreError};
use shared::validate::Validator;

use super::resource::{self, Incoming};
use super::{Command, Condition, Effect, Operation, Outcome, Patch, Target, Work, WriteError};
use crate::engine::{Deadline, EngineError, View};
use crate::parse::ast::Total;

/// What evaluating commands needs.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) store: &'a Store,
    pub(super) validator: &'a Validator,
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

/// The state of a resource that the group has changed.
struct Written {
    version: u32,
    last_updated_ms: i64,
    /// `None` for a deletion.
    json: Option<Vec<u8>>,
}

/// What stands under an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Deleted,
    Live(u32),
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
    Delete { identity: Identity },
    Found(Box<Outcome>),
    Nothing { identity: Option<Identity> },
}

/// The next version of a resource.
pub(super) struct Put {
    identity: Identity,
    prepared: Prepared,
    value: Value,
    effect: Effect,
    issues: Vec<Issue>,
}

/// The resources that a new version refers to, with their places.
pub(super) type Targets = Vec<(ResourceType, String, String)>;

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
                let plan = self.plan(resolved)?;
                let (mut outcome, targets) = self.apply(plan)?;
                self.note_dangling(&mut outcome, &targets)?;
                Ok(vec![outcome])
            }
            Work::Transaction(entries) => self.transaction(entries, access),
        }
    }

    /// Makes the group durable. Returns the log's new entries.
    pub(super) fn commit(self) -> Result<Vec<Change>, StoreError> {
        // Never before the versions it records, so that the log's instants follow its order.
        let recorded_ms = (self.context.now)().as_millisecond().max(self.last_stamp_ms);
        self.batch.commit(recorded_ms)
    }

    /// Finds out which resource an operation changes, and whether it may.
    pub(super) fn resolve(
        &self,
        operation: Operation,
        access: Access,
    ) -> Result<Resolved, WriteError> {
        match operation {
            Operation::Create { document, unless } => {
                if let Some(condition) = unless
                    && let Some(identity) = self.find(&condition, access)?
                {
                    return Ok(Resolved::Found { identity });
                }
                Ok(self.create(document))
            }
            Operation::Update { target, document, if_match } => {
                self.resolve_update(target, document, if_match, access)
            }
            Operation::Patch { target, patch, if_match } => {
                let identity = match target {
                    Target::Instance(identity) => identity,
                    Target::Matching(condition) => self
                        .find(&condition, access)?
                        .ok_or(WriteError::NoMatch(condition.resource_type))?,
                };
                let state = self.state(&identity)?;
                match state {
                    State::Absent => return Err(WriteError::Absent(identity)),
                    State::Deleted => return Err(WriteError::Deleted(identity)),
                    State::Live(_) => check_version(&identity, state, if_match)?,
                }
                Ok(Resolved::Patch { identity, patch })
            }
            Operation::Delete { target, if_match } => {
                let identity = match target {
                    Target::Instance(identity) => identity,
                    Target::Matching(condition) => match self.find(&condition, access)? {
                        Some(identity) => identity,
                        None => return Ok(Resolved::Nothing { identity: None }),
                    },
                };
                let state = self.state(&identity)?;
                check_version(&identity, state, if_match)?;
                Ok(match state {
                    State::Live(_) => Resolved::Delete { identity },
                    State::Absent | State::Deleted => {
                        Resolved::Nothing { identity: Some(identity) }
                    }
                })
            }
        }
    }

    fn resolve_update(
        &self,
        target: Target,
        document: Incoming,
        if_match: Option<u64>,
        access: Access,
    ) -> Result<Resolved, WriteError> {
        let identity = match target {
            Target::Instance(identity) => identity,
            Target::Matching(condition) => match self.find(&condition, access)? {
                Some(found) if document.id.as_ref().is_some_and(|id| *id != found.id) => {
                    let text = format!("the condition finds {found}, the body has another id");
                    let issue = Issue::error(IssueType::Invalid, text);
                    let place = format!("{}.id", found.resource_type);
                    return Err(WriteError::Invalid(vec![issue.at(place)]));
                }
                Some(found) => found,
                None => {
                    let resource_type = document.resource_type;
                    match &document.id {
                        Some(id) => Identity { resource_type, id: id.clone() },
                        None if if_match.is_some() => {
                            return Err(WriteError::OtherVersion(resource_type.to_string(), None));
                        }
                        None => return Ok(self.create(document)),
                    }
                }
            },
        };
        let state = self.state(&identity)?;
        check_version(&identity, state, if_match)?;
        let effect = match state {
            State::Live(_) => Effect::Updated,
            State::Absent | State::Deleted => Effect::Created,
        };
        Ok(Resolved::Put { identity, document, effect })
    }

    /// A resource under a new id.
    fn create(&self, document: Incoming) -> Resolved {
        let id = (self.context.new_id)();
        let document = document.with_functional_identifier(&id);
        let identity = Identity { resource_type: document.resource_type, id };
        Resolved::Put { identity, document, effect: Effect::Created }
    }

    /// Computes what can fail.
    pub(super) fn plan(&self, resolved: Resolved) -> Result<Plan, WriteError> {
        match resolved {
            Resolved::Put { identity, document, effect } => self.put(identity, document, effect),
            Resolved::Patch { identity, patch } => {
                let current = self.document(&identity)?;
                let patched = resource::patched(identity.resource_type, &current, &patch)?;
                let document = resource::read(patched, self.context.validator)?;
                self.put(identity, document, Effect::Updated)
            }
            Resolved::Delete { identity } => Ok(Plan::Delete { identity }),
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
        Ok(Plan::Put(Box::new(Put { identity, prepared, value, effect, issues })))
    }

    /// Puts a plan into the batch. Fails only when the store does; the whole group is then lost.
    pub(super) fn apply(&mut self, plan: Plan) -> Result<(Outcome, Targets), WriteError> {
        let applied = self.apply_to_batch(plan);
        self.is_broken |= applied.is_err();
        applied
    }

    fn apply_to_batch(&mut self, plan: Plan) -> Result<(Outcome, Targets), WriteError> {
        match plan {
            Plan::Put(put) => self.apply_put(*put),
            Plan::Delete { identity } => {
                let key = self.batch.allocate(identity.resource_type, &identity.id)?;
                let last_updated_ms = self.stamp();
                let version = self.batch.delete(key, Expected::Any, last_updated_ms)?.unwrap_or(0);
                self.moved.insert(identity.resource_type);
                self.written
                    .insert(identity.clone(), Written { version, last_updated_ms, json: None });
                let outcome = Outcome {
                    effect: Effect::Deleted,
                    identity: Some(identity),
                    version,
                    last_updated_ms,
                    json: Vec::new(),
                    issues: Vec::new(),
                };
                Ok((outcome, Targets::new()))
            }
            Plan::Found(outcome) => Ok((*outcome, Targets::new())),
            Plan::Nothing { identity } => {
                let outcome = Outcome {
                    effect: Effect::Nothing,
                    identity,
                    version: 0,
                    last_updated_ms: 0,
                    json: Vec::new(),
                    issues: Vec::new(),
                };
                Ok((outcome, Targets::new()))
            }
        }
    }

    fn apply_put(&mut self, put: Put) -> Result<(Outcome, Targets), WriteError> {
        let Put { identity, prepared, value, effect, issues } = put;
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
        let literals = resource::literals(&value);
        let targets = resource::local_targets(&literals, self.context.base_urls);
        for (resource_type, id, _) in &targets {
            self.batch.allocate(*resource_type, id)?;
        }
        let last_updated_ms = self.stamp();
        let version = self.batch.put(key, Expected::Any, &prepared, last_updated_ms)?;
        let json = prepared.with_meta(version, last_updated_ms);
        let written = Written { version, last_updated_ms, json: Some(json.clone()) };
        self.written.insert(identity.clone(), written);
        let identity = Some(identity);
        Ok((Outcome { effect, identity, version, last_updated_ms, json, issues }, targets))
    }

    /// Tells of references to what does not exist.
    pub(super) fn note_dangling(
        &self,
        outcome: &mut Outcome,
        targets: &Targets,
    ) -> Result<(), WriteError> {
        for (resource_type, id, place) in targets {
            let identity = Identity { resource_type: *resource_type, id: id.clone() };
            if !matches!(self.state(&identity)?, State::Live(_)) {
                outcome.issues.push(resource::dangling(*resource_type, id, place));
            }
        }
        Ok(())
    }

    /// The one resource that a condition finds.
    pub(super) fn find(
        &self,
        condition: &Condition,
        access: Access,
    ) -> Result<Option<Identity>, WriteError> {
        let view = (self.context.view)(access)?;
        let mut request = condition.request.clone();
        request.count = Some(2);
        request.total = Total::None;
        request.includes = Vec::new();
        let deadline = Deadline::after(self.context.condition_deadline);
        let hits = view.search(&request, deadline)?;
        let mut matches = hits.matches.into_iter();
        match (matches.next(), matches.next()) {
            (_, Some(_)) => Err(WriteError::SeveralMatches(condition.resource_type)),
            (Some(hit), None) => {
                Ok(Some(Identity { resource_type: hit.resource_type, id: hit.id }))
            }
            (None, None) => Ok(None),
        }
    }

    fn stamp(&mut self) -> i64 {
        self.last_stamp_ms = self.batch.stamp((self.context.now)().as_millisecond());
        self.last_stamp_ms
    }

    fn state(&self, identity: &Identity) -> Result<State, WriteError> {
        if let Some(written) = self.written.get(identity) {
            return Ok(match written.json {
                Some(_) => State::Live(written.version),
                None => State::Deleted,
            });
        }
        let store = self.context.store;
        let Some(key) = store.key_of(identity.resource_type, &identity.id)? else {
            return Ok(State::Absent);
        };
        Ok(match store.head(key)? {
            None => State::Absent,
            Some(head) if head.header.deleted => State::Deleted,
            Some(head) => State::Live(head.version),
        })
    }

    /// The current version of a resource that exists.
    fn current(&self, identity: Identity, effect: Effect) -> Result<Outcome, WriteError> {
        let issues = Vec::new();
        if let Some(Written { version, last_updated_ms, json: Some(json) }) =
            self.written.get(&identity)
        {
            let (version, last_updated_ms, json) = (*version, *last_updated_ms, json.clone());
            let identity = Some(identity);
            return Ok(Outcome { effect, identity, version, last_updated_ms, json, issues });
        }
        let store = self.context.store;
        let stored = match store.key_of(identity.resource_type, &identity.id)? {
            Some(key) => store.read(key)?,
            None => None,
        };
        let Some(stored) = stored else { return Err(WriteError::Absent(identity)) };
        let mut json = Vec::new();
        store.decode(&stored, &mut json)?;
        let (version, last_updated_ms) = (stored.version, stored.header.last_updated_ms);
        Ok(Outcome { effect, identity: Some(identity), version, last_updated_ms, json, issues })
    }

    fn document(&self, identity: &Identity) -> Result<Vec<u8>, WriteError> {
        Ok(self.current(identity.clone(), Effect::Found)?.json)
    }
}

/// The conditions of a command.
fn conditions(command: &Command) -> Box<dyn Iterator<Item = &Condition> + '_> {
    match &command.work {
        Work::One(operation) => Box::new(condition(operation).into_iter()),
        Work::Transaction(entries) => Box::new(entries.iter().flat_map(|entry| {
            let references = entry.references.iter().map(|(_, condition)| condition);
            condition(&entry.operation).into_iter().chain(references)
        })),
    }
}

pub(super) fn condition(operation: &Operation) -> Option<&Condition> {
    match operation {
        Operation::Create { unless, .. } => unless.as_ref(),
        Operation::Update { target, .. }
        | Operation::Patch { target, .. }
        | Operation::Delete { target, .. } => match target {
            Target::Matching(condition) => Some(condition),
            Target::Instance(_) => None,
        },
    }
}

/// Checks `If-Match`.
fn check_version(
    identity: &Identity,
    state: State,
    if_match: Option<u64>,
) -> Result<(), WriteError> {
    let Some(expected) = if_match else { return Ok(()) };
    let actual = match state {
        State::Live(version) => Some(u64::from(version)),
        State::Absent | State::Deleted => None,
    };
    if actual == Some(expected) {
        Ok(())
    } else {
        Err(WriteError::OtherVersion(identity.to_string(), actual))
    }
}
