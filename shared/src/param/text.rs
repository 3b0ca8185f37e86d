//! What a person types: words, `"phrases"`, `-exclusions`, and numbers known by their form.
//!
//! ```text
//! text     = *( SP ( ["-"] ( word / phrase ) ) )
//! phrase   = DQUOTE 1*word DQUOTE            ; also “ ”, „ “ and « »
//! ```
//! A hyphen excludes only in front of a word, behind a space or at the start: `saint-malo` is two words,
//! `cardio -pédiatrie` one wanted and one not. Words are cut by `text::cut`, as in documents. What a word
//! finds is the search's business.

use super::{ValueError, escape};
use crate::text::cut::words;
use crate::text::is_function_word;

/// A text, understood: a match holds everything wanted and nothing excluded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextQuery {
    /// What must be there; empty when the text only excludes.
    pub wanted: Vec<TextPart>,
    /// What must not be there.
    pub excluded: Vec<TextPart>,
    /// Whether a quotation mark without its other one was read as a space.
    pub repaired: bool,
}

/// One thing to find.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextPart {
    /// A word, in any form the search knows.
    Word {
        /// The word, folded.
        word: String,
        /// Written as an acronym: there is nothing to correct in it.
        is_acronym: bool,
    },
    /// Whole words, next to each other in this order; at least one.
    Phrase(Vec<String>),
    /// A number whose form says what it is.
    Number {
        /// The number as typed, without grouping.
        number: String,
        /// What it is by its form, for people.
        form: NumberForm,
    },
}

/// What a number is by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberForm {
    /// Ten digits from 0.
    Telephone,
    /// Nine digits, or eight with 2A or 2B; FINESS, SIREN and ADELI share this form.
    Finess,
    /// The same behind the digit of the national scheme (0 ADELI, 1 FINESS, 2 SIREN).
    PrefixedFiness,
    /// Eleven digits.
    Rpps,
    /// Eleven digits behind the 8 of the national scheme.
    PrefixedRpps,
    /// Fourteen digits.
    Siret,
    /// Fourteen digits behind the 3 of the national scheme.
    PrefixedSiret,
}

impl NumberForm {
    /// The form of a word; `None` for words that are no such number.
    pub fn of(word: &str) -> Option<Self> {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_finess = |text: &str| {
            let rest = text.strip_prefix("2a").or_else(|| text.strip_prefix("2b"));
            is_number(rest.unwrap_or(text))
        };
        match (word.len(), word.as_bytes().first()) {
            (9, _) if is_finess(word) => Some(Self::Finess),
            (10, Some(b'0')) if is_number(word) => Some(Self::Telephone),
            (10, Some(b'1' | b'2')) if is_finess(&word[1..]) => Some(Self::PrefixedFiness),
            (11, _) if is_number(word) => Some(Self::Rpps),
            (12, Some(b'8')) if is_number(word) => Some(Self::PrefixedRpps),
            (14, _) if is_number(word) => Some(Self::Siret),
            (15, Some(b'3')) if is_number(word) => Some(Self::PrefixedSiret),
            _ => None,
        }
    }

    /// What it is, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Telephone => "a telephone number",
            Self::Finess | Self::PrefixedFiness => "a FINESS, SIREN or ADELI number",
            Self::Rpps | Self::PrefixedRpps => "an RPPS number",
            Self::Siret | Self::PrefixedSiret => "a SIRET number",
        }
    }

    /// The ways a number of this form is written in documents.
    ///
    /// Identifiers of the national scheme are the number behind a digit that says which.
    /// Source: ANS, identifiants nationaux de structure (0 ADELI, 1 FINESS, 2 SIREN, 3 SIRET) and of
    /// professionals (0 ADELI, 8 RPPS).
    pub fn spellings(self, number: &str) -> Vec<String> {
        let behind = |digits: &[&str]| {
            let prefixed = digits.iter().map(|digit| format!("{digit}{number}"));
            std::iter::once(number.to_owned()).chain(prefixed).collect()
        };
        match self {
            Self::Telephone => vec![number.to_owned(), format!("33{}", &number[1..])],
            // "0" is also how a telephone number starts that was typed without.
            Self::Finess => behind(&["0", "1", "2"]),
            Self::Rpps => {
                let mut spellings = behind(&["8"]);
                // A number from abroad whose "+" was lost on its way, as in a URL.
                let national = number.strip_prefix("33").filter(|rest| !rest.starts_with('0'));
                spellings.extend(national.map(|rest| format!("0{rest}")));
                spellings
            }
            Self::Siret => behind(&["3"]),
            Self::PrefixedFiness | Self::PrefixedRpps | Self::PrefixedSiret => {
                vec![number.to_owned(), number[1..].to_owned()]
            }
        }
    }
}

/// How the groups of a number are written apart: SIREN, SIRET, FINESS, RPPS.
const GROUPINGS: [&[usize]; 11] = [
    &[3, 3, 3],
    &[3, 3, 3, 5],
    &[9, 5],
    &[2, 3, 3, 1],
    &[2, 3, 4],
    &[4, 3, 4],
    &[2, 7],
    &[2, 2, 3, 2],
    &[2, 3, 3, 3],
    &[1, 2, 3, 3, 2],
    &[1, 3, 3, 3, 1],
];

/// Words that say what a number is: they need not be there when one is wanted.
const NUMBER_LABELS: [&str; 15] = [
    "adeli",
    "fax",
    "finess",
    "mobile",
    "n",
    "no",
    "nº",
    "num",
    "numero",
    "portable",
    "rpps",
    "siren",
    "siret",
    "tel",
    "telephone",
];

/// Digits of a postal code: a group of so many is rather that than a part of a number.
const POSTAL_CODE_DIGITS: usize = 5;

/// Longest run of capitals that is taken for an acronym.
const ACRONYM_MAX: usize = 6;

/// The quotation marks that open and close a phrase.
const QUOTES: [char; 6] = ['"', '“', '”', '„', '«', '»'];

impl TextQuery {
    /// Reads an unescaped text.
    ///
    /// # Errors
    /// When there is no word in it.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let (segments, repaired) = segments(text);
        let mut query = Self { wanted: Vec::new(), excluded: Vec::new(), repaired };
        let mut optional = Vec::new();
        for segment in segments {
            match segment {
                Segment::Words(text) => read_words(text, &mut query.wanted, &mut optional),
                Segment::Phrase(text) => add(&mut query.wanted, phrase(words(text))),
                Segment::ExcludedWord(text) => add(&mut query.excluded, excluded_word(text)),
                Segment::ExcludedPhrase(text) => add(&mut query.excluded, phrase(words(text))),
            }
        }
        if query.wanted.is_empty() {
            query.wanted = optional;
        }
        if query.wanted.is_empty() && query.excluded.is_empty() {
            return Err(ValueError::new(format!(
                "\"{}\" holds no word to search; write letters or digits",
                shortened(text)
            )));
        }
        Ok(query)
    }

    /// A word in capitals that people may mean as an operator, which there are none of: `OR` or `AND`.
    pub fn operator(&self) -> Option<&'static str> {
        self.wanted.iter().find_map(|part| match part {
            TextPart::Word { word, is_acronym: true } if word == "or" => Some("OR"),
            TextPart::Word { word, is_acronym: true } if word == "and" => Some("AND"),
            TextPart::Word { .. } | TextPart::Phrase(_) | TextPart::Number { .. } => None,
        })
    }

    /// Number of words in it: what it may cost.
    pub fn word_count(&self) -> usize {
        let parts = self.wanted.iter().chain(&self.excluded);
        parts
            .map(|part| match part {
                TextPart::Word { .. } | TextPart::Number { .. } => 1,
                TextPart::Phrase(words) => words.len(),
            })
            .sum()
    }
}

/// Splits escaped texts at commas, but not within a phrase. Never empty.
pub fn split(text: &str) -> Vec<&str> {
    if text.chars().filter(|c| QUOTES.contains(c)).count() % 2 == 1 {
        return escape::split(text, ',');
    }
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        let was_escaped = is_escaped;
        is_escaped = !was_escaped && c == '\\';
        if QUOTES.contains(&c) {
            is_quoted = !is_quoted;
        } else if c == ',' && !is_quoted && !was_escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

enum Segment<'a> {
    Words(&'a str),
    Phrase(&'a str),
    ExcludedWord(&'a str),
    ExcludedPhrase(&'a str),
}

/// The quoted and unquoted stretches of a text; the second result says that a quotation mark was alone.
fn segments(text: &str) -> (Vec<Segment<'_>>, bool) {
    let mut quotes: Vec<(usize, usize)> = text
        .char_indices()
        .filter(|(_, c)| QUOTES.contains(c))
        .map(|(at, c)| (at, at + c.len_utf8()))
        .collect();
    let repaired = quotes.len() % 2 == 1;
    if repaired {
        quotes.pop();
    }
    let mut segments = Vec::new();
    let mut start = 0;
    for pair in quotes.chunks_exact(2) {
        let before = &text[start..pair[0].0];
        let inside = &text[pair[0].1..pair[1].0];
        let is_excluded = before.strip_suffix('-').is_some_and(ends_apart);
        unquoted(if is_excluded { &before[..before.len() - 1] } else { before }, &mut segments);
        segments.push(if is_excluded {
            Segment::ExcludedPhrase(inside)
        } else {
            Segment::Phrase(inside)
        });
        start = pair[1].1;
    }
    unquoted(&text[start..], &mut segments);
    (segments, repaired)
}

/// Whether what follows a text starts a word of its own.
fn ends_apart(text: &str) -> bool {
    text.is_empty() || text.ends_with(char::is_whitespace)
}

/// Splits what stands outside quotation marks at its excluded words.
fn unquoted<'a>(text: &'a str, segments: &mut Vec<Segment<'a>>) {
    let mut start = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find('-') {
        let hyphen = at + found;
        let word = text[hyphen..].trim_start_matches('-');
        let word_start = text.len() - word.len();
        at = word_start;
        if !ends_apart(&text[..hyphen]) || !word.starts_with(char::is_alphanumeric) {
            continue;
        }
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        segments.push(Segment::Words(&text[start..hyphen]));
        segments.push(Segment::ExcludedWord(&word[..end]));
        start = word_start + end;
        at = start;
    }
    segments.push(Segment::Words(&text[start..]));
}

fn add(parts: &mut Vec<TextPart>, part: Option<TextPart>) {
    if let Some(part) = part
        && !parts.contains(&part)
    {
        parts.push(part);
    }
}

fn phrase(words: Vec<String>) -> Option<TextPart> {
    (!words.is_empty()).then_some(TextPart::Phrase(words))
}

/// `-soins-palliatifs` excludes the phrase, not whatever holds one of the two words.
fn excluded_word(text: &str) -> Option<TextPart> {
    let mut words = join_groups(&words(text));
    if words.len() > 1 {
        return phrase(words);
    }
    words.pop().map(|word| part_of(word, false))
}

/// Reads unquoted words; those that need not be there go to `optional`.
fn read_words(text: &str, wanted: &mut Vec<TextPart>, optional: &mut Vec<TextPart>) {
    let mut acronyms: Vec<String> = Vec::new();
    let mut prepositions: Vec<String> = Vec::new();
    for typed in text.split_whitespace() {
        if matches!(typed, "à" | "À" | "a") {
            prepositions.push("a".to_owned());
        } else if is_acronym(typed) {
            acronyms.extend(words(typed));
        }
    }
    let words = join_groups(&words(text));
    let has_number = words.iter().any(|word| NumberForm::of(word).is_some());
    for word in words {
        let is_function_word = is_function_word(&word)
            || prepositions.contains(&word)
            || has_number && NUMBER_LABELS.contains(&word.as_str());
        let is_acronym = acronyms.contains(&word);
        let parts = if is_function_word { &mut *optional } else { &mut *wanted };
        add(parts, Some(part_of(word, is_acronym)));
    }
}

fn is_acronym(typed: &str) -> bool {
    let letters = typed.chars().filter(|c| c.is_alphabetic());
    let is_short = (2..=ACRONYM_MAX).contains(&letters.clone().count());
    is_short && letters.clone().all(char::is_uppercase)
}

fn part_of(word: String, is_acronym: bool) -> TextPart {
    match NumberForm::of(&word) {
        Some(form) => TextPart::Number { number: word, form },
        None => TextPart::Word { word, is_acronym },
    }
}

/// Joins the groups of numbers that are written apart: `269 710 877 00011`; in any grouping where
/// nothing but the groups of one number stand next to each other.
fn join_groups(words: &[String]) -> Vec<String> {
    let mut joined = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let run = run_length(&words[at..]);
        let is_start = at == 0 || !is_group(&words[at - 1]);
        let whole = (is_start && is_one_number(&words[at..at + run])).then_some(run);
        let longest = || {
            GROUPINGS
                .iter()
                .filter(|grouping| {
                    let groups = words.get(at..at + grouping.len());
                    groups.is_some_and(|groups| {
                        let mut pairs = groups.iter().zip(**grouping);
                        pairs.all(|(word, length)| word.len() == *length && is_group(word))
                    })
                })
                .filter(|grouping| {
                    NumberForm::of(&words[at..at + grouping.len()].concat()).is_some()
                })
                .map(|grouping| grouping.len())
                .max()
        };
        let length = whole.or_else(longest).unwrap_or(1);
        joined.push(words[at..at + length].concat());
        at += length;
    }
    joined
}

/// How many words from the first are groups of digits, and no numbers of their own.
fn run_length(words: &[String]) -> usize {
    words.iter().take_while(|word| is_group(word) && NumberForm::of(word).is_none()).count()
}

fn is_one_number(groups: &[String]) -> bool {
    groups.len() > 1
        && groups.iter().all(|group| group.len() != POSTAL_CODE_DIGITS)
        && NumberForm::of(&groups.concat()).is_some()
}

fn is_group(word: &str) -> bool {
    matches!(word, "2a" | "2b") || word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The start of a text that may be long.
fn shortened(text: &str) -> String {
    let mut shortened: String = text.chars().take(40).collect();
    if shortened.len() < text.len() {
        shortened.push('…');
    }
    shortened
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parts as they would be typed: `"…"` for phrases, `#` for numbers, `-` for exclusions.
    fn read(text: &str) -> String {
        let query = match TextQuery::parse(text) {
            Ok(query) => query,
            Err(error) => return error.to_string(),
        };
        let show = |part: &TextPart| match part {
            TextPart::Word { word, is_acronym: false } => word.clone(),
            TextPart::Word { word, is_acronym: true } => word.to_uppercase(),
            TextPart::Phrase(words) => format!("\"{}\"", words.join(" ")),
            TextPart::Number { number, .. } => format!("#{number}"),
        };
        let wanted = query.wanted.iter().map(show);
        let excluded = query.excluded.iter().map(|part| format!("-{}", show(part)));
        let mut parts: Vec<String> = wanted.chain(excluded).collect();
        if query.repaired {
            parts.push("!".to_owned());
        }
        parts.join(" ")
    }

    #[test]
    fn words_phrases_and_exclusions() {
        for (text, expected) in [
            ("Chirurgie cardiaque", "chirurgie cardiaque"),
            ("\"Soins  palliatifs\" -pédiatrie", "\"soins palliatifs\" -pediatrie"),
            ("saint-malo", "saint malo"),
            ("St-Malo", "saint malo"),
            ("porte-à-porte", "porte a"),
            ("cardio - pédiatrie", "cardio pediatrie"),
            ("-dialyse", "-dialyse"),
            ("-\"centre de jour\" -nuit", "-\"centre de jour\" -nuit"),
            ("-soins-palliatifs", "-\"soins palliatifs\""),
            ("a-\"b c\"", "a \"b c\""),
            (
                "«\u{a0}soins palliatifs\u{a0}» “hôpital de jour”",
                "\"soins palliatifs\" \"hopital de jour\"",
            ),
            ("\"l’hôpital\"", "\"hopital\""),
            ("\"soins palliatifs", "soins palliatifs !"),
            ("foo\"bar\"baz", "foo \"bar\" baz"),
            ("\"\" foo -\"\"", "foo"),
            ("--foo ---", "-foo"),
            ("foo foo FOO", "FOO"),
            ("–foo", "foo"),
        ] {
            let mut sorted: Vec<&str> = expected.split(' ').collect();
            let read = read(text);
            let mut found: Vec<&str> = read.split(' ').collect();
            sorted.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, sorted, "{text}");
        }
    }

    #[test]
    fn function_words_are_wanted_only_alone() {
        for (text, expected) in [
            ("maison de retraite", "maison retraite"),
            ("IRM à Nantes", "IRM nantes"),
            ("Dr Chantrel", "chantrel"),
            ("M. Martin, Madame Durand", "martin durand"),
            ("docteur", "docteur"),
            ("hépatite A", "hepatite a"),
            ("de la", "de la"),
            ("-de la", "la -de"),
            ("\"maison de retraite\"", "\"maison de retraite\""),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_known_by_their_form() {
        for (text, expected) in [
            ("350000123", "#350000123"),
            ("35 000 012 3", "#350000123"),
            ("2A0000123", "#2a0000123"),
            ("2B 000 012 3", "#2b0000123"),
            ("1350000123", "#1350000123"),
            ("269 710 877 00011 hôpital", "#26971087700011 hopital"),
            ("+33 2 99 28 43 21", "#0299284321"),
            ("-02.99.28.43.21", "-#0299284321"),
            ("10001234567", "#10001234567"),
            ("810001234567", "#810001234567"),
            ("44 000 0271", "#440000271"),
            ("44.000.0271, 44-000-0272", "#440000271 #440000272"),
            ("-44-000-0271", "-#440000271"),
            ("8999 157 3474", "#89991573474"),
            ("2 40 08 33 33", "#240083333"),
            ("02 40 083 333", "#0240083333"),
            ("n° FINESS : 440000271", "#440000271"),
            ("tél. (02) 40 08 33 33", "#0240083333"),
            ("n 1", "n 1"),
            ("2024 35000", "2024 35000"),
            ("35000 Rennes", "35000 rennes"),
            ("35000 2024", "35000 2024"),
            ("2c0000123", "2c0000123"),
            ("12 3", "12 3"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        let spellings = |text: &str| NumberForm::of(text).unwrap().spellings(text);
        assert_eq!(spellings("350000123"), ["350000123", "0350000123", "1350000123", "2350000123"]);
        assert_eq!(spellings("0299284321"), ["0299284321", "33299284321"]);
        assert_eq!(spellings("33299284321"), ["33299284321", "833299284321", "0299284321"]);
        assert_eq!(spellings("810001234567"), ["810001234567", "10001234567"]);
    }

    #[test]
    fn nothing_to_search_is_said() {
        for text in ["", " - ", "\"\"", "CEDEX", "?!"] {
            assert!(read(text).contains("holds no word to search"), "{text}");
        }
    }

    #[test]
    fn commas_split_outside_phrases() {
        assert_eq!(split("a,\"b, c\",d\\,e"), ["a", "\"b, c\"", "d\\,e"]);
        assert_eq!(split("a,\"b"), ["a", "\"b"]);
        assert_eq!(split(""), [""]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r#"[-"a0+ «»,\\é.2]{0,30}"#, other in ".{0,40}") {
            for text in [text, other] {
                let count = TextQuery::parse(&text).map_or(1, |query| query.word_count());
                prop_assert!(count > 0);
                prop_assert_eq!(split(&text).join(","), text);
            }
        }
    }
}
