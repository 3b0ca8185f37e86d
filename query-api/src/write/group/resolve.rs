//! From an operation to the resource it changes: conditions, ids and preconditions.

use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::store::Identity;

use super::state::State;
use super::{Group, Resolved};
use crate::engine::Deadline;
use crate::parse::ast::Total;
use crate::write::resource::Incoming;
use crate::write::{Condition, Effect, Operation, Preconditions, Target, WriteError};

impl Group<'_> {
    /// Finds out which resource an operation changes, and whether it may.
    pub(in crate::write) fn resolve(
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
            Operation::Update { target, document, preconditions } => {
                self.resolve_update(target, document, &preconditions, access)
            }
            Operation::Patch { target, patch, preconditions } => {
                let identity = match target {
                    Target::Instance(identity) => identity,
                    Target::Matching(condition) => self
                        .find(&condition, access)?
                        .ok_or(WriteError::NoMatch(condition.resource_type))?,
                };
                let state = self.state(&identity)?;
                match state {
                    State::Absent => return Err(WriteError::Absent(identity)),
                    State::Deleted { .. } => return Err(WriteError::Deleted(identity)),
                    State::Live { .. } => preconditions.check(&identity, state)?,
                }
                Ok(Resolved::Patch { identity, patch })
            }
            Operation::Delete { target, preconditions } => {
                let identity = match target {
                    Target::Instance(identity) => identity,
                    Target::Matching(condition) => match self.find(&condition, access)? {
                        Some(identity) => identity,
                        None => return Ok(Resolved::Nothing { identity: None }),
                    },
                };
                let state = self.state(&identity)?;
                preconditions.check(&identity, state)?;
                Ok(match state {
                    State::Live { .. } => Resolved::Delete { identity },
                    State::Absent | State::Deleted { .. } => {
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
        preconditions: &Preconditions,
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
                        None if preconditions.if_match.is_some() => {
                            return Err(WriteError::OtherVersion(resource_type.to_string(), None));
                        }
                        None => return Ok(self.create(document)),
                    }
                }
            },
        };
        let state = self.state(&identity)?;
        preconditions.check(&identity, state)?;
        let effect = match state {
            State::Live { .. } => Effect::Updated,
            State::Absent | State::Deleted { .. } => Effect::Created,
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

    /// The one resource that a condition finds.
    pub(in crate::write) fn find(
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
}
