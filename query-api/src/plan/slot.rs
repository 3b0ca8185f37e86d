//! Criteria that share one target of a chain, and what they ask of it: its values, and one record of each
//! kind.

use shared::fhir::ResourceType;
use shared::param::{Prefix, QueryValue};
use shared::registry::RecordKind;

use super::correlate::and;
use super::predicate::{Leaf, Predicate};
use super::{PlanContext, leaf};
use crate::parse::ast::{Correlation, Criterion, Hop, Test};

/// A criterion as its place in the expression asks it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The criterion.
    pub(super) criterion: &'a Criterion,
    /// Inside brackets, what a `not` says of it on the record: that it does not hold, or, under two of
    /// them, that it does.
    pub(super) under_not: Option<bool>,
}

/// Criteria that hold on one target.
pub(super) type Slot<'a> = Vec<Asked<'a>>;

/// Criteria over one chain, all climbing or none: in slots, each of which holds on one target.
pub(super) struct Group<'a> {
    /// The chain.
    pub(super) chain: &'a [Hop],
    /// Whether ancestors of the target may satisfy them (`:above`).
    pub(super) above: bool,
    /// The slots, at least one.
    pub(super) slots: Vec<Slot<'a>>,
}

/// The criteria of one alternative by what they share.
pub(super) fn groups<'a>(context: PlanContext, all: &[Asked<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for asked in all {
        let criterion = asked.criterion;
        let alone = context.correlation == Correlation::Independent
            || criterion.chain.iter().any(|hop| matches!(hop, Hop::Reverse(..)));
        let shared = if alone {
            None
        } else {
            groups.iter_mut().find(|group| {
                group.above == criterion.above
                    && group.chain == criterion.chain
                    && !group.chain.iter().any(|hop| matches!(hop, Hop::Reverse(..)))
            })
        };
        match shared {
            Some(group) => add_to_slot(&mut group.slots, *asked),
            None => groups.push(Group {
                chain: &criterion.chain,
                above: criterion.above,
                slots: vec![vec![*asked]],
            }),
        }
    }
    groups
}

fn add_to_slot<'a>(slots: &mut Vec<Slot<'a>>, asked: Asked<'a>) {
    let occurrence =
        if asked.takes_a_slot() { occurrences(slots, asked.criterion.parameter.code) } else { 0 };
    match slots.get_mut(occurrence) {
        Some(slot) => slot.push(asked),
        None => slots.push(vec![asked]),
    }
}

/// How many slots a name has taken.
pub(super) fn occurrences(slots: &[Slot<'_>], code: &str) -> usize {
    let same_name =
        |asked: &&Asked<'_>| asked.criterion.parameter.code == code && asked.takes_a_slot();
    slots.iter().flatten().filter(same_name).count()
}

impl Asked<'_> {
    /// Bounds and negations join the first slot; everything else takes a slot for each occurrence.
    fn takes_a_slot(&self) -> bool {
        let test = &self.criterion.test;
        self.under_not.is_none() && !is_negative(test) && !is_bound(test)
    }

    /// What it asks of one record; `None` when it is asked of the resource.
    ///
    /// Outside brackets that is every negation.
    pub(super) fn on_record(
        &self,
        context: PlanContext,
        base: ResourceType,
    ) -> Option<(RecordKind, Leaf)> {
        let Criterion { parameter, test, .. } = self.criterion;
        let kind = parameter.record?;
        // R4's composite parameters are how use contexts correlate; on their own, each stands alone.
        if kind == RecordKind::UseContext || (is_negative(test) && !context.asks_records()) {
            return None;
        }
        let positive = leaf::on_record(context, base, parameter, test)?;
        let test = if self.under_not == Some(false) { positive.not() } else { positive };
        Some((kind, Leaf { field: leaf::field_of(base, parameter), test }))
    }
}

/// Whether a test is a negation: `:not`, `:missing`, `ne`.
fn is_negative(test: &Test) -> bool {
    let is_other = |value| prefix_of(value) == Some(Prefix::Ne);
    test.is_negative() || matches!(test, Test::Any(values) if values.iter().any(is_other))
}

fn is_bound(test: &Test) -> bool {
    let is_one = |value| {
        prefix_of(value).is_some_and(|prefix| {
            matches!(
                prefix,
                Prefix::Gt | Prefix::Ge | Prefix::Lt | Prefix::Le | Prefix::Sa | Prefix::Eb
            )
        })
    };
    matches!(test, Test::Any(values) if values.iter().all(is_one))
}

fn prefix_of(value: &QueryValue) -> Option<Prefix> {
    match value {
        QueryValue::Date(query) => Some(query.prefix),
        QueryValue::Number(query) => Some(query.prefix),
        QueryValue::Quantity(query) => Some(query.number.prefix),
        QueryValue::Token(_)
        | QueryValue::String(_)
        | QueryValue::Reference(_)
        | QueryValue::Uri(_)
        | QueryValue::Composite(_)
        | QueryValue::Near(_)
        | QueryValue::Text(_) => None,
    }
}

/// The criteria of one slot on their own resource: its values, and one record of each kind.
pub(super) fn on_resource(
    context: PlanContext,
    base: ResourceType,
    slot: &[Asked<'_>],
) -> Predicate {
    let mut parts = Vec::new();
    for asked in slot {
        if asked.on_record(context, base).is_none() {
            let Criterion { parameter, test, .. } = asked.criterion;
            parts.push(leaf::predicate(context, base, parameter, test));
        }
    }
    for (kind, leaves) in records(context, base, slot) {
        parts.push(Predicate::Record(kind, leaves));
    }
    and(parts)
}

/// The record criteria of a slot, by kind of record.
pub(super) fn records(
    context: PlanContext,
    base: ResourceType,
    slot: &[Asked<'_>],
) -> Vec<(RecordKind, Vec<Leaf>)> {
    let mut records: Vec<(RecordKind, Vec<Leaf>)> = Vec::new();
    for (kind, leaf) in slot.iter().filter_map(|asked| asked.on_record(context, base)) {
        match records.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, leaves)) => leaves.push(leaf),
            None => records.push((kind, vec![leaf])),
        }
    }
    records
}
