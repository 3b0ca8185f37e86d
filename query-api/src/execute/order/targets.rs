//! The first matches by a value of what they refer to: the values are put in order, and their matches
//! found backwards, until the page is full.
//!
//! The same columns tell how many matches have no value.
//!
//! Reading the values of every match's targets costs a walk for each; here it costs one column, and a
//! walk for each of the few targets that stand first.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use shared::fhir::ResourceType;
use shared::index::{KeySet, Location, Rows, SegmentView};
use shared::parallel;
use shared::registry::{self, FieldId, ParameterType, field_id};
use shared::schema::RECORD_KIND_OFFSET;

use super::select::Selection;
use super::{Candidate, Eligible, EligiblePlaces, Key, Missing, SortValue, compare, holds, rank};
use crate::execute::Result;
use crate::execute::distance::Centers;
use crate::execute::page::{ordered_f64, ordered_i64};
use crate::plan::{JoinStep, Order};

/// With fewer matches, looking at each of them is as good. Tests have small directories.
const MATCHES_MIN: usize = if cfg!(test) { 2 } else { 1_000 };

/// Going to the value of a record costs as much as reading so many in order.
const ROWS_OF_RECORD: usize = 8;

/// Targets put in order at first, for each match that is wanted.
const TARGETS_FOR_EACH: usize = 2;

/// The candidates, when the first key is of this kind and enough matches have a value.
pub(super) fn first(selection: &Selection<'_>) -> Result<Option<Vec<Candidate>>> {
    if selection.matches.len() < MATCHES_MIN {
        return Ok(None);
    }
    let Some(sources) = sources(selection)? else { return Ok(None) };
    let mut chosen: Vec<Candidate> = Vec::new();
    let mut seen = HashSet::new();
    for source in sources {
        for candidate in by_source(selection, source)? {
            if seen.insert(candidate.key) {
                chosen.push(candidate);
            }
        }
    }
    // Those without a value come after these: every match must then be looked at.
    if chosen.len() < selection.wanted {
        return Ok(None);
    }
    selection.texts(&mut chosen)?;
    let snapshot = selection.context.snapshot;
    chosen.sort_unstable_by(|a, b| compare(snapshot, a, b));
    chosen.truncate(selection.wanted);
    Ok(Some(chosen))
}

/// Values and the way to them.
struct Source<'k> {
    /// The matches that are asked here.
    matches: Option<&'k Arc<KeySet>>,
    steps: &'k [JoinStep],
    /// Ranks, and the resources that have them.
    values: Vec<(u64, u32)>,
}

/// Where the values of the first key are; `None` when it is not of a kind that is walked.
fn sources<'s>(selection: &Selection<'s>) -> Result<Option<Vec<Source<'s>>>> {
    match &selection.keys[0] {
        Key::Values(order, sources) => {
            let parameter = registry::fields()[usize::from(order.field)].parameter;
            if !parameter.takes_prefix() || sources.iter().any(|source| source.steps.is_empty()) {
                return Ok(None);
            }
            let edge = selection.edge()?;
            let ranked = |(value, owner): &(u64, u32)| {
                let rank = rank(&SortValue::Number(*value), order.descending);
                (rank >= edge).then_some((rank, *owner))
            };
            let of_sources = sources.iter().zip(first_values(selection, order, sources)?);
            let source = |(source, values): (&'s Eligible, &Vec<(u64, u32)>)| Source {
                matches: source.matches.as_ref(),
                steps: &source.steps,
                values: values.iter().filter_map(ranked).collect(),
            };
            Ok(Some(of_sources.map(source).collect()))
        }
        // The nearest place counts whichever way the order goes: the farthest tells nothing of it.
        Key::Distance { descending: true, .. } | Key::Text(..) | Key::Score(_) => Ok(None),
        Key::Distance { places, centers, descending: false } => {
            let source = |source: &'s EligiblePlaces| {
                let values = distances(selection, source, centers)?;
                Ok(Source { matches: source.matches.as_ref(), steps: &source.steps, values })
            };
            places.iter().map(source).collect::<Result<_>>().map(Some)
        }
    }
}

/// The places that count, each by the rank of its distance.
fn distances(
    selection: &Selection<'_>,
    source: &EligiblePlaces,
    centers: &Centers,
) -> Result<Vec<(u64, u32)>> {
    let snapshot = selection.context.snapshot;
    let edge = selection.edge()?;
    let places = source.places.as_deref();
    let places = places.unwrap_or(snapshot.existing(ResourceType::Location));
    let located: Vec<(u32, Location)> =
        places.iter().filter_map(|place| Some((place, snapshot.locate(place)?))).collect();
    selection.context.watch.look()?;
    let rank_of = |(place, at): &(u32, Location)| {
        let point = snapshot.view(*at).point(at.doc)?;
        let distance_m = SortValue::Number(ordered_f64(centers.distance_m(point)));
        Some((rank(&distance_m, false), *place)).filter(|(rank, _)| *rank >= edge)
    };
    Ok(parallel::filter_map(&located, rank_of))
}

/// The first matches by the values of one source.
fn by_source(selection: &Selection<'_>, source: Source<'_>) -> Result<Vec<Candidate>> {
    let Source { matches, steps, mut values } = source;
    let snapshot = selection.context.snapshot;
    let (mut chosen, mut seen) = (Vec::new(), HashSet::new());
    let mut last = None;
    let (mut from, mut step) = (0, selection.wanted * TARGETS_FOR_EACH);
    while from < values.len() {
        let rest = &mut values[from..];
        let next = step.min(rest.len());
        if next < rest.len() {
            rest.select_nth_unstable(next);
        }
        rest[..next].sort_unstable();
        for (rank, target) in &rest[..next] {
            selection.context.watch.step()?;
            if chosen.len() >= selection.wanted && last != Some(*rank) {
                return Ok(chosen);
            }
            let sources = backwards(selection, steps, KeySet::Sparse(vec![*target]))?;
            for key in &sources {
                let counts = selection.matches.contains(key) && holds(matches, key);
                if !counts || !seen.insert(key) {
                    continue;
                }
                let Some(at) = snapshot.locate(key) else { continue };
                let candidate = selection.candidate_at(key, at)?;
                // One with a better value elsewhere may belong on a former page.
                if selection.is_after_bound(&candidate)? {
                    chosen.push(candidate);
                    last = Some(*rank);
                }
            }
        }
        (from, step) = (from + next, step * 4);
    }
    Ok(chosen)
}

/// How many matches have no value of each key that reads records.
pub(super) fn missing(selection: &Selection<'_>) -> Result<Vec<Missing>> {
    let snapshot = selection.context.snapshot;
    let mut all = Vec::new();
    for (position, key) in selection.keys.iter().enumerate() {
        let Key::Values(order, sources) = key else { continue };
        let Some(kind) = order.record else { continue };
        let mut present = KeySet::default();
        for (at, source) in sources.iter().enumerate() {
            selection.context.watch.look()?;
            let values = match position {
                0 => Cow::Borrowed(first_values(selection, order, sources)?[at].as_slice()),
                _ => Cow::Owned(all_values(selection, order, source)?),
            };
            let owners = values.iter().map(|(_, owner)| *owner).collect();
            let owners = KeySet::from_keys(owners, snapshot.universe());
            let mut here = backwards(selection, &source.steps, owners)?.and(selection.matches);
            if let Some(matches) = &source.matches {
                here = here.and(matches);
            }
            present = present.or(here, snapshot.universe());
        }
        let count = (selection.matches.len() - present.len()) as u64;
        all.push(Missing { kind, conditioned: order.conditioned, count });
    }
    Ok(all)
}

/// The values of the first key, by source: they put matches in order, and tell how many have none.
fn first_values<'v>(
    selection: &'v Selection<'_>,
    order: &Order,
    sources: &[Eligible],
) -> Result<&'v [Vec<(u64, u32)>]> {
    if let Some(known) = selection.first_values.get() {
        return Ok(known);
    }
    let values = sources.iter().map(|source| all_values(selection, order, source));
    let values = values.collect::<Result<_>>()?;
    Ok(selection.first_values.get_or_init(|| values))
}

/// The values that count, each with the resource that has it.
fn all_values(
    selection: &Selection<'_>,
    order: &Order,
    source: &Eligible,
) -> Result<Vec<(u64, u32)>> {
    selection.context.watch.look()?;
    let snapshot = selection.context.snapshot;
    let wanted_kind = order.record.map(|kind| RECORD_KIND_OFFSET + kind as u8);
    let (records, targets) = (source.records.as_deref(), source.targets.as_ref());
    let rows = records.map_or(snapshot.max_docs(), |records| records.len() * ROWS_OF_RECORD);
    let of_segments = snapshot.map_segments(rows, |number, segment| {
        let view = &segment.view;
        let mut values = Vec::new();
        let records = records.map(|records| records.of_segment(number));
        each(view, order.field, records, &mut |doc, value| {
            let counts = wanted_kind.is_none_or(|kind| view.kind(doc) == kind)
                && segment.is_alive(doc)
                && holds(targets, view.owner(doc));
            if counts {
                values.push((value, view.owner(doc)));
            }
        })?;
        Ok(values)
    })?;
    Ok(of_segments.concat())
}

/// Every value of a field in a segment, or in some of its documents, mapped to a number of the same
/// order within the segment.
fn each(
    view: &SegmentView,
    field: FieldId,
    docs: Option<&KeySet>,
    push: &mut dyn FnMut(u32, u64),
) -> tantivy::Result<()> {
    match registry::fields()[usize::from(field)].parameter.kind {
        ParameterType::Date => {
            each_row(view.dates(field)?, docs, |doc, (low_ms, _)| push(doc, ordered_i64(low_ms)));
        }
        ParameterType::Number => {
            each_row(view.numbers(field)?, docs, |doc, number| push(doc, ordered_f64(number)));
        }
        ParameterType::Quantity => each_row(view.quantities(field)?, docs, |doc, quantity| {
            push(doc, ordered_f64(quantity.canonical.low));
        }),
        ParameterType::String | ParameterType::Uri => {
            let Some(column) = view.text(field)? else { return Ok(()) };
            let mut of = |doc| column.ordinals(doc).for_each(|ordinal| push(doc, ordinal));
            match docs {
                Some(docs) => docs.iter().for_each(&mut of),
                None => (0..view.max_doc()).for_each(&mut of),
            }
        }
        ParameterType::Token
        | ParameterType::Reference
        | ParameterType::Composite
        | ParameterType::Special
        | ParameterType::Text => {}
    }
    Ok(())
}

fn each_row<T: Copy>(rows: &Rows<T>, docs: Option<&KeySet>, mut push: impl FnMut(u32, T)) {
    match docs {
        Some(docs) => {
            for doc in docs {
                rows.of(doc).iter().for_each(|value| push(doc, *value));
            }
        }
        None => rows.iter().for_each(|(doc, value)| push(doc, value)),
    }
}

/// The resources from which a chain leads to one of the targets.
fn backwards(selection: &Selection<'_>, steps: &[JoinStep], targets: KeySet) -> Result<KeySet> {
    let snapshot = selection.context.snapshot;
    let mut frontier = targets;
    for (position, step) in steps.iter().enumerate().rev() {
        if step.above {
            let part_of = field_id(step.to, "partof").expect("only hierarchies climb");
            frontier = snapshot.with_descendants(part_of, frontier)?;
        }
        let from: ResourceType =
            position.checked_sub(1).map_or(selection.base, |before| steps[before].to);
        frontier = if step.reverse {
            snapshot.referred(step.field, &frontier)?
        } else {
            snapshot.referrers(step.field, &frontier, None)?
        };
        frontier = frontier.and(snapshot.existing(from));
    }
    Ok(frontier)
}
