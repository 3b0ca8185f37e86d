//! Whole loads into a temporary directory; after each, everything in it must agree.

use shared::fhir::ResourceType;
use shared::store::{ChangeLog, Expected, NewChange, Prepared, StoreSettings};
use shared::validate::Strictness;
use tempfile::TempDir;

use super::*;
use crate::directory::open_store;
use crate::progress::Silent;
use crate::stats::{Stats, stats};
use crate::verify::verify;

const NOW: i64 = 1_800_000_000_000;

/// A data directory that is opened for each step, as the command does.
struct Bench {
    dir: TempDir,
    validator: Validator,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, validator: Validator::new(Strictness::WhereClaimed) }
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn settings() -> StoreSettings {
        StoreSettings { cache_bytes: 8 << 20, ..StoreSettings::default() }
    }

    fn open(&self) -> Directory {
        Directory::open(&self.data_dir(), &Self::settings(), Vec::new(), &Silent).unwrap()
    }

    fn try_load(&self, text: &[u8], mirror: bool, force: bool) -> Result<LoadReport, LoadError> {
        let input = self.dir.path().join("input.ndjson");
        std::fs::write(&input, text).unwrap();
        let options = LoadOptions {
            inputs: vec![input],
            mirror,
            force,
            quarantine: self.quarantine(),
            now_ms: NOW,
        };
        load(&mut self.open(), &self.validator, &options, &Silent)
    }

    /// Loads lines, checks that everything agrees, and gives the counts:
    /// read, written, unchanged, duplicate, quarantined, deleted.
    fn load(&self, lines: &[String]) -> [u64; 6] {
        let report = self.try_load(lines.join("\n").as_bytes(), false, false).unwrap();
        self.check();
        counts(&report)
    }

    fn quarantine(&self) -> PathBuf {
        self.dir.path().join("quarantine.ndjson")
    }

    /// Verifies the directory and returns its statistics.
    fn check(&self) -> Stats {
        let directory = self.open();
        let verification = verify(&directory.store, Some(&directory.generation)).unwrap();
        assert!(verification.is_sound(), "{verification}");
        let stats = stats(&directory.store, Some(&directory.generation), &[]).unwrap();
        assert!(stats.agree, "{stats}");
        stats
    }

    /// The stored document.
    fn text(&self, resource_type: ResourceType, id: &str) -> Option<String> {
        let store = open_store(&self.data_dir(), &Self::settings()).unwrap();
        let stored = store.read(store.key_of(resource_type, id).unwrap()?).unwrap()?;
        let mut json = Vec::new();
        store.decode(&stored, &mut json).unwrap();
        (!stored.header.deleted).then(|| String::from_utf8(json).unwrap())
    }
}

fn counts(report: &LoadReport) -> [u64; 6] {
    let LoadReport { read, written, unchanged, duplicate, quarantined, deleted, .. } = *report;
    assert_eq!(read, written + unchanged + duplicate + quarantined);
    [read, written, unchanged, duplicate, quarantined, deleted]
}

fn place(id: &str, name: &str) -> String {
    format!(r#"{{"resourceType":"Location","id":"{id}","name":"{name}"}}"#)
}

fn place_in(id: &str, organization: &str) -> String {
    format!(
        r#"{{"resourceType":"Location","id":"{id}","managingOrganization":{{"reference":"Organization/{organization}"}}}}"#
    )
}

fn organization(id: &str) -> String {
    format!(r#"{{"resourceType":"Organization","id":"{id}","name":"Organization {id}"}}"#)
}

#[test]
fn written_then_unchanged_then_updated() {
    let bench = Bench::new();
    let lines = [place("a", "one"), place("b", "one"), organization("o")];
    assert_eq!(bench.load(&lines), [3, 3, 0, 0, 0, 0]);
    assert_eq!(bench.load(&lines), [3, 0, 3, 0, 0, 0]);
    assert_eq!(bench.load(&[place("a", "two"), place("b", "one")]), [2, 1, 1, 0, 0, 0]);
    let a = bench.text(ResourceType::Location, "a").unwrap();
    let expected = r#"{"resourceType":"Location","id":"a","meta":{"versionId":"2","lastUpdated":"2027-01-15T08:00:00.000Z"},"name":"two"}"#;
    assert_eq!(a, expected);
    assert!(bench.text(ResourceType::Location, "b").unwrap().contains("\"versionId\":\"1\""));
    assert_eq!(bench.check().live, 3);
}

#[test]
fn the_last_of_repeated_documents_wins_with_one_version() {
    let bench = Bench::new();
    bench.load(&[place("known", "one")]);
    // Within one chunk, and over many.
    let mut lines = vec![
        place("a", "one"),
        place("a", "two"),
        place("known", "one"),
        place("known", "two"),
        place("changes-back", "x"),
    ];
    for i in 0..3 * CHUNK_DOCUMENTS {
        lines.push(place(&format!("filler-{}", i % (2 * CHUNK_DOCUMENTS)), "same"));
    }
    lines.push(place("a", "three"));
    lines.push(place("known", "two"));
    let read = lines.len() as u64;
    let written = 3 + 2 * CHUNK_DOCUMENTS as u64;
    assert_eq!(bench.load(&lines), [read, written, 0, read - written, 0, 0]);
    for (id, version, name) in [("a", 1, "three"), ("known", 2, "two")] {
        let text = bench.text(ResourceType::Location, id).unwrap();
        assert!(text.contains(&format!("\"versionId\":\"{version}\"")), "{text}");
        assert!(text.contains(name), "{text}");
    }
    // The last document is what stood before: no new version, though another one came between.
    let back = [place("known", "three"), place("known", "two")];
    assert_eq!(bench.load(&back), [2, 0, 1, 1, 0, 0]);
    // First the same, then another.
    let away = [place("known", "two"), place("known", "three")];
    assert_eq!(bench.load(&away), [2, 1, 0, 1, 0, 0]);
}

#[test]
fn the_source_instant_is_kept_unless_it_lies_ahead() {
    let bench = Bench::new();
    let with = |id: &str, updated: &str| {
        format!(
            r#"{{"resourceType":"Location","id":"{id}","meta":{{"lastUpdated":"{updated}"}},"name":"x"}}"#
        )
    };
    bench.load(&[with("past", "2024-02-03T04:05:06+01:00"), with("ahead", "2999-01-01T00:00:00Z")]);
    let text = |id| bench.text(ResourceType::Location, id).unwrap();
    assert!(text("past").contains("\"lastUpdated\":\"2024-02-03T04:05:06+01:00\""));
    assert!(text("ahead").contains("\"lastUpdated\":\"2027-01-15T08:00:00.000Z\""));
}

#[test]
fn refused_documents_are_kept_with_their_reasons() {
    let bench = Bench::new();
    let lines = [
        place("good", "x"),
        "not json".to_owned(),
        r#"{"resourceType":"Patient","id":"p"}"#.to_owned(),
        r#"{"resourceType":"Location","id":"bad id"}"#.to_owned(),
        r#"{"resourceType":"Location","name":"no id"}"#.to_owned(),
        r#"{"resourceType":"Location","id":"x","unknown":1}"#.to_owned(),
        r#"{"resourceType":"Location","id":"x","status":["active"]}"#.to_owned(),
    ];
    let report = bench.try_load(lines.join("\n").as_bytes(), false, false).unwrap();
    assert_eq!(counts(&report), [7, 1, 0, 0, 6, 0]);
    assert_eq!(report.quarantine, Some(bench.quarantine()));
    let quarantine = std::fs::read_to_string(bench.quarantine()).unwrap();
    let refused: Vec<serde_json::Value> =
        quarantine.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(refused.len(), 6);
    for (line, number) in refused.iter().zip(2..) {
        assert_eq!(line["line"], number);
        assert_eq!(line["document"], lines[number - 1]);
        assert!(!line["reasons"].as_array().unwrap().is_empty());
        assert!(line["source"].as_str().unwrap().ends_with("input.ndjson"));
    }
    bench.check();
}

#[test]
fn dangling_references_are_counted_and_not_fatal() {
    let bench = Bench::new();
    let lines = [
        place_in("a", "o"),
        place_in("b", "missing"),
        place_in("c", "missing"),
        organization("o"),
        place_in("d", "replaced"),
        place_in("d", "o"),
    ];
    let report = bench.try_load(lines.join("\n").as_bytes(), false, false).unwrap();
    let dangling = &report.dangling;
    assert_eq!((dangling.references, dangling.targets), (2, 1));
    assert_eq!(dangling.examples, ["Organization/missing"]);
    let stats = bench.check();
    assert_eq!(stats.dangling, *dangling);
    assert_eq!(stats.by_type["Organization"].referenced_only, 2);
    bench.load(&[organization("missing")]);
    assert_eq!(bench.check().dangling.references, 0);
}

#[test]
fn a_mirror_deletes_what_is_absent_but_not_much_unless_forced() {
    let bench = Bench::new();
    let all: Vec<String> = (0..40).map(|i| place(&i.to_string(), "x")).collect();
    bench.load(&all);
    let text = |lines: &[String]| lines.join("\n").into_bytes();

    let refused = bench.try_load(&text(&all[3..]), true, false);
    assert!(matches!(refused, Err(LoadError::Shrink { absent: 3, live: 40 })));
    assert_eq!(bench.check().live, 40);

    // Two of forty are 5 %; a refused document of a resource keeps it.
    let mut lines = all[3..].to_vec();
    lines.push(r#"{"resourceType":"Location","id":"2","unknown":1}"#.to_owned());
    let report = bench.try_load(&text(&lines), true, false).unwrap();
    assert_eq!(counts(&report), [38, 0, 37, 0, 1, 2]);
    assert_eq!(bench.text(ResourceType::Location, "1"), None);
    assert!(bench.text(ResourceType::Location, "2").is_some());
    assert_eq!(bench.check().by_type["Location"].deleted, 2);

    let report = bench.try_load(&text(&all[..1]), true, true).unwrap();
    assert_eq!(counts(&report), [1, 1, 0, 0, 0, 38]);
    let revived = bench.text(ResourceType::Location, "0").unwrap();
    assert!(revived.contains("\"versionId\":\"3\""), "{revived}");
    assert_eq!(bench.check().live, 1);
}

#[test]
fn a_load_that_fails_leaves_everything_as_it_was() {
    let bench = Bench::new();
    bench.load(&[place("a", "one")]);
    let before = bench.check();
    let mut text = place("a", "two");
    for i in 0..3_000 {
        text.push('\n');
        text.push_str(&place(&i.to_string(), "new"));
    }
    let whole = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let result = bench.try_load(&whole[..whole.len() - 4], false, false);
    assert!(matches!(result, Err(LoadError::Read(ReadError::Io { .. }))));
    let after = bench.check();
    assert_eq!((after.live, after.seq, &after.digest), (1, before.seq, &before.digest));
    assert!(bench.text(ResourceType::Location, "a").unwrap().contains("one"));
    assert_eq!(bench.load(&[place("a", "two")]), [1, 1, 0, 0, 0, 0]);
}

#[test]
fn an_index_behind_the_store_is_brought_up_and_a_lost_one_built() {
    let bench = Bench::new();
    bench.load(&[place("a", "one"), place("b", "one"), place_in("c", "o")]);
    // As after a crash between the two commits.
    let store = open_store(&bench.data_dir(), &Bench::settings()).unwrap();
    let document = Prepared::read(place("a", "two").as_bytes(), None).unwrap();
    let change = |id, document| NewChange {
        resource_type: ResourceType::Location,
        id,
        expected: Expected::Any,
        document,
        last_updated_ms: NOW,
    };
    store.append(&[change("a", Some(&document)), change("b", None)], NOW).unwrap();
    let generation =
        shared::index::Generation::current(&bench.data_dir(), store.codec().clone()).unwrap();
    let behind = verify(&store, generation.as_ref()).unwrap();
    assert_eq!(behind.problem_count, 3, "{behind}");
    drop((generation, store));
    assert_eq!(bench.check().live, 2);

    std::fs::remove_dir_all(bench.data_dir().join("generations")).unwrap();
    std::fs::remove_file(bench.data_dir().join("CURRENT")).unwrap();
    assert_eq!(bench.check().live, 2);
}

#[test]
fn damage_in_the_arena_is_found_and_rebuilt() {
    let bench = Bench::new();
    bench.load(&[place("a", "one"), place("b", "one")]);
    let generation = bench.open().generation.dir().to_owned();
    let path = generation.join("arena");
    let mut arena = std::fs::read(&path).unwrap();
    let last = arena.len() - 1;
    arena[last] ^= 1;
    std::fs::write(&path, arena).unwrap();
    let directory = bench.open();
    let damaged = verify(&directory.store, Some(&directory.generation)).unwrap();
    assert_eq!(damaged.problem_count, 1, "{damaged}");
    assert!(!stats(&directory.store, Some(&directory.generation), &[]).unwrap().agree);
    drop(directory);
    let rebuilt = Directory::rebuild(&bench.data_dir(), &Bench::settings(), &[], &Silent).unwrap();
    assert_eq!((rebuilt.resources, rebuilt.generation), (2, 2));
    assert_ne!(bench.open().generation.dir(), generation);
    bench.check();
}

#[test]
fn an_empty_load_makes_an_empty_directory() {
    let bench = Bench::new();
    assert_eq!(bench.load(&[]), [0; 6]);
    assert_eq!(bench.check().live, 0);
}
