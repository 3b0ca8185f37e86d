//! What exists in the synthetic country: kinds of establishment, the offers each makes, the legal
//! entities that hold them, and how often.
//!
//! The tables ([`hospital`], [`social`], [`town`]) hold codes only; their labels come from
//! `shared::terminology`, so that a corrected label corrects the data. Shares and sizes are set by
//! hand so that the totals of [`super`] come out; they describe a plausible country, not the real one.

mod hospital;
mod social;
mod town;

use shared::terminology::{CodeSystem, Status, terminology};

use crate::ror::datatype::{Code, Coding};
use crate::ror::{coding, system};

/// How many offers a site makes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Offers {
    /// Any number of the range, each as likely.
    Between(u32, u32),
    /// A power law from the first number to the second, or to the cap of the country if lower.
    PowerLaw(u32, u32),
}

/// What beds or places the places of an offer have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beds {
    /// None: consultations, home visits.
    None,
    /// Hospital beds, with everything crisis management follows.
    Hospital(u32, u32),
    /// Places of day care or accompaniment.
    Places(u32, u32),
    /// Places of a home, with its rooms.
    Home(u32, u32),
    /// Dwellings.
    Dwellings(u32, u32),
}

/// Where a legal entity has its seat and first site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// In any commune, by population.
    Anywhere,
    /// In a commune of some size.
    Town,
    /// In a large town.
    City,
}

/// Who is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ages {
    /// Everyone.
    All,
    /// Adults.
    Adults,
    /// Children and adolescents.
    Children,
    /// Elderly people.
    Elderly,
    /// Disabled adults.
    DisabledAdults,
    /// Disabled children.
    DisabledChildren,
    /// People in hardship.
    Hardship,
}

/// The professions at work (G15 codes), commonest first.
pub(super) type Crew = &'static [&'static str];

/// Doctors, nurses and assistants.
const WARD: Crew = &["10", "60", "10", "35", "70", "94", "95"];
/// Nurses and assistants, few doctors.
const CARE: Crew = &["60", "35", "10", "70", "94", "95", "96"];
/// Disability: therapists.
const THERAPY: Crew = &["96", "91", "94", "60", "70", "10", "35"];

/// An offer as a table row: codes only.
#[derive(Debug, Clone, Copy)]
struct ModelRow {
    field: Code<'static>,
    category: &'static str,
    activities: &'static [&'static str],
    modes: &'static [&'static str],
    place: &'static str,
    beds: Beds,
    ages: Ages,
    crew: Crew,
    specialty: &'static str,
    goes_out: bool,
}

/// A kind of establishment as a table row.
#[derive(Debug)]
struct KindRow {
    category: &'static str,
    names: &'static [&'static str],
    offers: Offers,
    prices: Prices,
    equipped_percent: u32,
    models: &'static [&'static [ModelRow]],
}

/// Grouped legal status: public.
const PUBLIC: Option<Code<'static>> = Some(Code::new("1200", "Etablissement Public"));
/// Grouped legal status: private, not for profit.
const NON_PROFIT: Option<Code<'static>> =
    Some(Code::new("2100", "Organisme Privé à But non Lucratif"));
/// Grouped legal status: commercial.
const COMMERCIAL: Option<Code<'static>> =
    Some(Code::new("2200", "Organisme privé à caractère commercial"));

/// A kind of legal entity as a table row.
#[derive(Debug)]
struct HolderRow {
    /// How many of ten thousand entities.
    share: u32,
    /// Number of sites: a power law.
    sites: (u32, u32),
    /// Categories of the sites: the first site is of the first, the others of any.
    categories: &'static [&'static str],
    /// Legal status (R72); none when there is no legal entity above the site.
    legal: &'static [&'static str],
    /// Group of legal status (R69): three of its codes, which the code lists do not carry in full.
    group: Option<Code<'static>>,
    names: &'static [&'static str],
    seat: Seat,
}

/// Which prices an establishment publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prices {
    /// None.
    None,
    /// Nursing home: accommodation by room, stay and condition; dependency by group.
    NursingHome,
    /// Residence: dwellings by month.
    Residence,
    /// Day care.
    DayCare,
    /// Home help by the hour, meals.
    HomeHelp,
    /// Rehabilitation: room supplements.
    Rehabilitation,
}

/// An offer, with its labels.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) field: Code<'static>,
    pub(super) category: Option<Code<'static>>,
    pub(super) activities: Vec<Code<'static>>,
    pub(super) modes: Vec<Code<'static>>,
    pub(super) place: Code<'static>,
    pub(super) beds: Beds,
    pub(super) ages: Ages,
    pub(super) crew: Crew,
    /// The ordinal specialty of its doctors.
    pub(super) specialty: Option<Code<'static>>,
    /// Whether it serves an area.
    pub(super) goes_out: bool,
}

/// A kind of establishment, with its labels.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) category: Coding<'static>,
    pub(super) names: &'static [&'static str],
    pub(super) offers: Offers,
    pub(super) prices: Prices,
    /// How many of its places in a hundred hold special equipment.
    pub(super) equipped_percent: u32,
    pub(super) models: Vec<Model>,
}

impl Kind {
    /// Whether it is a practice outside FINESS.
    pub(super) fn is_practice(&self) -> bool {
        self.category.system == system::ACTIVITY_SECTOR
    }
}

/// A kind of legal entity.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) sites: (u32, u32),
    /// Indexes of kinds: the first site is of the first, the others of any.
    pub(super) kinds: Vec<u16>,
    /// Legal status; none when there is no legal entity above the site.
    pub(super) legal: Vec<Code<'static>>,
    pub(super) group: Option<Code<'static>>,
    pub(super) names: &'static [&'static str],
    pub(super) seat: Seat,
}

/// All kinds, with the labels of the code systems.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) kinds: Vec<Kind>,
    pub(super) holders: Vec<Holder>,
    /// Running sum of the holders' shares.
    shares: Vec<u32>,
    /// Labels of professions (G15), in the order of [`PROFESSIONS`].
    pub(super) professions: Vec<Code<'static>>,
    pub(super) equipment: Vec<Code<'static>>,
    pub(super) reception_modalities: Vec<Code<'static>>,
    pub(super) publics: Vec<Code<'static>>,
    pub(super) contact_purposes: Vec<Code<'static>>,
    pub(super) contact_functions: Vec<Code<'static>>,
    pub(super) opening_types: Vec<Code<'static>>,
    pub(super) extra_services: Vec<Code<'static>>,
    pub(super) anomaly_themes: Vec<Code<'static>>,
    pub(super) anomaly_actions: Vec<Code<'static>>,
    pub(super) anomaly_statuses: Vec<Code<'static>>,
    pub(super) contracted: Vec<Code<'static>>,
    pub(super) maternity_types: Vec<Code<'static>>,
    pub(super) acts: Vec<Code<'static>>,
}

/// Professions by how many there are, commonest first; the number is the share of a thousand.
pub(super) const PROFESSIONS: &[(&str, u32)] = &[
    ("60", 330),
    ("10", 290),
    ("35", 90),
    ("70", 80),
    ("40", 40),
    ("21", 35),
    ("91", 30),
    ("50", 25),
    ("94", 20),
    ("80", 15),
    ("96", 15),
    ("95", 12),
    ("92", 8),
    ("86", 10),
];

/// Equipment of a place: bariatric items first, since they carry limits.
const EQUIPMENT: &[&str] = &[
    "089", "090", "091", "092", "072", "088", "222", "221", "052", "085", "083", "084", "054",
    "017", "021", "030", "094", "069", "112", "115", "135", "150", "153", "207", "220", "040",
    "102", "103", "125", "126", "009", "010", "097", "130", "098", "116", "155", "165", "229",
    "183",
];

impl Catalog {
    /// The catalog with today's labels.
    pub(super) fn load() -> Self {
        let kinds: Vec<Kind> =
            [hospital::KINDS, social::KINDS, town::KINDS].into_iter().flatten().map(kind).collect();
        let holders = [hospital::HOLDERS, social::HOLDERS, town::HOLDERS];
        let rows: Vec<&HolderRow> = holders.into_iter().flatten().collect();
        let mut sum = 0;
        let shares = rows.iter().map(|row| {
            sum += row.share;
            sum
        });
        Self {
            shares: shares.collect(),
            holders: rows.iter().map(|row| holder(row, &kinds)).collect(),
            kinds,
            professions: codes(system::PROFESSION, PROFESSIONS.iter().map(|(code, _)| *code)),
            equipment: codes(system::EQUIPMENT, EQUIPMENT.iter().copied()),
            reception_modalities: all(system::RECEPTION_MODALITY),
            publics: all(system::PUBLIC),
            contact_purposes: all(system::CONTACT_PURPOSE),
            contact_functions: all(system::CONTACT_FUNCTION),
            opening_types: all(system::OPENING_TYPE),
            extra_services: all(system::EXTRA_SERVICE),
            anomaly_themes: all(system::ANOMALY_THEME),
            anomaly_actions: all(system::ANOMALY_ACTION),
            anomaly_statuses: all(system::ANOMALY_STATUS),
            contracted: all(system::CONTRACTED),
            maternity_types: all(system::MATERNITY_TYPE),
            acts: all(system::ACT),
        }
    }

    /// The holder at `position` of the total share.
    pub(super) fn holder_at(&self, position: u32) -> usize {
        self.shares.partition_point(|sum| *sum <= position)
    }

    /// The total of the holders' shares.
    pub(super) fn total_share(&self) -> u32 {
        self.shares.last().copied().unwrap_or(0)
    }

    /// The kind of the establishments of `category`.
    pub(super) fn kind_of(&self, category: &str) -> u16 {
        position_of(&self.kinds, category)
    }
}

fn position_of(kinds: &[Kind], category: &str) -> u16 {
    let position = kinds.iter().position(|kind| kind.category.code == category);
    position.expect("the tables name only categories of their kinds") as u16
}

fn kind(row: &KindRow) -> Kind {
    let is_practice = row.category.starts_with("SA");
    let system = if is_practice { system::ACTIVITY_SECTOR } else { system::ESTABLISHMENT_CATEGORY };
    Kind {
        category: coding(system, row.category, code(system, row.category).label),
        names: row.names,
        offers: row.offers,
        prices: row.prices,
        equipped_percent: row.equipped_percent,
        models: row.models.iter().copied().flatten().map(model).collect(),
    }
}

fn model(row: &ModelRow) -> Model {
    let optional = |system, value: &'static str| (!value.is_empty()).then(|| code(system, value));
    Model {
        field: row.field,
        category: optional(system::OFFER_CATEGORY, row.category),
        activities: codes(system::ACTIVITY, row.activities.iter().copied()),
        modes: codes(system::CARE_MODE, row.modes.iter().copied()),
        place: code(system::PLACE_FUNCTION, row.place),
        beds: row.beds,
        ages: row.ages,
        crew: row.crew,
        specialty: optional(system::MEDICAL_SPECIALTY, row.specialty),
        goes_out: row.goes_out,
    }
}

fn holder(row: &HolderRow, kinds: &[Kind]) -> Holder {
    Holder {
        sites: row.sites,
        kinds: row.categories.iter().map(|category| position_of(kinds, category)).collect(),
        legal: codes(system::LEGAL_STATUS, row.legal.iter().copied()),
        group: row.group,
        names: row.names,
        seat: row.seat,
    }
}

fn codes(system: &str, codes: impl Iterator<Item = &'static str>) -> Vec<Code<'static>> {
    codes.map(|value| code(system, value)).collect()
}

/// A code with its label; a code without one is told by a test, and keeps no label.
fn code(system: &str, value: &'static str) -> Code<'static> {
    Code::new(value, terminology().display(system, value).unwrap_or(""))
}

/// All active codes of a short system.
fn all(system: &str) -> Vec<Code<'static>> {
    let concepts = terminology().system(system).map_or(&[][..], CodeSystem::concepts);
    let active = concepts.iter().filter(|concept| concept.status == Status::Active);
    active.map(|concept| Code::new(concept.code, concept.label)).collect()
}

#[cfg(test)]
mod tests {
    use super::Catalog;

    #[test]
    fn every_code_has_a_label() {
        let catalog = Catalog::load();
        for kind in &catalog.kinds {
            assert!(kind.category.display.is_some(), "{:?}", kind.category);
            assert!(!kind.models.is_empty() && !kind.names.is_empty());
            for model in &kind.models {
                let codes = model.activities.iter().chain(&model.modes).chain(&model.category);
                for code in codes.chain(&model.specialty).chain([&model.place]) {
                    assert!(!code.label.is_empty(), "{code:?} of {:?}", kind.category);
                }
                assert!(!model.activities.is_empty() && !model.modes.is_empty());
            }
        }
        for holder in &catalog.holders {
            assert!(holder.legal.iter().all(|code| !code.label.is_empty()), "{holder:?}");
        }
        let lists = [
            &catalog.professions,
            &catalog.equipment,
            &catalog.reception_modalities,
            &catalog.publics,
            &catalog.contact_purposes,
            &catalog.contact_functions,
            &catalog.opening_types,
            &catalog.extra_services,
            &catalog.anomaly_themes,
            &catalog.anomaly_actions,
            &catalog.anomaly_statuses,
            &catalog.contracted,
            &catalog.maternity_types,
            &catalog.acts,
        ];
        for list in lists {
            assert!(!list.is_empty());
            assert!(list.iter().all(|code| !code.label.is_empty()), "{list:?}");
        }
    }

    #[test]
    fn holders_are_found_by_share() {
        let catalog = Catalog::load();
        assert_eq!(catalog.holder_at(0), 0);
        assert_eq!(catalog.holder_at(catalog.total_share() - 1), catalog.holders.len() - 1);
    }
}
