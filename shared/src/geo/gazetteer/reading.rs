//! What a free text may mean: a commune, a postal or CEDEX code, a department, or an address in one,
//! whole, misspelt or still being typed.
//!
//! Streets are not known here: of an address only its commune is found, and the reading says so
//! ([`Reading::has_street`]). No guess is made between communes that fit equally well: they all come, none
//! with a score of [`SURE`].

use super::slips::{edits, edits_allowed};
use super::words::{Word, is_postal_code, join, words};
use super::{Commune, Gazetteer, Postal, without_divided_towns};
use crate::geo::place_name::is_cedex;
use crate::geo::{Candidate, Precision, place_key};
use crate::text::fold;

/// From this score on a candidate may stand for the text without asking.
pub const SURE: f64 = 0.7;

/// A city name that the postal code confirms, or the only one of its name.
const EXACT: f64 = 1.0;
/// A former or shortened name; a postal code or a department without a name.
const NEARLY_EXACT: f64 = 0.95;
/// A name that goes on, is cut, or has one or two wrong letters, where the postal code confirms it.
const SIMILAR: f64 = 0.9;
/// A name that nobody knows, or of another code of the department.
const CONTRADICTED: f64 = 0.8;
/// A code that is a postal code is seldom meant as an INSEE code.
const OTHER_READING: f64 = 0.6;
/// One of several of the same name.
const HOMONYM: f64 = 0.6;
/// The beginning of a name, or one wrong letter in it.
const BEGINNING: f64 = 0.5;
const TWO_EDITS: f64 = 0.45;
/// The communes of a code whose name is none of theirs.
const UNNAMED: f64 = 0.4;
/// The only name that begins with the words of the text.
const GOES_ON: f64 = 0.8;
/// Letters of words that may stand for a longer name.
const GOES_ON_MIN: usize = 4;
/// What a street that is not looked at costs.
const STREET: f64 = 0.9;

/// Words of the longest name of a department: Alpes de Haute Provence, (972), Côtes d' Armor.
const DEPARTMENT_WORDS_MAX: usize = 5;

/// Words that tie what follows them to what stands before: "avenue de Paris" is not in Paris.
const LINKS: [&str; 14] =
    ["de", "du", "des", "d", "la", "le", "les", "l", "en", "sur", "sous", "aux", "au", "et"];

/// What a text may mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The candidates, best first.
    pub candidates: Vec<Candidate>,
    /// The text also names something inside the commune, or something unknown: a service of street
    /// addresses may know more.
    pub has_street: bool,
    /// The postal code in the text, where communes have it (a CEDEX code is none).
    pub postal_code: Option<String>,
}

impl Reading {
    /// The candidate that may stand for the text without asking, if there is one. A department is too
    /// wide a place to be near to.
    pub fn sure(&self) -> Option<&Candidate> {
        let first = self.candidates.first()?;
        let is_sure = first.score >= SURE
            && first.precision != Precision::Department
            && first.point.is_some();
        is_sure.then_some(first)
    }

    /// Of the candidates of an address, those that the text names: the sure one, else all of the name. What
    /// only begins like a word of the text, resembles one, or has its postal code is not named.
    pub fn named(&self) -> &[Candidate] {
        let count = match self.sure() {
            Some(sure) => usize::from(sure.precision == Precision::Municipality),
            None => self.candidates.partition_point(|c| c.score >= HOMONYM * STREET),
        };
        &self.candidates[..count]
    }
}

impl Gazetteer {
    /// The candidates for a text, best first, at most `limit`.
    pub fn read(&self, text: &str, limit: usize) -> Reading {
        let words = words(text);
        let code = words.iter().rposition(|word| is_postal_code(&word.text));
        let mut reading = match code {
            Some(at) => self.with_code(&words, at, limit),
            None => self.without_code(&words, limit),
        };
        let is_by_cedex =
            reading.postal_code.is_none() && words.iter().any(|word| is_cedex(&fold(&word.text)));
        let candidates = &mut reading.candidates;
        for candidate in candidates.iter_mut() {
            if is_by_cedex && candidate.is_district() {
                candidate.score = candidate.score.min(NEARLY_EXACT);
            }
            let street = if reading.has_street { STREET } else { 1.0 };
            candidate.score = (candidate.score * street * 1e3).round() / 1e3;
        }
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut seen: Vec<(Option<String>, bool)> = Vec::new();
        candidates.retain(|candidate| {
            let is_department = candidate.precision == Precision::Department;
            let place = (candidate.insee_code().map(str::to_owned), is_department);
            let place = if is_department { (Some(candidate.label.clone()), true) } else { place };
            let is_new = !seen.contains(&place);
            seen.push(place);
            is_new
        });
        candidates.truncate(limit);
        reading
    }

    /// `7 rue porte de Buc 78000 Versailles`, `Versailles 78000`, `78000`, `44093 Nantes CEDEX 1`.
    fn with_code(&self, words: &[Word<'_>], at: usize, limit: usize) -> Reading {
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
        let in_department = area.department.map(|code| by_name.meant_in(code)).unwrap_or_default();
        match (in_department.as_slice(), area.served.is_empty()) {
            ([only], true) => return vec![area.candidate(only, EXACT)],
            ([only], false) => return vec![area.candidate(only, CONTRADICTED)],
            ([], _) => {}
            (several, _) => {
                return several.iter().map(|c| area.candidate(c, HOMONYM + size(c))).collect();
            }
        }
        let similar = |c: &&&Commune| is_similar(&place_key(c.name), &key);
        let similar: Vec<_> = area.served.iter().filter(similar).collect();
        match similar.as_slice() {
            [] => {}
            [only] => return vec![area.candidate(only, SIMILAR)],
            several => {
                return several.iter().map(|c| area.candidate(c, HOMONYM + size(c))).collect();
            }
        }
        let goes_on = self.starting_with_words(&key);
        let goes_on: Vec<_> =
            goes_on.into_iter().filter(|c| Some(c.department) == area.department).collect();
        if let [only] = goes_on.as_slice() {
            return vec![area.candidate(only, CONTRADICTED)];
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
        let mut found: Vec<Candidate> = named
            .iter()
            .take(limit)
            .map(|c| Candidate::commune(c, None, BEGINNING + size(c)))
            .collect();
        if !found.is_empty() {
            found.extend(area.served.iter().map(|c| area.candidate(c, BEGINNING)));
            return found;
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
        found.extend(area.served.iter().map(|c| area.candidate(c, UNNAMED + size(c))));
        if found.is_empty() {
            found = self.misspelt(key, limit, area.department);
        }
        if found.is_empty() {
            found = self.of_code(area, false);
        }
        found
    }

    /// `Versailles`, `Saint-Denis (974)`, `12 rue de la Paix, Paris`, `Vers`, `44`, `Loire-Atlantique`.
    fn without_code(&self, words: &[Word<'_>], limit: usize) -> Reading {
        let text = join(words);
        let mut reading = Reading::default();
        if place_key(&text).is_empty() {
            return reading;
        }
        reading.candidates = self.whole_place(&text, limit);
        if !reading.candidates.is_empty() {
            return reading;
        }
        for start in 1..words.len() {
            let is_linked = LINKS.contains(&place_key(&words[start - 1].text).as_str());
            if is_linked && !words[start].is_first {
                continue;
            }
            reading.candidates = self.named_place(&join(&words[start..]));
            if !reading.candidates.is_empty() {
                let others = self.also_named(&words[..start], &mut reading.candidates);
                reading.candidates.extend(others);
                reading.has_street = true;
                return reading;
            }
        }
        // What stands after the last comma may be misspelt or unfinished; without a comma, all of it.
        let segment = words.iter().rposition(|word| word.is_first).unwrap_or(0);
        let key = place_key(&join(&words[segment..]));
        reading.has_street = true;
        if segment > 0 || !key.contains(|c: char| c.is_ascii_digit()) {
            reading.candidates = self.by_beginning(&key, limit);
            if reading.candidates.is_empty() {
                reading.candidates = self.misspelt(&key, limit, None);
            }
            reading.has_street = segment > 0 || reading.candidates.is_empty();
        }
        reading
    }

    /// The other communes that stand by their names before the place, each the only one of its name: "Nantes,
    /// Rennes" may be either, and then nothing is sure. The name of a quarter is often that of several.
    fn also_named(&self, before: &[Word<'_>], found: &mut [Candidate]) -> Vec<Candidate> {
        let is_same = |c: &Commune| {
            let codes = [Some(c.code), c.parent];
            found.iter().filter_map(Candidate::insee_code).any(|code| {
                codes.contains(&Some(code))
                    || self.current_commune(code).is_some_and(|f| f.parent == Some(c.code))
            })
        };
        let whole = std::iter::once(join(before));
        let parts = before.chunk_by(|_, next| !next.is_first).map(join);
        let mut others: Vec<&Commune> = whole
            .chain(parts)
            .filter_map(|name| match self.named(&name).meant().as_slice() {
                [only] if place_key(only.name) == place_key(&name) => Some(*only),
                _ => None,
            })
            .filter(|other| !is_same(other))
            .collect();
        others.dedup_by_key(|other| other.code);
        if !others.is_empty() {
            for candidate in found {
                candidate.score = candidate.score.min(HOMONYM);
            }
        }
        others.into_iter().map(|c| Candidate::commune(c, None, HOMONYM)).collect()
    }

    /// The places that the whole text names, or begins to name.
    fn whole_place(&self, text: &str, limit: usize) -> Vec<Candidate> {
        let mut found = self.named_place(text);
        let key = place_key(text);
        let code = key.to_ascii_uppercase();
        // "Landes (40)", as labels are written.
        let by_label = || {
            let (name, code) = key.rsplit_once(' ')?;
            let department = self.department(&code.to_ascii_uppercase())?;
            (place_key(department.name) == name).then_some(department)
        };
        let department = self.department(&code);
        let department = department.or_else(|| self.department_by_name(text)).or_else(by_label);
        // La Réunion is also a commune of Lot-et-Garonne, and not the one that is meant most.
        for candidate in &mut found {
            if department.is_some_and(|d| candidate.department != Some(d)) {
                candidate.score = candidate.score.min(HOMONYM);
            }
        }
        found.extend(department.map(|d| Candidate::department(d, NEARLY_EXACT)));
        if found.is_empty() {
            found.extend(self.commune(&code).map(|c| Candidate::commune(c, None, EXACT)));
        }
        if found.len() < limit {
            found.extend(self.by_beginning(&key, limit));
        }
        found
    }

    /// The communes that the text names, a department behind the name telling which.
    fn named_place(&self, text: &str) -> Vec<Candidate> {
        let score = |c: &Commune, name: &str| {
            if place_key(c.name) == place_key(name) { EXACT } else { NEARLY_EXACT }
        };
        let named = self.named(text);
        let meant = named.meant();
        let mut found: Vec<Candidate> = match meant.as_slice() {
            [only] => vec![Candidate::commune(only, None, score(only, text))],
            several => {
                several.iter().map(|c| Candidate::commune(c, None, HOMONYM + size(c))).collect()
            }
        };
        let is_less = |c: &&Commune| meant.iter().all(|other| other.code != c.code);
        let less = named.all().filter(is_less);
        found.extend(less.map(|c| Candidate::commune(c, None, BEGINNING + size(c))));
        if !found.is_empty() {
            return found;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        for at in words.len().saturating_sub(DEPARTMENT_WORDS_MAX).max(1)..words.len() {
            let (name, area) = (words[..at].join(" "), words[at..].join(" "));
            let area = place_key(&area).to_ascii_uppercase();
            let Some(department) =
                self.department(&area).or_else(|| self.department_by_name(&area))
            else {
                continue;
            };
            if let [only] = self.named(&name).meant_in(department.code).as_slice() {
                return vec![Candidate::commune(only, None, score(only, &name))];
            }
        }
        Vec::new()
    }

    /// The places whose name or postal code begins with the key; former names where no other does. The only
    /// commune whose name goes on after the words that are there may stand for them: "Brive", "Hellemmes".
    fn by_beginning(&self, key: &str, limit: usize) -> Vec<Candidate> {
        // The larger place first, unless far more of a smaller one is typed.
        let share = |name: &str| 0.02 * key.len() as f64 / name.len().max(key.len()) as f64;
        let goes_on = match self.going_on(key).as_slice() {
            [only] if key.len() >= GOES_ON_MIN => Some(only.code),
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
    fn misspelt(&self, key: &str, limit: usize, department: Option<&str>) -> Vec<Candidate> {
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

    fn candidate(&self, commune: &Commune, score: f64) -> Candidate {
        Candidate::commune(commune, Some(self.code), score)
    }
}

/// Whether one name begins with the other, a cut last word allowed in the typed one.
fn is_similar(name: &str, typed: &str) -> bool {
    let has_more = typed.strip_prefix(name).is_some_and(|more| more.starts_with(' '));
    name.starts_with(typed) || has_more
}

/// Up to 0.05 for the population: of equals the larger is meant more often.
fn size(commune: &Commune) -> f64 {
    0.05 * (f64::from(commune.population) + 1.0).log10() / 7.0
}

#[cfg(test)]
mod tests;
