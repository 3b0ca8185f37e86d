//! What the embedded lists hold.

use std::collections::HashSet;

use super::{COMMUNE_SYSTEM, Status, terminology};

/// The canonical URL of a publisher's name.
fn url(name: &str) -> String {
    format!("https://mos.esante.gouv.fr/NOS/{name}/FHIR/{}", name.replacen('_', "-", 1))
}

#[test]
fn concepts() {
    use Status::{Active, Deprecated, Retired};
    // (system, code, label, status)
    let rows = [
        ("TRE_R211-ActiviteOperationnelle", "013", "Cardiologie générale", Active),
        ("TRE_R66-CategorieEtablissement", "355", "Centre hospitalier (CH)", Active),
        ("TRE_R66-CategorieEtablissement", "701", "Maison des adolescents (MDA)", Active),
        ("TRE_R02-SecteurActivite", "SA05", "Centre de santé", Active),
        ("TRE_R241-AideFinanciere", "01", "Conventionné aides au logement", Active),
        ("TRE_R244-CategorieOrganisation", "30", "Service autonomie à domicile (SAD) aide", Active),
        (
            "TRE_R244-CategorieOrganisation",
            "235",
            "Unité hospitalière de médecine générale",
            Deprecated,
        ),
        ("TRE_R246-TypeTarif", "01", "Supplément tarif Hébergement SMR", Active),
        ("TRE_R332-GenreCapacite", "03", "Indifférencié", Retired),
        ("TRE_R343-FonctionLieu", "001", "Hébergement MCO", Active),
        ("TRE_R356-ProfessionRessource", "86", "Infirmier en pratique avancée (IPA)", Active),
        ("TRE_R13-CommuneOM", "44109", "Nantes", Active),
        ("TRE_R13-CommuneOM", "75115", "Paris 15e Arrondissement", Active),
    ];
    for (system, code, label, status) in rows {
        let concept = terminology().concept(&url(system), code).unwrap();
        assert_eq!((concept.code, concept.label, concept.status), (code, label, status));
        assert_eq!(terminology().display(&url(system), code), Some(label));
    }
    assert_eq!(terminology().display("http://unitsofmeasure.org", "a"), Some("an"));
}

#[test]
fn past_labels_stay_as_synonyms() {
    let home_help = terminology().concept(&url("TRE_R244-CategorieOrganisation"), "30").unwrap();
    assert!(home_help.synonyms.iter().any(|s| s.contains("SAAD")), "{home_help:?}");
    let lodging = terminology().concept(&url("TRE_R343-FonctionLieu"), "001").unwrap();
    assert!(lodging.synonyms.contains(&"Hébergement"), "{lodging:?}");
}

#[test]
fn unknown_codes_are_told_from_unlisted_ones() {
    let rows = [
        ("TRE_R213-ModePriseEnCharge", "032", true),
        ("TRE_R213-ModePriseEnCharge", "32", false),
        ("TRE_R212-Equipement", "83", true),
        ("TRE_R13-CommuneOM", "18000", true),
        ("TRE_R13-CommuneOM", "18033", false),
        // A retired commune code is known.
        ("TRE_R13-CommuneOM", "01003", false),
        // Not carried completely, or not at all.
        ("TRE_R210-ActeSpecifique", "9999", false),
        ("TRE_R999-Autre", "1", false),
    ];
    for (system, code, unknown) in rows {
        assert_eq!(terminology().is_unknown_code(&url(system), code), unknown, "{system} {code}");
    }
}

#[test]
fn retired_commune_codes_have_a_label() {
    let concept = terminology().concept(COMMUNE_SYSTEM, "01003").unwrap();
    assert_eq!((concept.code, concept.status), ("01003", Status::Retired));
    assert!(!concept.label.is_empty());
}

#[test]
fn every_system_is_sorted_labelled_and_reachable() {
    let mut urls = HashSet::new();
    for system in terminology().systems() {
        assert!(urls.insert(system.url), "{} twice", system.url);
        assert!(!system.title.is_empty(), "{} has a title", system.name);
        assert_eq!(terminology().system(system.url), Some(system));
        let concepts = system.concepts();
        assert!(concepts.is_sorted_by(|a, b| a.code < b.code), "{}", system.name);
        assert!(!concepts.is_empty() || !system.complete, "{} is complete, yet empty", system.name);
        for concept in concepts {
            assert_eq!(system.concept(concept.code), Some(*concept));
            assert!(!concept.label.is_empty(), "{} {}", system.name, concept.code);
            assert!(concept.synonyms.iter().all(|s| !s.is_empty()), "{concept:?}");
        }
    }
    assert!(urls.len() > 60, "{}", urls.len());
}

#[test]
fn value_sets() {
    let r66 = url("TRE_R66-CategorieEtablissement");
    let r213 = url("TRE_R213-ModePriseEnCharge");
    // (value set, system, code, contained)
    let rows = [
        (url("JDV_J19-ModePriseEnCharge-ROR"), r213.clone(), "28", true),
        (url("JDV_J19-ModePriseEnCharge-ROR"), r213.clone(), "99", false),
        (url("JDV_J19-ModePriseEnCharge-ROR"), r66.clone(), "28", false),
        (url("JDV_J55-CategorieEG-ROR"), r66.clone(), "355", true),
        (url("JDV_J55-CategorieEG-ROR"), r66.clone(), "001", false),
        (url("JDV_J55-CategorieEG-ROR"), url("TRE_R02-SecteurActivite"), "SA05", true),
        (url("JDV_J31-AideFinanciere-ROR"), url("TRE_R241-AideFinanciere"), "03", false),
        (url("JDV_J190-GenreCapacite-ROR"), url("TRE_R332-GenreCapacite"), "03", false),
        (url("JDV_J229-ProfessionSante-ROR"), url("TRE_G15-ProfessionSante"), "10", true),
        (url("JDV_J229-ProfessionSante-ROR"), url("TRE_R356-ProfessionRessource"), "86", true),
        (url("JDV_J124-Commune"), COMMUNE_SYSTEM.to_owned(), "44109", true),
        (url("JDV_J124-Commune"), COMMUNE_SYSTEM.to_owned(), "00000", false),
        // Spelling variants of both URLs.
        (
            "http://mos.esante.gouv.fr/NOS/JDV_J19-ModePriseEnCharge-ROR/".to_owned(),
            format!("{r213}/"),
            "28",
            true,
        ),
    ];
    for (set, system, code, contained) in rows {
        let set = terminology().value_set(&set).unwrap();
        assert_eq!(set.contains(&system, code), contained, "{} {system} {code}", set.name);
    }
    assert_eq!(terminology().value_set("https://example.org/ValueSet/other"), None);
    let renamed = terminology().value_set(&url("JDV_J204-StatutLieu")).unwrap();
    assert_eq!(renamed.name, "JDV_J224-StatutLieu-ROR");
}

#[test]
fn value_sets_contain_what_they_list() {
    for set in terminology().value_sets() {
        assert_eq!(terminology().value_set(set.url), Some(set));
        let codings: Vec<_> = set.codings().collect();
        assert!(!codings.is_empty() || !set.complete, "{}", set.name);
        for coding in codings {
            assert!(set.contains(coding.system, coding.code), "{} {coding:?}", set.name);
            assert!(set.systems().contains(&coding.system));
        }
    }
}
