//! Query strings and forms as text: pairs, decoding, and whether they can be decoded at all. What
//! parameters mean is read by the parser.

use std::borrow::Cow;
use std::str::Utf8Error;

use percent_encoding::percent_decode_str;
use shared::error::{Issue, IssueType};

/// The names and values as they stand, still encoded.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// The decoded value of the first parameter called `name`.
pub(super) fn value(text: &str, name: &str) -> Option<String> {
    let same = |encoded: &str| decode(encoded).is_ok_and(|decoded| decoded.trim() == name);
    let (_, value) = pairs(text).find(|(encoded, _)| same(encoded))?;
    decode(value).ok().map(|value| value.trim().to_owned())
}

/// The parameters with a `%` that starts no escape.
pub(super) fn stray_percents(text: &str) -> Vec<Issue> {
    problems_where(text, |name, value| has_stray_percent(name) || has_stray_percent(value))
}

/// The parameters that cannot be decoded: a `%` that starts no escape, or bytes that are not UTF-8.
pub(super) fn problems(text: &str) -> Vec<Issue> {
    problems_where(text, |name, value| {
        let stray = has_stray_percent(name) || has_stray_percent(value);
        stray || decode(name).is_err() || decode(value).is_err()
    })
}

fn problems_where(text: &str, is_wrong: impl Fn(&str, &str) -> bool) -> Vec<Issue> {
    let mut problems = Vec::new();
    for (name, value) in pairs(text) {
        if is_wrong(name, value) {
            let shown =
                String::from_utf8_lossy(&percent_decode_str(name).collect::<Vec<_>>()).into_owned();
            let text = format!("\"{shown}\" is not percent-encoded UTF-8; a percent sign is %25");
            problems.push(Issue::error(IssueType::Invalid, text).at(shown));
        }
    }
    problems
}

/// A name or value as it was meant.
pub(super) fn decode(encoded: &str) -> Result<String, Utf8Error> {
    let spaced: Cow<'_, str> =
        if encoded.contains('+') { encoded.replace('+', " ").into() } else { encoded.into() };
    percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned)
}

fn has_stray_percent(encoded: &str) -> bool {
    encoded.split('%').skip(1).any(|after| {
        !after.get(..2).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    })
}

#[cfg(test)]
mod tests {
    use super::{problems, value};

    #[test]
    fn values() {
        let rows = [
            ("_format=json", Some("json")),
            ("a=1&%5Fformat=x%2By&_format=z", Some("x+y")),
            ("_format=a+b", Some("a b")),
            ("_format", Some("")),
            ("format=json", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(value(text, "_format").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn encodings() {
        // (query, names of the parameters that cannot be decoded)
        let rows: [(&str, &[&str]); 6] = [
            ("a=%C3%A9&b=1+2", &[]),
            ("a=100%", &["a"]),
            ("a=%zz&b=%E9&c=ok", &["a", "b"]),
            ("%c3=1", &["\u{fffd}"]),
            ("a=%é", &["a"]),
            ("a=é", &[]),
        ];
        for (text, expected) in rows {
            let found: Vec<_> = problems(text).into_iter().filter_map(|p| p.expression).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
