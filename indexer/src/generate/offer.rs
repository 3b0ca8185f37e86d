//! Offers: what is done, for whom, how, where, when.

use super::catalog::{Ages, Model};
use super::contact::{contact, mailbox};
use super::place;
use super::random::{Random, Stream};
use super::site::SiteView;
use super::when::{self, DAY};
use super::words;
use crate::ror::code::{annual_opening, closing, division, field, management, reception};
use crate::ror::datatype::{Code, CodeableConcept, concept};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{act, opening, patient_type, territorial_division};
use crate::ror::resource::{AvailableTime, NotAvailable};
use crate::ror::{HealthcareService, Identifier, Period, Reference, Resource, system};

/// What an offer and its places must agree on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'w> {
    pub(super) model: &'w Model,
    pub(super) mode: Code<'static>,
}

/// The facts of an offer of the site, and the generator that goes on from there.
pub(super) fn facts<'w>(view: &SiteView<'w>, offer: u32) -> (Facts<'w>, Random) {
    /// From how many models a site is a hospital, which draws its offers freely.
    const MANY_MODELS: usize = 12;
    let mut random = view.world.random(Stream::Offer, u64::from(offer));
    let models = &view.kind.models;
    let model = if view.kind.is_practice() {
        random.pick_early(models)
    } else if models.len() >= MANY_MODELS {
        random.pick(models)
    } else {
        // A small establishment makes its main offer first, then the others.
        &models[(offer - view.site.first_offer) as usize % models.len()]
    };
    let mode = *random.pick(&model.modes);
    (Facts { model, mode }, random)
}

/// Offer `offer` of the site.
pub(super) fn offer<'w>(view: &SiteView<'w>, offer: u32) -> Resource<'w> {
    let (facts, mut random) = facts(view, offer);
    let changed = when::last_change(&mut random);
    let is_sensitive = random.per_ten_thousand(150);
    let closing = random.per_ten_thousand(250).then(|| {
        let start = changed - i64::from(random.below(30)) * DAY;
        let reopening =
            random.percent(80).then(|| start + i64::from(random.between(10, 200)) * DAY);
        NotAvailable::closing(when::date(start), reopening.map(|day| when::date(day).into()))
    });
    let mut telecom = Vec::new();
    if random.percent(25) {
        telecom.push(mailbox(&format!("offre-{offer}"), view).into());
    }
    Resource::HealthcareService(HealthcareService {
        id: format!("hs-{offer}").into(),
        meta: view.meta(changed),
        extension: extensions(view, facts, is_sensitive, changed, &mut random),
        identifier: vec![Identifier::offer(format!("{}/{offer:07}", view.region.code))],
        provided_by: Some(view.provider(offer, &mut random)),
        category: facts
            .model
            .category
            .map(|code| code.concept(system::OFFER_CATEGORY))
            .into_iter()
            .collect(),
        kind: vec![facts.model.field.concept(system::FIELD)],
        specialty: specialties(facts.model, &mut random),
        location: place::references(view, offer),
        name: Some(name(view, facts, &mut random).into()),
        comment: random.percent(18).then(|| words::comment(&mut random).into()),
        telecom,
        coverage_area: Vec::new(),
        characteristic: characteristics(view, facts, closing.is_some(), &mut random),
        available_time: opening_hours(view, facts, changed, &mut random),
        not_available: closing.into_iter().collect(),
    })
}

fn name(view: &SiteView<'_>, facts: Facts<'_>, random: &mut Random) -> String {
    let activity = random.pick(&facts.model.activities).label;
    let kind = facts.model.category.map_or(activity, |category| category.label);
    if view.kind.is_practice() {
        let person = words::person(random);
        let title = if facts.model.crew[0] == "10" { "Dr " } else { "" };
        return format!("{title}{} {} - {activity}", person.given, person.family);
    }
    match random.below(100) {
        0..45 => format!("{activity} - {}", facts.mode.label),
        45..60 => format!("{} {activity} - {}", random.between(1000, 9999), facts.mode.label),
        60..80 => format!("{kind} - {}", view.name),
        _ => kind.to_owned(),
    }
}

fn specialties(model: &Model, random: &mut Random) -> Vec<CodeableConcept<'static>> {
    // The profile wants one; published samples carry several.
    let count = if random.percent(95) { 1 } else { model.activities.len() };
    let activities = model.activities.iter().take(count);
    let mut specialties: Vec<_> =
        activities.map(|activity| activity.concept(system::ACTIVITY)).collect();
    // The two families whose codes are known.
    let family = match model.activities[0].code {
        "298" => Some(("019", "2.3.2.1 Accompagnements pour vivre dans un logement")),
        "299" => Some(("020", "2.3.2.2 Accompagnements pour accomplir les activités domestiques")),
        _ => None,
    };
    specialties.extend(family.map(|(code, label)| concept(system::ACTIVITY_FAMILY, code, label)));
    specialties
}

fn characteristics(
    view: &SiteView<'_>,
    facts: Facts<'_>,
    is_closed: bool,
    random: &mut Random,
) -> Vec<CodeableConcept<'static>> {
    let catalog = &view.world.catalog;
    let mut all = vec![facts.mode.concept(system::CARE_MODE)];
    if facts.model.field == field::MS {
        let stay = if random.percent(12) { reception::TEMPORARY } else { reception::PERMANENT };
        all.push(stay.concept(system::RECEPTION_TYPE));
    }
    if random.percent(30) {
        all.push(random.pick(&catalog.reception_modalities).concept(system::RECEPTION_MODALITY));
    }
    if facts.model.goes_out && facts.model.field == field::MS {
        all.push(random.pick(management::ALL).concept(system::MANAGEMENT_TYPE));
        let first = random.below(catalog.acts.len() as u32) as usize;
        let acts = catalog.acts[first..].iter().take(2);
        all.extend(acts.map(|code| act(*code, false)));
    } else if random.percent(4) {
        let outside = facts.model.field == field::TOWN && random.percent(50);
        all.push(act(*random.pick(&catalog.acts), outside));
    }
    if random.percent(35) {
        let opening = match facts.mode.code {
            "28" | "33" | "46" => annual_opening::WHOLE_YEAR,
            _ => *random.pick(annual_opening::ALL),
        };
        all.push(opening.concept(system::ANNUAL_OPENING));
    }
    if random.percent(6) {
        all.push(concept(system::RESOURCE_PROFESSION, "86", "Infirmier en pratique avancée (IPA)"));
    }
    if facts.model.category.is_some_and(|category| category.code == "290") {
        all.push(random.pick(&catalog.maternity_types).concept(system::MATERNITY_TYPE));
    }
    if is_closed {
        all.push(
            random.pick(&[closing::PROVISIONAL, closing::PLANNED]).concept(system::CLOSING_TYPE),
        );
    }
    all
}

fn extensions<'w>(
    view: &SiteView<'w>,
    facts: Facts<'_>,
    is_sensitive: bool,
    changed: i64,
    random: &mut Random,
) -> Vec<Extension<'w>> {
    let created = when::creation(changed, random);
    let mut extensions = Vec::with_capacity(6);
    extensions.push(Extension::new(extension::SENSITIVE_UNIT, Value::Boolean(is_sensitive)));
    extensions.push(patients(view, facts.model.ages, random));
    extensions.push(Extension::creation_date(when::instant(created)));
    for _ in 0..*random.pick(&[0, 0, 1, 1, 1, 1, 2, 2]) {
        extensions.push(contact(view, random).of_offer());
    }
    if facts.model.field == field::PSY {
        let may = Value::Boolean(facts.mode.code == "28" && random.percent(60));
        extensions.push(Extension::new(extension::NO_CONSENT, may));
        let kind = if facts.model.ages == Ages::Children { 'I' } else { 'G' };
        let sector = random.between(1, 24);
        let sector = format!("{}{kind}{sector:02}", view.commune.department);
        extensions.push(Extension::string(extension::PSYCHIATRIC_SECTOR, sector));
    }
    if facts.model.goes_out {
        areas(view, random, &mut extensions);
    }
    extensions
}

/// The areas served: the commune and others of the department, or the region.
fn areas<'w>(view: &SiteView<'w>, random: &mut Random, out: &mut Vec<Extension<'w>>) {
    if random.percent(8) {
        let region = view.region.concept(system::REGION);
        out.push(territorial_division(division::REGION, region));
        return;
    }
    let home = view.commune_code().concept(system::COMMUNE);
    out.push(territorial_division(division::COMMUNE, home));
    let mut served = vec![view.site.commune];
    for _ in 0..random.between(1, 6) {
        let commune = view.world.map.same_department(view.site.commune, random);
        if served.contains(&commune) {
            continue;
        }
        served.push(commune);
        let code = super::map::commune_code(view.world.map.commune(commune));
        out.push(territorial_division(division::COMMUNE, code.concept(system::COMMUNE)));
    }
}

fn patients<'w>(view: &SiteView<'w>, ages: Ages, random: &mut Random) -> Extension<'w> {
    // Positions in R239: 01 elderly, 02 disabled, 06 hardship, 07 everyone.
    let publics = &view.world.catalog.publics;
    let find = |code: &str| publics.iter().copied().find(|public| public.code == code);
    let (public, low, high) = match ages {
        Ages::All => (find("07"), 0, 150),
        Ages::Adults => (None, *random.pick(&[15, 16, 18, 18]), 150),
        Ages::Children => (None, 0, *random.pick(&[15, 17, 18])),
        Ages::Elderly => (find("01"), *random.pick(&[60, 60, 65, 75]), 120),
        Ages::DisabledAdults => (find("02"), *random.pick(&[18, 20]), *random.pick(&[60, 65, 99])),
        Ages::DisabledChildren => (find("02"), *random.pick(&[0, 3, 6]), *random.pick(&[18, 20])),
        Ages::Hardship => (find("06"), 18, 150),
    };
    patient_type(public.as_slice(), low, high)
}

/// Three in ten say their hours: one slot a day, two in a practice on some days.
fn opening_hours<'w>(
    view: &SiteView<'w>,
    facts: Facts<'_>,
    changed: i64,
    random: &mut Random,
) -> Vec<AvailableTime<'w>> {
    if !random.percent(30) {
        return Vec::new();
    }
    let types = &view.world.catalog.opening_types;
    let is_always_open = matches!(facts.mode.code, "28" | "33" | "46");
    let kind = if is_always_open { types[0] } else { *random.pick_early(types) };
    let days = if is_always_open { 7 } else { *random.pick(&[4, 5, 5, 5, 6]) };
    let from = *random.pick(&["08:00:00", "08:30:00", "09:00:00", "09:30:00"]);
    let to = *random.pick(&["16:30:00", "17:00:00", "18:00:00", "19:00:00"]);
    let dates = random.percent(20).then(|| when::date(changed));
    (1..=days)
        .map(|day| {
            let dates = dates.clone().map(|start| Period { start: Some(start.into()), end: None });
            if is_always_open {
                opening(kind, day, "00:00:00", "23:59:00", dates)
            } else {
                opening(kind, day, from, to, dates)
            }
        })
        .collect()
}

/// A reference to offer `offer`.
pub(super) fn reference<'w>(offer: u32) -> Reference<'w> {
    Reference::to(format!("HealthcareService/hs-{offer}"))
}
