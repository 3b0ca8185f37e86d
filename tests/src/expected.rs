//! What the oracle computed: expected sets, sort keys and reference points, with the digests of
//! everything they were computed from, so that stale results are found out.
//!
//! `tests/oracle/oracle.mjs` writes `tests/scenarios/expected.json`; this only reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::sample::{Sample, decompressed, repository, sample_files};

/// How to compute the expected results again, the hint of every staleness failure.
pub const HINT: &str = "run `npm install --no-package-lock && npm start` in tests/oracle";

/// The oracle's results.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// File name (from the repository's root) to `crc32:<hex>` of its (decompressed) bytes.
    pub inputs: BTreeMap<String, String>,
    /// Results by entry id.
    pub entries: BTreeMap<String, Results>,
}

/// Results for one entry.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Results {
    /// Results of `match-set-equals` and `match-set-equals-ids`.
    pub matches: Option<Ids>,
    /// Results of `every-match` and `every-match-has-referrer`: the ids allowed.
    pub allowed: Option<Ids>,
    /// Results of `match-set-equals-geo`.
    pub geo: Option<Geo>,
    /// Results of `sorted`: the deciding value by id; resources without value are absent.
    pub sort_keys: Option<BTreeMap<String, String>>,
}

/// A set of ids of one type, written the shorter way.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Ids {
    /// These ids.
    Only {
        /// The ids.
        ids: BTreeSet<String>,
    },
    /// All ids of the type except these.
    AllBut {
        /// The ids left out.
        all_but: BTreeSet<String>,
    },
}

/// A geographic set: sure ids, and ids so near the edge that both answers are right.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geo {
    /// Latitude and longitude of the center used.
    pub center: [f64; 2],
    /// Ids surely inside.
    pub inside: BTreeSet<String>,
    /// Ids within the tolerance of the edge.
    pub edge: BTreeSet<String>,
}

impl Ids {
    /// The set written out, for resources of `resource_type`.
    pub fn of(&self, sample: &Sample, resource_type: &str) -> BTreeSet<String> {
        match self {
            Ids::Only { ids } => ids.clone(),
            Ids::AllBut { all_but } => {
                sample.ids(resource_type).into_iter().filter(|id| !all_but.contains(id)).collect()
            }
        }
    }
}

/// Compares the digests the oracle noted with the files as they are now.
///
/// # Errors
/// Names every input that changed, was added or is gone, with the hint.
pub fn assert_fresh(expected: &Expected) -> Result<(), String> {
    let now = inputs();
    let names: BTreeSet<&String> = now.keys().chain(expected.inputs.keys()).collect();
    let changed: Vec<String> = names
        .into_iter()
        .filter(|name| now.get(*name) != expected.inputs.get(*name))
        .cloned()
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    Err(format!("expected.json is older than {}: {HINT}", changed.join(", ")))
}

/// Digests of everything the expected results depend on.
fn inputs() -> BTreeMap<String, String> {
    let root = repository();
    let mut inputs = BTreeMap::new();
    for path in sample_files() {
        inputs.insert(relative(&root, &path), digest(&decompressed(&path)));
    }
    for name in [
        "shared/assets/geo/gazetteer.tsv.zst",
        "tests/oracle/aliases.json",
        "tests/scenarios/scenarios.json",
        "tests/scenarios/vars.json",
    ] {
        let bytes = fs::read(root.join(name)).unwrap_or_default();
        inputs.insert(name.to_owned(), digest(&bytes));
    }
    inputs
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn digest(bytes: &[u8]) -> String {
    format!("crc32:{:08x}", crc32fast::hash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_are_written_the_shorter_way() {
        let sample = Sample::new(vec![
            json!({"resourceType": "Task", "id": "a"}),
            json!({"resourceType": "Task", "id": "b"}),
        ]);
        let rows = [(json!({"ids": ["b"]}), vec!["b"]), (json!({"all_but": ["b"]}), vec!["a"])];
        for (written, expected) in rows {
            let ids: Ids = serde_json::from_value(written).unwrap();
            assert_eq!(ids.of(&sample, "Task").into_iter().collect::<Vec<_>>(), expected);
        }
    }
}
