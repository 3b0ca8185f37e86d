//! Invented professionals and their situations of practice. No name or number is a real person's: the
//! numbers start with 8999, which the national directory does not give.

use super::directory::{Directory, as_offer, contact, invented, level, purpose};
use super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{channel, confidentiality, exercise_mode, field};
use crate::ror::datatype::{Code, HumanName, Meta, Reference};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Telecom, role_name};
use crate::ror::{
    ContactPoint, HealthcareService, Identifier, Practitioner, PractitionerRole, Resource, system,
};

const FIRST_NAMES: &[(&str, &str)] = &[
    ("Camille", "female"),
    ("Élodie", "female"),
    ("Noémie", "female"),
    ("Maëlle", "female"),
    ("Françoise", "female"),
    ("Inès", "female"),
    ("Aïcha", "female"),
    ("Hélène", "female"),
    ("Anne-Laure", "female"),
    ("Solène", "female"),
    ("Loïc", "male"),
    ("Jérôme", "male"),
    ("Benoît", "male"),
    ("Théo", "male"),
    ("Rémi", "male"),
    ("Jean-François", "male"),
    ("Mehdi", "male"),
    ("Gaël", "male"),
    ("François", "male"),
    ("Nicolas", "male"),
];

const LAST_NAMES: &[&str] = &[
    "LE GOFF",
    "D'ARVOR",
    "L'HÉRITIER",
    "LEFÈVRE",
    "MARTIN-DUVAL",
    "BÉRANGER",
    "CŒURDEROY",
    "NGUYEN",
    "DIALLO",
    "BENALI",
    "GUÉRIN",
    "LE BIHAN",
    "FAUGÈRES",
    "VIDAL",
    "ROUSSELOT",
    "PÉLISSIER",
    "BOUCHÉ",
    "CHANTREL",
    "DELAUNAY",
    "ÉVRARD",
    "FOURNIÉ",
    "GARREC",
    "HUSSON",
    "JOUVE",
    "KERMADEC",
    "LACOSTE",
    "MAZARS",
    "NOËL",
    "OLLIVIER",
    "PRUNIÈRES",
];

/// Professions (G15) with the know-how that goes with each: (profession, kind of know-how R04, specialty R38).
const PROFESSIONS: &[(&str, &str, &str)] = &[
    ("10", "S", "SM04"),
    ("10", "S", "SM26"),
    ("10", "S", "SM42"),
    ("60", "CEX", ""),
    ("60", "CEX", ""),
    ("70", "CEX", ""),
    ("50", "CEX", ""),
    ("94", "CEX", ""),
    ("91", "CEX", ""),
    ("35", "CEX", ""),
];

/// The number of the professional whom requests address directly (Practitioner/2524).
pub(super) const KNOWN_NUMBER: &str = "89991573474";

/// Gives a quarter of the offers one or two situations of practice.
pub(super) fn add(directory: &mut Directory) {
    let offers: Vec<HealthcareService<'static>> =
        directory.resources.iter().filter_map(as_offer).cloned().collect();
    let mut last_practitioner: Option<String> = None;
    for offer in offers {
        let mut random = Random::of(&format!("people/{}", offer.id));
        let in_town =
            offer.kind.iter().flat_map(|kind| &kind.coding).any(|c| c[0].code == field::TOWN.code);
        if !in_town && !random.chance(25) {
            continue;
        }
        for number in 1..=random.between(1, 2) {
            let again = last_practitioner.clone().filter(|_| random.chance(20));
            let practitioner = again.unwrap_or_else(|| {
                let id = format!("practitioner-{}-{number}", offer.id.trim_start_matches("offer-"));
                add_practitioner(directory, &id, &offer.id, &mut random);
                id
            });
            add_role(directory, &practitioner, &offer, number, in_town, &mut random);
            last_practitioner = Some(practitioner);
        }
    }
}

/// A professional of the region of `near`.
pub(super) fn add_practitioner(
    directory: &mut Directory,
    id: &str,
    near: &str,
    random: &mut Random,
) {
    let (given, gender) = random.pick(FIRST_NAMES);
    let family = random.pick(LAST_NAMES);
    let number = match id {
        "2524" => KNOWN_NUMBER.to_owned(),
        _ => format!("8999{:07}", Random::of(&format!("rpps/{id}")).below(10_000_000)),
    };
    let mut telecom = Vec::new();
    if random.chance(60) {
        let value = format!("{number}@example.mssante.fr").into();
        let confidentiality = confidentiality::PROFESSIONALS;
        let mailbox = Telecom { channel: channel::EMAIL, value, usage: None, confidentiality };
        telecom.push(ContactPoint::from(mailbox));
    }
    let practitioner = Practitioner {
        id: id.to_owned().into(),
        meta: directory.meta(id, near),
        extension: vec![Extension::creation_date("2024-02-01T09:00:00+01:00")],
        identifier: vec![Identifier::professional(number)],
        name: vec![HumanName {
            family: Some(family.into()),
            given: vec![given.into()],
            prefix: vec![if gender == "male" { "M" } else { "MME" }.into()],
            text: None,
        }],
        telecom,
        gender: Some(gender),
    };
    directory.add(Resource::Practitioner(practitioner));
}

/// A situation of practice of `practitioner` in `offer`.
fn add_role(
    directory: &mut Directory,
    practitioner: &str,
    offer: &HealthcareService<'static>,
    number: u32,
    in_town: bool,
    random: &mut Random,
) {
    let id = format!("role-{}-{number}", offer.id.trim_start_matches("offer-"));
    let (profession, know_how, specialty) = random.pick(PROFESSIONS);
    let mut specialties = vec![concept_of(system::KNOW_HOW_TYPE, know_how)];
    if !specialty.is_empty() {
        specialties.push(concept_of(system::MEDICAL_SPECIALTY, specialty));
    }
    let mode = if in_town { exercise_mode::SELF_EMPLOYED } else { exercise_mode::SALARIED };
    let mut extension = vec![
        Extension::creation_date("2024-02-01T09:00:00+01:00"),
        Extension::code(extension::EXERCISE_MODE, system::EXERCISE_MODE, mode),
    ];
    if random.chance(50) {
        extension.push(role_name(random.pick(LAST_NAMES), Some(random.pick(FIRST_NAMES).0.into())));
    }
    if in_town {
        let sector = random
            .pick(&[Code::new("c1", "Secteur 1 ou conventionné"), Code::new("c3", "Secteur 2")]);
        extension.push(Extension::code(extension::CONTRACTED, system::CONTRACTED, sector));
        extension
            .push(Extension::new(extension::VITALE_ACCEPTED, Value::Boolean(random.chance(90))));
        extension.push(Extension::new(extension::HAS_CAS, Value::Boolean(random.chance(50))));
    }
    let phone =
        contact(purpose::APPOINTMENT, confidentiality::PUBLIC, level(random), random).telecom;
    let region = directory.region_of(&offer.id);
    let role = PractitionerRole {
        id: id.clone().into(),
        meta: Meta {
            last_updated: Random::of(&format!("meta/{id}")).moment().into(),
            tag: region.into_iter().chain([invented()]).collect(),
        },
        extension,
        identifier: vec![Identifier::value(format!("situation/{id}"))],
        practitioner: Some(Reference::to(format!("Practitioner/{practitioner}"))),
        organization: offer.provided_by.clone(),
        code: vec![concept_of(system::PROFESSION, profession)],
        specialty: specialties,
        location: offer.location.iter().take(1).cloned().collect(),
        healthcare_service: vec![Reference::to(format!("HealthcareService/{}", offer.id))],
        telecom: phone.into_iter().map(ContactPoint::from).collect(),
        available_time: Vec::new(),
    };
    directory.add(Resource::PractitionerRole(role));
}
