//! Texts without a code: a name, an address that ends with one, or what somebody is typing.
//!
//! Where a street ends and the name of the town begins, only a comma tells: villages bear the names of half the
//! streets ("rue Paul Bert", Bert). Without one, a village at the end is sure only where words enough stand between
//! it and the word for the street. What a text begins with is offered, and never sure.

use super::super::words::{Word, join};
use super::super::{Commune, Department, Gazetteer};
use super::{BEGINNING, EXACT, GOES_ON, HOMONYM, NEARLY_EXACT, Reading, size};
use crate::geo::place_name::{district_number, is_district};
use crate::geo::{Candidate, place_key};

/// Words of the longest name of a department or region, and the words that lead to it: dans les Alpes de Haute
/// Provence, (972).
const AREA_WORDS_MAX: usize = 7;

/// Words that tie what follows them to what stands before: "avenue de Paris" is not in Paris.
const LINKS: [&str; 14] =
    ["de", "du", "des", "d", "la", "le", "les", "l", "en", "sur", "sous", "aux", "au", "et"];

/// Words between a name and its department: "Saint-Denis à La Réunion".
const LEADING_TO: [&str; 4] = ["a", "dans", "dep", "departement"];

/// Articles that a name of a town may begin with, and that begin none within a text: "Marne la Vallée".
const ARTICLES: [&str; 4] = ["la", "le", "les", "l"];

/// Words that a street begins with: what follows them is its name.
const STREETS: [&str; 30] = [
    "rue",
    "r",
    "avenue",
    "av",
    "ave",
    "boulevard",
    "bd",
    "bld",
    "blvd",
    "place",
    "pl",
    "chemin",
    "che",
    "impasse",
    "imp",
    "allee",
    "allees",
    "all",
    "route",
    "rte",
    "quai",
    "cours",
    "square",
    "sq",
    "passage",
    "faubourg",
    "fg",
    "residence",
    "esplanade",
    "promenade",
];

/// Words before the name of a person that a street is called after.
const TITLES: [&str; 14] = [
    "docteur",
    "professeur",
    "general",
    "marechal",
    "colonel",
    "commandant",
    "capitaine",
    "lieutenant",
    "president",
    "abbe",
    "saint",
    "sainte",
    "notre",
    "jean",
];
/// Words of the name of a street behind which a village may follow without a comma.
const STREET_NAME_WORDS: usize = 2;

/// From so many people on a commune is a town, whose name at the end of a text is its place.
const TOWN: u32 = 10_000;
/// A town so many times larger than a commune that has the name is meant when its name goes on: Aix.
const GOING_ON_LARGER: u32 = 5;
/// A commune so many times larger is meant where the names differ in an article only: Le Port, Port.
const ARTICLE_LARGER: u32 = 25;

impl Gazetteer {
    /// `Versailles`, `Saint-Denis (974)`, `12 rue de la Paix, Paris`, `Vers`, `44`, `Loire-Atlantique`.
    pub(super) fn without_code(&self, words: &[Word<'_>], limit: usize) -> Reading {
        let text = join(words);
        let mut reading = Reading::default();
        if place_key(&text).is_empty() {
            return reading;
        }
        reading.candidates = self.whole_place(&text, limit);
        if !reading.candidates.is_empty() {
            return reading;
        }
        reading.has_street = true;
        reading.candidates = self.at_end(words);
        if !reading.candidates.is_empty() {
            return reading;
        }
        self.resembling(words, limit)
    }

    /// The places that the longest end of an address names.
    fn at_end(&self, words: &[Word<'_>]) -> Vec<Candidate> {
        for start in 1..words.len() {
            let is_clear = words[start].is_first;
            let before = place_key(&words[start - 1].text);
            let is_of_street = LINKS.contains(&&*before) || STREETS.contains(&&*before);
            let is_article = ARTICLES.contains(&&*place_key(&words[start].text));
            let is_cut = is_of_street || is_article && !reads_as_street(&words[..start]);
            if is_cut && !is_clear {
                continue;
            }
            let text = join(&words[start..]);
            let mut found = self.of_name(&text);
            if !is_clear && !has_street_name(&words[..start]) {
                found.iter_mut().for_each(doubt_of_village);
            }
            if found.is_empty() {
                found.extend(self.of_name_in_area(&text));
            }
            if !found.is_empty() {
                let others = self.also_named(&words[..start], &mut found);
                found.extend(others);
                if !is_clear {
                    let begins = self.at_beginning(&words[..start]).into_iter();
                    found.extend(begins.filter(|_| !reads_as_street(&words[..start])));
                }
                return found;
            }
        }
        Vec::new()
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
        let mut found = self.of_name(text);
        if found.is_empty() {
            found.extend(self.of_name_in_area(text));
        }
        let key = place_key(text);
        let department = self.department_named(&key).or_else(|| {
            // "Landes (40)", as labels are written.
            let (name, code) = key.rsplit_once(' ')?;
            let department = self.department(&code.to_ascii_uppercase())?;
            (place_key(department.name) == name).then_some(department)
        });
        // La Réunion is also a commune of Lot-et-Garonne, and not the one that is meant most.
        for candidate in &mut found {
            if department.is_some_and(|d| candidate.department != Some(d)) {
                candidate.score = candidate.score.min(HOMONYM);
            }
        }
        if let Some(department) = department {
            found.push(self.whole_department(department, NEARLY_EXACT));
        } else if let Some(region) = self.region_by_name(text) {
            for candidate in &mut found {
                candidate.score = candidate.score.min(HOMONYM + size_of(candidate));
            }
            let here = self.departments.iter().filter(|d| d.region == region.code);
            found.extend(here.map(|d| self.whole_department(d, HOMONYM)));
        }
        if found.is_empty() {
            let commune = self.commune(&key.to_ascii_uppercase());
            found.extend(commune.map(|c| Candidate::commune(c, None, EXACT)));
        }
        if found.len() < limit {
            let mut begins = self.by_beginning(&key, limit);
            if !found.is_empty() {
                // Whose name goes on is meant only where none has the very name: Vitrolles is not the one in Lubéron.
                for candidate in &mut begins {
                    candidate.score = candidate.score.min(BEGINNING + size_of(candidate));
                }
            }
            found.extend(begins);
        }
        found
    }

    /// A department, or the commune it consists of.
    fn whole_department(&self, department: &'static Department, score: f64) -> Candidate {
        match self.only_commune_of(department) {
            // That of the name, when others have it too, is not surer than they are.
            Some(commune) if self.by_name(commune.name).len() > 1 => {
                Candidate::commune(commune, None, score.min(HOMONYM + size(commune)))
            }
            Some(commune) => Candidate::commune(commune, None, score),
            None => Candidate::department(department, score),
        }
    }

    /// The department of a code or a name.
    fn department_named(&self, key: &str) -> Option<&'static Department> {
        self.department(&key.to_ascii_uppercase()).or_else(|| self.department_by_name(key))
    }

    /// The communes that the text names.
    fn of_name(&self, text: &str) -> Vec<Candidate> {
        let key = place_key(text);
        let named = self.named(text);
        let meant = named.meant();
        let Some(largest) = meant.iter().copied().max_by_key(|c| c.population) else {
            return self.of_district(&key);
        };
        let rivals = self.rivals(&key, largest);
        let mut found: Vec<Candidate> = match (meant.as_slice(), rivals.as_slice()) {
            ([only], []) => vec![Candidate::commune(only, None, score_of_name(only, &key))],
            _ => meant.iter().map(|c| Candidate::commune(c, None, HOMONYM + size(c))).collect(),
        };
        found.extend(rivals.into_iter().map(|c| Candidate::commune(c, None, HOMONYM + size(c))));
        let is_less = |c: &&Commune| meant.iter().all(|other| other.code != c.code);
        let less = named.all().filter(is_less);
        found.extend(less.map(|c| Candidate::commune(c, None, BEGINNING + size(c))));
        found
    }

    /// The communes that may be meant by the name of others: towns far larger whose names go on, any larger one
    /// where it is not the name in force, whole; and those of the name but for an article, unless far smaller.
    fn rivals(&self, key: &str, largest: &Commune) -> Vec<&'static Commune> {
        let is_larger = |c: &&Commune| {
            let least = if place_key(largest.name) == key {
                TOWN.max(largest.population.saturating_mul(GOING_ON_LARGER))
            } else {
                largest.population
            };
            c.parent.is_none() && c.population > least
        };
        let goes_on = self.starting_with_words(key).into_iter().filter(is_larger);
        let is_comparable =
            |c: &&Commune| c.population.saturating_mul(ARTICLE_LARGER) >= largest.population;
        let but_for_article = self.but_for_article(key).into_iter().filter(is_comparable);
        goes_on.chain(but_for_article).filter(|c| c.code != largest.code).collect()
    }

    /// `14e arrondissement`, of any of the towns that have so many.
    fn of_district(&self, key: &str) -> Vec<Candidate> {
        let number = key.split_once(' ').filter(|(_, rest)| is_district(rest));
        let Some(number) = number.and_then(|(number, _)| district_number(number)) else {
            return Vec::new();
        };
        let of_town = |town: &str| self.by_name(&format!("{town} {number}"));
        let found: Vec<_> = ["paris", "lyon", "marseille"].into_iter().flat_map(of_town).collect();
        let score = |c: &Commune| if found.len() > 1 { HOMONYM + size(c) } else { GOES_ON };
        found.iter().map(|c| Candidate::commune(c, None, score(c))).collect()
    }

    /// The only commune of a name in a department, a region or the country, which stands behind the name:
    /// "Saint-Denis de la Réunion".
    fn of_name_in_area(&self, text: &str) -> Option<Candidate> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let starts = words.len().saturating_sub(AREA_WORDS_MAX).max(1)..words.len();
        starts.into_iter().find_map(|at| {
            let is_link = |word: &&str| {
                let word = place_key(word);
                word.is_empty() || LINKS.contains(&&*word) || LEADING_TO.contains(&&*word)
            };
            let links = words[1..at].iter().rev().take_while(|word| is_link(word)).count();
            let name = words[..at - links].join(" ");
            let meant = self.meant_in_area(&name, &place_key(&words[at..].join(" ")))?;
            let [only] = meant.as_slice() else { return None };
            Some(Candidate::commune(only, None, score_of_name(only, &place_key(&name))))
        })
    }

    /// `None` when the key is no area's; links before its name do not matter.
    fn meant_in_area(&self, name: &str, area: &str) -> Option<Vec<&'static Commune>> {
        let mut area = area;
        loop {
            if let Some(department) = self.department_named(area) {
                return Some(self.named(name).meant_in(department.code));
            }
            if let Some(region) = self.region_by_name(area) {
                return Some(self.named(name).meant_where(|c| c.region == region.code));
            }
            if area == "france" {
                return Some(self.by_name(name));
            }
            let (link, rest) = area.split_once(' ')?;
            if !LINKS.contains(&link) && !LEADING_TO.contains(&link) {
                return None;
            }
            area = rest;
        }
    }
}

fn score_of_name(commune: &Commune, key: &str) -> f64 {
    if place_key(commune.name) == key { EXACT } else { NEARLY_EXACT }
}

/// Whether words are the beginning of an address: a number, or a word for a street.
pub(super) fn reads_as_street(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| {
        let key = place_key(&word.text);
        key.starts_with(|c: char| c.is_ascii_digit()) || STREETS.contains(&&*key)
    })
}

/// Whether a street has a name of its own before what follows: two words and more behind the word for it, links
/// and titles not counted ("rue du Capitaine Chazotte" has one).
fn has_street_name(words: &[Word<'_>]) -> bool {
    let keys: Vec<String> = words.iter().map(|word| place_key(&word.text)).collect();
    let Some(at) = keys.iter().rposition(|key| STREETS.contains(&&**key)) else { return false };
    let is_name = |key: &&String| {
        key.chars().count() > 2 && !LINKS.contains(&&***key) && !TITLES.contains(&&***key)
    };
    keys[at + 1..].iter().filter(is_name).count() >= STREET_NAME_WORDS
}

/// A village whose name ends a text without a comma is not sure, nor named.
fn doubt_of_village(candidate: &mut Candidate) {
    let commune = candidate.insee_code().and_then(|code| crate::geo::gazetteer().commune(code));
    if let Some(commune) = commune.filter(|c| c.parent.is_none() && c.population < TOWN) {
        candidate.score = candidate.score.min(BEGINNING + size(commune));
    }
}

fn size_of(candidate: &Candidate) -> f64 {
    let commune = candidate.insee_code().and_then(|code| crate::geo::gazetteer().commune(code));
    commune.map_or(0.0, size)
}
