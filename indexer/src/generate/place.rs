//! Places: one for each offer, a second for one offer in five; capacities, equipment, rooms.
//!
//! Three in four of the second places are used by their offer; the others by none, and then name the
//! establishment that manages them. One offer in twenty also uses the place of the offer before it.

use super::catalog::{Beds, Model};
use super::contact::telecom;
use super::offer::facts;
use super::random::{Random, Stream};
use super::site::SiteView;
use super::when::{self, DAY};
use super::words;
use crate::ror::code::{
    additional_bed, assignment, capacity_closing, capacity_kind, capacity_source, capacity_status,
    confidentiality, crisis, dwelling, equipment_feature, gender, place_status, temporality,
};
use crate::ror::datatype::Code;
use crate::ror::extension::{self, Extension};
use crate::ror::record::{Capacity, Equipment, EquipmentLimit, dwellings};
use crate::ror::resource::Position;
use crate::ror::{Identifier, Location, Reference, Resource, system};

/// The second place of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// There is none.
    None,
    /// The offer takes place there too.
    Used,
    /// No offer uses it.
    Unused,
}

/// Whether an offer has a second place.
pub(super) fn second(view: &SiteView<'_>, offer: u32) -> Second {
    match place_random(view, offer, 1).below(100) {
        0..15 => Second::Used,
        15..20 => Second::Unused,
        _ => Second::None,
    }
}

/// The places an offer uses, its own first.
pub(super) fn references<'w>(view: &SiteView<'w>, offer: u32) -> Vec<Reference<'w>> {
    let mut references = vec![reference(offer)];
    if second(view, offer) == Second::Used {
        references.push(Reference::to(format!("Location/loc-{offer}-b")));
    }
    if offer > view.site.first_offer && place_random(view, offer, 2).percent(5) {
        references.push(reference(offer - 1));
    }
    references
}

/// A reference to the own place of an offer.
pub(super) fn reference<'w>(offer: u32) -> Reference<'w> {
    Reference::to(format!("Location/loc-{offer}"))
}

/// The generator of an aspect of the places of an offer.
fn place_random(view: &SiteView<'_>, offer: u32, aspect: u64) -> Random {
    view.world.random(Stream::Place, u64::from(offer) | aspect << 32)
}

/// The own place of an offer.
pub(super) fn own<'w>(view: &SiteView<'w>, offer: u32) -> Resource<'w> {
    let mut random = place_random(view, offer, 0);
    let (facts, _) = facts(view, offer);
    let changed = when::last_change(&mut random);
    let mut place = place(view, facts.model, changed, &mut random);
    place.id = format!("loc-{offer}").into();
    place.identifier.push(Identifier::place(format!("{}/{offer:07}", view.region.code)));
    if facts.model.beds != Beds::None {
        let zone = format!("{}/zh-{offer}", view.national_structure());
        place.identifier.push(Identifier::bed_zone(zone));
        place.alias.push(format!("ZH {offer}").into());
    }
    capacities(facts.model.beds, changed, &mut random, &mut place.extension);
    if random.percent(view.kind.equipped_percent) {
        equipment(view, &mut random, &mut place.extension);
    }
    if random.percent(5) {
        place
            .extension
            .push(Extension::string(extension::PLACE_COMMENT, words::comment(&mut random)));
    }
    Resource::Location(place)
}

/// The second place of an offer that has one.
pub(super) fn other<'w>(view: &SiteView<'w>, offer: u32) -> Resource<'w> {
    let mut random = place_random(view, offer, 3);
    let (facts, _) = facts(view, offer);
    let changed = when::last_change(&mut random);
    let mut place = place(view, facts.model, changed, &mut random);
    place.id = format!("loc-{offer}-b").into();
    place.identifier.push(Identifier::place(format!("{}/{offer:07}B", view.region.code)));
    if second(view, offer) == Second::Unused {
        place.managing_organization = Some(view.reference());
    }
    if random.percent(25) {
        place.part_of = Some(reference(offer));
    }
    if random.percent(view.kind.equipped_percent) {
        equipment(view, &mut random, &mut place.extension);
    }
    Resource::Location(place)
}

fn place<'w>(
    view: &SiteView<'w>,
    model: &Model,
    changed: i64,
    random: &mut Random,
) -> Location<'w> {
    let created = when::creation(changed, random);
    let status = match random.below(1000) {
        0..970 => place_status::OPERATIONAL,
        970..990 => place_status::SUSPENDED,
        _ => place_status::CLOSED,
    };
    let (lat, lon) = view.point_of_place(random);
    let position = (!random.percent(2)).then(|| {
        let reliable = random.percent(92).then(|| random.percent(90));
        Position::new(lat, lon, reliable)
    });
    let mut contacts = Vec::new();
    if random.percent(18) {
        let level = *random.pick_early(confidentiality::ALL);
        contacts.push(telecom(view, level, random).into());
    }
    Location {
        meta: view.meta(changed),
        extension: vec![
            Extension::commune(view.commune_code()),
            Extension::creation_date(when::instant(created)),
        ],
        status: Some(match status.code {
            "3" => "active",
            "2" => "suspended",
            _ => "inactive",
        }),
        operational_status: Some(status.coding(system::PLACE_STATUS)),
        name: Some(place_name(view, model, random).into()),
        description: random.percent(10).then(|| words::directions(random).into()),
        kind: vec![model.place.concept(system::PLACE_FUNCTION)],
        telecom: contacts,
        address: Some(view.address(random)),
        position,
        ..Location::default()
    }
}

fn place_name(view: &SiteView<'_>, model: &Model, random: &mut Random) -> String {
    match random.below(3) {
        0 => view.name.clone(),
        1 => format!("{} - {}", model.place.label, view.name),
        _ => format!("{} {}", model.activities[0].label, random.between(1, 9)),
    }
}

/// The capacity records of a place.
fn capacities(beds: Beds, changed: i64, random: &mut Random, out: &mut Vec<Extension<'_>>) {
    let updated = changed - i64::from(random.below(DAY as u32 / 2));
    let (low, high) = match beds {
        Beds::None => return,
        Beds::Hospital(low, high)
        | Beds::Places(low, high)
        | Beds::Home(low, high)
        | Beds::Dwellings(low, high) => (low, high),
    };
    let count = random.between(low, high) as i32;
    let mut records = Records { updated: when::instant(updated), kind: capacity_kind::PLACE, out };
    match beds {
        Beds::Hospital(..) => {
            records.kind = capacity_kind::BED;
            records.hospital(count, random);
        }
        Beds::None | Beds::Places(..) => records.simple(count, random),
        Beds::Home(..) => {
            records.simple(count, random);
            rooms(count, random, out);
        }
        Beds::Dwellings(..) => {
            records.kind = capacity_kind::DWELLING;
            records.simple(count, random);
            apartments(count, random, out);
        }
    }
}

/// Writes the capacity records of one place.
struct Records<'r, 'w> {
    updated: String,
    kind: Code<'static>,
    out: &'r mut Vec<Extension<'w>>,
}

impl<'w> Records<'_, 'w> {
    fn record(&self, status: Code<'static>, count: i32) -> Capacity<'w> {
        Capacity::new(self.kind, status, count, self.updated.clone())
    }

    fn push(&mut self, capacity: Capacity<'w>) {
        self.out.push(capacity.into());
    }

    /// Installed and, for half of the places, available; sometimes reserved.
    fn simple(&mut self, installed: i32, random: &mut Random) {
        self.push(self.record(capacity_status::INSTALLED, installed));
        if random.percent(50) {
            let free = random.below(1 + installed as u32 / 6) as i32;
            self.push(self.record(capacity_status::AVAILABLE, free));
        }
        if random.percent(4) {
            self.push(self.record(capacity_status::RESERVED, random.between(1, 3) as i32));
        }
    }

    /// What a hospital ward reports: installed; for most, available by gender and occupied; for some,
    /// closed, additional, forecast, assigned to an epidemic.
    fn hospital(&mut self, installed: i32, random: &mut Random) {
        self.push(self.record(capacity_status::INSTALLED, installed));
        if random.percent(30) {
            return;
        }
        let source = *random.pick(capacity_source::ALL);
        let closed = if random.percent(12) { random.between(1, 4) as i32 } else { 0 };
        let free = random.below(1 + installed as u32 / 4) as i32;
        let mut occupied =
            self.record(capacity_status::OCCUPIED, (installed - closed - free).max(0));
        occupied.source = source;
        self.push(occupied);
        self.available(free, source, random);
        if closed > 0 {
            let mut capacity = self.record(capacity_status::CLOSED, closed);
            capacity.closing = Some(*random.pick(capacity_closing::ALL));
            capacity.comment = random.percent(40).then(|| words::bed_comment(random).into());
            self.push(capacity);
        }
        if random.percent(10) {
            let mut capacity = self.record(capacity_status::ADDITIONAL, random.below(6) as i32);
            capacity.additional = Some(*random.pick(additional_bed::ALL));
            capacity.crisis = random.percent(60).then(|| *random.pick(crisis::ALL));
            self.push(capacity);
        }
        if random.percent(6) {
            let mut capacity = self.record(capacity_status::AVAILABLE, free + 1);
            capacity.temporality = *random.pick(&temporality::ALL[1..]);
            capacity.gender = Some(gender::UNDETERMINED);
            self.push(capacity);
        }
    }

    fn available(&mut self, free: i32, source: Code<'static>, random: &mut Random) {
        let women = random.below(free as u32 + 1) as i32;
        let by_gender = [(gender::WOMEN, women), (gender::MEN, free - women)];
        let together = [(gender::UNDETERMINED, free)];
        let parts: &[_] = if random.percent(30) { &by_gender } else { &together };
        let epidemic = random.percent(4).then(|| *random.pick(&assignment::ALL[1..]));
        for (gender, count) in parts {
            let mut capacity = self.record(capacity_status::AVAILABLE, *count);
            capacity.gender = Some(*gender);
            capacity.source = source;
            capacity.assignment = epidemic.unwrap_or(assignment::NONE);
            self.push(capacity);
        }
    }
}

fn rooms(places: i32, random: &mut Random, out: &mut Vec<Extension<'_>>) {
    let double = if random.percent(60) { random.below(1 + places as u32 / 6) as i32 } else { 0 };
    out.push(dwellings(dwelling::SINGLE_ROOM, Some(places - 2 * double)));
    if double > 0 {
        out.push(dwellings(dwelling::DOUBLE_ROOM, Some(double)));
    }
}

fn apartments(places: i32, random: &mut Random, out: &mut Vec<Extension<'_>>) {
    let large = random.below(1 + places as u32 / 4) as i32;
    out.push(dwellings(dwelling::F1, Some(places - large)));
    if large > 0 {
        let kind = *random.pick(&[dwelling::F1_BIS, dwelling::F2]);
        out.push(dwellings(kind, random.percent(90).then_some(large)));
    }
}

/// One to three different pieces of equipment; bariatric ones and tunnels carry their limits.
fn equipment<'w>(view: &SiteView<'w>, random: &mut Random, out: &mut Vec<Extension<'w>>) {
    let all = &view.world.catalog.equipment;
    let mut first = random.below(all.len() as u32);
    for _ in 0..random.between(1, 3) {
        let kind = all[first as usize % all.len()];
        first += 1 + random.below(9);
        let mut limits = Vec::new();
        let weight = match kind.code {
            "089" | "092" => Some(random.between(25, 35)),
            "090" => Some(random.between(35, 45)),
            "088" | "083" | "091" => Some(random.between(15, 25)),
            "072" | "084" | "221" | "222" | "085" | "052" => Some(random.between(20, 32)),
            _ => None,
        };
        let weight = weight.map(|tens| f64::from(tens * 10));
        limits.extend(weight.map(|kg| limit(equipment_feature::MAXIMUM_WEIGHT, kg, "kg")));
        if matches!(kind.code, "052" | "085" | "221" | "222") {
            let diameter = f64::from(*random.pick(&[70u32, 75, 80, 85]));
            limits.push(limit(equipment_feature::MAXIMUM_DIAMETER, diameter, "cm"));
        }
        let in_service = random.percent(80).then(|| random.between(0, 6) as i32);
        out.push(Equipment { kind, in_service, limits }.into());
    }
}

fn limit<'w>(feature: Code<'static>, value: f64, unit: &'static str) -> EquipmentLimit<'w> {
    EquipmentLimit { feature, value, unit }
}
