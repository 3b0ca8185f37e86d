//! Contacts and telecoms, with their confidentiality levels.
//!
//! Telephone numbers are drawn from all of them: some may be somebody's. Mail and web addresses end in
//! the reserved domain `example.fr`.

use super::number::telephone;
use super::random::Random;
use super::site::SiteView;
use super::words;
use crate::ror::code::{channel, confidentiality};
use crate::ror::datatype::{Code, HumanName, Text};
use crate::ror::record::{Contact, Telecom};

/// A contact of an offer or an establishment.
pub(super) fn contact<'w>(view: &SiteView<'w>, random: &mut Random) -> Contact<'w> {
    let catalog = &view.world.catalog;
    let named = random.percent(35);
    let name = named.then(|| {
        let person = words::person(random);
        HumanName {
            family: Some(person.family.into()),
            given: vec![person.given.into()],
            ..HumanName::default()
        }
    });
    let level = level(random);
    // Most telecoms have the level of their contact; some are more confidential.
    let count = if random.percent(25) { 2 } else { 1 };
    let mut telecoms = Vec::with_capacity(count);
    for _ in 0..count {
        let level = if random.percent(15) { self::level(random) } else { level };
        telecoms.push(telecom(view, level, random));
    }
    Contact {
        name,
        function: named.then(|| *random.pick(&catalog.contact_functions)),
        purpose: Some(*random.pick_early(&catalog.contact_purposes)),
        description: random.percent(8).then(|| words::comment(random).into()),
        confidentiality: level,
        telecom: telecoms,
    }
}

/// A telecom: telephone mostly.
pub(super) fn telecom<'w>(
    view: &SiteView<'w>,
    level: Code<'static>,
    random: &mut Random,
) -> Telecom<'w> {
    let (channel, value): (_, Text<'w>) = match random.below(100) {
        0..60 => (channel::LANDLINE, landline(view, random).into()),
        60..70 => (channel::MOBILE, telephone("06", random.below(100_000_000)).into()),
        70..86 => (channel::EMAIL, format!("contact@{}", view.domain).into()),
        86..94 => (channel::WEB, format!("https://www.{}", view.domain).into()),
        94..97 => (channel::FAX, landline(view, random).into()),
        _ => (channel::ALERT_PHONE, landline(view, random).into()),
    };
    let usage = random.percent(20).then(|| words::usage(random).into());
    Telecom { channel, value, usage, confidentiality: level }
}

/// A secure health mailbox.
pub(super) fn mailbox<'w>(local: &str, view: &SiteView<'w>) -> Telecom<'w> {
    Telecom {
        channel: channel::EMAIL,
        value: format!("{local}@{}", view.domain.replace(".example.fr", ".mssante.example.fr"))
            .into(),
        usage: None,
        confidentiality: confidentiality::PROFESSIONALS,
    }
}

fn level(random: &mut Random) -> Code<'static> {
    match random.below(100) {
        0..62 => confidentiality::PUBLIC,
        62..88 => confidentiality::PROFESSIONALS,
        _ => confidentiality::CRISIS,
    }
}

/// A landline number of the region's zone.
fn landline(view: &SiteView<'_>, random: &mut Random) -> String {
    let prefix = match view.region.code {
        "11" => "01",
        "24" | "28" | "52" | "53" => "02",
        "27" | "32" | "44" => "03",
        "76" | "84" | "93" | "94" => "04",
        _ => "05",
    };
    telephone(prefix, random.below(100_000_000))
}
