//! Town practices, health centers, pharmacies, laboratories, coordination.

use super::{
    Ages, Beds, COMMERCIAL, Crew, HolderRow, KindRow, ModelRow, NON_PROFIT, Offers, Prices, Seat,
};
use crate::ror::code::field;

const VISIT: &[&str] = &["32", "32", "56"];

const fn practice(
    category: &'static str,
    activities: &'static [&'static str],
    place: &'static str,
    crew: Crew,
    specialty: &'static str,
) -> ModelRow {
    ModelRow {
        field: field::TOWN,
        category,
        activities,
        modes: VISIT,
        place,
        beds: Beds::None,
        ages: Ages::All,
        crew,
        specialty,
        goes_out: false,
    }
}

const fn doctor(
    category: &'static str,
    activities: &'static [&'static str],
    place: &'static str,
    specialty: &'static str,
) -> ModelRow {
    practice(category, activities, place, &["10"], specialty)
}

const GENERAL: ModelRow = doctor("196", &["437"], "023", "SM54");
const NURSES: ModelRow =
    ModelRow { goes_out: true, ..practice("225", &["287"], "019", &["60"], "") };
const PHYSIOTHERAPY: ModelRow = practice("195", &["339"], "018", &["70"], "");
const DENTIST: ModelRow = practice("226", &["442"], "017", &["40"], "");
const MIDWIFE: ModelRow = practice("213", &["530", "529"], "020", &["50"], "");

const PRACTICES: &[ModelRow] = &[
    GENERAL,
    NURSES,
    PHYSIOTHERAPY,
    GENERAL,
    DENTIST,
    NURSES,
    GENERAL,
    practice("222", &["200", "290"], "005", &["91"], ""),
    MIDWIFE,
    practice("206", &["201"], "005", &["80"], ""),
    doctor("183", &["013"], "022", "SM04"),
    doctor("208", &["229"], "005", "SM42"),
    doctor("194", &["053", "527"], "005", "SM20"),
    doctor("221", &["103"], "027", "SM38"),
    doctor("190", &["037"], "005", "SM15"),
    doctor("205", &["088"], "026", "SM40"),
    doctor("211", &["454", "067"], "010", "SM44"),
    doctor("212", &["131"], "025", "SM48"),
    doctor("207", &["114"], "028", "SM41"),
    doctor("179", &["016"], "021", "SM34"),
    doctor("219", &["046"], "005", "SM24"),
    doctor("204", &["097"], "005", "SM32"),
    doctor("215", &["041", "039"], "005", "SM62"),
    doctor("201", &["091"], "005", "SM61"),
    doctor("200", &["090"], "024", "SM29"),
    practice("216", &["558"], "015", &["94"], ""),
    practice("191", &["549"], "016", &["95"], ""),
    practice("210", &["493"], "005", &["96"], ""),
    practice("223", &["106"], "005", &["92"], ""),
];
const TEAM: &[ModelRow] = &[
    GENERAL,
    NURSES,
    PHYSIOTHERAPY,
    practice("99", &["340", "336"], "005", &["60", "10"], "SM54"),
    DENTIST,
    MIDWIFE,
    practice("191", &["549"], "016", &["95"], ""),
    practice("92", &["475"], "023", &["10"], "SM54"),
];
const PHARMACY: &[ModelRow] = &[practice("312", &["628", "629"], "005", &["21"], "")];
const LABORATORY: &[ModelRow] = &[practice("248", &["009", "093"], "005", &["21", "86"], "SM03")];
const COORDINATION: &[ModelRow] = &[
    ModelRow {
        modes: &["58"],
        goes_out: true,
        ..practice("178", &["335", "548"], "005", &["60", "10"], "SM54")
    },
    ModelRow { modes: &["58"], ..practice("255", &["475"], "005", &["10"], "SM54") },
];

const fn kind(
    category: &'static str,
    names: &'static [&'static str],
    offers: (u32, u32),
    models: &'static [&'static [ModelRow]],
) -> KindRow {
    let offers = Offers::Between(offers.0, offers.1);
    KindRow { category, names, offers, prices: Prices::None, equipped_percent: 1, models }
}

pub(super) const KINDS: &[KindRow] = &[
    kind("SA07", &["Cabinet {person}", "Cabinet médical {nature}"], (1, 2), &[PRACTICES]),
    kind(
        "SA08",
        &["Cabinet de groupe {nature}", "Cabinet de groupe de {town}"],
        (2, 7),
        &[PRACTICES],
    ),
    kind("SA09", &["SELARL {person}", "SCM {nature}"], (1, 5), &[PRACTICES]),
    kind("603", &["Maison de santé de {town}", "MSP {nature}"], (3, 12), &[TEAM]),
    kind("124", &["Centre de santé {person}", "Centre de santé de {town}"], (2, 9), &[TEAM]),
    kind(
        "620",
        &["Pharmacie {nature}", "Pharmacie de {town}", "Pharmacie {person}"],
        (1, 1),
        &[PHARMACY],
    ),
    kind("611", &["Laboratoire {nature}", "Laboratoire de {town}"], (1, 2), &[LABORATORY]),
    kind("606", &["DAC {region}", "CPTS {nature}"], (1, 2), &[COORDINATION]),
];

const fn holder(
    share: u32,
    sites: (u32, u32),
    categories: &'static [&'static str],
    legal: &'static [&'static str],
    names: &'static [&'static str],
) -> HolderRow {
    HolderRow { share, sites, categories, legal, group: COMMERCIAL, names, seat: Seat::Anywhere }
}

pub(super) const HOLDERS: &[HolderRow] = &[
    HolderRow { group: None, ..holder(6_600, (1, 1), &["SA07"], &[], &[]) },
    HolderRow { group: None, ..holder(1_700, (1, 1), &["SA08"], &[], &[]) },
    holder(2_100, (1, 3), &["SA09"], &["85", "88", "79"], &["SELARL {person}", "SCP {person}"]),
    holder(620, (1, 2), &["603"], &["80"], &["SISA {nature}", "SISA de {town}"]),
    HolderRow {
        group: NON_PROFIT,
        ..holder(
            130,
            (1, 30),
            &["124"],
            &["47", "60"],
            &["Mutuelle {nature}", "Mutualité {region}"],
        )
    },
    holder(1_300, (1, 1), &["620"], &["78", "85"], &["SELARL Pharmacie {nature}"]),
    holder(60, (1, 60), &["611"], &["91", "86"], &["SELAS Biologie {nature}"]),
    HolderRow {
        group: NON_PROFIT,
        ..holder(50, (1, 4), &["606"], &["60", "28"], &["Association de coordination {region}"])
    },
];
