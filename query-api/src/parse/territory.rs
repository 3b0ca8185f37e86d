//! What a code of a department, a region or a commune that nothing has was probably meant to be.
//!
//! The lists of the gazetteer are closed: what is none of theirs finds nothing, and the answer says so. Displays are
//! not searched here, but whoever writes the name of a territory is told its code.

use shared::geo::{Postal, gazetteer, place_key};
use shared::terminology::terminology;

use super::suggest;

/// A kind of territory with a closed list of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Department,
    Region,
}

/// The token with the code in the case its list has it: `2a` is `2A`.
pub(super) fn folded(parameter: &str, text: &str) -> Option<String> {
    let kind = kind(parameter)?;
    let (before, code) = text.split_at(text.rfind('|').map_or(0, |bar| bar + 1));
    let upper = code.to_ascii_uppercase();
    (upper != code && codes(kind).any(|(known, _)| known == upper))
        .then(|| format!("{before}{upper}"))
}

/// Why a token of a territory finds nothing, and the code that is nearest to it; `None` when it has one.
pub(super) fn advice(parameter: &str, text: &str) -> Option<String> {
    let kind = kind(parameter)?;
    let (system, code) = text.rsplit_once('|').unwrap_or(("", text));
    let is_known = codes(kind).any(|(known, _)| known == code);
    // Of a list that the terminology has whole, it says so itself.
    if code.is_empty() || is_known || terminology().is_unknown_code(system, code) {
        return None;
    }
    let (list, example) = match kind {
        Kind::Department => ("a department", "44 (Loire-Atlantique) or 2A (Corse-du-Sud)"),
        Kind::Region => ("a region", "53 (Bretagne) or 94 (Corse)"),
    };
    let meant = match nearest(kind, code) {
        Some((code, name)) => format!("did you mean {code} ({name})?"),
        None => format!("write one such as {example}"),
    };
    Some(format!("\"{code}\" is not the code of {list} and finds nothing; {meant}"))
}

/// What an INSEE code of no commune may be: the postal code of one.
pub(super) fn commune_hint(code: &str) -> String {
    match gazetteer().only_commune_of_postal_code(code) {
        Some(commune) => format!(
            "; it is a postal code of {}, whose INSEE code is {}",
            commune.name, commune.code
        ),
        None => String::new(),
    }
}

fn kind(parameter: &str) -> Option<Kind> {
    match parameter {
        "department" => Some(Kind::Department),
        "region" => Some(Kind::Region),
        _ => None,
    }
}

/// Codes and names.
fn codes(kind: Kind) -> Box<dyn Iterator<Item = (&'static str, &'static str)>> {
    match kind {
        Kind::Department => Box::new(gazetteer().departments().iter().map(|d| (d.code, d.name))),
        Kind::Region => Box::new(gazetteer().regions().iter().map(|r| (r.code, r.name))),
    }
}

/// By its name, without its zero, by a postal or INSEE code in it, by the other kind's name or code, by a name
/// with slips.
fn nearest(kind: Kind, text: &str) -> Option<(&'static str, &'static str)> {
    let key = place_key(text);
    let of_code = |code: &str| codes(kind).find(|(known, _)| *known == code);
    let by_name = || codes(kind).find(|(_, name)| place_key(name) == key);
    let by_zero = || of_code(&format!("0{text}"));
    let by_place = || {
        let commune = gazetteer().commune(text);
        let department = match (commune, gazetteer().by_postal_code(text)) {
            (_, Some(Postal::Communes(served))) => served.first().map(|c| c.department),
            (_, Some(Postal::Department(department))) => Some(department.code),
            (commune, None) => commune.map(|c| c.department),
        };
        let department = gazetteer().department(department?)?;
        of_code(if kind == Kind::Department { department.code } else { department.region })
    };
    let by_department = || {
        let department = gazetteer().department_by_name(text)?;
        (kind == Kind::Region).then_some(())?;
        of_code(department.region)
    };
    let by_slip = || {
        let names: Vec<(String, &'static str)> =
            codes(kind).map(|(code, name)| (place_key(name), code)).collect();
        let nearest = suggest::nearest(&key, names.iter().map(|(name, _)| name.as_str()))?;
        let (_, code) = names.iter().find(|(name, _)| name == nearest)?;
        of_code(code)
    };
    by_name().or_else(by_zero).or_else(by_place).or_else(by_department).or_else(by_slip)
}

#[cfg(test)]
mod tests {
    use super::{advice, commune_hint, folded};

    #[test]
    fn what_was_meant() {
        // (parameter, token, what the advice says; nothing when it is a code)
        let rows = [
            ("department", "2A", None),
            ("department", "974", None),
            ("department", "|44", None),
            ("region", "01", None),
            ("region", "94", None),
            ("department", "1", Some("did you mean 01 (Ain)?")),
            ("department", "20", Some("write one such as")),
            ("department", "99", Some("write one such as")),
            ("department", "Paris", Some("did you mean 75 (Paris)?")),
            ("department", "loire atlantique", Some("did you mean 44 (Loire-Atlantique)?")),
            ("department", "Finistere", Some("did you mean 29 (Finistère)?")),
            ("department", "Finistaire", Some("did you mean 29 (Finistère)?")),
            ("department", "44000", Some("did you mean 44 (Loire-Atlantique)?")),
            ("department", "2A004", Some("did you mean 2A (Corse-du-Sud)?")),
            ("department", "nope", Some("write one such as")),
            ("department", "http://x|nope", Some("\"nope\" is not the code")),
            ("region", "Bretagne", Some("did you mean 53 (Bretagne)?")),
            ("region", "ILE DE FRANCE", Some("did you mean 11 (Île-de-France)?")),
            ("region", "4", Some("did you mean 04 (La Réunion)?")),
            ("region", "Finistère", Some("did you mean 53 (Bretagne)?")),
            ("region", "IDF", Some("write one such as")),
            ("specialty", "nope", None),
        ];
        for (parameter, token, expected) in rows {
            let advice = advice(parameter, token);
            match expected {
                None => assert_eq!(advice, None, "{parameter}={token}"),
                Some(expected) => {
                    let advice = advice.unwrap_or_default();
                    assert!(advice.contains(expected), "{parameter}={token}: {advice}");
                }
            }
        }
    }

    #[test]
    fn case_does_not_matter() {
        assert_eq!(folded("department", "2a").as_deref(), Some("2A"));
        assert_eq!(folded("department", "http://x|2b").as_deref(), Some("http://x|2B"));
        for (parameter, text) in [("department", "2A"), ("department", "ab"), ("specialty", "2a")] {
            assert_eq!(folded(parameter, text), None, "{parameter}={text}");
        }
    }

    #[test]
    fn a_postal_code_is_no_commune() {
        assert!(commune_hint("44800").contains("44162"));
        assert_eq!(commune_hint("99999"), "");
    }
}
