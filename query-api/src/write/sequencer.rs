//! The one thread that writes: commands in, in order; groups of them durable at once; the index
//! behind them; answers out.
//!
//! A group is what stands in the queue when the thread comes back to it: while one group goes to disk
//! the next one gathers, so nothing waits for a timer. The answer is sent when the group is durable,
//! and again when a new snapshot shows it. When the index cannot follow, writes stay durable, callers
//! are told that they are not searchable yet, and every next group tries to catch up. When the disk is
//! full or the store fails, callers are told so; the store is opened again once there is room.
//!
//! Work on the directory as a whole ([`Writer::run`]: a batch of a load, the switch to another index) takes
//! its turn between groups.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use shared::access::Access;
use shared::index::{Generation, GenerationError, IndexWriter, Snapshot};
use shared::replay::{Replay, ReplayError};
use shared::store::{ChangeLog as _, Store, StoreError};
use shared::validate::Validator;
use tokio::sync::oneshot;

use super::group::{Context, Group, Rules, condition};
use super::{Answer, Command, REOPENING, Ticket, Work, WriteError};
use crate::engine::{EngineError, View};

/// Most commands of one group.
const GROUP_MAX: usize = 1_000;

/// Longest evaluation of one condition: all other writers wait for it.
const CONDITION_DEADLINE: Duration = Duration::from_secs(2);

/// Time between two attempts to bring back what failed, while nobody writes.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(1);

/// The way to the sequencer; closing it ends the thread once the queue is empty.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Mutex<Option<SyncSender<Queued>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What waits for the thread.
enum Queued {
    /// Work on the directory as a whole.
    Job(Job),
    /// A change.
    Change(Box<Change>),
}

struct Change {
    command: Command,
    answer: oneshot::Sender<Answer>,
    visible: oneshot::Sender<()>,
}

type Job = Box<dyn FnOnce(&mut SequencerParts) + Send>;

/// Gives the present view of a caller.
pub(crate) type Views = Box<dyn Fn(Access) -> Result<Arc<dyn View>, EngineError> + Send>;

/// Makes a snapshot the present one.
pub(crate) type Show = Box<dyn Fn(Arc<Snapshot>) + Send>;

/// What the sequencer works on.
pub(crate) struct SequencerParts {
    /// What is true.
    pub(crate) store: Arc<Store>,
    /// The current generation.
    pub(crate) generation: Generation,
    /// Its writer.
    pub(crate) index: IndexWriter,
    /// The present snapshot.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The public URLs of the directory, without trailing slash.
    pub(crate) base_urls: Vec<String>,
    /// What the settings ask of writes.
    pub(crate) rules: Rules,
    /// The same validator as that of the callers.
    pub(crate) validator: Arc<Validator>,
    /// The clock.
    pub(crate) now: fn() -> Timestamp,
    /// Makes ids that no resource has.
    pub(crate) new_id: fn() -> String,
    /// Gives the present view of a caller.
    pub(crate) views: Views,
    /// Makes a snapshot the present one.
    pub(crate) show: Show,
    /// Whether the disk has less room than the reserve.
    pub(crate) is_full: Box<dyn Fn() -> bool + Send>,
}

/// The thread's state.
pub(crate) struct Sequencer(SequencerParts);

/// Why the index could not follow.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// The changes could not be indexed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The new state could not be opened.
    #[error(transparent)]
    Generation(#[from] GenerationError),
}

impl Writer {
    /// Queues a command.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when the queue is full, [`EngineError::NotReady`] when it is closed.
    pub(crate) fn submit(&self, command: Command) -> Result<Ticket, EngineError> {
        let (answer, answer_in) = oneshot::channel();
        let (visible, visible_in) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or(EngineError::NotReady)?;
        let change = Box::new(Change { command, answer, visible });
        match sender.try_send(Queued::Change(change)) {
            Ok(()) => Ok(Ticket { answer: answer_in, visible: visible_in }),
            Err(TrySendError::Full(_)) => Err(EngineError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(EngineError::NotReady),
        }
    }

    /// Does work in the thread, between groups, and waits for it; no other change happens meanwhile.
    ///
    /// # Errors
    /// [`EngineError::NotReady`] when the queue is closed, [`EngineError::Defect`] when the work panics.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SequencerParts) -> R + Send + 'static,
    ) -> Result<R, EngineError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sender = queue.ok_or(EngineError::NotReady)?;
        let (done, result) = sync_channel(1);
        let job: Job = Box::new(move |parts| {
            // Who asked may have gone away; the work is done all the same.
            let _ = done.send(work(parts));
        });
        sender.send(Queued::Job(job)).map_err(|_| EngineError::NotReady)?;
        // Kept, it would keep the queue from being closed.
        drop(sender);
        result.recv().map_err(|_| EngineError::Defect("work on the directory panicked".to_owned()))
    }

    /// Takes no more commands, answers those that are queued, and ends the thread.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the write sequencer had panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Sequencer {
    /// Starts the thread, with a queue of `queue` commands.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(parts: SequencerParts, queue: usize) -> std::io::Result<Writer> {
        let (sender, receiver) = sync_channel(queue);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || Self(parts).run(&receiver))?;
        Ok(Writer { queue: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    fn run(mut self, queue: &Receiver<Queued>) {
        let mut carried = None;
        loop {
            let first = match carried.take() {
                Some(queued) => queued,
                None => match queue.recv_timeout(self.patience()) {
                    Ok(queued) => queued,
                    Err(RecvTimeoutError::Timeout) => {
                        self.catch_up();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                },
            };
            let first = match first {
                Queued::Change(first) => first,
                Queued::Job(job) => {
                    self.job(job);
                    continue;
                }
            };
            carried = match self.make_able() {
                Ok(()) => self.group(*first, queue),
                Err(why) => {
                    self.refuse(*first, queue, &why);
                    None
                }
            };
        }
        if let Err(error) = self.0.index.finish() {
            tracing::error!(%error, "a merge of the index failed");
        }
    }

    /// How long to wait for a command: what failed is tried again even if nobody writes.
    fn patience(&self) -> Duration {
        let is_well = !self.0.store.has_failed() && !self.is_behind();
        if is_well { Duration::MAX } else { RECOVERY_INTERVAL }
    }

    fn is_behind(&self) -> bool {
        self.0.snapshot.seq < self.0.store.last_seq()
    }

    /// Brings store and index back to work, if they can be.
    fn catch_up(&mut self) {
        if self.make_able().is_ok()
            && let Err(error) = self.0.publish()
        {
            tracing::error!(%error, "the index is behind the store");
        }
    }

    /// Does work on the directory as a whole. It finds out by itself what cannot be done.
    fn job(&mut self, job: Job) {
        if self.0.store.has_failed() {
            // Said in the log when it fails; the work then fails too.
            let _ = self.make_able();
        }
        if catch_unwind(AssertUnwindSafe(|| job(&mut self.0))).is_err() {
            tracing::error!("work on the directory panicked");
        }
    }

    /// Answers everything that waits with one failure.
    fn refuse(&mut self, first: Change, queue: &Receiver<Queued>, why: &StoreError) {
        let first = Queued::Change(Box::new(first));
        for queued in std::iter::once(first).chain(queue.try_iter()) {
            match queued {
                // A caller that has gone away is not told.
                Queued::Change(change) => drop(change.answer.send(Err(failed(why)))),
                Queued::Job(job) => self.job(job),
            }
        }
    }

    /// Sees to it that a group can be written: there is room, and the store takes writes, if need be
    /// after it was opened again.
    fn make_able(&mut self) -> Result<(), StoreError> {
        // Until there is room, a store that failed is left as it is: it can still be read.
        if (self.0.is_full)() {
            return Err(StoreError::Engine(std::io::ErrorKind::StorageFull.into()));
        }
        if !self.0.store.has_failed() {
            return Ok(());
        }
        let recovered = self.0.store.recover();
        match &recovered {
            Ok(()) => tracing::info!("the document store was opened again after a failure"),
            Err(error) => tracing::error!(%error, "the document store cannot be opened again yet"),
        }
        recovered
    }

    /// Evaluates a group, makes it durable and visible, and answers. Returns the command that must
    /// start the next group.
    fn group(&mut self, first: Change, queue: &Receiver<Queued>) -> Option<Queued> {
        if self.is_behind()
            && let Err(error) = self.0.publish()
        {
            tracing::error!(%error, "the index is behind the store");
        }
        let (waiting, carried) = self.evaluate(first, queue, self.is_behind());
        match self.0.publish() {
            Ok(()) => {
                for visible in waiting {
                    // A caller that has gone away is not told.
                    let _ = visible.send(());
                }
            }
            Err(error) => tracing::error!(%error, "the index is behind the store"),
        }
        carried
    }

    /// Evaluates the commands of a group, makes them durable, and sends the answers.
    fn evaluate(
        &self,
        first: Change,
        queue: &Receiver<Queued>,
        is_behind: bool,
    ) -> (Vec<oneshot::Sender<()>>, Option<Queued>) {
        let base_urls: Vec<&str> = self.0.base_urls.iter().map(String::as_str).collect();
        let mut group = Group::begin(self.context(&base_urls));
        let mut answers = Vec::new();
        let mut carried = None;
        let mut next = Some(Queued::Change(Box::new(first)));
        while let Some(queued) = next.take() {
            let change = match queued {
                Queued::Change(change) if !group.must_wait(&change.command) => change,
                other @ (Queued::Change(_) | Queued::Job(_)) => {
                    carried = Some(other);
                    break;
                }
            };
            let Change { command, answer, visible } = *change;
            let result = if is_behind && has_condition(&command) {
                Err(WriteError::Unavailable("the index is behind the store"))
            } else {
                group.evaluate(command)
            };
            answers.push((answer, visible, result));
            if answers.len() < GROUP_MAX {
                next = queue.try_recv().ok();
            }
        }
        let committed = if group.is_broken() {
            Err(StoreError::Corrupt("a group of writes"))
        } else if group.is_empty() {
            Ok(())
        } else {
            group.commit().map(drop)
        };
        if let Err(error) = &committed {
            tracing::error!(%error, "a group of writes is lost; its callers are told");
        }
        let mut waiting = Vec::with_capacity(answers.len());
        for (answer, visible, result) in answers {
            let result = match &committed {
                Ok(()) => result,
                Err(error) => result.and_then(|_| Err(failed(error))),
            };
            // A caller that has gone away is not told.
            let _ = answer.send(result);
            waiting.push(visible);
        }
        (waiting, carried)
    }

    fn context<'a>(&'a self, base_urls: &'a [&'a str]) -> Context<'a> {
        let parts = &self.0;
        Context {
            store: &parts.store,
            validator: &parts.validator,
            rules: parts.rules,
            base_urls,
            now: parts.now,
            new_id: parts.new_id,
            view: parts.views.as_ref(),
            condition_deadline: CONDITION_DEADLINE,
        }
    }
}

impl SequencerParts {
    /// Lets the index follow the store, and shows it.
    ///
    /// # Errors
    /// [`PublishError`]; what was shown before is shown still.
    pub(crate) fn publish(&mut self) -> Result<(), PublishError> {
        if self.snapshot.seq == self.store.last_seq() {
            return Ok(());
        }
        self.index.recover().map_err(ReplayError::from)?;
        let base_urls: Vec<&str> = self.base_urls.iter().map(String::as_str).collect();
        let documents = self.generation.documents();
        let replay =
            Replay { store: &self.store, writer: &self.index, documents, base_urls: &base_urls };
        let seq = replay.changes_since(self.snapshot.seq)?;
        documents.arena.sync().map_err(ReplayError::from)?;
        self.index.commit(seq).map_err(ReplayError::from)?;
        let snapshot = Arc::new(self.generation.snapshot(Some(&self.snapshot))?);
        self.snapshot = Arc::clone(&snapshot);
        (self.show)(snapshot);
        Ok(())
    }

    /// Goes on with another generation, which `snapshot` shows. Returns the one before.
    pub(crate) fn switch(
        &mut self,
        generation: Generation,
        index: IndexWriter,
        snapshot: Arc<Snapshot>,
    ) -> (Generation, IndexWriter) {
        self.snapshot = Arc::clone(&snapshot);
        (self.show)(snapshot);
        let former = std::mem::replace(&mut self.generation, generation);
        (former, std::mem::replace(&mut self.index, index))
    }
}

fn has_condition(command: &Command) -> bool {
    match &command.work {
        Work::One(operation) => condition(operation).is_some(),
        Work::Transaction { entries, .. } => entries
            .iter()
            .any(|entry| condition(&entry.operation).is_some() || !entry.references.is_empty()),
    }
}

/// What each caller of a lost group is told.
fn failed(error: &StoreError) -> WriteError {
    if error.is_out_of_space() {
        return WriteError::NoSpace;
    }
    match error {
        StoreError::Engine(source) => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            StoreError::Engine(source).into()
        }
        StoreError::Closed | StoreError::Locked { .. } | StoreError::Unreachable { .. } => {
            WriteError::Unavailable(REOPENING)
        }
        StoreError::Format { .. }
        | StoreError::Corrupt(_)
        | StoreError::Damaged(_)
        | StoreError::Codec(_)
        | StoreError::Conflict { .. }
        | StoreError::KeysExhausted => EngineError::Defect(error.to_string()).into(),
    }
}
