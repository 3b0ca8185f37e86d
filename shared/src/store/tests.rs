//! The store as its users see it.

use std::path::Path;
use std::time::Duration;

use super::*;

const NOW: i64 = 1_800_000_000_000;

fn settings() -> StoreSettings {
    StoreSettings { cache_bytes: 8 << 20, ..StoreSettings::default() }
}

fn open(path: &Path) -> Store {
    Store::open(path, &settings()).unwrap()
}

fn task(id: &str, content: &str) -> Prepared {
    let source = format!(r#"{{"resourceType":"Task","id":"{id}","description":"{content}"}}"#);
    Prepared::read(source.as_bytes(), None).unwrap()
}

fn change<'a>(id: &'a str, expected: Expected, document: Option<&'a Prepared>) -> NewChange<'a> {
    let resource_type = ResourceType::Task;
    NewChange { resource_type, id, expected, document, last_updated_ms: NOW }
}

fn put(store: &Store, id: &str, content: &str) -> Change {
    let document = task(id, content);
    store.append(&[change(id, Expected::Any, Some(&document))], NOW).unwrap()[0]
}

fn text(store: &Store, id: &str) -> Option<String> {
    let key = store.key_of(ResourceType::Task, id).unwrap()?;
    let stored = store.read(key).unwrap()?;
    let mut out = Vec::new();
    store.decode(&stored, &mut out).unwrap();
    Some(String::from_utf8(out).unwrap())
}

/// Everything a reader can see, for comparing a store with itself.
fn contents(store: &Store) -> Vec<String> {
    let resources = store.resources().map(|r| r.unwrap()).filter(|(_, _, head)| head.is_some());
    let mut lines: Vec<String> = resources
        .flat_map(|(key, identity, head)| {
            let versions = store.history(key).map(move |v| {
                let v = v.unwrap();
                format!("{identity} {head:?} {} {:?} {:?}", v.version, v.header, v.blob())
            });
            versions.collect::<Vec<_>>()
        })
        .collect();
    lines.extend(store.tail(0).map(|change| format!("{:?}", change.unwrap())));
    lines
}

#[test]
fn versions_heads_and_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("documents"));
    let first = put(&store, "a", "one");
    assert_eq!((first.seq, first.kind, first.key, first.version), (1, ChangeKind::Create, 0, 1));
    let second = put(&store, "a", "two");
    assert_eq!(
        (second.seq, second.kind, second.key, second.version),
        (2, ChangeKind::Update, 0, 2)
    );
    let gone = store.append(&[change("a", Expected::Version(2), None)], NOW).unwrap()[0];
    assert_eq!((gone.kind, gone.version), (ChangeKind::Delete, 3));
    let revived = put(&store, "a", "four");
    assert_eq!((revived.kind, revived.version), (ChangeKind::Create, 4));

    let history: Vec<_> = store.history(0).map(|v| v.unwrap()).collect();
    let summary: Vec<_> = history.iter().map(|v| (v.version, v.header.deleted)).collect();
    assert_eq!(summary, [(4, false), (3, true), (2, false), (1, false)]);
    let mut out = Vec::new();
    store.decode(&store.read_version(0, 2).unwrap().unwrap(), &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"resourceType":"Task","id":"a","meta":{"versionId":"2","lastUpdated":"2027-01-15T08:00:00.000Z"},"description":"two"}"#
    );
    assert!(store.read_version(0, 9).unwrap().is_none());
    assert!(store.read(77).unwrap().is_none());
    assert_eq!(store.key_of(ResourceType::Measure, "a").unwrap(), None, "types do not mix");
    assert_eq!(store.identity(0).unwrap().unwrap().to_string(), "Task/a");
}

#[test]
fn writes_expect_a_state() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("documents"));
    let document = task("a", "x");
    let attempt = |expected| store.append(&[change("a", expected, Some(&document))], NOW);
    assert!(matches!(
        attempt(Expected::Version(1)),
        Err(StoreError::Conflict { actual: None, .. })
    ));
    assert!(attempt(Expected::Absent).is_ok());
    assert!(matches!(attempt(Expected::Absent), Err(StoreError::Conflict { actual: Some(1), .. })));
    assert!(attempt(Expected::Version(1)).is_ok());
    assert!(attempt(Expected::Version(1)).is_err());
    store.append(&[change("a", Expected::Version(2), None)], NOW).unwrap();
    assert!(attempt(Expected::Version(3)).is_err(), "a deleted resource has no version to match");
    assert!(attempt(Expected::Absent).is_ok());
    assert_eq!(store.last_seq(), 4);
    let nothing = store.append(&[change("never", Expected::Any, None)], NOW).unwrap();
    assert!(nothing.is_empty(), "deleting what is not there changes nothing");
}

#[test]
fn a_batch_is_all_or_nothing_and_sees_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("documents"));
    put(&store, "a", "old");
    let before = contents(&store);
    let (a, b) = (task("a", "new"), task("b", "new"));
    let failed = store.append(
        &[change("b", Expected::Absent, Some(&b)), change("a", Expected::Absent, Some(&a))],
        NOW,
    );
    assert!(failed.is_err());
    assert_eq!(contents(&store), before);
    assert_eq!(store.key_of(ResourceType::Task, "b").unwrap(), None);

    let changes = store
        .append(
            &[
                change("b", Expected::Absent, Some(&b)),
                change("b", Expected::Version(1), Some(&b)),
                change("b", Expected::Version(2), None),
            ],
            NOW,
        )
        .unwrap();
    assert_eq!(changes.iter().map(|c| c.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(changes.iter().map(|c| c.seq).collect::<Vec<_>>(), [2, 3, 4]);
}

#[test]
fn a_key_can_be_given_before_its_resource() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    let key = store.ensure_key(ResourceType::Task, "later").unwrap();
    assert_eq!(store.ensure_key(ResourceType::Task, "later").unwrap(), key);
    assert_ne!(store.ensure_key(ResourceType::Measure, "later").unwrap(), key);
    assert_eq!((store.last_seq(), store.key_count()), (0, 2));
    drop(store);
    let store = open(&path);
    assert_eq!(put(&store, "later", "x").key, key);
}

#[test]
fn stamps_increase_even_when_the_clock_goes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    let mut batch = store.begin();
    assert_eq!(batch.stamp(1_000), 1_000);
    assert_eq!(batch.stamp(1_000), 1_001);
    assert_eq!(batch.stamp(5), 1_002);
    batch.commit(NOW).unwrap();
    drop(store);
    assert_eq!(open(&path).begin().stamp(0), 1_003);
}

#[test]
fn reopening_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    let samples: Vec<_> =
        (0..2_000).map(|i| task(&i.to_string(), "sample").with_meta(1, i)).collect();
    assert!(store.train(ResourceType::Task, &samples).unwrap());
    assert!(!store.train(ResourceType::Measure, &samples[..1]).unwrap());
    for i in 0..50 {
        put(&store, &format!("t{}", i % 20), &format!("content {i}"));
    }
    let before = contents(&store);
    drop(store);
    let store = open(&path);
    assert_eq!(contents(&store), before);
    assert!(text(&store, "t9").unwrap().contains("content 49"));
    assert!(store.codec().has_dictionary(ResourceType::Task));
    assert_eq!((store.key_count(), store.last_seq()), (20, 50));
    assert_eq!(put(&store, "new", "x").key, 20);
}

#[test]
fn the_log_is_tailed_in_order_and_by_range() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("documents"));
    for i in 0..300 {
        put(&store, &i.to_string(), "x");
    }
    let seqs = |from| store.tail(from).map(|c| c.unwrap().seq).collect::<Vec<_>>();
    assert_eq!(seqs(0), (1..=300).collect::<Vec<_>>());
    assert_eq!(seqs(255), (255..=300).collect::<Vec<_>>());
    assert!(seqs(301).is_empty());
    assert!(seqs(u64::MAX).is_empty());
    let newest: Vec<_> = store.changes(1..=299).rev().take(3).map(|c| c.unwrap().seq).collect();
    assert_eq!(newest, [299, 298, 297]);
}

/// Writes documents in a load, each `(id, content)` on its own, as a careless source would repeat them.
fn load(store: &Store, documents: &[(&str, &str)]) -> Seq {
    let mut load = store.begin_load(NOW).unwrap();
    for (id, content) in documents {
        load_one(store, &mut load, id, content);
    }
    load.close().unwrap()
}

fn load_one(store: &Store, load: &mut Load<'_>, id: &str, content: &str) {
    load_together(store, load, &[id.to_owned()], content);
}

/// Writes documents of different resources at once.
fn load_together(store: &Store, load: &mut Load<'_>, ids: &[String], content: &str) {
    let encoded = ids.iter().map(|id| {
        let document = task(id, content);
        let key = load.identities().allocate(ResourceType::Task, id).unwrap();
        load.identities().allocate(ResourceType::Location, &format!("place-{id}")).unwrap();
        let (_, slot) = load.slot(key).unwrap();
        let bytes = document.with_meta(slot.version, NOW);
        let blob = store.codec().encode(ResourceType::Task, &bytes).unwrap();
        (key, slot, document.digest(), blob)
    });
    let encoded: Vec<_> = encoded.collect();
    let versions = ids.iter().zip(&encoded).map(|(id, (key, slot, digest, blob))| LoadVersion {
        key: *key,
        resource_type: ResourceType::Task,
        id,
        slot: *slot,
        last_updated_ms: NOW,
        digest: *digest,
        blob: Some(blob),
    });
    let versions: Vec<_> = versions.collect();
    load.write(&versions).unwrap();
}

#[test]
fn the_log_of_a_load_is_read_from_anywhere_to_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    put(&store, "a", "before");
    let ids = |numbers: std::ops::Range<u32>| numbers.map(|n| format!("n{n}")).collect::<Vec<_>>();
    let mut load = store.begin_load(NOW).unwrap();
    load_together(&store, &mut load, &ids(0..70), "one");
    // Repeats are no changes of their own.
    load_together(&store, &mut load, &ids(65..75), "two");
    assert_eq!(load.close().unwrap(), 76);
    put(&store, "a", "after");
    let all: Vec<_> = store.changes(1..=77).map(|change| change.unwrap()).collect();
    assert_eq!(all.iter().map(|c| c.seq).collect::<Vec<_>>(), (1..=77).collect::<Vec<_>>());
    assert_eq!(all.iter().map(|c| c.load).sum::<u32>(), 75);
    for from in 1..=78 {
        for to in from - 1..=77 {
            let expected = &all[from as usize - 1..to as usize];
            let found: Vec<_> = store.changes(from..=to).map(|change| change.unwrap()).collect();
            assert_eq!(found, expected, "{from} to {to}");
            let back: Vec<_> = store.changes(from..=to).rev().map(|c| c.unwrap()).collect();
            assert!(back.iter().eq(expected.iter().rev()), "{from} to {to}, backwards");
        }
    }

    let before = contents(&store);
    let mut load = store.begin_load(NOW).unwrap();
    load_together(&store, &mut load, &ids(60..160), "three");
    assert_eq!(store.tail(1).count(), 77);
    drop(load);
    assert_eq!(contents(&store), before);
    assert_eq!(put(&store, "a", "again").seq, 78);
}

#[test]
fn a_load_makes_one_version_of_a_repeated_document() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    put(&store, "a", "before");
    let last =
        load(&store, &[("a", "one"), ("b", "one"), ("a", "two"), ("b", "two"), ("b", "three")]);
    assert_eq!(last, 3);
    drop(store);
    let store = open(&path);
    assert_eq!(store.undone_changes(), 0);
    assert!(text(&store, "a").unwrap().contains("\"versionId\":\"2\""));
    assert!(text(&store, "a").unwrap().contains("two"));
    assert!(text(&store, "b").unwrap().contains("three"));
    let kinds: Vec<_> =
        store.tail(2).map(|c| c.unwrap()).map(|c| (c.kind, c.version, c.load)).collect();
    assert_eq!(kinds, [(ChangeKind::Update, 2, 1), (ChangeKind::Create, 1, 1)]);
    let place = store.key_of(ResourceType::Location, "place-b").unwrap().unwrap();
    assert_eq!(store.head(place).unwrap(), None, "referenced, not stored");
}

#[test]
fn an_open_load_is_not_tailed_and_an_abandoned_one_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    for id in ["a", "b", "c"] {
        put(&store, id, "before");
    }
    store.append(&[change("c", Expected::Any, None)], NOW).unwrap();
    let before = contents(&store);
    let mut load = store.begin_load(NOW).unwrap();
    for i in 0..2_500 {
        load_one(&store, &mut load, &format!("n{i}"), "new");
    }
    for (id, content) in [("a", "one"), ("c", "back"), ("a", "two")] {
        load_one(&store, &mut load, id, content);
    }
    assert_eq!(store.tail(0).count(), 4);
    drop(load);
    assert_eq!(contents(&store), before);
    // Keys may stay, as placeholders; the next write goes on where the log stands.
    let key = store.key_of(ResourceType::Task, "n7").unwrap().unwrap();
    assert_eq!(store.head(key).unwrap(), None);
    assert_eq!(put(&store, "a", "after").seq, 5);
    drop(store);
    assert_eq!(open(&path).undone_changes(), 0);
}

#[test]
fn one_holder_at_a_time_and_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let named = StoreSettings { owner: "the first holder".to_owned(), ..settings() };
    let store = Store::open(&path, &named).unwrap();
    let impatient = StoreSettings { lock_wait: Duration::from_millis(50), ..settings() };
    let refusal = Store::open(&path, &impatient).unwrap_err();
    assert!(refusal.to_string().contains("in use by the first holder"), "{refusal}");
    drop(store);
    Store::open(&path, &settings()).unwrap();
}

#[test]
fn what_is_no_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    assert!(matches!(Store::open(&file, &settings()), Err(StoreError::Unreachable { .. })));

    let path = dir.path().join("other");
    let db = sled::open(&path).unwrap();
    db.insert("x", "y").unwrap();
    drop(db);
    assert!(matches!(Store::open(&path, &settings()), Err(StoreError::Corrupt("the counters"))));
}

#[test]
fn many_writers_make_consecutive_versions() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("documents"));
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for i in 0..20 {
                    put(store, "shared", &format!("{writer} {i}"));
                }
            });
        }
    });
    assert_eq!(store.head(0).unwrap().unwrap().version, 160);
    let seqs: Vec<_> = store.tail(1).map(|c| c.unwrap().seq).collect();
    assert_eq!(seqs, (1..=160).collect::<Vec<_>>());
}

/// What is left of each version, newest first.
fn kept(store: &Store, key: Key) -> Vec<(u32, &'static str)> {
    let what = |stored: &Stored| match (stored.header.deleted, stored.header.forgotten) {
        (true, false) => "deletion",
        (false, true) => "forgotten",
        (false, false) => "document",
        (true, true) => "a forgotten deletion",
    };
    store.history(key).map(|v| v.unwrap()).map(|v| (v.version, what(&v))).collect()
}

#[test]
fn old_versions_are_forgotten_when_the_next_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("documents");
    let store = open(&path);
    for content in ["one", "two", "three"] {
        put(&store, "a", content);
    }
    drop(store);

    let two = StoreSettings { versions_kept: NonZeroU32::new(2), ..settings() };
    let store = Store::open(&path, &two).unwrap();
    put(&store, "a", "four");
    assert_eq!(
        kept(&store, 0),
        [(4, "document"), (3, "document"), (2, "forgotten"), (1, "forgotten")]
    );
    // Several versions in one group, a deletion among them.
    let (five, seven, eight) = (task("a", "five"), task("a", "seven"), task("a", "eight"));
    let changes = [Some(&five), None, Some(&seven), Some(&eight)];
    let changes = changes.map(|document| change("a", Expected::Any, document));
    store.append(&changes, NOW).unwrap();
    let expected =
        [(8, "document"), (7, "document"), (6, "deletion"), (5, "forgotten"), (4, "forgotten")];
    assert_eq!(kept(&store, 0)[..5], expected);
    let all = store.tail(1).map(|change| change.unwrap().version).collect::<Vec<_>>();
    assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8], "the log has no holes");
    let mut out = Vec::new();
    store.decode(&store.read_version(0, 4).unwrap().unwrap(), &mut out).unwrap();
    assert_eq!(out, b"");
    assert!(text(&store, "a").unwrap().contains("eight"));
}

#[test]
fn a_load_forgets_only_once_nothing_undoes_it() {
    let dir = tempfile::tempdir().unwrap();
    let one = StoreSettings { versions_kept: NonZeroU32::new(1), ..settings() };
    let store = Store::open(&dir.path().join("documents"), &one).unwrap();
    put(&store, "a", "one");
    let mut abandoned = store.begin_load(NOW).unwrap();
    load_one(&store, &mut abandoned, "a", "two");
    drop(abandoned);
    assert_eq!(kept(&store, 0), [(1, "document")]);
    load(&store, &[("a", "two"), ("a", "three")]);
    assert_eq!(kept(&store, 0), [(2, "document"), (1, "forgotten")]);
}
