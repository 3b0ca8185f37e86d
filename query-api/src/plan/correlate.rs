//! Which criteria must hold together: on one record, and on one target of a chain.
//!
//! In each alternative of AND and OR (as if in disjunctive normal form), criteria over an equal chain
//! hold on one and the same target, and those on one kind of record on one and the same record of it.
//! One record answers one occurrence of each parameter plus bounds of the same parameter (`gt…`, `lt…`);
//! a second equality on a name opens a second record and, over a chain, a second target. Negations are
//! asked of the resource, never of a record. Criteria behind `_has` stand alone unless bracketed.
//!
//! With `ror-correlation=independent` every criterion stands alone: R4's reading.

use shared::fhir::ResourceType;
use shared::param::{Prefix, QueryValue};
use shared::registry::{RecordKind, field_id};

use super::predicate::{JoinStep, Leaf, Predicate};
use super::{PlanContext, PlanError, leaf};
use crate::parse::ast::{self, Correlation, Criterion, Expr, Hop, Test};

/// What an expression asks of resources of `base`.
pub(super) fn predicate(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
) -> Result<Predicate, PlanError> {
    let alternatives = alternatives(context, base, expr)?;
    let mut parts = Vec::with_capacity(alternatives.len());
    for literals in &alternatives {
        parts.push(conjunction(context, base, literals));
    }
    Ok(or(parts))
}

/// A part of a conjunction.
#[derive(Debug, Clone)]
enum Literal<'a> {
    Criterion(&'a Criterion),
    /// Something that correlates with nothing outside itself.
    Closed(Predicate),
}

/// The expression as a disjunction of conjunctions.
fn alternatives<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
) -> Result<Vec<Vec<Literal<'a>>>, PlanError> {
    let closed = |predicate| Ok(vec![vec![Literal::Closed(predicate)]]);
    match expr {
        Expr::Criterion(criterion) => Ok(vec![vec![Literal::Criterion(criterion)]]),
        Expr::Not(inner) => closed(not(predicate(context, base, inner)?)),
        Expr::Within(hops, inner) => closed(within(context, base, hops, inner)?),
        Expr::Or(children) => {
            let mut all = Vec::new();
            for child in children {
                all.extend(alternatives(context, base, child)?);
            }
            if !children.iter().any(correlates) {
                let parts = all.iter().map(|literals| conjunction(context, base, literals));
                return closed(or(parts.collect()));
            }
            Ok(all)
        }
        Expr::And(children) => {
            let mut all: Vec<Vec<Literal<'a>>> = vec![Vec::new()];
            for child in children {
                let of_child = alternatives(context, base, child)?;
                if all.len() * of_child.len() > context.alternatives_max {
                    return Err(PlanError::TooManyAlternatives(context.alternatives_max));
                }
                all = all
                    .iter()
                    .flat_map(|left| {
                        of_child
                            .iter()
                            .map(move |right| left.iter().chain(right).cloned().collect())
                    })
                    .collect();
            }
            Ok(all)
        }
    }
}

/// Whether anything in the expression could share a record or a target with something outside it.
fn correlates(expr: &Expr) -> bool {
    match expr {
        Expr::And(children) | Expr::Or(children) => children.iter().any(correlates),
        Expr::Not(_) | Expr::Within(..) => false,
        Expr::Criterion(criterion) => {
            !criterion.chain.is_empty() || criterion.parameter.record.is_some()
        }
    }
}

/// Criteria that share a target: the slots of one chain.
struct Group<'a> {
    chain: &'a [Hop],
    above: bool,
    slots: Vec<Vec<&'a Criterion>>,
}

fn conjunction(context: PlanContext, base: ResourceType, literals: &[Literal<'_>]) -> Predicate {
    let mut parts = Vec::new();
    let mut criteria = Vec::new();
    for literal in literals {
        match literal {
            Literal::Closed(predicate) => parts.push(predicate.clone()),
            Literal::Criterion(criterion) => criteria.push(*criterion),
        }
    }
    for group in groups(context, &criteria) {
        for slot in &group.slots {
            parts.push(along(context, base, group.chain, group.above, slot));
        }
    }
    and(parts)
}

fn groups<'a>(context: PlanContext, criteria: &[&'a Criterion]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for criterion in criteria {
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
            Some(group) => add_to_slot(&mut group.slots, criterion),
            None => groups.push(Group {
                chain: &criterion.chain,
                above: criterion.above,
                slots: vec![vec![criterion]],
            }),
        }
    }
    groups
}

fn add_to_slot<'a>(slots: &mut Vec<Vec<&'a Criterion>>, criterion: &'a Criterion) {
    let occurrence = if is_bound_or_negative(&criterion.test) {
        0
    } else {
        let same_name = |other: &&&Criterion| {
            other.parameter.code == criterion.parameter.code && !is_bound_or_negative(&other.test)
        };
        slots.iter().flatten().filter(same_name).count()
    };
    match slots.get_mut(occurrence) {
        Some(slot) => slot.push(criterion),
        None => slots.push(vec![criterion]),
    }
}

/// Bounds and negations join the first slot; everything else takes a slot for each occurrence.
fn is_bound_or_negative(test: &Test) -> bool {
    match test {
        Test::Missing(_) | Test::None(_) => true,
        Test::Any(values) => values.iter().all(is_bound) || is_not_equal(values),
        Test::Exact(_)
        | Test::Equals(_)
        | Test::Contains(_)
        | Test::EndsWith(_)
        | Test::Text(_)
        | Test::In(_)
        | Test::Identifier(_)
        | Test::Above(_)
        | Test::Below(_) => false,
    }
}

fn is_bound(value: &QueryValue) -> bool {
    prefix_of(value).is_some_and(|prefix| {
        matches!(
            prefix,
            Prefix::Gt | Prefix::Ge | Prefix::Lt | Prefix::Le | Prefix::Sa | Prefix::Eb
        )
    })
}

/// `ne5`: asked of the resource, like every negation.
fn is_not_equal(values: &[QueryValue]) -> bool {
    values.iter().any(|value| prefix_of(value) == Some(Prefix::Ne))
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

/// The criteria of one slot, asked of one target at the end of the chain.
fn along(
    context: PlanContext,
    base: ResourceType,
    chain: &[Hop],
    above: bool,
    slot: &[&Criterion],
) -> Predicate {
    let target_type = chain.last().map_or(base, ast::Hop::to);
    let target = on_resource(context, target_type, slot);
    wrap(base, chain, above, target)
}

/// Joins along the chain, outermost first; `above` climbs at the last step.
fn wrap(base: ResourceType, chain: &[Hop], above: bool, target: Predicate) -> Predicate {
    let steps = join_steps(base, chain, above);
    steps.into_iter().rev().fold(target, |inner, step| Predicate::Join(step, Box::new(inner)))
}

/// The chain as steps of the reference graph.
pub(super) fn join_steps(base: ResourceType, chain: &[Hop], above: bool) -> Vec<JoinStep> {
    let mut from = base;
    let mut steps: Vec<JoinStep> = chain
        .iter()
        .map(|hop| {
            let (field_base, code, reverse) = match hop {
                Hop::Forward(parameter, _) => (from, parameter.code, false),
                Hop::Reverse(source, parameter) => (*source, parameter.code, true),
            };
            from = hop.to();
            let field = field_id(field_base, code).expect("the parser found this parameter");
            JoinStep { field, to: from, reverse, above: false }
        })
        .collect();
    if let Some(last) = steps.last_mut() {
        last.above = above;
    }
    steps
}

fn within(
    context: PlanContext,
    base: ResourceType,
    hops: &[Hop],
    inner: &Expr,
) -> Result<Predicate, PlanError> {
    let target_type = hops.last().map_or(base, ast::Hop::to);
    Ok(wrap(base, hops, false, predicate(context, target_type, inner)?))
}

/// The criteria of one slot on their own resource: its values, and one record of each kind.
fn on_resource(context: PlanContext, base: ResourceType, slot: &[&Criterion]) -> Predicate {
    let mut parts = Vec::new();
    for criterion in slot {
        if record_leaves(context, base, criterion).is_none() {
            parts.push(leaf::predicate(context, base, criterion.parameter, &criterion.test));
        }
    }
    for (kind, leaves) in records_of_slot(context, base, slot) {
        parts.push(Predicate::Record(kind, leaves));
    }
    and(parts)
}

/// The record criteria of a slot, by kind of record.
pub(super) fn records_of_slot(
    context: PlanContext,
    base: ResourceType,
    slot: &[&Criterion],
) -> Vec<(RecordKind, Vec<Leaf>)> {
    let mut records: Vec<(RecordKind, Vec<Leaf>)> = Vec::new();
    for criterion in slot {
        let Some((kind, leaf)) = record_leaves(context, base, criterion) else { continue };
        match records.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, leaves)) => leaves.push(leaf),
            None => records.push((kind, vec![leaf])),
        }
    }
    records
}

/// The leaf of a positive criterion on a record; `None` when it is asked of the resource.
fn record_leaves(
    context: PlanContext,
    base: ResourceType,
    criterion: &Criterion,
) -> Option<(RecordKind, Leaf)> {
    let kind = criterion.parameter.record?;
    // R4's composite parameters are how use contexts correlate; on their own, each stands alone.
    if kind == RecordKind::UseContext {
        return None;
    }
    if matches!(&criterion.test, Test::Any(values) if is_not_equal(values)) {
        return None;
    }
    let field = leaf::field_of(base, criterion.parameter);
    let test = leaf::positive(context, base, criterion.parameter, &criterion.test)?;
    Some((kind, Leaf { field, test }))
}

/// What one alternative of the criteria says to a sort key over a chain.
pub(super) struct Alternative<'a> {
    /// What the matches of this alternative satisfy; `All` when there is no other.
    pub(super) matches: Predicate,
    /// Whether its criteria over the chain climb.
    pub(super) above: bool,
    /// The slots of its criteria over the chain; empty when there are none.
    pub(super) slots: Vec<Vec<&'a Criterion>>,
}

/// What the criteria say to a sort key over `chain`, by alternative. A key that does not climb follows
/// climbing criteria when there are no others.
pub(super) fn alternatives_over<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
    chain: &[Hop],
    above: bool,
) -> Result<Vec<Alternative<'a>>, PlanError> {
    // Grouped even where criteria are read independently: the order takes `:above` from them.
    let together = PlanContext { correlation: Correlation::Record, ..context };
    let all = alternatives(context, base, expr)?;
    let is_only = all.len() == 1;
    let mut found = Vec::with_capacity(all.len());
    for literals in &all {
        let mut over = groups(together, &criteria_of(literals));
        over.retain(|group| group.chain == chain);
        let at = over.iter().position(|group| group.above == above);
        let at = at.or((!above && !over.is_empty()).then_some(0));
        let group = at.map(|at| over.swap_remove(at));
        found.push(Alternative {
            matches: if is_only { Predicate::All } else { conjunction(context, base, literals) },
            above: group.as_ref().map_or(above, |group| group.above),
            slots: group.map(|group| group.slots).unwrap_or_default(),
        });
    }
    Ok(found)
}

/// The slots of the criteria over `chain`, by alternative; none where a criterion over it would stand
/// alone.
pub(super) fn slots_over<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
    chain: &[Hop],
) -> Result<Vec<Alternative<'a>>, PlanError> {
    let stands_alone = context.correlation == Correlation::Independent
        || chain.iter().any(|hop| matches!(hop, Hop::Reverse(..)));
    let all = alternatives(context, base, expr)?;
    let slots = |literals: &[Literal<'a>]| {
        let groups = groups(context, &criteria_of(literals));
        let own = groups.into_iter().find(|group| !group.above && group.chain == chain);
        own.filter(|_| !stands_alone).map_or(Vec::new(), |group| group.slots)
    };
    let of_each = all.iter().map(|literals| Alternative {
        matches: conjunction(context, base, literals),
        above: false,
        slots: slots(literals),
    });
    Ok(of_each.collect())
}

/// What one more criterion on a parameter over `chain` would meet, by alternative: what a match
/// satisfies already, and the slot it would join; no slot where it would stand alone.
pub(super) fn companions<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
    chain: &[Hop],
    code: &str,
    is_bound: bool,
) -> Result<Vec<Alternative<'a>>, PlanError> {
    let mut all = slots_over(context, base, expr, chain)?;
    for alternative in &mut all {
        let same_name = |criterion: &&&Criterion| {
            criterion.parameter.code == code && !is_bound_or_negative(&criterion.test)
        };
        let earlier = alternative.slots.iter().flatten().filter(same_name).count();
        let occurrence = if is_bound { 0 } else { earlier };
        let joined = alternative.slots.drain(..).nth(occurrence);
        alternative.slots.extend(joined);
    }
    Ok(all)
}

fn criteria_of<'a>(literals: &[Literal<'a>]) -> Vec<&'a Criterion> {
    let criteria = literals.iter().filter_map(|literal| match literal {
        Literal::Criterion(criterion) => Some(*criterion),
        Literal::Closed(_) => None,
    });
    criteria.collect()
}

/// The criteria of one slot as a predicate on their own resource.
pub(super) fn slot_predicate(
    context: PlanContext,
    base: ResourceType,
    slot: &[&Criterion],
) -> Predicate {
    on_resource(context, base, slot)
}

pub(super) fn and(mut parts: Vec<Predicate>) -> Predicate {
    parts.retain(|part| *part != Predicate::All);
    match parts.len() {
        0 => Predicate::All,
        1 => parts.swap_remove(0),
        _ => Predicate::And(parts),
    }
}

pub(super) fn or(mut parts: Vec<Predicate>) -> Predicate {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => Predicate::Or(parts),
    }
}

pub(super) fn not(part: Predicate) -> Predicate {
    if let Predicate::Not(inner) = part { *inner } else { Predicate::Not(Box::new(part)) }
}
