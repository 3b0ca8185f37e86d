//! The order of matches: sort keys of all, a full sort of one page only.
//!
//! Text is compared by ordinals within a segment, and as text only between the few candidates that each
//! segment puts forward. `select` finds these candidates.

mod nearest;
mod select;
mod targets;
mod values;

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::sync::Arc;

use shared::index::{KeySet, Location, SegmentView, Snapshot};
use shared::registry::{self, FieldId, ParameterType, RecordKind};

use super::distance::Centers;
use super::evaluate::{Evaluation, Scores};
use super::page::{PageKeys, PageValue, ordered_f64};
use super::{PageRequest, Result};
use crate::plan::{Order, OrderKey, TypePlan};
pub(super) use nearest::{EligiblePlaces, eligible_places, nearest};
use select::Selection;
pub(super) use values::Deciding;
use values::{Eligible, best_value, eligible, values};

/// A match put forward for the page.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) key: u32,
    /// Position of its type's plan.
    pub(super) plan: usize,
    at: Location,
    values: Vec<SortValue>,
    descending: Arc<[bool]>,
}

/// The value of one sort key of one match.
#[derive(Debug, Clone, PartialEq, Eq)]
enum SortValue {
    Number(u64),
    /// By its ordinal among the texts of the match's segment.
    Ordinal(u64),
    Text(String),
    Missing,
}

impl Candidate {
    /// Its position, for the token of the next page.
    pub(super) fn position(&self, snapshot: &Snapshot) -> PageKeys {
        let values = self.values.iter().map(|value| match value {
            SortValue::Number(number) => PageValue::Number(*number),
            SortValue::Text(text) => PageValue::Text(text.clone()),
            SortValue::Missing => PageValue::Missing,
            SortValue::Ordinal(_) => {
                debug_assert!(false, "ordinals become text before they leave their segment");
                PageValue::Missing
            }
        });
        let id = snapshot.view(self.at).resource_id(self.at.doc).unwrap_or_default().to_owned();
        PageKeys { values: values.collect(), id, key: self.key }
    }
}

/// Sorts the candidates of all types and segments.
pub(super) fn sort(snapshot: &Snapshot, candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| compare(snapshot, a, b));
}

/// The first matches of one plan after the former page: at least one more than the page holds, when
/// there are as many, and from each segment, so that the order between segments is still to be settled.
pub(super) fn first(
    context: &mut Evaluation<'_>,
    plan: &TypePlan,
    number: usize,
    matches: &KeySet,
    page: &PageRequest<'_>,
) -> Result<First> {
    let wanted = page.count + 1;
    let after = page.after.map(|token| &token.keys);
    let keys = prepare(context, plan, matches)?;
    if keys.is_empty() {
        let candidates = first_by_key(context.snapshot, number, matches, after, wanted);
        return Ok(First { candidates, missing: Vec::new() });
    }
    Selection {
        context,
        base: plan.base,
        plan: number,
        descending: keys.iter().map(Key::is_descending).collect(),
        keys: &keys,
        matches,
        after,
        wanted,
        first_values: OnceCell::new(),
    }
    .first()
}

/// The matches put forward for a page.
pub(super) struct First {
    pub(super) candidates: Vec<Candidate>,
    /// What the keys that read records leave without a value.
    pub(super) missing: Vec<Missing>,
}

/// Matches that a key puts last because they have no record with a value for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) kind: RecordKind,
    /// The key has conditions of its own (`_sort:…`).
    conditioned: bool,
    /// Over all pages.
    pub(super) count: u64,
}

impl Missing {
    /// Counts those of another type in.
    pub(super) fn add(all: &mut Vec<Self>, more: Vec<Self>) {
        for (at, missing) in more.into_iter().enumerate() {
            match all.get_mut(at) {
                Some(known) => known.count += missing.count,
                None => all.push(missing),
            }
        }
    }

    /// Whether the answer speaks of it: always when the order was given conditions.
    pub(super) fn is_told(&self) -> bool {
        self.conditioned || self.count > 0
    }
}

/// Without sort keys: by resource key, which never changes.
fn first_by_key(
    snapshot: &Snapshot,
    number: usize,
    matches: &KeySet,
    after: Option<&PageKeys>,
    wanted: usize,
) -> Vec<Candidate> {
    let after = after.and_then(|keys| match keys.values.first() {
        Some(PageValue::Number(key)) => Some(*key),
        _ => None,
    });
    let descending: Arc<[bool]> = Arc::new([false]);
    matches
        .iter()
        .skip_while(|key| after.is_some_and(|after| u64::from(*key) <= after))
        .filter_map(|key| {
            let values = vec![SortValue::Number(u64::from(key))];
            let at = snapshot.locate(key)?;
            Some(Candidate { key, plan: number, at, values, descending: Arc::clone(&descending) })
        })
        .take(wanted)
        .collect()
}

fn compare(snapshot: &Snapshot, a: &Candidate, b: &Candidate) -> Ordering {
    for ((left, right), descending) in a.values.iter().zip(&b.values).zip(a.descending.iter()) {
        let order = compare_values(left, right, *descending);
        if order != Ordering::Equal {
            return order;
        }
    }
    compare_ids(snapshot, a.at, b.at).then(a.key.cmp(&b.key))
}

fn compare_values(left: &SortValue, right: &SortValue, descending: bool) -> Ordering {
    let order = match (left, right) {
        (SortValue::Missing, SortValue::Missing) => return Ordering::Equal,
        (SortValue::Missing, _) => return Ordering::Greater,
        (_, SortValue::Missing) => return Ordering::Less,
        (SortValue::Number(a), SortValue::Number(b))
        | (SortValue::Ordinal(a), SortValue::Ordinal(b)) => a.cmp(b),
        (SortValue::Text(a), SortValue::Text(b)) => a.cmp(b),
        _ => {
            debug_assert!(false, "one key gives one kind of value: {left:?} {right:?}");
            Ordering::Equal
        }
    };
    if descending { order.reverse() } else { order }
}

fn compare_ids(snapshot: &Snapshot, a: Location, b: Location) -> Ordering {
    if a.segment == b.segment {
        let view = snapshot.view(a);
        return view.id_rank(a.doc).cmp(&view.id_rank(b.doc));
    }
    snapshot.view(a).resource_id(a.doc).cmp(&snapshot.view(b).resource_id(b.doc))
}

/// The end of the former page, in the terms of one segment's candidates.
struct Bound {
    values: Vec<PageValue>,
    id: String,
    key: u32,
    descending: Vec<bool>,
    /// For text keys: the ordinal at or after the bound's text, and whether it is that text.
    ordinals: Vec<Option<(u64, bool)>>,
}

impl Bound {
    fn new(view: &SegmentView, keys: &[Key], after: &PageKeys) -> Result<Self> {
        let mut ordinals = Vec::with_capacity(keys.len());
        for (key, value) in keys.iter().zip(&after.values) {
            let ordinal = match (key, value) {
                (Key::Text(field, _), PageValue::Text(text)) => {
                    view.text(*field)?.map(|column| column.position(text))
                }
                _ => None,
            };
            ordinals.push(ordinal);
        }
        Ok(Self {
            values: after.values.clone(),
            id: after.id.clone(),
            key: after.key,
            descending: keys.iter().map(Key::is_descending).collect(),
            ordinals,
        })
    }

    /// Whether the bound comes before the candidate.
    fn is_before(&self, snapshot: &Snapshot, candidate: &Candidate) -> bool {
        for (at, value) in candidate.values.iter().enumerate() {
            let Some(bound) = self.values.get(at) else { break };
            let order = match (value, bound, self.ordinals[at]) {
                (SortValue::Ordinal(ordinal), PageValue::Text(_), Some((position, exact))) => {
                    let order = ordinal.cmp(&position);
                    let is_after = order == Ordering::Equal && !exact;
                    let order = if is_after { Ordering::Greater } else { order };
                    if self.descending[at] { order.reverse() } else { order }
                }
                (value, PageValue::Number(number), _) => {
                    compare_values(value, &SortValue::Number(*number), self.descending[at])
                }
                (value, PageValue::Text(text), _) => {
                    compare_values(value, &SortValue::Text(text.clone()), self.descending[at])
                }
                (value, PageValue::Missing, _) => {
                    compare_values(value, &SortValue::Missing, self.descending[at])
                }
            };
            if order != Ordering::Equal {
                return order == Ordering::Greater;
            }
        }
        let id = snapshot.view(candidate.at).resource_id(candidate.at.doc);
        id.is_some_and(|id| (id, candidate.key) > (self.id.as_str(), self.key))
    }
}

impl Bound {
    /// The rank of its first key.
    fn rank(&self) -> u64 {
        let value = match (self.values.first(), self.ordinals.first()) {
            (_, Some(Some((position, _)))) => SortValue::Ordinal(*position),
            (Some(PageValue::Number(number)), _) => SortValue::Number(*number),
            (Some(PageValue::Text(text)), _) => SortValue::Text(text.clone()),
            (Some(PageValue::Missing) | None, _) => SortValue::Missing,
        };
        rank(&value, self.descending.first().copied().unwrap_or(false))
    }
}

/// A number in the order of a key's values, the first in the order least; unequal values may share one,
/// never in the wrong order. The missing have the greatest.
fn rank(value: &SortValue, descending: bool) -> u64 {
    let rank = match value {
        SortValue::Missing => return u64::MAX,
        SortValue::Number(number) | SortValue::Ordinal(number) => *number,
        SortValue::Text(text) => {
            let mut start = [0; 8];
            let length = text.len().min(start.len());
            start[..length].copy_from_slice(&text.as_bytes()[..length]);
            u64::from_be_bytes(start)
        }
    };
    // One place is kept for the missing; neighbors stay apart, whichever way.
    let last = u64::MAX - 1;
    if descending { last.saturating_sub(rank) } else { rank.min(last) }
}

/// A sort key, ready to be asked for values.
enum Key {
    /// A text of the match itself, by ordinal.
    Text(FieldId, bool),
    /// Values found by the general way: records, chains, numbers, dates.
    Values(Box<Order>, Vec<Eligible>),
    /// Distance of the nearest eligible place.
    Distance {
        places: Vec<EligiblePlaces>,
        centers: Centers,
        descending: bool,
    },
    Score(Scores),
}

fn holds(set: Option<&Arc<KeySet>>, key: u32) -> bool {
    set.is_none_or(|set| set.contains(key))
}

/// The text of a document that counts, by its ordinal in the segment.
fn own_text(
    view: &SegmentView,
    field: FieldId,
    descending: bool,
    doc: u32,
) -> tantivy::Result<SortValue> {
    let ordinals = view.text(field)?.into_iter().flat_map(|column| column.ordinals(doc));
    let best = if descending { ordinals.max() } else { ordinals.min() };
    Ok(best.map_or(SortValue::Missing, SortValue::Ordinal))
}

impl Key {
    fn is_descending(&self) -> bool {
        match self {
            Self::Text(_, descending) | Self::Distance { descending, .. } => *descending,
            Self::Values(order, _) => order.descending,
            Self::Score(_) => true,
        }
    }

    fn value(&self, context: &Evaluation<'_>, key: u32, at: Location) -> Result<SortValue> {
        match self {
            Self::Text(field, descending) => {
                Ok(own_text(context.snapshot.view(at), *field, *descending, at.doc)?)
            }
            Self::Values(order, eligible) => best_value(context, order, eligible, key),
            Self::Distance { places, centers, .. } => {
                let nearest = nearest(context, places, centers, key)?;
                Ok(nearest.map_or(SortValue::Missing, |(d, _)| SortValue::Number(ordered_f64(d))))
            }
            Self::Score(scores) => {
                let score = context.score(scores, key)?;
                Ok(SortValue::Number(ordered_f64(f64::from(score))))
            }
        }
    }
}

fn prepare(context: &mut Evaluation<'_>, plan: &TypePlan, matches: &KeySet) -> Result<Vec<Key>> {
    let mut keys = Vec::with_capacity(plan.order.len());
    for key in &plan.order {
        match key {
            OrderKey::Score => keys.extend(context.scores(plan)?.map(Key::Score)),
            OrderKey::Distance { sources, descending } => {
                // Nothing has a distance from nowhere.
                if let Some(centers) = Centers::of(&plan.centers) {
                    let places = eligible_places(context, plan, sources, matches)?;
                    keys.push(Key::Distance { places, centers, descending: *descending });
                }
            }
            OrderKey::Field(order) => {
                let kind = registry::fields()[usize::from(order.field)].parameter.kind;
                let is_text = matches!(kind, ParameterType::String | ParameterType::Uri);
                if is_text && order.sources.iter().all(|source| source.steps.is_empty()) {
                    keys.push(Key::Text(order.field, order.descending));
                    continue;
                }
                let eligible = eligible(context, plan, order, matches)?;
                keys.push(Key::Values(Box::new(order.clone()), eligible));
            }
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_in_order_and_apart() {
        for descending in [false, true] {
            let of = |ordinal| rank(&SortValue::Ordinal(ordinal), descending);
            let ranks: Vec<u64> = (0..4).map(of).collect();
            let in_order = |pair: &[u64]| (pair[0] < pair[1]) != descending && pair[0] != pair[1];
            assert!(ranks.windows(2).all(in_order), "descending {descending}: {ranks:?}");
            assert!(ranks.iter().all(|rank| *rank < rank_of_missing(descending)));
        }
    }

    fn rank_of_missing(descending: bool) -> u64 {
        rank(&SortValue::Missing, descending)
    }
}
