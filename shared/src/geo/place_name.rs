//! The form under which names of places are compared.
//!
//! Only spelling is evened out here; which commune a name means is the gazetteer's business.

use crate::text::fold;

/// The comparison key of a place name: folded words, separated by single spaces.
///
/// Case, accents and ligatures are folded, hyphens, apostrophes and other punctuation separate
/// words, `st`, `ste`, `sts`, `stes` are written out, `s/` is `sur`, CEDEX and its number are dropped, and a district
/// of Paris, Lyon or Marseille is the town and a number: `"Lyon 3e Arrondissement"`, `"LYON 03"`, `"lyon 3ème"`,
/// `"Lyon III"` and `"LYON CEDEX 03"` all give `"lyon 3"`. In these towns the number behind CEDEX is that of the
/// district of the post office.
pub fn place_key(text: &str) -> String {
    let folded = fold(text);
    let mut key = String::with_capacity(folded.len());
    let mut after_cedex = false;
    let mut in_divided_town = false;
    for word in words(&folded) {
        let number = if in_divided_town { district_number(word) } else { None };
        if std::mem::replace(&mut after_cedex, is_cedex(word)) && is_number(word) {
            // The words before are the town itself: it has not been told yet which district.
            let districts = districts_of(&key);
            let Some(number) = number.filter(|number| (1..=districts).contains(number)) else {
                continue;
            };
            push_word(&mut key, &number.to_string());
            continue;
        }
        let district = number.map(|number| number.to_string());
        let word = match word {
            _ if is_cedex(word) => continue,
            _ if in_divided_town && is_district(word) => continue,
            "st" => "saint",
            "ste" => "sainte",
            "sts" => "saints",
            "stes" => "saintes",
            _ => district.as_deref().unwrap_or(word),
        };
        push_word(&mut key, word);
        in_divided_town = is_divided_town(&key) || district.is_some();
    }
    key
}

fn push_word(key: &mut String, word: &str) {
    if !key.is_empty() {
        key.push(' ');
    }
    key.push_str(word);
}

/// Splits on everything but letters and digits; `s/` at the start of a word is read as `sur`.
fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(' ').flat_map(|chunk| {
        let (sur, rest) = match chunk.strip_prefix("s/") {
            Some(rest) => (Some("sur"), rest),
            None => (None, chunk),
        };
        let parts = rest.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
        sur.into_iter().chain(parts)
    })
}

/// The word, or what a line of 26 characters leaves of it.
pub(super) fn is_cedex(word: &str) -> bool {
    matches!(word, "cedex" | "cede" | "ced")
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the key of a name is that of a town with municipal districts.
pub(super) fn is_divided_town(key: &str) -> bool {
    districts_of(key) > 0
}

/// How many municipal districts the town of that key has.
fn districts_of(key: &str) -> u8 {
    match key {
        "paris" => 20,
        "lyon" => 9,
        "marseille" => 16,
        _ => 0,
    }
}

/// Whether the key of a word is that of a district, whole or cut.
pub(super) fn is_district(key: &str) -> bool {
    matches!(key, "arrondissement" | "arrdt" | "ardt" | "arr")
}

/// The number of a district as it is written: `"03"`, `"3"`, `"3e"`, `"3eme"`, `"1er"`, `"iii"`, `"iiie"`.
pub(super) fn district_number(word: &str) -> Option<u8> {
    let is_ordinal = |suffix: &str| matches!(suffix, "" | "e" | "er" | "eme" | "ieme" | "re");
    let digits_end = word.bytes().take_while(u8::is_ascii_digit).count();
    if digits_end > 0 {
        let (digits, suffix) = word.split_at(digits_end);
        let number = digits.parse().ok().filter(|number| (1..100).contains(number));
        return number.filter(|_| is_ordinal(suffix));
    }
    let roman = |(number, numeral): &(u8, &str)| {
        word.strip_prefix(*numeral).is_some_and(is_ordinal).then_some(*number)
    };
    (1..).zip(ROMAN).find_map(|row| roman(&row))
}

/// The numbers of districts from 1 on, as the Romans wrote them.
const ROMAN: [&str; 20] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv",
    "xvi", "xvii", "xviii", "xix", "xx",
];

#[cfg(test)]
mod tests {
    use super::place_key;

    #[test]
    fn evens_out_spelling() {
        let rows = [
            ("Saint-Étienne", "saint etienne"),
            ("ST ETIENNE", "saint etienne"),
            ("Sainte-Geneviève-des-Bois", "sainte genevieve des bois"),
            ("Stes Maries de la Mer", "saintes maries de la mer"),
            ("Saintes-Maries-de-la-Mer", "saintes maries de la mer"),
            ("Saintes", "saintes"),
            ("Les Saintes-Maries", "les saintes maries"),
            ("L’Haÿ-les-Roses", "l hay les roses"),
            ("L'Haÿ-les-Roses", "l hay les roses"),
            ("Œuilly", "oeuilly"),
            ("NOGENT S/MARNE", "nogent sur marne"),
            ("NOGENT S/ MARNE", "nogent sur marne"),
            ("Nantes CEDEX 2", "nantes"),
            ("NANTES CEDEX", "nantes"),
            ("VILLENEUVE LES AVIGNON CED", "villeneuve les avignon"),
            ("Paris Cedex 15", "paris 15"),
            ("PARIS CEDEX 05", "paris 5"),
            ("PARIS CEDEX", "paris"),
            ("Lyon Cedex 9", "lyon 9"),
            ("MARSEILLE CEDEX 20", "marseille"),
            ("LYON CEDEX 10", "lyon"),
            ("PARIS 13 CEDEX 05", "paris 13"),
            ("PARIS LA DEFENSE CEDEX 2", "paris la defense"),
            ("Paris XIVe", "paris 14"),
            ("Paris XIVème arrondissement", "paris 14"),
            ("Lyon IIIe", "lyon 3"),
            ("Marseille Ier", "marseille 1"),
            ("Louis XIV", "louis xiv"),
            ("Paris 15", "paris 15"),
            ("Paris 15e Arrondissement", "paris 15"),
            ("PARIS 15EME ARRONDISSEMENT", "paris 15"),
            ("Paris 1er Arrondissement", "paris 1"),
            ("Lyon 03", "lyon 3"),
            ("Lyon 3ème", "lyon 3"),
            ("Marseille 13e", "marseille 13"),
            ("Arr", "arr"),
            ("  Château-Chinon (Ville) ", "chateau chinon ville"),
            ("", ""),
            ("CEDEX 2", ""),
            ("--", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(place_key(text), expected, "{text}");
            assert_eq!(place_key(expected), expected, "the key of a key is itself: {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_key_is_its_own_key(
            text in "((paris|Lyon|MARSEILLE|st|Ste|cedex|arr|s/|[a-zA-Z0-9éÉœ'/()-]{0,5})[ -]){0,5}"
        ) {
            let key = place_key(&text);
            proptest::prop_assert_eq!(place_key(&key), key.clone());
            proptest::prop_assert!(!key.contains("  ") && key.trim() == key);
        }
    }
}
