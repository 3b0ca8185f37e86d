//! Where values of a field are looked for: on the targets of a chain, and on the records of these, that make a
//! resource match.
//!
//! Criteria over the chain single them out, and so do brackets over it. Where some of these speak of the
//! records that hold the values, the others do not say which records count.

use shared::fhir::ResourceType;
use shared::registry::RecordKind;

use super::correlate::{Alternative, join_steps, slots_over};
use super::predicate::{JoinStep, Leaf, Predicate};
use super::slot::{Asked, on_resource, records};
use super::{PlanContext, PlanError};
use crate::parse::ast::{Brackets, Correlation, Hop};

/// Targets of a chain that satisfy the criteria over it, and the leaves their records satisfy.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// The matches that are asked here.
    pub(crate) matches: Predicate,
    /// The way to the resource whose values count; empty for the match itself.
    pub(crate) steps: Vec<JoinStep>,
    /// What the target satisfies.
    pub(crate) target: Predicate,
    /// What one of its records satisfies; empty for all.
    pub(crate) record: Vec<Leaf>,
}

impl Source {
    /// All that is at the end of the way.
    pub(super) fn of_all(steps: Vec<JoinStep>) -> Self {
        Self { matches: Predicate::All, steps, target: Predicate::All, record: Vec::new() }
    }
}

/// Where the matches of one alternative have values: what the criteria and brackets over the chain single
/// out, or all there is at its end.
///
/// # Errors
/// When what stands in brackets unfolds beyond the limits.
pub(super) fn singled_out(
    context: PlanContext,
    base: ResourceType,
    chain: &[Hop],
    record: Option<RecordKind>,
    alternative: &Alternative<'_>,
) -> Result<Vec<Source>, PlanError> {
    let all = Source {
        matches: alternative.matches.clone(),
        ..Source::of_all(join_steps(base, chain, alternative.above))
    };
    // Read independently, no criterion singles out a target or a record: all of them count.
    if context.correlation == Correlation::Independent {
        return Ok(vec![all]);
    }
    let target = chain.last().map_or(base, Hop::to);
    let mut found: Vec<Vec<Source>> = Vec::new();
    for slot in &alternative.slots {
        found.push(vec![Source {
            // Without a chain the target is the match itself, which satisfies its criteria already.
            target: if chain.is_empty() {
                Predicate::All
            } else {
                on_resource(context, target, slot)
            },
            record: leaves(context, target, slot, record),
            ..all.clone()
        }]);
    }
    for brackets in &alternative.brackets {
        found.push(inside(context, &all, brackets, record)?);
    }
    let speaks = |sources: &Vec<Source>| sources.iter().any(|source| !source.record.is_empty());
    if found.iter().any(speaks) {
        found.retain(speaks);
    }
    if found.is_empty() {
        found.push(vec![all]);
    }
    Ok(found.into_iter().flatten().collect())
}

/// What brackets single out at the end of their chain, where all there is is known.
fn inside(
    context: PlanContext,
    all: &Source,
    brackets: &Brackets,
    record: Option<RecordKind>,
) -> Result<Vec<Source>, PlanError> {
    let (context, target) = (context.within(), brackets.target());
    let mut found = Vec::new();
    for alternative in slots_over(context, target, &brackets.inner, &[], false)? {
        let of_target = singled_out(context, target, &[], record, &alternative)?;
        found.extend(of_target.into_iter().map(|of_target| Source {
            target: of_target.matches,
            record: of_target.record,
            ..all.clone()
        }));
    }
    Ok(found)
}

/// What a slot asks of one record of a kind.
pub(super) fn leaves(
    context: PlanContext,
    target: ResourceType,
    slot: &[Asked<'_>],
    record: Option<RecordKind>,
) -> Vec<Leaf> {
    records(context, target, slot)
        .into_iter()
        .find(|(kind, _)| Some(*kind) == record)
        .map_or(Vec::new(), |(_, leaves)| leaves)
}
