//! The places of a match that count, and the nearest of them.

use std::sync::Arc;

use shared::index::{KeySet, Location};

use super::holds;
use crate::execute::Result;
use crate::execute::distance::Centers;
use crate::execute::evaluate::{Ends, Evaluation};
use crate::plan::{JoinStep, PlaceSource, TypePlan};

/// Where to look for places, evaluated. `None` is everything.
pub(in crate::execute) struct EligiblePlaces {
    pub(super) matches: Option<Arc<KeySet>>,
    pub(super) steps: Vec<JoinStep>,
    pub(super) places: Option<Arc<KeySet>>,
}

/// Evaluates where the places of matches are.
pub(in crate::execute) fn eligible_places(
    context: &mut Evaluation<'_>,
    plan: &TypePlan,
    sources: &[PlaceSource],
    matches: &KeySet,
) -> Result<Vec<EligiblePlaces>> {
    let mut all = Vec::with_capacity(sources.len());
    for source in sources {
        let target = source.steps.last().map_or(plan.base, |step| step.to);
        let ends = Ends::new(&source.steps, matches);
        all.push(EligiblePlaces {
            matches: context.matching(plan.base, &source.matches, matches)?,
            steps: source.steps.clone(),
            places: context.ends_matching(target, &source.places, &ends)?,
        });
    }
    Ok(all)
}

/// The nearest eligible place of a match, with its distance in meters; `None` when it has none.
pub(in crate::execute) fn nearest(
    context: &Evaluation<'_>,
    sources: &[EligiblePlaces],
    centers: &Centers,
    key: u32,
) -> Result<Option<(f64, Location)>> {
    let mut nearest: Option<(f64, Location)> = None;
    for source in sources.iter().filter(|source| holds(source.matches.as_ref(), key)) {
        for place in context.reached(&source.steps, key)? {
            if !holds(source.places.as_ref(), place) {
                continue;
            }
            let Some(at) = context.snapshot.locate(place) else { continue };
            let Some(point) = context.snapshot.view(at).point(at.doc) else { continue };
            let distance_m = centers.distance_m(point);
            if nearest.is_none_or(|(least, _)| distance_m < least) {
                nearest = Some((distance_m, at));
            }
        }
    }
    Ok(nearest)
}
