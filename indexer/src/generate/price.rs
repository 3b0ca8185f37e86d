//! Prices of establishments, over several years: the price in force is the latest that has begun.
//!
//! Amounts stay near what nursing homes publish: 62 euros a day for a single room, 20.7, 13.1 and 5.6 for
//! the three dependency groups.

use super::catalog::Prices;
use super::random::Random;
use super::site::SiteView;
use super::words;
use crate::ror::code::{
    dependency, dwelling, management, price_condition, price_type, price_unit, reception,
};
use crate::ror::datatype::{Code, Text};
use crate::ror::extension::Extension;
use crate::ror::record::Price;

/// First days of validity, oldest first; the last is in the future of every record.
const STARTS: [&str; 5] = [
    "2023-01-01T00:00:00+01:00",
    "2024-01-01T00:00:00+01:00",
    "2025-01-01T00:00:00+01:00",
    "2025-07-01T00:00:00+02:00",
    "2027-01-01T00:00:00+01:00",
];

/// The prices an establishment publishes, as extensions.
pub(super) fn prices<'w>(view: &SiteView<'w>, random: &mut Random, out: &mut Vec<Extension<'w>>) {
    match view.kind.prices {
        Prices::None => {}
        Prices::NursingHome => nursing_home(view, random, out),
        Prices::Residence => residence(random, out),
        Prices::DayCare => day_care(random, out),
        Prices::HomeHelp => home_help(random, out),
        Prices::Rehabilitation => rehabilitation(random, out),
    }
}

/// One in ten publishes nothing; the others one to three years of rooms and dependency groups.
fn nursing_home<'w>(view: &SiteView<'w>, random: &mut Random, out: &mut Vec<Extension<'w>>) {
    if random.percent(10) {
        return;
    }
    let dear = if matches!(view.commune.department, "75" | "92" | "06") { 24.0 } else { 0.0 };
    let base = random.around(63.0 + dear, 7.0);
    let has_double = random.percent(55);
    let has_temporary = random.percent(35);
    let has_social_help = random.percent(45);
    let services = included(view, random);
    for (age, start) in years(random) {
        let base = base * inflation(age);
        let mut add = |dwelling, stay, condition, amount: f64| {
            let mut price = Price::new(price_type::ACCOMMODATION, price_unit::DAY, cents(amount));
            price.start = Some(start.into());
            price.under_60 = Some(false);
            price.dwelling = Some(dwelling);
            price.stay = Some(stay);
            price.condition = Some(condition);
            price.included.clone_from(&services);
            out.push(price.into());
        };
        let public = price_condition::PUBLIC;
        add(dwelling::SINGLE_ROOM, reception::PERMANENT, public, base);
        if has_double {
            add(dwelling::DOUBLE_ROOM, reception::PERMANENT, public, base * 0.91);
        }
        if has_temporary {
            add(dwelling::SINGLE_ROOM, reception::TEMPORARY, public, base * 1.05);
        }
        if has_social_help {
            add(dwelling::SINGLE_ROOM, reception::PERMANENT, price_condition::ASH, base * 0.94);
        }
        if random.percent(8) {
            let price = under_sixty(start, base);
            out.push(price.into());
        }
        dependency_groups(start, inflation(age), random, out);
    }
    if random.percent(20) {
        out.push(extra_service(view, random).into());
    }
}

fn under_sixty<'w>(start: &'static str, base: f64) -> Price<'w> {
    let mut price = Price::new(price_type::ACCOMMODATION, price_unit::DAY, cents(base + 19.5));
    price.start = Some(start.into());
    price.under_60 = Some(true);
    price.dwelling = Some(dwelling::SINGLE_ROOM);
    price.stay = Some(reception::PERMANENT);
    price.condition = Some(price_condition::PUBLIC);
    price
}

fn dependency_groups(
    start: &'static str,
    inflation: f64,
    random: &mut Random,
    out: &mut Vec<Extension<'_>>,
) {
    let level = random.around(1.0, 0.08) * inflation;
    let groups =
        [(dependency::GIR_1_2, 20.67), (dependency::GIR_3_4, 13.12), (dependency::GIR_5_6, 5.57)];
    for (group, amount) in groups {
        let mut price = Price::new(price_type::DEPENDENCY, price_unit::DAY, cents(amount * level));
        price.start = Some(start.into());
        price.dependency = Some(group);
        price.stay = Some(reception::PERMANENT);
        out.push(price.into());
    }
}

fn residence(random: &mut Random, out: &mut Vec<Extension<'_>>) {
    let base = random.around(720.0, 110.0);
    let sizes = [(dwelling::F1, 1.0), (dwelling::F1_BIS, 1.14), (dwelling::F2, 1.38)];
    for (age, start) in years(random) {
        for (size, factor) in sizes {
            let amount = cents(base * factor * inflation(age));
            let mut price = Price::new(price_type::ACCOMMODATION, price_unit::MONTH, amount);
            price.start = Some(start.into());
            price.dwelling = Some(size);
            price.stay = Some(reception::PERMANENT);
            price.condition = Some(price_condition::PUBLIC);
            out.push(price.into());
        }
    }
}

fn day_care(random: &mut Random, out: &mut Vec<Extension<'_>>) {
    for (age, start) in years(random) {
        let amount = cents(random.around(34.0, 6.0) * inflation(age));
        let mut price = Price::new(price_type::DAY_CARE, price_unit::DAY, amount);
        price.start = Some(start.into());
        price.condition = Some(price_condition::PUBLIC);
        out.push(price.into());
    }
}

fn home_help(random: &mut Random, out: &mut Vec<Extension<'_>>) {
    let base = random.around(25.0, 2.5);
    let mode = if random.percent(75) { management::PROVIDER } else { management::AGENT };
    let names: [(&str, f64); 3] =
        [("Aide à domicile en semaine", 1.0), ("Dimanche et jours fériés", 1.25), ("Nuit", 1.4)];
    let count = random.between(1, 3) as usize;
    for (age, start) in years(random) {
        for (name, factor) in &names[..count] {
            let amount = cents(base * factor * inflation(age));
            let mut price = Price::new(price_type::HUMAN_HELP, price_unit::HOUR, amount);
            price.start = Some(start.into());
            price.human_help = Some((*name).into());
            price.management = Some(mode);
            price.condition = Some(price_condition::PUBLIC);
            out.push(price.into());
        }
    }
    if random.percent(30) {
        let amount = cents(random.around(10.5, 1.5));
        let mut price = Price::new(price_type::MEAL_DELIVERY, price_unit::UNIT, amount);
        price.start = Some(STARTS[2].into());
        price.meal_delivery = Some("Déjeuner livré".into());
        price.condition = Some(price_condition::PUBLIC);
        out.push(price.into());
    }
}

fn rehabilitation(random: &mut Random, out: &mut Vec<Extension<'_>>) {
    let amount = cents(random.around(58.0, 14.0));
    let mut price = Price::new(price_type::SMR_SUPPLEMENT, price_unit::DAY, amount);
    price.start = Some(STARTS[2].into());
    price.dwelling = Some(dwelling::SINGLE_ROOM);
    out.push(price.into());
}

fn extra_service<'w>(view: &SiteView<'w>, random: &mut Random) -> Price<'w> {
    let amount = cents(random.around(16.0, 6.0));
    let mut price = Price::new(price_type::EXTRA_SERVICE, price_unit::UNIT, amount);
    if random.percent(80) {
        price.service = Some(*random.pick(&view.world.catalog.extra_services));
    } else {
        price.other_service = Some(Text::from(words::usage(random)));
    }
    price
}

fn included(view: &SiteView<'_>, random: &mut Random) -> Vec<Code<'static>> {
    let services = &view.world.catalog.extra_services;
    let first = random.below(services.len() as u32) as usize;
    let count = random.below(3) as usize;
    services[first..].iter().take(count).copied().collect()
}

/// Years before the newest price, and the first day of validity: one to three past years, and for one
/// establishment in twenty a price that has not begun.
fn years(random: &mut Random) -> impl Iterator<Item = (u32, &'static str)> + use<> {
    let newest = if random.percent(30) { 3 } else { 2 };
    let count = *random.pick(&[1, 2, 2, 3]);
    let future = random.percent(5).then_some((0, STARTS[4]));
    let past = (0..count).map(move |age| (age as u32, STARTS[newest - age]));
    past.chain(future)
}

/// Prices rise by 2.5 % a year.
fn inflation(years_before: u32) -> f64 {
    1.0 - 0.025 * f64::from(years_before)
}

fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
