//! The reviewed table that says which activity a category, a bed discipline or a price stands for.
//!
//! The table is `assets/import-activities.csv`, explained in its head; nothing about activities is in code.

use std::sync::LazyLock;

use shared::text::fold;

/// What a line of the table is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Category,
    Beds,
    Visits,
    Price,
}

/// A line of the table: an offer (when it has an activity) and its place.
#[derive(Debug)]
pub(super) struct Activity {
    pub origin: Origin,
    pub key: &'static str,
    words: Vec<&'static str>,
    pub name: &'static str,
    /// The activity (`TRE_R211`); none where the nomenclature has no fitting one.
    pub code: Option<&'static str>,
    pub mode: &'static str,
    pub field: &'static str,
    pub offer: Option<&'static str>,
    pub place: &'static str,
    pub kind: Option<&'static str>,
    pub stay: Option<&'static str>,
    pub age_min: u32,
    pub age_max: u32,
    pub sensitive: bool,
}

impl Activity {
    /// The last part of the ids of what the line gives: `beds-surgery`, `category`.
    pub(super) fn slug(&self) -> String {
        match self.origin {
            Origin::Category => "category".to_owned(),
            Origin::Beds | Origin::Visits | Origin::Price => self.key.replace('_', "-"),
        }
    }
}

/// The whole table, in its order.
pub(super) fn activities() -> &'static [Activity] {
    static TABLE: LazyLock<Vec<Activity>> = LazyLock::new(|| {
        let lines = include_str!("../../assets/import-activities.csv").lines();
        lines.filter(|line| !line.starts_with('#')).skip(1).map(parse).collect()
    });
    &TABLE
}

/// The line a category and a name stand for: the first that holds.
pub(super) fn of_category(category: &str, name: &str) -> Option<&'static Activity> {
    let name = fold(name);
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    activities().iter().find(|line| {
        line.origin == Origin::Category
            && line.key == category
            && (line.words.is_empty() || line.words.iter().any(|word| words.contains(word)))
    })
}

fn parse(line: &'static str) -> Activity {
    let cells: Vec<&'static str> = line.split(',').collect();
    let [on, key, words, name, activity, mode, field, offer, place, kind, stay, low, high, secret] =
        cells.as_slice()
    else {
        panic!("assets/import-activities.csv: fourteen cells expected in {line:?}");
    };
    let filled = |cell: &'static str| Some(cell).filter(|cell| !cell.is_empty());
    let age = |cell: &str| cell.parse().expect("the table's ages are whole numbers");
    Activity {
        origin: match *on {
            "category" => Origin::Category,
            "beds" => Origin::Beds,
            "visits" => Origin::Visits,
            "price" => Origin::Price,
            other => panic!("assets/import-activities.csv: unknown origin {other:?}"),
        },
        key,
        words: words.split('+').filter(|word| !word.is_empty()).collect(),
        name,
        code: filled(activity),
        mode,
        field,
        offer: filled(offer),
        place,
        kind: filled(kind),
        stay: filled(stay),
        age_min: age(low),
        age_max: age(high),
        sensitive: *secret == "yes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_choose_the_line() {
        let rows = [
            ("156", "CMP ENFANTS DU BEAUVAISIS", Some("227")),
            ("156", "CMP BEAUVAIS ADULTE", Some("229")),
            ("500", "EHPAD Les Pins", Some("293")),
            ("355", "CH DE FLEYRIAT", None),
        ];
        for (category, name, expected) in rows {
            assert_eq!(of_category(category, name).and_then(|line| line.code), expected, "{name}");
        }
    }
}
