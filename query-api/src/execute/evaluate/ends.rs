//! What the matches of a request lead to: looked at by itself where it is little, and only when what is
//! asked of it is not known already.

use std::cell::OnceCell;
use std::sync::Arc;

use shared::fhir::ResourceType;
use shared::index::{DocSet, KeySet};
use shared::registry::RecordKind;

use super::Evaluation;
use crate::execute::Result;
use crate::plan::{JoinStep, Leaf, Predicate};

/// The ends of a chain from the matches.
pub(in crate::execute) struct Ends<'m> {
    steps: &'m [JoinStep],
    matches: &'m KeySet,
    /// `None` of many matches.
    found: OnceCell<Option<KeySet>>,
}

impl<'m> Ends<'m> {
    pub(in crate::execute) fn new(steps: &'m [JoinStep], matches: &'m KeySet) -> Self {
        Self { steps, matches, found: OnceCell::new() }
    }

    fn few(&self, context: &Evaluation<'_>) -> Result<Option<&KeySet>> {
        if let Some(found) = self.found.get() {
            return Ok(found.as_ref());
        }
        let found = if context.is_few(self.matches) {
            context.reached_by_steps(self.steps, self.matches)?.pop()
        } else {
            None
        };
        Ok(self.found.get_or_init(|| found).as_ref())
    }
}

impl Evaluation<'_> {
    /// The matches that satisfy `predicate` (at least those, when they are many); `None` when nothing is
    /// asked.
    pub(in crate::execute) fn matching(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        matches: &KeySet,
    ) -> Result<Option<Arc<KeySet>>> {
        if *predicate == Predicate::All {
            return Ok(None);
        }
        if self.is_few(matches) {
            return self.keys_among(base, predicate, matches).map(Some);
        }
        self.all_keys(base, predicate).map(Some)
    }

    /// The ends that satisfy `predicate` (at least those); `None` when nothing is asked.
    pub(in crate::execute) fn ends_matching(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        ends: &Ends<'_>,
    ) -> Result<Option<Arc<KeySet>>> {
        if *predicate == Predicate::All {
            return Ok(None);
        }
        if let Some(known) = self.known_keys(base, predicate) {
            return Ok(Some(known));
        }
        match ends.few(self)? {
            Some(few) => self.keys_among(base, predicate, few).map(Some),
            None => self.all_keys(base, predicate).map(Some),
        }
    }

    /// The records of the ends that satisfy all leaves (at least those).
    pub(in crate::execute) fn records_of_ends(
        &mut self,
        kind: RecordKind,
        leaves: &[Leaf],
        ends: &Ends<'_>,
    ) -> Result<Arc<DocSet>> {
        if let Some(known) = self.known_records(kind, leaves) {
            return Ok(known);
        }
        match ends.few(self)? {
            Some(few) => self.record_docs_among(kind, leaves, few),
            None => self.record_docs(kind, leaves),
        }
    }
}
