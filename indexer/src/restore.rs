//! `restore`: a backup, or the beginning of one, into an empty data directory.
//!
//! Everything is checked before anything is written, and every document again as it goes in. The store then
//! has the same keys, versions and log entries as the one that was backed up, and the index is built from
//! it. Source of the checks: the manifest, and the digest and `meta` of each document.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;
use shared::data_dir;
use shared::fhir::{ResourceType, is_valid_id};
use shared::index::WriterOptions;
use shared::store::{
    Change, ChangeKind, Digest, Identity, Key, Prepared, Restore, Seq, Store, StoreError,
    StoreSettings, VersionHeader,
};

use crate::backup::{BackupError, CHANGES, Entry, Lines, Manifest, RESOURCES, at, unhex};
use crate::directory::DirectoryError;
use crate::outcome::{Exit, Outcome};
use crate::progress::Progress;
use crate::rebuild::{Beside, resources};
use crate::samples::Samples;

/// Lines read and checked at once.
const CHUNK: usize = 1_000;

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index cannot be built; the documents are restored.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The data directory holds something already.
    #[error("{path} is not empty: restore into a data directory of its own", path = .0.display())]
    NotEmpty(PathBuf),
    /// The backup ends before the change asked for.
    #[error("the backup ends at change {last}, there is no change {asked} in it")]
    NoSuchChange {
        /// What was asked for.
        asked: Seq,
        /// The last one in the backup.
        last: Seq,
    },
    /// A resource's version of that time is no longer kept.
    #[error(
        "as of change {asked}, version {version} of {identity} was the newest, and the backup does not hold it any more; choose a later change"
    )]
    NotKept {
        /// The change asked for.
        asked: Seq,
        /// The resource.
        identity: Identity,
        /// Its version.
        version: u32,
    },
}

/// A directory that was restored.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// The last change in it.
    pub seq: Seq,
    /// Existing resources.
    pub live: u64,
    /// Documents of all versions.
    pub documents: u64,
    /// The last change of the backup.
    pub backup_seq: Seq,
    /// When the backup was made.
    pub created: String,
}

impl Restored {
    /// What is printed of it.
    pub fn into_outcome(self) -> Outcome {
        Outcome::new(&self, Exit::Well)
    }
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seq, live, documents, backup_seq, created } = self;
        writeln!(
            f,
            "{live} resources and {documents} documents restored as of change {seq}, from a backup of {created} that ends at change {backup_seq}"
        )
    }
}

/// Restores the backup in `from` up to change `to_seq` (all of it by default) into an empty data directory.
///
/// # Errors
/// [`RestoreError`]; the data directory is then empty, or says that it holds half a restore.
pub fn restore(
    from: &Path,
    data_dir: &Path,
    to_seq: Option<Seq>,
    settings: &StoreSettings,
    base_urls: &[&str],
    progress: &dyn Progress,
) -> Result<Restored, RestoreError> {
    let manifest = Manifest::read(from)?;
    let seq = to_seq.unwrap_or(manifest.seq);
    if seq > manifest.seq {
        return Err(RestoreError::NoSuchChange { asked: seq, last: manifest.seq });
    }
    progress.phase("checking the backup");
    manifest.check_files(from)?;
    make_room(data_dir)?;
    let mark = data_dir::restore_mark(data_dir);
    data_dir::replace_file(&mark, b"", 0o644).map_err(at(&mark))?;

    progress.phase("restoring documents");
    let store = Store::open(&data_dir::documents(data_dir), settings)?;
    let documents = fill(&store, from, &manifest, seq, progress)?;
    let beside = Beside::build(data_dir, &store, base_urls, WriterOptions::LIVE, progress)?;
    let live = resources(&beside.checked_snapshot(&store)?);
    beside.publish(data_dir, live)?;
    fs::remove_file(&mark).map_err(at(&mark))?;
    data_dir::sync_parent(&mark).map_err(at(&mark))?;
    Ok(Restored { seq, live, documents, backup_seq: manifest.seq, created: manifest.created })
}

/// Makes the data directory, or clears what an unfinished restore left in it.
fn make_room(data_dir: &Path) -> Result<(), RestoreError> {
    fs::create_dir_all(data_dir).map_err(at(data_dir))?;
    if data_dir::restore_mark(data_dir).exists() {
        for folder in ["documents", "generations"] {
            let folder = data_dir.join(folder);
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(at(&folder))?;
            }
        }
        return Ok(());
    }
    match fs::read_dir(data_dir).map_err(at(data_dir))?.next() {
        None => Ok(()),
        Some(_) => Err(RestoreError::NotEmpty(data_dir.to_owned())),
    }
}

/// Fills an empty store up to change `seq`. Returns the number of documents.
fn fill(
    store: &Store,
    from: &Path,
    manifest: &Manifest,
    seq: Seq,
    progress: &dyn Progress,
) -> Result<u64, RestoreError> {
    let mut restore = store.begin_restore().ok_or(StoreError::Corrupt("an empty store"))?;
    let identities = read_identities(&mut restore, from, manifest)?;
    let mut log = Lines::open(from, CHANGES)?;
    let mut samples = Samples::default();
    let mut newest_not_kept: BTreeMap<Key, u32> = BTreeMap::new();
    let (mut done, mut documents) = (0, 0);
    while done < seq {
        let chunk = log.chunk(CHUNK.min((seq - done) as usize))?;
        if chunk.is_empty() {
            return Err(log.damaged(done + 1, "the log ends here").into());
        }
        let before = done;
        let checked: Vec<Checked<'_>> = chunk
            .par_iter()
            .enumerate()
            .map(|(at, line)| {
                let number = before + 1 + at as u64;
                check(line, number, &identities).map_err(|what| log.damaged(number, what))
            })
            .collect::<Result<_, BackupError>>()?;
        for Checked { change, header, prepared, json } in checked {
            if header.forgotten {
                newest_not_kept.insert(change.key, change.version);
            } else {
                newest_not_kept.remove(&change.key);
            }
            if let Some(prepared) = &prepared {
                samples.add(store, prepared);
                documents += 1;
            }
            restore.change(&change, &identities[change.key as usize], header, json)?;
            done = change.seq;
        }
        samples.train(store)?;
        progress.advance(documents, done, seq);
    }
    if let Some((key, version)) = newest_not_kept.pop_first() {
        let identity = identities[key as usize].clone();
        return Err(RestoreError::NotKept { asked: seq, identity, version });
    }
    restore.close(manifest.clock_ms, manifest.last_load)?;
    Ok(documents)
}

/// Gives every key to the resource that had it.
fn read_identities(
    restore: &mut Restore<'_>,
    from: &Path,
    manifest: &Manifest,
) -> Result<Vec<Identity>, RestoreError> {
    let mut lines = Lines::open(from, RESOURCES)?;
    let expected = manifest.file(from, RESOURCES)?.lines;
    let mut identities = Vec::new();
    for number in 1..=expected {
        let line = lines.next()?.unwrap_or_default();
        let identity = serde_json::from_slice(&line)
            .ok()
            .and_then(|(name, id): (String, String)| {
                let resource_type: ResourceType = name.parse().ok()?;
                is_valid_id(&id).then_some(Identity { resource_type, id })
            })
            .ok_or_else(|| lines.damaged(number, "it is not the name of a resource"))?;
        restore.identity(&identity)?;
        identities.push(identity);
    }
    Ok(identities)
}

/// A line of the log that is what it says.
struct Checked<'a> {
    change: Change,
    header: VersionHeader,
    prepared: Option<Prepared>,
    json: Option<&'a [u8]>,
}

/// Reads a line of the log, and holds its document against what else it says. The error is what is wrong.
fn check<'a>(line: &'a [u8], number: Seq, identities: &[Identity]) -> Result<Checked<'a>, String> {
    let entry: Entry<'a> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if entry.seq != number {
        return Err(format!("it is change {}", entry.seq));
    }
    let identity = identities.get(entry.key as usize).ok_or("it names an unknown resource")?;
    let kind = ChangeKind::from(entry.kind);
    let json = entry.document.map(|document| document.get().as_bytes());
    let digest = match &entry.digest {
        Some(text) => unhex(text).ok_or("its digest is none")?,
        None => Digest::default(),
    };
    let mut prepared = None;
    if let Some(json) = json {
        let document = Prepared::read(json, None).map_err(|error| error.to_string())?;
        let is_itself =
            document.resource_type() == identity.resource_type && document.id() == identity.id;
        if !is_itself || kind == ChangeKind::Delete {
            return Err(format!("its document is not one of {identity}"));
        }
        let is_whole = digest == document.digest()
            && document.with_meta(entry.version, entry.last_updated_ms) == json;
        if !is_whole {
            return Err("its document is not what was stored".to_owned());
        }
        prepared = Some(document);
    }
    let change = Change {
        seq: entry.seq,
        kind,
        resource_type: identity.resource_type,
        key: entry.key,
        version: entry.version,
        load: entry.load,
        recorded_ms: entry.recorded_ms,
    };
    let deleted = kind == ChangeKind::Delete;
    let header = VersionHeader {
        seq: entry.seq,
        last_updated_ms: entry.last_updated_ms,
        deleted,
        forgotten: !deleted && json.is_none(),
        digest,
    };
    Ok(Checked { change, header, prepared, json })
}
