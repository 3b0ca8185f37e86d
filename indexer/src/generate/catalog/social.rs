//! Homes and services: elderly people, disability, home help, addiction, hardship.

use super::{
    Ages, Beds, CARE, COMMERCIAL, Crew, HolderRow, KindRow, ModelRow, NON_PROFIT, Offers, PUBLIC,
    Prices, Seat, THERAPY,
};
use crate::ror::code::field;

const AIDES: Crew = &["35", "60", "94"];
const LODGING: &[&str] = &["46"];
const DAY: &[&str] = &["47"];
const LIVING_PLACE: &[&str] = &["49"];

const fn row(
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
    ages: Ages,
    crew: Crew,
) -> ModelRow {
    ModelRow {
        field: field::MS,
        category,
        activities,
        modes,
        place: "003",
        beds,
        ages,
        crew,
        specialty: "SM54",
        goes_out: false,
    }
}

const fn elderly(
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
) -> ModelRow {
    row(category, activities, modes, beds, Ages::Elderly, CARE)
}

const fn children(
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
) -> ModelRow {
    row(category, activities, modes, beds, Ages::DisabledChildren, THERAPY)
}

const fn adults(
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
) -> ModelRow {
    row(category, activities, modes, beds, Ages::DisabledAdults, THERAPY)
}

const fn home(category: &'static str, activities: &'static [&'static str], beds: Beds) -> ModelRow {
    let row = row(category, activities, LIVING_PLACE, beds, Ages::Elderly, AIDES);
    ModelRow { place: "005", goes_out: true, ..row }
}

const NURSING_HOME: &[ModelRow] = &[
    elderly("21", &["293", "287"], LODGING, Beds::Home(30, 110)),
    elderly("21", &["293", "313"], LODGING, Beds::Home(2, 10)),
    elderly("24", &["306", "293"], LODGING, Beds::Home(10, 28)),
    elderly("25", &["306"], DAY, Beds::Places(10, 14)),
    elderly("21", &["312", "313"], DAY, Beds::Places(4, 12)),
    elderly("23", &["306", "287"], LODGING, Beds::Home(12, 14)),
];
const RESIDENCE: &[ModelRow] = &[
    elderly("22", &["298", "313"], LODGING, Beds::Dwellings(20, 80)),
    elderly("27", &["298"], LODGING, Beds::Dwellings(12, 24)),
];
const DAY_CENTER: &[ModelRow] = &[elderly("21", &["312"], DAY, Beds::Places(8, 20))];
const NURSING_SERVICE: &[ModelRow] = &[
    home("28", &["287"], Beds::Places(20, 90)),
    home("29", &["306"], Beds::Places(6, 12)),
    home("75", &["287", "340"], Beds::Places(10, 40)),
];
const HOME_HELP: &[ModelRow] = &[
    home("30", &["299", "298"], Beds::None),
    home("33", &["322"], Beds::None),
    home("34", &["297"], Beds::None),
];
const CHILDREN_INSTITUTE: &[ModelRow] = &[
    children("48", &["292", "300"], DAY, Beds::Places(20, 80)),
    children("55", &["301"], DAY, Beds::Places(10, 40)),
    children("48", &["290", "493"], LODGING, Beds::Home(8, 30)),
];
const CHILDREN_SERVICE: &[ModelRow] = &[
    children("57", &["295", "300"], LIVING_PLACE, Beds::Places(15, 60)),
    children("65", &["317"], LIVING_PLACE, Beds::None),
];
const THERAPEUTIC_INSTITUTE: &[ModelRow] = &[
    children("50", &["289", "300"], LODGING, Beds::Home(12, 40)),
    children("50", &["289"], DAY, Beds::Places(10, 30)),
];
const EARLY_ACTION: &[ModelRow] = &[children("61", &["448", "557"], &["32"], Beds::None)];
const CHILDREN_CENTER: &[ModelRow] = &[children("62", &["289", "290"], &["32"], Beds::None)];
const WORKSHOP: &[ModelRow] = &[adults("43", &["304", "305"], DAY, Beds::Places(30, 120))];
const SPECIALIZED_HOME: &[ModelRow] = &[
    adults("40", &["293", "288"], LODGING, Beds::Home(20, 50)),
    adults("40", &["293"], DAY, Beds::Places(4, 12)),
];
const MEDICAL_HOME: &[ModelRow] = &[adults("39", &["293", "287"], LODGING, Beds::Home(15, 45))];
const LIFE_HOME: &[ModelRow] = &[
    adults("97", &["313", "403"], LODGING, Beds::Home(15, 50)),
    adults("97", &["313"], DAY, Beds::Places(6, 20)),
];
const LODGING_HOME: &[ModelRow] = &[adults("96", &["298", "403"], LODGING, Beds::Home(12, 40))];
const SOCIAL_SUPPORT: &[ModelRow] = &[adults("31", &["298", "318"], LIVING_PLACE, Beds::None)];
const MEDICAL_SUPPORT: &[ModelRow] = &[adults("32", &["298", "287"], LIVING_PLACE, Beds::None)];
const ADDICTION: &[ModelRow] = &[
    row("80", &["404", "003"], &["32"], Beds::None, Ages::Adults, CARE),
    row("86", &["404", "001"], &["32"], Beds::None, Ages::Children, CARE),
];
const RISK_REDUCTION: &[ModelRow] =
    &[row("81", &["450"], &["56"], Beds::None, Ages::Hardship, CARE)];
const SEXUAL_HEALTH: &[ModelRow] =
    &[row("89", &["527", "535"], &["32"], Beds::None, Ages::All, &["10", "50", "60"])];
const SHELTER: &[ModelRow] = &[ModelRow {
    field: field::SOCIAL,
    ..row("", &["511", "533"], LODGING, Beds::Dwellings(10, 60), Ages::Hardship, AIDES)
}];
const HALT_BEDS: &[ModelRow] =
    &[row("93", &["285", "392"], LODGING, Beds::Home(4, 20), Ages::Hardship, CARE)];

const fn kind(
    category: &'static str,
    names: &'static [&'static str],
    offers: (u32, u32),
    prices: Prices,
    models: &'static [&'static [ModelRow]],
) -> KindRow {
    let offers = Offers::Between(offers.0, offers.1);
    KindRow { category, names, offers, prices, equipped_percent: 6, models }
}

pub(super) const KINDS: &[KindRow] = &[
    kind(
        "500",
        &[
            "EHPAD {nature}",
            "Résidence {nature}",
            "EHPAD {saint}",
            "Maison de retraite {person}",
            "EHPAD de {town}",
        ],
        (2, 6),
        Prices::NursingHome,
        &[NURSING_HOME],
    ),
    kind(
        "202",
        &["Résidence autonomie {nature}", "Foyer-logement {person}"],
        (1, 2),
        Prices::Residence,
        &[RESIDENCE],
    ),
    kind("207", &["Accueil de jour {nature}"], (1, 1), Prices::DayCare, &[DAY_CENTER]),
    kind("354", &["SSIAD de {town}", "SSIAD {nature}"], (1, 4), Prices::None, &[NURSING_SERVICE]),
    kind(
        "460",
        &[
            "Service d'aide à domicile de {town}",
            "{nature} à domicile",
            "Aide et présence {region}",
        ],
        (1, 4),
        Prices::HomeHelp,
        &[HOME_HELP],
    ),
    kind(
        "183",
        &["IME {nature}", "Institut médico-éducatif {person}"],
        (2, 5),
        Prices::None,
        &[CHILDREN_INSTITUTE],
    ),
    kind(
        "182",
        &["SESSAD {nature}", "SESSAD de {town}"],
        (1, 3),
        Prices::None,
        &[CHILDREN_SERVICE],
    ),
    kind("186", &["ITEP {nature}"], (1, 4), Prices::None, &[THERAPEUTIC_INSTITUTE]),
    kind("190", &["CAMSP de {town}"], (1, 2), Prices::None, &[EARLY_ACTION]),
    kind("189", &["CMPP de {town}", "CMPP {person}"], (1, 2), Prices::None, &[CHILDREN_CENTER]),
    kind("246", &["ESAT {nature}", "ESAT de {town}"], (1, 3), Prices::None, &[WORKSHOP]),
    kind(
        "255",
        &["MAS {nature}", "Maison d'accueil spécialisée {saint}"],
        (1, 4),
        Prices::None,
        &[SPECIALIZED_HOME],
    ),
    kind("437", &["FAM {nature}"], (1, 3), Prices::None, &[MEDICAL_HOME]),
    kind("382", &["Foyer de vie {nature}"], (1, 4), Prices::None, &[LIFE_HOME]),
    kind("252", &["Foyer d'hébergement {nature}"], (1, 2), Prices::None, &[LODGING_HOME]),
    kind("446", &["SAVS de {town}", "SAVS {nature}"], (1, 2), Prices::None, &[SOCIAL_SUPPORT]),
    kind("445", &["SAMSAH de {town}"], (1, 2), Prices::None, &[MEDICAL_SUPPORT]),
    kind("197", &["CSAPA de {town}", "CSAPA {nature}"], (1, 3), Prices::None, &[ADDICTION]),
    kind("178", &["CAARUD de {town}"], (1, 2), Prices::None, &[RISK_REDUCTION]),
    kind("228", &["Centre de santé sexuelle de {town}"], (1, 2), Prices::None, &[SEXUAL_HEALTH]),
    kind("214", &["CHRS {nature}", "CHRS de {town}"], (1, 3), Prices::None, &[SHELTER]),
    kind("180", &["LHSS {nature}"], (1, 2), Prices::None, &[HALT_BEDS]),
];

pub(super) const HOLDERS: &[HolderRow] = &[
    HolderRow {
        share: 480,
        sites: (1, 150),
        categories: &["500", "500", "500", "202", "207"],
        legal: &["60", "61", "63"],
        group: NON_PROFIT,
        names: &["Association {nature}", "Fondation {person}", "Association {saint}"],
        seat: Seat::Anywhere,
    },
    HolderRow {
        share: 160,
        sites: (1, 250),
        categories: &["500", "500", "202"],
        legal: &["95", "73", "72"],
        group: COMMERCIAL,
        names: &["SAS Résidence {nature}", "SARL {nature}", "Groupe {nature} Seniors"],
        seat: Seat::Anywhere,
    },
    HolderRow {
        share: 420,
        sites: (1, 8),
        categories: &["500", "202", "460", "354"],
        legal: &["17", "21", "08"],
        group: PUBLIC,
        names: &["CCAS de {town}", "Etablissement public médico-social de {town}"],
        seat: Seat::Anywhere,
    },
    HolderRow {
        share: 950,
        sites: (1, 60),
        categories: &["460", "354", "460"],
        legal: &["60", "72", "95"],
        group: NON_PROFIT,
        names: &["ADMR de {town}", "Association d'aide à domicile de {town}", "{nature} Services"],
        seat: Seat::Anywhere,
    },
    HolderRow {
        share: 560,
        sites: (3, 180),
        categories: &[
            "183", "182", "246", "255", "437", "382", "252", "446", "445", "186", "190", "189",
        ],
        legal: &["60", "61", "47"],
        group: NON_PROFIT,
        names: &["APEI de {town}", "ADAPEI {region}", "Association {nature}", "Fondation {person}"],
        seat: Seat::Anywhere,
    },
    HolderRow {
        share: 260,
        sites: (1, 40),
        categories: &["197", "178", "228", "197"],
        legal: &["60", "61"],
        group: NON_PROFIT,
        names: &["Association Addictions {region}", "Association {saint}"],
        seat: Seat::Town,
    },
    HolderRow {
        share: 240,
        sites: (1, 40),
        categories: &["214", "180", "214"],
        legal: &["60", "61", "63"],
        group: NON_PROFIT,
        names: &["Association {nature} Solidarités", "Fondation {person}"],
        seat: Seat::Town,
    },
];
