//! Sums of beds and places over the capacity records that make a resource match, each record once.

use std::collections::BTreeMap;

use shared::access::{Access, VisibilityClass, classes_of};
use shared::fhir::ResourceType;
use shared::index::{KeySet, Location};
use shared::param::token::StoredCode;
use shared::registry::{RecordKind, field_id};
use shared::schema::RECORD_KIND_OFFSET;

use super::tally::Codes;
use super::{CodeField, Counting, Place};
use crate::execute::Result;
use crate::plan::Source;

/// What the sums are told apart by, besides the kind of capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CapacityGroup {
    /// The status of the count.
    Status,
    /// The department of the place.
    Department,
    /// The region of the place.
    Region,
    /// The activities of the offers at the place.
    Activity,
}

/// The sum of some records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CapacitySum {
    /// The value of the group; `None` where there is none. Equal to the status for that group.
    pub(crate) group: Option<StoredCode>,
    /// What is counted: beds, places.
    pub(crate) kind: Option<StoredCode>,
    /// The status of the count.
    pub(crate) status: Option<StoredCode>,
    /// Number of records.
    pub(crate) records: u64,
    /// The sum of their counts.
    pub(crate) sum: f64,
}

/// A capacity record, by segment and document.
type Record = (u32, u32);

impl Counting<'_> {
    /// Sums the capacities at the places of `sources`, which lead from `base` to Locations.
    pub(crate) fn capacities(
        &mut self,
        base: ResourceType,
        sources: &[Source],
        group: CapacityGroup,
        access: Access,
    ) -> Result<Vec<CapacitySum>> {
        let places = self.places(base, sources, Some(RecordKind::Capacity))?;
        let kinds = self.codes_of(ResourceType::Location, "capacity-type", access)?;
        let statuses = self.codes_of(ResourceType::Location, "capacity-status", access)?;
        let (codes, grouped) = match group {
            CapacityGroup::Status => (None, self.ungrouped(&places, access)?),
            CapacityGroup::Department | CapacityGroup::Region => {
                let of_place =
                    if group == CapacityGroup::Department { "department" } else { "region" };
                let codes = self.codes_of(ResourceType::Location, of_place, access)?;
                let grouped = self.by_place(&places, &codes, access)?;
                (Some(codes), grouped)
            }
            CapacityGroup::Activity => {
                let codes = self.codes_of(ResourceType::HealthcareService, "specialty", access)?;
                let grouped = self.by_activity(base, &places, &codes, access)?;
                (Some(codes), grouped)
            }
        };
        let mut sums: BTreeMap<[Option<&StoredCode>; 3], (u64, f64)> = BTreeMap::new();
        let number_field =
            field_id(ResourceType::Location, "nb-capacity").expect("it is in the table");
        for (value, (segment, doc)) in grouped {
            let at = Location { segment, doc };
            let number = self.context.snapshot.view(at).numbers(number_field)?.of(doc).first();
            // A record with codes of several systems counts under the first.
            let first = |codes: &'_ Codes| codes.of(at).min();
            let kind = first(&kinds).map(|number| &kinds.codes[number as usize]);
            let status = first(&statuses).map(|number| &statuses.codes[number as usize]);
            let value = match &codes {
                None => status,
                Some(codes) => value.map(|number| &codes.codes[number as usize]),
            };
            let sum = sums.entry([value, kind, status]).or_default();
            sum.0 += 1;
            sum.1 += number.copied().unwrap_or(0.0);
        }
        let sums = sums.into_iter().map(|([group, kind, status], (records, sum))| CapacitySum {
            group: group.cloned(),
            kind: kind.cloned(),
            status: status.cloned(),
            records,
            sum,
        });
        Ok(sums.collect())
    }

    fn codes_of(&self, base: ResourceType, code: &str, access: Access) -> Result<Codes> {
        let classes: Vec<VisibilityClass> =
            classes_of(base, code).iter().copied().filter(|class| access.sees(*class)).collect();
        let field = CodeField {
            field: field_id(base, code).expect("it is in the table"),
            record: None,
            classes: &classes,
            system: None,
            in_any_system: false,
        };
        Codes::read(self.context.snapshot, field)
    }

    /// The capacity records of a place that count.
    fn records_at(&self, place: &Place, at: Location, access: Access) -> Vec<Record> {
        let view = self.context.snapshot.view(at);
        let mut records = Vec::new();
        place.for_each_doc(self.context.snapshot, at, Some(RecordKind::Capacity), |doc| {
            let is_capacity = view.kind(doc) == RECORD_KIND_OFFSET + RecordKind::Capacity as u8;
            let class = VisibilityClass::ALL.get(usize::from(view.class(doc)));
            if is_capacity && class.is_some_and(|class| access.sees(*class)) {
                records.push((at.segment, doc));
            }
        });
        records
    }

    fn ungrouped(&self, places: &[Place], access: Access) -> Result<Vec<(Option<u32>, Record)>> {
        let mut found = Vec::new();
        self.for_each_target(places, |_, place, at| {
            found.extend(self.records_at(place, at, access).into_iter().map(|r| (None, r)));
        })?;
        Ok(each_once(found))
    }

    fn by_place(
        &self,
        places: &[Place],
        codes: &Codes,
        access: Access,
    ) -> Result<Vec<(Option<u32>, Record)>> {
        let mut found = Vec::new();
        self.for_each_target(places, |_, place, at| {
            let records = self.records_at(place, at, access);
            if !records.is_empty() {
                pair(codes.of(at), &records, &mut found);
            }
        })?;
        Ok(each_once(found))
    }

    fn by_activity(
        &self,
        base: ResourceType,
        places: &[Place],
        codes: &Codes,
        access: Access,
    ) -> Result<Vec<(Option<u32>, Record)>> {
        let snapshot = self.context.snapshot;
        let mut found = Vec::new();
        if base == ResourceType::HealthcareService {
            self.for_each_target(places, |key, place, at| {
                let records = self.records_at(place, at, access);
                if let (false, Some(offer)) = (records.is_empty(), snapshot.locate(key)) {
                    pair(codes.of(offer), &records, &mut found);
                }
            })?;
            return Ok(each_once(found));
        }
        let mut by_location: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
        self.for_each_target(places, |key, place, at| {
            by_location.entry(key).or_default().extend(self.records_at(place, at, access));
        })?;
        let (mut here, mut with_offer) = (Vec::new(), Vec::new());
        let location =
            field_id(ResourceType::HealthcareService, "location").expect("it is in the table");
        for offer in snapshot.existing(ResourceType::HealthcareService) {
            self.context.watch.step()?;
            let Some(at) = snapshot.locate(offer) else { continue };
            here.clear();
            snapshot.targets(location, offer, &mut here)?;
            for key in &here {
                if let Some(records) = by_location.get(key) {
                    pair(codes.of(at), records, &mut found);
                    with_offer.push(*key);
                }
            }
        }
        let with_offer = KeySet::from_keys(with_offer, snapshot.universe());
        for (key, records) in &by_location {
            if !with_offer.contains(*key) {
                pair(std::iter::empty(), records, &mut found);
            }
        }
        Ok(each_once(found))
    }
}

/// Adds every value with every record; the records alone where there is no value.
fn pair(
    values: impl Iterator<Item = u32>,
    records: &[Record],
    found: &mut Vec<(Option<u32>, Record)>,
) {
    let mut any = false;
    for value in values {
        any = true;
        found.extend(records.iter().map(|record| (Some(value), *record)));
    }
    if !any {
        found.extend(records.iter().map(|record| (None, *record)));
    }
}

fn each_once(mut found: Vec<(Option<u32>, Record)>) -> Vec<(Option<u32>, Record)> {
    found.sort_unstable();
    found.dedup();
    found
}
