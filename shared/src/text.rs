//! One normal form of French text, for every comparison that ignores case and accents.
//!
//! Used for string parameters, names of places and the words of full text; a value folded here for
//! the index and there for the query meets itself.

pub mod cut;
mod telephone;

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds case, accents and ligatures, and makes every run of white space one space, trimmed.
///
/// `"  Œdème   de l’Éléphant "` becomes `"oedeme de l'elephant"`. Typographic apostrophes and dashes
/// become their ASCII forms; nothing else is removed, so that folding keeps word boundaries.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut space_pending = false;
    let mut rest = text;
    while !rest.is_empty() {
        // Most text is runs of these.
        let run = rest.bytes().position(|b| !is_plain(b)).unwrap_or(rest.len());
        if run > 0 {
            if space_pending {
                folded.push(' ');
                space_pending = false;
            }
            let (plain, behind) = rest.split_at(run);
            let start = folded.len();
            folded.push_str(plain);
            folded[start..].make_ascii_lowercase();
            rest = behind;
        }
        let mut chars = rest.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        if c.is_whitespace() {
            space_pending = !folded.is_empty();
            continue;
        }
        let before = folded.len();
        if space_pending {
            folded.push(' ');
        }
        let start = folded.len();
        match c {
            '`' => folded.push('\''),
            _ if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            _ => match LATIN.get((c as usize).wrapping_sub(LATIN_START)) {
                Some(letters) => folded.push_str(letters),
                None => fold_char(c, &mut folded),
            },
        }
        if folded.len() == start {
            // A combining mark, which is no text of its own.
            folded.truncate(before);
        } else {
            space_pending = false;
        }
    }
    folded
}

/// Whether a byte is a character that only loses its case.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii() && byte != b'`' && !matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The first character that is not ASCII.
const LATIN_START: usize = 0x80;

/// The folded forms of the letters European languages have beside ASCII, from U+0080 to U+024F: names
/// and addresses are folded by the million.
static LATIN: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folded = |c| {
        let mut text = String::new();
        fold_char(c, &mut text);
        text
    };
    ('\u{80}'..='\u{24f}').map(folded).collect()
});

/// Appends the folded form of one character that is no white space.
fn fold_char(c: char, folded: &mut String) {
    // Marks are dropped, so that it does not matter whether they stand in their canonical order.
    for c in std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'Œ' | 'œ' => folded.push_str("oe"),
            'Æ' | 'æ' => folded.push_str("ae"),
            'ß' | 'ẞ' => folded.push_str("ss"),
            '’' | '‘' | '‛' | 'ʼ' | '′' | '＇' | '`' | '´' => folded.push('\''),
            '‐' | '‑' | '‒' | '–' | '—' => folded.push('-'),
            _ if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            _ => folded.extend(c.to_lowercase()),
        }
    }
}

/// Words that say nothing by themselves, and titles of people: they need not be there when something
/// else is wanted.
const FUNCTION_WORDS: [&str; 29] = [
    "au",
    "aux",
    "avec",
    "dans",
    "de",
    "des",
    "docteur",
    "docteure",
    "dr",
    "du",
    "en",
    "et",
    "la",
    "le",
    "les",
    "m",
    "madame",
    "mademoiselle",
    "mlle",
    "mme",
    "monsieur",
    "mr",
    "ou",
    "par",
    "pour",
    "pr",
    "professeur",
    "un",
    "une",
];

/// Whether a folded word says nothing by itself, as `de`, or is a title of people: it need not be there
/// when something else is wanted.
pub fn is_function_word(word: &str) -> bool {
    FUNCTION_WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same over the whole text's canonical decomposition.
    fn fold_decomposed(text: &str) -> String {
        let mut folded = String::new();
        let mut space_pending = false;
        for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
            if c.is_whitespace() {
                space_pending = !folded.is_empty();
                continue;
            }
            if space_pending {
                folded.push(' ');
                space_pending = false;
            }
            fold_char(c, &mut folded);
        }
        folded
    }

    proptest! {
        #[test]
        fn characters_fold_alone_as_in_their_text(
            text in prop_oneof!["\\PC{0,20}", "[a-zÀ-ɏ \u{300}-\u{36f}\u{2000}\u{1ffd}]{0,20}"],
        ) {
            prop_assert_eq!(fold(&text), fold_decomposed(&text));
        }
    }

    #[test]
    fn folds() {
        let rows = [
            ("Été", "ete"),
            ("  Œdème   de l’Éléphant ", "oedeme de l'elephant"),
            ("SAINT–ÉTIENNE", "saint-etienne"),
            ("L′ÎLE", "l'ile"),
            ("Curaçao", "curacao"),
            ("", ""),
            (" \u{a0} ", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(fold(text), expected);
        }
    }
}
