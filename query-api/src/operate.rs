//! Work on the directory as a whole while it is served: look at it, load into it, rebuild its index, go
//! back to an earlier one, back it up.
//!
//! What is done is the indexer's library; here stands only how it is done beside readers and writers. Long
//! work runs in a thread of its own, on processors of its own, as of one change; what must not overlap
//! with writes is a short job of the write sequencer. One command that changes the directory runs at a
//! time. Nothing here knows HTTP.

mod events;

use std::io::{BufRead, Read as _};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indexer::backup::{BackupError, BackupOptions, backup};
use indexer::directory::DirectoryError;
use indexer::load::{LoadError, LoadRequest, Step, StepCounts, clear, receive, resume};
use indexer::outcome::Outcome;
use indexer::progress::{Progress, Silent};
use indexer::rebuild::{Beside, Switched, resources};
use indexer::report::LoadReport;
use indexer::stats::stats_as_of;
use indexer::verify::verify_as_of;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use shared::index::{Generation, GenerationError, IndexFiles, Snapshot, WriterOptions};
use shared::store::{ChangeLog as _, Seq, Store, VersionHold};

use crate::directory::Directory;
use crate::engine::EngineError;
use crate::write::{PublishError, SequencerParts, Writer};

pub(crate) use events::Events;

/// How often a load to be continued asks whether another task has ended.
const RESUME_EVERY: Duration = Duration::from_millis(100);

/// Longest options of a task.
const OPTIONS_LEN_MAX: u64 = 1 << 16;

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Look at everything.
    Verify,
    /// Count.
    Stats,
    /// Build a new index and switch to it.
    Rebuild,
    /// Go back to the index before.
    Rollback,
    /// Write a backup.
    Backup,
    /// Load documents.
    Load,
}

impl Task {
    /// The task of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        use Task::{Backup, Load, Rebuild, Rollback, Stats, Verify};
        let all = [Verify, Stats, Rebuild, Rollback, Backup, Load];
        all.into_iter().find(|task| task.name() == name)
    }

    /// Its name, as in the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Stats => "stats",
            Self::Rebuild => "rebuild",
            Self::Rollback => "rollback",
            Self::Backup => "backup",
            Self::Load => "load",
        }
    }

    /// Whether another such task must not run at the same time.
    fn is_exclusive(self) -> bool {
        match self {
            Self::Verify | Self::Stats => false,
            Self::Rebuild | Self::Rollback | Self::Backup | Self::Load => true,
        }
    }
}

/// Why a task was not done; the directory is as before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperateError {
    /// Another task is going on.
    #[error("a {name} has been going on since {since}; try again when it is done")]
    Busy {
        /// Its name.
        name: &'static str,
        /// When it began.
        since: Timestamp,
    },
    /// The disk has less room than the reserve.
    #[error(
        "the disk is full; a load that was received goes on once there is room, with the next load or start"
    )]
    NoSpace,
    /// The directory is being closed.
    #[error("the server is stopping")]
    Stopping,
    /// The directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// What the task needs to know is not what was sent.
    #[error("the options are wrong: {0}")]
    Options(String),
    /// The backup cannot be written.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The inputs cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The index cannot follow the store.
    #[error("the index cannot follow the store: {0}")]
    Publish(#[from] PublishError),
    /// The system gives no threads.
    #[error("no threads for the work: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// A defect of ours.
    #[error("internal failure: {0}")]
    Defect(String),
}

impl From<EngineError> for OperateError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NotReady => Self::Stopping,
            EngineError::Refused(_)
            | EngineError::ForeignPage
            | EngineError::ExpiredPage
            | EngineError::Busy
            | EngineError::Deadline
            | EngineError::Damaged(_)
            | EngineError::DamagedDocument(..)
            | EngineError::Io(_)
            | EngineError::Defect(_) => Self::Defect(error.to_string()),
        }
    }
}

impl From<GenerationError> for OperateError {
    fn from(error: GenerationError) -> Self {
        Self::Directory(error.into())
    }
}

/// Does work on an open directory.
pub(crate) struct Operator {
    data_dir: PathBuf,
    store: Arc<Store>,
    writer: Arc<Writer>,
    /// The public URLs of the directory, without trailing slash.
    base_urls: Vec<String>,
    now: fn() -> Timestamp,
    /// The exclusive task that is going on.
    busy: Mutex<Option<(Task, Timestamp)>>,
}

impl Operator {
    /// The operator of an open directory.
    pub(crate) fn new(
        directory: &Directory,
        data_dir: PathBuf,
        base_urls: Vec<String>,
        now: fn() -> Timestamp,
    ) -> Self {
        let (store, writer) = (Arc::clone(directory.store()), Arc::clone(directory.writer()));
        Self { data_dir, store, writer, base_urls, now, busy: Mutex::new(None) }
    }

    /// Does a task, in the thread that asks; `input` is what it reads.
    ///
    /// # Errors
    /// [`OperateError`].
    pub(crate) fn run(
        &self,
        task: Task,
        input: &mut (dyn BufRead + Send),
        progress: &dyn Progress,
    ) -> Result<Outcome, OperateError> {
        let _busy = if task.is_exclusive() { Some(self.begin(task)?) } else { None };
        // Searches and writes use the common threads; this work must not stand in their way.
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get).div_ceil(2);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        pool.install(|| {
            let base_urls: Vec<&str> = self.base_urls.iter().map(String::as_str).collect();
            match task {
                Task::Verify => {
                    let Present { snapshot, files, last, _hold } = self.present()?;
                    Ok(verify_as_of(&self.store, &snapshot, &files, last)?.into_outcome())
                }
                Task::Stats => {
                    let Present { snapshot, last, _hold, .. } = self.present()?;
                    let stats = stats_as_of(&self.store, Some(&snapshot), last, &base_urls)?;
                    Ok(stats.into_outcome())
                }
                Task::Rebuild => Ok(self.rebuild(&base_urls, progress)?.into_outcome()),
                Task::Rollback => Ok(self.rollback(&base_urls, progress)?.into_outcome()),
                Task::Load => Ok(self.load(&base_urls, input, progress)?.into_outcome()),
                Task::Backup => {
                    let BackupOptions { to } = options(input)?;
                    if !to.is_absolute() {
                        return Err(OperateError::Options(format!(
                            "{} is not from the root",
                            to.display()
                        )));
                    }
                    let Present { last, _hold, .. } = self.present()?;
                    let now_ms = (self.now)().as_millisecond();
                    Ok(backup(&self.store, last, &to, now_ms, progress)?.into_outcome())
                }
            }
        })
    }

    fn begin(&self, task: Task) -> Result<Busy<'_>, OperateError> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((task, since)) = *busy {
            return Err(OperateError::Busy { name: task.name(), since });
        }
        *busy = Some((task, (self.now)()));
        Ok(Busy(&self.busy))
    }

    /// The state at one moment, for as long as it is looked at.
    fn present(&self) -> Result<Present, OperateError> {
        Ok(self.writer.run(|parts| {
            if let Err(error) = parts.publish() {
                // It is found: the index then ends before the store.
                tracing::error!(%error, "the index is behind the store");
            }
            let hold = parts.store.hold_versions();
            let snapshot = Arc::clone(&parts.snapshot);
            let (files, last) = (parts.generation.files(), parts.store.last_seq());
            Present { snapshot, files, last, _hold: hold }
        })?)
    }

    fn load(
        &self,
        base_urls: &[&str],
        input: &mut (dyn BufRead + Send),
        progress: &dyn Progress,
    ) -> Result<LoadReport, OperateError> {
        let request: LoadRequest = options(input)?;
        if !request.quarantine.is_absolute() {
            return Err(OperateError::Options("the quarantine is not from the root".to_owned()));
        }
        if self.writer.run(|parts| (parts.is_full)())? {
            return Err(OperateError::NoSpace);
        }
        // One that could not be finished comes first.
        let turn = &mut |step| self.turn(step);
        resume(&self.store, &self.data_dir, base_urls, turn, progress)?;
        let now_ms = (self.now)().as_millisecond();
        let received = receive(&self.store, &self.data_dir, base_urls, now_ms, &request, input)?;
        let report = received.apply(&self.store, &self.data_dir, base_urls, turn, progress)?;
        self.writer.run(SequencerParts::publish)??;
        Ok(report)
    }

    /// Continues, in a thread of its own, the load that was being applied when the directory was left, if
    /// there is one.
    ///
    /// # Errors
    /// When the store cannot be read, or the system gives no thread.
    pub(crate) fn resume(self: &Arc<Self>) -> anyhow::Result<()> {
        if self.store.pending_load()?.is_none() {
            clear(&self.data_dir);
            return Ok(());
        }
        let operator = Arc::clone(self);
        // Not one of the runtime's threads: a server that stops does not wait for it.
        let thread = std::thread::Builder::new().name("load".to_owned());
        thread.spawn(move || match operator.resume_here() {
            Ok(load) => tracing::info!(load, "a load was continued to its end"),
            Err(error) => {
                tracing::error!(%error, "a load is not finished; the next start or load continues it");
            }
        })?;
        Ok(())
    }

    fn resume_here(&self) -> Result<Option<u32>, OperateError> {
        let _busy = loop {
            match self.begin(Task::Load) {
                Err(OperateError::Busy { .. }) => std::thread::sleep(RESUME_EVERY),
                begun => break begun?,
            }
        };
        let base_urls: Vec<&str> = self.base_urls.iter().map(String::as_str).collect();
        let turn = &mut |step| self.turn(step);
        resume(&self.store, &self.data_dir, &base_urls, turn, &Silent)
    }

    /// Lets a step of a load have its turn among the writers.
    fn turn(&self, step: Step) -> Result<StepCounts, OperateError> {
        self.writer.run(move |parts| {
            if (parts.is_full)() {
                return Err(OperateError::NoSpace);
            }
            let counts = step.write(&parts.store, (parts.now)().as_millisecond());
            if let Err(error) = parts.publish() {
                // The next group or step tries again.
                tracing::error!(%error, "the index is behind the store");
            }
            Ok(counts.map_err(LoadError::from)?)
        })?
    }

    fn rebuild(
        &self,
        base_urls: &[&str],
        progress: &dyn Progress,
    ) -> Result<Switched, OperateError> {
        let _hold = self.store.hold_versions();
        let options = WriterOptions::LIVE;
        let beside = Beside::build(&self.data_dir, &self.store, base_urls, options, progress)?;
        let new = beside.generation.number();
        let switched = self.switch(beside, base_urls, progress);
        if switched.is_err() {
            // What is left of it is nothing; the next start would remove it too.
            let _ = Generation::remove_unfinished(&self.data_dir);
        }
        let (switched, former) = switched?;
        Generation::keep_only(&self.data_dir, &[former, new])?;
        Ok(switched)
    }

    fn rollback(
        &self,
        base_urls: &[&str],
        progress: &dyn Progress,
    ) -> Result<Switched, OperateError> {
        let _hold = self.store.hold_versions();
        let beside = Beside::previous(&self.data_dir, &self.store)?;
        Ok(self.switch(beside, base_urls, progress)?.0)
    }

    /// Lets a generation take the place of the current one, whose number is returned too.
    fn switch(
        &self,
        mut beside: Beside,
        base_urls: &[&str],
        progress: &dyn Progress,
    ) -> Result<(Switched, u32), OperateError> {
        beside.come_close(&self.store, base_urls, progress)?;
        // Opened now, its segments need not be opened while writers wait.
        let near = beside.checked_snapshot(&self.store)?;
        beside.generation.freeze_statistics(resources(&near))?;
        progress.phase("switching");
        let data_dir = self.data_dir.clone();
        let switch = move |parts: &mut SequencerParts| -> Result<_, OperateError> {
            parts.publish()?;
            let base_urls = parts.base_urls.clone();
            let base_urls: Vec<&str> = base_urls.iter().map(String::as_str).collect();
            beside.follow(&parts.store, &base_urls)?;
            let snapshot = beside.generation.snapshot(Some(&near))?;
            let switched = beside.publish(&data_dir, resources(&snapshot))?;
            // Once more: only what is published has its statistics.
            let snapshot = Arc::new(beside.generation.snapshot(Some(&snapshot))?);
            Ok((switched, parts.switch(beside.generation, beside.writer, snapshot)))
        };
        let (switched, (former, index)) = self.writer.run(switch)??;
        if let Err(error) = index.finish() {
            tracing::warn!(%error, "a merge of the former index failed");
        }
        Ok((switched, former.number()))
    }
}

/// What searches see, the last change of the store at the same moment, and what keeps its documents.
struct Present {
    snapshot: Arc<Snapshot>,
    files: IndexFiles,
    last: Seq,
    _hold: VersionHold,
}

/// The first line of what a task reads.
fn options<T: DeserializeOwned>(input: &mut (dyn BufRead + Send)) -> Result<T, OperateError> {
    let mut line = Vec::new();
    let wrong = |error: std::io::Error| OperateError::Options(error.to_string());
    input.take(OPTIONS_LEN_MAX).read_until(b'\n', &mut line).map_err(wrong)?;
    serde_json::from_slice(&line).map_err(|error| OperateError::Options(error.to_string()))
}

/// The mark of an exclusive task, taken away when dropped.
struct Busy<'a>(&'a Mutex<Option<(Task, Timestamp)>>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
