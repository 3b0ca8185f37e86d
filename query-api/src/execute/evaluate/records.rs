//! Leaves → documents, and the records that satisfy several of them at once: of the whole directory, or of
//! few resources.

use std::sync::Arc;

use shared::index::{DocSet, KeySet, Rows, SegmentView};
use shared::param::date::{DateQuery, DateRange};
use shared::param::number::{NumberQuery, NumberRange};
use shared::param::quantity::{QuantityQuery, QuantityValue};
use shared::registry::{FieldId, RecordKind};
use shared::schema::RECORD_KIND_OFFSET;
use tantivy::Result;

use super::{Evaluation, FEW};
use crate::execute::distance;
use crate::plan::{Leaf, LeafTest};

impl Evaluation<'_> {
    /// The documents, of resources or of records, with a value that satisfies the leaf.
    pub(super) fn leaf_docs(&self, leaf: &Leaf) -> Result<DocSet> {
        let (snapshot, field) = (self.snapshot, leaf.field);
        match &leaf.test {
            LeafTest::Terms(terms) => snapshot.docs_with_terms(terms),
            LeafTest::Prefixes(prefixes) => snapshot.docs_with_prefixes(prefixes),
            LeafTest::Scan(prefixes, how, texts) => {
                let mut found: Option<DocSet> = None;
                for text in texts {
                    let holds = |value: &str| how.holds(value, text);
                    let docs = snapshot.docs_with_text_where(prefixes, text, holds)?;
                    found = Some(match found {
                        Some(found) => found.or(snapshot, docs),
                        None => docs,
                    });
                }
                found.map_or_else(|| snapshot.docs(|_, _| Ok(())), Ok)
            }
            LeafTest::Dates(queries) => snapshot.docs(|view, docs| {
                let rows = view.dates(field)?.iter();
                let matching = rows.filter(|(_, range)| date_holds(queries, range));
                docs.extend(matching.map(|(doc, _)| doc));
                Ok(())
            }),
            LeafTest::Numbers(queries) => snapshot.docs(|view, docs| {
                let rows = view.numbers(field)?.iter();
                let matching = rows.filter(|(_, number)| number_holds(queries, *number));
                docs.extend(matching.map(|(doc, _)| doc));
                Ok(())
            }),
            LeafTest::Quantities(queries) => snapshot.docs(|view, docs| {
                let rows = view.quantities(field)?.iter();
                let matching = rows.filter(|(_, quantity)| quantity_holds(queries, quantity));
                docs.extend(matching.map(|(doc, _)| doc));
                Ok(())
            }),
            LeafTest::InForce(instants) => snapshot.docs(|view, docs| {
                for before_ms in instants {
                    in_force(view, field, *before_ms, docs)?;
                }
                Ok(())
            }),
            LeafTest::Near(circles) => snapshot.docs(|view, docs| {
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
                snapshot.docs(|_, _| Ok(()))
            }
        }
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
        if among.len() > FEW {
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

    fn known_records(&self, kind: RecordKind, leaves: &[Leaf]) -> Option<Arc<DocSet>> {
        let is_same = |(k, l, _): &&(RecordKind, Vec<Leaf>, _)| *k == kind && l == leaves;
        self.records.iter().find(is_same).map(|(.., docs)| Arc::clone(docs))
    }

    /// The documents of few that satisfy the leaf.
    fn keep_docs(&self, docs: DocSet, leaf: &Leaf) -> Result<DocSet> {
        let (snapshot, field) = (self.snapshot, leaf.field);
        match &leaf.test {
            LeafTest::Terms(terms) => {
                snapshot.keep_docs(&docs, |view, docs| view.docs_with_any(terms, docs))
            }
            LeafTest::Dates(queries) => snapshot.keep_docs(&docs, |view, docs| {
                let holds = |range: &(i64, i64)| date_holds(queries, range);
                Ok(keep_rows(view.dates(field)?, docs, holds))
            }),
            LeafTest::Numbers(queries) => snapshot.keep_docs(&docs, |view, docs| {
                let holds = |number: &f64| number_holds(queries, *number);
                Ok(keep_rows(view.numbers(field)?, docs, holds))
            }),
            LeafTest::Quantities(queries) => snapshot.keep_docs(&docs, |view, docs| {
                let holds = |quantity: &QuantityValue| quantity_holds(queries, quantity);
                Ok(keep_rows(view.quantities(field)?, docs, holds))
            }),
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

    fn find_records(&self, kind: RecordKind, leaves: &[Leaf]) -> Result<DocSet> {
        let mut found: Option<DocSet> = None;
        for leaf in leaves.iter().filter(|leaf| !matches!(leaf.test, LeafTest::Not(_))) {
            let docs = self.leaf_docs(leaf)?;
            found = Some(match found {
                Some(found) => found.and(&docs),
                None => docs,
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
fn in_force(view: &SegmentView, field: FieldId, before_ms: i64, docs: &mut Vec<u32>) -> Result<()> {
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
