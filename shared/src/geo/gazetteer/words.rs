//! The words of a text about a place, in the form in which the rest reads them: a postal code in one word, the
//! district of a town behind its name.
//!
//! Nothing is looked up but which digits are a postal code.

use std::borrow::Cow;

use super::gazetteer;
use crate::geo::place_key;
use crate::geo::place_name::{district_number, is_district, is_divided_town};

/// Words of a text that are looked at; the last ones, where the place stands.
const WORDS_MAX: usize = 40;

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether it is the first of its part: nothing, a comma or a line's end stands before it.
    pub(super) is_first: bool,
}

/// The words of a text; the country at its end is left out.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for part in text.split([',', ';', '\n']) {
        let of_part = part.split_whitespace().enumerate();
        words.extend(of_part.map(|(at, word)| Word { text: word.into(), is_first: at == 0 }));
    }
    // "Île-de-France" is one word, but "Île de France" is three.
    let is_country = |last: &Word<'_>| last.is_first && place_key(&last.text) == "france";
    if words.len() > 1 && words.last().is_some_and(is_country) {
        words.pop();
    }
    let words = words.split_off(words.len().saturating_sub(WORDS_MAX));
    with_districts(with_postal_code(words))
}

/// The words with single spaces.
pub(super) fn join(words: &[Word<'_>]) -> String {
    words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" ")
}

/// Five digits.
pub(super) fn is_postal_code(word: &str) -> bool {
    word.len() == 5 && is_digits(word)
}

fn is_digits(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// `F-75012`, `FR-75012`, `F 75012` and, where no word is a postal code, `75 012`: five digits.
fn with_postal_code(words: Vec<Word<'_>>) -> Vec<Word<'_>> {
    let has_code = words.iter().any(|word| is_postal_code(without_country(&word.text)));
    let mut joined: Vec<Word<'_>> = Vec::with_capacity(words.len());
    for word in words {
        let bare = without_country(&word.text);
        if is_postal_code(bare) {
            let bare = bare.to_owned();
            let country = joined.pop_if(|before| is_country_mark(&before.text) && !word.is_first);
            let is_first = country.map_or(word.is_first, |country| country.is_first);
            joined.push(Word { text: bare.into(), is_first });
            continue;
        }
        let is_rest = !has_code && !word.is_first && word.text.len() == 3 && is_digits(&word.text);
        if let Some(before) = joined.last_mut().filter(|_| is_rest) {
            let start = without_country(&before.text);
            let code = format!("{start}{}", word.text);
            if start.len() == 2 && is_digits(start) && gazetteer().by_postal_code(&code).is_some() {
                before.text = code.into();
                continue;
            }
        }
        joined.push(word);
    }
    joined
}

/// `75012` of `F-75012`; any other word as it is.
fn without_country(word: &str) -> &str {
    match word.split_once('-') {
        Some((mark, rest)) if is_country_mark(mark) => rest,
        _ => word,
    }
}

/// The letter of the country before a postal code.
fn is_country_mark(word: &str) -> bool {
    matches!(word.trim_end_matches('-').to_ascii_uppercase().as_str(), "F" | "FR")
}

/// `5e arrondissement de Paris` is `Paris 5e`.
fn with_districts(mut words: Vec<Word<'_>>) -> Vec<Word<'_>> {
    for at in 0..words.len() {
        let Some(town) = town_of_district(&words[at..]) else { continue };
        let town = words.remove(at + town).text;
        // The words between number and town say no more.
        let end = (at + 1..words.len()).take_while(|at| is_between(&words[*at].text)).count();
        words.drain(at + 1..at + 1 + end);
        let is_first = std::mem::replace(&mut words[at].is_first, false);
        words.insert(at, Word { text: town, is_first });
        break;
    }
    words
}

/// Where the town stands, when the words begin with a district of Paris, Lyon or Marseille.
fn town_of_district(words: &[Word<'_>]) -> Option<usize> {
    district_number(&place_key(&words.first()?.text))?;
    is_district(&place_key(&words.get(1)?.text)).then_some(())?;
    let rest = &words[2..];
    let between = rest.iter().take_while(|word| is_between(&word.text)).count();
    is_divided_town(&place_key(&rest.get(between)?.text)).then_some(2 + between)
}

/// The word for a district, and the links between it and its town.
fn is_between(word: &str) -> bool {
    let key = place_key(word);
    is_district(&key) || matches!(key.as_str(), "de" | "a" | "du")
}

#[cfg(test)]
mod tests {
    use super::{join, words};

    #[test]
    fn words_of_a_text() {
        let rows = [
            ("1 rue X, 75012 Paris", "1 rue X 75012 Paris"),
            ("1 rue X, 75012 Paris, France", "1 rue X 75012 Paris"),
            ("France", "France"),
            ("F-75012 Paris", "75012 Paris"),
            ("fr-75012 Paris", "75012 Paris"),
            ("1 rue X, F 75012 Paris", "1 rue X 75012 Paris"),
            ("75 012 Paris", "75012 Paris"),
            ("F-75 012 Paris", "75012 Paris"),
            ("ORVAULT 44 700", "ORVAULT 44700"),
            ("44 093 Nantes Cedex 1", "44093 Nantes Cedex 1"),
            // A code in one word is the code; two parts, or no code of France, are none.
            ("12 120 rue X, 75012 Paris", "12 120 rue X 75012 Paris"),
            ("rue X 12, 120 Paris", "rue X 12 120 Paris"),
            ("00 123 X", "00 123 X"),
            ("F-Paris", "F-Paris"),
            ("5e arrondissement Paris", "Paris 5e"),
            ("1er arrondissement de Lyon", "Lyon 1er"),
            ("12 rue X, 15ème arr. de Paris", "12 rue X Paris 15ème"),
            ("3e arrondissement, Marseille", "Marseille 3e"),
            ("1er arrondissement de Lyon 69001", "Lyon 1er 69001"),
            ("5e arrondissement", "5e arrondissement"),
            ("5e arrondissement Nantes", "5e arrondissement Nantes"),
            ("Paris 5e arrondissement", "Paris 5e arrondissement"),
        ];
        for (text, expected) in rows {
            assert_eq!(join(&words(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_part_begins_with_its_first_word() {
        let starts = |text: &str| -> Vec<bool> { words(text).iter().map(|w| w.is_first).collect() };
        assert_eq!(starts("a b, F 75012 Paris"), [true, false, true, false]);
        assert_eq!(starts("a, 5e arrondissement de Paris"), [true, true, false]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_read_again(
            text in "((paris|Lyon|[0-9]{1,3}|[0-9]{5}|F-?|5e|arrondissement|de|rue)[ ,]){0,7}"
        ) {
            let once = join(&words(&text));
            proptest::prop_assert!(words(&once).len() <= words(&text).len());
        }
    }
}
