//! What open data lacks of nursing homes and psychiatric care: places, dwellings, further prices,
//! contacts, sectors, hours, closings.

use super::directory::{Directory, as_offer, as_organization, contact, level, purpose};
use super::hospitals::add_internal_organization;
use super::random::Random;
use crate::import::concept_of;
use crate::ror::code::{
    annual_opening, capacity_kind, capacity_status, closing, dwelling, field, financial_help,
    internal_organization, place_status, price_condition, price_type, price_unit, reception,
};
use crate::ror::datatype::Code;
use crate::ror::extension::{self, Extension, Value};
use crate::ror::record::{Capacity, Price, dwellings, opening};
use crate::ror::resource::NotAvailable;
use crate::ror::{Organization, Period, system};

/// Completes every nursing home and every psychiatric offer.
pub(super) fn complete(directory: &mut Directory) {
    let homes = directory
        .ids(|resource| as_organization(resource).is_some_and(|site| has_category(site, "500")));
    for home in homes {
        complete_home(directory, home.trim_start_matches("eg-"));
    }
    let psychiatric = directory.ids(|resource| {
        let kinds = as_offer(resource).into_iter().flat_map(|offer| &offer.kind);
        kinds.flat_map(|kind| &kind.coding).any(|coding| coding[0].code == field::PSY.code)
    });
    for offer in psychiatric {
        complete_psychiatry(directory, &offer);
    }
}

fn has_category(site: &Organization<'static>, code: &str) -> bool {
    site.kind
        .iter()
        .flat_map(|kind| &kind.coding)
        .any(|coding| coding[0].system == system::ESTABLISHMENT_CATEGORY && coding[0].code == code)
}

fn complete_home(directory: &mut Directory, finess: &str) {
    let mut random = Random::of(&format!("home/{finess}"));
    if random.chance(15) {
        return;
    }
    add_places(directory, finess, &mut random);
    add_help_and_prices(directory, finess, &mut random);
    let offer = directory.offer(&format!("offer-{finess}-category"));
    offer.characteristic.push(annual_opening::WHOLE_YEAR.concept(system::ANNUAL_OPENING));
    let contact_of_offer =
        contact(purpose::ADMISSION, level(&mut random), level(&mut random), &mut random);
    offer.extension.push(contact_of_offer.of_offer());
    if random.chance(40) {
        offer
            .characteristic
            .push(concept_of(system::RECEPTION_MODALITY, random.pick(&["13", "20", "01"])));
    }
    if random.chance(30) {
        offer.comment = Some(random.pick(COMMENTS).into());
    }
    for part in &mut offer.extension {
        if part.url == extension::PATIENT_TYPE && random.chance(70) {
            part.extension.push(Extension::concept(
                "supportedPatientInfo",
                concept_of(system::PUBLIC, random.pick(&["01", "03", "05"])),
            ));
        }
    }
    if random.chance(8) {
        add_adapted_unit(directory, finess);
    }
    if random.chance(4) {
        close_home(directory, finess, &mut random);
    }
}

const COMMENTS: &[&str] = &[
    "Unité protégée pour personnes désorientées ; jardin thérapeutique accessible toute l'année.",
    "Accueil de couples possible. L'établissement est habilité à l'aide sociale.",
    "Hébergement de proximité, entrée sur dossier ViaTrajectoire ; cœur de ville, commerces à pied.",
    "Animal de compagnie accepté après accord de la direction.",
    "Kinésithérapeute et orthophoniste présents chaque semaine, médecin coordonnateur à mi-temps.",
];

/// Installed and free places, rooms and small flats.
fn add_places(directory: &mut Directory, finess: &str, random: &mut Random) {
    let place = directory.location(&format!("place-{finess}"));
    let installed = random.between(30, 120) as i32;
    let moment = random.moment();
    let record = |status, count| Capacity::new(capacity_kind::PLACE, status, count, moment.clone());
    let free = random.below(6) as i32;
    place.extension.push(record(capacity_status::INSTALLED, installed).into());
    place.extension.push(record(capacity_status::AVAILABLE, free).into());
    let doubles = installed / 10;
    place.extension.push(dwellings(dwelling::SINGLE_ROOM, Some(installed - 2 * doubles)));
    if doubles > 0 {
        place.extension.push(dwellings(dwelling::DOUBLE_ROOM, Some(doubles)));
    }
    if random.chance(15) {
        let flat = random.pick(&[dwelling::F1, dwelling::F2, dwelling::F1_BIS]);
        place.extension.push(dwellings(flat, Some(random.between(2, 20) as i32)));
    }
}

/// Public help, contacts, and the prices no source publishes.
fn add_help_and_prices(directory: &mut Directory, finess: &str, random: &mut Random) {
    let home = directory.organization(&format!("eg-{finess}"));
    for (percent, help) in [(60, financial_help::SOCIAL_HELP), (50, financial_help::HOUSING)] {
        if random.chance(percent) {
            home.extension.push(Extension::code(
                extension::FINANCIAL_HELP,
                system::FINANCIAL_HELP,
                help,
            ));
        }
    }
    let count = |url, value| Extension::new(url, Value::Integer(value));
    home.extension.push(count(extension::PERMANENT_SOCIAL_HELP, random.below(40) as i32));
    if random.chance(40) {
        home.extension.push(count(extension::TEMPORARY_SOCIAL_HELP, random.below(6) as i32));
    }
    let start = random.day();
    let price = |kind, unit, amount| Price {
        start: Some(start.clone().into()),
        ..Price::new(kind, unit, amount)
    };
    let cents =
        |euros: u32, random: &mut Random| f64::from(euros * 100 + random.below(100)) / 100.0;
    if random.chance(20) {
        let amount = cents(random.between(20, 45), random);
        let day_care = price(price_type::DAY_CARE, price_unit::DAY, amount);
        home.extension.push(Price { condition: Some(price_condition::PUBLIC), ..day_care }.into());
    }
    if random.chance(20) {
        let service = Code::new("09", "Prestation de coiffure (shampoing, coupe)");
        let amount = cents(random.between(10, 35), random);
        let hairdresser = price(price_type::EXTRA_SERVICE, price_unit::UNIT, amount);
        home.extension.push(Price { service: Some(service), ..hairdresser }.into());
    }
    if random.chance(12) {
        let flat = Price {
            dwelling: Some(random.pick(&[dwelling::F1, dwelling::F2])),
            condition: Some(random.pick(price_condition::ALL)),
            stay: Some(reception::PERMANENT),
            under_60: Some(random.chance(20)),
            included: vec![Code::new("01", "Entretien du linge du résident non délicat")],
            ..price(
                price_type::ACCOMMODATION,
                price_unit::DAY,
                cents(random.between(45, 90), random),
            )
        };
        home.extension.push(flat.into());
    }
    if random.chance(6) {
        let monthly = Price {
            dwelling: Some(dwelling::SINGLE_ROOM),
            condition: Some(price_condition::SOCIAL_HELP),
            stay: Some(reception::PERMANENT),
            ..price(
                price_type::ACCOMMODATION,
                price_unit::MONTH,
                cents(random.between(1500, 2600), random),
            )
        };
        home.extension.push(monthly.into());
    }
    let manager = contact(purpose::MANAGEMENT, level(random), level(random), random);
    home.contact.push(manager.of_organization());
}

/// A unit for adapted activities, an internal organization of the home with an offer of its own.
fn add_adapted_unit(directory: &mut Directory, finess: &str) {
    let (home, unit) = (format!("eg-{finess}"), format!("oi-{finess}-pasa"));
    let name = "Pôle d'activités et de soins adaptés";
    add_internal_organization(
        directory,
        &unit,
        name,
        internal_organization::FUNCTIONAL_UNIT,
        &home,
    );
    let place = format!("place-{finess}");
    let offer = directory
        .new_offer(&format!("offer-{finess}-pasa"), name, &unit, &[&place])
        .does(&["306"], "47", field::MS)
        .category("25")
        .with(system::RECEPTION_TYPE, "02")
        .ages(60, 120)
        .comment(
            "Accueil de jour des résidents atteints de la maladie d'Alzheimer ; ateliers mémoire.",
        );
    directory.add(offer.build());
}

/// Closes a home, for a time or for good.
fn close_home(directory: &mut Directory, finess: &str, random: &mut Random) {
    let is_final = random.chance(50);
    let (from, until) = ("2025-10-01", "2026-03-31");
    let home = directory.organization(&format!("eg-{finess}"));
    let period = Period { start: Some("1985-01-01".into()), end: Some(from.into()) };
    home.extension.push(Extension::new(extension::ORGANIZATION_PERIOD, Value::Period(period)));
    let kind = if is_final { closing::FINAL } else { closing::PROVISIONAL };
    home.extension.push(Extension::code(extension::CLOSING_TYPE, system::CLOSING_TYPE, kind));
    let status = if is_final { place_status::CLOSED } else { place_status::SUSPENDED };
    let place = directory.location(&format!("place-{finess}"));
    place.operational_status = Some(status.coding(system::PLACE_STATUS));
    place.status = Some(if is_final { "inactive" } else { "suspended" });
    let offer = directory.offer(&format!("offer-{finess}-category"));
    let reopening = (!is_final).then(|| until.into());
    offer.not_available.push(NotAvailable::closing(from, reopening));
    offer.characteristic.push(kind.concept(system::CLOSING_TYPE));
}

/// Sector, hours and habilitation of a psychiatric offer.
fn complete_psychiatry(directory: &mut Directory, id: &str) {
    let mut random = Random::of(&format!("psychiatry/{id}"));
    if random.chance(30) {
        return;
    }
    let department = id.trim_start_matches("offer-").get(..2).unwrap_or_default().to_owned();
    let offer = directory.offer(id);
    let is_for_children =
        offer.specialty.iter().flat_map(|s| &s.coding).any(|c| c[0].code == "227");
    let letter = if is_for_children { 'I' } else { 'G' };
    let sector = format!("{department}{letter}{:02}", random.between(1, 12));
    offer.extension.push(Extension::string(extension::PSYCHIATRIC_SECTOR, sector));
    let without_consent =
        offer.characteristic.iter().flat_map(|c| &c.coding).any(|c| c[0].code == "28");
    if without_consent {
        let habilitation = Value::Boolean(random.chance(60));
        offer.extension.push(Extension::new(extension::NO_CONSENT, habilitation));
    } else {
        let kind = Code::new("07", "Horaire de consultation sur RDV");
        for day in 1..=5 {
            offer.available_time.push(opening(kind, day, "09:00:00", "17:30:00", None));
        }
    }
    let desk = contact(purpose::OFFICE, level(&mut random), level(&mut random), &mut random);
    offer.extension.push(desk.of_offer());
}
