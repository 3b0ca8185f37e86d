//! Strings: which folded texts a document offers, and how a request's text meets one of them.
//!
//! Both sides are folded by [`crate::text::fold`]; only `:exact` compares the text as it stands.

use std::borrow::Cow;

use serde_json::Value;

/// How a string is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringMatch {
    /// The folded value starts with the folded text: R4's default.
    StartsWith,
    /// The folded value is the folded text: `eq` in `_filter`.
    Equals,
    /// The folded value contains the folded text: `:contains`, `co`.
    Contains,
    /// The folded value ends with the folded text: `ew`.
    EndsWith,
    /// The value is the text, to the letter: `:exact`. Both sides unfolded, white space trimmed.
    Exact,
}

impl StringMatch {
    /// Whether `value` meets `text`, both folded already (both as they stand for [`Self::Exact`]).
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
/// as they stand but trimmed; [`crate::text::fold`] each for every match but `:exact`.
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

/// The text to compare for `how`: folded, or trimmed only for [`StringMatch::Exact`].
pub fn comparable(how: StringMatch, text: &str) -> Cow<'_, str> {
    match how {
        StringMatch::Exact => Cow::Borrowed(text.trim()),
        StringMatch::StartsWith
        | StringMatch::Equals
        | StringMatch::Contains
        | StringMatch::EndsWith => Cow::Owned(crate::text::fold(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(how: StringMatch, value: &str, text: &str, expected: bool) {
        let holds = how.holds(&comparable(how, value), &comparable(how, text));
        assert_eq!(holds, expected, "{how:?} {value:?} {text:?}");
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
        fn laws(value in "[a-zéÀ ]{0,12}", text in "[a-zéÀ ]{0,4}") {
            let holds = |how| StringMatch::holds(how, &comparable(how, &value), &comparable(how, &text));
            prop_assert!(!holds(StringMatch::Exact) || holds(StringMatch::Equals));
            prop_assert!(!holds(StringMatch::Equals) || holds(StringMatch::StartsWith));
            prop_assert!(!holds(StringMatch::StartsWith) || holds(StringMatch::Contains));
            prop_assert!(!holds(StringMatch::EndsWith) || holds(StringMatch::Contains));
        }
    }
}
