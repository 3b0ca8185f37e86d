//! Hot columns of a segment, decoded once into plain arrays: one row a value, in document order.
//!
//! A scan over such an array is several times faster than a range query, and the two bounds of a date
//! or the parts of a quantity stay side by side.

use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};
use tantivy::schema::Field;

use crate::param::number::NumberRange;
use crate::param::quantity::QuantityValue;
use crate::schema::column_names;

use super::sets::{BitSet, KeySet, RankedBits};

/// Where the rows of each document start: an offset table over the documents that have any.
#[derive(Debug, Default)]
struct RowIndex {
    first_doc: u32,
    /// `offsets[d - first_doc]..offsets[d - first_doc + 1]` are the rows of document `d`.
    offsets: Vec<u32>,
}

impl RowIndex {
    fn new(docs: &[u32]) -> Self {
        let (Some(&first_doc), Some(&last_doc)) = (docs.first(), docs.last()) else {
            return Self::default();
        };
        let mut offsets = Vec::with_capacity((last_doc - first_doc) as usize + 2);
        offsets.push(0);
        for (row, doc) in docs.iter().enumerate() {
            while offsets.len() <= (doc - first_doc) as usize {
                offsets.push(row as u32);
            }
            if offsets.len() == (doc - first_doc) as usize + 1 {
                offsets.push(row as u32 + 1);
            } else if let Some(end) = offsets.last_mut() {
                *end = row as u32 + 1;
            }
        }
        Self { first_doc, offsets }
    }

    fn rows(&self, doc: u32) -> std::ops::Range<usize> {
        let Some(at) = doc.checked_sub(self.first_doc).map(|at| at as usize) else { return 0..0 };
        match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => 0..0,
        }
    }
}

/// Rows of `T` with the document each belongs to.
#[derive(Debug)]
pub struct Rows<T> {
    docs: Vec<u32>,
    values: Vec<T>,
    index: RowIndex,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { docs: Vec::new(), values: Vec::new(), index: RowIndex::default() }
    }
}

impl<T: Copy> Rows<T> {
    fn new(docs: Vec<u32>, values: Vec<T>) -> Self {
        let index = RowIndex::new(&docs);
        Self { docs, values, index }
    }

    /// All rows as (document, value), by document.
    pub fn iter(&self) -> impl Iterator<Item = (u32, T)> + '_ {
        self.docs.iter().copied().zip(self.values.iter().copied())
    }

    /// Pairs the rows of two columns that have a value in the same places.
    pub(super) fn zip<U: Copy>(self, other: Rows<U>) -> Rows<(T, U)> {
        let values = self.values.into_iter().zip(other.values).collect();
        Rows { docs: self.docs, values, index: self.index }
    }

    /// The documents that have a value which holds.
    pub(super) fn docs_where(&self, holds: impl Fn(&T) -> bool) -> BitSet {
        let capacity = self.docs.last().map_or(0, |last| last + 1);
        let rows = self.docs.iter().zip(&self.values);
        BitSet::of_ascending(capacity, rows.map(|(doc, value)| (*doc, holds(value))))
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The documents that have a value, as often as they have it.
    pub(super) fn docs_with(&self, value: T) -> impl Iterator<Item = u32> + '_
    where
        T: PartialEq,
    {
        self.iter().filter(move |(_, own)| *own == value).map(|(doc, _)| doc)
    }

    /// The values of one document, in the order of the source.
    pub fn of(&self, doc: u32) -> &[T] {
        &self.values[self.index.rows(doc)]
    }
}

/// A reference column the other way round: the documents that refer to a key.
///
/// A join comes from thousands of targets to the documents that refer to them; looking these up in order
/// costs a fraction of asking every document of the country, and of a term lookup for each target.
#[derive(Debug)]
pub(super) struct ByTarget {
    /// The keys that are referred to.
    targets: RankedBits,
    /// By rank among the targets: `starts[n]..starts[n + 1]` are the documents of the `n`th.
    starts: Vec<u32>,
    docs: Vec<u32>,
}

impl ByTarget {
    /// Turns the rows of a column round.
    pub(super) fn new(references: &Rows<u32>) -> Self {
        let pair = |(doc, target): (u32, u32)| u64::from(target) << 32 | u64::from(doc);
        let mut pairs: Vec<u64> = references.iter().map(pair).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let (mut targets, mut starts) = (Vec::new(), Vec::new());
        for (row, pair) in pairs.iter().enumerate() {
            let target = (pair >> 32) as u32;
            if targets.last() != Some(&target) {
                targets.push(target);
                starts.push(row as u32);
            }
        }
        starts.push(pairs.len() as u32);
        let docs = pairs.into_iter().map(|pair| pair as u32).collect();
        Self { targets: RankedBits::new(&targets), starts, docs }
    }

    /// Calls `visit` with the documents of each of the targets, by target; a document that refers to
    /// several comes several times.
    pub(super) fn for_each_doc(&self, wanted: &KeySet, mut visit: impl FnMut(u32)) {
        self.targets.for_each_rank(wanted, |rank| {
            let docs = self.starts[rank] as usize..self.starts[rank + 1] as usize;
            self.docs[docs].iter().copied().for_each(&mut visit);
        });
    }
}

/// Decodes a column of numbers.
pub(super) fn numbers(reader: &SegmentReader, field: Field) -> tantivy::Result<Rows<f64>> {
    let column: Option<Column<f64>> = reader.fast_fields().column_opt(&column_names()[&field])?;
    Ok(decode(reader, column, |v| v))
}

/// Decodes a column of keys.
pub(super) fn keys(reader: &SegmentReader, field: Field) -> tantivy::Result<Rows<u32>> {
    let column: Option<Column<u64>> = reader.fast_fields().column_opt(&column_names()[&field])?;
    Ok(decode(reader, column, |v| v as u32))
}

/// Decodes the two bounds of a date field.
pub(super) fn dates(
    reader: &SegmentReader,
    low: Field,
    high: Field,
) -> tantivy::Result<Rows<(i64, i64)>> {
    let column = |field| reader.fast_fields().column_opt::<i64>(&column_names()[&field]);
    Ok(decode(reader, column(low)?, |v| v).zip(decode(reader, column(high)?, |v| v)))
}

/// Decodes the columns of a quantity field.
pub(super) fn quantities(
    reader: &SegmentReader,
    ranges: [Field; 4],
    hashes: [Field; 3],
) -> tantivy::Result<Rows<QuantityValue>> {
    let [low, high, canonical_low, canonical_high] = ranges.map(|field| numbers(reader, field));
    let [dimension, code, unit] = hashes.map(|field| {
        let column = reader.fast_fields().column_opt::<u64>(&column_names()[&field])?;
        Ok::<_, tantivy::TantivyError>(decode(reader, column, |v| v))
    });
    let stored = low?.zip(high?);
    let (canonical, dimension) = (canonical_low?.zip(canonical_high?).values, dimension?.values);
    let (code, unit) = (code?.values, unit?.values);
    let range = |(low, high)| NumberRange { low, high };
    let values = (0..canonical.len())
        .map(|row| QuantityValue {
            stored: range(stored.values[row]),
            canonical: range(canonical[row]),
            dimension: dimension[row],
            code: code[row],
            unit: unit[row],
        })
        .collect();
    Ok(Rows { docs: stored.docs, values, index: stored.index })
}

/// The ids of a segment's resources in memory: a page names hundreds of them, and equal sort keys are
/// told apart by them, which a block of a compressed dictionary for each would make the slowest step.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// By document: the rank of its id in the segment, or [`NO_ID`] for a record.
    ranks: Vec<u32>,
    /// By rank: where its bytes end.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

const NO_ID: u32 = u32::MAX;

impl Ids {
    /// Decodes the column.
    pub(super) fn decode(reader: &SegmentReader, field: Field) -> tantivy::Result<Self> {
        let Some(column) = reader.fast_fields().str(&column_names()[&field])? else {
            return Ok(Self::default());
        };
        let (mut ends, mut bytes) = (Vec::with_capacity(column.num_terms()), Vec::new());
        let mut stream = column.dictionary().stream()?;
        while stream.advance() {
            bytes.extend_from_slice(stream.key());
            ends.push(bytes.len() as u32);
        }
        let rank = |doc| column.ords().first(doc).map_or(NO_ID, |rank| rank as u32);
        let ranks = (0..reader.max_doc()).map(rank).collect();
        Ok(Self { ranks, ends, bytes })
    }

    /// The rank of a resource's id among those of the segment.
    pub(super) fn rank(&self, doc: u32) -> Option<u32> {
        self.ranks.get(doc as usize).copied().filter(|rank| *rank != NO_ID)
    }

    /// The id of a resource.
    pub(super) fn of(&self, doc: u32) -> Option<&str> {
        let rank = self.rank(doc)? as usize;
        let start = rank.checked_sub(1).map_or(0, |before| self.ends[before]);
        std::str::from_utf8(&self.bytes[start as usize..self.ends[rank] as usize]).ok()
    }
}

/// A column of text: an ordinal for each document, in the order of the segment's own dictionary.
#[derive(Debug)]
pub struct TextColumn {
    column: StrColumn,
}

impl TextColumn {
    /// Opens the column; `None` when no document of the segment has a value.
    pub(super) fn open(reader: &SegmentReader, field: Field) -> tantivy::Result<Option<Self>> {
        let column = reader.fast_fields().str(&column_names()[&field])?;
        Ok(column.map(|column| Self { column }))
    }

    /// All ordinals as (document, ordinal), and the text behind each ordinal.
    pub(super) fn read(&self, max_doc: u32) -> (Rows<u32>, Vec<String>) {
        let (mut docs, mut values) = (Vec::new(), Vec::new());
        for doc in 0..max_doc {
            for ordinal in self.ordinals(doc) {
                docs.push(doc);
                values.push(ordinal as u32);
            }
        }
        let texts = (0..self.column.num_terms() as u64).map(|ordinal| self.text(ordinal));
        (Rows::new(docs, values), texts.collect())
    }

    /// The ordinals of a document's values.
    pub fn ordinals(&self, doc: u32) -> impl Iterator<Item = u64> + '_ {
        self.column.ords().values_for_doc(doc)
    }

    /// The first ordinal whose text is not before `text`, and whether it is that text.
    pub fn position(&self, text: &str) -> (u64, bool) {
        let (mut low, mut high) = (0, self.column.num_terms() as u64);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.text(middle).as_str() < text {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let exact = low < self.column.num_terms() as u64 && self.text(low) == text;
        (low, exact)
    }

    /// The text behind an ordinal.
    pub fn text(&self, ordinal: u64) -> String {
        let mut text = String::new();
        let found = self.column.ord_to_str(ordinal, &mut text);
        debug_assert!(matches!(found, Ok(true)), "ordinals come from this column");
        text
    }
}

fn decode<T, U>(
    reader: &SegmentReader,
    column: Option<Column<T>>,
    convert: impl Fn(T) -> U,
) -> Rows<U>
where
    T: PartialOrd + Copy + std::fmt::Debug + Send + Sync + 'static,
    U: Copy,
{
    let (mut docs, mut values) = (Vec::new(), Vec::new());
    if let Some(column) = column {
        for doc in 0..reader.max_doc() {
            for value in column.values_for_doc(doc) {
                docs.push(doc);
                values.push(convert(value));
            }
        }
    }
    Rows::new(docs, values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rows_of_documents() {
        let rows = Rows::new(vec![3, 5, 5, 9], vec![30, 50, 51, 90]);
        for (doc, expected) in [
            (0, &[][..]),
            (3, &[30][..]),
            (4, &[]),
            (5, &[50, 51]),
            (8, &[]),
            (9, &[90]),
            (10, &[]),
        ] {
            assert_eq!(rows.of(doc), expected, "document {doc}");
        }
    }

    proptest! {
        #[test]
        fn turned_round_it_holds_the_same(
            pairs in prop::collection::btree_set((0..300u32, 0..200u32), 0..200),
            wanted in prop::collection::btree_set(0..250u32, 0..100),
        ) {
            let (docs, targets) = pairs.iter().copied().unzip();
            let by_target = ByTarget::new(&Rows::new(docs, targets));
            let mut expected: Vec<_> =
                pairs.iter().filter(|(_, target)| wanted.contains(target)).collect();
            expected.sort_unstable_by_key(|(doc, target)| (*target, *doc));
            let expected: Vec<u32> = expected.into_iter().map(|(doc, _)| *doc).collect();
            let sparse = KeySet::Sparse(wanted.iter().copied().collect());
            let dense = KeySet::from_keys(wanted.iter().copied().collect(), 1);
            for set in [sparse, dense] {
                let mut found = Vec::new();
                by_target.for_each_doc(&set, |doc| found.push(doc));
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
