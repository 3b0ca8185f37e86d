//! Which records of a match the answer names: looked up for the matches of a page only.

use std::sync::Arc;

use shared::fhir::ResourceType;
use shared::index::{DocSet, DocumentAddress, KeySet, SegmentView};
use shared::registry::{RecordKind, field_id};
use shared::schema::RECORD_KIND_OFFSET;

use super::Result;
use super::evaluate::Evaluation;
use super::order::Deciding;
use crate::plan::{JoinStep, Named, TypePlan};

/// A record that makes a resource match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NamedRecord {
    /// The key of the resource that holds it.
    key: u32,
    /// Its position among the records of its kind, from 0, in document order.
    pub(crate) number: u32,
    /// What it is.
    pub(crate) kind: RecordKind,
    /// Where the document of that resource stands.
    pub(crate) document: DocumentAddress,
    /// Whether the match stands in its place by this record.
    pub(crate) sorted: bool,
    /// The amount of a price a day.
    pub(crate) per_day: Option<f64>,
}

/// The amount of a price record a day.
fn per_day(view: &SegmentView, kind: RecordKind, doc: u32) -> tantivy::Result<Option<f64>> {
    if kind != RecordKind::Price {
        return Ok(None);
    }
    let field = field_id(ResourceType::Organization, "price-amount-per-day");
    let amounts = view.numbers(field.expect("it is in the table"))?;
    Ok(amounts.of(doc).first().copied())
}

/// The records of a plan, ready to be looked up.
pub(super) struct NamedRecords<'p> {
    sources: Vec<Source<'p>>,
    deciding: Option<Deciding<'p>>,
}

struct Source<'p> {
    kind: RecordKind,
    steps: &'p [JoinStep],
    /// What the resources on the way satisfy, by the number of steps to them.
    conditions: Vec<(usize, Arc<KeySet>)>,
    records: Arc<DocSet>,
}

impl<'p> NamedRecords<'p> {
    /// Looks at what the matches of a page lead to, and no further.
    pub(super) fn prepare(
        context: &mut Evaluation<'_>,
        plan: &'p TypePlan,
        matches: &KeySet,
    ) -> Result<Self> {
        let mut sources = Vec::with_capacity(plan.named.len());
        for Named { kind, steps, conditions, leaves } in &plan.named {
            let reached = context.reached_by_steps(steps, matches)?;
            let mut evaluated = Vec::with_capacity(conditions.len());
            for (at, predicate) in conditions {
                let base = at.checked_sub(1).map_or(plan.base, |last| steps[last].to);
                evaluated.push((*at, context.keys_among(base, predicate, &reached[*at])?));
            }
            let records = context.record_docs_among(*kind, leaves, &reached[steps.len()])?;
            sources.push(Source { kind: *kind, steps, conditions: evaluated, records });
        }
        Ok(Self { sources, deciding: Deciding::prepare(context, plan, matches)? })
    }

    /// The records of one match: the one it is sorted by, then by resource and in document order.
    pub(super) fn of(&self, context: &Evaluation<'_>, key: u32) -> Result<Vec<NamedRecord>> {
        let mut found = Vec::new();
        for source in &self.sources {
            for holder in source.holders(context, key)? {
                source.records_of(context, holder, &mut found)?;
            }
        }
        if let Some(deciding) = &self.deciding
            && let Some((key, at)) = deciding.record(context, key)?
        {
            let view = context.snapshot.view(at);
            let kind = view.kind(at.doc);
            let before = view.resource_of(at.doc)..at.doc;
            let number = before.filter(|doc| view.kind(*doc) == kind).count() as u32;
            let kind = RecordKind::ALL[usize::from(kind - RECORD_KIND_OFFSET)];
            let document = context.snapshot.address(key);
            let per_day = per_day(view, kind, at.doc)?;
            found.extend(document.map(|document| NamedRecord {
                key,
                number,
                kind,
                document,
                sorted: true,
                per_day,
            }));
        }
        found.sort_unstable_by_key(|r| (r.key, r.kind, r.number, !r.sorted));
        found.dedup_by_key(|r| (r.key, r.kind, r.number));
        found.sort_by_key(|r| !r.sorted);
        Ok(found)
    }
}

impl Source<'_> {
    /// The resources at the end of the way, when all on the way hold.
    fn holders(&self, context: &Evaluation<'_>, key: u32) -> Result<Vec<u32>> {
        let holds = |at: usize, key: u32| {
            self.conditions
                .iter()
                .filter(|(steps, _)| *steps == at)
                .all(|(_, set)| set.contains(key))
        };
        let mut frontier = vec![key];
        frontier.retain(|key| holds(0, *key));
        for (at, step) in self.steps.iter().enumerate() {
            let mut next = Vec::new();
            for key in &frontier {
                next.extend(context.reached(std::slice::from_ref(step), *key)?);
            }
            next.sort_unstable();
            next.dedup();
            next.retain(|key| holds(at + 1, *key));
            frontier = next;
        }
        Ok(frontier)
    }

    fn records_of(
        &self,
        context: &Evaluation<'_>,
        key: u32,
        found: &mut Vec<NamedRecord>,
    ) -> Result<()> {
        let (snapshot, kind) = (context.snapshot, self.kind);
        let (Some(at), Some(document)) = (snapshot.locate(key), snapshot.address(key)) else {
            return Ok(());
        };
        let view = snapshot.view(at);
        let docs = self.records.of_segment(at.segment as usize);
        let wanted = RECORD_KIND_OFFSET + kind as u8;
        let of_kind = view.records(at.doc).filter(|doc| view.kind(*doc) == wanted);
        for (number, doc) in of_kind.enumerate().filter(|(_, doc)| docs.contains(*doc)) {
            let (number, per_day) = (number as u32, per_day(view, kind, doc)?);
            found.push(NamedRecord { key, number, kind, document, sorted: false, per_day });
        }
        Ok(())
    }
}
