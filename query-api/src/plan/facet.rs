//! Where the values of a facet are counted: on the very targets and records that one more criterion on
//! its parameter would have to meet.
//!
//! The number of a bucket is the total of the search with that criterion added, so that the sources here
//! follow the same rules of correlation as the criteria themselves.

use shared::fhir::ResourceType;
use shared::registry::{RecordKind, SearchParameter};

use super::correlate::{companions, join_steps, predicate, slots_over};
use super::predicate::{JoinStep, Predicate};
use super::slot::{Asked, on_resource};
use super::source::{Source, leaves, singled_out};
use super::{PlanContext, PlanError};
use crate::parse::ast::{Brackets, Expr, Hop};

/// A criterion to come: its parameter, and the way to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// The way to the tested resource.
    pub(crate) chain: &'a [Hop],
    /// The parameter.
    pub(crate) parameter: &'static SearchParameter,
    /// Whether it would come as bounds (`ge…`, `lt…`), several of which are of one record.
    pub(crate) is_bound: bool,
    /// Whether it would climb (`:above`).
    pub(crate) above: bool,
}

/// Where the values of a criterion to come would be looked for: one source for each alternative.
///
/// # Errors
/// When the expression unfolds beyond the limits.
pub(crate) fn sources_beside(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
    beside: Beside<'_>,
) -> Result<Vec<Source>, PlanError> {
    let Beside { chain, parameter, above, .. } = beside;
    let alternatives = companions(context, base, expr, beside)?;
    let sources = alternatives.into_iter().map(|alternative| {
        let slot = alternative.slots.first().map_or(&[][..], Vec::as_slice);
        let steps = join_steps(base, chain, above);
        source(context, base, steps, alternative.matches, slot, parameter.record)
    });
    Ok(sources.collect())
}

/// The records of one kind at the end of a chain that make a resource match; all of them where no
/// criterion singles some out.
///
/// # Errors
/// When the expression unfolds beyond the limits.
pub(crate) fn sources_of_records(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
    chain: &[Hop],
    kind: RecordKind,
) -> Result<Vec<Source>, PlanError> {
    let mut sources = Vec::new();
    for alternative in slots_over(context, base, expr, chain, false)? {
        sources.extend(singled_out(context, base, chain, Some(kind), &alternative)?);
    }
    Ok(sources)
}

/// Where the values of a criterion to come into brackets, one of the parts that all matches satisfy, would be
/// looked for: one source for each alternative of what stands inside. `beside` is as it is read there.
///
/// # Errors
/// When the expression unfolds beyond the limits.
pub(crate) fn sources_within(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
    brackets: &Brackets,
    beside: Beside<'_>,
) -> Result<Vec<Source>, PlanError> {
    let matches = predicate(context, base, expr)?;
    let steps = join_steps(base, &brackets.chain, brackets.above);
    let inside = sources_beside(context.within(), brackets.target(), &brackets.inner, beside)?;
    let sources = inside.into_iter().map(|inside| Source {
        matches: matches.clone(),
        steps: steps.clone(),
        target: inside.matches,
        record: inside.record,
    });
    Ok(sources.collect())
}

fn source(
    context: PlanContext,
    base: ResourceType,
    steps: Vec<JoinStep>,
    matches: Predicate,
    slot: &[Asked<'_>],
    record: Option<RecordKind>,
) -> Source {
    let target_type = steps.last().map_or(base, |step| step.to);
    Source {
        matches,
        // Without a chain the target is the match itself, which satisfies its criteria already.
        target: if steps.is_empty() {
            Predicate::All
        } else {
            on_resource(context, target_type, slot)
        },
        record: leaves(context, target_type, slot, record),
        steps,
    }
}
