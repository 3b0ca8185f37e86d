//! What is counted: codes, numbers by bands, distances by rings.

use std::collections::HashMap;
use std::sync::Arc;

use shared::geo::{Point, distance_m};
use shared::index::{CodeColumn, KeySet, Location, Rows, Snapshot};
use shared::param::token::StoredCode;
use shared::registry::FieldId;

use super::{CodeField, HoldOn};
use crate::execute::Result;

/// Counters of matches, each of a match at most once.
pub(super) trait Tally {
    /// Counts the values of a document for a match; tells whether there are any. All calls for one match
    /// come together.
    fn count(&mut self, key: u32, at: Location) -> bool;

    /// The calls to come are for another target.
    fn begin_target(&mut self) {}
}

/// Buckets of matches.
#[derive(Debug)]
struct Buckets {
    counts: Vec<u64>,
    /// By bucket: one more than the key of the match counted last, 0 for none.
    last: Vec<u64>,
}

impl Buckets {
    fn new(length: usize) -> Self {
        Self { counts: vec![0; length], last: vec![0; length] }
    }

    fn add(&mut self, bucket: usize, key: u32) {
        let mark = u64::from(key) + 1;
        if self.last[bucket] != mark {
            self.last[bucket] = mark;
            self.counts[bucket] += 1;
        }
    }
}

/// A code that is not counted.
const LEFT_OUT: u32 = u32::MAX;

/// The columns of a field in all segments, with one numbering of their codes.
pub(super) struct Codes {
    /// By segment, then by class: the column, and the number of each of its codes.
    columns: Vec<Vec<(Arc<CodeColumn>, Vec<u32>)>>,
    /// The codes, by number.
    pub(super) codes: Vec<StoredCode>,
}

impl Codes {
    pub(super) fn read(snapshot: &Snapshot, field: CodeField<'_>) -> Result<Self> {
        let mut numbers: HashMap<StoredCode, u32> = HashMap::new();
        let mut codes = Vec::new();
        let mut columns = Vec::with_capacity(snapshot.segments().len());
        for segment in snapshot.segments() {
            let mut of_segment = Vec::with_capacity(field.classes.len());
            for class in field.classes {
                let column = segment.view.codes(field.field, *class)?;
                let number = |stored: &StoredCode| {
                    if field.system.is_some_and(|system| stored.system != system) {
                        return LEFT_OUT;
                    }
                    let mut stored = stored.clone();
                    if field.in_any_system {
                        stored.system.clear();
                    }
                    *numbers.entry(stored).or_insert_with_key(|stored| {
                        codes.push(stored.clone());
                        codes.len() as u32 - 1
                    })
                };
                let known = column.codes().iter().map(number).collect();
                of_segment.push((column, known));
            }
            columns.push(of_segment);
        }
        Ok(Self { columns, codes })
    }

    /// The numbers of a document's codes; one may come twice.
    pub(super) fn of(&self, at: Location) -> impl Iterator<Item = u32> + '_ {
        self.columns[at.segment as usize]
            .iter()
            .flat_map(move |(column, known)| column.of(at.doc).iter().map(|c| known[*c as usize]))
            .filter(|number| *number != LEFT_OUT)
    }

    /// Visits every document of a segment that has codes, with the number of each of these; all of one
    /// document come together, and one may come twice.
    fn for_each(&self, segment: usize, mut visit: impl FnMut(u32, u32)) {
        let columns = &self.columns[segment];
        if let [(column, known)] = columns.as_slice() {
            return column.iter().for_each(|(doc, code)| visit(doc, known[code as usize]));
        }
        let mut docs: Vec<u32> =
            columns.iter().flat_map(|(column, _)| column.iter().map(|(doc, _)| doc)).collect();
        docs.sort_unstable();
        docs.dedup();
        for doc in docs {
            self.of(Location { segment: segment as u32, doc })
                .for_each(|number| visit(doc, number));
        }
    }
}

/// Counts of codes.
pub(super) struct CodeTally {
    codes: Codes,
    buckets: Buckets,
}

impl CodeTally {
    pub(super) fn new(snapshot: &Snapshot, field: CodeField<'_>) -> Result<Self> {
        let codes = Codes::read(snapshot, field)?;
        let buckets = Buckets::new(codes.codes.len());
        Ok(Self { codes, buckets })
    }

    /// Counts the codes of the matches' own documents by reading all codes in order, which is less work
    /// than looking up each match where many of the documents match; tells how many matches have any.
    pub(super) fn count_own(&mut self, snapshot: &Snapshot, matches: &KeySet) -> Result<u64> {
        let (codes, length) = (&self.codes, self.buckets.counts.len());
        let of_segments = snapshot.map_segments(snapshot.max_docs(), |number, segment| {
            let (mut buckets, mut with_value) = (Buckets::new(length), 0);
            let (mut present, mut is_match, mut has_value) = (None, false, false);
            codes.for_each(number, |doc, number| {
                if present != Some(doc) {
                    present = Some(doc);
                    is_match = matches.contains(segment.view.owner(doc)) && segment.is_alive(doc);
                    has_value = false;
                }
                if is_match && number != LEFT_OUT {
                    buckets.add(number as usize, doc);
                    with_value += u64::from(!has_value);
                    has_value = true;
                }
            });
            Ok((buckets.counts, with_value))
        })?;
        let mut with_value = 0;
        for (counts, more) in of_segments {
            with_value += more;
            for (count, more) in self.buckets.counts.iter_mut().zip(counts) {
                *count += more;
            }
        }
        Ok(with_value)
    }

    /// The codes that some match has.
    pub(super) fn counts(self) -> Vec<(StoredCode, u64)> {
        let counts = self.codes.codes.into_iter().zip(self.buckets.counts);
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

impl Tally for CodeTally {
    fn count(&mut self, key: u32, at: Location) -> bool {
        let mut any = false;
        for number in self.codes.of(at) {
            self.buckets.add(number as usize, key);
            any = true;
        }
        any
    }
}

/// Counts of numbers by bands.
pub(super) struct BandTally<'a> {
    /// By segment.
    columns: Vec<&'a Rows<f64>>,
    edges: &'a [f64],
    /// What the two bounds of a band hold on.
    hold_on: HoldOn,
    /// Where that is no number: the present match, with the least and greatest number of what they hold on.
    extremes: Option<(u32, f64, f64)>,
    buckets: Buckets,
}

impl<'a> BandTally<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        field: FieldId,
        edges: &'a [f64],
        hold_on: HoldOn,
    ) -> Result<Self> {
        let segments = snapshot.segments().iter();
        let columns =
            segments.map(|segment| segment.view.numbers(field)).collect::<tantivy::Result<_>>()?;
        let buckets = Buckets::new(edges.len() + 1);
        Ok(Self { columns, edges, hold_on, extremes: None, buckets })
    }

    pub(super) fn counts(mut self) -> Vec<u64> {
        self.count_extremes();
        self.buckets.counts
    }

    /// Some number is below the upper bound and some, maybe another, reaches the lower one.
    fn count_extremes(&mut self) {
        let Some((key, low, high)) = self.extremes.take() else { return };
        let (first, last) = (self.band(low), self.band(high));
        (first..=last).for_each(|band| self.buckets.add(band, key));
    }

    fn band(&self, number: f64) -> usize {
        self.edges.partition_point(|edge| *edge <= number)
    }
}

impl Tally for BandTally<'_> {
    fn begin_target(&mut self) {
        if self.hold_on == HoldOn::Target {
            self.count_extremes();
        }
    }

    fn count(&mut self, key: u32, at: Location) -> bool {
        let numbers = self.columns[at.segment as usize].of(at.doc);
        for number in numbers {
            if self.hold_on == HoldOn::Number {
                self.buckets.add(self.band(*number), key);
                continue;
            }
            match &mut self.extremes {
                Some((present, least, greatest)) if *present == key => {
                    (*least, *greatest) = (least.min(*number), greatest.max(*number));
                }
                _ => {
                    self.count_extremes();
                    self.extremes = Some((key, *number, *number));
                }
            }
        }
        !numbers.is_empty()
    }
}

/// Counts of places by distance.
pub(super) struct RingTally<'a> {
    snapshot: &'a Snapshot,
    center: Point,
    radii_m: &'a [f64],
    buckets: Buckets,
}

impl<'a> RingTally<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, center: Point, radii_m: &'a [f64]) -> Self {
        Self { snapshot, center, radii_m, buckets: Buckets::new(radii_m.len()) }
    }

    pub(super) fn counts(self) -> Vec<u64> {
        self.buckets.counts
    }
}

impl Tally for RingTally<'_> {
    fn count(&mut self, key: u32, at: Location) -> bool {
        let Some(point) = self.snapshot.view(at).point(at.doc) else { return false };
        let distance_m = distance_m(self.center, point);
        let rings = self.radii_m.iter().enumerate();
        for (ring, _) in rings.filter(|(_, radius_m)| distance_m <= **radius_m) {
            self.buckets.add(ring, key);
        }
        true
    }
}
