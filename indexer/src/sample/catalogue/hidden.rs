//! What access rules hide, in part or in whole, and what quality rules find fault with.

use super::super::directory::{
    Directory, NewOffer, Town, contact, invented, new_place_in, purpose, set_sensitive,
};
use super::super::people;
use super::super::practices::{VERSAILLES, add_site};
use super::super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{confidentiality, field};
use crate::ror::datatype::{Meta, Reference};
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
}

/// What quality rules look for: an emergency whose name does not say so, a home whose stay is missing, two
/// establishments with one national number; and an offer closed for a time.
pub(super) fn odd_offers(directory: &mut Directory) {
    let (site, place) =
        (format!("eg-{SAINT_NAZAIRE_HOSPITAL}"), format!("place-{SAINT_NAZAIRE_HOSPITAL}"));
    let offer = directory
        .new_offer("offer-unnamed-emergency", "Accueil 24 h sur 24", &site, &[&place])
        .does(&["157"], "33", field::MCO)
        .category("20");
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
