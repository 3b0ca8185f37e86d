//! What a free text may mean: a commune, a postal or CEDEX code, a department, or an address in one,
//! whole, misspelt or still being typed.
//!
//! Streets are not known here: of an address only its commune is found, and the reading says so
//! ([`Reading::has_street`]). No guess is made between communes that fit equally well: they all come, none
//! with a score of [`SURE`].

mod coded;
mod named;
mod resembling;
use super::words::{is_postal_code, words};
use super::{Commune, Gazetteer};
use crate::geo::place_name::is_cedex;
use crate::geo::{Candidate, Precision};
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
/// The only name that begins with the words of the text.
const GOES_ON: f64 = 0.8;
/// What a street that is not looked at costs.
const STREET: f64 = 0.9;

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
}

/// Up to 0.05 for the population: of equals the larger is meant more often.
fn size(commune: &Commune) -> f64 {
    0.05 * (f64::from(commune.population) + 1.0).log10() / 7.0
}

#[cfg(test)]
mod tests;
