//! Words of full text: how text is cut, folded and stemmed, for the index and for queries alike.
//!
//! A word's term is `type class form word`, one letter for the resource type, one for the visibility
//! class, `=` for the word itself and `~` for its stem, which stands at the same position when it
//! differs. Stemming is limited to plural and feminine: heavier stems mix unrelated units.

use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};

use crate::access::VisibilityClass;
use crate::fhir::ResourceType;
use crate::text::fold;

/// Name under which the analyzer is registered.
pub const ANALYZER: &str = "ror_words";

/// Bumped when words are cut, folded or stemmed differently.
pub const ANALYZER_VERSION: u32 = 1;

/// The form of a term: the word itself.
pub const WORD: char = '=';

/// The form of a term: the stem of the word.
pub const STEM: char = '~';

/// Longest word kept, in bytes of its folded form.
const MAX_WORD: usize = 80;

/// The first two characters of the terms of a type and class, and of the text given to the analyzer.
pub fn scope(resource_type: ResourceType, class: VisibilityClass) -> String {
    let letter = |n: u8| char::from(b'A' + n);
    String::from_iter([letter(resource_type as u8), letter(class as u8)])
}

/// Like [`scope`], for the narrative (`_text`).
pub fn narrative_scope(resource_type: ResourceType) -> String {
    scope(resource_type, VisibilityClass::Open).to_ascii_lowercase()
}

/// Cuts text into folded words: runs of letters and digits, without elided articles.
///
/// `"L'hôpital d’Aix-en-Provence"` gives `hopital`, `aix`, `en`, `provence`. `saint` and `sainte`
/// become `st` and `ste`. One-letter words stay ("hépatite C") unless an apostrophe follows them.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words = Vec::new();
    let mut rest = folded.as_str();
    while let Some(start) = rest.find(char::is_alphanumeric) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        if tail.starts_with('\'') && is_elided(word) && tail[1..].starts_with(char::is_alphanumeric)
        {
            continue;
        }
        words.push(match word {
            "saint" => "st".to_owned(),
            "sainte" => "ste".to_owned(),
            _ => truncated(word).to_owned(),
        });
    }
    words
}

fn is_elided(word: &str) -> bool {
    matches!(
        word,
        "l" | "d"
            | "j"
            | "m"
            | "n"
            | "s"
            | "t"
            | "c"
            | "qu"
            | "jusqu"
            | "lorsqu"
            | "puisqu"
            | "quoiqu"
    )
}

fn truncated(word: &str) -> &str {
    let mut end = word.len().min(MAX_WORD);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

/// The stem of a folded word: without the marks of plural and feminine.
///
/// `medicales`, `medical` and `medicaux` meet in `medic`; words under four letters, numbers and
/// codes keep their form.
pub fn stem(word: &str) -> &str {
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word;
    }
    if let Some(base) = without(word, "aux", 4) {
        return base;
    }
    let mut stem = without(word, "s", 3).or_else(|| without(word, "x", 3)).unwrap_or(word);
    for _ in 0..2 {
        stem = without(stem, "e", 3).unwrap_or(stem);
    }
    if let Some(base) = without(stem, "al", 4) {
        return base;
    }
    match stem.as_bytes() {
        // "ancienne" and "ancien": the feminine doubles the consonant.
        [.., b, a] if a == b && stem.len() > 4 => &stem[..stem.len() - 1],
        _ => stem,
    }
}

/// `word` without `ending`, when at least `keep` letters stay.
fn without<'a>(word: &'a str, ending: &str, keep: usize) -> Option<&'a str> {
    word.strip_suffix(ending).filter(|base| base.len() >= keep)
}

/// The analyzer, to be registered with an index.
pub fn analyzer() -> TextAnalyzer {
    TextAnalyzer::from(ScopedWords)
}

/// Emits the words of a text whose first two characters are its [`scope`].
#[derive(Debug, Clone)]
struct ScopedWords;

#[derive(Debug)]
struct ScopedWordStream {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokenizer for ScopedWords {
    type TokenStream<'a> = ScopedWordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> ScopedWordStream {
        let (scope, text) = text.split_at(text.len().min(2));
        let mut tokens = Vec::new();
        for (position, word) in words(text).iter().enumerate() {
            let mut push = |form: char, text: &str| {
                tokens.push(Token {
                    position,
                    text: format!("{scope}{form}{text}"),
                    ..Token::default()
                });
            };
            push(WORD, word);
            let stem = stem(word);
            if stem != word {
                push(STEM, stem);
            }
        }
        ScopedWordStream { tokens, next: 0 }
    }
}

impl TokenStream for ScopedWordStream {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_words() {
        let rows: &[(&str, &[&str])] = &[
            ("L'hôpital d’Aix-en-Provence", &["hopital", "aix", "en", "provence"]),
            ("Saint-Étienne / Sainte Anne", &["st", "etienne", "ste", "anne"]),
            ("hépatite C, vitamine D", &["hepatite", "c", "vitamine", "d"]),
            ("SSR/SMR (n° 12)", &["ssr", "smr", "n", "12"]),
            ("aujourd'hui", &["aujourd", "hui"]),
            ("cœur, qu'il", &["coeur", "il"]),
            ("", &[]),
            ("' - '", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text), *expected, "{text}");
        }
    }

    #[test]
    fn stems_join_plural_and_feminine_only() {
        for (a, b) in [
            ("medicales", "medical"),
            ("medicaux", "medical"),
            ("cardiaque", "cardiaques"),
            ("infirmier", "infirmieres"),
            ("chirurgie", "chirurgies"),
            ("agee", "agees"),
            ("regionaux", "regionale"),
            ("ancien", "anciennes"),
            ("lit", "lits"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
        for (a, b) in [
            ("cardiologie", "cardiologue"),
            ("lits", "litige"),
            ("mater", "maternite"),
            ("soin", "sein"),
        ] {
            assert_ne!(stem(a), stem(b), "{a} {b}");
        }
        assert_eq!(stem("75015"), "75015");
    }
}
