//! The records that the use cases of the ROR guide name, and the pairs that tell a right answer from a
//! nearly right one: for each criterion a record that meets it and one that only seems to.
//!
//! Ids of resources that requests address directly are those of the guide's examples (140, 741, …).

mod care;
mod hidden;

use super::directory::{Directory, new_place_in};
use super::hospitals::{ANY_GENDER, add_internal_organization, equipment};
use super::people;
use super::practices::{NANTES, SAINT_NAZAIRE, secure_mailbox};
use super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{
    assignment, capacity_kind, capacity_status, equipment_feature, exercise_mode, field,
    internal_organization,
};
use crate::ror::datatype::{Code, Reference};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Capacity, act, opening, role_name};
use crate::ror::{Identifier, Period, PractitionerRole, Resource, system};

/// The hospital whose poles, services and units the scenarios walk through: CHU de Nantes, Hôtel-Dieu.
pub(super) const HOSPITAL: &str = "440000271";
/// A second site of the same legal entity: hôpital Saint-Jacques.
const SECOND_SITE: &str = "440003291";
/// Centre hospitalier de Saint-Nazaire.
const SAINT_NAZAIRE_HOSPITAL: &str = "440000016";
/// CHU de Nantes, hôpital Laënnec.
const LAENNEC: &str = "440017598";

/// Adds everything.
pub(super) fn add(directory: &mut Directory) {
    neurosurgery(directory);
    ancestors(directory);
    shared_and_partial_places(directory);
    care::cardiology(directory);
    care::rehabilitation_ages(directory);
    care::children(directory);
    care::obesity_surgery(directory);
    care::real_homes(directory);
    care::beds_now(directory);
    care::operating_rooms(directory);
    care::maternities(directory);
    hidden::sensitive_units(directory);
    hidden::confidentiality_levels(directory);
    hidden::odd_offers(directory);
    hidden::mistyped_mode(directory);
}

/// Location/140, HealthcareService/741, Organization/789, Practitioner/2524 and what hangs on them.
fn neurosurgery(directory: &mut Directory) {
    let (site, place) = (format!("eg-{HOSPITAL}"), format!("place-{HOSPITAL}"));
    let levels = [
        (
            "787",
            "Pôle Neurosciences et appareil locomoteur",
            internal_organization::POLE,
            site.as_str(),
        ),
        ("788", "Service de neurochirurgie", internal_organization::SERVICE, "787"),
        ("789", "Neurochirurgie, tête et rachis", internal_organization::FUNCTIONAL_UNIT, "788"),
    ];
    for (id, name, kind, above) in levels {
        add_internal_organization(directory, id, name, kind, above);
    }
    neurosurgery_places(directory, &place);
    let mut offer = directory
        .new_offer("741", "Neurochirurgie", "789", &["140", "141"])
        .does(&["096", "040"], "28", field::MCO)
        .category("160")
        .with_concept(act(Code::new("0320", "Neuromodulation sacrée"), false))
        .with(system::SPECIFIC_COMPETENCE, "05")
        .with(system::RESOURCE_PROFESSION, "86")
        .with(system::CARE_SPECIALITY, "12")
        .ages(15, 120)
        .comment("Prise en charge des tumeurs cérébrales, du rachis et des traumatismes crâniens.");
    offer.0.identifier = vec![Identifier::offer("52/339772")];
    offer.0.telecom = vec![secure_mailbox("neurochirurgie.nantes@example.mssante.fr")];
    offer.0.meta.last_updated = "2025-03-04T09:15:00+01:00".into();
    directory.add(offer.build());

    let mut offer = directory
        .new_offer("742", "Consultations de neurochirurgie", "788", &[&place])
        .does(&["096"], "32", field::MCO)
        .category("160")
        .ages(0, 120);
    offer.0.identifier = vec![Identifier::offer("52/339773")];
    directory.add(offer.build());

    neurosurgeon(directory);
}

/// Location/140, with the beds and equipment that updates address, and Location/141.
fn neurosurgery_places(directory: &mut Directory, place: &str) {
    let mut beds = directory.new_place_at("140", "Hospitalisation de neurochirurgie", place, "001");
    beds.identifier =
        vec![Identifier::place("52/192675"), Identifier::bed_zone("1440000271/neurochirurgie")];
    beds.alias = vec!["NCHIR-HC".into()];
    beds.part_of = Some(Reference::to(format!("Location/{place}")));
    let moment = "2025-02-20T08:30:00+01:00";
    let bed = |status, count| Capacity::new(capacity_kind::BED, status, count, moment);
    let free = Capacity { gender: Some(ANY_GENDER), ..bed(capacity_status::AVAILABLE, 6) };
    let covid = Capacity {
        gender: Some(ANY_GENDER),
        assignment: assignment::COVID_NEGATIVE,
        ..bed(capacity_status::AVAILABLE, 3)
    };
    for record in [bed(capacity_status::INSTALLED, 28), free, covid] {
        beds.extension.push(record.into());
    }
    let weight = equipment_feature::MAXIMUM_WEIGHT;
    beds.extension.push(equipment("089", Some(2), &[(weight, 300.0, "kg")]).into());
    beds.extension.push(equipment("030", Some(1), &[]).into());
    directory.add(Resource::Location(beds));

    let mut room = directory.new_place_at("141", "Bloc opératoire de neurochirurgie", place, "006");
    room.identifier = vec![Identifier::place("52/347254")];
    room.description = Some("Aile nord, deuxième étage, accès par la salle de réveil".into());
    room.extension.push(equipment("069", Some(1), &[]).into());
    directory.add(Resource::Location(room));
}

/// Practitioner/2524, at work in two offers.
fn neurosurgeon(directory: &mut Directory) {
    people::add_practitioner(directory, "2524", "741", &mut Random::of("2524"));
    for offer in ["741", "742"] {
        let id = format!("role-{offer}");
        let mut extension = salaried();
        extension.push(role_name("CŒURDEROY", Some("Noémie".into())));
        directory.add(Resource::PractitionerRole(PractitionerRole {
            meta: directory.meta(&id, "741"),
            extension,
            identifier: vec![Identifier::value(format!("situation/{offer}-2524"))],
            practitioner: Some(Reference::to("Practitioner/2524")),
            organization: Some(Reference::to("Organization/788")),
            code: vec![concept_of(system::PROFESSION, "10")],
            specialty: vec![
                concept_of(system::KNOW_HOW_TYPE, "S"),
                concept_of(system::MEDICAL_SPECIALTY, "SM31"),
                concept_of(system::SPECIFIC_COMPETENCE, "05"),
            ],
            healthcare_service: vec![Reference::to(format!("HealthcareService/{offer}"))],
            available_time: vec![opening(
                Code::new("07", "Horaire de consultation sur RDV"),
                2,
                "14:00:00",
                "18:00:00",
                Some(Period { start: Some("2025-01-01".into()), end: Some("2025-12-31".into()) }),
            )],
            id: id.into(),
            ..PractitionerRole::default()
        }));
    }
}

/// The extensions of a salaried situation.
fn salaried() -> Vec<Extension<'static>> {
    vec![
        Extension::creation_date("2024-02-01T09:00:00+01:00"),
        Extension::code(extension::EXERCISE_MODE, system::EXERCISE_MODE, exercise_mode::SALARIED),
    ]
}

/// An establishment changed lately, and one whose unit alone was: a category and a date that must hold on one
/// and the same ancestor.
fn ancestors(directory: &mut Directory) {
    let hospital = directory.organization(&format!("eg-{HOSPITAL}"));
    hospital.meta.last_updated = "2025-03-10T10:00:00+01:00".into();
    hospital.alias.push("Hôtel-Dieu et Hôpital mère-enfant".into());
    hospital.set_additional_name("Établissement support du groupement hospitalier");
    let housing = Value::Boolean(true);
    hospital.extension.push(Extension::new(extension::FAMILY_ACCOMMODATION, housing));
    let second = format!("eg-{SECOND_SITE}");
    directory.organization(&second).meta.last_updated = "2024-06-01T10:00:00+02:00".into();
    let kind = internal_organization::FUNCTIONAL_UNIT;
    add_internal_organization(
        directory,
        "oi-recent-unit",
        "Unité de soins de suite rénovée",
        kind,
        &second,
    );
    directory.organization("oi-recent-unit").meta.last_updated = "2025-06-01T10:00:00+02:00".into();
    let place = format!("place-{SECOND_SITE}");
    let offer = directory
        .new_offer("offer-recent-unit", "Soins de suite gériatriques", "oi-recent-unit", &[&place])
        .does(&["241"], "28", field::SMR)
        .category("101")
        .ages(70, 120);
    directory.add(offer.build());
    // Just before and just after midnight in Paris on 15 January 2025: the day starts at 23:00 UTC.
    for (id, moment) in
        [("place-before-day", "2025-01-14T22:59:59Z"), ("place-after-day", "2025-01-14T23:00:00Z")]
    {
        let mut place = new_place_in(id, "Antenne de consultation", &NANTES, "005");
        place.meta.last_updated = moment.into();
        let record = Capacity::new(capacity_kind::PLACE, capacity_status::INSTALLED, 4, moment);
        place.extension.push(record.into());
        place.managing_organization = Some(Reference::to(format!("Organization/eg-{HOSPITAL}")));
        directory.add(Resource::Location(place));
    }
}

/// Two places with one identifier, a place without position, and addresses of which only the department was
/// entered.
fn shared_and_partial_places(directory: &mut Directory) {
    let manager = Reference::to(format!("Organization/eg-{HOSPITAL}"));
    for id in ["place-shared-1", "place-shared-2"] {
        let mut place = new_place_in(id, "Salle de réunion", &NANTES, "005");
        place.identifier = vec![Identifier::place("52/200000")];
        place.managing_organization = Some(manager.clone());
        directory.add(Resource::Location(place));
    }
    let mut place = new_place_in("place-no-capacity", "Accueil", &SAINT_NAZAIRE, "005");
    place.identifier = vec![Identifier::place("52/200001")];
    place.managing_organization = Some(manager.clone());
    directory.add(Resource::Location(place));
    for (id, code) in [("place-postal-22", "22"), ("place-postal-36", "36")] {
        let mut place = new_place_in(id, "Adresse incomplète", &NANTES, "005");
        if let Some(address) = &mut place.address {
            address.postal_code = Some(code.into());
        }
        place.managing_organization = Some(manager.clone());
        directory.add(Resource::Location(place));
    }
}
