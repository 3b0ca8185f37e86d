//! What open data lacks of hospitals: free and closed beds, equipment, surgical specialties, internal
//! organizations, consultations.

use super::directory::{Directory, as_place, contact, level, purpose};
use super::random::Random;
use crate::ror::code::{
    additional_bed, assignment, capacity_closing, capacity_kind, capacity_source, capacity_status,
    crisis, equipment_feature, field, gender, internal_organization, temporality,
};
use crate::ror::datatype::{Code, CodeableConcept, Reference};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Capacity, Equipment, EquipmentLimit};
use crate::ror::{Identifier, Location, Organization, Resource, system};

/// Retired from the nomenclature, still sent by bed management systems.
pub(super) const ANY_GENDER: Code<'static> = Code::new("03", "Indifférencié");

/// Surgical activities (R211) with the kind of offer (R244).
const SURGERY: &[(&str, &str, &str)] = &[
    ("025", "150", "Chirurgie orthopédique et traumatologique"),
    ("033", "153", "Chirurgie digestive et viscérale"),
    ("031", "234", "Urologie"),
    ("032", "152", "Chirurgie vasculaire"),
    ("016", "173", "Chirurgie ORL et cervico-faciale"),
    ("022", "157", "Chirurgie gynécologique"),
    ("030", "151", "Chirurgie thoracique"),
    ("018", "151", "Chirurgie cardiaque"),
    ("017", "153", "Chirurgie de l'obésité"),
];

/// Completes every hospital of the directory.
pub(super) fn complete(directory: &mut Directory) {
    let zones =
        directory.ids(|resource| as_place(resource).is_some_and(|place| place.part_of.is_some()));
    for zone in &zones {
        complete_zone(directory, zone);
    }
    for zone in zones.iter().filter(|zone| zone.ends_with("-surgery")) {
        add_surgery(directory, zone);
    }
    let sites = directory.ids(|resource| matches!(resource, Resource::Organization(_)));
    for site in sites {
        let Some(finess) = site.strip_prefix("eg-") else { continue };
        let count =
            zones.iter().filter(|zone| zone.starts_with(&format!("place-{finess}-"))).count();
        if count >= 6 {
            add_internal_organizations(directory, finess);
            add_consultations(directory, finess);
        }
    }
}

/// Beds now, in a zone whose installed beds are known.
fn complete_zone(directory: &mut Directory, id: &str) {
    let mut random = Random::of(&format!("zone/{id}"));
    if random.chance(25) {
        return;
    }
    let place = directory.location(id);
    let Some((kind, installed)) = installed(place) else { return };
    let updated = random.moment();
    let record = |status, count| Capacity::new(kind, status, count, updated.clone());
    let closed = if random.chance(20) { installed / 5 } else { 0 };
    let open = installed - closed;
    let free = open * random.between(0, 25) as i32 / 100;
    let mut records = vec![record(capacity_status::OCCUPIED, open - free)];
    records.extend(free_beds(kind, free, &updated, &mut random));
    if closed > 0 {
        let closing = Some(random.pick(capacity_closing::ALL));
        records.push(Capacity { closing, ..record(capacity_status::CLOSED, closed) });
    }
    if random.chance(15) {
        let mut more = record(capacity_status::ADDITIONAL, random.between(1, 8) as i32);
        more.additional = Some(random.pick(additional_bed::ALL));
        more.crisis = random.chance(40).then(|| random.pick(crisis::ALL));
        more.comment = Some("Lits ouverts si le plan blanc est déclenché".into());
        records.push(more);
    }
    if random.chance(5) {
        records.push(Capacity {
            assignment: random.pick(&[assignment::COVID_POSITIVE, assignment::COVID_NEGATIVE]),
            ..record(capacity_status::RESERVED, random.between(1, 4) as i32)
        });
    }
    let source = random.pick(capacity_source::ALL);
    for mut record in records {
        record.source = source;
        place.extension.push(record.into());
    }
}

/// Free beds, by gender or for anyone, some forecast.
fn free_beds(
    kind: Code<'static>,
    free: i32,
    updated: &str,
    random: &mut Random,
) -> Vec<Capacity<'static>> {
    let record = |gender, count| {
        let status = capacity_status::AVAILABLE;
        Capacity { gender: Some(gender), ..Capacity::new(kind, status, count, updated.to_owned()) }
    };
    let mut records = match random.below(10) {
        0..4 => vec![record(gender::WOMEN, free / 2), record(gender::MEN, free - free / 2)],
        4..7 => vec![record(gender::UNDETERMINED, free)],
        _ => vec![record(ANY_GENDER, free)],
    };
    if random.chance(25) {
        let temporality = random.pick(&temporality::ALL[1..]);
        let count = free + random.below(4) as i32;
        records.push(Capacity { temporality, ..record(gender::UNDETERMINED, count) });
    }
    records
}

/// Kind and number of the installed beds of a zone.
fn installed(place: &Location<'static>) -> Option<(Code<'static>, i32)> {
    let record = place.extension.iter().find(|part| part.url == extension::SUPPORTED_CAPACITY)?;
    let count = record.extension.iter().find_map(|part| match part.value {
        Some(Value::Integer(count)) if part.url == "nbCapacity" => Some(count),
        _ => None,
    })?;
    let code = record.extension.iter().find_map(|part| match &part.value {
        Some(Value::CodeableConcept(concept)) if part.url == "capacityType" => {
            concept.coding.as_ref()
        }
        _ => None,
    })?;
    let kind = capacity_kind::ALL.iter().find(|kind| kind.code == code[0].code)?;
    Some((*kind, count))
}

/// Surgical specialties in a zone of which open data says only "surgery", and the equipment of the zone.
fn add_surgery(directory: &mut Directory, zone: &str) {
    let mut random = Random::of(&format!("surgery/{zone}"));
    let finess = zone.trim_start_matches("place-").split('-').next().unwrap_or_default().to_owned();
    let is_ambulatory = zone.contains("places-");
    let mode = if is_ambulatory { "09" } else { "28" };
    let first = random.below(SURGERY.len() as u32) as usize;
    for step in 0..=random.below(2) as usize {
        let (activity, category, name) = SURGERY[(first + step * 4) % SURGERY.len()];
        let name = if is_ambulatory { format!("{name} ambulatoire") } else { name.to_owned() };
        let id = format!("offer-{finess}-{activity}-{mode}");
        let mut offer = directory
            .new_offer(&id, &name, &format!("eg-{finess}"), &[zone])
            .does(&[activity], mode, field::MCO)
            .category(category)
            .ages(15, 120);
        if activity == "017" && random.chance(60) {
            offer = offer.with_concept(crate::ror::record::act(Code::new("0529", ""), false));
        }
        if activity == "018" {
            offer = offer.comment("Chirurgie valvulaire et pontages ; cœur artificiel en recours.");
        }
        offer = offer.extend(
            contact(purpose::OFFICE, level(&mut random), level(&mut random), &mut random)
                .of_offer(),
        );
        directory.add(offer.build());
    }
    let place = directory.location(zone);
    let table = random.pick(&["088", "072", "083", "084", "069", "089"]);
    place
        .extension
        .push(equipment(table, Some(random.between(1, 4) as i32), &limits_of(table)).into());
    if random.chance(30) {
        place.extension.push(equipment("030", Some(random.between(0, 3) as i32), &[]).into());
    }
}

/// The limits an equipment for obese patients has.
fn limits_of(code: &str) -> Vec<(Code<'static>, f64, &'static str)> {
    let weight = equipment_feature::MAXIMUM_WEIGHT;
    match code {
        "088" | "083" => vec![(weight, 220.0, "kg")],
        "072" | "084" => vec![(weight, 350.0, "kg")],
        "089" => vec![(weight, 320.0, "kg")],
        "085" => vec![(weight, 250.0, "kg"), (equipment_feature::MAXIMUM_DIAMETER, 80.0, "cm")],
        _ => Vec::new(),
    }
}

/// An equipment (R212) with its limits.
pub(super) fn equipment(
    code: &'static str,
    in_service: Option<i32>,
    limits: &[(Code<'static>, f64, &'static str)],
) -> Equipment<'static> {
    let label =
        shared::terminology::terminology().display(system::EQUIPMENT, code).unwrap_or_default();
    let limits = limits
        .iter()
        .map(|(feature, value, unit)| EquipmentLimit { feature: *feature, value: *value, unit })
        .collect();
    Equipment { kind: Code::new(code, label), in_service, limits }
}

/// Poles, services and units of a large hospital; its units take over some of its offers.
fn add_internal_organizations(directory: &mut Directory, finess: &str) {
    let chains = [
        (
            "Pôle Médecine et urgences",
            "Service de médecine",
            "Unité de médecine polyvalente",
            "beds-medicine",
        ),
        (
            "Pôle Femme, mère, enfant",
            "Service de gynécologie-obstétrique",
            "Maternité",
            "beds-obstetrics",
        ),
        (
            "Pôle Cœur, thorax et vaisseaux",
            "Service de cardiologie",
            "Unité de soins intensifs cardiologiques",
            "beds-cardiac-intensive",
        ),
    ];
    for (number, (pole, service, unit, slug)) in (1..).zip(chains) {
        let offer = format!("offer-{finess}-{slug}");
        if !directory.has(&offer) {
            continue;
        }
        let mut above = format!("eg-{finess}");
        let levels = [
            ("pole", pole, internal_organization::POLE),
            ("service", service, internal_organization::SERVICE),
            ("unit", unit, internal_organization::FUNCTIONAL_UNIT),
        ];
        for (level, name, kind) in levels {
            let id = format!("oi-{finess}-{level}-{number}");
            add_internal_organization(directory, &id, name, kind, &above);
            above = id;
        }
        directory.offer(&offer).provided_by = Some(Reference::to(format!("Organization/{above}")));
    }
}

/// An internal organization under another organization.
pub(super) fn add_internal_organization(
    directory: &mut Directory,
    id: &str,
    name: &str,
    kind: Code<'static>,
    above: &str,
) {
    let organization = Organization {
        id: id.to_owned().into(),
        meta: directory.meta(id, above),
        extension: vec![Extension::creation_date("2024-02-01T09:00:00+01:00")],
        identifier: vec![Identifier::internal_organization(id.to_owned())],
        kind: vec![kind.concept(system::INTERNAL_ORGANIZATION_TYPE)],
        name: Some(name.to_owned().into()),
        part_of: Some(Reference::to(format!("Organization/{above}"))),
        ..Organization::default()
    };
    directory.add(Resource::Organization(organization));
}

/// Consultations, imaging and heart exploration at the address of a large hospital.
fn add_consultations(directory: &mut Directory, finess: &str) {
    let mut random = Random::of(&format!("consultations/{finess}"));
    let (site, place) = (format!("eg-{finess}"), format!("place-{finess}"));
    if random.chance(60) {
        let offer = directory
            .new_offer(&format!("offer-{finess}-013-32"), "Consultations de cardiologie", &site, &[&place])
            .does(&["013"], "32", field::MCO)
            .category("149")
            .with(system::RECEPTION_MODALITY, random.pick(&["03", "04", "06"]))
            .ages(18, 120)
            .comment("Suivi de l'insuffisance cardiaque, de l'hypertension artérielle et des troubles du rythme.")
            .extend(contact(purpose::APPOINTMENT, level(&mut random), level(&mut random), &mut random).of_offer());
        directory.add(offer.build());
    }
    if random.chance(50) {
        let id = format!("place-{finess}-imaging");
        let mut room = directory.new_place_at(&id, "Plateau d'imagerie", &place, "010");
        room.part_of = Some(Reference::to(format!("Location/{place}")));
        for code in ["085", "054", "083", "017"] {
            if random.chance(50) {
                let count = Some(random.between(1, 3) as i32);
                room.extension.push(equipment(code, count, &limits_of(code)).into());
            }
        }
        directory.add(Resource::Location(room));
        let offer = directory
            .new_offer(&format!("offer-{finess}-454-55"), "Imagerie médicale", &site, &[&id])
            .does(&["454"], "55", field::MCO)
            .category("164");
        directory.add(offer.build());
    }
    if random.chance(40) {
        let offer = directory
            .new_offer(
                &format!("offer-{finess}-344-55"),
                "Échocardiographie et épreuve d'effort",
                &site,
                &[&place],
            )
            .does(&["344"], "55", field::MCO)
            .category("149")
            .ages(0, 120);
        directory.add(offer.build());
    }
    let switch = contact(purpose::ALERT, level(&mut random), level(&mut random), &mut random);
    let hospital = directory.organization(&site);
    hospital.contact.push(switch.of_organization());
    if random.chance(40) {
        hospital
            .extension
            .push(Extension::new(extension::DROP_ZONE, Value::Boolean(random.chance(50))));
    }
    if random.chance(40) {
        let level = CodeableConcept::text("Établissement de recours");
        hospital.extension.push(Extension::concept(ORSAN_LEVEL, level));
    }
}

/// Level in the emergency plan, shown to few.
const ORSAN_LEVEL: &str = "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-organization-level-recours-orsan";
