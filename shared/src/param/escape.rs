//! The escapes of search values: `\,` `\|` `\$` `\\`. Source: FHIR R4, search, "Escaping Search
//! Parameters".
//!
//! Values are split on their separators while still escaped; each part is unescaped once, last. A
//! backslash before anything else stands for itself.

/// Splits `text` on every unescaped `separator`; the parts stay escaped. Never empty.
pub fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == separator {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Splits `text` at the first unescaped `separator`.
pub fn split_once(text: &str, separator: char) -> Option<(&str, &str)> {
    let first = *split(text, separator).first()?;
    (first.len() < text.len()).then(|| (first, &text[first.len() + separator.len_utf8()..]))
}

/// The text meant by an escaped one.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next @ (',' | '|' | '$' | '\\')) if c == '\\' => {
                plain.push(next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain
}

/// The escaped form of `text`: [`unescape`] gives it back, and no separator in it splits.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ',' | '|' | '$' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_and_unescapes() {
        let rows: &[(&str, &[&str])] = &[
            ("", &[""]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            ("a\\,b,c", &["a,b", "c"]),
            ("a\\\\,b", &["a\\", "b"]),
            ("a,", &["a", ""]),
            ("a\\|b\\$c", &["a|b$c"]),
            ("a\\n", &["a\\n"]),
            ("a\\", &["a\\"]),
            ("é\\,è,ê", &["é,è", "ê"]),
        ];
        for (text, expected) in rows {
            let parts: Vec<String> = split(text, ',').into_iter().map(unescape).collect();
            assert_eq!(parts, *expected, "{text}");
        }
    }

    #[test]
    fn splits_once() {
        assert_eq!(split_once("a|b|c", '|'), Some(("a", "b|c")));
        assert_eq!(split_once("a\\|b|c", '|'), Some(("a\\|b", "c")));
        assert_eq!(split_once("a|", '|'), Some(("a", "")));
        assert_eq!(split_once("|a", '|'), Some(("", "a")));
        assert_eq!(split_once("a", '|'), None);
    }

    proptest! {
        #[test]
        fn escaping_is_undone(parts in prop::collection::vec(".*", 1..5)) {
            let text = parts.iter().map(|p| escape(p)).collect::<Vec<_>>().join(",");
            let back: Vec<String> = split(&text, ',').into_iter().map(unescape).collect();
            prop_assert_eq!(back, parts);
        }
    }
}
