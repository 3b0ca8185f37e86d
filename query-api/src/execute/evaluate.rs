//! Predicates → key sets.
//!
//! In a conjunction the plain sets come first, cheapest to find and to intersect; joins follow, each
//! only among what is left. A criterion on records is answered on record documents and becomes keys
//! only when all leaves hold on one document.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use shared::access::VisibilityClass;
use shared::error::Issue;
use shared::fhir::ResourceType;
use shared::index::{DocSet, KeySet, SegmentView, Snapshot};
use shared::param::date::DateRange;
use shared::param::number::NumberRange;
use shared::param::quantity::QuantityValue;
use shared::param::reference::ReferenceQuery;
use shared::registry::{self, FieldId, RecordKind, field_id};
use shared::schema::{RECORD_KIND_OFFSET, TermKind, term};
use tantivy::Result;

use super::words::{self, WordHits};
use super::{Identify, distance};
use crate::plan::{JoinStep, Leaf, LeafTest, Predicate, TypePlan, WordQuery};

/// Up to so many candidates, what they refer to and their records are looked at one by one. Tests have
/// small directories.
const FEW: usize = if cfg!(test) { 3 } else { 2_000 };

/// The evaluation of one request: its snapshot, and what it has found already.
pub(super) struct Evaluation<'a> {
    pub(super) snapshot: &'a Snapshot,
    identify: Identify<'a>,
    words: HashMap<WordQuery, Arc<WordHits>>,
    /// What was found of records and of the ends of chains: the matches, their order and what the
    /// answer names ask for the same.
    records: Vec<(RecordKind, Vec<Leaf>, Arc<DocSet>)>,
    targets: Vec<(ResourceType, Predicate, Arc<KeySet>)>,
    trace: Option<Trace>,
}

/// The word searches of a plan, with what each found.
#[derive(Debug, Default)]
pub(super) struct Scores {
    searches: Vec<(Vec<JoinStep>, Arc<WordHits>)>,
}

/// What was done, step by step, when the caller asks.
#[derive(Debug, Default)]
pub(super) struct Trace {
    depth: usize,
    /// One line a step, in the order they began; a step inside another is indented.
    pub(super) lines: Vec<String>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, identify: Identify<'a>, explain: bool) -> Self {
        Self {
            snapshot,
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
        let Some(trace) = &mut self.trace else { return self.evaluate(base, predicate, among) };
        let line = trace.lines.len();
        trace.lines.push(format!("{}{predicate}", "  ".repeat(trace.depth)));
        trace.depth += 1;
        let start = Instant::now();
        let keys = self.evaluate(base, predicate, among)?;
        let micros = start.elapsed().as_micros();
        if let Some(trace) = &mut self.trace {
            trace.depth -= 1;
            let _ = write!(trace.lines[line], " -> {} {base}, {micros} us", keys.len());
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
            Predicate::Leaf(leaf) => Ok(limited(self.leaf_keys(base, leaf)?)),
            Predicate::Record(kind, leaves) => {
                let docs = match among {
                    Some(among) => self.record_docs_among(*kind, leaves, among)?,
                    None => self.record_docs(*kind, leaves)?,
                };
                Ok(limited(self.snapshot.owners(&docs)))
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
        snapshot.referrers(step.field, &targets, among)
    }

    /// What few candidates refer to, or are referred to by: only these are then asked of.
    fn few_reached(&self, step: JoinStep, among: Option<&KeySet>) -> Result<Option<KeySet>> {
        let Some(among) = among.filter(|among| among.len() <= FEW && !step.above) else {
            return Ok(None);
        };
        let snapshot = self.snapshot;
        let reached = if step.reverse {
            snapshot.referrers(step.field, among, None)?
        } else {
            snapshot.referred(step.field, among)?
        };
        Ok(Some(reached.and(snapshot.existing(step.to))))
    }

    /// The resources among a few that satisfy `predicate`, or all that do when they are known already.
    pub(super) fn keys_among(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        among: &KeySet,
    ) -> Result<Arc<KeySet>> {
        let is_same = |(t, p, _): &&(ResourceType, Predicate, _)| *t == base && p == predicate;
        if let Some((.., keys)) = self.targets.iter().find(is_same) {
            return Ok(Arc::clone(keys));
        }
        self.keys(base, predicate, Some(among)).map(Arc::new)
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
                    let more = snapshot.owners(&snapshot.docs_with_terms(&external)?);
                    found = found.or(more, snapshot.universe());
                }
                Ok(found)
            }
            LeafTest::Words(_) => Ok(self.word_hits(base, leaf)?.keys.clone()),
            LeafTest::OpenAt(instants) => {
                let mut found = KeySet::default();
                for instant_ms in instants {
                    found = found.or(snapshot.open_at(*instant_ms)?, snapshot.universe());
                }
                Ok(found)
            }
            LeafTest::Terms(_)
            | LeafTest::Prefixes(_)
            | LeafTest::Scan(..)
            | LeafTest::Dates(_)
            | LeafTest::Numbers(_)
            | LeafTest::Quantities(_)
            | LeafTest::InForce(_)
            | LeafTest::Near(_) => Ok(snapshot.owners(&self.leaf_docs(leaf)?)),
        }
    }

    /// The documents, of resources or of records, with a value that satisfies the leaf.
    fn leaf_docs(&self, leaf: &Leaf) -> Result<DocSet> {
        let (snapshot, field) = (self.snapshot, leaf.field);
        match &leaf.test {
            LeafTest::Terms(terms) => snapshot.docs_with_terms(terms),
            LeafTest::Prefixes(prefixes) => snapshot.docs_with_prefixes(prefixes),
            LeafTest::Scan(prefixes, how, texts) => {
                let mut found: Option<DocSet> = None;
                for text in texts {
                    let holds = |value: &str| how.holds(value, text);
                    let docs = snapshot.docs_with_text_where(prefixes, text, holds)?;
                    found = Some(match found {
                        Some(found) => found.or(snapshot, docs),
                        None => docs,
                    });
                }
                found.map_or_else(|| snapshot.docs(|_, _| Ok(())), Ok)
            }
            LeafTest::Dates(queries) => snapshot.docs(|view, docs| {
                let rows = view.dates(field)?.iter();
                let matching = rows.filter(|(_, (low_ms, high_ms))| {
                    let range = DateRange { low_ms: *low_ms, high_ms: *high_ms };
                    queries.iter().any(|query| query.matches(range))
                });
                docs.extend(matching.map(|(doc, _)| doc));
                Ok(())
            }),
            LeafTest::Numbers(queries) => snapshot.docs(|view, docs| {
                let rows = view.numbers(field)?.iter();
                let matching = rows.filter(|(_, number)| {
                    queries.iter().any(|query| query.matches(NumberRange::point(*number)))
                });
                docs.extend(matching.map(|(doc, _)| doc));
                Ok(())
            }),
            LeafTest::Quantities(queries) => snapshot.docs(|view, docs| {
                let rows = view.quantities(field)?.iter();
                let matching = rows
                    .filter(|(_, quantity)| queries.iter().any(|query| query.matches(quantity)));
                docs.extend(matching.map(|(doc, _)| doc));
                Ok(())
            }),
            LeafTest::InForce(instants) => snapshot.docs(|view, docs| {
                for before_ms in instants {
                    in_force(view, field, *before_ms, docs)?;
                }
                Ok(())
            }),
            LeafTest::Near(circles) => snapshot.docs(|view, docs| {
                let located = circles
                    .iter()
                    .filter_map(|circle| Some((distance::center_of(circle)?, circle.radius_m())));
                view.places().within_any(&located.collect::<Vec<_>>(), docs);
                Ok(())
            }),
            LeafTest::References(_)
            | LeafTest::Below(_)
            | LeafTest::Above(_)
            | LeafTest::OpenAt(_)
            | LeafTest::Words(_) => {
                debug_assert!(false, "no record has references, hours or words");
                snapshot.docs(|_, _| Ok(()))
            }
        }
    }

    /// All resources of `base` that satisfy `predicate`; found once a request.
    pub(super) fn all_keys(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
    ) -> Result<Arc<KeySet>> {
        let is_same = |(t, p, _): &&(ResourceType, Predicate, _)| *t == base && p == predicate;
        if let Some((.., keys)) = self.targets.iter().find(is_same) {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(self.keys(base, predicate, None)?);
        self.targets.push((base, predicate.clone(), Arc::clone(&keys)));
        Ok(keys)
    }

    /// The resources that satisfy `predicate`, at least those among a few; `None` when nothing is asked.
    pub(super) fn some_keys(
        &mut self,
        base: ResourceType,
        predicate: &Predicate,
        among: Option<&KeySet>,
    ) -> Result<Option<Arc<KeySet>>> {
        match among {
            _ if *predicate == Predicate::All => Ok(None),
            Some(among) => self.keys_among(base, predicate, among).map(Some),
            None => self.all_keys(base, predicate).map(Some),
        }
    }

    /// What few matches lead to; `None` of many.
    pub(super) fn few_ends(&self, steps: &[JoinStep], matches: &KeySet) -> Result<Option<KeySet>> {
        if matches.len() > FEW {
            return Ok(None);
        }
        let mut ends = Vec::new();
        for key in matches {
            ends.extend(self.reached(steps, key)?);
        }
        Ok(Some(KeySet::from_keys(ends, self.snapshot.universe())))
    }

    /// The record documents that satisfy all leaves, each on its own; found once a request.
    pub(super) fn record_docs(&mut self, kind: RecordKind, leaves: &[Leaf]) -> Result<Arc<DocSet>> {
        let is_same = |(k, l, _): &&(RecordKind, Vec<Leaf>, _)| *k == kind && l == leaves;
        if let Some((.., docs)) = self.records.iter().find(is_same) {
            return Ok(Arc::clone(docs));
        }
        let docs = Arc::new(self.find_records(kind, leaves)?);
        self.records.push((kind, leaves.to_vec(), Arc::clone(&docs)));
        Ok(docs)
    }

    /// The same of the records of some resources; when these are many, or all are known already, of all.
    pub(super) fn record_docs_among(
        &mut self,
        kind: RecordKind,
        leaves: &[Leaf],
        among: &KeySet,
    ) -> Result<Arc<DocSet>> {
        let is_same = |(k, l, _): &&(RecordKind, Vec<Leaf>, _)| *k == kind && l == leaves;
        if among.len() > FEW || self.records.iter().any(|known| is_same(&known)) {
            return self.record_docs(kind, leaves);
        }
        let mut docs = self.snapshot.records_of(among, RECORD_KIND_OFFSET + kind as u8);
        for leaf in leaves {
            docs = self.keep_docs(docs, leaf)?;
        }
        Ok(Arc::new(docs))
    }

    /// The documents of few that satisfy the leaf.
    fn keep_docs(&self, docs: DocSet, leaf: &Leaf) -> Result<DocSet> {
        let (snapshot, field) = (self.snapshot, leaf.field);
        let those = |docs: &[u32], holds: &dyn Fn(u32) -> bool| {
            docs.iter().copied().filter(|doc| holds(*doc)).collect()
        };
        match &leaf.test {
            LeafTest::Terms(terms) => {
                snapshot.keep_docs(&docs, |view, docs| view.docs_with_any(terms, docs))
            }
            LeafTest::Dates(queries) => snapshot.keep_docs(&docs, |view, docs| {
                let rows = view.dates(field)?;
                let holds = |(low_ms, high_ms): &(i64, i64)| {
                    let range = DateRange { low_ms: *low_ms, high_ms: *high_ms };
                    queries.iter().any(|query| query.matches(range))
                };
                Ok(those(docs, &|doc| rows.of(doc).iter().any(holds)))
            }),
            LeafTest::Numbers(queries) => snapshot.keep_docs(&docs, |view, docs| {
                let rows = view.numbers(field)?;
                let holds = |number: &f64| {
                    queries.iter().any(|query| query.matches(NumberRange::point(*number)))
                };
                Ok(those(docs, &|doc| rows.of(doc).iter().any(holds)))
            }),
            LeafTest::Quantities(queries) => snapshot.keep_docs(&docs, |view, docs| {
                let rows = view.quantities(field)?;
                let holds =
                    |quantity: &QuantityValue| queries.iter().any(|query| query.matches(quantity));
                Ok(those(docs, &|doc| rows.of(doc).iter().any(holds)))
            }),
            LeafTest::Prefixes(_)
            | LeafTest::Scan(..)
            | LeafTest::InForce(_)
            | LeafTest::Near(_)
            | LeafTest::References(_)
            | LeafTest::Below(_)
            | LeafTest::Above(_)
            | LeafTest::OpenAt(_)
            | LeafTest::Words(_) => Ok(docs.and(&self.leaf_docs(leaf)?)),
        }
    }

    fn find_records(&self, kind: RecordKind, leaves: &[Leaf]) -> Result<DocSet> {
        let mut found: Option<DocSet> = None;
        for leaf in leaves {
            let docs = self.leaf_docs(leaf)?;
            found = Some(match found {
                Some(found) => found.and(&docs),
                None => docs,
            });
            if found.as_ref().is_some_and(DocSet::is_empty) {
                break;
            }
        }
        match found {
            Some(found) => Ok(found),
            None => self.snapshot.docs(|view, docs| {
                let wanted = RECORD_KIND_OFFSET + kind as u8;
                docs.extend((0..view.max_doc()).filter(|doc| view.kind(*doc) == wanted));
                Ok(())
            }),
        }
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
            let ReferenceQuery::Id { resource_type, id } = query else { continue };
            if resource_type.is_some_and(|wanted| wanted != target) {
                continue;
            }
            let key = match self.snapshot.key_of(target, id)? {
                Some(key) => Some(key),
                None => (self.identify)(target, id)?,
            };
            keys.extend(key);
        }
        Ok(KeySet::from_keys(keys, self.snapshot.universe()))
    }

    fn word_hits(&mut self, base: ResourceType, leaf: &Leaf) -> Result<Arc<WordHits>> {
        let LeafTest::Words(query) = &leaf.test else {
            unreachable!("only word leaves are asked for their words")
        };
        if let Some(hits) = self.words.get(query) {
            return Ok(Arc::clone(hits));
        }
        let hits = Arc::new(words::find(self.snapshot, base, query)?);
        self.words.insert(query.clone(), Arc::clone(&hits));
        Ok(hits)
    }

    /// How the words of the request were read, where not as typed.
    pub(super) fn word_issues(&self) -> Vec<Issue> {
        let mut issues: Vec<Issue> = Vec::new();
        for issue in self.words.values().flat_map(|hits| &hits.issues) {
            if !issues.contains(issue) {
                issues.push(issue.clone());
            }
        }
        // The map has no order.
        issues.sort_unstable_by(|a, b| a.diagnostics.cmp(&b.diagnostics));
        issues
    }

    /// What the matches of a plan are scored by; empty when it searches no words.
    pub(super) fn scores(&mut self, plan: &TypePlan) -> Result<Scores> {
        let mut scores = Scores::default();
        for (steps, leaf) in &plan.texts {
            let base = steps.last().map_or(plan.base, |step| step.to);
            scores.searches.push((steps.clone(), self.word_hits(base, leaf)?));
        }
        Ok(scores)
    }

    /// The relevance of a match: the best of its word searches, directly or at the end of a chain.
    pub(super) fn score(&self, scores: &Scores, key: u32) -> Result<f32> {
        let mut best = 0.0f32;
        for (steps, hits) in &scores.searches {
            if steps.is_empty() {
                best = best.max(hits.score(key));
                continue;
            }
            let reached = self.reached(steps, key)?;
            best = reached.iter().map(|key| hits.score(*key)).fold(best, f32::max);
        }
        Ok(best)
    }

    /// The resources at the end of a chain from one resource.
    pub(super) fn reached(&self, steps: &[JoinStep], key: u32) -> Result<Vec<u32>> {
        let snapshot = self.snapshot;
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

/// The records in force before an instant: of those of one resource with one key, the last to start.
fn in_force(view: &SegmentView, field: FieldId, before_ms: i64, docs: &mut Vec<u32>) -> Result<()> {
    // Resource, key, start, document. Not the owner: a version that was replaced may stand in the same
    // segment, and its records replace nothing.
    let mut started: Vec<(u32, i64, i64, u32)> = Vec::new();
    for (doc, (start_ms, key)) in view.dates(field)?.iter() {
        if start_ms < before_ms {
            started.push((view.resource_of(doc), key, start_ms, doc));
        }
    }
    started.sort_unstable();
    for group in started.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let last_start = group.last().map(|(_, _, start_ms, _)| *start_ms);
        let in_force = group.iter().filter(|(_, _, start_ms, _)| Some(*start_ms) == last_start);
        docs.extend(in_force.map(|(_, _, _, doc)| *doc));
    }
    Ok(())
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
        Predicate::Leaf(leaf) => match leaf.test {
            LeafTest::Terms(_) | LeafTest::References(_) => 0,
            LeafTest::Near(_) | LeafTest::Prefixes(_) => 1,
            LeafTest::Below(_) | LeafTest::Above(_) | LeafTest::Words(_) => 2,
            LeafTest::Dates(_)
            | LeafTest::Numbers(_)
            | LeafTest::Quantities(_)
            | LeafTest::OpenAt(_)
            | LeafTest::InForce(_) => 3,
            LeafTest::Scan(..) => 4,
        },
        Predicate::Record(..) => 3,
        Predicate::And(_) | Predicate::Or(_) => 5,
        Predicate::Join(..) => 6,
        Predicate::Not(_) => 7,
        Predicate::All => 8,
    }
}
