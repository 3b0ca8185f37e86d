//! How text is cut into words: one rule for what is indexed and for what is asked.
//!
//! A word is a run of letters and digits of folded text, so a hyphen separates as a space does. Elided
//! articles fall off, letters joined by dots are one word (`C.H.U.`), as are three and more apart (`C H U`), `st` and `ste` become `saint` and `sainte`, `CEDEX` and its number are dropped, and
//! a telephone number is one word however it is grouped. What words are worth is not decided here.

use std::borrow::Cow;

use super::{fold, telephone};

/// Stands between two values of one text: the words on its sides are not neighbors.
///
/// A control character that no valid document holds ("record separator").
pub const VALUE_END: char = '\u{1e}';

/// Opens a value that is the name of what the text is about; [`VALUE_END`] closes it.
pub const NAME_START: char = '\u{1d}';

/// Opens a value that is a number of what the text is about; [`VALUE_END`] closes it.
pub const NUMBER_START: char = '\u{1c}';

/// Opens a value that says something of a record of what the text is about, not of itself; [`VALUE_END`]
/// closes it.
pub const RECORD_START: char = '\u{1f}';

/// Longest word kept, in bytes of its folded form.
const MAX_WORD: usize = 80;

/// Most letters that are read as one word when each stands apart.
const SPELLED_MAX: usize = 8;

/// A place in a folded text, from which [`Cutter::next`] cuts one word after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cutter {
    at: usize,
    position: usize,
    /// Where the first word of the present value stands, when it is a name of what the text is about.
    name_at: Option<usize>,
    is_record: bool,
    /// Where the first word of the present value stands, when it is a number of what the text is about.
    number_at: Option<usize>,
}

impl Cutter {
    /// The next word of `folded` (the same text at every call) and its position: neighbors are one apart.
    pub fn next<'a>(&mut self, folded: &'a str) -> Option<(Cow<'a, str>, usize)> {
        loop {
            let start = self.skip_to_word(folded)?;
            let rest = &folded[start..];
            if rest.starts_with(['0', '+', '3'])
                && let Some((number, length)) = telephone::at_start(rest)
            {
                self.at = start + length;
                return Some((Cow::Owned(number), self.advance()));
            }
            if rest.starts_with('+') {
                self.at = start + 1;
                continue;
            }
            if let Some((acronym, length)) = dotted(rest) {
                let more = if acronym == "ap" { hospitals(&rest[length..]) } else { None };
                let (word, more) = match more {
                    Some((name, more)) => (Cow::Borrowed(name), more),
                    None => (Cow::Owned(acronym), 0),
                };
                self.at = start + length + more;
                return Some((word, self.advance()));
            }
            if let Some((acronym, length)) = spelled(rest) {
                self.at = start + length;
                return Some((Cow::Owned(acronym), self.advance()));
            }
            let (word, tail) = rest.split_at(word_length(rest));
            self.at = start + word.len();
            if is_elided(word, tail) {
                continue;
            }
            let word = match word {
                "ap" => {
                    let (name, length) = hospitals(tail).unwrap_or((word, 0));
                    self.at += length;
                    name
                }
                "st" => "saint",
                "ste" => "sainte",
                "cedex" => {
                    self.at += office_number(tail);
                    continue;
                }
                _ => truncated(word),
            };
            return Some((Cow::Borrowed(word), self.advance()));
        }
    }

    /// Whether the last word stands in a name.
    pub fn is_in_name(&self) -> bool {
        self.name_at.is_some()
    }

    /// Whether the last word is the first of a name.
    pub fn starts_name(&self) -> bool {
        self.name_at.is_some_and(|at| at + 1 == self.position)
    }

    /// Whether nothing stands behind the last word in its value.
    pub fn ends_value(&self, folded: &str) -> bool {
        let mut rest = folded[self.at..].chars();
        rest.find(|c| *c == VALUE_END || c.is_alphanumeric()).is_none_or(|c| c == VALUE_END)
    }

    /// Whether the last word is about a record.
    pub fn is_in_record(&self) -> bool {
        self.is_record
    }

    /// Whether the last word is all there is of a number of what the text is about.
    pub fn is_own_number(&self, folded: &str) -> bool {
        self.number_at.is_some_and(|at| at + 1 == self.position)
            && folded[self.at..].starts_with(VALUE_END)
    }

    fn advance(&mut self) -> usize {
        self.position += 1;
        self.position - 1
    }

    /// Where the next letter or digit is, or a `+` before a digit.
    fn skip_to_word(&mut self, folded: &str) -> Option<usize> {
        let rest = &folded[self.at..];
        for (offset, c) in rest.char_indices() {
            if c.is_alphanumeric() {
                return Some(self.at + offset);
            }
            if c == '+' && rest[offset + 1..].starts_with(|c: char| c.is_ascii_digit()) {
                return Some(self.at + offset);
            }
            match c {
                VALUE_END => {
                    (self.position, self.is_record) = (self.position + 1, false);
                    (self.name_at, self.number_at) = (None, None);
                }
                NAME_START => self.name_at = Some(self.position),
                RECORD_START => self.is_record = true,
                NUMBER_START => self.number_at = Some(self.position),
                _ => {}
            }
        }
        self.at = folded.len();
        None
    }
}

/// The words of a text.
///
/// `"L'hôpital d’Aix-en-Provence"` gives `hopital`, `aix`, `en`, `provence`. One-letter words stay
/// ("hépatite C") unless an apostrophe follows them.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut cutter = Cutter::default();
    std::iter::from_fn(|| cutter.next(&folded).map(|(word, _)| word.into_owned())).collect()
}

/// The length of the letters and digits that a text starts with.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())
}

/// Letters each behind a dot, as one word, and how many bytes they take: `chu` for `"c.h.u. de"` with
/// its last dot left.
fn dotted(text: &str) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    let is_letter = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    let is_dot = |at: usize| bytes.get(at) == Some(&b'.');
    // Most words end here.
    if !(is_dot(1) && is_letter(0) && is_letter(2)) {
        return None;
    }
    let mut end = 1;
    while end < MAX_WORD && is_dot(end) && is_letter(end + 1) {
        // What a dot is followed by may be a word of its own: "m.dupont".
        if text[end + 2..].starts_with(char::is_alphanumeric) {
            break;
        }
        end += 2;
    }
    (end > 1).then(|| (text[..end].replace('.', ""), end))
}

/// Letters each apart by a space, at least three and not all the same, as one word and how many bytes
/// they take: `chu` for `"c h u nantes"`.
fn spelled(text: &str) -> Option<(String, usize)> {
    let bytes = text.as_bytes();
    // Most words end here.
    if bytes.get(1) != Some(&b' ') {
        return None;
    }
    let mut letters = String::new();
    let mut at = 0;
    while bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
        let tail = &text[at + 1..];
        let letter = &text[at..=at];
        if tail.starts_with(['\'', '.']) || word_length(tail) > 0 || is_elided(letter, tail) {
            break;
        }
        letters.push_str(letter);
        at += 1 + usize::from(tail.starts_with(' '));
        if !tail.starts_with(' ') {
            break;
        }
    }
    let differ = letters.bytes().any(|letter| letter != letters.as_bytes()[0]);
    // The space behind the last letter is left or taken: no word is in it.
    ((3..=SPELLED_MAX).contains(&letters.len()) && differ).then_some((letters, at))
}

/// The one word of the two hospital groups whose name is written with a hyphen, a space or neither, with or
/// without dots (`A.P.-H.P.`), from what follows `ap`; and how many bytes it takes.
fn hospitals(tail: &str) -> Option<(&'static str, usize)> {
    let rest = tail.strip_prefix('.').unwrap_or(tail);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let rest = rest.strip_prefix(['-', '\u{2010}', '\u{2011}', '\u{2013}']).unwrap_or(rest);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let before = tail.len() - rest.len();
    let (second, length) = match dotted(rest) {
        Some((acronym, length)) => (Cow::Owned(acronym), length),
        None => (Cow::Borrowed(&rest[..word_length(rest)]), word_length(rest)),
    };
    let name = match &*second {
        "hp" => "aphp",
        "hm" => "aphm",
        _ => return None,
    };
    (before > 0).then_some((name, before + length))
}

/// The length of the number of a distribution office: `" 01"` in `"NANTES CEDEX 01"`.
fn office_number(tail: &str) -> usize {
    let Some(number) = tail.strip_prefix(' ') else { return 0 };
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    let ends = !number[digits..].starts_with(char::is_alphanumeric);
    if (1..=2).contains(&digits) && ends { 1 + digits } else { 0 }
}

/// Whether a word lost its last vowel to the one behind it: `l'hopital`, and `l hopital` and `l-hopital`
/// as registers and addresses of pages without apostrophes write it.
///
/// Behind a space or hyphen `c` is a letter ("hépatite C aiguë"), and so is what stands before a word that no
/// elision comes before ("vitamine D et calcium") or before a letter alone.
fn is_elided(word: &str, tail: &str) -> bool {
    let is_article = matches!(word, "l" | "d" | "j" | "m" | "n" | "s" | "t" | "qu");
    let is_longer = || matches!(word, "c" | "jusqu" | "lorsqu" | "puisqu" | "quoiqu");
    if let Some(next) = tail.strip_prefix('\'') {
        let next = next.strip_prefix(' ').unwrap_or(next);
        return (is_article || is_longer()) && next.starts_with(char::is_alphanumeric);
    }
    let Some(next) = tail.strip_prefix([' ', '-']).filter(|_| is_article) else { return false };
    let end = word_length(next);
    next.starts_with(['a', 'e', 'h', 'i', 'o', 'u', 'y'])
        && end > 1
        && !matches!(&next[..end], "et" | "ou" | "au" | "aux" | "avec")
}

fn truncated(word: &str) -> &str {
    let mut end = word.len().min(MAX_WORD);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_words() {
        let rows: &[(&str, &[&str])] = &[
            ("L'hôpital d’Aix-en-Provence", &["hopital", "aix", "en", "provence"]),
            ("Saint-Étienne / Sainte Anne", &["saint", "etienne", "sainte", "anne"]),
            ("ST. ETIENNE, Ste-Anne, stand", &["saint", "etienne", "sainte", "anne", "stand"]),
            ("hépatite C, vitamine D", &["hepatite", "c", "vitamine", "d"]),
            ("SSR/SMR (n° 12)", &["ssr", "smr", "n", "12"]),
            ("SSR L ESTUAIRE, CLINIQUE DE L ALMA", &["ssr", "estuaire", "clinique", "de", "alma"]),
            ("Jeanne D ARC, d′Hérouville, L' Oasis", &["jeanne", "arc", "herouville", "oasis"]),
            ("hépatite C aiguë, type O", &["hepatite", "c", "aigue", "type", "o"]),
            ("valence-d-agen, L-HAY-LES-ROSES", &["valence", "agen", "hay", "les", "roses"]),
            ("C H U de Nantes, c h r s", &["chu", "de", "nantes", "chrs"]),
            ("A B, A.B c d e'f, C C A S", &["a", "b", "ab", "c", "d", "e", "f", "ccas"]),
            ("C C C l hopital", &["c", "c", "c", "hopital"]),
            ("vitamine D et d'autres", &["vitamine", "d", "et", "autres"]),
            (
                "bâtiment D, étage; aile S a, l B",
                &["batiment", "d", "etage", "aile", "s", "a", "l", "b"],
            ),
            ("C.H.U. de Nantes, E.H.P.A.D", &["chu", "de", "nantes", "ehpad"]),
            ("l'E.H.P.A.D. S.A.M.U. 44", &["ehpad", "samu", "44"]),
            ("M.Dupont J.C.Martin 3.a", &["m", "dupont", "jc", "martin", "3", "a"]),
            ("AP-HP, AP HM, aphp, ap-hop", &["aphp", "aphm", "aphp", "ap", "hop"]),
            ("A.P.-H.P., A.P-H.M, A.P. H.P.", &["aphp", "aphm", "aphp"]),
            ("A.P.H.P. AP – HP; AP-H.M.", &["aphp", "aphp", "aphm"]),
            ("C.H.U.-Nord C.H.-E.H.P.A.D. A.P.", &["chu", "nord", "ch", "ehpad", "ap"]),
            ("aujourd'hui", &["aujourd", "hui"]),
            ("cœur, qu'il", &["coeur", "il"]),
            ("44093 NANTES CEDEX 1", &["44093", "nantes"]),
            ("Cedex 09 Paris", &["paris"]),
            ("cedex 123", &["123"]),
            ("Tél. : 02.99.28.43.21 ; 15", &["tel", "0299284321", "15"]),
            ("+33 2 99 28 43 21", &["0299284321"]),
            ("Fax (02) 99 28 43 21)", &["fax", "0299284321"]),
            ("33 rue Lamartine, 330000123", &["33", "rue", "lamartine", "330000123"]),
            ("A+ 12 +7", &["a", "12", "7"]),
            ("", &[]),
            ("' - '", &[]),
            ("CEDEX", &[]),
        ];
        for (text, expected) in rows {
            assert_eq!(words(text), *expected, "{text}");
        }
        assert_eq!(words(&"é".repeat(10_000)), ["e".repeat(MAX_WORD)]);
    }

    #[test]
    fn values_are_not_neighbors() {
        let folded = fold("Soins\u{1e}palliatifs à\ndomicile\u{1e}\u{1e}nuit");
        let mut cutter = Cutter::default();
        let cut: Vec<_> = std::iter::from_fn(|| cutter.next(&folded)).collect();
        let cut: Vec<_> = cut.iter().map(|(word, position)| (&**word, *position)).collect();
        let expected = [("soins", 0), ("palliatifs", 2), ("a", 3), ("domicile", 4), ("nuit", 7)];
        assert_eq!(cut, expected);
    }
}
