//! Strings: which folded texts a document offers, and how a request's text meets one of them.
//!
//! Both sides are compared by their keys: folded, hyphens, apostrophes, full stops and commas being spaces, and the
//! abbreviations of saints written out, so that `ST DENIS` and `Saint-Denis` are one. Only `:exact` compares the text
//! as it stands. A part of a word may be asked for: `st` is the beginning of Strasbourg, too.
//! Source: FHIR R4, search, "string": punctuation and non-significant white space should be ignored.

use serde_json::Value;

use crate::text::fold;

/// How a string is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringMatch {
    /// The key of the value starts with that of the text: R4's default.
    StartsWith,
    /// The key of the value is that of the text: `eq` in `_filter`.
    Equals,
    /// The key of the value contains that of the text: `:contains`, `co`.
    Contains,
    /// The key of the value ends with that of the text: `ew`.
    EndsWith,
    /// The value is the text, to the letter: `:exact`. Both sides as they stand, white space trimmed.
    Exact,
}

impl StringMatch {
    /// Whether `value`, a [`key`], meets `text`, one of [`asked`] (both as they stand for [`Self::Exact`]).
    pub fn holds(self, value: &str, text: &str) -> bool {
        match self {
            Self::StartsWith => value.starts_with(text),
            Self::Equals | Self::Exact => value == text,
            Self::Contains => value.contains(text),
            Self::EndsWith => value.ends_with(text),
        }
    }
}

/// Elements of `HumanName` and `Address` that are searched, each value on its own.
/// Source: FHIR R4, search, "string": "name, address: any of the parts".
const SEARCHED_PARTS: [&str; 11] = [
    "text",
    "family",
    "given",
    "prefix",
    "suffix", // HumanName
    "line",
    "city",
    "district",
    "state",
    "postalCode",
    "country", // Address
];

/// Visits the texts a string parameter may match in a `string`, `markdown`, `HumanName` or `Address`,
/// as they stand but trimmed; every match but `:exact` compares their [`key`].
pub fn visit_texts<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str)) {
    match value {
        Value::String(text) => {
            let text = text.trim();
            if !text.is_empty() {
                visit(text);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit_texts(item, visit)),
        Value::Object(object) => {
            for part in SEARCHED_PARTS {
                if let Some(texts) = object.get(part) {
                    visit_texts(texts, visit);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The key of a value: `"Saint-Jean-d'Angély"` and `"ST JEAN D ANGELY"` have the same.
///
/// A text of punctuation alone is its own key.
pub fn key(text: &str) -> String {
    let folded = fold(text);
    if is_key(&folded) {
        return folded;
    }
    let words: Vec<&str> = words(&folded).map(written_out).collect();
    if words.is_empty() { folded } else { words.join(" ") }
}

/// The keys of a text, any of which a value's key may meet.
///
/// Where a match may begin or end within a word of the value, the first or the last word is also taken as it is
/// written: `st` is a saint, or the beginning of `Strasbourg`.
pub fn asked(how: StringMatch, text: &str) -> Vec<String> {
    let (is_first_open, is_last_open) = match how {
        StringMatch::Exact => return vec![text.trim().to_owned()],
        StringMatch::Equals => (false, false),
        StringMatch::StartsWith => (false, true),
        StringMatch::EndsWith => (true, false),
        StringMatch::Contains => (true, true),
    };
    let folded = fold(text);
    let words: Vec<&str> = words(&folded).collect();
    let mut keys = vec![key(text)];
    for (first, last) in [(false, true), (true, false), (true, true)] {
        if (first && !is_first_open) || (last && !is_last_open) {
            continue;
        }
        let written = |(at, word): (usize, &&'_ str)| {
            let is_open = (first && at == 0) || (last && at + 1 == words.len());
            if is_open { (*word).to_owned() } else { written_out(word).to_owned() }
        };
        let key = words.iter().enumerate().map(written).collect::<Vec<_>>().join(" ");
        if !key.is_empty() && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Whether a folded text is its own key; most are.
fn is_key(folded: &str) -> bool {
    let has_mark = folded.bytes().any(|byte| MARKS.contains(&char::from(byte)));
    !has_mark && words(folded).all(|word| written_out(word) == word)
}

/// What separates words as a space does.
const MARKS: [char; 4] = ['-', '\'', '.', ','];

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c| c == ' ' || MARKS.contains(&c)).filter(|word| !word.is_empty())
}

fn written_out(word: &str) -> &str {
    match word {
        "st" => "saint",
        "ste" => "sainte",
        "sts" => "saints",
        "stes" => "saintes",
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(how: StringMatch, value: &str, text: &str, expected: bool) {
        assert_eq!(holds(how, value, text), expected, "{how:?} {value:?} {text:?}");
    }

    fn holds(how: StringMatch, value: &str, text: &str) -> bool {
        let value = if how == StringMatch::Exact { value.trim().to_owned() } else { key(value) };
        asked(how, text).iter().any(|text| how.holds(&value, text))
    }

    #[test]
    fn compares() {
        use StringMatch::{Contains, EndsWith, Equals, Exact, StartsWith};
        let rows = [
            (StartsWith, "Hôpital Nord", "HOPITAL", true),
            (StartsWith, "Hôpital Nord", "nord", false),
            (StartsWith, "44162", "44", true),
            (Equals, "44162", "44", false),
            (Equals, "Éléphant", "elephant", true),
            (Contains, "CHU de Nantes", "de nan", true),
            (Contains, "CHU de Nantes", "brest", false),
            (EndsWith, "CHU de Nantes", "NANTES", true),
            (EndsWith, "CHU de Nantes", "chu", false),
            (Exact, "Nantes", "nantes", false),
            (Exact, "Nantes", "Nantes", true),
            (Exact, "Élan", "Elan", false),
            (StartsWith, "ST DENIS", "saint-den", true),
            (StartsWith, "Saint-Denis", "st d", true),
            (StartsWith, "Saint-Denis", "St. Denis", true),
            (StartsWith, "Ste-Luce-sur-Loire", "SAINTE LUCE SUR LOIRE", true),
            (StartsWith, "Saint-Denis", "st", true),
            (StartsWith, "Strasbourg", "st", true),
            (StartsWith, "Stella", "ste", true),
            (StartsWith, "L'Haÿ-les-Roses", "l hay les", true),
            (StartsWith, "VILLENEUVE D ASCQ", "Villeneuve-d’Ascq", true),
            (StartsWith, "Saint-Denis", "sainte", false),
            (Equals, "ST DENIS", "Saint-Denis", true),
            (Equals, "Strasbourg", "st", false),
            (Contains, "EHPAD ST-LOUIS", "saint louis", true),
            (Contains, "EHPAD Saint Louis", "st louis", true),
            (Contains, "Forest Louis", "st louis", true),
            (Contains, "Genest-Saint", "st st", true),
            (EndsWith, "Rue du Fg-St", "saint", true),
            (EndsWith, "Ernest", "st", true),
            (EndsWith, "Saint-Denis", "-denis", true),
            (Exact, "ST DENIS", "Saint-Denis", false),
            (StartsWith, "- -", "-", true),
            (StartsWith, "Nantes", "-", false),
        ];
        for (how, value, text, expected) in rows {
            check(how, value, text, expected);
        }
    }

    #[test]
    fn reads_names_and_addresses() {
        let rows = [
            (json!("a"), vec!["a"]),
            (json!("  "), vec![]),
            (json!(["a", " b "]), vec!["a", "b"]),
            (
                json!({"family": "TENOR", "given": ["Mylène", "Anne"], "use": "official"}),
                vec!["TENOR", "Mylène", "Anne"],
            ),
            (
                json!({"line": ["1 rue X"], "city": "Y", "postalCode": "44000", "type": "postal"}),
                vec!["1 rue X", "Y", "44000"],
            ),
            (json!(5), vec![]),
        ];
        for (value, expected) in rows {
            let mut texts = Vec::new();
            visit_texts(&value, &mut |text| texts.push(text));
            assert_eq!(texts, expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn laws(value in "([sS]te?s?|[a-zéÀ]{0,4}|[ '.,-]){0,6}", text in "(st|te|[a-zéÀ ]|[ '-]){0,4}") {
            let holds = |how| holds(how, &value, &text);
            prop_assert!(!holds(StringMatch::Exact) || holds(StringMatch::Equals));
            prop_assert!(!holds(StringMatch::Equals) || holds(StringMatch::StartsWith));
            prop_assert!(!holds(StringMatch::StartsWith) || holds(StringMatch::Contains));
            prop_assert!(!holds(StringMatch::EndsWith) || holds(StringMatch::Contains));
            prop_assert_eq!(key(&key(&value)), key(&value));
        }

        #[test]
        fn what_is_found_by_the_letters_is_found(value in "(st|Ste|[a-e]{1,3}|[ '-]){0,6}", from in 0_usize..8, length in 1_usize..6) {
            // Any part of a value, cut anywhere, is contained in it.
            let part: String = value.chars().skip(from).take(length).collect();
            if part.contains(char::is_alphanumeric) {
                prop_assert!(holds(StringMatch::Contains, &value, &part), "{value:?} {part:?}");
                let start: String = value.chars().take(length).collect();
                let has_word = start.contains(char::is_alphanumeric);
                prop_assert!(!has_word || holds(StringMatch::StartsWith, &value, &start), "{value:?} {start:?}");
            }
        }
    }
}
