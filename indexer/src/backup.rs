//! `backup`: the change log with all its documents as compressed NDJSON, which any program can read, with
//! checksums.
//!
//! A backup is of one change: whatever is written meanwhile is not in it. Its manifest is written last, so
//! that a folder without one is no backup. Neither the index (a function of the documents) nor the secrets
//! of the directory are in it. `docs/operate.md` describes the files.

mod format;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::data_dir;
use shared::store::{Change, Seq, Store, StoreError};

use crate::outcome::{Exit, Outcome};
use crate::progress::Progress;
pub(crate) use format::{CHANGES, Entry, Lines, Manifest, RESOURCES, unhex};
use format::{MANIFEST, Writer, Written, hex};

/// Changes read and written at once.
const CHUNK: usize = 1_000;

/// Why there is no backup, or none that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A load is half applied.
    #[error(
        "load {0} is half applied: `query-api serve`, or the next `indexer load`, brings it to its end"
    )]
    HalfLoaded(u32),
    /// The folder to write to holds something already.
    #[error("{path} {what}: name a folder that is empty or does not exist", path = .0.display(), what = .1)]
    NotEmpty(PathBuf, &'static str),
    /// The folder to read from has no manifest.
    #[error("{path} is no backup, or one that was not finished: it has no {MANIFEST}", path = .0.display())]
    Unfinished(PathBuf),
    /// A file is not what was written.
    #[error("the backup is damaged: {path} {what}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

/// What a server that writes a backup is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupOptions {
    /// The folder to write to, from the root.
    pub to: PathBuf,
}

/// A finished backup.
#[derive(Debug, Clone, Serialize)]
pub struct BackedUp {
    /// The folder.
    pub folder: PathBuf,
    /// The last change in it.
    pub seq: Seq,
    /// Resources, referenced-only ones too.
    pub resources: u64,
    /// Documents of all versions.
    pub documents: u64,
    /// Size of its files.
    pub bytes: u64,
}

impl BackedUp {
    /// What is printed of it.
    pub fn into_outcome(self) -> Outcome {
        Outcome::new(&self, Exit::Well)
    }
}

impl fmt::Display for BackedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, seq, resources, documents, bytes } = self;
        writeln!(
            f,
            "{documents} documents of {resources} resources as of change {seq} in {}, {bytes} bytes",
            folder.display()
        )
    }
}

/// Writes a backup as of change `seq`, whoever writes to the store meanwhile; versions must be held then.
/// `now_ms` is the clock.
///
/// # Errors
/// [`BackupError`]; an unfinished backup may stay in the folder and is overwritten by the next one.
pub fn backup(
    store: &Store,
    seq: Seq,
    folder: &Path,
    now_ms: i64,
    progress: &dyn Progress,
) -> Result<BackedUp, BackupError> {
    if let Some(pending) = store.pending_load()? {
        return Err(BackupError::HalfLoaded(pending.load));
    }
    make_room(folder)?;
    progress.phase("writing the backup");
    // Keys are never taken back, so those of later changes do no harm.
    let resources = write_resources(store, folder)?;
    let (changes, documents) = write_changes(store, seq, folder, progress)?;
    let (last_load, clock_ms) = store.last_load_and_clock_ms();
    let bytes = resources.bytes + changes.bytes;
    let manifest = Manifest {
        format: format::FORMAT,
        created: shared::store::format_instant(now_ms),
        seq,
        last_load,
        clock_ms,
        documents,
        files: vec![resources.clone(), changes],
        digest: String::new(),
    };
    manifest.write(folder)?;
    let folder = folder.to_owned();
    Ok(BackedUp { folder, seq, resources: resources.lines, documents, bytes })
}

/// Makes the folder, or clears what an unfinished backup left in it.
fn make_room(folder: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(folder).map_err(at(folder))?;
    if folder.join(MANIFEST).exists() {
        return Err(BackupError::NotEmpty(folder.to_owned(), "holds a backup"));
    }
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let name = entry.map_err(at(folder))?.file_name();
        if name != RESOURCES && name != CHANGES && name != "manifest.new" {
            return Err(BackupError::NotEmpty(folder.to_owned(), "holds other files"));
        }
    }
    data_dir::sync_parent(folder).map_err(at(folder))
}

fn write_resources(store: &Store, folder: &Path) -> Result<Written, BackupError> {
    let mut writer = Writer::create(folder, RESOURCES)?;
    for (resource, expected) in store.resources().zip(0..) {
        let (key, identity, _) = resource?;
        if key != expected {
            return Err(StoreError::Corrupt("a key").into());
        }
        let line = serde_json::to_vec(&(identity.resource_type.as_str(), &identity.id));
        writer.line(&line.expect("texts are plain data"))?;
    }
    writer.finish()
}

/// Returns the file and the number of documents in it.
fn write_changes(
    store: &Store,
    seq: Seq,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(Written, u64), BackupError> {
    let mut writer = Writer::create(folder, CHANGES)?;
    let mut changes = store.changes(1..=seq);
    let (mut done, mut documents) = (0, 0);
    loop {
        let chunk: Vec<Change> = changes.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
        if chunk.is_empty() {
            break;
        }
        let lines: Vec<(bool, Vec<u8>)> =
            chunk.par_iter().map(|change| line(store, change)).collect::<Result<_, _>>()?;
        for ((has_document, line), change) in lines.iter().zip(&chunk) {
            done += 1;
            if change.seq != done {
                return Err(StoreError::Corrupt("the change log").into());
            }
            documents += u64::from(*has_document);
            writer.line(line)?;
        }
        progress.advance(done, done, seq);
    }
    if done != seq {
        return Err(StoreError::Corrupt("the change log").into());
    }
    Ok((writer.finish()?, documents))
}

/// A change as a line, and whether it has a document.
fn line(store: &Store, change: &Change) -> Result<(bool, Vec<u8>), StoreError> {
    let stored = store
        .read_version(change.key, change.version)?
        .ok_or(StoreError::Corrupt("a version of the change log"))?;
    let header = stored.header;
    let mut json = Vec::new();
    store.decode(&stored, &mut json)?;
    let document: Option<&RawValue> = if header.deleted || header.forgotten {
        None
    } else {
        Some(serde_json::from_slice(&json).map_err(|_| StoreError::Corrupt("a document"))?)
    };
    let entry = Entry {
        seq: change.seq,
        kind: change.kind.into(),
        key: change.key,
        version: change.version,
        load: change.load,
        recorded_ms: change.recorded_ms,
        last_updated_ms: header.last_updated_ms,
        digest: (!header.deleted).then(|| hex(&header.digest)),
        document,
    };
    let line = serde_json::to_vec(&entry).expect("entries are plain data");
    Ok((document.is_some(), line))
}

pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Io { path: path.clone(), source }
}
