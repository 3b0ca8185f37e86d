//! The records that the use cases of the ROR guide name, and the pairs that tell a right answer from a
//! nearly right one: for each criterion a record that meets it and one that only seems to.
//!
//! Ids of resources that requests address directly are those of the guide's examples (140, 741, …).

use super::directory::{Directory, NewOffer, Town, contact, invented, purpose, set_sensitive};
use super::hospitals::{ANY_GENDER, add_internal_organization, equipment};
use super::people;
use super::practices::{
    BEAUVAIS, LE_HAVRE, NANTES, SAINT_NAZAIRE, VERSAILLES, add_site, secure_mailbox,
};
use super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{
    assignment, capacity_closing, capacity_kind, capacity_status, confidentiality,
    equipment_feature, exercise_mode, field, gender, internal_organization,
};
use crate::ror::datatype::{Code, Meta, Quantity, Range, Reference};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Capacity, act, role_name};
use crate::ror::resource::NotAvailable;
use crate::ror::{Identifier, PractitionerRole, Resource, system};

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
    cardiology(directory);
    rehabilitation_ages(directory);
    children(directory);
    obesity_surgery(directory);
    real_homes(directory);
    beds_and_equipment(directory);
    maternities(directory);
    sensitive_units(directory);
    confidentiality_levels(directory);
    odd_offers(directory);
    mistyped_mode(directory);
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
    let mut beds =
        directory.new_place_at("140", "Hospitalisation de neurochirurgie", &place, "001");
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

    let mut room =
        directory.new_place_at("141", "Bloc opératoire de neurochirurgie", &place, "006");
    room.identifier = vec![Identifier::place("52/347254")];
    room.extension.push(equipment("069", Some(1), &[]).into());
    directory.add(Resource::Location(room));

    let mut offer = directory
        .new_offer("741", "Neurochirurgie", "789", &["140", "141"])
        .does(&["096", "040"], "28", field::MCO)
        .category("160")
        .with_concept(act(Code::new("0320", "Neuromodulation sacrée"), false))
        .with(system::SPECIFIC_COMPETENCE, "05")
        .with(system::RESOURCE_PROFESSION, "86")
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
    directory.organization(&format!("eg-{HOSPITAL}")).meta.last_updated =
        "2025-03-10T10:00:00+01:00".into();
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
        let mut place = directory.new_place_in(id, "Antenne de consultation", &NANTES, "005");
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
        let mut place = directory.new_place_in(id, "Salle de réunion", &NANTES, "005");
        place.identifier = vec![Identifier::place("52/200000")];
        place.managing_organization = Some(manager.clone());
        directory.add(Resource::Location(place));
    }
    let mut place = directory.new_place_in("place-no-capacity", "Accueil", &SAINT_NAZAIRE, "005");
    place.identifier = vec![Identifier::place("52/200001")];
    place.managing_organization = Some(manager.clone());
    directory.add(Resource::Location(place));
    for (id, code) in [("place-postal-22", "22"), ("place-postal-36", "36")] {
        let mut place = directory.new_place_in(id, "Adresse incomplète", &NANTES, "005");
        if let Some(address) = &mut place.address {
            address.postal_code = Some(code.into());
        }
        place.managing_organization = Some(manager.clone());
        directory.add(Resource::Location(place));
    }
}

/// Cardiology near Nantes and far from it, at several places, at a place without position, and text that names
/// the heart only in the place.
fn cardiology(directory: &mut Directory) {
    let herblain = Town::new("44162", "44800", "SAINT-HERBLAIN");
    let sites = [
        ("near", "Cardiologie interventionnelle", Some(herblain), true),
        ("far", "Cardiologie du littoral", Some(SAINT_NAZAIRE), true),
        ("unplaced", "Consultation avancée de cardiologie", Some(herblain), false),
    ];
    for (key, name, town, has_position) in sites {
        let Some(town) = town else { continue };
        let (place_id, offer_id) = (format!("place-cardio-{key}"), format!("offer-cardio-{key}"));
        let mut place = directory.new_place_in(&place_id, name, &town, "005");
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

/// Rehabilitation for several ages: 35 years is admitted, or only seems to be, between two records.
fn rehabilitation_ages(directory: &mut Directory) {
    let (site, place) = ("eg-440000693", "place-440000693");
    let rows: &[(&str, &str, &str, &[(u32, u32)])] = &[
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
fn children(directory: &mut Directory) {
    for (key, category, name) in
        [("itep", "186", "ITEP Les Alizés"), ("cmpp", "189", "CMPP de l'Estuaire")]
    {
        let place_id = format!("place-{key}");
        let place = directory.new_place_in(&place_id, name, &NANTES, "003");
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
fn obesity_surgery(directory: &mut Directory) {
    let rows = [
        ("beauvais", BEAUVAIS, true),
        ("beauvais-2", BEAUVAIS, false),
        ("le-havre", LE_HAVRE, true),
        ("nantes", NANTES, true),
    ];
    for (key, town, has_act) in rows {
        let place_id = format!("place-obesity-{key}");
        let place = directory.new_place_in(&place_id, "Chirurgie de l'obésité", &town, "006");
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
fn real_homes(directory: &mut Directory) {
    let offer = directory.offer("offer-710002239-category");
    offer.characteristic.push(concept_of(system::CARE_SPECIALITY, "24"));
    let offer = directory.offer("offer-710002007-category");
    offer.characteristic.push(concept_of(system::CARE_SPECIALITY, "12"));
}

/// Stroke and child intensive beds: free for women or not, closed and reactivable or not; operating tables with
/// a limit high enough, or beside another equipment that has it.
fn beds_and_equipment(directory: &mut Directory) {
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
    let weight = equipment_feature::MAXIMUM_WEIGHT;
    let tables: [(&str, &str, &[(&'static str, f64)]); 3] = [
        ("ortho-heavy", HOSPITAL, &[("088", 240.0)]),
        ("ortho-light", SAINT_NAZAIRE_HOSPITAL, &[("088", 150.0), ("072", 300.0)]),
        ("ortho-radiology", LAENNEC, &[("083", 200.0)]),
    ];
    for (key, finess, equipments) in tables {
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
fn maternities(directory: &mut Directory) {
    let modes =
        [("750100109", "03"), ("440000271", "06"), ("440000396", "03"), ("750100208", "01")];
    for (finess, mode) in modes {
        let offer = directory.offer(&format!("offer-{finess}-beds-obstetrics"));
        offer.characteristic.push(concept_of(system::RECEPTION_MODALITY, mode));
    }
}

/// Units to be hidden: alone in their place, beside others, flagged without looking so, looking so without flag.
fn sensitive_units(directory: &mut Directory) {
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
fn confidentiality_levels(directory: &mut Directory) {
    let fields =
        [("mco", field::MCO, "083"), ("ms", field::MS, "293"), ("town", field::TOWN, "437")];
    for (key, of_field, activity) in fields {
        let place_id = format!("place-levels-{key}");
        let mut place =
            directory.new_place_in(&place_id, "Accueil téléphonique", &VERSAILLES, "005");
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

/// A mode of care entered with a zero too many, in the commune whose INSEE code looks like a postal code of
/// Marseille.
fn mistyped_mode(directory: &mut Directory) {
    let belcodene = Town::new("13013", "13720", "BELCODÈNE");
    let (place_id, site) = ("place-belcodene", "eg-belcodene");
    let name = "Cabinet de médecine générale de Belcodène";
    let place = directory.new_place_in(place_id, name, &belcodene, "023");
    directory.add(Resource::Location(place));
    add_site(directory, site, name, concept_of(system::ACTIVITY_SECTOR, "SA07"), place_id);
    let offer = directory
        .new_offer("offer-belcodene", name, site, &[place_id])
        .does(&["437"], "032", field::TOWN)
        .category("196")
        .ages(0, 120);
    directory.add(offer.build());
}

/// What quality rules look for: an emergency whose name does not say so, a home whose stay is missing, two
/// establishments with one national number; and an offer closed for a time.
fn odd_offers(directory: &mut Directory) {
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
