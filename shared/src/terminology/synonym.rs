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
/// `"Soins palliatifs"`, `"soins-palliatifs"` and `" SOINS  PALLIATIFS "` have one key.
pub fn synonym_key(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
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
    for system in systems.iter().filter(|system| !system.listed.is_empty()) {
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
