//! Full text: which resources hold the words, and how well.
//!
//! The words of a text are all wanted. A word is met by itself, by its stem, by a word that starts with
//! it, or by one that contains it, in falling order of worth; only when nothing at all meets it, by a
//! word one slip away (two from nine letters), and never so for numbers and short words. The score is
//! BM25 divided by its own upper bound: between 0 and 1, and independent of the other hits.

use shared::fhir::ResourceType;
use shared::index::{KeySet, SegmentView, Snapshot};
use shared::schema::words::{STEM, WORD, stem, words};
use tantivy::postings::TermInfo;
use tantivy::{Result, TERMINATED};

use crate::plan::WordQuery;

/// The resources that hold the words of a text.
#[derive(Debug, Default)]
pub(super) struct WordHits {
    /// Their keys.
    pub(super) keys: KeySet,
    /// Key and score, by key.
    scores: Vec<(u32, f32)>,
}

impl WordHits {
    /// The score of a resource, 0 when it is not a hit.
    pub(super) fn score(&self, key: u32) -> f32 {
        let found = self.scores.binary_search_by_key(&key, |(key, _)| *key);
        found.map_or(0.0, |at| self.scores[at].1)
    }
}

/// How much a kind of match is worth beside the word itself.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
struct Worth(f32);

const EXACT: Worth = Worth(1.0);
const SAME_STEM: Worth = Worth(0.9);
const PREFIX: Worth = Worth(0.7);
const INSIDE: Worth = Worth(0.4);
const TYPO: Worth = Worth(0.3);

/// BM25's usual constants.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Finds the resources of `base` that hold all words of one of the texts.
pub(super) fn find(snapshot: &Snapshot, base: ResourceType, query: &WordQuery) -> Result<WordHits> {
    let mut all: Vec<(u32, f32)> = Vec::new();
    for text in &query.texts {
        all.extend(find_all_words(snapshot, base, &query.scopes, &words(text))?);
    }
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    all.dedup_by_key(|(key, _)| *key);
    let keys = all.iter().map(|(key, _)| *key).collect();
    Ok(WordHits { keys: KeySet::from_keys(keys, snapshot.universe()), scores: all })
}

fn find_all_words(
    snapshot: &Snapshot,
    base: ResourceType,
    scopes: &[String],
    wanted: &[String],
) -> Result<Vec<(u32, f32)>> {
    let collection = Collection::of(snapshot, base);
    let mut found: Option<Vec<(u32, f32)>> = None;
    let mut bound = 0.0;
    for word in wanted {
        let mut hits = find_word(snapshot, scopes, word, collection, false)?;
        if hits.is_empty() {
            hits = find_word(snapshot, scopes, word, collection, true)?;
        }
        let idf = collection.idf(hits.len());
        bound += idf;
        for (_, score) in &mut hits {
            *score *= idf;
        }
        found = Some(match found {
            None => hits,
            Some(former) => intersect(&former, &hits),
        });
        if found.as_ref().is_some_and(Vec::is_empty) {
            break;
        }
    }
    let mut found = found.unwrap_or_default();
    for (_, score) in &mut found {
        *score = (*score / bound).clamp(0.0, 1.0);
    }
    Ok(found)
}

/// Sums the scores of keys in both lists; both by key.
fn intersect(a: &[(u32, f32)], b: &[(u32, f32)]) -> Vec<(u32, f32)> {
    let mut rest = b.iter().peekable();
    let mut both = Vec::with_capacity(a.len().min(b.len()));
    for (key, score) in a {
        while rest.next_if(|(other, _)| other < key).is_some() {}
        if let Some((_, other)) = rest.next_if(|(other, _)| other == key) {
            both.push((*key, score + other));
        }
    }
    both
}

/// What BM25 needs to know of all documents.
#[derive(Debug, Clone, Copy)]
struct Collection {
    documents: f32,
    mean_words: f32,
}

impl Collection {
    fn of(snapshot: &Snapshot, base: ResourceType) -> Self {
        let words: u64 =
            snapshot.segments().iter().map(|s| s.view.words().total_num_tokens()).sum();
        let resources: usize =
            ResourceType::ALL.into_iter().map(|t| snapshot.existing(t).len()).sum();
        Self {
            documents: snapshot.existing(base).len().max(1) as f32,
            mean_words: (words as f32 / resources.max(1) as f32).max(1.0),
        }
    }

    fn idf(self, documents_with: usize) -> f32 {
        let with = documents_with as f32;
        (1.0 + ((self.documents - with).max(0.0) + 0.5) / (with + 0.5)).ln()
    }

    /// The frequency part of BM25 divided by its bound: between 0 and 1.
    fn saturation(self, frequency: u32, words: u32) -> f32 {
        let frequency = frequency as f32;
        frequency / (frequency + K1 * (1.0 - B + B * words as f32 / self.mean_words))
    }
}

/// The resources that hold a word in some form, by key, each with its best match.
fn find_word(
    snapshot: &Snapshot,
    scopes: &[String],
    word: &str,
    collection: Collection,
    misspelled: bool,
) -> Result<Vec<(u32, f32)>> {
    let mut hits: Vec<(u32, f32)> = Vec::new();
    for segment in snapshot.segments() {
        let view = &segment.view;
        for scope in scopes {
            let mut terms: Vec<(TermInfo, Worth)> = Vec::new();
            if misspelled {
                misspelled_terms(view, scope, word, &mut terms)?;
            } else {
                matching_terms(view, scope, word, &mut terms)?;
            }
            for (info, worth) in terms {
                for_each_posting(view, &info, &mut |doc, frequency| {
                    if segment.is_alive(doc) {
                        let saturation = collection.saturation(frequency, view.word_count(doc));
                        hits.push((view.owner(doc), worth.0 * saturation));
                    }
                })?;
            }
        }
    }
    hits.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    hits.dedup_by_key(|(key, _)| *key);
    Ok(hits)
}

fn matching_terms(
    view: &SegmentView,
    scope: &str,
    word: &str,
    terms: &mut Vec<(TermInfo, Worth)>,
) -> Result<()> {
    view.dictionary(scope)?.containing(word, &mut |found, info| {
        let worth = match found.find(word) {
            Some(0) if found.len() == word.len() => EXACT,
            Some(0) => PREFIX,
            _ => INSIDE,
        };
        terms.push((info.clone(), worth));
    });
    let stem = stem(word);
    for form in [WORD, STEM] {
        let term = format!("{scope}{form}{stem}");
        if let Some(info) = view.words().terms().get(&term)? {
            terms.push((info, SAME_STEM));
        }
    }
    Ok(())
}

fn misspelled_terms(
    view: &SegmentView,
    scope: &str,
    word: &str,
    terms: &mut Vec<(TermInfo, Worth)>,
) -> Result<()> {
    let allowed = match word.chars().count() {
        _ if !word.chars().all(char::is_alphabetic) => return Ok(()),
        0..=4 => return Ok(()),
        5..=8 => 1,
        _ => 2,
    };
    for (candidate, info) in view.dictionary(scope)?.iter() {
        if is_within_edits(word, candidate, allowed) {
            terms.push((info.clone(), TYPO));
        }
    }
    Ok(())
}

/// Whether at most `allowed` letters must be changed, added, dropped or swapped with their neighbor.
fn is_within_edits(a: &str, b: &str, allowed: usize) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > allowed {
        return false;
    }
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let changed = rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[1][j] + 1).min(rows[2][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = least;
        }
        if rows[2].iter().min().is_some_and(|least| *least > allowed) {
            return false;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()] <= allowed
}

fn for_each_posting(
    view: &SegmentView,
    info: &TermInfo,
    visit: &mut dyn FnMut(u32, u32),
) -> Result<()> {
    let mut postings = view.word_postings(info)?;
    loop {
        let docs = postings.docs();
        if docs.is_empty() {
            return Ok(());
        }
        for (doc, frequency) in docs.iter().zip(postings.freqs()) {
            if *doc == TERMINATED {
                return Ok(());
            }
            visit(*doc, *frequency);
        }
        postings.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits() {
        for (a, b, allowed, expected) in [
            ("cardio", "cardio", 0, true),
            ("cradio", "cardio", 1, true),
            ("cardo", "cardio", 1, true),
            ("cardioo", "cardio", 1, true),
            ("kardjo", "cardio", 1, false),
            ("kardjo", "cardio", 2, true),
            ("neurologie", "urologie", 2, true),
            ("neurologie", "urologie", 1, false),
        ] {
            assert_eq!(is_within_edits(a, b, allowed), expected, "{a} {b} {allowed}");
        }
    }

    #[test]
    fn intersects_by_key() {
        let (a, b) = (vec![(1, 0.5), (3, 0.25), (9, 1.0)], vec![(2, 1.0), (3, 0.5), (9, 0.5)]);
        assert_eq!(intersect(&a, &b), vec![(3, 0.75), (9, 1.5)]);
    }
}
