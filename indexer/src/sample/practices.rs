//! Invented care that the open data leaves out: town practices, home help, establishments for disabled
//! children.

use super::directory::{Directory, NewOffer, Town, contact, level, new_place_in, purpose};
use super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{
    channel, confidentiality, division, field, management, price_condition, price_type, price_unit,
};
use crate::ror::datatype::{Code, concept};
use crate::ror::extension::Extension;
use crate::ror::record::{Price, act, opening, territorial_division};
use crate::ror::{ContactPoint, Identifier, Organization, Resource, system};

pub(super) const NANTES: Town = Town::new("44109", "44000", "NANTES");
pub(super) const SAINT_NAZAIRE: Town = Town::new("44184", "44600", "SAINT-NAZAIRE");
pub(super) const MORLAIX: Town = Town::new("29151", "29600", "MORLAIX");
pub(super) const BOURGES: Town = Town::new("18033", "18000", "BOURGES");
pub(super) const MARSEILLE: Town = Town::new("13055", "13013", "MARSEILLE");
pub(super) const VERSAILLES: Town = Town::new("78646", "78000", "VERSAILLES");
pub(super) const BEAUVAIS: Town = Town::new("60057", "60000", "BEAUVAIS");
pub(super) const LE_HAVRE: Town = Town::new("76351", "76620", "LE HAVRE");

const TOWNS: &[Town] = &[
    NANTES,
    SAINT_NAZAIRE,
    Town::new("44162", "44800", "SAINT-HERBLAIN"),
    Town::new("44143", "44400", "REZÉ"),
    Town::new("44036", "44110", "CHÂTEAUBRIANT"),
    Town::new("44043", "44190", "CLISSON"),
    Town::new("44131", "44210", "PORNIC"),
    Town::new("75056", "75011", "PARIS"),
    Town::new("75056", "75015", "PARIS"),
    Town::new("75056", "75019", "PARIS"),
    Town::new("15014", "15000", "AURILLAC"),
    Town::new("15187", "15100", "SAINT-FLOUR"),
    Town::new("15120", "15200", "MAURIAC"),
    MORLAIX,
    BOURGES,
    MARSEILLE,
    VERSAILLES,
    BEAUVAIS,
    LE_HAVRE,
];

/// A kind of practice: activity (R211), kind of offer (R244), function of the place (R343), name.
type Practice = (&'static str, &'static str, &'static str, &'static str);

const PRACTICES: &[Practice] = &[
    ("437", "196", "023", "Cabinet de médecine générale"),
    ("013", "183", "022", "Cabinet de cardiologie"),
    ("005", "180", "005", "Cabinet d'allergologie"),
    ("481", "196", "023", "Cabinet de médecine générale et d'allergologie"),
    ("287", "225", "019", "Cabinet infirmier"),
    ("339", "195", "018", "Cabinet de kinésithérapie"),
    ("530", "213", "020", "Cabinet de sages-femmes"),
    ("088", "205", "026", "Cabinet de pédiatrie"),
    ("229", "208", "005", "Cabinet de psychiatrie"),
];

/// Adds practices in every town, home help services and establishments for children.
pub(super) fn add(directory: &mut Directory) {
    for (number, town) in (1..).zip(TOWNS) {
        for practice in PRACTICES {
            let key = format!("{}-{number}-{}", town.insee, practice.0);
            let mut random = Random::of(&format!("practice/{key}"));
            let always = practice.0 == "437";
            if always || random.chance(55) {
                add_practice(directory, &key, town, *practice, &mut random);
            }
        }
        add_home_help(directory, number, town);
    }
}

fn add_practice(
    directory: &mut Directory,
    key: &str,
    town: &Town,
    practice: Practice,
    random: &mut Random,
) {
    let (activity, category, function, kind) = practice;
    let name = format!(
        "{kind} {}",
        random.pick(&["du Centre", "de la Gare", "des Lilas", "de l'Hôtel de Ville"])
    );
    let place_id = format!("place-town-{key}");
    let mut place = new_place_in(&place_id, &name, town, function);
    place.telecom = contact(purpose::APPOINTMENT, confidentiality::PUBLIC, level(random), random)
        .telecom
        .into_iter()
        .map(ContactPoint::from)
        .collect();
    directory.add(Resource::Location(place));
    let site_id = format!("eg-town-{key}");
    let sector = random.pick(&["SA07", "SA08", "SA09"]);
    add_site(directory, &site_id, &name, concept_of(system::ACTIVITY_SECTOR, sector), &place_id);
    let mut offer = directory
        .new_offer(&format!("offer-town-{key}"), &name, &site_id, &[&place_id])
        .does(&[activity], if activity == "287" { "49" } else { "32" }, field::TOWN)
        .category(category)
        .with(system::RECEPTION_MODALITY, random.pick(&["03", "04", "05", "06"]))
        .ages(
            if activity == "088" { 0 } else { random.pick(&[0, 6, 15]) },
            if activity == "088" { 17 } else { 120 },
        )
        .extend(
            contact(purpose::APPOINTMENT, confidentiality::PUBLIC, level(random), random)
                .of_offer(),
        );
    if activity == "437" && random.chance(40) {
        offer = offer.with_concept(act(Code::new("0788", ""), true));
    }
    add_hours(&mut offer, random);
    directory.add(offer.build());
}

/// Consulting hours from Monday to Friday, Saturday morning without appointment.
fn add_hours(offer: &mut NewOffer, random: &mut Random) {
    let by_appointment = Code::new("07", "Horaire de consultation sur RDV");
    let without = Code::new("06", "Horaire de consultation sans RDV");
    let end = random.pick(&["17:00:00", "18:30:00", "19:00:00"]);
    for day in 1..=5 {
        offer.0.available_time.push(opening(by_appointment, day, "09:00:00", end, None));
    }
    if random.chance(50) {
        offer.0.available_time.push(opening(without, 6, "09:00:00", "12:00:00", None));
    }
}

/// An establishment outside FINESS, at a place.
pub(super) fn add_site(
    directory: &mut Directory,
    id: &str,
    name: &str,
    kind: crate::ror::CodeableConcept<'static>,
    place: &str,
) {
    let meta = directory.meta(id, place);
    let Some(Resource::Location(at)) = directory.resources.iter().find(|r| r.id() == place) else {
        panic!("the sample has no place {place}");
    };
    let number = format!("8999{:010}", Random::of(&format!("number/{id}")).below(1_000_000_000));
    let identifier = Identifier {
        kind: Some(concept(system::STRUCTURE_IDENTIFIER_TYPE, "4", "Id Cabinet RPPS")),
        system: Some("https://rppsrang.esante.gouv.fr".into()),
        value: number.clone().into(),
    };
    let site = Organization {
        id: id.to_owned().into(),
        meta,
        extension: vec![Extension::creation_date("2024-02-01T09:00:00+01:00")],
        identifier: vec![Identifier::national_structure(format!("4{number}")), identifier],
        kind: vec![kind],
        name: Some(name.to_owned().into()),
        address: at.address.clone().into_iter().collect(),
        ..Organization::default()
    };
    directory.add(Resource::Organization(site));
}

/// A home help service that goes to the communes around; its prices are by the hour and by the meal.
fn add_home_help(directory: &mut Directory, number: u32, town: &Town) {
    let mut random = Random::of(&format!("home-help/{number}"));
    let place_id = format!("place-help-{number}");
    let name = format!("Service autonomie à domicile {}", town.city);
    let place = new_place_in(&place_id, &name, town, "005");
    directory.add(Resource::Location(place));
    let site_id = format!("eg-help-{number}");
    add_site(
        directory,
        &site_id,
        &name,
        concept_of(system::ESTABLISHMENT_CATEGORY, "460"),
        &place_id,
    );
    let start = "2025-01-01";
    let hourly = Price {
        start: Some(start.into()),
        human_help: Some("Aide à la toilette et au lever".into()),
        management: Some(random.pick(management::ALL)),
        condition: Some(price_condition::PUBLIC),
        ..Price::new(
            price_type::HUMAN_HELP,
            price_unit::HOUR,
            f64::from(random.between(2300, 3100)) / 100.0,
        )
    };
    let meal = Price {
        start: Some(start.into()),
        meal_delivery: Some("Déjeuner livré, pain compris".into()),
        condition: Some(price_condition::PUBLIC),
        ..Price::new(
            price_type::MEAL_DELIVERY,
            price_unit::UNIT,
            f64::from(random.between(800, 1400)) / 100.0,
        )
    };
    let site = directory.organization(&site_id);
    site.extension.extend([Extension::from(hourly), meal.into()]);
    for (activity, name) in
        [("293", "Aide à la toilette"), ("299", "Aide au ménage et aux courses")]
    {
        let mut offer = directory
            .new_offer(&format!("offer-help-{number}-{activity}"), name, &site_id, &[&place_id])
            .does(&[activity], "49", field::MS)
            .category("30")
            .with(system::MANAGEMENT_TYPE, random.pick(&["01", "02"]))
            .ages(18, 120);
        for commune in zone_of(town, if activity == "293" { 4 } else { 2 }) {
            let area = concept(system::COMMUNE, commune.code, commune.name);
            offer = offer.extend(territorial_division(division::COMMUNE, area));
        }
        if activity == "299" && number == 1 {
            let area = concept(system::REGION, "52", "Pays de la Loire");
            offer = offer.extend(territorial_division(division::REGION, area));
        }
        if activity == "299" {
            let acts = [
                ("0784", "Entretien du logement (ménage, petit bricolage)"),
                ("0785", "Entretien du linge"),
            ];
            for (code, label) in acts {
                offer = offer.with_concept(act(Code::new(code, label), false));
            }
        }
        directory.add(offer.build());
    }
}

/// The commune of a town and the next ones of its department, by code.
fn zone_of(town: &Town, count: usize) -> impl Iterator<Item = &'static shared::geo::Commune> {
    let insee = town.insee;
    shared::geo::gazetteer()
        .communes()
        .skip_while(move |commune| commune.code < insee)
        .filter(|commune| commune.parent.is_none())
        .take(count)
}

/// Channel kept for the secure mailbox of an offer.
pub(super) fn secure_mailbox(value: &str) -> ContactPoint<'static> {
    let telecom = crate::ror::record::Telecom {
        channel: channel::EMAIL,
        value: value.to_owned().into(),
        usage: Some("Messagerie sécurisée de santé".into()),
        confidentiality: confidentiality::PROFESSIONALS,
    };
    telecom.into()
}
