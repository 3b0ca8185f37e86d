//! Text folding of the oracle: lower case, no accents, `œ` and `æ` spelled out.
//!
//! Written apart from the product's folding on purpose, so that each can find the other wrong.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Folds `text` for comparison: `"Cœur À"` becomes `"coeur a"`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for decomposed in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        for lower in decomposed.to_lowercase() {
            match lower {
                'œ' => folded.push_str("oe"),
                'æ' => folded.push_str("ae"),
                other => folded.push(other),
            }
        }
    }
    folded
}

/// Splits folded text into words at everything that is neither letter nor digit.
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether two words differ by at most one insertion, deletion, replacement or swap of neighbors.
pub fn within_one_typo(left: &str, right: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let prefix = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    let swapped = a.len() == 2 && b.len() == 2 && a[0] == b[1] && a[1] == b[0];
    (a.len() <= 1 && b.len() <= 1) || swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding() {
        let rows = [("Cœur À", "coeur a"), ("ÉTÉ", "ete"), ("Ægir", "aegir"), ("ﬁn", "fin")];
        for (text, folded) in rows {
            assert_eq!(fold(text), folded);
        }
        assert_eq!(words("L'Haÿ-les-Roses 94"), ["l", "hay", "les", "roses", "94"]);
    }

    #[test]
    fn typos() {
        let near = [("cardio", "cardio"), ("cardio", "cardo"), ("cardio", "cadrio"), ("a", "b")];
        for (left, right) in near {
            assert!(within_one_typo(left, right), "{left} {right}");
        }
        for (left, right) in [("cardio", "radio1"), ("abc", "cba"), ("ab", "")] {
            assert!(!within_one_typo(left, right), "{left} {right}");
        }
    }
}
