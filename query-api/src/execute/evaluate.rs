//! Predicates → key sets.
//!
//! In a conjunction the plain sets come first, cheapest to find and to intersect; joins follow, each
//! only among what is left. A criterion on records is answered on record documents and becomes keys
//! only when all leaves hold on one document.

mod ends;
mod records;
mod scores;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use shared::access::VisibilityClass;
use shared::fhir::ResourceType;
use shared::geo::distance_m;
use shared::index::{DocSet, KeySet, Snapshot};
use shared::param::reference::ReferenceQuery;
use shared::registry::{self, RecordKind, field_id};
use shared::schema::{TermKind, term};

pub(super) use ends::Ends;
use records::negated;
pub(super) use scores::Scores;

use super::distance::center_of;
use super::trace::Trace;
use super::watch::Watch;
use super::words::WordHits;
use super::{Identify, Result};
use crate::engine::Deadline;
use crate::plan::{JoinStep, Leaf, LeafTest, Predicate, TypePlan, WordQuery};

/// Up to so many candidates, what they refer to and their records are looked at one by one. Tests have
/// small directories.
const FEW: usize = if cfg!(test) { 3 } else { 2_000 };

/// More are few in a large directory: one in so many resources.
const FEW_SHARE: usize = 256;

/// The evaluation of one request: its snapshot, and what it has found already.
pub(super) struct Evaluation<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) watch: Watch,
    identify: Identify<'a>,
    words: HashMap<WordQuery, Rc<WordHits>>,
    /// What was found of records and of the ends of chains: the matches, their order and what the
    /// answer names ask for the same.
    records: Vec<(RecordKind, Vec<Leaf>, Arc<DocSet>)>,
    targets: Vec<(ResourceType, Predicate, Arc<KeySet>)>,
    trace: Option<Trace>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        identify: Identify<'a>,
        deadline: Deadline,
        explain: bool,
    ) -> Self {
        Self {
            snapshot,
            watch: Watch::new(deadline),
            identify,
            words: HashMap::new(),
            records: Vec::new(),
            targets: Vec::new(),
            trace: explain.then(Trace::default),
        }
    }

    /// What was done so far, when it is being noted.
    pub(super) fn take_trace(&mut self) -> Option<Trace> {
        self.trace.take()
    }

    /// Does what is no predicate; noted too, with the size of what it finds.
    pub(super) fn step<T>(
        &mut self,
        what: &str,
        work: impl FnOnce(&mut Self) -> Result<T>,
        size: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        let step = self.trace.as_mut().map(|trace| trace.begin(&what));
        let done = work(self)?;
        if let (Some(trace), Some(step)) = (&mut self.trace, step) {
            trace.end(&step, &size(&done));
        }
        Ok(done)
    }

    /// The matches of a plan.
    pub(super) fn matches(&mut self, plan: &TypePlan) -> Result<KeySet> {
        self.keys(plan.base, &plan.predicate, None)
    }

    /// The resources of `base` that satisfy `predicate`; only those in `among` when given.
    pub(super) fn keys(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        among: Option<&KeySet>,
    ) -> Result<KeySet> {
        self.watch.look()?;
        let Some(trace) = &mut self.trace else { return self.evaluate(base, predicate, among) };
        let step = trace.begin(predicate);
        let keys = self.evaluate(base, predicate, among)?;
        if let Some(trace) = &mut self.trace {
            trace.end(&step, &format_args!("{} {base}", keys.len()));
        }
        Ok(keys)
    }

    fn evaluate(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        among: Option<&KeySet>,
    ) -> Result<KeySet> {
        let limited = |keys: KeySet| match among {
            Some(among) => keys.and(among),
            None => keys,
        };
        match predicate {
            Predicate::All => Ok(among.unwrap_or(self.snapshot.existing(base)).clone()),
            Predicate::Leaf(leaf) => match self.few_near(leaf, among) {
                Some(near) => Ok(near),
                None => Ok(limited(self.leaf_keys(base, leaf)?)),
            },
            Predicate::Record(kind, leaves) => {
                let docs = match among {
                    Some(among) => self.record_docs_among(*kind, leaves, among)?,
                    None => self.record_docs(*kind, leaves)?,
                };
                Ok(limited(self.snapshot.owners(&docs)?))
            }
            Predicate::Not(inner) => {
                let all = among.unwrap_or(self.snapshot.existing(base));
                let inner = self.keys(base, inner, Some(all))?;
                Ok(all.clone().minus(&inner))
            }
            Predicate::Or(parts) => {
                let mut found = KeySet::default();
                for part in parts {
                    let keys = self.keys(base, part, among)?;
                    found = found.or(keys, self.snapshot.universe());
                }
                Ok(found)
            }
            Predicate::And(parts) => self.conjunction(base, parts, among),
            Predicate::Join(step, target) => self.join(base, *step, target, among),
        }
    }

    fn conjunction(
        &mut self,
        base: ResourceType,
        parts: &[Predicate],
        among: Option<&KeySet>,
    ) -> Result<KeySet> {
        let mut ordered: Vec<&Predicate> = parts.iter().collect();
        ordered.sort_by_key(|part| cost(part));
        let mut found: Option<KeySet> = None;
        for part in ordered {
            let keys = self.keys(base, part, found.as_ref().or(among))?;
            if keys.is_empty() {
                return Ok(keys);
            }
            found = Some(keys);
        }
        Ok(found.unwrap_or_else(|| among.unwrap_or(self.snapshot.existing(base)).clone()))
    }

    fn join(
        &mut self,
        base: ResourceType,
        step: JoinStep,
        target: &Predicate,
        among: Option<&KeySet>,
    ) -> Result<KeySet> {
        let snapshot = self.snapshot;
        let reached = self.few_reached(step, among)?;
        let mut targets = match &reached {
            Some(reached) => self.keys_among(step.to, target, reached)?,
            None => self.all_keys(step.to, target)?,
        };
        if step.above {
            let part_of = field_id(step.to, "partof").expect("only hierarchies climb");
            targets = Arc::new(snapshot.with_descendants(part_of, (*targets).clone())?);
        }
        if step.reverse {
            // The other end may refer to several types by this field.
            let limit = among.unwrap_or(snapshot.existing(base));
            return Ok(snapshot.referred(step.field, &targets)?.and(limit));
        }
        Ok(snapshot.referrers(step.field, &targets, among)?)
    }

    /// Whether looking at each of some resources is less work than looking at what all have.
    fn is_few(&self, resources: &KeySet) -> bool {
        resources.len() <= FEW.max(self.snapshot.universe() as usize / FEW_SHARE)
    }

    /// Those of a few places that lie in a circle; `None` when they are many, or the leaf asks otherwise.
    fn few_near(&self, leaf: &Leaf, among: Option<&KeySet>) -> Option<KeySet> {
        let LeafTest::Near(circles) = &leaf.test else { return None };
        let [circle] = circles.as_slice() else { return None };
        let among = among.filter(|among| self.is_few(among))?;
        let center = center_of(circle)?;
        let snapshot = self.snapshot;
        let located = among.iter().filter_map(|key| Some((key, snapshot.locate(key)?)));
        let near = located.collect::<Vec<_>>().into_iter().filter(|(_, at)| {
            let point = snapshot.view(*at).point(at.doc);
            point.is_some_and(|point| distance_m(center, point) <= circle.radius_m())
        });
        Some(KeySet::from_keys(near.map(|(key, _)| key).collect(), snapshot.universe()))
    }

    /// What few candidates refer to, or are referred to by: only these are then asked of.
    fn few_reached(&self, step: JoinStep, among: Option<&KeySet>) -> Result<Option<KeySet>> {
        let Some(among) = among.filter(|among| self.is_few(among) && !step.above) else {
            return Ok(None);
        };
        self.reached_from(step, among).map(Some)
    }

    /// The resources among a few that satisfy `predicate`, or all that do when they are known already.
    pub(super) fn keys_among(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        among: &KeySet,
    ) -> Result<Arc<KeySet>> {
        match self.known_keys(base, predicate) {
            Some(keys) => Ok(keys),
            None => self.keys(base, predicate, Some(among)).map(Arc::new),
        }
    }

    fn known_keys(&self, base: ResourceType, predicate: &Predicate) -> Option<Arc<KeySet>> {
        let is_same = |(t, p, _): &&(ResourceType, Predicate, _)| *t == base && p == predicate;
        self.targets.iter().find(is_same).map(|(.., keys)| Arc::clone(keys))
    }

    /// The resources with a value, or a record with a value, that satisfies the leaf.
    fn leaf_keys(&mut self, base: ResourceType, leaf: &Leaf) -> Result<KeySet> {
        let snapshot = self.snapshot;
        match &leaf.test {
            LeafTest::References(queries) | LeafTest::Below(queries) | LeafTest::Above(queries) => {
                let targets = self.referenced(leaf, queries)?;
                let mut found = snapshot.referrers(leaf.field, &targets, None)?;
                let external = external_terms(leaf, queries);
                if !external.is_empty() {
                    let more = snapshot.owners(&snapshot.docs_with_terms(&external)?)?;
                    found = found.or(more, snapshot.universe());
                }
                Ok(found)
            }
            LeafTest::Words(_) => Ok(self.word_hits(base, leaf)?.keys.clone()),
            LeafTest::OpenAt(instants) => {
                let mut found = KeySet::default();
                for instant_ms in instants {
                    self.watch.look()?;
                    found = found.or(snapshot.open_at(*instant_ms)?, snapshot.universe());
                }
                Ok(found)
            }
            LeafTest::Not(inner) => {
                let holding = self.leaf_keys(base, &negated(leaf.field, inner))?;
                Ok(snapshot.existing(base).clone().minus(&holding))
            }
            LeafTest::Terms(_)
            | LeafTest::Prefixes(_)
            | LeafTest::Scan(..)
            | LeafTest::Dates(_)
            | LeafTest::Numbers(_)
            | LeafTest::Quantities(_)
            | LeafTest::InForce(_)
            | LeafTest::Near(_) => Ok(snapshot.owners(&self.leaf_docs(leaf)?)?),
        }
    }

    /// All resources of `base` that satisfy `predicate`; found once a request.
    pub(super) fn all_keys(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
    ) -> Result<Arc<KeySet>> {
        if let Some(keys) = self.known_keys(base, predicate) {
            return Ok(keys);
        }
        let keys = Arc::new(self.keys(base, predicate, None)?);
        self.targets.push((base, predicate.clone(), Arc::clone(&keys)));
        Ok(keys)
    }

    /// What resources lead to, by the number of steps; the first are the resources.
    pub(super) fn reached_by_steps(
        &self,
        steps: &[JoinStep],
        from: &KeySet,
    ) -> Result<Vec<KeySet>> {
        let snapshot = self.snapshot;
        let mut reached = vec![from.clone()];
        for step in steps {
            self.watch.look()?;
            let next = self.reached_from(*step, &reached[reached.len() - 1])?;
            reached.push(if step.above {
                let part_of = field_id(step.to, "partof").expect("only hierarchies climb");
                snapshot.with_ancestors(part_of, next)?
            } else {
                next
            });
        }
        Ok(reached)
    }

    /// The resources at the other end of a step, without their ancestors.
    fn reached_from(&self, step: JoinStep, from: &KeySet) -> Result<KeySet> {
        let snapshot = self.snapshot;
        let reached = if step.reverse {
            snapshot.referrers(step.field, from, None)?
        } else {
            snapshot.referred(step.field, from)?
        };
        Ok(reached.and(snapshot.existing(step.to)))
    }

    /// The resources that reference queries name, of the types the parameter may refer to; with
    /// `:below` and `:above` also what is part of them, or what they are part of.
    fn referenced(&self, leaf: &Leaf, queries: &[ReferenceQuery]) -> Result<KeySet> {
        let snapshot = self.snapshot;
        let parameter = registry::fields()[usize::from(leaf.field)].parameter;
        let mut keys = KeySet::default();
        for target in parameter.targets {
            let named = self.named(*target, queries)?;
            let of_type = match (field_id(*target, "partof"), &leaf.test) {
                (Some(part_of), LeafTest::Below(_)) => snapshot.with_descendants(part_of, named)?,
                (Some(part_of), LeafTest::Above(_)) => snapshot.with_ancestors(part_of, named)?,
                (_, _) => named,
            };
            keys = keys.or(of_type, snapshot.universe());
        }
        Ok(keys)
    }

    /// The resources of one type that reference queries name, be they there or only referred to.
    fn named(&self, target: ResourceType, queries: &[ReferenceQuery]) -> Result<KeySet> {
        let mut keys = Vec::new();
        for query in queries {
            self.watch.step()?;
            let ReferenceQuery::Id { resource_type, id } = query else { continue };
            if resource_type.is_some_and(|wanted| wanted != target) {
                continue;
            }
            let key = match self.snapshot.key_of(target, id)? {
                Some(key) => Some(key),
                None => (self.identify)(target, id).map_err(tantivy::TantivyError::from)?,
            };
            keys.extend(key);
        }
        Ok(KeySet::from_keys(keys, self.snapshot.universe()))
    }

    /// The resources at the end of a chain from one resource.
    pub(super) fn reached(&self, steps: &[JoinStep], key: u32) -> Result<Vec<u32>> {
        let snapshot = self.snapshot;
        self.watch.step()?;
        let mut frontier = vec![key];
        for step in steps {
            let mut next = Vec::new();
            for key in &frontier {
                if step.reverse {
                    let here = KeySet::Sparse(vec![*key]);
                    next.extend(snapshot.referrers(step.field, &here, None)?.iter());
                } else {
                    snapshot.targets(step.field, *key, &mut next)?;
                }
            }
            next.retain(|key| snapshot.existing(step.to).contains(*key));
            if step.above {
                let part_of = field_id(step.to, "partof").expect("only hierarchies climb");
                let set = KeySet::from_keys(next, snapshot.universe());
                next = snapshot.with_ancestors(part_of, set)?.iter().collect();
            }
            next.sort_unstable();
            next.dedup();
            frontier = next;
        }
        Ok(frontier)
    }
}

/// References stored as they stand: absolute URLs, and types the directory does not hold.
fn external_terms(leaf: &Leaf, queries: &[ReferenceQuery]) -> Vec<Vec<u8>> {
    queries
        .iter()
        .filter_map(|query| match query {
            ReferenceQuery::Url(url) => {
                Some(term(leaf.field, VisibilityClass::Open, TermKind::External, url.as_bytes()))
            }
            ReferenceQuery::Id { .. } => None,
        })
        .collect()
}

/// A rough order of work: selective and cheap first, joins and complements last.
fn cost(predicate: &Predicate) -> u8 {
    match predicate {
        Predicate::Leaf(leaf) => leaf_cost(leaf),
        Predicate::Record(..) => 3,
        Predicate::And(_) | Predicate::Or(_) => 5,
        Predicate::Join(..) => 6,
        Predicate::Not(_) => 7,
        Predicate::All => 8,
    }
}

fn leaf_cost(leaf: &Leaf) -> u8 {
    match leaf.test {
        LeafTest::Terms(_) | LeafTest::References(_) => 0,
        LeafTest::Near(_) | LeafTest::Prefixes(_) => 1,
        LeafTest::Below(_) | LeafTest::Above(_) | LeafTest::Words(_) => 2,
        LeafTest::Dates(_)
        | LeafTest::Numbers(_)
        | LeafTest::Quantities(_)
        | LeafTest::OpenAt(_)
        | LeafTest::InForce(_) => 3,
        LeafTest::Scan(..) | LeafTest::Not(_) => 4,
    }
}
