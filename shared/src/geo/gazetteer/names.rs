//! The names of communes, sorted by their comparison key, for exact and prefix lookups.

use super::{Commune, FormerCommune, reading};
use crate::geo::place_key;

/// How directly a key names its commune; a lower kind answers before a higher one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The name in force.
    Own,
    /// The name without its article or its parenthesis.
    Shortened,
    /// The name of a commune merged into this one.
    Former,
}

#[derive(Debug)]
struct Entry {
    key: Box<str>,
    kind: Kind,
    commune: u32,
    /// The letters of the key, one bit each: one edit changes at most two of them.
    letters: u32,
}

impl Entry {
    fn new(key: &str, kind: Kind, commune: u32) -> Self {
        Self { key: key.into(), kind, commune, letters: letters(key) }
    }
}

fn letters(key: &str) -> u32 {
    key.bytes().fold(0, |letters, byte| letters | 1 << (byte & 31))
}

/// Every name of every commune, by key.
#[derive(Debug)]
pub(super) struct NameIndex {
    entries: Vec<Entry>,
}

impl NameIndex {
    pub(super) fn new(communes: &[Commune], former: &[FormerCommune]) -> Self {
        let mut entries = Vec::with_capacity(communes.len() + communes.len() / 4);
        for (commune, record) in (0u32..).zip(communes) {
            let key = place_key(record.name);
            let without_article = without_article(&key).map(str::to_owned);
            for key in without_article.into_iter().chain(without_parenthesis(record.name)) {
                entries.push(Entry::new(&key, Kind::Shortened, commune));
            }
            entries.push(Entry::new(&key, Kind::Own, commune));
        }
        for record in former.iter().filter(|f| !f.name.is_empty()) {
            let Ok(commune) = communes.binary_search_by(|c| c.code.cmp(record.current)) else {
                continue;
            };
            entries.push(Entry::new(&place_key(record.name), Kind::Former, commune as u32));
        }
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Self { entries }
    }

    /// The communes the whole key names, by its most direct kind.
    pub(super) fn exact(&self, key: &str) -> Vec<u32> {
        let start = self.entries.partition_point(|e| *e.key < *key);
        let found = || self.entries[start..].iter().take_while(|e| *e.key == *key);
        let Some(kind) = found().map(|e| e.kind).min() else { return Vec::new() };
        found().filter(|e| e.kind == kind).map(|e| e.commune).collect()
    }

    /// The communes a name of which, former ones apart, begins with the key; some twice.
    pub(super) fn starting_with(&self, key: &str) -> Vec<u32> {
        let start = self.entries.partition_point(|e| *e.key < *key);
        self.entries[start..]
            .iter()
            .take_while(|e| e.key.starts_with(key))
            .filter(|e| e.kind != Kind::Former)
            .map(|e| e.commune)
            .collect()
    }
}

impl NameIndex {
    /// The communes a name of which is one to `max` letters away from the key, with how many.
    pub(super) fn within_edits(&self, key: &str, max: usize) -> Vec<(u32, usize)> {
        if max == 0 {
            return Vec::new();
        }
        let typed = letters(key);
        let near = self.entries.iter().filter(|entry| {
            entry.key.len().abs_diff(key.len()) <= max
                && (entry.letters ^ typed).count_ones() as usize <= 2 * max
        });
        near.filter_map(|entry| Some((entry.commune, reading::edits(&entry.key, key, max)?)))
            .collect()
    }
}

/// When the last word of a key was an abbreviation now written out, the key as it was typed.
pub(super) fn unfinished_abbreviation(key: &str) -> Option<String> {
    let (before, last) = key.rsplit_once(' ').map_or(("", key), |(b, l)| (b, l));
    let typed = match last {
        "saint" => "st",
        "sainte" => "ste",
        "saints" => "sts",
        "saintes" => "stes",
        _ => return None,
    };
    let separator = if before.is_empty() { "" } else { " " };
    Some(format!("{before}{separator}{typed}"))
}

fn without_article(key: &str) -> Option<&str> {
    ["le ", "la ", "les ", "l "].iter().find_map(|article| key.strip_prefix(article))
}

fn without_parenthesis(name: &str) -> Option<String> {
    name.split_once('(').map(|(before, _)| place_key(before))
}
