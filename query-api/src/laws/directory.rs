//! A real index from a list of changes: what the laws are tested on.
//!
//! Documents go through extraction and the index writer as in a load; keys stand in a map instead of
//! the store. Several commits give several segments with replaced and deleted documents in them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use shared::extract::extract;
use shared::fhir::{ResourceType, Target};
use shared::index::{Generation, IndexWriter, IndexedResource, Snapshot, WriterOptions};
use shared::store::Codec;
use tempfile::TempDir;

/// The base URL of the directory.
pub(super) const BASE_URL: &str = "http://ror.example/fhir";

/// What happens to one resource.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// It is written or replaced.
    Put(Value),
    /// It goes, if it is there.
    Delete(ResourceType, String),
}

/// The type and id of a resource.
pub(super) type Identity = (ResourceType, String);

/// An index of a few documents.
pub(super) struct Directory {
    /// What the index says.
    pub(super) snapshot: Snapshot,
    /// What it was told: the documents that are left.
    pub(super) documents: BTreeMap<Identity, Value>,
    keys: Keys,
    _temp: TempDir,
}

/// The type and id of a document.
pub(super) fn identity(document: &Value) -> Identity {
    let text = |name: &str| document[name].as_str().expect("documents of a test are whole");
    (text("resourceType").parse().expect("a type of ours"), text("id").to_owned())
}

impl Directory {
    /// Indexes the changes, each group with a commit of its own. Keys are `stride` apart: sets of few
    /// keys among many take another form than dense ones.
    pub(super) fn of(commits: &[Vec<Change>], stride: u32) -> Self {
        // In memory where the system offers it: every commit waits for the disk.
        let memory = Path::new("/dev/shm");
        let temp = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
            .unwrap();
        let codec = Arc::new(Codec::default());
        let generation = Generation::create(temp.path(), codec).unwrap();
        let options = WriterOptions { memory_bytes: 15_000_000, ..WriterOptions::LIVE };
        let mut writer = generation.writer(options).unwrap();
        let mut keys = Keys { known: HashMap::new(), stride };
        let mut documents = BTreeMap::new();
        for (number, changes) in commits.iter().enumerate() {
            for change in changes {
                match change {
                    Change::Put(document) => {
                        put(&generation, &writer, &mut keys, document);
                        documents.insert(identity(document), document.clone());
                    }
                    Change::Delete(resource_type, id) => {
                        writer.delete(keys.of(*resource_type, id));
                        documents.remove(&(*resource_type, id.clone()));
                    }
                }
            }
            writer.commit(number as u64 + 1).unwrap();
        }
        // A merge that is under way belongs to what is tested.
        writer.finish().unwrap();
        let snapshot = generation.snapshot(None).unwrap();
        Self { snapshot, documents, keys, _temp: temp }
    }

    /// The key of a resource that is there, was there, or is only referred to.
    pub(super) fn key_of(&self, resource_type: ResourceType, id: &str) -> Option<u32> {
        self.keys.known.get(&(resource_type, id.to_owned())).copied()
    }

    /// Indexes documents with one commit.
    pub(super) fn with(documents: &[Value]) -> Self {
        Self::of(&[documents.iter().cloned().map(Change::Put).collect()], 1)
    }
}

fn put(generation: &Generation, writer: &IndexWriter, keys: &mut Keys, document: &Value) {
    let extracted = extract(document, &[BASE_URL]).expect("documents of a test are whole");
    let key = keys.of(extracted.resource_type, &extracted.id);
    let reference_keys: Vec<Option<u32>> = extracted
        .references
        .iter()
        .map(|(_, reference)| match &reference.target {
            Some(Target::Local(resource_type, id)) => Some(keys.of(*resource_type, id)),
            Some(Target::External(_) | Target::Contained(_)) | None => None,
        })
        .collect();
    let documents = generation.documents();
    let json = serde_json::to_vec(document).unwrap();
    let blob = documents.codec.encode(extracted.resource_type, &json).unwrap();
    let address = documents.append(key, &blob).unwrap();
    let last_updated: Timestamp =
        document["meta"]["lastUpdated"].as_str().expect("an instant").parse().unwrap();
    let resource = IndexedResource {
        key,
        extracted,
        reference_keys: &reference_keys,
        last_updated_ms: last_updated.as_millisecond(),
        address,
    };
    writer.replace(resource).unwrap();
}

/// The keys of resources, in the order they are met.
struct Keys {
    known: HashMap<Identity, u32>,
    stride: u32,
}

impl Keys {
    fn of(&mut self, resource_type: ResourceType, id: &str) -> u32 {
        let next = self.known.len() as u32 * self.stride;
        *self.known.entry((resource_type, id.to_owned())).or_insert(next)
    }
}
