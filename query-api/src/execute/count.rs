//! Counting instead of paging: the values of a field over the matches of a search, by one scan of decoded
//! columns.
//!
//! A match counts once for each value, whatever the number of targets and records it has the value from:
//! all visits of one match come together, and every bucket remembers the last match it counted.

mod capacity;
mod tally;

use std::sync::Arc;

use shared::access::VisibilityClass;
use shared::fhir::ResourceType;
use shared::geo::Point;
use shared::index::{DocSet, KeySet, Location, Snapshot};
use shared::param::token::StoredCode;
use shared::registry::{FieldId, RecordKind};

use super::evaluate::Evaluation;
use super::{Identify, Result};
use crate::engine::Deadline;
use crate::plan::{JoinStep, Predicate, Source};

pub(crate) use capacity::{CapacityGroup, CapacitySum};
use tally::{BandTally, CodeTally, RingTally, Tally};

/// Looking up the codes of one match costs as much as reading those of so many documents in order.
/// Tests have small directories.
const LOOKUP_SHARE: usize = if cfg!(test) { 3 } else { 48 };

/// A field whose codes are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeField<'a> {
    /// The field.
    pub(crate) field: FieldId,
    /// The record that holds its values, if one does.
    pub(crate) record: Option<RecordKind>,
    /// The classes of its values that the caller sees.
    pub(crate) classes: &'a [VisibilityClass],
    /// Only codes of this system.
    pub(crate) system: Option<&'a str>,
    /// Codes count by themselves, in whatever system.
    pub(crate) in_any_system: bool,
}

/// A field whose numbers are counted by bands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bands<'a> {
    /// The field.
    pub(crate) field: FieldId,
    /// The record that holds its values, if one does.
    pub(crate) record: Option<RecordKind>,
    /// Below the first, from each up to the next, from the last on.
    pub(crate) edges: &'a [f64],
    /// What both bounds of a band hold on.
    pub(crate) hold_on: HoldOn,
}

/// What the bounds of a band hold on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HoldOn {
    /// One number.
    Number,
    /// One target, each on some number of it.
    Target,
    /// The match, each on some number of some target.
    Match,
}

/// What was counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<T> {
    /// Number of matches.
    pub(crate) matches: u64,
    /// Number of those with a value.
    pub(crate) with_value: u64,
    /// The counts.
    pub(crate) counts: T,
}

/// The counts of one search, on one snapshot. What facets share is evaluated once.
pub(crate) struct Counting<'a> {
    context: Evaluation<'a>,
}

/// A source, evaluated.
struct Place {
    matches: Arc<KeySet>,
    steps: Vec<JoinStep>,
    /// The targets that count; `None` for all.
    targets: Option<Arc<KeySet>>,
    /// The records that count; `None` for all.
    records: Option<Arc<DocSet>>,
}

impl Place {
    /// Visits the documents of a target that hold values: the target's own, or its records.
    fn for_each_doc(
        &self,
        snapshot: &Snapshot,
        at: Location,
        record: Option<RecordKind>,
        mut visit: impl FnMut(u32),
    ) {
        if record.is_none() {
            return visit(at.doc);
        }
        let records = snapshot.view(at).records(at.doc);
        match &self.records {
            None => records.for_each(visit),
            Some(wanted) => {
                let wanted = wanted.of_segment(at.segment as usize);
                records.filter(|doc| wanted.contains(*doc)).for_each(&mut visit);
            }
        }
    }
}

impl<'a> Counting<'a> {
    /// Counts on `snapshot`, until `deadline` at most.
    pub(crate) fn new(snapshot: &'a Snapshot, identify: Identify<'a>, deadline: Deadline) -> Self {
        Self { context: Evaluation::new(snapshot, identify, deadline, false) }
    }

    /// The number of matches of a predicate.
    pub(crate) fn total(&mut self, base: ResourceType, predicate: &Predicate) -> Result<u64> {
        Ok(self.context.all_keys(base, predicate)?.len() as u64)
    }

    /// Counts codes.
    pub(crate) fn codes(
        &mut self,
        base: ResourceType,
        sources: &[Source],
        field: CodeField<'_>,
    ) -> Result<Counted<Vec<(StoredCode, u64)>>> {
        let places = self.places(base, sources, field.record)?;
        let snapshot = self.context.snapshot;
        let mut tally = CodeTally::new(snapshot, field)?;
        if let ([Place { matches, steps, .. }], None) = (places.as_slice(), field.record)
            && steps.is_empty()
            && matches.len() > snapshot.max_docs() / LOOKUP_SHARE
        {
            let with_value = tally.count_own(snapshot, matches)?;
            return Ok(Counted {
                matches: matches.len() as u64,
                with_value,
                counts: tally.counts(),
            });
        }
        let (matches, with_value) = self.tally(&places, field.record, &mut tally)?;
        Ok(Counted { matches, with_value, counts: tally.counts() })
    }

    /// Counts numbers by bands.
    pub(crate) fn bands(
        &mut self,
        base: ResourceType,
        sources: &[Source],
        bands: Bands<'_>,
    ) -> Result<Counted<Vec<u64>>> {
        let Bands { field, record, edges, hold_on } = bands;
        let places = self.places(base, sources, record)?;
        let mut tally = BandTally::new(self.context.snapshot, field, edges, hold_on)?;
        let (matches, with_value) = self.tally(&places, record, &mut tally)?;
        Ok(Counted { matches, with_value, counts: tally.counts() })
    }

    /// Counts places within each of the distances around a point, in meters.
    pub(crate) fn rings(
        &mut self,
        base: ResourceType,
        sources: &[Source],
        center: Point,
        radii_m: &[f64],
    ) -> Result<Counted<Vec<u64>>> {
        let places = self.places(base, sources, None)?;
        let mut tally = RingTally::new(self.context.snapshot, center, radii_m);
        let (matches, with_value) = self.tally(&places, None, &mut tally)?;
        Ok(Counted { matches, with_value, counts: tally.counts() })
    }

    fn places(
        &mut self,
        base: ResourceType,
        sources: &[Source],
        record: Option<RecordKind>,
    ) -> Result<Vec<Place>> {
        let mut places = Vec::with_capacity(sources.len());
        for source in sources {
            let target = source.steps.last().map_or(base, |step| step.to);
            let targets = if source.target == Predicate::All {
                None
            } else {
                Some(self.context.all_keys(target, &source.target)?)
            };
            let records = match (record, source.record.is_empty()) {
                (Some(kind), false) => Some(self.context.record_docs(kind, &source.record)?),
                _ => None,
            };
            let matches = self.context.all_keys(base, &source.matches)?;
            places.push(Place { matches, steps: source.steps.clone(), targets, records });
        }
        Ok(places)
    }

    /// Counts over all places: the number of matches, and of those with a value.
    fn tally(
        &self,
        places: &[Place],
        record: Option<RecordKind>,
        tally: &mut impl Tally,
    ) -> Result<(u64, u64)> {
        let snapshot = self.context.snapshot;
        let (mut last, mut with_value) = (None, 0);
        self.for_each_target(places, |key, place, at| {
            let mut has_value = false;
            tally.begin_target();
            place.for_each_doc(snapshot, at, record, |doc| {
                has_value |= tally.count(key, Location { doc, ..at });
            });
            if has_value && last != Some(key) {
                last = Some(key);
                with_value += 1;
            }
        })?;
        let matches = if let [only] = places {
            only.matches.len()
        } else {
            let all = places.iter().fold(KeySet::default(), |all, place| {
                all.or(KeySet::clone(&place.matches), snapshot.universe())
            });
            all.len()
        };
        Ok((matches as u64, with_value))
    }

    /// Visits the targets of all matches; those of one match come together.
    fn for_each_target(
        &self,
        places: &[Place],
        mut visit: impl FnMut(u32, &Place, Location),
    ) -> Result<()> {
        let (snapshot, watch) = (self.context.snapshot, &self.context.watch);
        if let [place] = places {
            match place.steps.as_slice() {
                [] => {
                    for key in place.matches.iter() {
                        watch.step()?;
                        if let Some(at) = snapshot.locate(key) {
                            visit(key, place, at);
                        }
                    }
                    return Ok(());
                }
                [step] if !step.reverse && !step.above => {
                    let mut targets = Vec::new();
                    for key in place.matches.iter() {
                        watch.step()?;
                        targets.clear();
                        snapshot.targets(step.field, key, &mut targets)?;
                        for target in &targets {
                            if let Some(at) = self.counted(place, step.to, *target) {
                                visit(key, place, at);
                            }
                        }
                    }
                    return Ok(());
                }
                _ => {}
            }
        }
        let mut pairs = Vec::new();
        for (number, place) in places.iter().enumerate() {
            self.targets_of(place, |key, target| pairs.push((key, number, target)))?;
        }
        pairs.sort_unstable();
        pairs.dedup();
        for (key, number, target) in pairs {
            watch.step()?;
            let place = &places[number];
            let to = place.steps.last().map(|step| step.to);
            let at = match to {
                Some(to) => self.counted(place, to, target),
                None => snapshot.locate(target),
            };
            if let Some(at) = at {
                visit(key, place, at);
            }
        }
        Ok(())
    }

    /// Where a target stands, if it is of the wanted type and one that counts.
    fn counted(&self, place: &Place, to: ResourceType, target: u32) -> Option<Location> {
        let snapshot = self.context.snapshot;
        if place.targets.as_ref().is_some_and(|targets| !targets.contains(target)) {
            return None;
        }
        let at = snapshot.locate(target)?;
        (usize::from(snapshot.view(at).kind(at.doc)) == to.index()).then_some(at)
    }

    /// The matches of one place with their targets, in any order.
    fn targets_of(&self, place: &Place, mut found: impl FnMut(u32, u32)) -> Result<()> {
        let snapshot = self.context.snapshot;
        match place.steps.as_slice() {
            [] => place.matches.iter().for_each(|key| found(key, key)),
            // Walking every referring resource once is less work than looking up who refers to each.
            [step] if step.reverse && !step.above => {
                let sources = match &place.targets {
                    Some(targets) => targets,
                    None => snapshot.existing(step.to),
                };
                let mut referred = Vec::new();
                for source in sources {
                    self.context.watch.step()?;
                    referred.clear();
                    snapshot.targets(step.field, source, &mut referred)?;
                    for key in referred.iter().filter(|key| place.matches.contains(**key)) {
                        found(*key, source);
                    }
                }
            }
            steps => {
                for key in place.matches.iter() {
                    for target in self.context.reached(steps, key)? {
                        found(key, target);
                    }
                }
            }
        }
        Ok(())
    }
}
