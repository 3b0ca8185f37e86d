//! Texts with a postal code or a CEDEX code: the code and the name beside it, each of which may correct the other.
//!
//! A commune of another department than the code's never comes before those of the code.

use super::super::names::without_article;
use super::super::slips::{edits, edits_allowed};
use super::super::words::{Word, join};
use super::super::{Commune, Gazetteer, Postal, without_divided_towns};
use super::{
    BEGINNING, CONTRADICTED, EXACT, HOMONYM, NEARLY_EXACT, OTHER_READING, Reading, SIMILAR, size,
};
use crate::geo::{Candidate, Precision, place_key};

/// The communes of a code whose name is none of theirs.
const UNNAMED: f64 = 0.4;
/// The communes of a code, beside one elsewhere that has the name.
const OF_THE_CODE: f64 = 0.55;
/// How many of these are named.
const OF_THE_CODE_MAX: usize = 3;

impl Gazetteer {
    /// `7 rue porte de Buc 78000 Versailles`, `Versailles 78000`, `78000`, `44093 Nantes CEDEX 1`.
    pub(super) fn with_code(&self, words: &[Word<'_>], at: usize, limit: usize) -> Reading {
        let code = &*words[at].text;
        let (before, after) = (&words[..at], &words[at + 1..]);
        let (served, department) = match self.by_postal_code(code) {
            Some(Postal::Communes(served)) => {
                let department = served.first().map(|commune| commune.department);
                (without_divided_towns(served), department)
            }
            Some(Postal::Department(department)) => (Vec::new(), Some(department.code)),
            None => (Vec::new(), None),
        };
        let area = Area { code, served, department };
        let after = join(after);
        let (city, street_words) = if place_key(&after).is_empty() {
            self.city_at_end(before, &area)
        } else {
            (after, before.len())
        };
        let mut reading = Reading {
            has_street: street_words > 0,
            postal_code: (!area.served.is_empty()).then(|| code.to_owned()),
            candidates: Vec::new(),
        };
        reading.candidates = if city.is_empty() {
            let is_plain = words.len() == 1;
            self.of_code(&area, is_plain)
        } else {
            self.of_city(&area, &city, limit)
        };
        reading
    }

    /// The longest end of `words` that names a commune of the area, and how many words stand before it;
    /// no name when there is none.
    fn city_at_end(&self, words: &[Word<'_>], area: &Area<'_>) -> (String, usize) {
        for start in 0..words.len() {
            let name = join(&words[start..]);
            if self.named(&name).all().any(|commune| area.has(commune)) {
                return (name, start);
            }
        }
        // A name on its own is a name that nobody knows here, not a street.
        match words {
            [] => (String::new(), 0),
            [only] if !only.text.starts_with(|c: char| c.is_ascii_digit()) => {
                (only.text.clone().into_owned(), 0)
            }
            _ => (String::new(), words.len()),
        }
    }

    /// A postal code without a name; when nothing stands beside it, maybe an INSEE code.
    fn of_code(&self, area: &Area<'_>, is_plain: bool) -> Vec<Candidate> {
        let mut found = Vec::new();
        if let Some((largest, others)) = area.served.split_first() {
            let mut first = Candidate::commune(largest, Some(area.code), NEARLY_EXACT);
            first.precision = Precision::PostalCode;
            found.push(first);
            found.extend(others.iter().map(|c| area.candidate(c, HOMONYM + size(c))));
        }
        if let Some(commune) = self.commune(area.code).filter(|_| is_plain) {
            let is_sure = found.is_empty() && commune.code == area.code;
            let score = if is_sure { EXACT } else { OTHER_READING };
            found.push(Candidate::commune(commune, None, score));
        }
        if area.served.is_empty() {
            let department = area.department.and_then(|code| self.department(code));
            // La Réunion is also a commune of Lot-et-Garonne, and not the one that is meant most.
            for candidate in &mut found {
                if department.is_some_and(|d| candidate.department != Some(d)) {
                    candidate.score = candidate.score.min(HOMONYM);
                }
            }
            found.extend(department.map(|d| Candidate::department(d, OTHER_READING)));
        }
        found
    }

    /// A code with a name: each may correct the other.
    fn of_city(&self, area: &Area<'_>, city: &str, limit: usize) -> Vec<Candidate> {
        let key = place_key(city);
        let by_name = self.named(city);
        let named: Vec<&Commune> = by_name.all().collect();
        let serves = |n: &&Commune| {
            area.served.iter().find(|c| n.code == c.code || Some(n.code) == c.parent).copied()
        };
        if let Some(commune) = named.iter().find_map(serves) {
            let is_own = named.iter().any(|n| n.code == commune.code && place_key(n.name) == key);
            let score = if is_own || commune.parent.is_some() { EXACT } else { NEARLY_EXACT };
            return vec![area.candidate(commune, score)];
        }
        let but_for_article: Vec<_> =
            self.but_for_article(&key).into_iter().filter_map(|c| serves(&c)).collect();
        if let [only] = but_for_article.as_slice() {
            return vec![area.candidate(only, NEARLY_EXACT)];
        }
        let in_department = area.department.map(|code| by_name.meant_in(code)).unwrap_or_default();
        let of_only = if area.served.is_empty() { EXACT } else { CONTRADICTED };
        if let Some(found) = area.one_or_namesakes(&in_department, of_only) {
            return found;
        }
        let similar = |c: &&&'static Commune| is_similar(&place_key(c.name), &key);
        let similar: Vec<_> = area.served.iter().filter(similar).copied().collect();
        if let Some(found) = area.one_or_namesakes(&similar, SIMILAR) {
            return found;
        }
        self.of_wrong_city(area, &key, &named, limit)
    }

    /// The code has no commune of that name: a hamlet, a slip, or two different places.
    fn of_wrong_city(
        &self,
        area: &Area<'_>,
        key: &str,
        named: &[&'static Commune],
        limit: usize,
    ) -> Vec<Candidate> {
        let is_here = |c: &&Commune| Some(c.department) == area.department;
        let here = |communes: Vec<&'static Commune>| -> Vec<_> {
            communes.into_iter().filter(is_here).collect()
        };
        let mut similar = here(self.but_for_article(key));
        if similar.is_empty() {
            similar = here(self.starting_with_words(key));
        }
        if let Some(found) = area.one_or_namesakes(&similar, CONTRADICTED) {
            return found;
        }
        if !named.is_empty() {
            return self.of_two_places(area, named, limit);
        }
        let mut best: Option<(usize, &Commune)> = None;
        for commune in &area.served {
            let edits = edits(&place_key(commune.name), key, edits_allowed(key));
            if let Some(edits) = edits.filter(|edits| best.is_none_or(|(least, _)| *edits < least))
            {
                best = Some((edits, commune));
            }
        }
        if let Some((_, commune)) = best {
            return vec![area.candidate(commune, SIMILAR)];
        }
        if let [only] = area.served.as_slice() {
            return vec![area.candidate(only, CONTRADICTED)];
        }
        let served = area.served.iter().map(|c| area.candidate(c, UNNAMED + size(c)));
        let mut found: Vec<Candidate> = served.collect();
        if found.is_empty() {
            found.extend(self.beginning_here(area, key));
        }
        if found.is_empty() {
            found = self.misspelt(key, limit, area.department);
        }
        if found.is_empty() {
            found = self.of_code(area, false);
        }
        found
    }

    /// The code is of one place and the name of another: nothing is sure, and the code comes first.
    fn of_two_places(
        &self,
        area: &Area<'_>,
        named: &[&'static Commune],
        limit: usize,
    ) -> Vec<Candidate> {
        let served = area.served.iter().take(OF_THE_CODE_MAX);
        let mut found: Vec<Candidate> =
            served.map(|c| area.candidate(c, OF_THE_CODE + size(c))).collect();
        if found.is_empty() {
            found = self.of_code(area, false);
        }
        let named = named.iter().take(limit);
        found.extend(named.map(|c| Candidate::commune(c, None, BEGINNING + size(c))));
        found
    }

    /// The only commune of the department that the first words of the key name: `"VALENCE D AGEN"`, Valence;
    /// `"ROISSY CHARLES DE GAULLE"`, Roissy-en-France.
    fn beginning_here(&self, area: &Area<'_>, key: &str) -> Option<Candidate> {
        let department = area.department?;
        let ends = key.match_indices(' ').map(|(at, _)| at);
        let mut beginnings = ends.rev().map(|at| &key[..at]);
        beginnings.find_map(|name| {
            let mut found = self.named(name).meant_in(department);
            if found.is_empty() {
                found = self.starting_with_words(name);
                found.retain(|c| c.department == department);
            }
            match found.as_slice() {
                [only] => Some(area.candidate(only, CONTRADICTED)),
                _ => None,
            }
        })
    }

    /// The communes whose name is the key but for an article, there or here.
    pub(super) fn but_for_article(&self, key: &str) -> Vec<&'static Commune> {
        let bare = without_article(key).unwrap_or(key);
        let others = ["", "le ", "la ", "les ", "l "].map(|article| format!("{article}{bare}"));
        let others = others.iter().filter(|other| *other != key && !bare.is_empty());
        let of_name = |other: &String| self.names().own(other);
        self.resolve(others.flat_map(of_name).collect())
    }
}

/// A postal code and what it serves.
struct Area<'a> {
    code: &'a str,
    /// Municipal districts first, then by descending population; no town whose district is here.
    served: Vec<&'static Commune>,
    department: Option<&'static str>,
}

impl Area<'_> {
    fn has(&self, commune: &Commune) -> bool {
        if self.served.is_empty() {
            return Some(commune.department) == self.department;
        }
        self.served.iter().any(|c| c.code == commune.code || c.parent == Some(commune.code))
    }

    /// The only one with a score, or several of which none is sure; `None` of nothing.
    fn one_or_namesakes(&self, communes: &[&Commune], of_only: f64) -> Option<Vec<Candidate>> {
        Some(match communes {
            [] => return None,
            [only] => vec![self.candidate(only, of_only)],
            several => several.iter().map(|c| self.candidate(c, HOMONYM + size(c))).collect(),
        })
    }

    fn candidate(&self, commune: &Commune, score: f64) -> Candidate {
        Candidate::commune(commune, Some(self.code), score)
    }
}

/// Whether one name begins with the other, a cut last word allowed in the typed one.
fn is_similar(name: &str, typed: &str) -> bool {
    let has_more = typed.strip_prefix(name).is_some_and(|more| more.starts_with(' '));
    name.starts_with(typed) || has_more
}
