//! Distances: the points they are measured from, and the places of a match that count.
//!
//! Of criteria that all hold the first one with a place gives the points; of alternatives (values of one
//! parameter, `or`) all do, and the nearest counts. The distance of a match is that of the nearest
//! of its places that meets the other criteria over the same chain, as those of a record would.

use shared::fhir::ResourceType;
use shared::param::QueryValue;
use shared::param::near::NearQuery;

use super::correlate::{self, Alternative, alternatives_over, join_steps};
use super::predicate::{JoinStep, Predicate};
use super::slot::on_resource;
use super::{PlanContext, PlanError};
use crate::parse::ast::{Brackets, Correlation, Criterion, Expr, Hop, Test};

/// Places that count for the matches of one alternative of the criteria.
#[derive(Debug, Clone)]
pub(crate) struct PlaceSource {
    /// The matches that are asked here.
    pub(crate) matches: Predicate,
    /// The way to the places; empty when the match is one.
    pub(crate) steps: Vec<JoinStep>,
    /// What a place satisfies.
    pub(crate) places: Predicate,
}

/// The circles whose centers distances are measured from, each once; empty when no place is searched.
pub(super) fn centers(expr: &Expr) -> Vec<NearQuery> {
    match expr {
        Expr::And(children) => {
            children.iter().map(centers).find(|found| !found.is_empty()).unwrap_or_default()
        }
        Expr::Or(children) => {
            let mut all: Vec<NearQuery> = Vec::new();
            for circle in children.iter().flat_map(centers) {
                if !all.contains(&circle) {
                    all.push(circle);
                }
            }
            all
        }
        Expr::Within(brackets) => centers(&brackets.inner),
        Expr::Criterion(criterion) => circles(criterion),
        Expr::Not(_) => Vec::new(),
    }
}

fn circles(criterion: &Criterion) -> Vec<NearQuery> {
    let Test::Any(values) = &criterion.test else { return Vec::new() };
    let mut circles: Vec<NearQuery> = Vec::new();
    for value in values {
        if let QueryValue::Near(circle) = value
            && !circles.contains(circle)
        {
            circles.push(circle.clone());
        }
    }
    circles
}

/// Where the criteria search places: along a chain, or inside the brackets behind one.
enum Site<'a> {
    Chain(&'a [Hop]),
    Brackets(&'a Brackets),
}

impl Site<'_> {
    fn chain(&self) -> &[Hop] {
        match self {
            Self::Chain(chain) => chain,
            Self::Brackets(brackets) => &brackets.chain,
        }
    }
}

/// The sites of the criteria that give the centers.
fn sites<'a>(expr: &'a Expr, found: &mut Vec<Site<'a>>) {
    match expr {
        Expr::And(children) => {
            if let Some(first) = children.iter().find(|child| !centers(child).is_empty()) {
                sites(first, found);
            }
        }
        Expr::Or(children) => children.iter().for_each(|child| sites(child, found)),
        Expr::Within(brackets) if !centers(&brackets.inner).is_empty() => {
            found.push(Site::Brackets(brackets));
        }
        Expr::Criterion(criterion) if !circles(criterion).is_empty() => {
            let is_known = found.iter().any(
                |site| matches!(site, Site::Chain(chain) if *chain == criterion.chain.as_slice()),
            );
            if !is_known {
                found.push(Site::Chain(&criterion.chain));
            }
        }
        Expr::Within(..) | Expr::Criterion(_) | Expr::Not(_) => {}
    }
}

/// The places that count; over `chain` only, when a sort key names one.
pub(super) fn sources(
    context: PlanContext,
    base: ResourceType,
    expr: &Expr,
    chain: Option<&[Hop]>,
) -> Result<Vec<PlaceSource>, PlanError> {
    let mut all = Vec::new();
    sites(expr, &mut all);
    if let Some(chain) = chain {
        all.retain(|site| site.chain() == chain);
        if all.is_empty() {
            all.push(Site::Chain(chain));
        }
    }
    let mut sources = Vec::new();
    for site in all {
        match site {
            // The match is the place.
            Site::Chain([]) => sources.push(PlaceSource::of_all(Vec::new())),
            Site::Chain(chain) => {
                let alternatives = alternatives_over(context, base, expr, chain, false)?;
                let of = |alternative| along(context, base, chain, alternative);
                sources.extend(alternatives.iter().map(of));
            }
            Site::Brackets(brackets) => sources.extend(within(context, base, brackets)?),
        }
    }
    Ok(sources)
}

impl PlaceSource {
    fn of_all(steps: Vec<JoinStep>) -> Self {
        Self { matches: Predicate::All, steps, places: Predicate::All }
    }
}

fn along(
    context: PlanContext,
    base: ResourceType,
    chain: &[Hop],
    alternative: &Alternative<'_>,
) -> PlaceSource {
    let target = chain.last().map_or(base, Hop::to);
    // Read independently, no criterion singles out a place.
    let slot = alternative.slots.first().filter(|_| context.correlation == Correlation::Record);
    PlaceSource {
        matches: alternative.matches.clone(),
        steps: join_steps(base, chain, false),
        places: slot.map_or(Predicate::All, |slot| on_resource(context, target, slot)),
    }
}

/// Inside brackets everything holds on one target, whose places are looked at.
fn within(
    context: PlanContext,
    base: ResourceType,
    brackets: &Brackets,
) -> Result<Vec<PlaceSource>, PlanError> {
    let Brackets { chain, above, inner } = brackets;
    let (context, target) = (context.within(), brackets.target());
    let steps = join_steps(base, chain, *above);
    let mut sources = sources(context, target, inner, None)?;
    for source in &mut sources {
        if source.steps.is_empty() {
            source.places = correlate::predicate(context, target, inner)?;
        }
        // What is asked inside is asked of the target, not of the match.
        source.matches = Predicate::All;
        source.steps.splice(0..0, steps.iter().copied());
    }
    Ok(sources)
}
