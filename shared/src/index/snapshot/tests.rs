//! A snapshot that follows others equals one opened from scratch, and changes none of them.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::extract::extract;
use crate::fhir::Target;
use crate::index::{Generation, IndexWriter, IndexedResource, WriterOptions};
use crate::registry::FieldId;
use crate::store::Codec;

const KEYS: u32 = 40;

/// One step of a directory's life.
#[derive(Debug, Clone)]
enum Step {
    /// Writes a resource: its key, its identifier, the identifier it refers to, its number of records.
    Write(u32, u8, u8, u8),
    Delete(u32),
    /// What was written so far becomes visible.
    Commit,
    /// All segments become one.
    Merge,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = (0..KEYS, 0..4_u8, 0..4_u8, 0..3_u8);
    let step = prop_oneof![
        12 => write.prop_map(|(key, own, other, records)| Step::Write(key, own, other, records)),
        4 => (0..KEYS).prop_map(Step::Delete),
        4 => Just(Step::Commit),
        1 => Just(Step::Merge),
    ];
    prop::collection::vec(step, 1..60)
}

/// Even keys are organizations, odd ones places that refer to an organization by identifier.
fn document(key: u32, own: u8, other: u8, records: u8) -> Value {
    let identifier = |value: u8| json!({"system": "urn:test", "value": value.to_string()});
    if key.is_multiple_of(2) {
        return json!({"resourceType": "Organization", "id": key.to_string(),
            "identifier": [identifier(own)]});
    }
    let bed = json!({"url": format!("{}ror-location-supported-capacity",
        crate::extract::ROR_EXTENSION_BASE),
        "extension": [{"url": "nbCapacity", "valueInteger": 3}]});
    json!({"resourceType": "Location", "id": key.to_string(),
        "extension": vec![bed; usize::from(records)],
        "managingOrganization": {"type": "Organization", "identifier": identifier(other)}})
}

fn write(writer: &IndexWriter, key: u32, document: &Value) {
    let extracted = extract(document, &[]).unwrap();
    let is_local = |target: &Option<Target>| matches!(target, Some(Target::Local(..)));
    assert!(extracted.references.iter().all(|(_, reference)| !is_local(&reference.target)));
    let resource = IndexedResource {
        key,
        reference_keys: &vec![None; extracted.references.len()],
        extracted,
        last_updated_ms: 0,
        address: DocumentAddress { generation: 0, offset: u64::from(key) },
    };
    writer.replace(resource).unwrap();
}

fn organization_of_place() -> FieldId {
    registry::field_id(ResourceType::Location, "organization").unwrap()
}

/// Everything that a snapshot says.
fn facts(snapshot: &Snapshot) -> impl PartialEq + std::fmt::Debug + use<> {
    let place = |key| {
        let at = snapshot.locate(key)?;
        assert!(snapshot.segments()[at.segment as usize].is_alive(at.doc));
        let view = snapshot.view(at);
        let records = view.records(at.doc).len();
        Some((view.id(), at.doc, snapshot.resource_id(key), view.address(at.doc), records))
    };
    let places: Vec<_> = (0..KEYS).map(place).collect();
    let existing = |resource_type| snapshot.existing(resource_type).iter().collect::<Vec<_>>();
    let edges = snapshot.logical(organization_of_place()).unwrap();
    (places, ResourceType::ALL.map(existing), format!("{edges:?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_that_follows_equals_one_from_scratch(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let generation = Generation::create(dir.path(), Arc::new(Codec::default())).unwrap();
        // Every segment is too large for a merge of the background: only the steps merge.
        let options = WriterOptions { merge_docs_max: 0, ..WriterOptions::LIVE };
        let mut writer = generation.writer(options).unwrap();
        let mut present = generation.snapshot(None).unwrap();
        for (step, seq) in steps.iter().chain([&Step::Commit]).zip(1..) {
            match step {
                Step::Write(key, own, other, records) => {
                    write(&writer, *key, &document(*key, *own, *other, *records));
                    continue;
                }
                Step::Delete(key) => {
                    writer.delete(*key);
                    continue;
                }
                Step::Commit => writer.commit(seq).unwrap(),
                Step::Merge => writer.merge_all().unwrap(),
            }
            let before = facts(&present);
            let next = generation.snapshot(Some(&present)).unwrap();
            let scratch = generation.snapshot(None).unwrap();
            prop_assert_eq!(facts(&next), facts(&scratch));
            prop_assert!(next.universe() >= scratch.universe());
            for (a, b) in next.segments().iter().zip(scratch.segments()) {
                let alive = |s: &Segment| (0..s.view.max_doc()).map(|doc| s.is_alive(doc)).collect::<Vec<_>>();
                prop_assert_eq!(alive(a), alive(b));
            }
            prop_assert_eq!(facts(&present), before, "an older snapshot stays as it was");
            present = next;
        }
    }
}

#[test]
fn logical_references_are_resolved_again_only_for_what_they_depend_on() {
    let dir = tempfile::tempdir().unwrap();
    let generation = Generation::create(dir.path(), Arc::new(Codec::default())).unwrap();
    let mut writer = generation.writer(WriterOptions::LIVE).unwrap();
    let field = usize::from(organization_of_place());
    let mut present = generation.snapshot(None).unwrap();
    let mut next = |changes: &[(u32, u8, u8, u8)], seq| {
        for (key, own, other, records) in changes {
            write(&writer, *key, &document(*key, *own, *other, *records));
        }
        writer.commit(seq).unwrap();
        let snapshot = generation.snapshot(Some(&present)).unwrap();
        let is_kept = snapshot.logical[field].get().is_some();
        snapshot.logical(organization_of_place()).unwrap();
        present = snapshot;
        is_kept
    };
    assert!(!next(&[(0, 1, 0, 0), (1, 0, 1, 1)], 1));
    assert!(next(&[(1, 0, 1, 2)], 2), "another number of records");
    assert!(!next(&[(1, 0, 2, 2)], 3), "the place refers to another");
    assert!(!next(&[(0, 2, 0, 0)], 4), "the organization is called otherwise");
    assert!(next(&[(0, 2, 0, 0)], 5), "the same again");
    assert!(!next(&[(2, 2, 0, 0)], 6), "a second one of that name");
}
