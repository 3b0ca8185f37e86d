//! Where bytes from outside enter, each as one function that must neither panic nor contradict itself:
//! for the fuzz targets of `fuzz/`, and for the tests here, which change the corpus of hostile requests
//! at random. Compiled for them alone.

use shared::access::Access;
use shared::extract::extract;
use shared::fhir::ResourceType;
use shared::validate::{self, Strictness, Validator};

use crate::parse::{self, Scope};
use crate::plan::{self, PlanContext};
use crate::write::{self, patch};

const BASE_URL: &str = "https://ror.example/fhir";
/// 2026-01-01, in milliseconds since 1970.
const NOW_MS: i64 = 1_767_225_600_000;
const TARGET: &str = r#"{"resourceType":"Location","id":"target","extension":[{"url":"http://x","valueInteger":1}],"identifier":[{"value":"a"},{"value":"b"}],"name":"Place","position":{"longitude":2.50,"latitude":48}}"#;

/// JSON → resource → search values, as a write and a load do it.
///
/// # Panics
/// When what holds does not: a finding.
pub fn document(bytes: &[u8]) {
    let validator = Validator::new(Strictness::Strict);
    if let Ok(incoming) = write::read(bytes.to_vec(), &validator) {
        let extracted = extract(&incoming.value, &[BASE_URL]);
        assert!(extracted.is_some() || incoming.id.is_none(), "a valid resource is not indexed");
    }
    if let Ok(value) = validate::parse(bytes) {
        let issues = validator.validate(&value);
        assert!(issues.iter().all(|issue| !issue.diagnostics.is_empty()), "an issue says nothing");
    }
}

/// A PATCH body, in both languages, on a small resource.
///
/// # Panics
/// When what holds does not: a finding.
pub fn patch(bytes: &[u8]) {
    let limits = patch::Limits::default();
    for patch in [patch::Patch::fhir(bytes, limits), patch::Patch::json(bytes, limits)] {
        let patched =
            patch.and_then(|patch| patch::apply(ResourceType::Location, TARGET.as_bytes(), &patch));
        if let Ok(patched) = patched {
            let value: serde_json::Value =
                serde_json::from_slice(&patched).expect("a patched document is JSON");
            assert_eq!(value["resourceType"], "Location");
            assert_eq!(value["id"], "target");
        }
    }
}

/// A query string or form.
///
/// # Panics
/// When what holds does not: a finding.
pub fn query(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for scope in [Scope::System, Scope::Type(ResourceType::HealthcareService)] {
        let context = parse::Context {
            now_ms: NOW_MS,
            base_urls: &[BASE_URL],
            limits: parse::Limits::default(),
        };
        let (request, issues) = parse::search_request(scope, &text, &context);
        assert!(issues.iter().all(|issue| !issue.diagnostics.is_empty()), "an issue says nothing");
        if issues.iter().any(shared::error::Issue::is_error) {
            continue;
        }
        let context = PlanContext::new(Access::full(), request.correlation, 1_000);
        // A plan may be refused as too costly.
        let _planned = plan::search(&request, context);
    }
}

/// The text of a `_filter`.
pub fn filter(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
    query(format!("_filter={encoded}").as_bytes());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::collection::vec;
    use proptest::prelude::*;

    /// One change of the bytes: what, where, with which byte.
    type Change = (u8, u16, u8);

    /// What makes parsers stumble.
    const PIECES: [&[u8]; 12] = [
        b"\"",
        b"\\u0000",
        b"{",
        b"}",
        b"[",
        b"]",
        b"\xff",
        b"%",
        b",",
        b"-",
        b"1e999",
        b"\xe2\x80",
    ];

    fn changed(seed: &[u8], changes: &[Change]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for (what, at, byte) in changes {
            let at = usize::from(*at) % (bytes.len() + 1);
            let end = (at + 1 + usize::from(byte % 16)).min(bytes.len());
            match what % 5 {
                0 if at < bytes.len() => bytes[at] = *byte,
                1 => bytes.insert(at, *byte),
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece.repeat(3));
                }
                _ => {
                    let piece = PIECES[usize::from(*byte) % PIECES.len()];
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
        bytes
    }

    fn corpus(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/hostile").join(path)
    }

    fn files(folder: &str) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(corpus(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> = entries.collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    fn lines(file: &str) -> Vec<Vec<u8>> {
        let text = fs::read_to_string(corpus(file)).unwrap();
        text.lines().map(|line| line.as_bytes().to_vec()).collect()
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        vec((any::<u8>(), any::<u16>(), any::<u8>()), 0..6)
    }

    fn one_of(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
        (proptest::sample::select(seeds), changes())
            .prop_map(|(seed, edits)| changed(&seed, &edits))
    }

    fn documents() -> Vec<Vec<u8>> {
        let mut seeds = files("bodies");
        seeds.push(super::TARGET.as_bytes().to_vec());
        seeds
    }

    fn queries() -> Vec<Vec<u8>> {
        let query = |line: Vec<u8>| line.split(|byte| *byte == b'?').next_back().unwrap().to_vec();
        lines("queries.txt").into_iter().map(query).collect()
    }

    proptest! {
        #[test]
        fn documents_are_read_or_refused(bytes in one_of(documents())) {
            super::document(&bytes);
        }

        #[test]
        fn patches_are_applied_or_refused(bytes in one_of(files("patches"))) {
            super::patch(&bytes);
        }

        #[test]
        fn paths_are_followed_or_refused(path in one_of(lines("paths.txt")), value in 0..9_u8) {
            let path = serde_json::to_string(&String::from_utf8_lossy(&path)).unwrap();
            let operation = ["add", "replace", "delete"][usize::from(value) % 3];
            super::patch(format!(
                r#"{{"resourceType":"Parameters","parameter":[{{"name":"operation","part":[{{"name":"type","valueCode":"{operation}"}},{{"name":"path","valueString":{path}}},{{"name":"name","valueString":"name"}},{{"name":"value","valueString":"x"}}]}}]}}"#
            ).as_bytes());
        }

        #[test]
        fn queries_are_understood_or_refused(bytes in one_of(queries())) {
            super::query(&bytes);
        }

        #[test]
        fn filters_are_understood_or_refused(bytes in one_of(lines("filters.txt"))) {
            super::filter(&bytes);
        }
    }
}
