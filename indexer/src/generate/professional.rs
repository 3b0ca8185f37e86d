//! Professionals and their situations of practice.
//!
//! A practitioner's profession is a function of the person; a role looks among the people who live near
//! its offer (in index order) for one whose profession the offer needs.

use super::World;
use super::catalog::{Crew, PROFESSIONS};
use super::contact::{mailbox, telecom};
use super::number;
use super::offer::{self, facts};
use super::place;
use super::random::{Random, Stream};
use super::site::SiteView;
use super::when;
use super::words::{self, Person};
use crate::ror::code::{confidentiality, exercise_mode, field};
use crate::ror::datatype::{Code, HumanName, concept};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{opening, role_name};
use crate::ror::resource::AvailableTime;
use crate::ror::{
    Identifier, Meta, Practitioner, PractitionerRole, Reference, Resource, provenance, system,
};

/// How many people a role looks at before it takes whoever comes.
const CANDIDATES: u32 = 12;

/// Who a person is.
fn identity(world: &World, person: u32) -> (Person, Code<'static>, Random) {
    let mut random = world.random(Stream::Person, u64::from(person));
    let mut left = random.below(1000);
    let shares = PROFESSIONS.iter().map(|(_, share)| *share);
    let profession = shares.take_while(|share| {
        let is_past = left >= *share;
        left = left.saturating_sub(*share);
        is_past
    });
    let profession = world.catalog.professions[profession.count().min(PROFESSIONS.len() - 1)];
    (words::person(&mut random), profession, random)
}

/// Practitioner `person`.
pub(super) fn practitioner(world: &World, person: u32) -> Resource<'_> {
    let (name, profession, mut random) = identity(world, person);
    let changed = when::last_change(&mut random);
    let created = when::creation(changed, &mut random);
    let offer = world.offer_near(person);
    let commune = world.map.commune(world.plan.sites[world.plan.site_of_offer(offer)].commune);
    let title = if name.is_woman { "MME" } else { "M" };
    let mut telecom = Vec::new();
    if random.percent(55) {
        let address = format!(
            "{}.{}{person}@mssante.example.fr",
            words::slug(name.given),
            words::slug(name.family)
        );
        telecom.push(
            crate::ror::record::Telecom {
                channel: crate::ror::code::channel::EMAIL,
                value: address.into(),
                usage: None,
                confidentiality: confidentiality::PROFESSIONALS,
            }
            .into(),
        );
    }
    // Only doctors, dentists and pharmacists are called doctor.
    let is_doctor = matches!(profession.code, "10" | "21" | "40");
    Resource::Practitioner(Practitioner {
        id: format!("prac-{person}").into(),
        meta: Meta::new(
            when::instant(changed),
            Some(world.map.region(commune)),
            provenance::SYNTHETIC,
        ),
        extension: vec![Extension::creation_date(when::instant(created))],
        identifier: vec![Identifier::professional(number::rpps(person))],
        name: vec![HumanName {
            text: None,
            family: Some(name.family.into()),
            given: vec![name.given.into()],
            prefix: vec![if is_doctor && random.percent(70) { "DR" } else { title }.into()],
        }],
        telecom,
        gender: Some(if name.is_woman { "female" } else { "male" }),
    })
}

/// How many roles an offer has: 1.1 on average.
pub(super) fn roles_of(world: &World, offer: u32) -> u32 {
    let mut random = world.random(Stream::Role, u64::from(offer));
    match random.below(100) {
        0..28 => 0,
        28..72 => 1,
        72..92 => 2,
        92..99 => 3,
        _ => random.between(4, 8),
    }
}

/// Role `rank` of an offer of the site.
pub(super) fn role<'w>(view: &SiteView<'w>, offer: u32, rank: u32) -> Resource<'w> {
    let world = view.world;
    let mut random = world.random(Stream::Role, u64::from(offer) | u64::from(rank + 1) << 32);
    let (facts, _) = facts(view, offer);
    let (person, name, profession) = find(world, offer, facts.model.crew, &mut random);
    let changed = when::last_change(&mut random);
    let is_town = facts.model.field == field::TOWN;
    let mode = match random.below(100) {
        0..3 => exercise_mode::VOLUNTEER,
        _ if is_town => exercise_mode::SELF_EMPLOYED,
        _ => exercise_mode::SALARIED,
    };
    let mut extension = vec![
        Extension::creation_date(when::instant(when::creation(changed, &mut random))),
        Extension::code(extension::EXERCISE_MODE, system::EXERCISE_MODE, mode),
    ];
    if random.percent(70) {
        extension.push(role_name(name.family, Some(name.given.into())));
    }
    if is_town {
        insurance(view, &mut random, &mut extension);
    }
    if random.percent(4) {
        extension.push(Extension::string(extension::META_COMMENT, words::comment(&mut random)));
    }
    let mut contacts = Vec::new();
    if random.percent(30) {
        let level = *random.pick_early(confidentiality::ALL);
        contacts.push(if random.percent(30) {
            mailbox(&format!("role-{offer}-{rank}"), view).into()
        } else {
            telecom(view, level, &mut random).into()
        });
    }
    let specialty = facts.model.specialty.filter(|_| profession.code == "10");
    let know_how = match specialty {
        Some(_) => concept(system::KNOW_HOW_TYPE, "S", "Spécialité ordinale"),
        None => concept(system::KNOW_HOW_TYPE, "CEX", "Compétence exclusive"),
    };
    let specialty = specialty.map(|code| code.concept(system::MEDICAL_SPECIALTY));
    let own_place = random.percent(60).then(|| place::reference(offer));
    Resource::PractitionerRole(PractitionerRole {
        id: format!("role-{offer}-{rank}").into(),
        meta: view.meta(changed),
        extension,
        identifier: vec![Identifier::value(format!("{}/{offer}/{rank}", number::rpps(person)))],
        practitioner: Some(Reference::to(format!("Practitioner/prac-{person}"))),
        organization: random.percent(70).then(|| view.reference()),
        code: vec![profession.concept(system::PROFESSION)],
        specialty: [know_how].into_iter().chain(specialty).collect(),
        location: own_place.into_iter().collect(),
        healthcare_service: vec![offer::reference(offer)],
        telecom: contacts,
        available_time: hours(view, is_town, &mut random),
    })
}

/// Someone near the offer whose profession is in the crew.
fn find(
    world: &World,
    offer: u32,
    crew: Crew,
    random: &mut Random,
) -> (u32, Person, Code<'static>) {
    let wanted = random.pick_early(crew);
    let near = world.person_near(offer);
    let mut best = None;
    for _ in 0..CANDIDATES {
        let person = (near + random.below(41)) % world.counts.practitioners.max(1);
        let (name, profession, _) = identity(world, person);
        if profession.code == *wanted {
            return (person, name, profession);
        }
        if best.is_none() || crew.contains(&profession.code) {
            best = Some((person, name, profession));
        }
    }
    best.expect("at least one person was looked at")
}

fn insurance<'w>(view: &SiteView<'w>, random: &mut Random, out: &mut Vec<Extension<'w>>) {
    let sector = *random.pick(&view.world.catalog.contracted);
    out.push(Extension::code(extension::CONTRACTED, system::CONTRACTED, sector));
    if random.percent(30) {
        let has = Value::Boolean(random.percent(50));
        out.push(Extension::new(extension::HAS_CAS, has));
    }
    out.push(Extension::new(extension::VITALE_ACCEPTED, Value::Boolean(random.percent(94))));
}

/// In town, one in five says when: the profile allows one slot.
fn hours<'w>(view: &SiteView<'w>, is_town: bool, random: &mut Random) -> Vec<AvailableTime<'w>> {
    if !is_town || !random.percent(20) {
        return Vec::new();
    }
    let kind = *random.pick_early(&view.world.catalog.opening_types);
    let day = random.between(1, 6) as u8;
    vec![opening(kind, day, "09:00:00", "12:30:00", None)]
}
