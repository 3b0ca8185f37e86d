//! From all matches to the few that may stand on the page.
//!
//! Three ways to the same candidates. In general every match is given the rank of its first key, and only
//! those that can be among the first become candidates with all their values. Where many match and the
//! first key is a value of theirs, the documents of a segment are walked in that value's order, which is
//! kept with the segment. Where the first key is a value of what the matches refer to, the targets are
//! walked (`targets`).

use std::cell::OnceCell;
use std::sync::Arc;

use shared::fhir::ResourceType;
use shared::index::{KeySet, Location, SegmentView};
use shared::registry::{self, FieldId, ParameterType};

use super::{
    Bound, Candidate, First, Key, SortValue, compare, compare_values, own_text, rank, targets,
    values,
};
use crate::execute::Result;
use crate::execute::evaluate::Evaluation;
use crate::execute::page::PageKeys;
use crate::plan::Predicate;

/// What candidates are selected from, and how many.
pub(super) struct Selection<'s> {
    pub(super) context: &'s Evaluation<'s>,
    pub(super) base: ResourceType,
    /// Position of the plan.
    pub(super) plan: usize,
    /// At least one.
    pub(super) keys: &'s [Key],
    pub(super) descending: Arc<[bool]>,
    pub(super) matches: &'s KeySet,
    /// Where the former page ended.
    pub(super) after: Option<&'s PageKeys>,
    pub(super) wanted: usize,
    /// The values of the first key, once `targets` has read them: by source, each with its resource.
    pub(super) first_values: OnceCell<Vec<Vec<(u64, u32)>>>,
}

/// A match before its values are read.
#[derive(Debug, Clone, Copy)]
struct Row {
    rank: u64,
    key: u32,
    doc: u32,
}

impl Selection<'_> {
    /// The candidates, and how many matches have no value.
    pub(super) fn first(&self) -> Result<First> {
        Ok(First { candidates: self.candidates()?, missing: targets::missing(self)? })
    }

    fn candidates(&self) -> Result<Vec<Candidate>> {
        if let Some(candidates) = targets::first(self)? {
            return Ok(candidates);
        }
        let walked = self.keys[0].own_field().filter(|_| self.is_dense());
        let mut first = Vec::new();
        if let Some(field) = walked {
            for segment in 0..self.context.snapshot.segments().len() {
                first.extend(self.walk(segment, field)?);
            }
        } else {
            for (segment, rows) in self.rows()?.into_iter().enumerate() {
                first.extend(self.cut(segment, rows)?);
            }
        }
        Ok(first)
    }

    /// Whether walking documents in order finds enough matches sooner than looking at every match.
    fn is_dense(&self) -> bool {
        let (all, matches) = (self.context.snapshot.existing(self.base).len(), self.matches.len());
        matches.saturating_mul(matches) > all.saturating_mul(self.wanted)
    }

    /// Every match with the rank of its first key, by segment.
    fn rows(&self) -> Result<Vec<Vec<Row>>> {
        let snapshot = self.context.snapshot;
        let mut rows = vec![Vec::new(); snapshot.segments().len()];
        for key in self.matches {
            self.context.watch.step()?;
            let Some(at) = snapshot.locate(key) else { continue };
            let value = self.keys[0].value(self.context, key, at)?;
            let rank = rank(&value, self.descending[0]);
            rows[at.segment as usize].push(Row { rank, key, doc: at.doc });
        }
        Ok(rows)
    }

    /// The candidates among the matches of a segment.
    fn cut(&self, segment: usize, mut rows: Vec<Row>) -> Result<Vec<Candidate>> {
        let mut chosen = Vec::new();
        if let Some(bound) = self.bound(segment)? {
            let edge = bound.rank();
            let mut later = Vec::new();
            for row in rows {
                if row.rank > edge {
                    later.push(row);
                } else if row.rank == edge {
                    let candidate = self.candidate(segment, row.key, row.doc)?;
                    if bound.is_before(self.context.snapshot, &candidate) {
                        chosen.push(candidate);
                    }
                }
            }
            rows = later;
        }
        let missing = self.wanted.saturating_sub(chosen.len());
        if rows.len() > missing && missing > 0 {
            if self.is_told_by_rank() {
                let view = &self.context.snapshot.segments()[segment].view;
                let place = |row: &Row| (row.rank, view.id_rank(row.doc), row.key);
                rows.select_nth_unstable_by_key(missing - 1, place);
                rows.truncate(missing);
            } else {
                let (_, last, _) = rows.select_nth_unstable_by_key(missing - 1, |row| row.rank);
                let edge = last.rank;
                rows.retain(|row| row.rank <= edge);
            }
        }
        if missing > 0 {
            for row in rows {
                chosen.push(self.candidate(segment, row.key, row.doc)?);
            }
        }
        self.finish(chosen)
    }

    /// Whether rank and id put a match in its place within its segment: its one value is a number, and
    /// only the greatest share their ranks with one another.
    fn is_told_by_rank(&self) -> bool {
        matches!(self.keys, [Key::Distance { .. } | Key::Score(_)])
    }

    /// The candidates of a segment, by walking its documents in the order of the first key.
    fn walk(&self, segment: usize, field: FieldId) -> Result<Vec<Candidate>> {
        let snapshot = self.context.snapshot;
        let here = &snapshot.segments()[segment];
        let descending = self.descending[0];
        let docs = here
            .view
            .sorted((field, descending), |view| sorted(view, self.base, field, descending))?;
        let bound = self.bound(segment)?;
        let start = match &bound {
            None => 0,
            Some(bound) => {
                let edge = bound.rank();
                let is_before = |doc: &u32| {
                    own_rank(&here.view, field, descending, *doc).is_ok_and(|rank| rank < edge)
                };
                docs.partition_point(is_before)
            }
        };
        let mut chosen: Vec<Candidate> = Vec::new();
        for doc in &docs[start..] {
            self.context.watch.step()?;
            let key = here.view.owner(*doc);
            if !here.is_alive(*doc) || !self.matches.contains(key) {
                continue;
            }
            let candidate = self.candidate(segment, key, *doc)?;
            // The documents stand by the first key and their ids: with one key, that is the order.
            let is_full = chosen.len() >= self.wanted;
            let is_tied =
                |last: &Candidate| self.keys.len() > 1 && last.values[0] == candidate.values[0];
            if is_full && !chosen.last().is_some_and(is_tied) {
                break;
            }
            if bound.as_ref().is_none_or(|bound| bound.is_before(snapshot, &candidate)) {
                chosen.push(candidate);
            }
        }
        self.finish(chosen)
    }

    /// Keeps as many as are wanted.
    fn finish(&self, mut chosen: Vec<Candidate>) -> Result<Vec<Candidate>> {
        let snapshot = self.context.snapshot;
        if chosen.len() > self.wanted {
            chosen.select_nth_unstable_by(self.wanted - 1, |a, b| compare(snapshot, a, b));
            chosen.truncate(self.wanted);
        }
        self.texts(&mut chosen)?;
        Ok(chosen)
    }

    /// Gives texts for ordinals, which mean nothing in another segment.
    pub(super) fn texts(&self, chosen: &mut [Candidate]) -> Result<()> {
        let snapshot = self.context.snapshot;
        for candidate in chosen {
            for (key, value) in self.keys.iter().zip(&mut candidate.values) {
                if let (SortValue::Ordinal(ordinal), Key::Text(field, _)) = (&*value, key) {
                    let text = snapshot.view(candidate.at).text(*field)?;
                    *value = text.map_or(SortValue::Missing, |t| SortValue::Text(t.text(*ordinal)));
                }
            }
        }
        Ok(())
    }

    /// Whether a match comes after the former page.
    pub(super) fn is_after_bound(&self, candidate: &Candidate) -> Result<bool> {
        let bound = self.bound(candidate.at.segment as usize)?;
        Ok(bound.is_none_or(|bound| bound.is_before(self.context.snapshot, candidate)))
    }

    /// The rank of the first key where the former page ended, for a key without ordinals.
    pub(super) fn edge(&self) -> Result<u64> {
        Ok(self.bound(0)?.map_or(0, |bound| bound.rank()))
    }

    /// The end of the former page, in the terms of a segment.
    fn bound(&self, segment: usize) -> Result<Option<Bound>> {
        let view = &self.context.snapshot.segments()[segment].view;
        self.after.map(|after| Bound::new(view, self.keys, after)).transpose()
    }

    fn candidate(&self, segment: usize, key: u32, doc: u32) -> Result<Candidate> {
        self.candidate_at(key, Location { segment: segment as u32, doc })
    }

    /// A match with all its values.
    pub(super) fn candidate_at(&self, key: u32, at: Location) -> Result<Candidate> {
        self.context.watch.step()?;
        let values = self.keys.iter().map(|k| k.value(self.context, key, at));
        Ok(Candidate {
            key,
            plan: self.plan,
            at,
            values: values.collect::<Result<_>>()?,
            descending: Arc::clone(&self.descending),
        })
    }
}

impl Key {
    /// The field, when every match has its own value of it, whatever it matches by.
    fn own_field(&self) -> Option<FieldId> {
        match self {
            Self::Text(field, _) => Some(*field),
            Self::Values(order, _) => {
                let is_own = order.record.is_none()
                    && order.sources.iter().all(|source| {
                        source.steps.is_empty()
                            && source.matches == Predicate::All
                            && source.target == Predicate::All
                    });
                let parameter = registry::fields()[usize::from(order.field)].parameter;
                (is_own && parameter.takes_prefix()).then_some(order.field)
            }
            Self::Distance { .. } | Self::Score(_) => None,
        }
    }
}

/// The documents of a type in a segment, deleted ones included, by the rank of a field and by id.
fn sorted(
    view: &SegmentView,
    base: ResourceType,
    field: FieldId,
    descending: bool,
) -> tantivy::Result<Vec<u32>> {
    let mut docs = Vec::new();
    for doc in 0..view.max_doc() {
        if usize::from(view.kind(doc)) == base.index() {
            docs.push((own_rank(view, field, descending, doc)?, view.id_rank(doc), doc));
        }
    }
    docs.sort_unstable();
    Ok(docs.into_iter().map(|(_, _, doc)| doc).collect())
}

/// The rank of a document's own value.
fn own_rank(
    view: &SegmentView,
    field: FieldId,
    descending: bool,
    doc: u32,
) -> tantivy::Result<u64> {
    let definition = registry::fields()[usize::from(field)];
    let value = if matches!(definition.parameter.kind, ParameterType::String | ParameterType::Uri) {
        own_text(view, field, descending, doc)?
    } else {
        let values = values(view, field, doc)?.into_iter();
        values.min_by(|a, b| compare_values(a, b, descending)).unwrap_or(SortValue::Missing)
    };
    Ok(rank(&value, descending))
}
