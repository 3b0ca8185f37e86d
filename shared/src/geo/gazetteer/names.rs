//! The names of communes, sorted by their comparison key, for exact and prefix lookups.

use super::Commune;
use super::slips::edits;
use crate::geo::place_key;

/// How a key names its commune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The name in force.
    Own,
    /// The name without its article or its parenthesis.
    Shortened,
    /// A name that this commune, or one merged into it, had once.
    Former,
}

/// The communes of a name, largest first.
#[derive(Debug)]
pub(super) struct Named {
    /// Those that have it now.
    direct: Vec<&'static Commune>,
    /// Those that hold the territory of one that had it, and are none of the others.
    former: Vec<&'static Commune>,
}

impl Named {
    pub(super) fn new(direct: Vec<&'static Commune>, mut former: Vec<&'static Commune>) -> Self {
        former.retain(|f| direct.iter().all(|d| d.code != f.code));
        Self { direct, former }
    }

    /// All of them, those that have the name now first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static Commune> {
        self.direct.iter().chain(&self.former).copied()
    }

    /// Those that may be meant: a commune that is no more is left out when one that has the name now has more
    /// people than all that the former one is part of today (Laval, and Laval-en-Belledonne of a thousand).
    pub(super) fn meant(&self) -> Vec<&'static Commune> {
        let is_meant = |f: &&Commune| self.direct.iter().all(|d| d.population < f.population);
        let former = self.former.iter().copied().filter(is_meant);
        self.direct.iter().copied().chain(former).collect()
    }

    /// Those that may be meant where the department is known.
    pub(super) fn meant_in(&self, department: &str) -> Vec<&'static Commune> {
        self.meant_where(|commune| commune.department == department)
    }

    /// Those that may be meant among the communes that fit.
    pub(super) fn meant_where(&self, fits: impl Fn(&Commune) -> bool) -> Vec<&'static Commune> {
        let fitting = |communes: &[&'static Commune]| {
            communes.iter().copied().filter(|commune| fits(commune)).collect()
        };
        Self { direct: fitting(&self.direct), former: fitting(&self.former) }.meant()
    }
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
    /// The names of communes, and former ones, each with the code of the commune of today.
    pub(super) fn new<'a>(
        communes: &[Commune],
        former: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut entries = Vec::with_capacity(communes.len() + communes.len() / 4);
        for (commune, record) in (0u32..).zip(communes) {
            let key = place_key(record.name);
            let without_article = without_article(&key).map(str::to_owned);
            for key in without_article.into_iter().chain(without_parenthesis(record.name)) {
                entries.push(Entry::new(&key, Kind::Shortened, commune));
            }
            entries.push(Entry::new(&key, Kind::Own, commune));
        }
        for (current, name) in former.filter(|(_, name)| !name.is_empty()) {
            let Ok(commune) = communes.binary_search_by(|c| c.code.cmp(current)) else {
                continue;
            };
            entries.push(Entry::new(&place_key(name), Kind::Former, commune as u32));
        }
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        Self { entries }
    }

    /// The communes the whole key names: by its most direct kind of name in force, and by former ones.
    pub(super) fn exact(&self, key: &str) -> (Vec<u32>, Vec<u32>) {
        let start = self.entries.partition_point(|e| *e.key < *key);
        let found = || self.entries[start..].iter().take_while(|e| *e.key == *key);
        let of = |kind: Kind| -> Vec<u32> {
            found().filter(|e| e.kind == kind).map(|e| e.commune).collect()
        };
        let direct = match of(Kind::Own) {
            own if own.is_empty() => of(Kind::Shortened),
            own => own,
        };
        (direct, of(Kind::Former))
    }

    /// The communes whose name in force is the key.
    pub(super) fn own(&self, key: &str) -> Vec<u32> {
        let found = self.beginning(key).take_while(|e| *e.key == *key);
        found.filter(|e| e.kind == Kind::Own).map(|e| e.commune).collect()
    }

    /// The communes a name of which, former ones apart, begins with the key; some twice.
    pub(super) fn starting_with(&self, key: &str) -> Vec<u32> {
        self.beginning(key).filter(|e| e.kind != Kind::Former).map(|e| e.commune).collect()
    }

    /// The communes a name of which, former ones apart, ends with the text; some twice.
    pub(super) fn ending_with(&self, end: &str) -> Vec<u32> {
        let ending = self.entries.iter().filter(|e| e.kind != Kind::Former && e.key.ends_with(end));
        ending.map(|e| e.commune).collect()
    }

    /// The communes a former name of which begins with the key; some twice.
    pub(super) fn formerly_starting_with(&self, key: &str) -> Vec<u32> {
        self.beginning(key).filter(|e| e.kind == Kind::Former).map(|e| e.commune).collect()
    }

    fn beginning(&self, key: &str) -> impl Iterator<Item = &Entry> {
        let start = self.entries.partition_point(|e| *e.key < *key);
        self.entries[start..].iter().take_while(move |e| e.key.starts_with(key))
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
        near.filter_map(|entry| Some((entry.commune, edits(&entry.key, key, max)?))).collect()
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

/// The key without the article it begins with, if it does.
pub(super) fn without_article(key: &str) -> Option<&str> {
    ["le ", "la ", "les ", "l "].iter().find_map(|article| key.strip_prefix(article))
}

fn without_parenthesis(name: &str) -> Option<String> {
    name.split_once('(').map(|(before, _)| place_key(before))
}
