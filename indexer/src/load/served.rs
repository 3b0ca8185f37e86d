//! A load into a directory that is being served: first the inputs are received as a whole, then they are
//! applied beside other writers.
//!
//! Until the last document has arrived nothing is changed: a client that goes away, a refused mirror or a
//! crash leaves the directory as it was. From then on the load is decided: it is applied in steps, each
//! with the place it has reached, and after a crash continued where it stood. Not here: who gives the
//! steps their turn.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rayon::prelude::*;
use shared::data_dir;
use shared::fhir::ResourceType;
use shared::store::{ChangeLog as _, PendingLoad, Seq, Store, identity_hash};
use shared::validate::{Strictness, Validator};

use super::apply::{Applied, Step, StepCounts, apply};
use super::prepare::{Outcome as Fate, Preparation};
use super::quarantine::Quarantine;
use super::spool::{Entry, Spool, Spooled};
use super::wire::{LoadRequest, Received, read};
use super::{CHUNK_BYTES, CHUNK_DOCUMENTS, LoadError, Placements, check_shrink};
use crate::progress::Progress;
use crate::read::{RawDocument, ReadSummary};
use crate::report::LoadReport;

/// What gives a step of a load its turn.
pub type Turn<'a, E> = &'a mut dyn FnMut(Step) -> Result<StepCounts, E>;

/// A load whose documents have all arrived.
#[derive(Debug)]
pub struct ServedLoad {
    started: Instant,
    pending: PendingLoad,
    last: Occurrences,
    warnings: BTreeMap<Cow<'static, str>, u64>,
    report: LoadReport,
}

/// Where in a spool the last document of each resource stands: earlier ones are not applied. Documents are
/// counted from 0; resources are held as hashes of 128 bits, of which no two are the same.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    last: HashMap<u128, u32>,
    count: u32,
}

impl Occurrences {
    /// Counts the next document.
    pub(super) fn note(&mut self, resource_type: ResourceType, id: &str) {
        self.last.insert(identity_hash(resource_type, id), self.count);
        self.count += 1;
    }

    /// Whether document number `number` is the last one of its resource.
    pub(super) fn is_last(&self, number: u32, resource_type: ResourceType, id: &str) -> bool {
        self.last.get(&identity_hash(resource_type, id)) == Some(&number)
    }

    fn contains(&self, resource_type: ResourceType, id: &str) -> bool {
        self.last.contains_key(&identity_hash(resource_type, id))
    }

    fn duplicates(&self) -> u64 {
        u64::from(self.count) - self.last.len() as u64
    }
}

/// The file in which a load waits; another name until it is whole.
fn files(data_dir: &Path) -> (PathBuf, PathBuf) {
    let folder = data_dir::loads(data_dir);
    (folder.join("begun"), folder.join("waiting"))
}

/// Receives a load. `now_ms` is its instant.
///
/// # Errors
/// [`LoadError`]; nothing was changed then.
pub fn receive(
    store: &Store,
    data_dir: &Path,
    base_urls: &[&str],
    now_ms: i64,
    request: &LoadRequest,
    input: &mut (dyn BufRead + Send),
) -> Result<ServedLoad, LoadError> {
    let started = Instant::now();
    let since = store.last_seq();
    let (begun, whole) = files(data_dir);
    let folder = data_dir::loads(data_dir);
    fs::create_dir_all(&folder).map_err(spool_error(&folder))?;
    let strictness = if request.strict { Strictness::Strict } else { Strictness::WhereClaimed };
    let validator = Validator::new(strictness);
    let mut receiving = Receiving {
        preparation: Preparation { validator: &validator, base_urls, first_versions: None },
        spool: Spool::create(&begun).map_err(spool_error(&begun))?,
        begun: begun.clone(),
        quarantine: Quarantine::new(request.quarantine.clone()),
        last: Occurrences::default(),
        refused: HashSet::new(),
        warnings: BTreeMap::new(),
        report: LoadReport::default(),
    };
    let received = receiving.everything(input).and_then(|summary| {
        if request.mirror {
            receiving.mirror(store, since, request.force)?;
        }
        Ok(summary)
    });
    let summary = match received {
        Ok(summary) => summary,
        Err(error) => {
            // Nothing refers to it; the next start would remove it too.
            let _ = fs::remove_file(&begun);
            return Err(error);
        }
    };
    let Receiving { spool, quarantine, last, warnings, mut report, .. } = receiving;
    let path = quarantine.path().to_owned();
    report.quarantine =
        quarantine.finish().map_err(|source| LoadError::Quarantine { path, source })?;
    report.files = summary.files;
    report.skipped_files = summary.skipped;
    report.outcomes = summary.outcomes;
    spool.finish(&begun, &whole).map_err(spool_error(&whole))?;
    let pending = store.begin_pending_load(since, now_ms)?;
    Ok(ServedLoad { started, pending, last, warnings, report })
}

/// The receiving half of a load.
struct Receiving<'a> {
    preparation: Preparation<'a>,
    spool: Spool,
    begun: PathBuf,
    quarantine: Quarantine,
    last: Occurrences,
    /// Resources whose documents were refused: what is stored of them stays.
    refused: HashSet<u128>,
    warnings: BTreeMap<Cow<'static, str>, u64>,
    report: LoadReport,
}

impl Receiving<'_> {
    fn everything(&mut self, input: &mut (dyn BufRead + Send)) -> Result<ReadSummary, LoadError> {
        loop {
            let (mut chunk, mut bytes) = (Vec::with_capacity(CHUNK_DOCUMENTS), 0);
            let mut end = None;
            while end.is_none() && chunk.len() < CHUNK_DOCUMENTS && bytes < CHUNK_BYTES {
                match read(input).map_err(LoadError::Input)? {
                    Received::Document(document) => {
                        bytes += document.bytes.len();
                        chunk.push(document);
                    }
                    Received::End(summary) => end = Some(summary),
                }
            }
            self.chunk(chunk)?;
            if let Some(summary) = end {
                return Ok(summary);
            }
        }
    }

    fn chunk(&mut self, chunk: Vec<RawDocument>) -> Result<(), LoadError> {
        self.report.read += chunk.len() as u64;
        let preparation = self.preparation;
        let prepared: Vec<(Fate, Vec<u8>)> = chunk
            .into_par_iter()
            .map(|document| {
                let bytes = document.bytes.clone();
                (preparation.prepare(document), bytes)
            })
            .collect();
        for (fate, bytes) in prepared {
            match fate {
                Fate::Candidate(candidate) => {
                    let document = &candidate.prepared;
                    self.last.note(document.resource_type(), document.id());
                    for rule in candidate.warnings {
                        *self.warnings.entry(rule).or_default() += 1;
                    }
                    let pushed = self.spool.push(&Entry::Put(bytes));
                    pushed.map_err(spool_error(&self.begun))?;
                }
                Fate::Refusal(refusal) => {
                    let identity = refusal.identity.as_ref();
                    self.refused.extend(identity.map(|(t, id)| identity_hash(*t, id)));
                    let path = self.quarantine.path().to_owned();
                    let written = self.quarantine.write(&refusal);
                    written.map_err(|source| LoadError::Quarantine { path, source })?;
                    self.report.refuse(&refusal.origin.to_string(), &refusal.reasons);
                }
            }
        }
        Ok(())
    }

    /// Adds the deletes of what the inputs do not hold; what others wrote since the load began stays.
    fn mirror(&mut self, store: &Store, since: Seq, force: bool) -> Result<(), LoadError> {
        let (mut absent, mut live) = (Vec::new(), 0);
        for resource in store.resources() {
            let (_, identity, head) = resource?;
            if head.is_none_or(|head| head.header.deleted || head.header.seq > since) {
                continue;
            }
            live += 1;
            let (resource_type, id) = (identity.resource_type, &identity.id);
            let is_known = self.last.contains(resource_type, id)
                || self.refused.contains(&identity_hash(resource_type, id));
            if !is_known {
                absent.push(identity.to_string());
            }
        }
        check_shrink(absent.len() as u64, live, force)?;
        for name in absent {
            let pushed = self.spool.push(&Entry::Delete(name));
            pushed.map_err(spool_error(&self.begun))?;
        }
        Ok(())
    }
}

impl ServedLoad {
    /// Applies the load, step by step, as `turn` allows.
    ///
    /// # Errors
    /// Those of the steps; the load stays and is continued by [`resume`].
    pub fn apply<E: From<LoadError>>(
        self,
        store: &Store,
        data_dir: &Path,
        base_urls: &[&str],
        turn: Turn<'_, E>,
        progress: &dyn Progress,
    ) -> Result<LoadReport, E> {
        let Self { started, pending, last, warnings, mut report } = self;
        progress.phase("applying");
        let (_, whole) = files(data_dir);
        let spooled = Spooled::open(&whole).map_err(spool_error(&whole))?;
        let applied = apply(&spooled, 0, &last, pending, store, base_urls, turn, progress)?;
        let Applied { types, dangling } = applied;
        forget(store, &whole)?;
        report.count(Placements { types, duplicates: last.duplicates(), warnings });
        report.dangling = dangling;
        report.load = pending.load;
        report.seq = store.last_seq();
        report.seconds = started.elapsed().as_secs_f64();
        let (read, accounted) = (report.read, report.accounted());
        if read != accounted {
            return Err(LoadError::Accounting { read, accounted }.into());
        }
        Ok(report)
    }
}

/// Continues the load that was being applied when the directory was left, if there is one, and clears away
/// what was never whole. Returns the number of the load.
///
/// A load whose file is damaged or missing is given up, with an error in the log: nobody was told that it
/// was done.
///
/// # Errors
/// Those of the steps.
pub fn resume<E: From<LoadError>>(
    store: &Store,
    data_dir: &Path,
    base_urls: &[&str],
    turn: Turn<'_, E>,
    progress: &dyn Progress,
) -> Result<Option<u32>, E> {
    let (_, whole) = files(data_dir);
    let Some(pending) = store.pending_load().map_err(LoadError::from)? else {
        clear(data_dir);
        return Ok(None);
    };
    progress.phase("continuing a load");
    let scanned = Spooled::open(&whole).and_then(|spooled| {
        let scanned = scan(&spooled, pending.position)?;
        Ok((spooled, scanned))
    });
    match scanned {
        Ok((spooled, (last, number))) => {
            apply(&spooled, number, &last, pending, store, base_urls, turn, progress)?;
        }
        Err(error) => {
            tracing::error!(load = pending.load, %error, "a load is given up half applied: load the same inputs again");
        }
    }
    forget(store, &whole)?;
    Ok(Some(pending.load))
}

/// Clears away what was never whole; only when no load is under way or waits.
pub fn clear(data_dir: &Path) {
    let (begun, whole) = files(data_dir);
    for path in [begun, whole] {
        // It is not there, as a rule.
        let _ = fs::remove_file(path);
    }
}

/// The last occurrences of a spool, and the number of the first document from `position` on.
fn scan(spooled: &Spooled, position: u64) -> std::io::Result<(Occurrences, u32)> {
    let mut last = Occurrences::default();
    let (mut at, mut number) = (0, 0);
    while let Some((entries, next)) = spooled.chunk(at)? {
        if at == position {
            number = last.count;
        }
        for entry in entries {
            if let Entry::Put(document) = entry {
                let prepared = shared::store::Prepared::read(&document, None)
                    .map_err(std::io::Error::other)?;
                last.note(prepared.resource_type(), prepared.id());
            }
        }
        at = next;
    }
    Ok((last, number))
}

/// The load is done: first the store knows, then its file goes.
fn forget(store: &Store, whole: &Path) -> Result<(), LoadError> {
    store.end_pending_load()?;
    if let Err(error) = fs::remove_file(whole) {
        tracing::warn!(%error, "the file of a finished load stays until the next start");
    }
    Ok(())
}

pub(super) fn spool_error(path: &Path) -> impl Fn(std::io::Error) -> LoadError {
    let path = path.to_owned();
    move |source| LoadError::Spool { path: path.clone(), source }
}
