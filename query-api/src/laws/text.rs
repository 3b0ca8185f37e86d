//! Laws of full text: words, phrases and exclusions equal a naive reading of the documents.
//!
//! What is asked is made as a list of parts and printed as a person would type it; the naive reading
//! works on the parts, so that it shares neither the parsing of the text nor the cutting of words with
//! the engine. The alphabet is small and holds what folding is about; its words are more than a slip apart, so that
//! none is corrected.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::fhir::ResourceType::{self, HealthcareService, Location};

use super::directory::{Change, Directory, Identity};
use super::{config, matches, page, paged, parse};
use crate::parse::Scope;

/// A word as documents write it, and as a comparison reads it.
const WORDS: [(&str, &str); 27] = [
    ("soin", "soin"),
    ("Soins", "soins"),
    ("l’Hôpital", "hopital"),
    ("hopital", "hopital"),
    // Not a space to the naive reading, which knows of no words in two pieces.
    ("L\u{a0}HOPITAL", "hopital"),
    ("cœur", "coeur"),
    ("COEUR", "coeur"),
    ("cardio", "cardio"),
    ("Échocardio", "echocardio"),
    ("Saint", "saint"),
    ("st", "saint"),
    ("stand", "stand"),
    ("de", "de"),
    ("C", "c"),
    ("IRM", "irm"),
    ("Pédiatries", "pediatries"),
    ("neuropédiatries", "neuropediatries"),
    ("pédiatrique", "pediatrique"),
    ("mentaux", "mentaux"),
    ("fondamental", "fondamental"),
    ("S.A.M.U.", "samu"),
    ("samu", "samu"),
    ("infirmier", "infirmier"),
    ("75015", "75015"),
    ("12", "12"),
    ("02.99.28.43.21", "0299284321"),
    ("02)99284321", "0299284321"),
];

/// What stands between two words of one value.
const BETWEEN: [&str; 5] = [" ", "-", ", ", "  ", "\n"];

/// One part of a text: the words of a phrase, or one word.
#[derive(Debug, Clone)]
struct Part {
    words: Vec<usize>,
    is_phrase: bool,
    is_excluded: bool,
}

impl Part {
    fn typed(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| WORDS[*word].0).collect();
        let sign = if self.is_excluded { "-" } else { "" };
        let quote = if self.is_phrase { "\"" } else { "" };
        format!("{sign}{quote}{}{quote}", words.join(" "))
    }

    /// Whether the values of a resource satisfy it.
    fn holds(&self, values: &[Vec<String>]) -> bool {
        let wanted: Vec<&str> = self.words.iter().map(|word| WORDS[*word].1).collect();
        let found = if self.is_phrase {
            values.iter().any(|words| words.windows(wanted.len()).any(|run| run == wanted))
        } else {
            values.iter().flatten().any(|word| meets(wanted[0], word))
        };
        found != self.is_excluded
    }
}

fn meets(wanted: &str, word: &str) -> bool {
    let singular = |word: &str| match word.strip_suffix("aux") {
        Some(base) => format!("{base}al"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    };
    if wanted.split_once("iatr").is_some_and(|(start, _)| word.starts_with(&format!("{start}iatr")))
    {
        return true;
    }
    let shorter = singular(wanted);
    let is_number = wanted.starts_with(|c: char| c.is_ascii_digit());
    match wanted.len() {
        1 => word == wanted,
        5.. if !is_number => {
            word.contains(wanted)
                || shorter.len() >= 5 && word.contains(&shorter)
                || singular(word) == shorter
        }
        _ => word.starts_with(wanted) || singular(word) == singular(wanted),
    }
}

/// The words of each value of a resource, as a comparison reads them.
fn values(document: &Value) -> Vec<Vec<String>> {
    let texts = ["name", "alias", "comment", "description"];
    let stated = texts.iter().filter_map(|name| document.get(*name));
    let texts = stated.filter(|value| !value.is_null()).flat_map(|value| {
        value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
    });
    let plain = |word: &str| {
        let known = WORDS.iter().find(|(written, _)| *written == word);
        known.expect("documents are made of the alphabet").1.to_owned()
    };
    let cut = |text: &str| {
        text.split([' ', '-', ',', '\n']).filter(|word| !word.is_empty()).map(plain).collect()
    };
    let narrative = document["text"]["div"].as_str().unwrap_or_default();
    let narrative = narrative.trim_start_matches("<div>").trim_end_matches("</div>");
    texts.filter_map(Value::as_str).chain([narrative]).map(cut).collect()
}

fn text() -> impl Strategy<Value = String> {
    vec((0..WORDS.len(), 0..BETWEEN.len()), 1..6).prop_map(|words| {
        words.iter().map(|(word, between)| [WORDS[*word].0, BETWEEN[*between]].concat()).collect()
    })
}

fn part() -> impl Strategy<Value = Part> {
    (vec(0..WORDS.len(), 1..4), any::<bool>(), 0..4).prop_map(|(mut words, is_phrase, sign)| {
        if !is_phrase {
            words.truncate(1);
            // A word that says nothing need not be there: that is a law of its own.
            words[0] = if WORDS[words[0]].1 == "de" { 0 } else { words[0] };
        }
        // An exclusion ends at the first space, whichever it is.
        let is_phrase = is_phrase || WORDS[words[0]].0.contains('\u{a0}');
        Part { words, is_phrase, is_excluded: sign == 0 }
    })
}

/// The parts of texts of which one must hold.
fn asked() -> impl Strategy<Value = Vec<Vec<Part>>> {
    vec(vec(part(), 1..4), 1..3)
}

fn typed(texts: &[Vec<Part>]) -> String {
    let texts: Vec<String> = texts
        .iter()
        .map(|parts| parts.iter().map(Part::typed).collect::<Vec<_>>().join(" "))
        .collect();
    texts.join(",")
}

/// Offers and their places, some replaced later, in one to three commits.
fn directories() -> impl Strategy<Value = Directory> {
    let offer = (0..12_u8, text(), text(), text(), vec(text(), 0..3), 0..6_u8);
    (vec(offer, 4..30), 1..4_usize).prop_map(|(offers, commits)| {
        let meta = json!({ "lastUpdated": "2026-01-01T00:00:00Z" });
        let mut changes = Vec::new();
        for (id, name, comment, narrative, aliases, place) in offers {
            changes.push(Change::Put(json!({
                "resourceType": "HealthcareService", "id": format!("o{id}"), "meta": meta,
                "name": name, "comment": comment,
                "text": { "status": "generated", "div": format!("<div>{narrative}</div>") },
                "location": [{ "reference": format!("Location/l{place}") }],
            })));
            changes.push(Change::Put(json!({
                "resourceType": "Location", "id": format!("l{place}"), "meta": meta,
                "alias": aliases, "description": name,
            })));
        }
        let size = changes.len().div_ceil(commits);
        let commits: Vec<_> = changes.chunks(size).map(<[_]>::to_vec).collect();
        Directory::of(&commits, 1)
    })
}

fn holding(
    directory: &Directory,
    base: ResourceType,
    holds: impl Fn(&[Vec<String>]) -> bool,
) -> BTreeSet<Identity> {
    holding_named(directory, base, |values, _| holds(values))
}

/// The resources whose values, and those of their names, satisfy something.
fn holding_named(
    directory: &Directory,
    base: ResourceType,
    holds: impl Fn(&[Vec<String>], &[Vec<String>]) -> bool,
) -> BTreeSet<Identity> {
    let of_type = directory.documents.iter().filter(|((of, _), _)| *of == base);
    let names = |json: &Value| values(&json!({ "name": json["name"], "alias": json["alias"] }));
    let holding = of_type.filter(|(_, json)| holds(&values(json), &names(json)));
    holding.map(|(identity, _)| identity.clone()).collect()
}

/// What answers the parts of a text: what holds all of them; where nothing does, what holds all but a
/// letter, which starts a word of its name.
fn answering(directory: &Directory, base: ResourceType, parts: &[Part]) -> BTreeSet<Identity> {
    let (excluded, wanted): (Vec<&Part>, Vec<&Part>) =
        parts.iter().partition(|part| part.is_excluded);
    let without = |found: BTreeSet<Identity>| {
        let rest =
            holding(directory, base, |values| excluded.iter().all(|part| part.holds(values)));
        found.intersection(&rest).cloned().collect()
    };
    let all = holding(directory, base, |values| wanted.iter().all(|part| part.holds(values)));
    if !all.is_empty() || wanted.len() < 2 {
        return without(all);
    }
    let mut read = BTreeSet::new();
    for part in &wanted {
        let letter = WORDS[part.words[0]].1;
        if part.is_phrase || letter.len() > 1 {
            continue;
        }
        // A word asked for twice is one part.
        let is_other = |other: &&&Part| other.is_phrase || other.words != part.words;
        let others: Vec<&&Part> = wanted.iter().filter(is_other).collect();
        read.extend(holding_named(directory, base, |values, names| {
            !others.is_empty()
                && others.iter().all(|other| other.holds(values))
                && names.iter().flatten().any(|word| word.starts_with(letter))
        }));
    }
    without(read)
}

fn found(directory: &Directory, base: ResourceType, name: &str, value: &str) -> BTreeSet<Identity> {
    let request = parse(Scope::Type(base), &[(name.to_owned(), value.to_owned())]);
    matches(directory, &request).into_iter().collect()
}

/// The score of each match; 0 where nothing ranks.
fn scores(directory: &Directory, pairs: &[(&str, &str)]) -> BTreeMap<Identity, f32> {
    let pairs: Vec<_> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let request = parse(Scope::Type(HealthcareService), &pairs);
    let (hits, _) = page(directory, &request, 1_000, 1_000, None);
    let scored = |hit: crate::execute::Hit| ((HealthcareService, hit.id), hit.score.unwrap_or(0.0));
    hits.matches.into_iter().map(scored).collect()
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn all_criteria_count_and_of_alternatives_the_best(
        directory in directories(),
        asked in vec((part(), part()), 5),
    ) {
        for (a, b) in asked {
            let [a, b] = [a, b].map(|part| Part { is_excluded: false, ..part }.typed());
            for (first, second) in [("_content", "_content"), ("_content", "location._content")] {
                let (of_a, of_b) =
                    (scores(&directory, &[(first, &a)]), scores(&directory, &[(second, &b)]));
                for (id, score) in scores(&directory, &[(first, &a), (second, &b)]) {
                    let (a, b) = (of_a[&id], of_b[&id]);
                    prop_assert!((a.min(b) - 1e-5..=a.max(b) + 1e-5).contains(&score));
                    let differ = (a - b).abs() > 1e-3;
                    prop_assert!(!differ || (a.min(b) < score && score < a.max(b)), "{a} {b} {score}");
                }
                let quoted = |text: &str| text.replace('"', "\\\"");
                let either =
                    format!("{first} co \"{}\" or {second} co \"{}\"", quoted(&a), quoted(&b));
                for (id, score) in scores(&directory, &[("_filter", &either)]) {
                    let of = |scores: &BTreeMap<_, f32>| scores.get(&id).copied().unwrap_or(0.0);
                    let best = of(&of_a).max(of(&of_b));
                    prop_assert!((score - best).abs() < 1e-5, "{either}: {score}, not {best}");
                }
            }
        }
    }

    #[test]
    fn texts_find_what_the_documents_hold(directory in directories(), asked in vec(asked(), 20)) {
        for texts in asked {
            let answering = |base| -> BTreeSet<Identity> {
                texts.iter().flat_map(|parts| answering(&directory, base, parts)).collect()
            };
            let typed = typed(&texts);
            for base in [HealthcareService, Location] {
                let found = found(&directory, base, "_content", &typed);
                prop_assert_eq!(found, answering(base), "{}", typed);
            }
            let places = answering(Location);
            let offers = directory.documents.iter().filter(|((of, _), offer)| {
                let place = offer["location"][0]["reference"].as_str().unwrap_or_default();
                *of == HealthcareService
                    && places.iter().any(|(_, id)| place == format!("Location/{id}"))
            });
            let offers: BTreeSet<Identity> = offers.map(|(identity, _)| identity.clone()).collect();
            let chained = found(&directory, HealthcareService, "location._content", &typed);
            prop_assert_eq!(chained, offers, "location: {}", typed);
        }
    }

    #[test]
    fn a_filter_asks_the_same(directory in directories(), asked in vec(asked(), 10)) {
        for texts in asked {
            let typed = typed(&texts[..1]);
            let literal = typed.replace('\\', "\\\\").replace('"', "\\\"");
            let filter = format!("_content co \"{literal}\"");
            prop_assert_eq!(
                found(&directory, HealthcareService, "_filter", &filter),
                found(&directory, HealthcareService, "_content", &typed),
                "{}", filter
            );
        }
    }

    #[test]
    fn an_excluded_part_leaves_the_rest(directory in directories(), part in part()) {
        let wanted = Part { is_excluded: false, ..part.clone() };
        let excluded = Part { is_excluded: true, ..part };
        let with = found(&directory, HealthcareService, "_content", &wanted.typed());
        let without = found(&directory, HealthcareService, "_content", &excluded.typed());
        prop_assert!(with.is_disjoint(&without));
        let all = holding(&directory, HealthcareService, |_| true);
        prop_assert_eq!(with.union(&without).cloned().collect::<BTreeSet<_>>(), all);
    }

    #[test]
    fn function_words_need_not_be_there(directory in directories(), part in part()) {
        let part = Part { is_excluded: false, ..part };
        let both = format!("de {} la", part.typed());
        prop_assert_eq!(
            found(&directory, HealthcareService, "_content", &both),
            found(&directory, HealthcareService, "_content", &part.typed())
        );
    }

    #[test]
    fn the_best_come_first_over_all_pages(directory in directories(), asked in vec(asked(), 5)) {
        for texts in asked {
            let pairs = [("_content".to_owned(), typed(&texts))];
            let request = parse(Scope::Type(HealthcareService), &pairs);
            let (hits, _) = page(&directory, &request, 1_000, 1_000, None);
            let scored = texts.iter().flatten().any(|part| !part.is_excluded);
            let scores: Vec<f32> = hits.matches.iter().filter_map(|hit| hit.score).collect();
            prop_assert_eq!(scores.len(), if scored { hits.matches.len() } else { 0 });
            prop_assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{:?}", scores);
            prop_assert!(scores.is_sorted_by(|a, b| a >= b), "{:?}", scores);
            let ties = hits.matches.windows(2).filter(|two| two[0].score == two[1].score);
            if scored {
                prop_assert!(ties.into_iter().all(|two| two[0].id < two[1].id));
            }
            prop_assert_eq!(paged(&directory, &request, 2, 1_000)?, matches(&directory, &request));
        }
    }
}
