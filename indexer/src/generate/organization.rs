//! Organizations: legal entities, establishments, and the poles, services and units inside them.

use super::World;
use super::contact::{contact, mailbox};
use super::number;
use super::price::prices;
use super::random::{Random, Stream};
use super::site::SiteView;
use super::when::{self, DAY};
use super::words::{self, fill};
use crate::ror::code::{closing, financial_help, internal_organization};
use crate::ror::datatype::{Address, Code};
use crate::ror::extension::{self, Extension, Value};
use crate::ror::{
    Identifier, Meta, Organization, Period, Reference, Resource, Text, provenance, system,
};

/// The legal entity of rank `rank`.
pub(super) fn legal_entity(world: &World, rank: u32) -> Resource<'_> {
    let index = world.plan.legal_entities[rank as usize];
    let entity = world.plan.entities[index as usize];
    let holder = &world.catalog.holders[usize::from(entity.holder)];
    let commune = world.map.commune(world.plan.sites[entity.first_site as usize].commune);
    let region = world.map.region(commune);
    let mut random = world.random(Stream::Entity, u64::from(index));
    let changed = when::last_change(&mut random);
    let created = when::creation(changed, &mut random);
    let siren = number::siren(index);
    let legal = random.pick(&holder.legal).concept(system::LEGAL_STATUS);
    let group = holder.group.map(|code| code.concept(system::LEGAL_STATUS_GROUP));
    let street = words::street(&mut random);
    let mut address = Address {
        city: Some(commune.name.to_uppercase().into()),
        postal_code: commune.postal_codes.first().map(|code| (*code).into()),
        ..Address::default()
    };
    address.push_line(format!("{} {} {}", street.number, street.kind, street.name), Vec::new());
    address.set_insee_code(super::map::commune_code(commune));
    let mut extension = vec![Extension::creation_date(when::instant(created))];
    if random.percent(60) {
        let date = when::date(created - i64::from(random.below(12_000)) * DAY);
        extension
            .push(Extension::new(extension::ORGANIZATION_CREATION_DATE, Value::Date(date.into())));
    }
    // FINESS numbers of legal entities follow those of the establishments.
    let finess = number::finess(commune.department, 500_000 + rank);
    Resource::Organization(Organization {
        id: format!("ej-{index}").into(),
        meta: Meta::new(when::instant(changed), Some(region), provenance::SYNTHETIC),
        extension,
        identifier: vec![
            Identifier::national_structure(format!("2{siren}")),
            Identifier::finess(finess),
            Identifier::siren(siren),
        ],
        kind: [legal].into_iter().chain(group).collect(),
        name: Some(fill(random.word(holder.names), commune.name, region.label, &mut random).into()),
        address: vec![address],
        ..Organization::default()
    })
}

/// The establishment.
pub(super) fn establishment<'w>(view: &SiteView<'w>) -> Resource<'w> {
    let mut random = Random::new(view.world.seed, Stream::Site, u64::from(view.index) | 1 << 40);
    let changed = when::last_change(&mut random);
    let mut address = view.address(&mut random);
    address.set_insee_code(view.commune_code());
    if random.percent(97) {
        let reliable = random.percent(90).then(|| random.percent(92));
        address.set_geolocation(view.point.0, view.point.1, reliable);
    }
    let mut organization = Organization {
        id: format!("eg-{}", view.index).into(),
        meta: view.meta(changed),
        extension: establishment_extensions(view, changed, &mut random),
        identifier: identifiers(view),
        kind: vec![view.kind.category.clone().into()],
        name: Some(view.name.clone().into()),
        address: vec![address],
        part_of: view
            .entity
            .legal_rank
            .map(|_| Reference::to(format!("Organization/ej-{}", view.site.entity))),
        ..Organization::default()
    };
    if random.percent(10) {
        organization.set_additional_name(format!("Site de {}", view.commune.name));
    }
    if random.percent(15) {
        organization.alias.push(words::slug(&view.name).to_uppercase().replace('-', " ").into());
    }
    for _ in 0..*random.pick(&[0, 1, 1, 2]) {
        organization.contact.push(contact(view, &mut random).of_organization());
    }
    Resource::Organization(organization)
}

fn identifiers<'w>(view: &SiteView<'w>) -> Vec<Identifier<'w>> {
    let mut identifiers = vec![Identifier::national_structure(view.national_structure())];
    identifiers.extend(view.finess().map(Identifier::finess));
    identifiers.push(Identifier::siret(view.siret()));
    identifiers
}

fn establishment_extensions<'w>(
    view: &SiteView<'w>,
    changed: i64,
    random: &mut Random,
) -> Vec<Extension<'w>> {
    let created = when::creation(changed, random);
    let mut extensions = vec![Extension::creation_date(when::instant(created))];
    prices(view, random, &mut extensions);
    let has_prices = extensions.len() > 1;
    if has_prices {
        for help in financial_help::ALL {
            if random.percent(45) {
                let help =
                    Extension::code(extension::FINANCIAL_HELP, system::FINANCIAL_HELP, *help);
                extensions.push(help);
            }
        }
        if random.percent(40) {
            let places = Value::Integer(random.below(60) as i32);
            extensions.push(Extension::new(extension::PERMANENT_SOCIAL_HELP, places));
            let places = Value::Integer(random.below(6) as i32);
            extensions.push(Extension::new(extension::TEMPORARY_SOCIAL_HELP, places));
        }
        let housed = Value::Boolean(random.percent(15));
        extensions.push(Extension::new(extension::FAMILY_ACCOMMODATION, housed));
    }
    if view.site.units.total() > 0 {
        extensions.push(Extension::new(extension::DROP_ZONE, Value::Boolean(random.percent(25))));
    }
    extensions.extend(closed(changed, random));
    if random.percent(12) {
        extensions.push(Extension::string(extension::ORGANIZATION_COMMENT, words::comment(random)));
    }
    extensions
}

/// Two in a hundred have closed or will.
fn closed<'w>(changed: i64, random: &mut Random) -> Vec<Extension<'w>> {
    if !random.percent(2) {
        return Vec::new();
    }
    let kind = *random.pick(&[closing::FINAL, closing::PROVISIONAL, closing::PLANNED]);
    let start = when::date(changed - i64::from(random.below(9_000)) * DAY);
    let end = when::date(changed + i64::from(random.below(200)) * DAY);
    let period = Period { start: Some(start.into()), end: Some(end.into()) };
    vec![
        Extension::code(extension::CLOSING_TYPE, system::CLOSING_TYPE, kind),
        Extension::new(extension::ORGANIZATION_PERIOD, Value::Period(period)),
    ]
}

/// Internal unit `unit` of the whole country, which the site of the view holds.
pub(super) fn internal_unit<'w>(view: &SiteView<'w>, unit: u32) -> Resource<'w> {
    let units = view.site.units;
    let rank = unit - view.site.first_unit;
    let mut random = view.world.random(Stream::Unit, u64::from(unit));
    let changed = when::last_change(&mut random);
    let reference = |rank: u32| format!("Organization/oi-{}", view.site.first_unit + rank);
    let (kind, parent): (Code<'static>, Text<'w>) = if rank < units.poles {
        (internal_organization::POLE, format!("Organization/eg-{}", view.index).into())
    } else if rank < units.poles + units.services {
        (internal_organization::SERVICE, reference(rank % units.poles).into())
    } else {
        let service = units.poles + rank % units.services;
        (internal_organization::FUNCTIONAL_UNIT, reference(service).into())
    };
    let model = random.pick(&view.kind.models);
    let activity = random.pick(&model.activities).label;
    let mut extension =
        vec![Extension::creation_date(when::instant(when::creation(changed, &mut random)))];
    if random.percent(1) {
        let date = when::date(changed + i64::from(random.below(300)) * DAY);
        extension.push(Extension::new(extension::REOPENING_DATE, Value::Date(date.into())));
    }
    let mut organization = Organization {
        id: format!("oi-{unit}").into(),
        meta: view.meta(changed),
        extension,
        identifier: vec![Identifier::internal_organization(format!("{}/{unit}", view.region.code))],
        kind: vec![kind.concept(system::INTERNAL_ORGANIZATION_TYPE)],
        name: Some(unit_name(kind, activity, &mut random).into()),
        part_of: Some(Reference::to(parent)),
        ..Organization::default()
    };
    if random.percent(30) {
        organization.telecom.push(mailbox(&format!("oi-{unit}"), view).into());
    }
    Resource::Organization(organization)
}

fn unit_name(kind: Code<'static>, activity: &str, random: &mut Random) -> String {
    match kind.code {
        "1" => format!("Pôle {activity}"),
        "2" => format!("Service de {activity}"),
        _ => format!("UF {} {activity}", random.between(1000, 9999)),
    }
}
