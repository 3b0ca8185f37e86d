//! Which answers of the service may stand for a text: those that score enough and lie where the text says; and
//! whether they are one place.
//!
//! Where the text says is the gazetteer's reading of it: the postal code, else the commune that is named.

use shared::geo::{Candidate, Reading, distance_m, gazetteer};

/// Candidates that score alike are two places when they are farther apart than this.
const APART_M: f64 = 200.0;
/// Scores that differ by less are alike: services round them.
const ALIKE: f64 = 0.001;

/// The candidates that may stand for the text, and the others, each in their order.
pub(super) fn split(
    candidates: Vec<Candidate>,
    reading: &Reading,
    min_score: f64,
) -> (Vec<Candidate>, Vec<Candidate>) {
    let is_named = |candidate: &Candidate| reading.named().iter().any(|n| is_in(candidate, n));
    let is_there = |candidate: &Candidate| match &reading.postal_code {
        Some(code) => candidate.postal_codes.contains(code),
        None => reading.named().is_empty() || is_named(candidate),
    };
    let is_trusted = |c: &Candidate| c.score >= min_score && is_there(c);
    let (mut trusted, mut others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_trusted);
    // Several communes may share the postal code: the one that is named is meant.
    if trusted.iter().any(is_named) {
        let (named, elsewhere): (Vec<_>, Vec<_>) = trusted.into_iter().partition(is_named);
        trusted = named;
        others.splice(0..0, elsewhere);
    }
    (trusted, others)
}

/// Whether the first candidate stands for all: no other lies in another commune, and none that scores alike
/// elsewhere in the same one.
pub(super) fn is_one_place(trusted: &[Candidate]) -> bool {
    let Some((first, others)) = trusted.split_first() else { return false };
    let is_apart = |other: &Candidate| match (first.point, other.point) {
        (Some(a), Some(b)) => distance_m(a, b) > APART_M,
        _ => true,
    };
    let is_rival = |other: &Candidate| {
        let is_alike = (first.score - other.score).abs() < ALIKE;
        town(first) != town(other) || is_alike && is_apart(other)
    };
    !others.iter().any(is_rival)
}

/// Whether a candidate lies in the place that was read: its commune, or the town of its district, or its
/// department when that is all that was read.
fn is_in(candidate: &Candidate, read: &Candidate) -> bool {
    let Some(code) = read.insee_code() else { return candidate.department == read.department };
    let commune = candidate.insee_code().and_then(|code| gazetteer().commune(code));
    commune.is_some_and(|commune| commune.code == code || commune.parent == Some(code))
}

/// The commune of today, the town for a district; its name where the service gives no code that is known.
fn town(candidate: &Candidate) -> Option<&str> {
    let (code, name) = candidate.commune.as_ref()?;
    Some(gazetteer().commune(code).map_or(name, |c| c.parent.unwrap_or(c.code)))
}

#[cfg(test)]
mod tests {
    use shared::geo::{Point, Precision, Source};

    use super::*;

    /// A house: score, postal code, commune, and how far it is from the others in degrees.
    type House = (f64, &'static str, &'static str, f64);

    fn house((score, postal_code, code, apart): House) -> Candidate {
        let commune = gazetteer().commune(code);
        Candidate {
            label: code.to_owned(),
            score,
            point: Point::new(47.0 + apart, -1.5),
            precision: Precision::HouseNumber,
            commune: Some((code.to_owned(), String::new())),
            postal_codes: vec![postal_code.to_owned()],
            department: commune.and_then(|c| gazetteer().department(c.department)),
            region: None,
            source: Source::Service,
        }
    }

    #[test]
    fn what_is_trusted() {
        const PARIS: House = (0.96, "75002", "75102", 0.0);
        const LYON: House = (0.96, "69003", "69383", 0.1);
        const NANTES: House = (0.9, "44000", "44109", 0.2);
        const NEUVILLE: House = (0.8, "01400", "01272", 0.0);
        const CHATILLON: House = (0.97, "01400", "01093", 0.1);
        // (text, answers, communes of those trusted, whether they are one place)
        let rows: &[(&str, &[House], &[&str], bool)] = &[
            // The commune that is named holds; a district lies in its town.
            ("12 rue X, Marseille", &[PARIS, LYON], &[], false),
            ("12 rue X, Lyon", &[PARIS, LYON], &["69383"], true),
            ("12 rue X, Paris 2e", &[PARIS, LYON], &["75102"], true),
            ("12 rue X, Paris 3e", &[PARIS, LYON], &[], false),
            ("12 rue X, 44093 Nantes Cedex 1", &[PARIS, NANTES], &["44109"], true),
            ("1 rue X, Courcouronnes", &[(0.9, "91080", "91182", 0.0)], &["91182"], true),
            // No commune: sure where there is one only.
            ("12 rue X", &[PARIS, LYON], &["75102", "69383"], false),
            ("12 rue X", &[PARIS], &["75102"], true),
            ("12 rue X", &[PARIS, (0.6, "69003", "69383", 0.1)], &["75102"], true),
            // One of several of the name, as far as the street tells.
            ("12 rue X, Saint-Denis", &[(0.9, "93200", "93066", 0.0)], &["93066"], true),
            (
                "12 rue X, Saint-Denis",
                &[(0.9, "93200", "93066", 0.0), (0.8, "97400", "97411", 9.0)],
                &["93066", "97411"],
                false,
            ),
            ("12 rue X, Saint-Denis", &[PARIS], &[], false),
            // The postal code, and among its communes the one that is named.
            ("12 rue X, 44000 Nantes", &[PARIS, NANTES], &["44109"], true),
            ("12 rue X, 44 000 Nantes", &[(0.9, "44100", "44109", 0.0)], &[], false),
            ("1 rue X, 01400 Neuville-les-Dames", &[CHATILLON, NEUVILLE], &["01272"], true),
            ("1 rue X, 01400", &[CHATILLON, NEUVILLE], &["01093", "01272"], false),
            // Another district is no other town.
            ("1 rue X, Paris", &[PARIS, (0.8, "75019", "75119", 0.1)], &["75102", "75119"], true),
            ("1 rue X, Paris", &[PARIS, (0.96, "75019", "75119", 0.1)], &["75102", "75119"], false),
            // Two streets of one name in one commune, a house and its neighbor, a worse match.
            (
                "1 rue X, 44000 Nantes",
                &[NANTES, (0.9, "44000", "44109", 0.25)],
                &["44109"; 2],
                false,
            ),
            (
                "1 rue X, 44000 Nantes",
                &[NANTES, (0.9, "44000", "44109", 0.2005)],
                &["44109"; 2],
                true,
            ),
            (
                "1 rue X, 44000 Nantes",
                &[NANTES, (0.8, "44000", "44109", 0.25)],
                &["44109"; 2],
                true,
            ),
        ];
        for (text, answers, expected, is_one) in rows {
            let answers: Vec<Candidate> = answers.iter().map(|answer| house(*answer)).collect();
            let reading = gazetteer().read(text, 5);
            let (trusted, others) = split(answers.clone(), &reading, 0.7);
            let codes: Vec<_> = trusted.iter().filter_map(Candidate::insee_code).collect();
            assert_eq!(codes, *expected, "{text}: {reading:?}");
            assert_eq!(is_one_place(&trusted), *is_one, "{text}");
            assert_eq!(trusted.len() + others.len(), answers.len(), "{text}: none is lost");
        }
    }
}
