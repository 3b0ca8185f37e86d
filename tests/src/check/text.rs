//! Checks of full text: nothing that holds the word is missed, and everything else is explained.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::{Finding, Judge, ensure, few};
use crate::alias::canonical;
use crate::fold::{fold, within_one_typo, words};
use crate::sample::{Sample, repository};

/// Elements whose strings are machinery, not text.
const NOT_TEXT: &[&str] = &[
    "id",
    "resourceType",
    "url",
    "system",
    "reference",
    "profile",
    "versionId",
    "lastUpdated",
    "source",
];

/// The published labels of codes and the words people use for them: data files, not code.
const LABELS: &[&str] = &["shared/assets/terminology/nos.tsv", "shared/assets/terminology/ror.tsv"];
const SYNONYMS: &str = "shared/assets/terminology/synonyms.toml";

pub(super) fn covers(
    judge: &Judge<'_>,
    resource_type: &str,
    needle: &str,
    also_via: Option<&str>,
) -> Finding {
    let named = codes_named(needle);
    let found: BTreeSet<String> = judge.search()?.matches().into_iter().map(|key| key.1).collect();
    let mut missed = Vec::new();
    let mut unexplained = Vec::new();
    let mut held = 0;
    for (key, document) in judge.sample.of_type(resource_type) {
        let texts = texts_with(judge.sample, document, also_via);
        let holds = texts.strings.iter().any(|text| fold(text).contains(needle));
        held += usize::from(holds);
        if holds && !found.contains(&key.1) {
            missed.push(&key.1);
        }
        if !holds && found.contains(&key.1) && !explained(&texts, needle, &named) {
            unexplained.push(&key.1);
        }
    }
    ensure(held > 0, || format!("no string of the sample holds {needle}"))?;
    ensure(missed.is_empty(), || format!("missed: {}", few(&missed)))?;
    ensure(unexplained.is_empty(), || format!("not explained: {}", few(&unexplained)))
}

#[derive(Default)]
struct Texts {
    strings: Vec<String>,
    codes: Vec<String>,
}

fn texts_with(sample: &Sample, document: &Value, also_via: Option<&str>) -> Texts {
    let mut texts = Texts::default();
    collect(document, &mut texts);
    for key in also_via.map_or_else(Vec::new, |element| sample.targets(document, element)) {
        collect(sample.get(&key).expect("a resolved target is in the sample"), &mut texts);
    }
    texts
}

fn collect(value: &Value, texts: &mut Texts) {
    match value {
        Value::String(text) => texts.strings.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => {
            if let (Some(system), Some(code)) = (value["system"].as_str(), value["code"].as_str()) {
                texts.codes.push(format!("{}|{code}", canonical(system)));
            }
            for (name, field) in fields {
                if !NOT_TEXT.contains(&name.as_str()) {
                    collect(field, texts);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `system|code` of every code whose label or synonym holds the needle, or its stem.
fn codes_named(needle: &str) -> BTreeSet<String> {
    let read = |path: &str| {
        let path = repository().join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut named = BTreeSet::new();
    let mut systems = BTreeMap::new();
    for path in LABELS {
        let mut system = String::new();
        for line in read(path).lines() {
            let mut fields = line.split('\t');
            let first = fields.next().unwrap_or_default();
            if first == "@" {
                let name = fields.next().unwrap_or_default();
                system = canonical(&format!("https://mos.esante.gouv.fr/NOS/{name}"));
                let number = name.trim_start_matches("TRE_").split('-').next().unwrap_or_default();
                systems.insert(number.to_owned(), system.clone());
            } else if fields.any(|label| fold(label).contains(stem(needle))) {
                named.insert(format!("{system}|{first}"));
            }
        }
    }
    let synonyms = read(SYNONYMS);
    for entry in synonyms.split("[[synonym]]") {
        let (terms, codes) = entry.split_once("codes").unwrap_or_default();
        if fold(terms).contains(stem(needle)) {
            for code in codes.split('"').filter_map(|text| text.split_once('|')) {
                named.extend(systems.get(code.0).map(|system| format!("{system}|{}", code.1)));
            }
        }
    }
    named
}

/// A long word without its last letter: what light stemming may leave.
fn stem(word: &str) -> &str {
    if word.len() > 4 { &word[..word.len() - 1] } else { word }
}

fn explained(texts: &Texts, needle: &str, named: &BTreeSet<String>) -> bool {
    let mut words_of = texts.strings.iter().flat_map(|text| words(text));
    texts.codes.iter().any(|code| named.contains(code))
        || words_of.any(|word| word.starts_with(stem(needle)) || within_one_typo(&word, needle))
}
