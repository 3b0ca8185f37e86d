//! Care that use cases look for, each beside care that only seems to fit.

use super::super::directory::{Directory, Town, new_place_in};
use super::super::hospitals::{add_internal_organization, equipment};
use super::super::practices::{BEAUVAIS, LE_HAVRE, NANTES, SAINT_NAZAIRE, add_site};
use crate::import::concept_of;
use crate::ror::code::{
    capacity_closing, capacity_kind, capacity_status, equipment_feature, field, gender,
    internal_organization,
};
use crate::ror::datatype::{Code, Quantity, Range};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Capacity, act};
use crate::ror::{Resource, system};

use super::{HOSPITAL, LAENNEC, SAINT_NAZAIRE_HOSPITAL};

/// Cardiology near Nantes and far from it, at several places, at a place without position, and text that names
/// the heart only in the place.
pub(super) fn cardiology(directory: &mut Directory) {
    let herblain = Town::new("44162", "44800", "SAINT-HERBLAIN");
    let sites = [
        ("near", "Cardiologie interventionnelle", Some(herblain), true),
        ("far", "Cardiologie du littoral", Some(SAINT_NAZAIRE), true),
        ("unplaced", "Consultation avancée de cardiologie", Some(herblain), false),
    ];
    for (key, name, town, has_position) in sites {
        let Some(town) = town else { continue };
        let (place_id, offer_id) = (format!("place-cardio-{key}"), format!("offer-cardio-{key}"));
        let mut place = new_place_in(&place_id, name, &town, "005");
        if !has_position {
            place.position = None;
        }
        directory.add(Resource::Location(place));
        let offer = directory
            .new_offer(&offer_id, name, &format!("eg-{LAENNEC}"), &[&place_id])
            .does(&["013"], "32", field::MCO)
            .category("149")
            .ages(18, 120);
        directory.add(offer.build());
    }
    let places = ["place-cardio-near", "place-cardio-far", "place-750100125"];
    let offer = directory
        .new_offer(
            "offer-cardio-everywhere",
            "Suivi des cardiopathies congénitales",
            &format!("eg-{LAENNEC}"),
            &places,
        )
        .does(&["013"], "58", field::MCO)
        .category("149")
        .ages(0, 120);
    directory.add(offer.build());
    let place = format!("place-{HOSPITAL}");
    let pavilion = directory.new_place_at("place-pavilion", "Pavillon Cardio", &place, "005");
    directory.add(Resource::Location(pavilion));
    let offer = directory
        .new_offer(
            "offer-in-pavilion",
            "Bilan de santé",
            &format!("eg-{HOSPITAL}"),
            &["place-pavilion"],
        )
        .does(&["334"], "32", field::MCO)
        .ages(18, 120)
        .comment("L'équipe reçoit sans rendez-vous, y compris pour une œsophagite ou un œdème.");
    directory.add(offer.build());
}

/// Key, kind of offer (R244), activity (R211), records of ages.
type Rehabilitation = (&'static str, &'static str, &'static str, &'static [(u32, u32)]);

/// Rehabilitation for several ages: 35 years is admitted, or only seems to be, between two records.
pub(super) fn rehabilitation_ages(directory: &mut Directory) {
    let (site, place) = ("eg-440000693", "place-440000693");
    let rows: &[Rehabilitation] = &[
        ("adults", "102", "233", &[(18, 120)]),
        ("children", "109", "233", &[(0, 17)]),
        ("two-ends", "102", "233", &[(0, 10), (60, 99)]),
        ("teenagers-and-adults", "102", "513", &[(16, 99)]),
        ("heart", "104", "235", &[(18, 120)]),
    ];
    for (key, category, activity, ages) in rows {
        let mut offer = directory
            .new_offer(&format!("offer-smr-{key}"), "Rééducation et réadaptation", site, &[place])
            .does(&[activity], "29", field::SMR)
            .category(category);
        for (low, high) in *ages {
            offer = offer.ages(*low, *high);
        }
        directory.add(offer.build());
    }
    // Ages as one published example writes them: numbers without a unit.
    let bare = |value: f64| Quantity { value, ..Quantity::default() };
    let range = Range { low: bare(18.0), high: bare(75.0) };
    let age = Extension::new("ageRange", Value::Range(Box::new(range)));
    let offer = directory
        .new_offer("offer-smr-no-unit", "Rééducation de l'appareil locomoteur", site, &[place])
        .does(&["233"], "32", field::SMR)
        .category("102")
        .extend(Extension::complex(extension::PATIENT_TYPE, vec![age]));
    directory.add(offer.build());
    let months = |value: f64| Quantity::ucum(value, "mo");
    let range = Range { low: months(0.0), high: months(24.0) };
    let age = Extension::new("ageRange", Value::Range(Box::new(range)));
    let offer = directory
        .new_offer(
            "offer-infants",
            "Suivi du nourrisson vulnérable",
            &format!("eg-{HOSPITAL}"),
            &[&format!("place-{HOSPITAL}")],
        )
        .does(&["088"], "32", field::MCO)
        .extend(Extension::complex(extension::PATIENT_TYPE, vec![age]));
    directory.add(offer.build());
}

/// Establishments for children: categories 186 and 189, kinds 48, 50 and 62, act 0626, sequential reception.
pub(super) fn children(directory: &mut Directory) {
    for (key, category, name) in
        [("itep", "186", "ITEP Les Alizés"), ("cmpp", "189", "CMPP de l'Estuaire")]
    {
        let place_id = format!("place-{key}");
        let place = new_place_in(&place_id, name, &NANTES, "003");
        directory.add(Resource::Location(place));
        let kind = concept_of(system::ESTABLISHMENT_CATEGORY, category);
        add_site(directory, &format!("eg-{key}"), name, kind, &place_id);
    }
    let kind = internal_organization::SERVICE;
    add_internal_organization(directory, "oi-cmpp", "Antenne du CMPP", kind, "eg-cmpp");
    let sequential = "01";
    // (key, provider, place, kind of offer, sequential reception, act 0626)
    let rows = [
        ("itep-sequential", "eg-itep", "place-itep", "50", true, false),
        ("itep", "eg-itep", "place-itep", "50", false, false),
        ("ime-sequential", "eg-itep", "place-itep", "48", true, false),
        ("cmpp-act", "eg-itep", "place-itep", "62", false, true),
        ("cmpp-unit", "oi-cmpp", "place-cmpp", "61", false, true),
        ("cmpp-site", "eg-cmpp", "place-cmpp", "61", false, true),
        ("cmpp-no-act", "eg-cmpp", "place-cmpp", "62", false, false),
        ("itep-act", "eg-itep", "place-itep", "50", false, true),
    ];
    for (key, provider, place, category, is_sequential, has_act) in rows {
        let mut offer = directory
            .new_offer(
                &format!("offer-{key}"),
                "Accompagnement d'enfants et d'adolescents",
                provider,
                &[place],
            )
            .does(&["300"], "47", field::MS)
            .category(category)
            .with(system::RECEPTION_TYPE, "01")
            .ages(6, 20);
        if is_sequential {
            offer = offer.with(system::RECEPTION_MODALITY, sequential);
        }
        if has_act {
            offer = offer.with_concept(act(Code::new("0626", ""), false));
        }
        directory.add(offer.build());
    }
}

/// Surgery of obesity in Beauvais and Le Havre, with and without the act looked for.
pub(super) fn obesity_surgery(directory: &mut Directory) {
    let rows = [
        ("beauvais", BEAUVAIS, true),
        ("beauvais-2", BEAUVAIS, false),
        ("le-havre", LE_HAVRE, true),
        ("nantes", NANTES, true),
    ];
    for (key, town, has_act) in rows {
        let place_id = format!("place-obesity-{key}");
        let place = new_place_in(&place_id, "Chirurgie de l'obésité", &town, "006");
        directory.add(Resource::Location(place));
        let site = format!("eg-obesity-{key}");
        add_site(
            directory,
            &site,
            "Clinique des Remparts",
            concept_of(system::ESTABLISHMENT_CATEGORY, "128"),
            &place_id,
        );
        let mut offer = directory
            .new_offer(
                &format!("offer-obesity-{key}"),
                "Chirurgie bariatrique",
                &site,
                &[&place_id],
            )
            .does(&["017"], "28", field::MCO)
            .category("153")
            .ages(18, 70);
        if has_act {
            offer = offer.with_concept(act(Code::new("0529", ""), false));
        }
        directory.add(offer.build());
    }
}

/// Real homes of Saône-et-Loire, one of which cares for the disorder looked for.
pub(super) fn real_homes(directory: &mut Directory) {
    let offer = directory.offer("offer-710002239-category");
    offer.characteristic.push(concept_of(system::CARE_SPECIALITY, "24"));
    let offer = directory.offer("offer-710002007-category");
    offer.characteristic.push(concept_of(system::CARE_SPECIALITY, "12"));
}

/// Stroke and child intensive beds: free for women or not, closed and reactivable or not.
pub(super) fn beds_now(directory: &mut Directory) {
    let moment = "2025-02-01T07:45:00+01:00";
    let bed = |status, count| Capacity::new(capacity_kind::BED, status, count, moment);
    let free =
        |gender, count| Capacity { gender: Some(gender), ..bed(capacity_status::AVAILABLE, count) };
    let closed =
        |closing, count| Capacity { closing: Some(closing), ..bed(capacity_status::CLOSED, count) };
    let zones = [
        (LAENNEC, "beds-stroke-intensive", vec![free(gender::WOMEN, 2), free(gender::MEN, 0)]),
        (
            SAINT_NAZAIRE_HOSPITAL,
            "beds-stroke-intensive",
            vec![free(gender::WOMEN, 0), free(gender::MEN, 3)],
        ),
        (HOSPITAL, "beds-continuous-child", vec![closed(capacity_closing::REACTIVABLE, 2)]),
        (
            SAINT_NAZAIRE_HOSPITAL,
            "beds-continuous-child",
            vec![
                closed(capacity_closing::REACTIVABLE, 0),
                closed(capacity_closing::NOT_REACTIVABLE, 3),
            ],
        ),
        (SAINT_NAZAIRE_HOSPITAL, "beds-medicine", vec![free(gender::UNDETERMINED, 0)]),
        (HOSPITAL, "beds-medicine", vec![free(gender::WOMEN, 4), free(gender::MEN, 1)]),
    ];
    for (finess, slug, records) in zones {
        let zone = directory.location(&format!("place-{finess}-{slug}"));
        // Only the installed beds of open data stay.
        let mut is_first = true;
        zone.extension.retain(|part| {
            part.url != extension::SUPPORTED_CAPACITY || std::mem::take(&mut is_first)
        });
        zone.extension.extend(records.into_iter().map(Extension::from));
    }
}

/// Key, site, equipment (R212) with the weight each bears, kilograms.
type OperatingRoom = (&'static str, &'static str, &'static [(&'static str, f64)]);

/// Operating tables with a limit high enough, or beside another equipment that has it.
pub(super) fn operating_rooms(directory: &mut Directory) {
    let weight = equipment_feature::MAXIMUM_WEIGHT;
    let rooms: [OperatingRoom; 3] = [
        ("ortho-heavy", HOSPITAL, &[("088", 240.0)]),
        ("ortho-light", SAINT_NAZAIRE_HOSPITAL, &[("088", 150.0), ("072", 300.0)]),
        ("ortho-radiology", LAENNEC, &[("083", 200.0)]),
    ];
    for (key, finess, equipments) in rooms {
        let place_id = format!("place-{key}");
        let mut room = directory.new_place_at(
            &place_id,
            "Bloc d'orthopédie",
            &format!("place-{finess}"),
            "006",
        );
        for (code, limit) in equipments {
            room.extension.push(equipment(code, Some(1), &[(weight, *limit, "kg")]).into());
        }
        directory.add(Resource::Location(room));
        let offer = directory
            .new_offer(
                &format!("offer-{key}"),
                "Chirurgie orthopédique",
                &format!("eg-{finess}"),
                &[&place_id],
            )
            .does(&["025"], "28", field::MCO)
            .category("150")
            .ages(15, 120);
        directory.add(offer.build());
    }
    // A limit entered in grams and one in centimeters, on one equipment.
    let diameter = equipment_feature::MAXIMUM_DIAMETER;
    let scanner = equipment("086", Some(1), &[(weight, 250_000.0, "g"), (diameter, 85.0, "cm")]);
    directory.location("place-pavilion").extension.push(scanner.into());
}

/// Maternities of every type; one receives in person, as scenario 11 asks.
pub(super) fn maternities(directory: &mut Directory) {
    let modes =
        [("750100109", "03"), ("440000271", "06"), ("440000396", "03"), ("750100208", "01")];
    for (finess, mode) in modes {
        let offer = directory.offer(&format!("offer-{finess}-beds-obstetrics"));
        offer.characteristic.push(concept_of(system::RECEPTION_MODALITY, mode));
    }
}
