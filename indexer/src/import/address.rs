//! Splits a postal line into its parts: number, suffix, kind of street, name, distribution mention.
//!
//! Only what is certain is split; the whole line always stays as it came.

/// The parts of a line of address that could be told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StreetParts {
    pub house_number: Option<String>,
    pub suffix: Option<String>,
    pub street_type: Option<String>,
    pub street_name: Option<String>,
    pub post_box: Option<String>,
}

const STREET_TYPES: &[&str] = &[
    "ALL",
    "ALLEE",
    "AV",
    "AVENUE",
    "BD",
    "BLD",
    "BOULEVARD",
    "CHE",
    "CHEMIN",
    "CITE",
    "COURS",
    "CRS",
    "ESP",
    "FG",
    "FAUBOURG",
    "GR",
    "IMP",
    "IMPASSE",
    "LIEUDIT",
    "LOT",
    "MAIL",
    "MTE",
    "PAS",
    "PASSAGE",
    "PL",
    "PLACE",
    "PLN",
    "PROM",
    "QU",
    "QUAI",
    "R",
    "RES",
    "RLE",
    "ROC",
    "ROUTE",
    "RPT",
    "RTE",
    "RUE",
    "SEN",
    "SQ",
    "SQUARE",
    "TRA",
    "VLA",
    "VOIE",
    "ZA",
    "ZAC",
    "ZI",
];

const SUFFIXES: &[&str] = &["B", "BIS", "TER", "QUATER", "A", "C", "D"];

/// Splits one line, such as `14 BIS AV DE L'HOPITAL CS 86709`.
pub(super) fn split_line(line: &str) -> StreetParts {
    let mut parts = StreetParts::default();
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if let Some(at) = words.iter().position(|word| matches!(*word, "BP" | "CS" | "TSA"))
        && words.get(at + 1).is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit()))
    {
        parts.post_box = Some(words[at..=at + 1].join(" "));
        words.drain(at..=at + 1);
    }
    let mut rest = words.as_slice();
    if let [first, tail @ ..] = rest
        && first.starts_with(|c: char| c.is_ascii_digit())
        && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '/')
    {
        parts.house_number = Some((*first).to_owned());
        rest = tail;
        if let [suffix, kind, ..] = rest
            && SUFFIXES.contains(suffix)
            && STREET_TYPES.contains(kind)
        {
            parts.suffix = Some((*suffix).to_owned());
            rest = &rest[1..];
        }
    }
    match rest {
        [kind, name @ ..] if STREET_TYPES.contains(kind) && !name.is_empty() => {
            parts.street_type = Some((*kind).to_owned());
            parts.street_name = Some(name.join(" "));
        }
        _ => parts.house_number = None,
    }
    parts
}

/// A city without its CEDEX mention: `TREVOUX CEDEX 02` is `TREVOUX`. `None` when there is none.
pub(super) fn strip_cedex(city: &str) -> Option<String> {
    let words: Vec<&str> = city.split_whitespace().collect();
    let at = words.iter().position(|word| word.eq_ignore_ascii_case("cedex"))?;
    Some(words[..at].join(" ")).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        // (line, number, suffix, type, name, post box)
        let rows: &[(&str, [Option<&str>; 5])] = &[
            ("900 RTE DE PARIS", [Some("900"), None, Some("RTE"), Some("DE PARIS"), None]),
            (
                "14 BIS AVENUE DE L'HOPITAL CS 86709",
                [Some("14"), Some("BIS"), Some("AVENUE"), Some("DE L'HOPITAL"), Some("CS 86709")],
            ),
            ("67-71 RTE DE CORBEIL", [Some("67-71"), None, Some("RTE"), Some("DE CORBEIL"), None]),
            ("AV PASTEUR", [None, None, Some("AV"), Some("PASTEUR"), None]),
            ("HAUTERIVE", [None, None, None, None, None]),
            ("BP 60111", [None, None, None, None, Some("BP 60111")]),
        ];
        for (line, [number, suffix, kind, name, post_box]) in rows {
            let parts = split_line(line);
            assert_eq!(parts.house_number.as_deref(), *number, "{line}");
            assert_eq!(parts.suffix.as_deref(), *suffix, "{line}");
            assert_eq!(parts.street_type.as_deref(), *kind, "{line}");
            assert_eq!(parts.street_name.as_deref(), *name, "{line}");
            assert_eq!(parts.post_box.as_deref(), *post_box, "{line}");
        }
    }

    #[test]
    fn cedex() {
        assert_eq!(strip_cedex("BOURG EN BRESSE CEDEX 09").as_deref(), Some("BOURG EN BRESSE"));
        assert_eq!(strip_cedex("BELLEY"), None);
    }
}
