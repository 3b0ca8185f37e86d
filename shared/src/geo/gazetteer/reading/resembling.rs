//! What a text without a code resembles, when it names no place: the beginning of a name, a name with slips, a name
//! that stands at its beginning or behind "de".
//!
//! Only the one name that begins with the words of a text is sure.

use super::super::slips::edits_allowed;
use super::super::words::{Word, join};
use super::super::{Commune, Gazetteer};
use super::named::reads_as_street;
use super::{BEGINNING, GOES_ON, Reading, TWO_EDITS, size};
use crate::geo::{Candidate, place_key};

/// Letters of words that may stand for a longer name.
const WORDS_MIN: usize = 4;

impl Gazetteer {
    /// The places that the text may be meant for, though it names none.
    pub(super) fn resembling(&self, words: &[Word<'_>], limit: usize) -> Reading {
        let mut reading = Reading { has_street: true, ..Reading::default() };
        // What stands after the last comma may be misspelt or unfinished; without a comma, all of it.
        let segment = words.iter().rposition(|word| word.is_first).unwrap_or(0);
        let key = place_key(&join(&words[segment..]));
        if segment > 0 || !key.contains(|c: char| c.is_ascii_digit()) {
            reading.candidates = self.by_beginning(&key, limit);
            if reading.candidates.is_empty() {
                reading.candidates = self.within_names(&key, limit);
                reading.candidates.extend(self.misspelt(&key, limit, None));
            }
            reading.has_street = segment > 0 || reading.candidates.is_empty();
        }
        if reading.candidates.is_empty() {
            reading.candidates = self.at_beginning(words);
            reading.candidates.extend(self.behind_a_link(words));
        }
        reading
    }

    /// The communes that the longest beginning of a part names, the last part first: "Lyon Perrache".
    pub(super) fn at_beginning(&self, words: &[Word<'_>]) -> Vec<Candidate> {
        let parts: Vec<&[Word<'_>]> = words.chunk_by(|_, next| !next.is_first).collect();
        let named = |words: &[Word<'_>]| {
            let communes = self.named(&join(words)).meant();
            communes.into_iter().map(|c| Candidate::commune(c, None, BEGINNING + size(c))).collect()
        };
        let beginnings =
            parts.iter().rev().flat_map(|part| (1..=part.len()).rev().map(|end| &part[..end]));
        let mut found = beginnings.map(named);
        found.find(|found: &Vec<Candidate>| !found.is_empty()).unwrap_or_default()
    }

    /// The communes that a text which is no street ends with, behind a link: "mairie de Nantes".
    fn behind_a_link(&self, words: &[Word<'_>]) -> Vec<Candidate> {
        if reads_as_street(words) {
            return Vec::new();
        }
        let ends = (1..words.len()).map(|start| self.named(&join(&words[start..])).meant());
        let named = ends.into_iter().find(|named| !named.is_empty()).unwrap_or_default();
        named.into_iter().map(|c| Candidate::commune(c, None, TWO_EDITS + size(c))).collect()
    }

    /// The communes whose name ends with the text, an island's most often: "Oléron", "Île de Ré".
    fn within_names(&self, key: &str, limit: usize) -> Vec<Candidate> {
        let island = ["ile de ", "ile d ", "l ile de ", "l ile d "];
        let name = island.iter().find_map(|island| key.strip_prefix(island));
        if name.is_none() && key.chars().count() < WORDS_MIN {
            return Vec::new();
        }
        let end = format!(" {}", name.unwrap_or(key));
        let ending = self.resolve(self.names().ending_with(&end)).into_iter().take(limit);
        ending.map(|c| Candidate::commune(c, None, BEGINNING + size(c))).collect()
    }

    /// The places whose name or postal code begins with the key; former names where no other does. The only
    /// commune whose name goes on after the words that are there may stand for them: "Brive", "Hellemmes".
    pub(super) fn by_beginning(&self, key: &str, limit: usize) -> Vec<Candidate> {
        // The larger place first, unless far more of a smaller one is typed.
        let share = |name: &str| 0.02 * key.len() as f64 / name.len().max(key.len()) as f64;
        let goes_on = match self.going_on(key).as_slice() {
            [only] if key.len() >= WORDS_MIN => Some(only.code),
            _ => None,
        };
        let mut communes = self.by_prefix(key, limit);
        if communes.is_empty() && !key.is_empty() {
            communes = self.resolve(self.names().formerly_starting_with(key));
            communes.truncate(limit);
        }
        let communes = communes.into_iter().map(|commune| {
            let is_meant = goes_on == Some(commune.code);
            let begins = BEGINNING + share(commune.name) + size(commune);
            Candidate::commune(commune, None, if is_meant { GOES_ON } else { begins })
        });
        let mut found: Vec<Candidate> = communes.collect();
        if key.chars().count() >= 2 {
            let beginning = self.departments_starting_with(key);
            let beginning = beginning.filter(|d| self.only_commune_of(d).is_none());
            found.extend(beginning.map(|d| Candidate::department(d, BEGINNING + share(d.name))));
        }
        found
    }

    /// The communes a name of which, present or former, begins with the words of the key and has more.
    fn going_on(&self, key: &str) -> Vec<&'static Commune> {
        let more = format!("{key} ");
        let mut found = self.names().starting_with(&more);
        found.extend(self.names().formerly_starting_with(&more));
        self.resolve(found)
    }

    /// The communes whose name is one or two letters away from the key: of a department, or of all.
    pub(super) fn misspelt(
        &self,
        key: &str,
        limit: usize,
        department: Option<&str>,
    ) -> Vec<Candidate> {
        let near = self.names().within_edits(key, edits_allowed(key));
        let candidates = near.into_iter().filter_map(|(index, edits)| {
            let commune = &self.communes[index as usize];
            let is_here = department.is_none_or(|code| code == commune.department);
            let score = if edits == 1 { BEGINNING } else { TWO_EDITS };
            is_here.then(|| Candidate::commune(commune, None, score + size(commune)))
        });
        let mut found: Vec<Candidate> = candidates.collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        found
    }
}
