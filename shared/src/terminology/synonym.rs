//! The words people use, hung on codes.
//!
//! `assets/terminology/synonyms.toml` is a list of `[[synonym]]` tables: `terms`, the words, and `codes`,
//! each `"R211|068"` (short name of the system, code). A term is compared by [`synonym_key`].

use std::collections::HashMap;

use serde::Deserialize;

use super::{CodeSystem, Coding};
use crate::text::fold;

static CURATED: &str = include_str!("../../assets/terminology/synonyms.toml");

#[derive(Deserialize)]
struct File {
    synonym: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    terms: Vec<String>,
    codes: Vec<String>,
}

/// The form under which synonyms are compared: folded words separated by single spaces.
///
/// Letters standing alone in a row are one acronym: `"S.S.I.A.D."` is `"ssiad"`. `"Soins palliatifs"`,
/// `"soins-palliatifs"` and `" SOINS  PALLIATIFS "` have one key.
pub fn synonym_key(text: &str) -> String {
    let folded = fold(text);
    let mut key = String::with_capacity(folded.len());
    let mut after_letter = false;
    for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let is_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        let continues_acronym = after_letter && is_letter;
        if !key.is_empty() && !continues_acronym {
            key.push(' ');
        }
        key.push_str(word);
        after_letter = is_letter;
    }
    key
}

/// The curated terms of each code: terms, short name of the system, code.
pub(super) fn curated() -> Vec<(Vec<&'static str>, &'static str, &'static str)> {
    let file: File = toml::from_str(CURATED).expect("the embedded synonyms are TOML of that form");
    let mut curated = Vec::new();
    for entry in file.synonym {
        let terms: Vec<&'static str> =
            entry.terms.into_iter().map(|term| &*String::leak(term)).collect();
        for coding in entry.codes {
            let coding: &'static str = coding.leak();
            let (system, code) = coding.split_once('|').expect("a code is written SYSTEM|CODE");
            curated.push((terms.clone(), system, code));
        }
    }
    curated
}

/// Every synonym of every code, by key; a code's own label is not one.
pub(super) fn index(systems: &[CodeSystem]) -> HashMap<String, Vec<Coding>> {
    let mut index: HashMap<String, Vec<Coding>> = HashMap::new();
    for system in systems {
        for concept in system.listed {
            let coding = Coding { system: system.url, code: concept.code };
            for synonym in concept.synonyms {
                index.entry(synonym_key(synonym)).or_default().push(coding);
            }
        }
    }
    for codings in index.values_mut() {
        codings.sort_unstable();
        codings.dedup();
    }
    index
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{curated, synonym_key};
    use crate::terminology::terminology;

    #[test]
    fn keys() {
        let rows = [
            ("Soins palliatifs", "soins palliatifs"),
            ("soins-palliatifs", "soins palliatifs"),
            (" SOINS  PALLIATIFS ", "soins palliatifs"),
            ("S.S.I.A.D.", "ssiad"),
            ("Foyer (F.A.M.)", "foyer fam"),
            ("maison d’accueil", "maison d accueil"),
            ("Cœur ouvert", "coeur ouvert"),
            ("le 15", "le 15"),
            ("vitamine D 3", "vitamine d 3"),
            ("", ""),
            ("...", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(synonym_key(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_codes_by_everyday_words() {
        // (text, a code it must find, a code it must not)
        let rows = [
            ("IRM", "R211|068", "R211|070"),
            ("scanner", "R211|070", "R211|068"),
            ("Kiné", "R211|339", "R211|200"),
            ("kine", "G15|70", "G15|91"),
            ("maison de retraite", "R66|500", "R66|255"),
            ("EHPAD", "R66|500", "R66|255"),
            ("ssr", "R227|02", "R227|01"),
            ("SMR", "R227|02", "R227|03"),
            ("Urgences", "R213|33", "R213|32"),
            ("réa", "R211|127", "R211|373"),
            ("H.A.D.", "R66|127", "R66|355"),
            ("samu", "R244|246", "R244|247"),
            ("smur", "R244|247", "R244|246"),
            ("dialyse", "R66|141", "R66|355"),
            ("orthophoniste", "G15|91", "G15|92"),
            ("maternité", "R211|100", "R211|094"),
            ("soins palliatifs", "R211|170", "R211|102"),
            ("alzheimer", "R244|24", "R244|22"),
            // A past label and a short one.
            ("Hospitalisation à Domicile", "R66|127", "R66|128"),
            ("C.H.R.", "R66|101", "R66|355"),
        ];
        for (text, found, absent) in rows {
            let codes = |coding: &str| {
                let (system, code) = coding.split_once('|').unwrap();
                let hits = terminology().codes_by_synonym(text);
                hits.iter().any(|c| c.code == code && c.system.contains(&format!("_{system}-")))
            };
            assert!(codes(found), "{text} finds {found}");
            assert!(!codes(absent), "{text} does not find {absent}");
        }
        assert!(terminology().codes_by_synonym("zzz").is_empty());
        assert!(terminology().codes_by_synonym("").is_empty());
    }

    #[test]
    fn curated_terms_are_distinct_and_searchable() {
        let mut seen = HashSet::new();
        for (terms, system, code) in curated() {
            for term in terms {
                assert!(!synonym_key(term).is_empty(), "{term}");
                assert!(
                    seen.insert((synonym_key(term), system, code)),
                    "{term} twice on {system} {code}"
                );
            }
        }
        assert!(seen.len() > 500, "{}", seen.len());
    }
}
