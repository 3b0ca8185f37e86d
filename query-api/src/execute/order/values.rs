//! The values of a sort key: on a match, on what it refers to, on the records of either that count; and
//! which of these records puts a match where it stands.

use std::cmp::Ordering;
use std::sync::Arc;

use shared::index::{DocSet, KeySet, Location, SegmentView, Snapshot};
use shared::registry::{self, FieldId, ParameterType};
use shared::schema::RECORD_KIND_OFFSET;

use super::{SortValue, compare_values, holds};
use crate::execute::Result;
use crate::execute::evaluate::{Ends, Evaluation};
use crate::execute::page::{ordered_f64, ordered_i64};
use crate::plan::{JoinStep, Order, OrderKey, TypePlan, is_named};

/// Where to look for the values of a key: the sources of its plan, evaluated. `None` is everything.
pub(super) struct Eligible {
    pub(super) matches: Option<Arc<KeySet>>,
    pub(super) steps: Vec<JoinStep>,
    pub(super) targets: Option<Arc<KeySet>>,
    pub(super) records: Option<Arc<DocSet>>,
}

/// Evaluates where the values of a key of the matches are.
pub(super) fn eligible(
    context: &mut Evaluation<'_>,
    plan: &TypePlan,
    order: &Order,
    matches: &KeySet,
) -> Result<Vec<Eligible>> {
    let mut all = Vec::with_capacity(order.sources.len());
    for source in &order.sources {
        let target = source.steps.last().map_or(plan.base, |step| step.to);
        let ends = Ends::new(&source.steps, matches);
        let asked = context.matching(plan.base, &source.matches, matches)?;
        let targets = context.ends_matching(target, &source.target, &ends)?;
        let records = match order.record {
            Some(kind) if !source.record.is_empty() => {
                Some(context.records_of_ends(kind, &source.record, &ends)?)
            }
            _ => None,
        };
        all.push(Eligible { matches: asked, steps: source.steps.clone(), targets, records });
    }
    Ok(all)
}

pub(super) fn best_value(
    context: &Evaluation<'_>,
    order: &Order,
    eligible: &[Eligible],
    key: u32,
) -> Result<SortValue> {
    let mut best = SortValue::Missing;
    best_at(context, order, eligible, key, &mut best)?;
    Ok(best)
}

/// The key of a resource, and its document or record, that holds the best value; `best` becomes it.
/// The first of equals.
fn best_at(
    context: &Evaluation<'_>,
    order: &Order,
    eligible: &[Eligible],
    key: u32,
    best: &mut SortValue,
) -> Result<Option<(u32, Location)>> {
    let snapshot = context.snapshot;
    let mut found = None;
    for source in eligible.iter().filter(|source| holds(source.matches.as_ref(), key)) {
        let targets = if source.steps.is_empty() {
            vec![key]
        } else {
            context.reached(&source.steps, key)?
        };
        for target in targets.into_iter().filter(|target| holds(source.targets.as_ref(), *target)) {
            let Some(at) = snapshot.locate(target) else { continue };
            for doc in value_docs(snapshot, order, source, at) {
                for value in values(snapshot.view(at), order.field, doc)? {
                    if compare_values(&value, best, order.descending) == Ordering::Less {
                        *best = value;
                        found = Some((target, Location { doc, ..at }));
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The first sort key that reads records, ready to tell which record puts a match where it stands.
pub(in crate::execute) struct Deciding<'p> {
    order: &'p Order,
    eligible: Vec<Eligible>,
}

impl<'p> Deciding<'p> {
    /// `None` when no key reads records of a kind that answers name.
    pub(in crate::execute) fn prepare(
        context: &mut Evaluation<'_>,
        plan: &'p TypePlan,
        matches: &KeySet,
    ) -> Result<Option<Self>> {
        let of_records = plan.order.iter().find_map(|key| match key {
            OrderKey::Field(order) => order.record.filter(|kind| is_named(*kind)).map(|_| order),
            OrderKey::Distance { .. } | OrderKey::Score => None,
        });
        let Some(order) = of_records else { return Ok(None) };
        Ok(Some(Self { order, eligible: eligible(context, plan, order, matches)? }))
    }

    /// The resource that holds the record of a match, and the record's document.
    pub(in crate::execute) fn record(
        &self,
        context: &Evaluation<'_>,
        key: u32,
    ) -> Result<Option<(u32, Location)>> {
        best_at(context, self.order, &self.eligible, key, &mut SortValue::Missing)
    }
}

/// The documents of one target that hold the values of a key: itself, or its records that count.
fn value_docs(snapshot: &Snapshot, order: &Order, source: &Eligible, at: Location) -> Vec<u32> {
    let Some(kind) = order.record else { return vec![at.doc] };
    let view = snapshot.view(at);
    let wanted = RECORD_KIND_OFFSET + kind as u8;
    let counts = |doc: &u32| {
        let of_segment = |docs: &Arc<DocSet>| docs.of_segment(at.segment as usize).contains(*doc);
        view.kind(*doc) == wanted && source.records.as_ref().is_none_or(of_segment)
    };
    view.records(at.doc).filter(counts).collect()
}

/// The values of a field on one document.
pub(super) fn values(
    view: &SegmentView,
    field: FieldId,
    doc: u32,
) -> tantivy::Result<Vec<SortValue>> {
    let definition = registry::fields()[usize::from(field)];
    Ok(match definition.parameter.kind {
        ParameterType::Date => {
            let rows = view.dates(field)?.of(doc).iter();
            rows.map(|(low_ms, _)| SortValue::Number(ordered_i64(*low_ms))).collect()
        }
        ParameterType::Number => {
            let rows = view.numbers(field)?.of(doc).iter();
            rows.map(|number| SortValue::Number(ordered_f64(*number))).collect()
        }
        ParameterType::Quantity => {
            let rows = view.quantities(field)?.of(doc).iter();
            rows.map(|quantity| SortValue::Number(ordered_f64(quantity.canonical.low))).collect()
        }
        ParameterType::String | ParameterType::Uri => match view.text(field)? {
            Some(column) => {
                column.ordinals(doc).map(|ordinal| SortValue::Text(column.text(ordinal))).collect()
            }
            None => Vec::new(),
        },
        // Only ids are sortable tokens.
        ParameterType::Token => {
            let id = view.resource_id(doc);
            id.map(|id| SortValue::Text(id.to_owned())).into_iter().collect()
        }
        ParameterType::Reference
        | ParameterType::Composite
        | ParameterType::Special
        | ParameterType::Text => Vec::new(),
    })
}
