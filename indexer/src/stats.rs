//! `stats`: what a directory holds, and whether its index holds the same.
//!
//! One pass over every document that is live as of one change; writes may go on meanwhile. The digest of a side is the sum over its resources of a hash of key
//! and stored bytes: equal digests mean equal resources with equal documents, in whatever order.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use serde::Serialize;
use shared::fhir::ResourceType;
use shared::index::{Generation, Snapshot};
use shared::store::{ChangeLog, Identity, Key, Seq, Store};

use crate::directory::DirectoryError;
use crate::outcome::{Exit, Outcome};
use crate::references::local_references;
use crate::report::Dangling;
use crate::verify::head_as_of;

/// Dangling targets named.
const EXAMPLES_MAX: usize = 20;

/// Resources of one type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TypeStats {
    /// Existing now.
    pub live: u64,
    /// Deleted; their history is kept.
    pub deleted: u64,
    /// Never stored, only referred to.
    pub referenced_only: u64,
    /// Bytes of the live documents, compressed.
    pub stored_bytes: u64,
}

/// The index's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexStats {
    /// The generation's name.
    pub generation: String,
    /// The last change it knows.
    pub seq: Seq,
    /// Resources in it.
    pub resources: u64,
    /// Index documents, resources and records.
    pub documents: u64,
    /// Bytes of its arena.
    pub arena_bytes: u64,
    /// The digest of its resources.
    pub digest: String,
}

/// What a directory holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// By type; types not met are left out.
    pub by_type: BTreeMap<&'static str, TypeStats>,
    /// Existing resources of all types.
    pub live: u64,
    /// The store's last change.
    pub seq: Seq,
    /// Bytes of the store's files.
    pub store_bytes: u64,
    /// The digest of the store's live resources.
    pub digest: String,
    /// References to nothing.
    pub dangling: Dangling,
    /// The index; `None` before the first load.
    pub index: Option<IndexStats>,
    /// Whether store and index hold the same.
    pub agree: bool,
}

/// A sum of hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Digest(u128);

impl Digest {
    fn of(key: Key, blob: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&key.to_le_bytes());
        hasher.update(blob);
        let hash = hasher.finalize();
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        Self(u128::from_le_bytes(*first))
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Looks at a whole directory that nobody else has open.
///
/// # Errors
/// When store or index cannot be read; a record that cannot be read makes the digests differ instead.
pub fn stats(
    store: &Store,
    generation: Option<&Generation>,
    base_urls: &[&str],
) -> Result<Stats, DirectoryError> {
    let snapshot = match generation {
        Some(generation) => Some(generation.snapshot(None)?),
        None => None,
    };
    stats_as_of(store, snapshot.as_ref(), store.last_seq(), base_urls)
}

/// Looks at a whole directory as of change `seq`, which the snapshot should show.
///
/// # Errors
/// As [`stats`].
pub fn stats_as_of(
    store: &Store,
    snapshot: Option<&Snapshot>,
    seq: Seq,
    base_urls: &[&str],
) -> Result<Stats, DirectoryError> {
    let mut types = [TypeStats::default(); ResourceType::ALL.len()];
    let mut live = Vec::new();
    for resource in store.resources() {
        let (key, Identity { resource_type, .. }, head) = resource?;
        let counts = &mut types[resource_type.index()];
        match head_as_of(store, key, head, seq)? {
            None => counts.referenced_only += 1,
            Some(head) if head.header.deleted => counts.deleted += 1,
            Some(_) => {
                counts.live += 1;
                live.push((key, resource_type));
            }
        }
    }
    let scan = Scan::run(store, seq, &live, base_urls)?;
    for (counts, bytes) in types.iter_mut().zip(&scan.bytes) {
        counts.stored_bytes = bytes.load(Ordering::Relaxed);
    }
    let index = snapshot.map(index_stats);
    let digest = scan.digest.to_string();
    let agree = match &index {
        Some(index) => index.digest == digest && index.seq == seq,
        None => live.is_empty(),
    };
    Ok(Stats {
        live: live.len() as u64,
        by_type: by_name(types),
        seq,
        store_bytes: store.size_on_disk_bytes()?,
        digest,
        dangling: scan.dangling,
        index,
        agree,
    })
}

fn by_name(types: [TypeStats; ResourceType::ALL.len()]) -> BTreeMap<&'static str, TypeStats> {
    let named = ResourceType::ALL.iter().map(|t| t.as_str()).zip(types);
    named.filter(|(_, counts)| *counts != TypeStats::default()).collect()
}

/// The digest of some resources, and their references to nothing, by target.
type Found = (Digest, BTreeMap<(ResourceType, String), u64>);

/// What a pass over all live documents finds.
struct Scan {
    digest: Digest,
    bytes: [AtomicU64; ResourceType::ALL.len()],
    dangling: Dangling,
}

impl Scan {
    fn run(
        store: &Store,
        seq: Seq,
        live: &[(Key, ResourceType)],
        base_urls: &[&str],
    ) -> Result<Self, DirectoryError> {
        let exists = Existing::new(live, store.key_count());
        let bytes: [AtomicU64; ResourceType::ALL.len()] = Default::default();
        let merge = |(a, mut targets): Found, (b, more): Found| -> Result<Found, DirectoryError> {
            for (target, count) in more {
                *targets.entry(target).or_default() += count;
            }
            Ok((a.plus(b), targets))
        };
        let (digest, targets) = live
            .par_iter()
            .try_fold(Found::default, |(digest, mut targets), (key, resource_type)| {
                let Some(stored) = store.read_at(*key, seq)? else { return Ok((digest, targets)) };
                let blob = stored.blob();
                bytes[resource_type.index()].fetch_add(blob.len() as u64, Ordering::Relaxed);
                let mut json = Vec::new();
                store.decode(&stored, &mut json)?;
                for (target_type, id) in local_references(&json, base_urls) {
                    let target = store.key_of(target_type, &id)?;
                    if !target.is_some_and(|target| exists.contains(target)) {
                        *targets.entry((target_type, id)).or_default() += 1;
                    }
                }
                Ok((digest.plus(Digest::of(*key, blob)), targets))
            })
            .try_reduce(Found::default, merge)?;
        let names = targets.keys().map(|(t, id)| format!("{t}/{id}"));
        let dangling = Dangling {
            references: targets.values().sum(),
            targets: targets.len() as u64,
            examples: names.take(EXAMPLES_MAX).collect(),
        };
        Ok(Self { digest, bytes, dangling })
    }
}

/// A bit for each existing key.
struct Existing(Vec<u64>);

impl Existing {
    fn new(live: &[(Key, ResourceType)], key_count: u32) -> Self {
        let mut words = vec![0; key_count as usize / 64 + 1];
        for (key, _) in live {
            words[*key as usize / 64] |= 1 << (key % 64);
        }
        Self(words)
    }

    fn contains(&self, key: Key) -> bool {
        self.0.get(key as usize / 64).is_some_and(|word| word >> (key % 64) & 1 == 1)
    }
}

fn index_stats(snapshot: &Snapshot) -> IndexStats {
    let documents = snapshot.documents();
    let arena = &documents.arena;
    let (resources, digest) = (0..snapshot.universe())
        .into_par_iter()
        .filter_map(|key| snapshot.address(key))
        // An unreadable record counts as a resource without a document: the digest tells.
        .map(|address| (1, arena.with_record(address.offset, Digest::of).unwrap_or_default()))
        .reduce(Default::default, |(a, x): (u64, Digest), (b, y)| (a + b, x.plus(y)));
    IndexStats {
        generation: format!("{:06}", documents.generation),
        seq: snapshot.seq,
        resources,
        documents: document_count(snapshot),
        arena_bytes: arena.size_bytes(),
        digest: digest.to_string(),
    }
}

fn document_count(snapshot: &Snapshot) -> u64 {
    let alive = |s: &shared::index::Segment| {
        (0..s.view.max_doc()).filter(|doc| s.is_alive(*doc)).count() as u64
    };
    snapshot.segments().iter().map(alive).sum()
}

impl Stats {
    /// What is printed of it.
    pub fn into_outcome(self) -> Outcome {
        Outcome::new(&self, Exit::of(self.agree))
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "type                        live     deleted  referenced           bytes")?;
        for (name, counts) in &self.by_type {
            let TypeStats { live, deleted, referenced_only, stored_bytes } = counts;
            writeln!(
                f,
                "{name:<20}{live:>12}{deleted:>12}{referenced_only:>12}{stored_bytes:>16}"
            )?;
        }
        writeln!(f, "{:<20}{:>12}", "all", self.live)?;
        let Dangling { references, targets, examples } = &self.dangling;
        writeln!(f, "\n{references} references to {targets} resources that do not exist")?;
        if !examples.is_empty() {
            writeln!(f, "  {}", examples.join(", "))?;
        }
        writeln!(
            f,
            "\nstore  change {}, {} bytes, digest {}",
            self.seq, self.store_bytes, self.digest
        )?;
        match &self.index {
            Some(index) => writeln!(
                f,
                "index  change {}, generation {}, {} resources in {} documents, arena {} bytes, digest {}",
                index.seq,
                index.generation,
                index.resources,
                index.documents,
                index.arena_bytes,
                index.digest
            )?,
            None => writeln!(f, "index  none yet")?,
        }
        writeln!(f, "{}", if self.agree { "they agree" } else { "they do NOT agree" })
    }
}
