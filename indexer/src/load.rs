//! `load`: documents in, one new state of the directory out, or the state before.
//!
//! ```text
//! read (a thread) ─▶ prepare (all cores: parse, validate, extract) ─▶ place (one after the other: key,
//! version, store) ─▶ index (all cores), with short queues between them
//! ```
//!
//! Everything written to the store stands under one load, which counts when it is closed; the index is
//! committed after that. A load that fails or is killed leaves the store and the index as they were.
//!
//! A directory that is being served is loaded by its server: `send` brings it the inputs, `served` receives
//! and applies them, with the same reading, preparing and reporting.

mod apply;
mod place;
mod prepare;
mod quarantine;
mod send;
mod served;
mod spool;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::prelude::*;
use shared::index::{Documents, GenerationError, IndexWriter, IndexedResource};
use shared::replay::ReplayError;
use shared::store::{Store, StoreError};
use shared::validate::Validator;

use crate::directory::{Directory, DirectoryError};
use crate::progress::Progress;
use crate::read::{RawDocument, ReadError, ReadSummary, Reader};
use crate::report::LoadReport;
pub use apply::{Step, StepCounts};
pub(crate) use place::Placements;
use place::{Placed, Placement};
use prepare::{Outcome, Preparation};
use quarantine::Quarantine;
pub use send::{SendError, send};
pub use served::{ServedLoad, Turn, clear, receive, resume};
pub use wire::LoadRequest;

/// Documents that travel together.
const CHUNK_DOCUMENTS: usize = 512;
/// A chunk of large documents is sent earlier.
const CHUNK_BYTES: usize = 4 << 20;
/// Chunks waiting between two stages.
const QUEUE: usize = 2;
/// A mirror deletes at most this share of the directory, unless forced: one in …
const SHRINK_ONE_IN: u64 = 20;

/// What to load, and how.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Files, folders, or `-` for standard input.
    pub inputs: Vec<PathBuf>,
    /// Delete what the inputs do not hold.
    pub mirror: bool,
    /// Let a mirror shrink the directory by more than 5 %.
    pub force: bool,
    /// Where refused documents go.
    pub quarantine: PathBuf,
    /// The instant of the load, in milliseconds since 1970.
    pub now_ms: i64,
}

/// Why a load failed; the directory is then as before.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] ReplayError),
    /// The quarantine file cannot be written.
    #[error("quarantine {path}: {source}", path = path.display())]
    Quarantine {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The inputs do not arrive as they should.
    #[error("the inputs: {0}; nothing was changed")]
    Input(io::Error),
    /// The file in which a load waits cannot be written or read.
    #[error("{path}: {source}", path = path.display())]
    Spool {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A mirror would delete too much.
    #[error(
        "--mirror would delete {absent} of {live} resources, more than 5 %; use --force if that is meant"
    )]
    Shrink {
        /// Resources that the inputs do not hold.
        absent: u64,
        /// Resources before the load.
        live: u64,
    },
    /// Our bug: documents were lost or invented on the way.
    #[error("{read} documents were read, but {accounted} accounted for; nothing was changed")]
    Accounting {
        /// Documents read.
        read: u64,
        /// Written, unchanged, duplicate and quarantined ones.
        accounted: u64,
    },
}

impl From<GenerationError> for LoadError {
    fn from(error: GenerationError) -> Self {
        Self::Directory(error.into())
    }
}

/// Loads documents into the directory.
///
/// # Errors
/// [`LoadError`]; refused documents are no error, the report counts them.
pub fn load(
    directory: &mut Directory,
    validator: &Validator,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<LoadReport, LoadError> {
    let started = Instant::now();
    let reader = Reader::new(&options.inputs)?;
    let base_urls = directory.base_urls.clone();
    let base_urls: Vec<&str> = base_urls.iter().map(String::as_str).collect();
    let preparation = Preparation { validator, base_urls: &base_urls, first_versions: None };
    let sink = Sink { writer: &directory.writer, documents: directory.generation.documents() };
    let (mut report, seq) = run(&directory.store, preparation, sink, reader, options, progress)?;
    progress.phase("publishing the index");
    directory.commit(seq)?;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Runs the stages to the closed load; the index is left uncommitted.
fn run(
    store: &Store,
    preparation: Preparation<'_>,
    sink: Sink<'_>,
    reader: Reader,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<(LoadReport, u64), LoadError> {
    let size_bytes = reader.size_bytes();
    let consumed = reader.consumed();
    let read_count = AtomicU64::new(0);
    let mut placement = Placement::new(store, preparation.base_urls, options.now_ms)?;
    let preparation = Preparation { first_versions: placement.first_versions(), ..preparation };
    let mut quarantine = Quarantine::new(options.quarantine.clone());
    let mut report = LoadReport::default();

    let summary = std::thread::scope(|scope| -> Result<ReadSummary, LoadError> {
        let (raw_out, raw_in) = bounded(QUEUE);
        let (outcome_out, outcome_in) = bounded(QUEUE);
        let (placed_out, placed_in) = bounded(QUEUE);
        let read_count = &read_count;
        let reading = scope.spawn(move || read_chunks(reader, read_count, &raw_out));
        scope.spawn(move || prepare_chunks(preparation, &raw_in, &outcome_out));
        let indexing = scope.spawn(move || sink.index_chunks(&placed_in));

        for chunk in outcome_in {
            let done = chunk.len() as u64;
            let candidates = sort_out(chunk, &mut placement, &mut quarantine, &mut report)?;
            let placed = placement.place(candidates)?;
            // A closed channel means that indexing failed; its error is asked for below.
            if placed_out.send(placed).is_err() {
                break;
            }
            report.read += done;
            progress.advance(report.read, consumed.load(Ordering::Relaxed), size_bytes);
        }
        drop(placed_out);
        indexing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    })?;

    if options.mirror {
        let absent = mirror(&mut placement, options.force)?;
        for key in absent {
            sink.writer.delete(key);
        }
    }
    report.dangling = placement.dangling()?;
    report.count(placement.counts());
    let read = read_count.load(Ordering::Relaxed);
    if report.accounted() != read {
        return Err(LoadError::Accounting { read, accounted: report.accounted() });
    }
    let path = quarantine.path().to_owned();
    report.quarantine =
        quarantine.finish().map_err(|source| LoadError::Quarantine { path, source })?;
    (report.load, report.seq) = placement.close()?;
    report.files = summary.files;
    report.skipped_files = summary.skipped;
    report.outcomes = summary.outcomes;
    let seq = report.seq;
    Ok((report, seq))
}

fn read_chunks(
    reader: Reader,
    read_count: &AtomicU64,
    out: &Sender<Vec<RawDocument>>,
) -> Result<ReadSummary, ReadError> {
    let mut chunk = Vec::with_capacity(CHUNK_DOCUMENTS);
    let mut chunk_bytes = 0;
    let summary = reader.read(&mut |document| {
        chunk_bytes += document.bytes.len();
        chunk.push(document);
        read_count.fetch_add(1, Ordering::Relaxed);
        if chunk.len() < CHUNK_DOCUMENTS && chunk_bytes < CHUNK_BYTES {
            return true;
        }
        chunk_bytes = 0;
        out.send(std::mem::take(&mut chunk)).is_ok()
    })?;
    out.send(chunk).map_err(|_| ReadError::Stopped)?;
    Ok(summary)
}

fn prepare_chunks(
    preparation: Preparation<'_>,
    raw: &Receiver<Vec<RawDocument>>,
    out: &Sender<Vec<Outcome>>,
) {
    for chunk in raw {
        let outcomes = chunk.into_par_iter().map(|document| preparation.prepare(document));
        if out.send(outcomes.collect()).is_err() {
            return;
        }
    }
}

/// Takes the refusals out of a chunk.
fn sort_out(
    chunk: Vec<Outcome>,
    placement: &mut Placement<'_>,
    quarantine: &mut Quarantine,
    report: &mut LoadReport,
) -> Result<Vec<prepare::Candidate>, LoadError> {
    let mut candidates = Vec::with_capacity(chunk.len());
    for outcome in chunk {
        match outcome {
            Outcome::Candidate(candidate) => candidates.push(*candidate),
            Outcome::Refusal(refusal) => {
                placement.refused(refusal.identity.as_ref());
                quarantine.write(&refusal).map_err(|source| LoadError::Quarantine {
                    path: quarantine.path().to_owned(),
                    source,
                })?;
                report.refuse(&refusal.origin.to_string(), &refusal.reasons);
            }
        }
    }
    Ok(candidates)
}

/// Deletes what the inputs do not hold. Returns the keys.
fn mirror(placement: &mut Placement<'_>, force: bool) -> Result<Vec<u32>, LoadError> {
    let (absent, live) = placement.absent()?;
    check_shrink(absent.len() as u64, live, force)?;
    placement.delete(&absent)?;
    Ok(absent)
}

/// Refuses to delete a great part of the directory, unless forced.
fn check_shrink(absent: u64, live: u64, force: bool) -> Result<(), LoadError> {
    if absent * SHRINK_ONE_IN > live && !force {
        return Err(LoadError::Shrink { absent, live });
    }
    Ok(())
}

/// The index side of the pipeline.
#[derive(Clone, Copy)]
struct Sink<'a> {
    writer: &'a IndexWriter,
    documents: &'a Documents,
}

impl Sink<'_> {
    fn index_chunks(self, chunks: &Receiver<Vec<Placed>>) -> Result<(), ReplayError> {
        for chunk in chunks {
            chunk.into_par_iter().try_for_each(|placed| self.index(placed))?;
        }
        Ok(())
    }

    fn index(self, placed: Placed) -> Result<(), ReplayError> {
        let address = self.documents.append(placed.key, &placed.blob)?;
        let resource = IndexedResource {
            key: placed.key,
            extracted: placed.extracted,
            reference_keys: &placed.reference_keys,
            last_updated_ms: placed.last_updated_ms,
            address,
        };
        if placed.is_new {
            self.writer.add(resource)?;
        } else {
            self.writer.replace(resource)?;
        }
        Ok(())
    }
}

/// The quarantine file when none is named: one for the data directory, replaced by each load.
pub fn default_quarantine(data_dir: &Path) -> PathBuf {
    data_dir.join("quarantine.ndjson")
}
