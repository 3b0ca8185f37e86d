//! Full text: which resources hold what a text wants and nothing it excludes, and how well.
//!
//! Everything wanted must be there. A word is met by itself, by its stem, by a word that starts with it
//! or, from five letters, by one that contains it (`words/word.rs`); a phrase by its words next to each
//! other (`words/phrase.rs`); a number of known form only by itself, best by a resource whose own it is.
//! A name that holds all of it, begins with it or is it brings the score nearer to 1 (`words/named.rs`).
//! Where nothing holds all of it, one word is read as another (`words/together.rs`).
//! The score (`words/score.rs`) is BM25 divided by its own upper bound, so between 0 and 1 and independent of the other hits.
//! What it needs to know of all documents is as old as the generation: a commit changes the score of
//! nothing else.

mod misspelled;
mod named;
mod phrase;
mod score;
mod tally;
mod together;
mod word;

use std::cell::Cell;

use shared::error::{Issue, IssueType};
use shared::fhir::ResourceType;
use shared::index::{KeySet, SegmentView, Snapshot};
use shared::param::text::{NumberForm, TextPart, TextQuery};
use shared::schema::words::{NUMBER, WORD, stem};
use tantivy::postings::TermInfo;

use self::score::{Collection, OWN_LONGER_NUMBER, OWN_NUMBER, WHOLE, Worth};
use self::tally::Tally;
use super::Result;
use super::watch::Watch;
use crate::plan::WordQuery;

/// A resource with its score.
type Scored = (u32, f32);

/// The resources that satisfy a word search.
#[derive(Debug, Default)]
pub(super) struct WordHits {
    /// Their keys.
    pub(super) keys: KeySet,
    /// Key and score of those found by words, by key.
    scores: Vec<Scored>,
    /// Where the last score was found: matches are mostly asked in the order of their keys.
    last: Cell<usize>,
    /// How much the search weighs beside others: as much as all that its weightiest text wants.
    pub(super) weight: f32,
    /// How words were read that are not what was typed.
    pub(super) issues: Vec<Issue>,
}

impl WordHits {
    /// The score of a resource, 0 when it is not a hit.
    pub(super) fn score(&self, key: u32) -> f32 {
        let last = self.last.get();
        let from = if self.scores.get(last).is_some_and(|(k, _)| *k <= key) { last } else { 0 };
        let mut step = 1;
        while self.scores.get(from + step).is_some_and(|(k, _)| *k < key) {
            step *= 2;
        }
        let (low, high) = (from + step / 2, self.scores.len().min(from + step + 1));
        let near = self.scores.get(low..high).unwrap_or_default();
        let Ok(at) = near.binary_search_by_key(&key, |(key, _)| *key) else { return 0.0 };
        self.last.set(low + at);
        near[at].1
    }
}

/// Least weight of a part beside the heaviest of its text. All hits hold all parts, so that how well each is met
/// tells more than how rare it is: a word that is in the label of every kind of offer is still worth a place in the
/// name.
const SHARE_MIN: f32 = 0.85;

/// Most notes on one search.
const ISSUES_MAX: usize = 10;

/// Most words of one search that are corrected: each costs a look at all words.
const CORRECTED_MAX: usize = 20;

/// Most parts of a text of which one is read anew where nothing holds them all.
const TOGETHER_MAX: usize = 8;

/// Digits of a SIRET behind its SIREN.
const SIRET_BEHIND_SIREN: usize = 5;

/// Finds the resources of `base` that satisfy one of the texts.
pub(super) fn find(
    snapshot: &Snapshot,
    watch: &Watch,
    base: ResourceType,
    query: &WordQuery,
) -> Result<WordHits> {
    let mut search = Search {
        snapshot,
        base,
        watch,
        scopes: &query.scopes,
        collection: Collection::of(snapshot, base),
        tally: Tally::default(),
        issues: Vec::new(),
        readings: Vec::new(),
        corrected: 0,
        is_scattered: false,
    };
    let universe = snapshot.universe();
    let mut scores = Vec::new();
    let mut unscored = KeySet::default();
    let mut weight = 0.0f32;
    for text in &query.texts {
        let excluded = search.excluded(text)?;
        if text.wanted.is_empty() {
            let rest = snapshot.existing(base).clone().minus(&excluded);
            unscored = unscored.or(rest, universe);
            continue;
        }
        let (mut hits, text_weight) = search.wanted(text)?;
        weight = weight.max(text_weight);
        search.tell_readings(!hits.is_empty());
        if !excluded.is_empty() {
            hits.retain(|(key, _)| !excluded.contains(*key));
        }
        scores = if scores.is_empty() { hits } else { union(&scores, &hits) };
    }
    let keys = scores.iter().map(|(key, _)| *key).collect();
    let keys = KeySet::from_keys(keys, universe).or(unscored, universe);
    if keys.is_empty() && search.is_scattered {
        search.tell_scattered();
    }
    Ok(WordHits { keys, scores, last: Cell::new(0), weight, issues: search.issues })
}

/// What is wanted must be there, what is excluded not: the search of one text on one type.
struct Search<'a> {
    snapshot: &'a Snapshot,
    base: ResourceType,
    watch: &'a Watch,
    scopes: &'a [String],
    collection: Collection,
    tally: Tally,
    issues: Vec<Issue>,
    /// How words of the present text were read: told when that found something.
    readings: Vec<Reading>,
    /// Words that were found nowhere and looked for in another spelling.
    corrected: usize,
    /// Whether the words of a text, as typed, are there and in no one resource.
    is_scattered: bool,
}

/// A word that was found nowhere, and the words it was read as.
struct Reading {
    word: String,
    as_words: String,
    /// Whether the word is found somewhere, but nowhere with the others.
    is_apart: bool,
}

/// What was found of one part of a text.
struct Found {
    hits: Vec<Scored>,
    /// Those whose name holds it.
    named: KeySet,
    /// How much the part weighs: the rarer, the more.
    weight: f32,
}

impl Search<'_> {
    /// What holds everything a text wants, and the weight of what was looked at.
    fn wanted(&mut self, text: &TextQuery) -> Result<(Vec<Scored>, f32)> {
        let is_short = text.wanted.len() <= TOGETHER_MAX;
        let mut parts: Vec<Found> = Vec::with_capacity(text.wanted.len());
        let mut hits: Vec<Scored> = Vec::new();
        for part in &text.wanted {
            let found = self.part(part, true)?;
            if parts.is_empty() {
                hits.clone_from(&found.hits);
            } else {
                keep_common(&mut hits, &found.hits);
            }
            let is_over = hits.is_empty() && !is_short;
            self.is_scattered |= is_over && !found.hits.is_empty() && self.readings.is_empty();
            parts.push(found);
            if is_over {
                break;
            }
        }
        if hits.is_empty() && is_short && parts.len() > 1 {
            hits = self.together(&text.wanted, &mut parts)?;
        }
        let heaviest = parts.iter().map(|part| part.weight).fold(0.0, f32::max);
        for part in &mut parts {
            part.weight = part.weight.max(heaviest * SHARE_MIN);
        }
        let bound: f32 = parts.iter().map(|part| part.weight).sum();
        for (_, score) in &mut hits {
            *score = 0.0;
        }
        for part in &parts {
            add_scores(&mut hits, &part.hits, part.weight / bound);
        }
        self.favor_names(text, &parts, &mut hits)?;
        Ok((hits, bound))
    }

    fn excluded(&mut self, text: &TextQuery) -> Result<KeySet> {
        let mut excluded = KeySet::default();
        for part in &text.excluded {
            // A misspelling is read as the word it may be only where that helps to find something.
            let keys = self.part(part, false)?.hits.iter().map(|(key, _)| *key).collect();
            let universe = self.snapshot.universe();
            excluded = excluded.or(KeySet::from_keys(keys, universe), universe);
        }
        Ok(excluded)
    }

    /// What holds a part; corrected when nothing does and `helpful` says so.
    fn part(&mut self, part: &TextPart, helpful: bool) -> Result<Found> {
        self.watch.look()?;
        let statistics = self.snapshot.word_statistics();
        match part {
            TextPart::Word { word, is_acronym } => {
                let (hits, named) = self.word(word)?;
                if hits.is_empty() && helpful && !is_acronym {
                    return self.misspelled(word, false);
                }
                let documents = statistics.documents_with_start(self.scopes, stem(word));
                Ok(Found { hits, named, weight: self.collection.weight(documents) })
            }
            TextPart::Phrase(words) => {
                let weights = words.iter().map(|word| {
                    self.collection.weight(statistics.documents_with(self.scopes, word))
                });
                let weight = weights.sum();
                let (hits, named) = self.phrase(words)?;
                Ok(Found { hits, named, weight })
            }
            TextPart::Number { number, form } => self.number(number, *form, helpful),
        }
    }

    fn number(&mut self, number: &str, form: NumberForm, helpful: bool) -> Result<Found> {
        let spellings = form.spellings(number);
        self.note(|view, scope, terms| {
            for spelling in &spellings {
                for (form, worth) in [(WORD, WHOLE), (NUMBER, OWN_NUMBER)] {
                    terms.extend(term_info(view, scope, form, spelling)?.map(|info| (info, worth)));
                }
            }
            Ok(())
        })?;
        let (mut hits, mut named) = self.tally.take();
        if hits.is_empty() && form == NumberForm::Finess {
            // A SIREN is what the SIRETs of its establishments start with.
            self.note(|view, scope, terms| siret_of(view, scope, number, terms))?;
            (hits, named) = self.tally.take();
        }
        if hits.is_empty() && helpful {
            self.say(format!("\"{number}\" was read as {}; nothing holds it", form.name()));
        }
        Ok(Found { hits, named, weight: self.collection.weight(1) })
    }

    /// Tells that the words are there, and in no one resource: people type an activity with its town.
    fn tell_scattered(&mut self) {
        let base = self.base;
        let elsewhere = match base {
            ResourceType::HealthcareService => "organization._content and location._content",
            ResourceType::PractitionerRole => "practitioner._content and service._content",
            ResourceType::Location => "organization._content",
            ResourceType::Organization
            | ResourceType::Practitioner
            | ResourceType::Task
            | ResourceType::Measure
            | ResourceType::MeasureReport => "",
        };
        let elsewhere = match elsewhere {
            "" => String::new(),
            names => format!("; what it refers to is searched with {names}"),
        };
        self.say(format!("no {base} holds all of these words by itself{elsewhere}"));
    }

    /// Tells how words of a text were read, or that they were found nowhere when that was of no use.
    fn tell_readings(&mut self, is_useful: bool) {
        for Reading { word, as_words, is_apart } in std::mem::take(&mut self.readings) {
            self.say(if is_apart {
                format!("\"{word}\" was found nowhere with the other words; it was read as {as_words}")
            } else if is_useful {
                format!("\"{word}\" was found nowhere; it was read as {as_words}")
            } else {
                format!(
                    "\"{word}\" was found nowhere; with {as_words} instead, nothing holds the other words"
                )
            });
        }
    }

    /// Tells the caller how a word was read.
    fn say(&mut self, text: String) {
        if self.issues.len() < ISSUES_MAX {
            self.tell(text);
        }
    }

    fn tell(&mut self, text: String) {
        self.issues.push(Issue::information(IssueType::Informational, text));
    }

    /// Notes the live documents, with their scores, of the terms that `find` puts into a list for each
    /// segment and each of the scopes.
    fn note(
        &mut self,
        find: impl Fn(&SegmentView, &str, &mut Vec<(TermInfo, Worth)>) -> tantivy::Result<()> + Sync,
    ) -> Result<()> {
        self.watch.look()?;
        let (snapshot, scopes, collection) = (self.snapshot, self.scopes, self.collection);
        let scored = snapshot.map_segments(snapshot.max_docs(), |_, segment| {
            let (mut terms, mut scored, mut named) = (Vec::new(), Vec::new(), Vec::new());
            for scope in scopes {
                find(&segment.view, scope, &mut terms)?;
                for (info, worth) in terms.drain(..) {
                    let start = scored.len();
                    collection.score_all(segment, &info, worth, &mut scored)?;
                    if worth.is_named {
                        named.extend(scored[start..].iter().map(|(key, _)| *key));
                    }
                }
            }
            Ok((scored, named))
        })?;
        self.tally.reserve(self.snapshot.universe());
        for (scored, named) in scored {
            for (key, score) in scored {
                self.tally.note(key, score);
            }
            self.tally.note_named(named);
        }
        Ok(())
    }
}

/// A term of the word field, where a segment has it.
fn term_info(
    view: &SegmentView,
    scope: &str,
    form: char,
    word: &str,
) -> tantivy::Result<Option<TermInfo>> {
    Ok(view.words().terms().get(format!("{scope}{form}{word}"))?)
}

/// The terms of the resources' own SIRETs, with the leading digit of the national scheme or without,
/// that start with a SIREN.
fn siret_of(
    view: &SegmentView,
    scope: &str,
    siren: &str,
    terms: &mut Vec<(TermInfo, Worth)>,
) -> tantivy::Result<()> {
    for digit in ["", "3"] {
        let start = format!("{scope}{NUMBER}{digit}{siren}");
        let length = start.len() + SIRET_BEHIND_SIREN;
        let range = view.words().terms().range().ge(&start).lt(format!("{start}:"));
        let mut stream = range.into_stream()?;
        while stream.advance() {
            if stream.key().len() == length {
                terms.push((stream.value().clone(), OWN_LONGER_NUMBER));
            }
        }
    }
    Ok(())
}

/// Keeps the hits with keys that are in a list; both by key.
fn keep_common(hits: &mut Vec<Scored>, list: &[Scored]) {
    let mut rest = list.iter().peekable();
    hits.retain(|(key, _)| {
        while rest.next_if(|(other, _)| other < key).is_some() {}
        rest.next_if(|(other, _)| other == key).is_some()
    });
}

/// Adds a share of the scores of a list, which has all keys of the hits; both by key. At most 1 comes out.
fn add_scores(hits: &mut [Scored], list: &[Scored], share: f32) {
    let mut rest = list.iter();
    for (key, score) in hits {
        let added = rest.find(|(other, _)| other == key).map_or(0.0, |(_, added)| *added);
        *score = (*score + share * added).min(1.0);
    }
}

/// The keys of either list, each with its best score; both by key.
fn union(a: &[Scored], b: &[Scored]) -> Vec<Scored> {
    let mut rest = b.iter().peekable();
    let mut either = Vec::with_capacity(a.len().max(b.len()));
    for (key, score) in a {
        while let Some(other) = rest.next_if(|(other, _)| other < key) {
            either.push(*other);
        }
        let other = rest.next_if(|(other, _)| other == key).map_or(0.0, |(_, other)| *other);
        either.push((*key, score.max(other)));
    }
    either.extend(rest);
    either
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combines_by_key() {
        let (a, b) = (vec![(1, 0.5), (3, 0.25), (9, 1.0)], vec![(2, 1.0), (3, 0.5), (9, 0.5)]);
        let mut both = b.clone();
        keep_common(&mut both, &a);
        assert_eq!(both, vec![(3, 0.5), (9, 0.5)]);
        add_scores(&mut both, &a, 0.5);
        assert_eq!(both, vec![(3, 0.625), (9, 1.0)]);
        assert_eq!(union(&a, &b), vec![(1, 0.5), (2, 1.0), (3, 0.5), (9, 1.0)]);
        assert_eq!(union(&b, &a), union(&a, &b));
    }
}
