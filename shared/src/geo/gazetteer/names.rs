//! The names of communes, sorted by their comparison key, for exact and prefix lookups.

use super::{Commune, FormerCommune};
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
                entries.push(Entry { key: key.into(), kind: Kind::Shortened, commune });
            }
            entries.push(Entry { key: key.into(), kind: Kind::Own, commune });
        }
        for record in former.iter().filter(|f| !f.name.is_empty()) {
            let Ok(commune) = communes.binary_search_by(|c| c.code.cmp(record.current)) else {
                continue;
            };
            let key = place_key(record.name).into();
            entries.push(Entry { key, kind: Kind::Former, commune: commune as u32 });
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
