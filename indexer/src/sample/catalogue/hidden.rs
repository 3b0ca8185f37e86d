//! What access rules hide, in part or in whole, and what quality rules find fault with.

use super::super::directory::{
    Directory, NewOffer, Town, contact, invented, new_place_in, purpose, set_sensitive,
};
use super::super::hospitals::equipment;
use super::super::people;
use super::super::practices::{VERSAILLES, add_site};
use super::super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{additional_bed, capacity_kind, capacity_status, confidentiality, field};
use crate::ror::datatype::{Code, Meta, Reference};
use crate::ror::record::{Capacity, opening};
use crate::ror::resource::NotAvailable;
use crate::ror::{Identifier, PractitionerRole, Resource, system};

use super::{HOSPITAL, SAINT_NAZAIRE_HOSPITAL, salaried};

/// Units to be hidden: alone in their place, beside others, flagged without looking so, looking so without flag.
pub(super) fn sensitive_units(directory: &mut Directory) {
    let site = format!("eg-{HOSPITAL}");
    let main = format!("place-{HOSPITAL}");
    let hidden = directory.new_place_at("place-secure-unit", "Bâtiment F, niveau 4", &main, "001");
    directory.add(Resource::Location(hidden));
    let rows: [(&str, &str, &str, &str, bool); 4] = [
        (
            "secure-unit",
            "Unité hospitalière sécurisée interrégionale (UHSI)",
            "place-secure-unit",
            "292",
            true,
        ),
        ("prison-care", "Unité sanitaire en milieu pénitentiaire", main.as_str(), "309", true),
        ("secure-ward", "Secteur sécurisé de psychiatrie", main.as_str(), "18", false),
        ("flagged-ward", "Consultations du voyage", main.as_str(), "270", true),
    ];
    for (key, name, place, category, is_flagged) in rows {
        let mut offer = directory
            .new_offer(&format!("offer-{key}"), name, &site, &[place])
            .does(&[if key == "flagged-ward" { "334" } else { "089" }], "28", field::MCO)
            .category(category)
            .ages(18, 120);
        if is_flagged {
            offer = offer.sensitive();
        }
        directory.add(offer.build());
    }
    set_sensitive(directory.offer("offer-itep"));
    people::add_practitioner(
        directory,
        "practitioner-secure",
        "offer-secure-unit",
        &mut Random::of("secure"),
    );
    directory.add(Resource::PractitionerRole(PractitionerRole {
        id: "role-secure".into(),
        meta: directory.meta("role-secure", "offer-secure-unit"),
        extension: salaried(),
        identifier: vec![Identifier::value("situation/secure")],
        practitioner: Some(Reference::to("Practitioner/practitioner-secure")),
        code: vec![concept_of(system::PROFESSION, "60")],
        specialty: vec![concept_of(system::KNOW_HOW_TYPE, "CEX")],
        healthcare_service: vec![Reference::to("HealthcareService/offer-secure-unit")],
        ..PractitionerRole::default()
    }));
}

/// Contacts and numbers at every pair of levels, in each field that the access rules tell apart.
pub(super) fn confidentiality_levels(directory: &mut Directory) {
    let fields =
        [("mco", field::MCO, "083"), ("ms", field::MS, "293"), ("town", field::TOWN, "437")];
    for (key, of_field, activity) in fields {
        let place_id = format!("place-levels-{key}");
        let mut place = new_place_in(&place_id, "Accueil téléphonique", &VERSAILLES, "005");
        let mut random = Random::of(&format!("levels/{key}"));
        for level in confidentiality::ALL {
            let telecom = contact(purpose::OFFICE, *level, *level, &mut random).telecom;
            place.telecom.extend(telecom.into_iter().map(crate::ror::ContactPoint::from));
        }
        directory.add(Resource::Location(place));
        let site_id = format!("eg-levels-{key}");
        let category = if key == "ms" { "500" } else { "124" };
        let kind = concept_of(system::ESTABLISHMENT_CATEGORY, category);
        add_site(directory, &site_id, "Centre de l'Orangerie", kind, &place_id);
        let mut offer = directory
            .new_offer(
                &format!("offer-levels-{key}"),
                "Permanence de soins",
                &site_id,
                &[&place_id],
            )
            .does(&[activity], "32", of_field);
        for level in confidentiality::ALL {
            for telecom_level in confidentiality::ALL {
                let pair = contact(purpose::ON_CALL, *level, *telecom_level, &mut random);
                offer = offer.extend(pair.clone().of_offer());
                directory.organization(&site_id).contact.push(pair.of_organization());
            }
        }
        directory.add(offer.build());
    }
    shared_practitioner(directory);
    medico_social_place(directory);
}

/// A professional at work in a hidden unit and in a town offer: seen through the second one.
fn shared_practitioner(directory: &mut Directory) {
    let id = "practitioner-both";
    people::add_practitioner(directory, id, "offer-levels-town", &mut Random::of("both"));
    for (key, offer) in [("hidden", "offer-secure-unit"), ("seen", "offer-levels-town")] {
        let id = format!("role-both-{key}");
        directory.add(Resource::PractitionerRole(PractitionerRole {
            meta: directory.meta(&id, offer),
            extension: salaried(),
            identifier: vec![Identifier::value(format!("situation/both-{key}"))],
            practitioner: Some(Reference::to("Practitioner/practitioner-both")),
            code: vec![concept_of(system::PROFESSION, "10")],
            specialty: vec![
                concept_of(system::KNOW_HOW_TYPE, "S"),
                concept_of(system::MEDICAL_SPECIALTY, "SM54"),
            ],
            healthcare_service: vec![Reference::to(format!("HealthcareService/{offer}"))],
            id: id.into(),
            ..PractitionerRole::default()
        }));
    }
}

/// Equipment, additional places and dwellings in a place of the medico-social field, which one
/// access profile sees there and nowhere else.
fn medico_social_place(directory: &mut Directory) {
    let moment = "2025-04-01T08:00:00+02:00";
    let record = |kind, status, count| Capacity::new(kind, status, count, moment);
    let more = Capacity {
        additional: Some(additional_bed::WITH_STAFF),
        ..record(capacity_kind::PLACE, capacity_status::ADDITIONAL, 2)
    };
    let place = directory.location("place-levels-ms");
    place.extension.extend([
        record(capacity_kind::PLACE, capacity_status::INSTALLED, 24).into(),
        record(capacity_kind::DWELLING, capacity_status::AVAILABLE, 3).into(),
        more.into(),
        equipment("098", Some(1), &[]).into(),
    ]);
}

/// What quality rules look for: an emergency whose name does not say so, a home whose stay is missing, two
/// establishments with one national number; and an offer closed for a time.
pub(super) fn odd_offers(directory: &mut Directory) {
    let (site, place) =
        (format!("eg-{SAINT_NAZAIRE_HOSPITAL}"), format!("place-{SAINT_NAZAIRE_HOSPITAL}"));
    let mut offer = directory
        .new_offer("offer-unnamed-emergency", "Accueil 24 h sur 24", &site, &[&place])
        .does(&["157"], "33", field::MCO)
        .category("20");
    for day in 1..=7 {
        let mut slot = opening(Code::new("02", "Horaire de fonctionnement"), day, "", "", None);
        (slot.available_start_time, slot.available_end_time) = (None, None);
        slot.all_day = Some(true);
        offer.0.available_time.push(slot);
    }
    directory.add(offer.build());
    let mut offer: NewOffer = directory
        .new_offer("offer-closed", "Hospitalisation de semaine de rhumatologie", &site, &[&place])
        .does(&["131"], "34", field::MCO)
        .category("165")
        .with(system::CLOSING_TYPE, "PRO");
    offer.0.not_available.push(NotAvailable::closing("2025-07-15", Some("2025-09-01".into())));
    directory.add(offer.build());
    let number = Identifier::national_structure("4899900000000000");
    for id in ["eg-twin-1", "eg-twin-2"] {
        let near = format!("place-{HOSPITAL}");
        add_site(
            directory,
            id,
            "Centre de santé des Deux Rives",
            concept_of(system::ESTABLISHMENT_CATEGORY, "124"),
            &near,
        );
        directory.organization(id).identifier = vec![number.clone()];
    }
    let meta = &mut directory.organization("eg-twin-2").meta;
    *meta = Meta { last_updated: "2026-05-05T05:05:05.123+02:00".into(), tag: vec![invented()] };
}
/// A mode of care entered with a zero too many, in the commune whose INSEE code looks like a postal code of
/// Marseille.
pub(super) fn mistyped_mode(directory: &mut Directory) {
    let belcodene = Town::new("13013", "13720", "BELCODÈNE");
    let (place_id, site) = ("place-belcodene", "eg-belcodene");
    let name = "Cabinet de médecine générale de Belcodène";
    let place = new_place_in(place_id, name, &belcodene, "023");
    directory.add(Resource::Location(place));
    add_site(directory, site, name, concept_of(system::ACTIVITY_SECTOR, "SA07"), place_id);
    let offer = directory
        .new_offer("offer-belcodene", name, site, &[place_id])
        .does(&["437"], "032", field::TOWN)
        .category("196")
        .ages(0, 120);
    directory.add(offer.build());
}
