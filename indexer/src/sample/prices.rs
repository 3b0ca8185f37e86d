//! Invented nursing homes whose prices tell one-record criteria from independent ones, and a price in force
//! from one that another has replaced.

use super::directory::{Directory, new_place_in};
use super::hospitals::add_internal_organization;
use super::practices::{NANTES, add_site};
use crate::import::concept_of;
use crate::ror::code::{
    dependency, dwelling, field, internal_organization, price_condition, price_type, price_unit,
    reception,
};
use crate::ror::datatype::Code;
use crate::ror::extension::Extension;
use crate::ror::record::Price;
use crate::ror::{Resource, system};

/// Accommodation for a permanent stay: room, condition, euros a day, from when.
fn stay(
    room: Code<'static>,
    condition: Code<'static>,
    euros: f64,
    from: &'static str,
) -> Price<'static> {
    Price {
        dwelling: Some(room),
        condition: Some(condition),
        stay: Some(reception::PERMANENT),
        start: Some(from.into()),
        ..Price::new(price_type::ACCOMMODATION, price_unit::DAY, euros)
    }
}

/// Dependency: group, stay, euros a day.
fn care(group: Code<'static>, stay: Code<'static>, euros: f64) -> Price<'static> {
    Price {
        dependency: Some(group),
        stay: Some(stay),
        start: Some("2025-01-01".into()),
        ..Price::new(price_type::DEPENDENCY, price_unit::DAY, euros)
    }
}

/// A home: key, name, prices.
type Home = (&'static str, &'static str, Vec<Price<'static>>);

fn homes() -> Vec<Home> {
    let (single, flat) = (dwelling::SINGLE_ROOM, dwelling::F1);
    let (public, ash) = (price_condition::PUBLIC, price_condition::ASH);
    let since = "2025-01-01";
    let monthly = Price { unit: price_unit::MONTH, ..stay(single, public, 1650.0, since) };
    let young = Price { under_60: Some(true), ..stay(single, public, 95.0, since) };
    vec![
        // Accommodation at 80 beside dependency at 15: no accommodation under 60.
        (
            "dear",
            "Résidence des Ormes",
            vec![
                stay(single, public, 80.0, since),
                care(dependency::GIR_3_4, reception::PERMANENT, 15.0),
            ],
        ),
        ("cheap-flat", "Résidence du Pré aux Clercs", vec![stay(flat, ash, 55.0, since), young]),
        // Each part of "a flat, social help, at most 60" is met, never by one price.
        (
            "mixed-flat",
            "Résidence de l'Écluse",
            vec![
                stay(flat, public, 55.0, since),
                stay(single, ash, 50.0, since),
                stay(flat, ash, 75.0, since),
            ],
        ),
        // Group 3-4 only for temporary stays, permanent stays only for group 1-2.
        (
            "mixed-care",
            "Résidence Notre-Dame",
            vec![
                stay(single, public, 64.0, since),
                care(dependency::GIR_3_4, reception::TEMPORARY, 13.0),
                care(dependency::GIR_1_2, reception::PERMANENT, 20.0),
            ],
        ),
        // The cheap price was replaced before 15 January 2025.
        (
            "replaced",
            "Résidence du Vieux Moulin",
            vec![
                stay(single, public, 55.0, "2023-01-01"),
                stay(single, public, 70.0, "2024-06-01"),
            ],
        ),
        // The cheap price is replaced only after that day.
        (
            "still-cheap",
            "Résidence de la Fontaine",
            vec![
                stay(single, public, 55.0, "2024-01-01"),
                stay(single, public, 70.0, "2025-06-01"),
            ],
        ),
        ("monthly", "Résidence Beau Soleil", vec![monthly]),
        ("above", "Résidence Sainte-Anne", vec![stay(single, public, 52.5, since)]),
    ]
}

/// Adds the homes, each with its offer.
pub(super) fn add(directory: &mut Directory) {
    for (key, name, prices) in homes() {
        let (place, site) = (format!("place-home-{key}"), format!("eg-home-{key}"));
        let location = new_place_in(&place, name, &NANTES, "003");
        directory.add(Resource::Location(location));
        add_site(directory, &site, name, concept_of(system::ESTABLISHMENT_CATEGORY, "500"), &place);
        directory.organization(&site).extension.extend(prices.into_iter().map(Extension::from));
        let provider = if key == "above" {
            let kind = internal_organization::FUNCTIONAL_UNIT;
            add_internal_organization(directory, "oi-home-above", "Unité Alzheimer", kind, &site);
            "oi-home-above".to_owned()
        } else {
            site
        };
        let mut offer = directory
            .new_offer(&format!("offer-home-{key}"), "Hébergement permanent", &provider, &[&place])
            .does(&["293"], "46", field::MS)
            .category(if key == "above" { "24" } else { "21" })
            .ages(60, 120);
        // One home leaves out the kind of stay, which a quality rule asks for.
        if key != "monthly" {
            offer = offer.with(system::RECEPTION_TYPE, "02");
        }
        directory.add(offer.build());
    }
}
