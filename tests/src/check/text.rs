//! Checks of full text: nothing that holds the word is missed, and everything else is explained.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, Judge, ensure, few};
use crate::fold::{fold, within_one_typo, words};
use crate::sample::Sample;
use crate::scenario::read_json;

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

/// Why a resource without the needle may be found: labels of its codes, and synonyms.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Explanations {
    /// Folded words that mean the needle.
    synonyms: Vec<String>,
    /// `system|code` of codes whose official label holds the needle or a synonym.
    labels: Vec<String>,
}

pub(super) fn covers(
    judge: &Judge<'_>,
    resource_type: &str,
    needle: &str,
    also_via: Option<&str>,
) -> Finding {
    let explanations: Explanations = read_json("explanations.json");
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
        if !holds && found.contains(&key.1) && !explained(&texts, needle, &explanations) {
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
                texts.codes.push(format!("{system}|{code}"));
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

fn explained(texts: &Texts, needle: &str, explanations: &Explanations) -> bool {
    let labelled = texts.codes.iter().any(|code| explanations.labels.contains(code));
    labelled
        || texts.strings.iter().flat_map(|text| words(text)).any(|word| {
            let stem = needle.len() > 4 && word.starts_with(&needle[..needle.len() - 1]);
            stem || within_one_typo(&word, needle)
                || explanations.synonyms.iter().any(|synonym| word.starts_with(synonym.as_str()))
        })
}
