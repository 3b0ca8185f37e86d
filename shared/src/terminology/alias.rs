//! One table of the spellings under which a code system or value set is met.
//!
//! Documents and queries pass through the same [`canonical_system`], so that whatever spelling was stored
//! meets whatever spelling is asked. Only known variants are read as another system: nothing is fuzzy.
//! Identifier systems are left as they are stored; [`system_variants`] lists the spellings to ask for.

use std::borrow::Cow;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::terminology;

const NOS_BASE: &str = "https://mos.esante.gouv.fr/NOS";

/// A name that stands for another: renamed, shortened or mistaken in the guide and its documentation.
static NAMES: &[(&str, &str)] = &[
    ("TRE_R13-Commune", "TRE_R13-CommuneOM"),
    ("TRE_R237-NiveauDependance", "TRE_R237-GroupeTarifaireDependance"),
    ("TRE_R330-StatutCapacite", "TRE_R330-TypeStatutCapacite"),
    ("TRE_R331-Temporalite", "TRE_R331-TemporaliteCapacite"),
    ("TRE_R350-ProfessionRessource", "TRE_R356-ProfessionRessource"),
    ("JDV_J204-StatutLieu", "JDV_J224-StatutLieu-ROR"),
    ("JDV_J204-StatutLieu-ROR", "JDV_J224-StatutLieu-ROR"),
    (
        "JDV_J218-CNAMAmeliSecteurConventionnement-RASS",
        "JDV_J218-CNAMAmeliSecteurConventionnement-ROR",
    ),
];

/// Other URLs that stand for a system.
static URLS: &[(&str, &str)] = &[
    (
        "https://mos.esante.gouv.fr/NOS",
        "https://mos.esante.gouv.fr/NOS/TRE_R244-CategorieOrganisation/FHIR/TRE-R244-CategorieOrganisation",
    ),
    (
        "https://mos.esante.gouv.fr/NOS/TRE_R247-UcumUniteMesure/FHIR/TRE-R247-UcumUniteMesure",
        "http://unitsofmeasure.org",
    ),
    ("https://unitsofmeasure.org", "http://unitsofmeasure.org"),
    (
        "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-telecom-communication-channel",
        "https://mos.esante.gouv.fr/NOS/TRE_R200-CanalCommunication/FHIR/TRE-R200-CanalCommunication",
    ),
];

/// Identifier systems written with either scheme.
static IDENTIFIER_SYSTEMS: &[[&str; 2]] = &[
    ["https://finess.esante.gouv.fr", "http://finess.esante.gouv.fr"],
    ["https://sirene.fr", "http://sirene.fr"],
    ["https://oi.esante.gouv.fr", "http://oi.esante.gouv.fr"],
    ["https://rppsrang.esante.gouv.fr", "http://rppsrang.esante.gouv.fr"],
    ["https://adelirang.esante.gouv.fr", "http://adelirang.esante.gouv.fr"],
];

/// Names and URLs to the canonical URL of a code system.
struct Aliases {
    by_name: FxHashMap<&'static str, &'static str>,
    by_url: FxHashMap<&'static str, &'static str>,
}

static ALIASES: LazyLock<Aliases> = LazyLock::new(|| {
    let terminology = terminology();
    let mut by_name: FxHashMap<_, _> =
        terminology.systems().iter().map(|system| (system.name, system.url)).collect();
    // A value set used as the system of its codes: identifier types draw from five systems and are left.
    for set in terminology.value_sets() {
        if set.complete || set.systems().len() == 1 {
            by_name.extend(set.systems().first().map(|system| (set.name, *system)));
        }
    }
    let renamed: Vec<_> = NAMES
        .iter()
        .filter_map(|(alias, name)| by_name.get(name).map(|url| (*alias, *url)))
        .collect();
    by_name.extend(renamed);
    by_name.insert("TRE_R247-UcumUniteMesure", "http://unitsofmeasure.org");
    let canonical = terminology.systems().iter().map(|system| (system.url, system.url));
    let by_url = canonical.chain(URLS.iter().copied()).collect();
    Aliases { by_name, by_url }
});

/// The canonical URL of a code system; the text itself when it is not a known variant.
///
/// Allocates only for a variant spelling of a nomenclature that is not carried. For the value set used in
/// place of a system, gives the (main) system the value set draws from.
pub fn canonical_system(url: &str) -> Cow<'_, str> {
    let aliases = &*ALIASES;
    if let Some(canonical) = aliases.by_url.get(url) {
        return Cow::Borrowed(canonical);
    }
    let Some(name) = nos_name(url) else {
        let trimmed = url.strip_suffix('/').unwrap_or(url);
        return Cow::Borrowed(aliases.by_url.get(trimmed).copied().unwrap_or(url));
    };
    match aliases.by_name.get(name) {
        Some(canonical) => Cow::Borrowed(canonical),
        None if is_nos_url_of(url, name) => Cow::Borrowed(url),
        None => Cow::Owned(nos_url(name)),
    }
}

/// Every spelling of an identifier system, the given one included; empty when it has only one.
pub fn system_variants(url: &str) -> &'static [&'static str] {
    IDENTIFIER_SYSTEMS.iter().find(|pair| pair.contains(&url)).map_or(&[], |pair| pair.as_slice())
}

/// The name under which a value set is kept.
pub(super) fn value_set_name(url: &str) -> &str {
    let name = nos_name(url).unwrap_or_else(|| url.strip_suffix('/').unwrap_or(url));
    NAMES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name)
}

/// The URL of a publisher's name; a name that is a URL stays itself.
pub(super) fn url_of_name(name: &'static str) -> &'static str {
    let is_nos = name.starts_with("TRE_") || name.starts_with("JDV_");
    if is_nos { nos_url(name).leak() } else { name }
}

/// `"TRE_R38-X"` → `"https://mos.esante.gouv.fr/NOS/TRE_R38-X/FHIR/TRE-R38-X"`.
fn nos_url(name: &str) -> String {
    format!("{NOS_BASE}/{name}/FHIR/{}", name.replacen('_', "-", 1))
}

/// Whether the URL is the canonical one of the name, without building it.
fn is_nos_url_of(url: &str, name: &str) -> bool {
    let rest = url.strip_prefix(NOS_BASE).and_then(|rest| rest.strip_prefix('/'));
    let last = rest.and_then(|rest| rest.strip_prefix(name)?.strip_prefix("/FHIR/"));
    last.is_some_and(|last| last.contains('-') && !last.contains('_') && !last.ends_with('/'))
}

/// The name in a nomenclature URL, in any of these spellings: `http` or `https`, with or without `FHIR`,
/// the last part with an underscore or a hyphen, with or without a final slash.
fn nos_name(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.strip_prefix("mos.esante.gouv.fr/NOS/")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (name, tail) = rest.split_once('/').unwrap_or((rest, ""));
    let (kind, id) = name.split_at_checked(4)?;
    let last = tail.strip_prefix("FHIR/").unwrap_or(tail);
    let repeats_name = last.split_at_checked(4).is_some_and(|(last_kind, last_id)| {
        let same_kind = match kind {
            "TRE_" => matches!(last_kind, "TRE-" | "TRE_"),
            "JDV_" => matches!(last_kind, "JDV-" | "JDV_"),
            _ => false,
        };
        same_kind && last_id == id
    });
    let is_bare_name = last.is_empty() && matches!(kind, "TRE_" | "JDV_");
    (repeats_name || is_bare_name).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{canonical_system, system_variants, terminology};

    const R13: &str = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM";
    const R244: &str = "https://mos.esante.gouv.fr/NOS/TRE_R244-CategorieOrganisation/FHIR/TRE-R244-CategorieOrganisation";
    const R66: &str = "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/FHIR/TRE-R66-CategorieEtablissement";
    const R200: &str = "https://mos.esante.gouv.fr/NOS/TRE_R200-CanalCommunication/FHIR/TRE-R200-CanalCommunication";
    const R212: &str =
        "https://mos.esante.gouv.fr/NOS/TRE_R212-Equipement/FHIR/TRE-R212-Equipement";
    const R331: &str = "https://mos.esante.gouv.fr/NOS/TRE_R331-TemporaliteCapacite/FHIR/TRE-R331-TemporaliteCapacite";
    const R354: &str = "https://mos.esante.gouv.fr/NOS/TRE_R354-TypeIdentifiantRessourceOperationnelle/FHIR/TRE-R354-TypeIdentifiantRessourceOperationnelle";
    const R356: &str = "https://mos.esante.gouv.fr/NOS/TRE_R356-ProfessionRessource/FHIR/TRE-R356-ProfessionRessource";
    const UCUM: &str = "http://unitsofmeasure.org";

    #[test]
    fn known_spellings_give_the_canonical_url() {
        let rows = [
            (R13, R13),
            ("http://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", R13),
            ("https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM/", R13),
            ("https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE_R13-CommuneOM", R13),
            ("https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/TRE_R13-CommuneOM", R13),
            ("https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM", R13),
            ("https://mos.esante.gouv.fr/NOS/TRE_R13-Commune/FHIR/TRE-R13-Commune", R13),
            (
                "https://mos.esante.gouv.fr/NOS/JDV_J230-CommuneOM-ROR/FHIR/JDV-J230-CommuneOM-ROR",
                R13,
            ),
            (
                "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/FHIR/TRE_R66-CategorieEtablissement",
                R66,
            ),
            (
                "https://mos.esante.gouv.fr/NOS/JDV_J55-CategorieEG-ROR/FHIR/JDV-J55-CategorieEG-ROR",
                R66,
            ),
            (
                "https://mos.esante.gouv.fr/NOS/JDV_J18-EquipementSpecifique-ROR/JDV-J18-EquipementSpecifique-ROR",
                R212,
            ),
            (
                "https://mos.esante.gouv.fr/NOS/JDV_J189-TemporaliteCapacite-ROR/FHIR/JDV-J189-TemporaliteCapacite-ROR/",
                R331,
            ),
            ("https://mos.esante.gouv.fr/NOS/TRE_R331-Temporalite/FHIR/TRE-R331-Temporalite", R331),
            (
                "https://mos.esante.gouv.fr/NOS/TRE_R354-TypeIdentifiantRessourceOperationnelle/FHIR/TRE_R354-TypeIdentifiantRessourceOperationnelle",
                R354,
            ),
            (
                "https://mos.esante.gouv.fr/NOS/TRE_R350-ProfessionRessource/FHIR/TRE-R350-ProfessionRessource",
                R356,
            ),
            ("https://mos.esante.gouv.fr/NOS", R244),
            ("https://mos.esante.gouv.fr/NOS/", R244),
            (
                "https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-telecom-communication-channel",
                R200,
            ),
            (UCUM, UCUM),
            ("https://unitsofmeasure.org", UCUM),
            ("http://unitsofmeasure.org/", UCUM),
            (
                "https://mos.esante.gouv.fr/NOS/TRE_R247-UcumUniteMesure/FHIR/TRE-R247-UcumUniteMesure",
                UCUM,
            ),
            (
                "http://mos.esante.gouv.fr/NOS/TRE_R247-UcumUniteMesure/FHIR/TRE_R247-UcumUniteMesure/",
                UCUM,
            ),
            // Not carried, but the spelling is a known one.
            (
                "http://mos.esante.gouv.fr/NOS/TRE_R999-Autre/FHIR/TRE_R999-Autre/",
                "https://mos.esante.gouv.fr/NOS/TRE_R999-Autre/FHIR/TRE-R999-Autre",
            ),
        ];
        for (url, expected) in rows {
            assert_eq!(canonical_system(url), expected, "{url}");
            assert_eq!(canonical_system(expected), expected, "the canonical form of {url}");
        }
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        for url in [
            "",
            "/",
            "https://mos.esante.gouv.fr/NOS/TRE_R999-Autre/FHIR/TRE-R999-Autre",
            "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/FHIR/TRE-R211-ActiviteOperationnelle",
            "https://mos.esante.gouv.fr/NOS/TRE_R66-CategorieEtablissement/autre",
            "https://mos.esante.gouv.fr/NOS/TREé",
            "https://mos.esante.gouv.fr/NOS/TRE_R1-X/FHIR/TREé",
            "https://mos.esante.gouv.fr/NOS/JDV_J236-TypeIdentifiant-ROR/FHIR/JDV-J236-TypeIdentifiant-ROR",
            "https://example.org/TRE_R66-CategorieEtablissement/FHIR/TRE_R66-CategorieEtablissement",
            "http://sirene.fr",
            "https://finess.esante.gouv.fr",
            "urn:oid:1.2.250.1.71.4.2.2",
            "JDV XXX",
        ] {
            assert!(matches!(canonical_system(url), Cow::Borrowed(same) if same == url), "{url}");
        }
    }

    #[test]
    fn every_system_is_its_own_canonical_form_without_allocation() {
        for system in terminology().systems() {
            let canonical = canonical_system(system.url);
            assert!(matches!(canonical, Cow::Borrowed(url) if url == system.url), "{}", system.url);
        }
    }

    #[test]
    fn identifier_systems_have_two_schemes() {
        let sirene: &[&str] = &["https://sirene.fr", "http://sirene.fr"];
        let rows: &[(&str, &[&str])] = &[
            ("http://sirene.fr", sirene),
            ("https://sirene.fr", sirene),
            (
                "http://finess.esante.gouv.fr",
                &["https://finess.esante.gouv.fr", "http://finess.esante.gouv.fr"],
            ),
            ("urn:oid:1.2.250.1.71.4.2.2", &[]),
            ("", &[]),
        ];
        for (url, expected) in rows {
            assert_eq!(system_variants(url), *expected, "{url}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_canonical_form_is_stable(
            url in "(https?://mos\\.esante\\.gouv\\.fr/NOS/)?(TRE|JDV)?[_é-]?[RJ]?[0-9é]{0,3}(-[A-Za-z]{0,4})?(/FHIR)?/?(TRE|JDV)?[_-]?.{0,8}/?"
        ) {
            let once = canonical_system(&url);
            proptest::prop_assert_eq!(canonical_system(&once), once.clone());
            terminology().value_set(&url);
        }
    }
}
