//! The second half of a load into a served directory: from the waiting file to the store, in steps that
//! take their turn among other writers.
//!
//! What can be computed beforehand is; a step itself only looks up what stands and writes. It must not use
//! the threads that index: one of those may be waiting for the store.

use rayon::prelude::*;
use shared::fhir::{ResourceType, is_valid_id};
use shared::store::{Expected, Identity, Key, PendingLoad, Prepared, Store, StoreError};

use super::LoadError;
use super::served::{Occurrences, Turn};
use super::spool::{Entry, Spooled};
use crate::progress::Progress;
use crate::references::local_references;
use crate::report::{Dangling, TypeCounts};
use crate::samples::Samples;

/// Some resources of a load, written together.
#[derive(Debug)]
pub struct Step {
    entries: Vec<Ready>,
    pending: PendingLoad,
}

/// What a step did.
#[derive(Debug, Default)]
pub struct StepCounts {
    types: [TypeCounts; ResourceType::ALL.len()],
    /// The targets of its documents' references, once for each place.
    targets: Vec<Key>,
}

#[derive(Debug)]
enum Ready {
    Put(Box<ReadyPut>),
    Delete(Identity),
}

#[derive(Debug)]
struct ReadyPut {
    document: Prepared,
    /// The resources of ours it refers to, once for each place.
    references: Vec<(ResourceType, String)>,
}

/// What all steps did.
pub(super) struct Applied {
    pub(super) types: [TypeCounts; ResourceType::ALL.len()],
    pub(super) dangling: Dangling,
}

impl Step {
    /// Writes the step, durably, with the place that the load has reached. `now_ms` is the clock, not before
    /// the instant of the load.
    ///
    /// # Errors
    /// When the store cannot be written; nothing of the step is.
    pub fn write(&self, store: &Store, now_ms: i64) -> Result<StepCounts, StoreError> {
        let now_ms = now_ms.max(self.pending.started_ms);
        let mut batch = store.begin();
        let mut counts = StepCounts::default();
        for entry in &self.entries {
            match entry {
                Ready::Put(put) => {
                    let ReadyPut { document, references } = put.as_ref();
                    let resource_type = document.resource_type();
                    let key = batch.allocate(resource_type, document.id())?;
                    for (target, id) in references {
                        counts.targets.push(batch.allocate(*target, id)?);
                    }
                    let counts = &mut counts.types[resource_type.index()];
                    match batch.head(key)?.filter(|head| !head.header.deleted) {
                        Some(head) if head.header.digest == document.digest() => {
                            counts.unchanged += 1;
                            continue;
                        }
                        Some(_) => counts.updated += 1,
                        None => counts.created += 1,
                    }
                    let last_updated_ms = document.load_instant_ms(self.pending.started_ms);
                    batch.put(key, Expected::Any, document, last_updated_ms)?;
                }
                Ready::Delete(identity) => {
                    let key = batch.allocate(identity.resource_type, &identity.id)?;
                    let head = batch.head(key)?;
                    // Written since, it is somebody else's by now.
                    if head.is_some_and(|head| head.header.seq <= self.pending.since) {
                        let last_updated_ms = batch.stamp(now_ms);
                        let deleted = batch.delete(key, Expected::Any, last_updated_ms)?;
                        let counts = &mut counts.types[identity.resource_type.index()];
                        counts.deleted += u64::from(deleted.is_some());
                    }
                }
            }
        }
        // Never before what others recorded, so that the log's instants follow its order.
        let recorded_ms = batch.stamp(now_ms);
        batch.commit_load(recorded_ms, &self.pending)?;
        Ok(counts)
    }
}

/// Applies what follows the place that the load has reached. `number` is that of the next document.
#[expect(clippy::too_many_arguments, reason = "the whole state of a load, from two callers")]
pub(super) fn apply<E: From<LoadError>>(
    spooled: &Spooled,
    mut number: u32,
    last: &Occurrences,
    mut pending: PendingLoad,
    store: &Store,
    base_urls: &[&str],
    turn: Turn<'_, E>,
    progress: &dyn Progress,
) -> Result<Applied, E> {
    let mut samples = Samples::default();
    let mut types = [TypeCounts::default(); ResourceType::ALL.len()];
    // References of the load's documents, by target.
    let mut inbound: Vec<u32> = Vec::new();
    let mut done = 0;
    while let Some((entries, next)) = spooled.chunk(pending.position).map_err(LoadError::Input)? {
        done += entries.len() as u64;
        let entries = numbered(entries, &mut number);
        let ready: Vec<Ready> = entries
            .into_par_iter()
            .filter_map(|(number, entry)| ready(entry, number, last, base_urls).transpose())
            .collect::<Result<_, LoadError>>()?;
        for entry in &ready {
            if let Ready::Put(put) = entry {
                samples.add(store, &put.document);
            }
        }
        samples.train(store).map_err(LoadError::from)?;
        pending.position = next;
        let counts = turn(Step { entries: ready, pending })?;
        add(&mut types, counts.types);
        for key in counts.targets {
            if inbound.len() <= key as usize {
                inbound.resize(key as usize + 1, 0);
            }
            inbound[key as usize] += 1;
        }
        progress.advance(done, 0, 0);
    }
    let dangling = Dangling::of(store, &inbound, |_| false).map_err(LoadError::from)?;
    Ok(Applied { types, dangling })
}

/// Gives each document its number.
fn numbered(entries: Vec<Entry>, number: &mut u32) -> Vec<(u32, Entry)> {
    let mut number_of = |entry: &Entry| {
        let own = *number;
        *number += u32::from(matches!(entry, Entry::Put(_)));
        own
    };
    entries.into_iter().map(|entry| (number_of(&entry), entry)).collect()
}

/// An entry made ready; `None` for a document that another one of its resource follows.
fn ready(
    entry: Entry,
    number: u32,
    last: &Occurrences,
    base_urls: &[&str],
) -> Result<Option<Ready>, LoadError> {
    match entry {
        Entry::Put(bytes) => {
            let document = Prepared::read(&bytes, None)
                .map_err(|error| LoadError::Input(std::io::Error::other(error)))?;
            if !last.is_last(number, document.resource_type(), document.id()) {
                return Ok(None);
            }
            let references = local_references(document.content(), base_urls).collect();
            Ok(Some(Ready::Put(Box::new(ReadyPut { document, references }))))
        }
        Entry::Delete(name) => {
            let identity = name.split_once('/').and_then(|(resource_type, id)| {
                let resource_type = resource_type.parse().ok()?;
                is_valid_id(id).then(|| Identity { resource_type, id: id.to_owned() })
            });
            let identity = identity.ok_or(StoreError::Corrupt("a waiting load"))?;
            Ok(Some(Ready::Delete(identity)))
        }
    }
}

fn add(
    sums: &mut [TypeCounts; ResourceType::ALL.len()],
    counts: [TypeCounts; ResourceType::ALL.len()],
) {
    for (sum, TypeCounts { created, updated, unchanged, deleted }) in sums.iter_mut().zip(counts) {
        sum.created += created;
        sum.updated += updated;
        sum.unchanged += unchanged;
        sum.deleted += deleted;
    }
}
