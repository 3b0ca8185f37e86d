//! Leaves → documents, and the records that satisfy several of them at once: of the whole directory, or of
//! few resources.

use std::sync::Arc;

use shared::index::{DocSet, KeySet, Rows, SegmentView};
use shared::param::date::{DateQuery, DateRange};
use shared::param::number::{NumberQuery, NumberRange};
use shared::param::quantity::{QuantityQuery, QuantityValue};
use shared::registry::{FieldId, RecordKind};
use shared::schema::RECORD_KIND_OFFSET;

use super::Evaluation;
use crate::execute::{Result, distance};
use crate::plan::{Leaf, LeafTest};

/// Looking up the values of one document costs as much as reading those of so many in a row.
const LOOKUP_SHARE: usize = 16;
/// Terms, or starts of terms, that are looked up between two looks at the clock.
const TERMS: usize = 64;

/// Values that everything is compared with between two looks at the clock.
const COMPARED: usize = 16;

impl Evaluation<'_> {
    /// The documents, of resources or of records, with a value that satisfies the leaf.
    pub(super) fn leaf_docs(&self, leaf: &Leaf) -> Result<DocSet> {
        let (snapshot, field) = (self.snapshot, leaf.field);
        match &leaf.test {
            LeafTest::Terms(terms) => {
                self.in_parts(terms, TERMS, |terms| snapshot.docs_with_terms(terms))
            }
            LeafTest::Prefixes(prefixes) => {
                self.in_parts(prefixes, TERMS, |prefixes| snapshot.docs_with_prefixes(prefixes))
            }
            LeafTest::Scan(prefixes, how, texts) => self.in_parts(texts, 1, |texts| {
                let [text] = texts else { return Ok(snapshot.no_docs()) };
                snapshot.docs_with_text_where(prefixes, text, |value| how.holds(value, text))
            }),
            LeafTest::Dates(queries) => self.in_parts(queries, COMPARED, |queries| {
                snapshot.docs_with_row(|view| view.dates(field), |range| date_holds(queries, range))
            }),
            LeafTest::Numbers(queries) => self.in_parts(queries, COMPARED, |queries| {
                let holds = |number: &f64| number_holds(queries, *number);
                snapshot.docs_with_row(|view| view.numbers(field), holds)
            }),
            LeafTest::Quantities(queries) => self.in_parts(queries, COMPARED, |queries| {
                let holds = |quantity: &QuantityValue| quantity_holds(queries, quantity);
                snapshot.docs_with_row(|view| view.quantities(field), holds)
            }),
            LeafTest::InForce(instants) => {
                self.in_each_segment(instants, |instants, view, docs| {
                    for before_ms in instants {
                        in_force(view, field, *before_ms, docs)?;
                    }
                    Ok(())
                })
            }
            LeafTest::Near(circles) => self.in_each_segment(circles, |circles, view, docs| {
                let located = circles
                    .iter()
                    .filter_map(|circle| Some((distance::center_of(circle)?, circle.radius_m())));
                view.places().within_any(&located.collect::<Vec<_>>(), docs);
                Ok(())
            }),
            LeafTest::References(_)
            | LeafTest::Below(_)
            | LeafTest::Above(_)
            | LeafTest::OpenAt(_)
            | LeafTest::Words(_)
            | LeafTest::Not(_) => {
                debug_assert!(false, "no record has references, hours or words; callers negate");
                Ok(snapshot.no_docs())
            }
        }
    }

    /// What any of many values finds, by parts of so many, with a look at the clock before each.
    fn in_parts<T>(
        &self,
        values: &[T],
        size: usize,
        find: impl Fn(&[T]) -> tantivy::Result<DocSet>,
    ) -> Result<DocSet> {
        let mut found: Option<DocSet> = None;
        for part in values.chunks(size) {
            self.watch.look()?;
            let docs = find(part)?;
            found = Some(match found {
                Some(found) => found.or(self.snapshot, docs),
                None => docs,
            });
        }
        Ok(found.unwrap_or_else(|| self.snapshot.no_docs()))
    }

    /// The same of values that are compared with all there is in a segment.
    fn in_each_segment<T: Sync>(
        &self,
        values: &[T],
        collect: impl Fn(&[T], &SegmentView, &mut Vec<u32>) -> tantivy::Result<()> + Sync,
    ) -> Result<DocSet> {
        self.in_parts(values, COMPARED, |values| {
            self.snapshot.docs(|view, docs| collect(values, view, docs))
        })
    }

    /// The record documents that satisfy all leaves, each on its own; found once a request.
    pub(in crate::execute) fn record_docs(
        &mut self,
        kind: RecordKind,
        leaves: &[Leaf],
    ) -> Result<Arc<DocSet>> {
        if let Some(docs) = self.known_records(kind, leaves) {
            return Ok(docs);
        }
        let docs = Arc::new(self.find_records(kind, leaves)?);
        self.records.push((kind, leaves.to_vec(), Arc::clone(&docs)));
        Ok(docs)
    }

    /// The same of the records of some resources; when these are many, or all are known already, of all.
    pub(in crate::execute) fn record_docs_among(
        &mut self,
        kind: RecordKind,
        leaves: &[Leaf],
        among: &KeySet,
    ) -> Result<Arc<DocSet>> {
        if !self.is_few(among) {
            return self.record_docs(kind, leaves);
        }
        if let Some(docs) = self.known_records(kind, leaves) {
            return Ok(docs);
        }
        let mut docs = self.snapshot.records_of(among, RECORD_KIND_OFFSET + kind as u8);
        for leaf in leaves {
            docs = self.keep_docs(docs, leaf)?;
        }
        Ok(Arc::new(docs))
    }

    pub(super) fn known_records(&self, kind: RecordKind, leaves: &[Leaf]) -> Option<Arc<DocSet>> {
        let is_same = |(k, l, _): &&(RecordKind, Vec<Leaf>, _)| *k == kind && l == leaves;
        self.records.iter().find(is_same).map(|(.., docs)| Arc::clone(docs))
    }

    /// The documents of few that satisfy the leaf.
    fn keep_docs(&self, docs: DocSet, leaf: &Leaf) -> Result<DocSet> {
        let (snapshot, field) = (self.snapshot, leaf.field);
        match &leaf.test {
            LeafTest::Terms(terms) => {
                Ok(snapshot.keep_docs(&docs, |view, docs| view.docs_with_any(terms, docs))?)
            }
            LeafTest::Dates(queries) => Ok(snapshot.keep_docs(&docs, |view, docs| {
                let holds = |range: &(i64, i64)| date_holds(queries, range);
                Ok(keep_rows(view.dates(field)?, docs, holds))
            })?),
            LeafTest::Numbers(queries) => Ok(snapshot.keep_docs(&docs, |view, docs| {
                let holds = |number: &f64| number_holds(queries, *number);
                Ok(keep_rows(view.numbers(field)?, docs, holds))
            })?),
            LeafTest::Quantities(queries) => Ok(snapshot.keep_docs(&docs, |view, docs| {
                let holds = |quantity: &QuantityValue| quantity_holds(queries, quantity);
                Ok(keep_rows(view.quantities(field)?, docs, holds))
            })?),
            LeafTest::Not(inner) => {
                let holding = self.keep_docs(docs.clone(), &negated(leaf.field, inner))?;
                Ok(docs.minus(&holding))
            }
            LeafTest::Prefixes(_)
            | LeafTest::Scan(..)
            | LeafTest::InForce(_)
            | LeafTest::Near(_)
            | LeafTest::References(_)
            | LeafTest::Below(_)
            | LeafTest::Above(_)
            | LeafTest::OpenAt(_)
            | LeafTest::Words(_) => Ok(docs.and(&self.leaf_docs(leaf)?)),
        }
    }

    /// Whether a leaf reads a column, and its values for the documents found so far are a small part of
    /// it: these are then looked up instead of reading the whole.
    fn is_column_among(&self, leaf: &Leaf, found: &DocSet) -> bool {
        matches!(leaf.test, LeafTest::Dates(_) | LeafTest::Numbers(_) | LeafTest::Quantities(_))
            && found.len() <= self.snapshot.max_docs() / LOOKUP_SHARE
    }

    fn find_records(&self, kind: RecordKind, leaves: &[Leaf]) -> Result<DocSet> {
        let is_wanted = |leaf: &&Leaf| !matches!(leaf.test, LeafTest::Not(_));
        let mut wanted: Vec<&Leaf> = leaves.iter().filter(is_wanted).collect();
        wanted.sort_by_key(|leaf| super::leaf_cost(leaf));
        let mut found: Option<DocSet> = None;
        for leaf in wanted {
            found = Some(match found {
                Some(found) if self.is_column_among(leaf, &found) => self.keep_docs(found, leaf)?,
                Some(found) => found.and(&self.leaf_docs(leaf)?),
                None => self.leaf_docs(leaf)?,
            });
            if found.as_ref().is_some_and(DocSet::is_empty) {
                break;
            }
        }
        let mut found = match found {
            Some(found) => found,
            None => self.snapshot.docs(|view, docs| {
                let wanted = RECORD_KIND_OFFSET + kind as u8;
                docs.extend((0..view.max_doc()).filter(|doc| view.kind(*doc) == wanted));
                Ok(())
            })?,
        };
        for leaf in leaves {
            if let LeafTest::Not(inner) = &leaf.test {
                found = found.minus(&self.leaf_docs(&negated(leaf.field, inner))?);
            }
        }
        Ok(found)
    }
}

/// The leaf that a negation denies.
pub(super) fn negated(field: FieldId, inner: &LeafTest) -> Leaf {
    Leaf { field, test: inner.clone() }
}

fn date_holds(queries: &[DateQuery], (low_ms, high_ms): &(i64, i64)) -> bool {
    let range = DateRange { low_ms: *low_ms, high_ms: *high_ms };
    queries.iter().any(|query| query.matches(range))
}

fn number_holds(queries: &[NumberQuery], number: f64) -> bool {
    queries.iter().any(|query| query.matches(NumberRange::point(number)))
}

fn quantity_holds(queries: &[QuantityQuery], quantity: &QuantityValue) -> bool {
    queries.iter().any(|query| query.matches(quantity))
}

/// Those of the documents that have a row which holds.
fn keep_rows<T: Copy>(rows: &Rows<T>, docs: &[u32], holds: impl Fn(&T) -> bool) -> Vec<u32> {
    docs.iter().copied().filter(|doc| rows.of(*doc).iter().any(&holds)).collect()
}

/// The records in force before an instant: of those of one resource with one key, the last to start.
fn in_force(
    view: &SegmentView,
    field: FieldId,
    before_ms: i64,
    docs: &mut Vec<u32>,
) -> tantivy::Result<()> {
    // Resource, key, start, document. Not the owner: a version that was replaced may stand in the same
    // segment, and its records replace nothing.
    let mut started: Vec<(u32, i64, i64, u32)> = Vec::new();
    for (doc, (start_ms, key)) in view.dates(field)?.iter() {
        if start_ms < before_ms {
            started.push((view.resource_of(doc), key, start_ms, doc));
        }
    }
    started.sort_unstable();
    for group in started.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let last_start = group.last().map(|(_, _, start_ms, _)| *start_ms);
        let in_force = group.iter().filter(|(_, _, start_ms, _)| Some(*start_ms) == last_start);
        docs.extend(in_force.map(|(_, _, _, doc)| *doc));
    }
    Ok(())
}
