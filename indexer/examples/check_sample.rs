//! Runs the project's validator over NDJSON files (plain or zst) and counts its findings by rule:
//! `cargo run -p indexer --example check_sample -- FILE…`.

use std::collections::BTreeMap;

use shared::validate::{Strictness, Validator};

fn main() -> anyhow::Result<()> {
    for strictness in [Strictness::WhereClaimed, Strictness::Strict] {
        let validator = Validator::new(strictness);
        let mut counts: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut documents = 0;
        for path in std::env::args().skip(1) {
            let bytes = std::fs::read(&path)?;
            let bytes =
                if path.ends_with(".zst") { zstd::decode_all(bytes.as_slice())? } else { bytes };
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                documents += 1;
                let document: serde_json::Value = serde_json::from_slice(line)?;
                for finding in validator.findings(&document) {
                    let key = format!(
                        "{:?} {} {}",
                        finding.issue.severity, document["resourceType"], finding.rule
                    );
                    let example = format!("{} {:?}", document["id"], finding.issue);
                    counts.entry(key).or_insert((0, example)).0 += 1;
                }
            }
        }
        eprintln!("{strictness:?}: {documents} documents");
        for (key, (count, example)) in counts {
            eprintln!(
                "{count:6} {key}\n         {}",
                example.chars().take(420).collect::<String>()
            );
        }
    }
    Ok(())
}
