//! The ordered stage of a load: every document gets its key, its version or the answer that nothing
//! changed, and goes to the store.
//!
//! Documents arrive in the order of their sources, so that "the last one wins" means the same on every
//! run. A repeated document replaces the earlier one within the load: the resource gets one new version.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use shared::extract::Extracted;
use shared::fhir::{ResourceType, Target};
use shared::store::{
    CodecError, Digest, Head, Identities, Key, Load, LoadVersion, Prepared, Slot, Store, StoreError,
};

use super::prepare::{Candidate, Encoded, FirstVersions};
use crate::references::local_references;
use crate::report::{Dangling, TypeCounts};
use crate::samples::Samples;

/// Deletes written at once.
const DELETES: usize = 1_000;

/// A document in its place, ready for the index.
pub(super) struct Placed {
    pub(super) key: Key,
    pub(super) extracted: Extracted,
    /// One for each of the extracted references.
    pub(super) reference_keys: Vec<Option<Key>>,
    pub(super) last_updated_ms: i64,
    pub(super) blob: Vec<u8>,
    /// Whether the index cannot hold this resource yet.
    pub(super) is_new: bool,
}

/// What the load has made of a resource so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not met.
    Absent,
    /// Met only in documents that were refused: what is stored stays.
    Refused,
    /// The last document is what was stored before.
    Unchanged,
    /// New, or new again after a delete.
    Created,
    /// Another version.
    Updated,
}

/// The ordered stage, over one load.
pub(super) struct Placement<'s> {
    store: &'s Store,
    load: Load<'s>,
    base_urls: &'s [&'s str],
    now_ms: i64,
    states: Vec<State>,
    /// References of this load's documents, by target.
    inbound: Vec<u32>,
    samples: Samples,
    types: [TypeCounts; ResourceType::ALL.len()],
    duplicates: u64,
    warnings: BTreeMap<Cow<'static, str>, u64>,
}

/// A document that will be written with its chunk.
struct Pending {
    candidate: Candidate,
    slot: Slot,
    existed: bool,
    references: Vec<Key>,
}

/// A document about to be written.
struct Ready {
    key: Key,
    prepared: Prepared,
    extracted: Extracted,
    encoded: Encoded,
    slot: Slot,
    existed: bool,
}

impl Ready {
    fn version(&self) -> LoadVersion<'_> {
        LoadVersion {
            key: self.key,
            resource_type: self.prepared.resource_type(),
            id: self.prepared.id(),
            slot: self.slot,
            last_updated_ms: self.encoded.last_updated_ms,
            digest: self.prepared.digest(),
            blob: Some(&self.encoded.blob),
        }
    }
}

/// What a finished stage knows.
pub(crate) struct Placements {
    pub(crate) types: [TypeCounts; ResourceType::ALL.len()],
    pub(crate) duplicates: u64,
    pub(crate) warnings: BTreeMap<Cow<'static, str>, u64>,
}

impl<'s> Placement<'s> {
    pub(super) fn new(
        store: &'s Store,
        base_urls: &'s [&'s str],
        now_ms: i64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            store,
            load: store.begin_load(now_ms)?,
            base_urls,
            now_ms,
            states: Vec::new(),
            inbound: Vec::new(),
            samples: Samples::default(),
            types: Default::default(),
            duplicates: 0,
            warnings: BTreeMap::new(),
        })
    }

    /// Places a chunk and writes it. Returns what the index has to learn.
    pub(super) fn place(&mut self, chunk: Vec<Candidate>) -> Result<Vec<Placed>, StoreError> {
        let mut pending: HashMap<Key, Pending> = HashMap::with_capacity(chunk.len());
        let mut order = Vec::with_capacity(chunk.len());
        for candidate in chunk {
            let key = self.allocate(candidate.prepared.resource_type(), candidate.prepared.id())?;
            let earlier = pending.remove(&key);
            if let Some(next) = self.decide(key, candidate, earlier.as_ref())? {
                pending.insert(key, next);
                order.push(key);
            }
        }
        let mut placed = Vec::with_capacity(pending.len());
        for key in order {
            // A key that came twice is written where it came first; there is only one document of it.
            if let Some(document) = pending.remove(&key) {
                self.samples.add(self.store, &document.candidate.prepared);
                placed.push((key, document));
            }
        }
        self.samples.train(self.store)?;
        self.write(placed)
    }

    /// What to do with a document: `None` when the store already holds it.
    fn decide(
        &mut self,
        key: Key,
        candidate: Candidate,
        earlier: Option<&Pending>,
    ) -> Result<Option<Pending>, StoreError> {
        let resource_type = candidate.prepared.resource_type();
        let (head, slot) = self.load.slot(key)?;
        let state = self.state(key);
        if !matches!(state, State::Absent | State::Refused) {
            self.duplicates += 1;
            self.forget_references(key, earlier, head)?;
        }
        for rule in &candidate.warnings {
            *self.warnings.entry(rule.clone()).or_default() += 1;
        }
        let references = self.count_references(&candidate)?;
        let existed = head.is_some_and(|head| !head.header.deleted) && !slot.is_repeat();
        let same = head.is_some_and(|head| {
            !head.header.deleted && head.header.digest == candidate.prepared.digest()
        });
        let (next, is_written) = match (same, slot.is_repeat()) {
            // Equal to what stood before this load.
            (true, false) => (State::Unchanged, false),
            // Equal to what this load already wrote; or else in its place.
            (true, true) => (state, false),
            (false, true) => (state, true),
            (false, false) if existed => (State::Updated, true),
            (false, false) => (State::Created, true),
        };
        self.set_state(key, resource_type, next);
        Ok(is_written.then_some(Pending { candidate, slot, existed, references }))
    }

    /// How documents are made ready to be first versions; `None` where resources exist already.
    pub(super) fn first_versions(&self) -> Option<FirstVersions<'s>> {
        let is_empty = self.load.identities().key_count() == 0;
        is_empty.then(|| FirstVersions { codec: self.store.codec(), now_ms: self.now_ms })
    }

    /// Writes one batch, and passes on what the index needs.
    fn write(&mut self, mut placed: Vec<(Key, Pending)>) -> Result<Vec<Placed>, StoreError> {
        self.encode(&mut placed)?;
        let ready = placed.into_iter().map(|(key, document)| {
            let Pending { candidate, slot, existed, .. } = document;
            let Candidate { prepared, extracted, encoded, .. } = candidate;
            let encoded = encoded.expect("every document was encoded just now");
            Ready { key, prepared, extracted, encoded, slot, existed }
        });
        let ready: Vec<Ready> = ready.collect();
        let versions: Vec<LoadVersion<'_>> = ready.iter().map(Ready::version).collect();
        self.load.write(&versions)?;
        let identities = self.load.identities();
        let placed = ready.into_iter().map(|document| {
            Ok(Placed {
                key: document.key,
                reference_keys: reference_keys(identities, &document.extracted)?,
                extracted: document.extracted,
                last_updated_ms: document.encoded.last_updated_ms,
                blob: document.encoded.blob,
                is_new: !document.existed && !document.slot.is_repeat(),
            })
        });
        placed.collect()
    }

    /// Encodes in parallel what is not encoded yet, or as another version.
    fn encode(&self, placed: &mut [(Key, Pending)]) -> Result<(), CodecError> {
        let (codec, now_ms) = (self.store.codec(), self.now_ms);
        let is_due = |document: &Pending| {
            let encoded = document.candidate.encoded.as_ref();
            encoded.is_none_or(|encoded| encoded.version != document.slot.version)
        };
        let due = placed.iter_mut().map(|(_, document)| document).filter(|d| is_due(d));
        let due: Vec<&mut Pending> = due.collect();
        if due.is_empty() {
            // The cores are at other work, which this need not wait for.
            return Ok(());
        }
        due.into_par_iter().try_for_each(|document| {
            let (prepared, version) = (&document.candidate.prepared, document.slot.version);
            document.candidate.encoded = Some(Encoded::new(prepared, version, codec, now_ms)?);
            Ok(())
        })
    }

    /// Keeps a resource whose document was refused from being taken for absent.
    pub(super) fn refused(&mut self, identity: Option<&(ResourceType, String)>) {
        let key = identity.and_then(|(t, id)| self.load.identities().get(*t, id));
        if let Some(key) = key
            && self.state(key) == State::Absent
        {
            self.grow(key);
            self.states[key as usize] = State::Refused;
        }
    }

    /// The live resources that no document of this load spoke of, and the number of all live before.
    pub(super) fn absent(&self) -> Result<(Vec<Key>, u64), StoreError> {
        let mut absent = Vec::new();
        let mut live = 0;
        for resource in self.store.resources() {
            let (key, _, head) = resource?;
            if head.is_none_or(|head| head.header.deleted) || self.state(key) == State::Created {
                continue;
            }
            live += 1;
            if self.state(key) == State::Absent {
                absent.push(key);
            }
        }
        Ok((absent, live))
    }

    /// Deletes resources.
    pub(super) fn delete(&mut self, keys: &[Key]) -> Result<(), StoreError> {
        for chunk in keys.chunks(DELETES) {
            let identities: Vec<_> = chunk
                .iter()
                .map(|key| self.store.identity(*key)?.ok_or(StoreError::Corrupt("a head")))
                .collect::<Result<_, _>>()?;
            let mut versions = Vec::with_capacity(chunk.len());
            for (key, identity) in chunk.iter().zip(&identities) {
                self.types[identity.resource_type.index()].deleted += 1;
                versions.push(LoadVersion {
                    key: *key,
                    resource_type: identity.resource_type,
                    id: &identity.id,
                    slot: self.load.slot(*key)?.1,
                    last_updated_ms: self.now_ms,
                    digest: Digest::default(),
                    blob: None,
                });
            }
            self.load.write(&versions)?;
        }
        Ok(())
    }

    /// References of this load's documents to resources that do not exist.
    pub(super) fn dangling(&self) -> Result<Dangling, StoreError> {
        let is_there =
            |key| matches!(self.state(key), State::Unchanged | State::Created | State::Updated);
        Dangling::of(self.store, &self.inbound, is_there)
    }

    /// What was placed so far.
    pub(super) fn counts(&self) -> Placements {
        Placements {
            types: self.types,
            duplicates: self.duplicates,
            warnings: self.warnings.clone(),
        }
    }

    /// Closes the load: from now on it counts. Returns its number and the last sequence number.
    pub(super) fn close(self) -> Result<(u32, u64), StoreError> {
        let id = self.load.id();
        Ok((id, self.load.close()?))
    }

    fn allocate(&mut self, resource_type: ResourceType, id: &str) -> Result<Key, StoreError> {
        let key = self.load.identities().allocate(resource_type, id)?;
        self.grow(key);
        Ok(key)
    }

    fn grow(&mut self, key: Key) {
        if self.states.len() <= key as usize {
            self.states.resize(key as usize + 1, State::Absent);
            self.inbound.resize(key as usize + 1, 0);
        }
    }

    fn state(&self, key: Key) -> State {
        self.states.get(key as usize).copied().unwrap_or(State::Absent)
    }

    fn set_state(&mut self, key: Key, resource_type: ResourceType, next: State) {
        let counts = &mut self.types[resource_type.index()];
        if let Some(count) = count_of(counts, self.states[key as usize]) {
            *count -= 1;
        }
        if let Some(count) = count_of(counts, next) {
            *count += 1;
        }
        self.states[key as usize] = next;
    }

    fn count_references(&mut self, candidate: &Candidate) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::with_capacity(candidate.references.len());
        for (resource_type, id) in &candidate.references {
            let key = self.allocate(*resource_type, id)?;
            self.inbound[key as usize] += 1;
            keys.push(key);
        }
        Ok(keys)
    }

    /// Takes back what an earlier document of this load counted.
    fn forget_references(
        &mut self,
        key: Key,
        earlier: Option<&Pending>,
        head: Option<Head>,
    ) -> Result<(), StoreError> {
        let keys = match (earlier, head) {
            (Some(earlier), _) => earlier.references.clone(),
            (None, Some(head)) => self.stored_references(key, head)?,
            (None, None) => Vec::new(),
        };
        for key in keys {
            self.inbound[key as usize] -= 1;
        }
        Ok(())
    }

    fn stored_references(&self, key: Key, head: Head) -> Result<Vec<Key>, StoreError> {
        let Some(stored) = self.store.read_version(key, head.version)? else {
            return Err(StoreError::Corrupt("a version"));
        };
        let mut json = Vec::new();
        self.store.decode(&stored, &mut json)?;
        let identities = self.load.identities();
        let references = local_references(&json, self.base_urls);
        Ok(references.filter_map(|(t, id)| identities.get(t, &id)).collect())
    }
}

fn count_of(counts: &mut TypeCounts, state: State) -> Option<&mut u64> {
    match state {
        State::Absent | State::Refused => None,
        State::Unchanged => Some(&mut counts.unchanged),
        State::Created => Some(&mut counts.created),
        State::Updated => Some(&mut counts.updated),
    }
}

/// The key of each reference to a resource of ours.
fn reference_keys(
    identities: &Identities,
    extracted: &Extracted,
) -> Result<Vec<Option<Key>>, StoreError> {
    let key = |target: &Option<Target>| match target {
        Some(Target::Local(resource_type, id)) => identities.allocate(*resource_type, id).map(Some),
        Some(Target::External(_) | Target::Contained(_)) | None => Ok(None),
    };
    extracted.references.iter().map(|(_, reference)| key(&reference.target)).collect()
}
