//! A transaction: its entries are resolved, their references to each other filled in, all of them
//! planned, and only then applied; the first that fails fails all.
//!
//! Source: FHIR R4, http, "Transaction Processing Rules".

use std::collections::HashSet;

use shared::access::Access;
use shared::error::{Issue, IssueType};
use shared::store::Identity;

use super::group::{Changes, Group, Plan, Resolved, State, condition};
use super::resource::{self, Incoming};
use super::{Condition, Operation, Outcome, WriteError};

/// A writing entry of a transaction Bundle.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its position in the Bundle, for messages.
    pub(crate) position: usize,
    /// How the other entries refer to it.
    pub(crate) full_url: Option<String>,
    /// What to do.
    pub(crate) operation: Operation,
    /// The conditional references of its document, as they stand there.
    pub(crate) references: Vec<(String, Condition)>,
}

/// An entry that reads a resource as the transaction leaves it.
#[derive(Debug)]
pub(crate) struct Read {
    /// Its position in the Bundle, for messages.
    pub(crate) position: usize,
    /// What it reads.
    pub(crate) identity: Identity,
    /// Whether it reads the versions, which a deletion leaves.
    pub(crate) of_history: bool,
}

/// An entry whose resource is known.
struct Step {
    position: usize,
    full_url: Option<String>,
    is_new: bool,
    rank: u8,
    references: Vec<(String, String)>,
    resolved: Resolved,
}

impl Group<'_> {
    /// Evaluates all entries, or none. Outcomes come in the order of the entries.
    pub(super) fn transaction(
        &mut self,
        entries: Vec<Entry>,
        reads: Vec<Read>,
        access: Access,
    ) -> Result<Vec<Outcome>, WriteError> {
        refuse_equal_conditions(&entries)?;
        let mut steps = Vec::with_capacity(entries.len());
        for entry in entries {
            let position = entry.position;
            steps.push(self.step(entry, access).map_err(at(position))?);
        }
        refuse_overlaps(&steps)?;
        let names = names(&steps);
        let mut plans: Vec<(usize, u8, Plan)> = Vec::with_capacity(steps.len());
        let positions: Vec<usize> = steps.iter().map(|step| step.position).collect();
        for (index, mut step) in steps.into_iter().enumerate() {
            if let Resolved::Put { document, .. } = &mut step.resolved {
                for (from, to) in step.references.iter().chain(&names) {
                    document.replace_string(from, to);
                }
                refuse_unknown_names(document).map_err(at(step.position))?;
            }
            let plan = self.plan(step.resolved, access).map_err(at(step.position))?;
            plans.push((index, step.rank, plan));
        }
        let changes = Changes::of(plans.iter().map(|(_, _, plan)| plan));
        for (index, _, plan) in &mut plans {
            self.check_references(plan, &changes).map_err(at(positions[*index]))?;
        }
        for read in reads {
            self.check_read(&read, &changes).map_err(at(read.position))?;
        }
        plans.sort_by_key(|(_, rank, _)| *rank);
        let mut applied = Vec::with_capacity(plans.len());
        for (index, _, plan) in plans {
            applied.push((index, self.apply(plan)?));
        }
        applied.sort_by_key(|(index, _)| *index);
        Ok(applied.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// Whether there will be something to read.
    fn check_read(&self, read: &Read, changes: &Changes) -> Result<(), WriteError> {
        let identity = &read.identity;
        if changes.brings(identity) {
            return Ok(());
        }
        match self.state(identity)? {
            State::Absent => Err(WriteError::Absent(identity.clone())),
            _ if read.of_history => Ok(()),
            State::Live { .. } if !changes.takes(identity) => Ok(()),
            State::Live { .. } | State::Deleted { .. } => {
                Err(WriteError::Deleted(identity.clone()))
            }
        }
    }

    fn step(&self, entry: Entry, access: Access) -> Result<Step, WriteError> {
        let Entry { position, full_url, operation, references } = entry;
        // The order of processing: deletions, creations, updates, patches.
        let (rank, is_new) = match &operation {
            Operation::Delete { .. } => (0, false),
            Operation::Create { .. } => (1, true),
            Operation::Update { .. } => (2, true),
            Operation::Patch { .. } => (3, false),
        };
        let references = references
            .into_iter()
            .map(|(text, condition)| match self.find(&condition, access)? {
                Some(identity) => Ok((text, identity.to_string())),
                None => Err(WriteError::NoMatch(condition.resource_type)),
            })
            .collect::<Result<_, WriteError>>()?;
        let resolved = self.resolve(operation, access)?;
        Ok(Step { position, full_url, is_new, rank, references, resolved })
    }
}

fn at(position: usize) -> impl FnOnce(WriteError) -> WriteError {
    move |error| WriteError::Entry(position, Box::new(error))
}

fn identity(resolved: &Resolved) -> Option<&Identity> {
    match resolved {
        Resolved::Put { identity, .. }
        | Resolved::Patch { identity, .. }
        | Resolved::Delete { identity }
        | Resolved::Found { identity } => Some(identity),
        Resolved::Nothing { identity } => identity.as_ref(),
    }
}

/// Two entries on one resource have no order between them.
fn refuse_overlaps(steps: &[Step]) -> Result<(), WriteError> {
    let mut seen = HashSet::new();
    for step in steps {
        let Some(identity) = identity(&step.resolved) else { continue };
        if !matches!(step.resolved, Resolved::Found { .. }) && !seen.insert(identity) {
            let twice = WriteError::Twice(identity.clone());
            return Err(at(step.position)(twice));
        }
    }
    Ok(())
}

/// Conditions are evaluated before the transaction, so that two equal ones would create twice.
fn refuse_equal_conditions(entries: &[Entry]) -> Result<(), WriteError> {
    let mut seen = HashSet::new();
    for entry in entries {
        let Some(condition) = condition(&entry.operation) else { continue };
        let key = (condition.resource_type, condition.request.applied.clone());
        if !seen.insert(key) {
            let text = "two entries of the transaction have the same condition";
            let issue = Issue::error(IssueType::Duplicate, text);
            return Err(at(entry.position)(WriteError::Invalid(vec![issue])));
        }
    }
    Ok(())
}

/// How entries are called in the documents, and what they are really called.
fn names(steps: &[Step]) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for step in steps.iter().filter(|step| step.is_new) {
        let (Some(url), Some(identity)) = (&step.full_url, identity(&step.resolved)) else {
            continue;
        };
        let real = identity.to_string();
        // A full URL of a server: relative references are relative to that server.
        let mut ends = url.rsplitn(3, '/');
        if let (Some(id), Some(kind), Some(_)) = (ends.next(), ends.next(), ends.next())
            && kind == identity.resource_type.as_str()
        {
            names.push((format!("{kind}/{id}"), real.clone()));
        }
        names.push((url.clone(), real));
    }
    names.retain(|(from, to)| from != to);
    names
}

fn refuse_unknown_names(document: &Incoming) -> Result<(), WriteError> {
    let literals = resource::literals(&document.value);
    let unknown = literals.into_iter().find(|literal| literal.text.starts_with("urn:uuid:"));
    let Some(unknown) = unknown else { return Ok(()) };
    let text = format!("\"{}\" is the fullUrl of no entry that makes a resource", unknown.text);
    let issue = Issue::error(IssueType::NotFound, text).at(unknown.place);
    Err(WriteError::Invalid(vec![issue]))
}
