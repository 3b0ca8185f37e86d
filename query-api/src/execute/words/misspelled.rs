//! A word that is found nowhere: the nearest words that are, one or two slips away, and what to tell.
//!
//! Numbers, codes and acronyms are never corrected, nor are short words. Only the nearest words count:
//! with one at one slip, those at two are not looked at.

use std::collections::BTreeMap;

use shared::index::Snapshot;
use shared::schema::words::{RECORD, WORD};

use super::score::MISSPELLED;
use super::{CORRECTED_MAX, Found, Reading, Search, term_info};
use crate::execute::Result;
use crate::execute::watch::Watch;

/// Fewest letters of a word that may have one slip, and two.
const ONE_SLIP_FROM: usize = 5;
const TWO_SLIPS_FROM: usize = 9;

/// Most words that one is read as.
const READINGS_MAX: usize = 20;

/// Most words that are named to the caller.
const NAMED_MAX: usize = 3;

impl Search<'_> {
    /// The resources that hold one of the words nearest to `word`; `is_apart` says that it is found
    /// somewhere itself.
    pub(super) fn misspelled(&mut self, word: &str, is_apart: bool) -> Result<Found> {
        let snapshot = self.snapshot;
        let readings = if self.corrected < CORRECTED_MAX {
            nearest(snapshot, self.watch, self.scopes, word)?
        } else {
            Vec::new()
        };
        self.corrected += 1;
        if self.corrected == CORRECTED_MAX + 1 {
            self.tell(format!(
                "more than {CORRECTED_MAX} words were to be corrected; the others were not"
            ));
        }
        self.note(|view, scope, terms| {
            for (_, reading) in &readings {
                for form in [WORD, RECORD] {
                    let info = term_info(view, scope, form, reading)?;
                    terms.extend(info.map(|info| (info, MISSPELLED)));
                }
            }
            Ok(())
        })?;
        let (hits, named) = self.tally.take();
        if !hits.is_empty() {
            let named = readings.iter().take(NAMED_MAX).map(|(_, word)| format!("\"{word}\""));
            let named = named.collect::<Vec<_>>().join(", ");
            let more = if readings.len() > NAMED_MAX { " and others" } else { "" };
            let as_words = format!("{named}{more}");
            self.readings.push(Reading { word: word.to_owned(), as_words, is_apart });
        }
        let statistics = snapshot.word_statistics();
        let documents =
            readings.iter().map(|(_, word)| statistics.documents_with(self.scopes, word));
        let documents = documents.max().unwrap_or(0);
        Ok(Found { hits, named, weight: self.collection.weight(documents) })
    }
}

/// The words nearest to a misspelled one, the most frequent first, each with its number of documents: of a
/// word that is one itself, those that more resources hold.
fn nearest(
    snapshot: &Snapshot,
    watch: &Watch,
    scopes: &[String],
    word: &str,
) -> Result<Vec<(u64, String)>> {
    let letters: Vec<char> = word.chars().collect();
    let mut allowed = match letters.len() {
        _ if !letters.iter().all(|c| c.is_alphabetic()) => return Ok(Vec::new()),
        0..ONE_SLIP_FROM => return Ok(Vec::new()),
        ONE_SLIP_FROM..TWO_SLIPS_FROM => 1,
        _ => 2,
    };
    let signature = signature(word);
    let mut distance = Distance::default();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let mut own = 0;
    for segment in snapshot.segments() {
        for (scope, form) in scopes.iter().flat_map(|scope| [(scope, WORD), (scope, RECORD)]) {
            watch.look()?;
            for (candidate, info) in segment.view.dictionary(scope, form)?.iter() {
                let differing = (self::signature(candidate) ^ signature).count_ones() as usize;
                if differing > 2 * allowed || candidate.len().abs_diff(word.len()) > 2 * allowed {
                    continue;
                }
                let Some(slips) = distance.within(&letters, candidate, allowed) else { continue };
                if slips == 0 {
                    own += u64::from(info.doc_freq);
                    continue;
                }
                if slips == 2 && !starts_alike(word, candidate) {
                    continue;
                }
                if slips < allowed {
                    allowed = slips;
                    found.clear();
                }
                *found.entry(candidate.to_owned()).or_default() += u64::from(info.doc_freq);
            }
        }
    }
    let more_frequent = found.into_iter().filter(|(_, count)| *count > own);
    let mut nearest: Vec<_> = more_frequent.map(|(word, count)| (count, word)).collect();
    nearest.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    nearest.truncate(READINGS_MAX);
    Ok(nearest)
}

/// Whether two words start with the same letter. Two slips of which one is there are rather a prefix that
/// turns the meaning round: "réanimation" is no "animation".
fn starts_alike(a: &str, b: &str) -> bool {
    a.chars().next() == b.chars().next()
}

/// Which letters a word has, one bit each: a slip changes at most two of them.
fn signature(word: &str) -> u32 {
    word.bytes().fold(0, |bits, byte| bits | 1 << (byte % 32))
}

/// The number of slips between words, with its memory kept from one to the next.
#[derive(Debug, Default)]
struct Distance {
    candidate: Vec<char>,
    rows: [Vec<usize>; 3],
}

impl Distance {
    /// How many letters must be changed, added, dropped or swapped with their neighbor, if at most
    /// `allowed`; `None` for words with signs other than letters.
    fn within(&mut self, word: &[char], candidate: &str, allowed: usize) -> Option<usize> {
        self.candidate.clear();
        self.candidate.extend(candidate.chars());
        let (a, b) = (word, &self.candidate);
        if a.len().abs_diff(b.len()) > allowed || !b.iter().all(|c| c.is_alphabetic()) {
            return None;
        }
        let rows = &mut self.rows;
        for row in rows.iter_mut() {
            row.clear();
            row.extend(0..=b.len());
        }
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
                return None;
            }
            rows.rotate_left(1);
        }
        let slips = rows[1][b.len()];
        (slips <= allowed).then_some(slips)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips() {
        let mut distance = Distance::default();
        for (a, b, allowed, expected) in [
            ("cardio", "cardio", 0, Some(0)),
            ("cradio", "cardio", 1, Some(1)),
            ("cardo", "cardio", 1, Some(1)),
            ("cardioo", "cardio", 2, Some(1)),
            ("kardjo", "cardio", 1, None),
            ("kardjo", "cardio", 2, Some(2)),
            ("neurologie", "urologie", 2, Some(2)),
            ("neurologie", "urologie", 1, None),
            ("cardio", "cardi0", 1, None),
        ] {
            let letters: Vec<char> = a.chars().collect();
            assert_eq!(distance.within(&letters, b, allowed), expected, "{a} {b} {allowed}");
            let differing = (signature(a) ^ signature(b)).count_ones() as usize;
            assert!(expected.is_none_or(|slips| differing <= 2 * slips), "{a} {b}");
        }
    }
}
