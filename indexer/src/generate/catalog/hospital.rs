//! Hospitals: medicine, surgery, obstetrics, rehabilitation, psychiatry, home hospitalization.

use super::{
    Ages, Beds, CARE, COMMERCIAL, Crew, HolderRow, KindRow, ModelRow, NON_PROFIT, Offers, PUBLIC,
    Prices, Seat, THERAPY, WARD,
};
use crate::ror::code::field;
use crate::ror::datatype::Code;

/// Full stay, day stay, consultation.
const STAY: &[&str] = &["28", "32", "29", "28", "34"];
/// Full stay only.
const FULL: &[&str] = &["28"];
/// Surgery: full stay, outpatient, consultation.
const SURGERY: &[&str] = &["28", "09", "32", "28"];
/// Consultation and outpatient care.
const OUTPATIENT: &[&str] = &["32", "20", "56"];
const EMERGENCY: &[&str] = &["33"];
const PLATFORM: &[&str] = &["55", "32"];
const MOBILE: Crew = &["10", "60", "96"];
const IMAGING: Crew = &["10", "60"];

const fn unit(
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
    ages: Ages,
    specialty: &'static str,
) -> ModelRow {
    let place = "001";
    ModelRow {
        field: field::MCO,
        category,
        activities,
        modes,
        place,
        beds,
        ages,
        crew: WARD,
        specialty,
        goes_out: false,
    }
}

const fn ward(
    category: &'static str,
    activities: &'static [&'static str],
    specialty: &'static str,
) -> ModelRow {
    unit(category, activities, STAY, Beds::Hospital(8, 36), Ages::Adults, specialty)
}

const fn surgery(
    category: &'static str,
    activities: &'static [&'static str],
    specialty: &'static str,
) -> ModelRow {
    unit(category, activities, SURGERY, Beds::Hospital(8, 30), Ages::Adults, specialty)
}

const fn intensive(
    category: &'static str,
    activities: &'static [&'static str],
    specialty: &'static str,
) -> ModelRow {
    unit(category, activities, FULL, Beds::Hospital(4, 16), Ages::Adults, specialty)
}

const fn platform(
    category: &'static str,
    activities: &'static [&'static str],
    place: &'static str,
    crew: Crew,
    specialty: &'static str,
) -> ModelRow {
    let unit = unit(category, activities, PLATFORM, Beds::None, Ages::All, specialty);
    ModelRow { place, crew, ..unit }
}

const fn external(activities: &'static [&'static str], specialty: &'static str) -> ModelRow {
    let unit = unit("69", activities, OUTPATIENT, Beds::None, Ages::All, specialty);
    ModelRow { place: "005", ..unit }
}

const fn rehabilitation(
    category: &'static str,
    activities: &'static [&'static str],
    ages: Ages,
) -> ModelRow {
    ModelRow {
        field: field::SMR,
        category,
        activities,
        modes: &["28", "29", "28"],
        place: "004",
        beds: Beds::Hospital(12, 60),
        ages,
        crew: CARE,
        specialty: "SM29",
        goes_out: false,
    }
}

const fn psychiatry(
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
    ages: Ages,
) -> ModelRow {
    ModelRow {
        field: field::PSY,
        category,
        activities,
        modes,
        place: "002",
        beds,
        ages,
        crew: THERAPY,
        specialty: "SM42",
        goes_out: false,
    }
}

const fn away(
    category: &'static str,
    field: Code<'static>,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    beds: Beds,
) -> ModelRow {
    let unit = unit(category, activities, modes, beds, Ages::All, "SM54");
    ModelRow { field, place: "005", crew: MOBILE, goes_out: true, ..unit }
}

const ACUTE: &[ModelRow] = &[
    ward("149", &["013", "344"], "SM04"),
    ward("238", &["083"], "SM27"),
    ward("156", &["491"], "SM18"),
    ward("163", &["114", "343"], "SM41"),
    ward("161", &["097", "346"], "SM32"),
    ward("170", &["046", "062"], "SM24"),
    ward("159", &["095"], "SM30"),
    ward("165", &["131"], "SM48"),
    ward("167", &["041", "039"], "SM62"),
    ward("168", &["077"], "SM58"),
    ward("169", &["055"], "SM21"),
    ward("171", &["102"], "SM36"),
    ward("171", &["164"], "SM36"),
    ward("176", &["085"], "SM27"),
    ward("154", &["037"], "SM15"),
    ward("158", &["091"], "SM61"),
    ward("175", &["170"], "SM54"),
    ward("156", &["050", "336"], "SM18"),
    ward("278", &["157"], "SM59"),
    unit("162", &["088"], STAY, Beds::Hospital(6, 24), Ages::Children, "SM40"),
    unit("289", &["094"], FULL, Beds::Hospital(4, 14), Ages::Children, "SM40"),
    unit("290", &["100", "282"], STAY, Beds::Hospital(8, 40), Ages::Adults, "SM20"),
    surgery("150", &["025"], "SM08"),
    surgery("153", &["033"], "SM14"),
    surgery("157", &["022", "053"], "SM20"),
    surgery("234", &["031"], "SM12"),
    surgery("173", &["016"], "SM34"),
    surgery("172", &["103"], "SM38"),
    surgery("152", &["032"], "SM13"),
    surgery("166", &["023", "199"], "SM68"),
    surgery("242", &["177", "178"], "SM10"),
    surgery("160", &["096"], "SM31"),
    surgery("151", &["018"], "SM11"),
    intensive("121", &["127"], "SM46"),
    intensive("121", &["126"], "SM46"),
    intensive("122", &["351"], "SM46"),
    intensive("262", &["354"], "SM04"),
    intensive("263", &["356"], "SM32"),
    intensive("254", &["373"], "SM02"),
    unit("20", &["157", "160"], EMERGENCY, Beds::Places(4, 20), Ages::All, "SM59"),
    unit("311", &["249"], EMERGENCY, Beds::Places(2, 10), Ages::Children, "SM40"),
    external(&["013"], "SM04"),
    external(&["025"], "SM08"),
    external(&["083"], "SM54"),
    external(&["097"], "SM32"),
    external(&["100", "530"], "SM20"),
    external(&["007"], "SM02"),
    external(&["103", "350"], "SM38"),
    external(&["004"], "SM54"),
    platform("164", &["068"], "010", IMAGING, "SM44"),
    platform("164", &["070"], "010", IMAGING, "SM44"),
    platform("164", &["067"], "010", IMAGING, "SM44"),
    platform("164", &["069"], "010", IMAGING, "SM44"),
    platform("164", &["120"], "011", IMAGING, "SM74"),
    platform("239", &["087", "169"], "029", IMAGING, "SM28"),
    platform("237", &["007", "138"], "006", WARD, "SM02"),
    platform("248", &["009", "093"], "005", &["86", "10", "21"], "SM03"),
    platform("82", &["397"], "005", &["21"], ""),
    platform("91", &["064"], "005", &["60", "10"], "SM95"),
    platform("295", &["285"], "005", WARD, "SM54"),
    away("247", field::MCO, &["136"], &["53"], Beds::None),
    away("70", field::MCO, &["335"], &["11"], Beds::None),
];

const UNIVERSITY: &[ModelRow] = &[
    unit("287", &["128"], FULL, Beds::Hospital(4, 20), Ages::Children, "SM87"),
    unit("241", &["605", "604"], SURGERY, Beds::Hospital(6, 20), Ages::Children, "SM09"),
    unit("146", &["175", "121"], FULL, Beds::Hospital(4, 16), Ages::All, "SM10"),
    ward("155", &["049"], "SM17"),
    ward("148", &["005"], "SM57"),
    ward("264", &["361"], "SM21"),
    intensive("121", &["123"], "SM46"),
    intensive("121", &["129"], "SM46"),
    platform("117", &["168"], "005", IMAGING, "SM37"),
    platform("319", &["451"], "005", WARD, "SM32"),
    platform("245", &["593"], "005", WARD, "SM17"),
    platform("236", &["101"], "005", &["40"], ""),
    away("246", field::MCO, &["273"], &["27"], Beds::None),
];

const REHABILITATION: &[ModelRow] = &[
    rehabilitation("100", &["172"], Ages::Adults),
    rehabilitation("101", &["241"], Ages::Elderly),
    rehabilitation("102", &["233"], Ages::Adults),
    rehabilitation("103", &["234"], Ages::Adults),
    rehabilitation("104", &["235"], Ages::Adults),
    rehabilitation("105", &["236"], Ages::Adults),
    rehabilitation("106", &["237"], Ages::Adults),
    rehabilitation("108", &["240"], Ages::Adults),
    rehabilitation("109", &["172"], Ages::Children),
    rehabilitation("112", &["238"], Ages::Adults),
];

const PSYCHIATRY: &[ModelRow] = &[
    psychiatry("174", &["229"], FULL, Beds::Hospital(12, 30), Ages::Adults),
    psychiatry("11", &["229"], &["29"], Beds::Places(8, 25), Ages::Adults),
    psychiatry("16", &["229", "231"], FULL, Beds::Hospital(10, 28), Ages::Adults),
    psychiatry("282", &["227"], &["28", "29"], Beds::Hospital(6, 16), Ages::Children),
    psychiatry("281", &["227", "228"], &["32"], Beds::None, Ages::Children),
    psychiatry("10", &["229"], &["32"], Beds::None, Ages::Adults),
    psychiatry("05", &["229"], &["42"], Beds::None, Ages::Adults),
    psychiatry("301", &["158"], EMERGENCY, Beds::Places(2, 8), Ages::Adults),
    psychiatry("144", &["051"], &["11"], Beds::None, Ages::Elderly),
    psychiatry("77", &["229"], &["11"], Beds::None, Ages::Hardship),
];

const OUTSIDE_PSYCHIATRY: &[ModelRow] = &[
    psychiatry("10", &["229"], &["32"], Beds::None, Ages::Adults),
    psychiatry("281", &["227"], &["32"], Beds::None, Ages::Children),
    psychiatry("05", &["229"], &["42"], Beds::None, Ages::Adults),
];

const LONG_STAY: &[ModelRow] = &[ModelRow {
    field: field::MCO,
    category: "249",
    activities: &["333"],
    modes: &["46"],
    place: "001",
    beds: Beds::Hospital(20, 60),
    ages: Ages::Elderly,
    crew: CARE,
    specialty: "SM18",
    goes_out: false,
}];

const HOME: &[ModelRow] = &[
    away("128", field::MCO, &["285"], &["31"], Beds::Places(10, 80)),
    away("129", field::MCO, &["100"], &["31"], Beds::Places(4, 20)),
    away("130", field::SMR, &["283"], &["31"], Beds::Places(6, 30)),
];

const DIALYSIS: &[ModelRow] = &[
    unit("274", &["059"], &["20"], Beds::Places(6, 20), Ages::Adults, "SM30"),
    unit("275", &["059"], &["20"], Beds::Places(6, 16), Ages::Adults, "SM30"),
    unit("273", &["059"], &["20"], Beds::Places(4, 12), Ages::Adults, "SM30"),
];

const fn kind(
    category: &'static str,
    names: &'static [&'static str],
    offers: Offers,
    equipped_percent: u32,
    models: &'static [&'static [ModelRow]],
) -> KindRow {
    KindRow { category, names, offers, prices: Prices::None, equipped_percent, models }
}

pub(super) const KINDS: &[KindRow] = &[
    kind(
        "101",
        &["CHU de {town} - Hôpital {saint}", "Hôpital {person} - CHU de {town}"],
        Offers::PowerLaw(60, 2_000),
        20,
        &[ACUTE, UNIVERSITY],
    ),
    kind(
        "355",
        &["Centre hospitalier de {town}", "Centre hospitalier {person}", "CH {saint} de {town}"],
        Offers::PowerLaw(11, 1_000),
        15,
        &[ACUTE],
    ),
    kind("106", &["Hôpital local de {town}"], Offers::Between(3, 9), 8, &[REHABILITATION]),
    kind(
        "365",
        &[
            "Clinique {saint}",
            "Polyclinique {nature}",
            "Clinique {nature}",
            "Hôpital privé de {town}",
        ],
        Offers::PowerLaw(7, 300),
        15,
        &[ACUTE],
    ),
    kind("128", &["Clinique chirurgicale {nature}"], Offers::Between(3, 14), 12, &[ACUTE]),
    KindRow {
        category: "109",
        names: &["Centre de réadaptation {nature}", "Clinique SMR {saint}"],
        offers: Offers::Between(2, 7),
        prices: Prices::Rehabilitation,
        equipped_percent: 30,
        models: &[REHABILITATION],
    },
    kind(
        "292",
        &["Centre hospitalier spécialisé de {town}", "CHS {person}"],
        Offers::PowerLaw(10, 260),
        6,
        &[PSYCHIATRY],
    ),
    kind("161", &["Clinique psychiatrique {nature}"], Offers::Between(2, 6), 6, &[PSYCHIATRY]),
    kind(
        "156",
        &["CMP de {town}", "CMP {nature}", "Centre médico-psychologique {person}"],
        Offers::Between(1, 3),
        2,
        &[OUTSIDE_PSYCHIATRY],
    ),
    kind(
        "362",
        &["USLD {nature}", "Unité de soins de longue durée de {town}"],
        Offers::Between(1, 2),
        10,
        &[LONG_STAY],
    ),
    kind(
        "127",
        &["HAD de {town}", "Hospitalisation à domicile {region}"],
        Offers::Between(2, 6),
        4,
        &[HOME],
    ),
    kind(
        "141",
        &["Centre de dialyse de {town}", "Néphrocare {nature}"],
        Offers::Between(1, 4),
        8,
        &[DIALYSIS],
    ),
];

pub(super) const HOLDERS: &[HolderRow] = &[
    HolderRow {
        share: 12,
        sites: (6, 40),
        categories: &["101", "355", "156", "362", "500"],
        legal: &["15", "13"],
        group: PUBLIC,
        names: &[
            "Centre hospitalier régional universitaire de {town}",
            "Hospices civils de {town}",
        ],
        seat: Seat::City,
    },
    HolderRow {
        share: 330,
        sites: (2, 14),
        categories: &["355", "156", "362", "500", "156", "106"],
        legal: &["13", "14", "11"],
        group: PUBLIC,
        names: &["Centre hospitalier de {town}", "Groupe hospitalier {nature}"],
        seat: Seat::Town,
    },
    HolderRow {
        share: 260,
        sites: (1, 30),
        categories: &["365", "128", "109", "365"],
        legal: &["95", "73", "72"],
        group: COMMERCIAL,
        names: &["SAS Clinique {saint}", "Groupe de santé {nature}", "SA Polyclinique de {town}"],
        seat: Seat::Town,
    },
    HolderRow {
        share: 150,
        sites: (1, 20),
        categories: &["109", "109", "127"],
        legal: &["60", "61", "95"],
        group: NON_PROFIT,
        names: &["Association de réadaptation {region}", "Fondation {person}"],
        seat: Seat::Anywhere,
    },
    HolderRow {
        share: 60,
        sites: (3, 30),
        categories: &["292", "156", "156", "161"],
        legal: &["11", "60"],
        group: PUBLIC,
        names: &["Etablissement public de santé mentale de {town}", "EPSM {region}"],
        seat: Seat::Town,
    },
    HolderRow {
        share: 90,
        sites: (1, 25),
        categories: &["127", "141", "141"],
        legal: &["60", "47", "95"],
        group: NON_PROFIT,
        names: &["Santé à domicile {region}", "Association des dialysés de {town}"],
        seat: Seat::Town,
    },
];
