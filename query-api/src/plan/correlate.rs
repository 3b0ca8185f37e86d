//! Which criteria must hold together: on one record, and on one target of a chain.
//!
//! In each alternative of AND and OR (as if in disjunctive normal form), criteria over an equal chain
//! hold on one and the same target, and those on one kind of record on one and the same record of it.
//! One record answers one occurrence of each parameter plus bounds of the same parameter (`gt…`, `lt…`);
//! a second equality on a name opens a second record and, over a chain, a second target. Negations are
//! asked of the resource, never of a record, except inside brackets. Criteria behind `_has` stand alone
//! unless bracketed.
//!
//! Brackets (`ref[…]`) speak of one target and of one record of each kind: all that stands inside, negated or
//! not, is asked of these.
//!
//! With `ror-correlation=independent` every criterion stands alone: R4's reading.

use shared::fhir::ResourceType;
use shared::registry::field_id;

use super::facet::Beside;
use super::predicate::{JoinStep, Predicate};
use super::slot::{Asked, Slot, groups, occurrences, on_resource};
use super::{PlanContext, PlanError};
use crate::parse::ast::{self, Brackets, Correlation, Expr, Hop};

/// What an expression asks of resources of `base`.
pub(super) fn predicate(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
) -> Result<Predicate, PlanError> {
    let alternatives = alternatives(context, base, expr, None)?;
    let mut parts = Vec::with_capacity(alternatives.len());
    for literals in &alternatives {
        parts.push(conjunction(context, base, literals));
    }
    Ok(or(parts))
}

/// A part of a conjunction.
#[derive(Debug, Clone)]
enum Literal<'a> {
    Criterion(Asked<'a>),
    /// Brackets over a chain that is looked at: what stands inside, and what it asks.
    Within(&'a Brackets, Predicate),
    /// Something that correlates with nothing outside itself.
    Closed(Predicate),
}

/// What holds together.
type Conjunction<'a> = Vec<Literal<'a>>;

/// The expression as a disjunction of conjunctions. Brackets `over` a chain stay apart, to be looked into.
fn alternatives<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
    over: Option<&[Hop]>,
) -> Result<Vec<Conjunction<'a>>, PlanError> {
    let closed = |predicate| Ok(vec![vec![Literal::Closed(predicate)]]);
    match expr {
        Expr::Criterion(criterion) => {
            Ok(vec![vec![Literal::Criterion(Asked { criterion, under_not: None })]])
        }
        Expr::Not(inner) if context.asks_records() => denied(context, base, inner),
        Expr::Not(inner) => closed(not(predicate(context, base, inner)?)),
        Expr::Within(brackets) => {
            let asked = within(context, base, brackets)?;
            if over == Some(brackets.chain.as_slice()) {
                Ok(vec![vec![Literal::Within(brackets, asked)]])
            } else {
                closed(asked)
            }
        }
        Expr::Or(children) => {
            let mut all = Vec::new();
            for child in children {
                all.extend(alternatives(context, base, child, over)?);
            }
            if !children.iter().any(|child| correlates(context, child, over)) {
                let parts = all.iter().map(|literals| conjunction(context, base, literals));
                return closed(or(parts.collect()));
            }
            Ok(all)
        }
        Expr::And(children) => {
            let mut all = vec![Vec::new()];
            for child in children {
                let of_child = alternatives(context, base, child, over)?;
                all = product(context, &all, &of_child)?;
            }
            Ok(all)
        }
    }
}

/// One of each side together, in every way.
fn product<'a>(
    context: PlanContext,
    left: &[Conjunction<'a>],
    right: &[Conjunction<'a>],
) -> Result<Vec<Conjunction<'a>>, PlanError> {
    if left.len() * right.len() > context.alternatives_max {
        return Err(PlanError::TooManyAlternatives(context.alternatives_max));
    }
    let pairs = left.iter().flat_map(|left| right.iter().map(move |right| (left, right)));
    Ok(pairs.map(|(left, right)| left.iter().chain(right).cloned().collect()).collect())
}

/// The ways in which an expression inside brackets does not hold: none of its alternatives does, because
/// the record misses one of the criteria on it, or the target the rest.
fn denied(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
) -> Result<Vec<Conjunction<'_>>, PlanError> {
    let mut all = vec![Vec::new()];
    for literals in alternatives(context, base, expr, None)? {
        let (mut ways, mut rest) = (Vec::new(), Vec::new());
        for literal in literals {
            match literal {
                Literal::Criterion(asked)
                    if asked.criterion.chain.is_empty()
                        && asked.on_record(context, base).is_some() =>
                {
                    let under_not = Some(asked.under_not == Some(false));
                    ways.push(vec![Literal::Criterion(Asked { under_not, ..asked })]);
                }
                Literal::Criterion(_) | Literal::Within(..) | Literal::Closed(_) => {
                    rest.push(literal);
                }
            }
        }
        if !rest.is_empty() {
            ways.push(vec![Literal::Closed(not(conjunction(context, base, &rest)))]);
        }
        all = product(context, &all, &ways)?;
    }
    Ok(all)
}

/// Whether anything in the expression could share a record or a target with something outside it, or is
/// to be looked into.
fn correlates(context: PlanContext, expr: &Expr, over: Option<&[Hop]>) -> bool {
    match expr {
        Expr::And(children) | Expr::Or(children) => {
            children.iter().any(|child| correlates(context, child, over))
        }
        Expr::Not(inner) => context.asks_records() && correlates(context, inner, None),
        Expr::Within(brackets) => over == Some(brackets.chain.as_slice()),
        Expr::Criterion(criterion) => {
            !criterion.chain.is_empty() || criterion.parameter.record.is_some()
        }
    }
}

fn conjunction(context: PlanContext, base: ResourceType, literals: &[Literal<'_>]) -> Predicate {
    let mut parts = Vec::new();
    let mut criteria = Vec::new();
    for literal in literals {
        match literal {
            Literal::Within(_, predicate) | Literal::Closed(predicate) => {
                parts.push(predicate.clone());
            }
            Literal::Criterion(asked) => criteria.push(*asked),
        }
    }
    for group in groups(context, &criteria) {
        for slot in &group.slots {
            parts.push(along(context, base, group.chain, group.above, slot));
        }
    }
    and(parts)
}

/// The criteria of one slot, asked of one target at the end of the chain.
fn along(
    context: PlanContext,
    base: ResourceType,
    chain: &[Hop],
    above: bool,
    slot: &[Asked<'_>],
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
    brackets: &Brackets,
) -> Result<Predicate, PlanError> {
    let Brackets { chain, above, inner } = brackets;
    Ok(wrap(base, chain, *above, predicate(context.within(), brackets.target(), inner)?))
}

/// What one alternative of the criteria says of a chain.
pub(super) struct Alternative<'a> {
    /// What the matches of this alternative satisfy; `All` when there is no other.
    pub(super) matches: Predicate,
    /// Whether its criteria and brackets over the chain climb.
    pub(super) above: bool,
    /// The slots of its criteria over the chain; empty when there are none.
    pub(super) slots: Vec<Slot<'a>>,
    /// Its brackets over the chain.
    pub(super) brackets: Vec<&'a Brackets>,
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
    let all = alternatives(context, base, expr, Some(chain))?;
    let is_only = all.len() == 1;
    let mut found = Vec::with_capacity(all.len());
    for literals in &all {
        let mut over = groups(together, &criteria_of(literals));
        over.retain(|group| group.chain == chain);
        let mut brackets = brackets_of(literals);
        let mut climbing =
            over.iter().map(|group| group.above).chain(brackets.iter().map(|b| b.above));
        let above = above || (!brackets.is_empty() || !over.is_empty()) && climbing.all(|c| c);
        brackets.retain(|brackets| brackets.above == above);
        let group = over.into_iter().find(|group| group.above == above);
        found.push(Alternative {
            matches: if is_only { Predicate::All } else { conjunction(context, base, literals) },
            above,
            slots: group.map(|group| group.slots).unwrap_or_default(),
            brackets,
        });
    }
    Ok(found)
}

/// The slots of the criteria over `chain` that climb, or of those that do not, by alternative; none where a
/// criterion over it would stand alone.
pub(super) fn slots_over<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
    chain: &[Hop],
    above: bool,
) -> Result<Vec<Alternative<'a>>, PlanError> {
    let stands_alone = context.correlation == Correlation::Independent
        || chain.iter().any(|hop| matches!(hop, Hop::Reverse(..)));
    let all = alternatives(context, base, expr, Some(chain))?;
    let slots = |literals: &[Literal<'a>]| {
        let groups = groups(context, &criteria_of(literals));
        let own = groups.into_iter().find(|group| group.above == above && group.chain == chain);
        own.filter(|_| !stands_alone).map_or(Vec::new(), |group| group.slots)
    };
    let of_each = all.iter().map(|literals| Alternative {
        matches: conjunction(context, base, literals),
        above,
        slots: slots(literals),
        brackets: brackets_of(literals).into_iter().filter(|b| b.above == above).collect(),
    });
    Ok(of_each.collect())
}

/// What one more criterion would meet, by alternative: what a match satisfies already, and the slot it would
/// join; no slot where it would stand alone.
pub(super) fn companions<'a>(
    context: PlanContext,
    base: ResourceType,
    expr: &'a Expr,
    beside: Beside<'_>,
) -> Result<Vec<Alternative<'a>>, PlanError> {
    let Beside { chain, parameter, is_bound, above } = beside;
    let mut all = slots_over(context, base, expr, chain, above)?;
    for alternative in &mut all {
        let at = if is_bound { 0 } else { occurrences(&alternative.slots, parameter.code) };
        let joined = alternative.slots.drain(..).nth(at);
        alternative.slots.extend(joined);
    }
    Ok(all)
}

fn criteria_of<'a>(literals: &[Literal<'a>]) -> Vec<Asked<'a>> {
    let criteria = literals.iter().filter_map(|literal| match literal {
        Literal::Criterion(asked) => Some(*asked),
        Literal::Within(..) | Literal::Closed(_) => None,
    });
    criteria.collect()
}

fn brackets_of<'a>(literals: &[Literal<'a>]) -> Vec<&'a Brackets> {
    let brackets = literals.iter().filter_map(|literal| match literal {
        Literal::Within(brackets, _) => Some(*brackets),
        Literal::Criterion(_) | Literal::Closed(_) => None,
    });
    brackets.collect()
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
